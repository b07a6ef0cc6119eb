import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";

import { unpack } from "../../pkg/src/shell/bytes.js";
import { inflate } from "../../pkg/src/shell/inflate.js";
import { LETTERS, unsqueezed, unsqueezedModule } from "../../pkg/src/shell/squeezed.js";
import { packedText } from "./packed.js";

/** What a bundle carries. */
const text = /^export default "(.*)";\n$/.exec(readFileSync("pkg/wasm/webhooks.b64.js", "utf8"))?.[1] ?? "";

test("a module is squeezed into 64 letters, of which none means anything to JavaScript or HTML", () => {
  assert.equal(new Set(LETTERS).size, 64);
  assert.match(LETTERS, /^[^"'`\\$<~\u0000-\u001f\u007f-\uffff]*$/);
  const [unpacker = "", module = "", ...more] = text.split("~");
  assert.deepEqual(more, []);
  assert.deepEqual([...new Set(unpacker + module)].filter((letter) => !LETTERS.includes(letter)), []);
});

test("the module of a bundle comes out as it was, but for alignments, how sizes are written and how data is cut", () => {
  const original = readFileSync("pkg/wasm/webhooks.wasm");
  const again = unsqueezed(text);
  const [found, expected] = [sections(again), sections(original)];
  assert.deepEqual(found.rest, expected.rest);
  assert.ok(expected.bodies.length > 50);
  assert.equal(found.bodies.length, expected.bodies.length);
  found.bodies.forEach((body, index) => {
    const before = expected.bodies[index] as Uint8Array;
    assert.equal(body.length, before.length, `function ${index}`);
    const changed = [...body.keys()].filter((at) => body[at] !== before[at]);
    assert.ok(changed.every((at) => body[at] === 0 && (before[at] as number) <= 4), `function ${index}`);
  });
  const [filled, wanted] = [again, original].map((module) => {
    const { memory } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
    return Buffer.from((memory as WebAssembly.Memory).buffer);
  });
  assert.ok(wanted?.some((byte) => byte !== 0));
  assert.ok(filled?.equals(wanted as Buffer));
});

test("a module is compiled when it is asked for, from letters as from what is compiled already", () => {
  const make = unsqueezedModule(text);
  assert.ok(typeof make === "function" && make() instanceof WebAssembly.Module);
  const compiled = new WebAssembly.Module(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]));
  assert.equal(unsqueezedModule(compiled), compiled);
});

/** The bodies of the functions of a module, and every other section but those of data. */
function sections(module: Uint8Array): { bodies: Uint8Array[]; rest: string[] } {
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0, byte = 128; byte > 127; shift += 7) {
      byte = module[at++] as number;
      value |= (byte & 127) << shift;
    }
    return value;
  };
  const found: { bodies: Uint8Array[]; rest: string[] } = { bodies: [], rest: [] };
  while (at < module.length) {
    const id = module[at++];
    const end = number() + at;
    if (id === 11 || id === 12) {
      at = end;
      continue;
    }
    if (id !== 10) found.rest.push(`${id} ${Buffer.from(module.subarray(at, end)).toString("hex")}`);
    else {
      for (let left = number(); left > 0; left -= 1) {
        const size = number();
        found.bodies.push(module.subarray(at, (at += size)));
      }
    }
    at = end;
  }
  return found;
}

test("packed bytes come back the same with Node's zlib and without it, as in a browser", () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * index) >> 7);
  const text = packedText(bytes);
  assert.deepEqual(Buffer.from(unpack(text)), Buffer.from(bytes));
  const builtin = process.getBuiltinModule;
  try {
    Object.assign(process, { getBuiltinModule: undefined });
    assert.deepEqual(Buffer.from(unpack(text)), Buffer.from(bytes));
  } finally {
    Object.assign(process, { getBuiltinModule: builtin });
  }
});

test("every kind of block is inflated, and one that is cut off ends all the same", () => {
  const noise = Uint8Array.from({ length: 70_000 }, (_, index) => (Math.imul(index, 0x9e3779b1) >>> 13) & 255);
  const table = [new Uint8Array(0), Buffer.from("abcabcabcabcd"), new Uint8Array(100_000), noise, noise.subarray(0, 300)];
  for (const bytes of table) {
    for (const options of [{ level: 0 }, { level: 9 }, { strategy: constants.Z_FIXED }]) {
      const deflated = deflateRawSync(bytes, options);
      assert.deepEqual(Buffer.from(inflate(deflated, bytes.length)), Buffer.from(bytes));
    }
  }
  const deflated = deflateRawSync(noise);
  assert.throws(() => inflate(deflated.subarray(0, 10), noise.length), RangeError);
});
