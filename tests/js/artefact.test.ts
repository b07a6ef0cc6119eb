import assert from "node:assert/strict";
import { test } from "node:test";

import { Artefact, type Glue } from "../../pkg/src/shell/artefact.js";
import { fromBase64 } from "../../pkg/src/shell/base64.js";
import { packed, unpack } from "../../pkg/src/shell/bytes.js";
import { isTillproofError, type TillproofError } from "../../pkg/src/shell/errors.js";
import { utf8 } from "../../pkg/src/shell/wire.js";

/** The smallest module there is: magic number and version. */
const EMPTY_MODULE = "AGFzbQEAAAA=";
/** The same, packed as scripts/wasm.mjs packs. */
const PACKED_MODULE = "CAAAAGNILM5lZGBgAAA=";
const MEMORY = new WebAssembly.Memory({ initial: 1 });
/** No bytes at all, packed: not a module. */
const PACKED_NOTHING = "AAAAAAMA";

interface Exports extends Glue {
  echo(text: string): Uint8Array;
  /** How often the instance was started and reset. */
  readonly log: string[];
}

/** A glue module as wasm-bindgen writes it, which dies on demand. */
function glue(): Exports {
  const log: string[] = [];
  return {
    log,
    initSync: () => {
      log.push("started");
      return { memory: MEMORY };
    },
    __wbg_reset_state: () => void log.push("reset"),
    echo: (text) => utf8(text),
  };
}

function caught(call: () => unknown): TillproofError {
  try {
    call();
  } catch (error) {
    assert.ok(isTillproofError(error), String(error));
    return error;
  }
  return assert.fail("nothing was thrown");
}

test("an instance starts at the first call and once", () => {
  const exports = glue();
  const artefact = new Artefact("payments", exports, packed(PACKED_MODULE));
  assert.deepEqual(exports.log, []);
  assert.equal(artefact.invoke<number>((e) => e.echo('{"ok":1}')), 1);
  assert.equal(artefact.raw(() => "x"), "x");
  assert.deepEqual(exports.log, ["started"]);
  assert.equal(artefact.generation, 0);
});

test("each kind of trap ends the instance, and the next call has a new one", () => {
  const internalError = Object.assign(new Error("too much recursion"), { name: "InternalError" });
  for (const trap of [new WebAssembly.RuntimeError("unreachable"), new RangeError("stack"), internalError]) {
    const exports = glue();
    const artefact = new Artefact("payments", exports, packed(PACKED_MODULE));
    const error = caught(() => artefact.raw(() => { throw trap; }));
    assert.equal(error.code, "internal_trap");
    assert.equal(error.advice, "report_bug");
    assert.equal(error.cause, trap);
    assert.deepEqual(error.details, { artefact: "payments", generation: "1", found: trap.message });
    assert.equal(artefact.generation, 1);
    assert.equal(artefact.invoke<number>((e) => e.echo('{"ok":2}')), 2);
    assert.deepEqual(exports.log, ["started", "reset"]);
  }
});

test("a reset that fails is tried again at the next call, and nothing runs on the dead instance", () => {
  const exports = glue();
  let room = false;
  const reset = exports.__wbg_reset_state;
  exports.__wbg_reset_state = () => {
    if (!room) throw new RangeError("could not allocate memory");
    reset();
  };
  const artefact = new Artefact("payments", exports, packed(PACKED_MODULE));
  caught(() => artefact.raw(() => { throw new WebAssembly.RuntimeError("out of memory"); }));
  assert.equal(caught(() => artefact.raw(() => assert.fail("ran on a dead instance"))).code, "wasm_unavailable");
  room = true;
  assert.equal(artefact.raw(() => 3), 3);
  assert.equal(artefact.generation, 1);
});

test("an error that is no trap passes through and ends nothing", () => {
  const exports = glue();
  const artefact = new Artefact("payments", exports, packed(PACKED_MODULE));
  assert.throws(() => artefact.raw(() => { throw new TypeError("mine"); }), TypeError);
  const refused = '{"error":{"code":"c","message":"m","advice":"wait"}}';
  assert.equal(caught(() => artefact.invoke((e) => e.echo(refused))).code, "c");
  assert.equal(artefact.generation, 0);
  assert.deepEqual(exports.log, ["started"]);
});

test("a platform that refuses to compile gives one error that says what to do", () => {
  const artefact = new Artefact("webhooks", glue(), packed(PACKED_NOTHING));
  const error = caught(() => artefact.raw(() => 1));
  assert.equal(error.code, "wasm_unavailable");
  assert.match(error.message, /^tillproof\/webhooks could not start its wasm module \(WebAssembly.Module\(\): .*wasm-unsafe-eval.*provideWasm\("webhooks", module\)/);
});

test("a module comes from a packed text, from a compiled module and from a function", () => {
  const compiled = new WebAssembly.Module(fromBase64(EMPTY_MODULE));
  assert.deepEqual([...unpack(PACKED_MODULE)], [...fromBase64(EMPTY_MODULE)]);
  const make = packed(PACKED_MODULE);
  assert.ok(typeof make === "function" && make() instanceof WebAssembly.Module);
  const given = (): WebAssembly.Module => compiled;
  assert.equal(packed(compiled), compiled);
  assert.equal(packed(given), given);
});

test("where there is no zlib the same bytes are unpacked", () => {
  const saved = Object.getOwnPropertyDescriptor(process, "getBuiltinModule");
  try {
    Object.defineProperty(process, "getBuiltinModule", { configurable: true, value: undefined });
    assert.deepEqual([...unpack(PACKED_MODULE)], [...fromBase64(EMPTY_MODULE)]);
  } finally {
    if (saved !== undefined) Object.defineProperty(process, "getBuiltinModule", saved);
    else Reflect.deleteProperty(process, "getBuiltinModule");
  }
});

test("every decoder a platform may have gives the same bytes", () => {
  const expected = [0, 97, 115, 109, 1, 0, 0, 0];
  const saved = { native: Object.getOwnPropertyDescriptor(Uint8Array, "fromBase64"), buffer: globalThis.Buffer };
  const seen: number[][] = [];
  try {
    Object.defineProperty(Uint8Array, "fromBase64", {
      configurable: true,
      value: (text: string) => new Uint8Array(saved.buffer.from(text, "base64")),
    });
    seen.push([...fromBase64(EMPTY_MODULE)]);
    Reflect.deleteProperty(Uint8Array, "fromBase64");
    seen.push([...fromBase64(EMPTY_MODULE)]);
    Reflect.deleteProperty(globalThis, "Buffer");
    seen.push([...fromBase64(EMPTY_MODULE)]);
  } finally {
    globalThis.Buffer = saved.buffer;
    if (saved.native !== undefined) Object.defineProperty(Uint8Array, "fromBase64", saved.native);
  }
  assert.deepEqual(seen, [expected, expected, expected]);
});
