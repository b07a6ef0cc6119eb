/**
 * The build's side of pkg/src/shell/squeezed.ts: a wasm module, and before it the one that unpacks it, in letters.
 *
 * Invariant: what is written was read back by the reader that is shipped, and differs from the module in the sizes of its
 * functions, in alignments and in how its data is cut alone.
 *
 * The model is written once, in pkg/src/shell/unpack.wat. Here the same text runs with another way to come by a bit: it is
 * asked for the next bit of the wanted module, and what it foretold is noted. From that the letters are made.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { at, Failure, run } from "./command.mjs";
import { esbuild } from "./javascript.mjs";
import { npmBin } from "./tools.mjs";

const MODEL = at("pkg/src/shell/unpack.wat");

/** Where the unpacker writes. */
const OUT = 0x60_0000;

/**
 * What each of four contexts looks at: for operands, for instructions and for what is no code. Of eight bits the highest stands for
 * the last instruction, those below it for the ones before; that of 0x08 stands for the last byte. Found by trying, from
 * orders 0 to 4 on, what makes `webhooks` smallest.
 */
const CONTEXTS = [[0xe2, 0x08, 0xc8, 0x84], [0x88, 0xc4, 0x00, 0xf0], [0x00, 0x80, 0xc8, 0x34]];

/** Shorter stretches of zeros stay in the data: the place of another piece costs more. */
const ZEROS_MIN = 256;

/** Sections by their numbers. */
const [CODE, DATA, DATA_COUNT] = [10, 11, 12];

/** A function is no larger than fits into two bytes of size. */
const FUNCTION_BYTES_MAX = 16_383;

/** The unpacker and the module, in letters. */
export async function squeeze(module) {
  const { BETWEEN, LETTERS, unsqueezed } = await reader();
  const { bytes, headBytes, functions } = imageOf(cut(module));
  const words = { MASKS: masks(), HEAD_END: OUT + headBytes, FUNCTIONS: functions, MODULE_END: OUT + bytes.length };
  const model = readFileSync(MODEL, "utf8").replaceAll(/MASKS|HEAD_END|FUNCTIONS|MODULE_END/g, (word) => words[word]);
  const told = model.replace("(module\n", '(module (import "" "bit" (func $bit (param f32 i32 i32) (result i32)))\n').replace(
    /;; <bit>[^]*;; <\/bit>/,
    "(local.set $bit (call $bit (local.get $p) (global.get $out) (local.get $bits)))",
  );
  const bits = [];
  const bit = (p, place, before) => {
    // So many bits of the byte are known that `before` has behind its first 1.
    const next = (bytes[place - OUT] >> (Math.clz32(before) - 24)) & 1;
    bits.push([p, next]);
    return next;
  };
  new WebAssembly.Instance(new WebAssembly.Module(await assembled("told", told)), { "": { bit } }).exports.u();
  const inLetters = (digits) => Array.from(digits, (digit) => LETTERS[digit]).join("");
  const text = inLetters(sixes(await assembled("unpack", model))) + BETWEEN + inLetters(digitsOf(bits));
  const again = unsqueezed(text);
  if (!WebAssembly.validate(again) || !sameButAlignments(again, bytes)) {
    throw new Failure("a squeezed module does not come back: does it have an instruction that pkg/src/shell/unpack.wat does not know?");
  }
  return text;
}

/** What the package reads it by, from its own source. */
async function reader() {
  const entryPoints = [join(at("pkg/src"), "shell/squeezed.ts")];
  const { outputFiles } = await esbuild().build({ entryPoints, bundle: true, format: "esm", platform: "neutral", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

async function assembled(name, text) {
  const [source, target] = ["wat", "wasm"].map((extension) => at("target", `${name}.${extension}`));
  writeFileSync(source, text);
  await run(process.execPath, [npmBin("wasm-as"), "--enable-simd", source, "-o", target]);
  // Nothing that writes out constants: sixteen bytes of a vector are many where one instruction makes them of four.
  const passes = ["--simplify-locals", "--vacuum", "--reorder-locals", "--coalesce-locals"];
  await run(process.execPath, [npmBin("wasm-opt"), "--enable-simd", ...passes, target, "-o", target]);
  return readFileSync(target);
}

/** The contexts as the unpacker reads them: a bit for each byte that is not looked at, and room for a row that is none. */
function masks() {
  const [operands, instructions, rest] = CONTEXTS;
  return [operands, instructions, [0, 0, 0, 0], rest].flat().map((looked) => `\\${(255 - looked).toString(16).padStart(2, "0")}`).join("");
}

/** Reads a module from one place on. */
class Reader {
  constructor(bytes, at = 0) {
    Object.assign(this, { bytes, at });
  }

  number() {
    let value = 0;
    for (let shift = 0, byte = 128; byte > 127; shift += 7) {
      byte = this.bytes[this.at++];
      value |= (byte & 127) << shift;
    }
    return value >>> 0;
  }

  take(count) {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
}

/** A number as wasm writes it; `sign` is the bit of the last byte that says which sign it has, 0 where it has none. */
function number(value, sign = 0) {
  const bytes = [];
  let rest = value;
  for (; rest > 127 || (rest & sign) !== 0; rest >>>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}

/** The sections of a module, each with its number and its content. */
function sectionsOf(module) {
  const reader = new Reader(module, 8);
  const sections = [];
  while (reader.at < module.length) {
    const [id] = reader.take(1);
    sections.push({ id, content: reader.take(reader.number()) });
  }
  return sections;
}

/** A module whose data has no long stretches of zeros: memory is zero anyway, and they would be read bit by bit. */
export function cut(module) {
  const sections = sectionsOf(module);
  const data = sections.find(({ id }) => id === DATA);
  const reader = new Reader(data.content);
  const pieces = [];
  for (let left = reader.number(); left > 0; left -= 1) {
    const [kind, constant] = reader.take(2);
    const place = reader.number();
    if (kind !== 0 || constant !== 0x41 || reader.take(1)[0] !== 0x0b) throw new Failure("data of a module to squeeze has no fixed place");
    const bytes = Buffer.from(reader.take(reader.number()));
    // Each byte as one letter, so that a pattern finds the stretches.
    let from = 0;
    const stretches = bytes.toString("latin1").matchAll(new RegExp(`\\0{${ZEROS_MIN},}`, "g"));
    for (const { 0: zeros, index } of [...stretches, { 0: "", index: bytes.length }]) {
      if (index > from) pieces.push([place + from, bytes.subarray(from, index)]);
      from = index + zeros.length;
    }
  }
  const written = pieces.flatMap(([place, bytes]) => [0, 0x41, ...number(place, 64), 0x0b, ...number(bytes.length), ...bytes]);
  const content = [...number(pieces.length), ...written];
  const changed = sections.map(({ id, content: old }) => {
    const bytes = id === DATA ? content : id === DATA_COUNT ? number(pieces.length) : [...old];
    return [id, ...number(bytes.length), ...bytes];
  });
  return Uint8Array.from([...module.subarray(0, 8), ...changed.flat()]);
}

/** A module as the unpacker writes it, but for alignments; where its functions begin and how many they are. */
function imageOf(module) {
  const parts = { before: [...module.subarray(0, 8)], code: [], behind: [] };
  let functions = 0;
  for (const { id, content } of sectionsOf(module)) {
    if (id !== CODE) {
      (functions === 0 ? parts.before : parts.behind).push(id, ...number(content.length), ...content);
      continue;
    }
    const reader = new Reader(content);
    functions = reader.number();
    for (let left = functions; left > 0; left -= 1) {
      const size = reader.number();
      if (size > FUNCTION_BYTES_MAX) throw new Failure(`a function of ${size} bytes cannot be squeezed: at most ${FUNCTION_BYTES_MAX}`);
      parts.code.push((size & 127) | 128, size >> 7, ...reader.take(size));
    }
  }
  const count = number(functions);
  const head = [...parts.before, CODE, ...number(count.length + parts.code.length), ...count];
  return { bytes: Uint8Array.from([...head, ...parts.code, ...parts.behind]), headBytes: head.length, functions };
}

/** The reader of a module would have refused other differences: an alignment is the exponent of at most 16 bytes. */
function sameButAlignments(found, wanted) {
  return found.length === wanted.length && found.every((byte, index) => byte === wanted[index] || (byte === 0 && wanted[index] <= 4));
}

/** Bytes as groups of six bits, of which the last is filled with zeros. */
function sixes(bytes) {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return Array.from({ length: Math.ceil(bits.length / 6) }, (_, index) => Number.parseInt(bits.slice(index * 6, index * 6 + 6).padEnd(6, "0"), 2));
}

/** Below this the decoder of unpack.wat reads another digit. */
const RANGE_MIN = 2 ** 24;

/** The digits from which the decoder comes by these bits: of each how probable a 1 was held to be, and what it is. */
function digitsOf(bits) {
  const digits = [];
  let [low, range] = [0, RANGE_MIN];
  const next = () => {
    digits.push(Math.floor(low / RANGE_MIN));
    low = (low % RANGE_MIN) * 64;
  };
  for (const [p, bit] of bits) {
    while (range < RANGE_MIN) {
      range *= 64;
      next();
    }
    const bound = Math.trunc(Math.fround(Math.fround(range) * p));
    if (bit === 0) low += bound;
    range = bit === 0 ? range - bound : bound;
    if (low < RANGE_MIN * 64) continue;
    // One more in the digit before, and in those before it as long as they are full.
    low -= RANGE_MIN * 64;
    let last = digits.length - 1;
    for (; digits[last] === 63; last -= 1) digits[last] = 0;
    digits[last] += 1;
  }
  for (let left = 5; left > 0; left -= 1) next();
  // The first is what would not fit into what the decoder begins with: nothing.
  return digits.slice(1);
}
