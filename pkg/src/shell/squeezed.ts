/**
 * A wasm module out of the letters of a JavaScript file, as bundles carry it that count bytes.
 *
 * Invariant: what comes out is the module that the build squeezed, but for what means nothing to who runs it: sizes of
 * functions stand in two bytes, alignments, which are hints, are 0. The build reads back what it wrote.
 *
 * First comes the module that unpacks the other (`unpack.wat`), as plain bytes: a kilobyte of wasm reads forty in some
 * milliseconds, where JavaScript that nothing has compiled yet would take three times as long.
 */

import type { Compiled, ModuleSource } from "./bytes.js";

/**
 * The letters, in the order of what they stand for: six bits each. None means anything to a quoted text of JavaScript, nor to
 * HTML or UTF-8, so that whatever a bundler does to its quotes the bytes stay what they are. They are those that minified
 * code is made of, most of all: to gzip, which has one table of letters for a stretch of some ten kilobytes, the bytes and
 * the code behind them look alike, and a bundle with a module in it is 0.4 KB smaller than with base64.
 */
export const LETTERS = " !#&()+,-./012345689:;=>?AEIJNOSTU[]_abcdefghijklmnoprstuvwxy{|}";

/** What stands between the two modules: no letter. */
export const BETWEEN = "~";

/** Where in the memory of the unpacker the value of each letter is looked up, where the letters are read and the module written. */
const [VALUES, IN, OUT] = [1_024, 0x50_0000, 0x60_0000];

/** What `unpack.wat` exports. */
interface Unpacker {
  readonly m: WebAssembly.Memory;
  /** Unpacks, and gives the end of the module. */
  u(): number;
}

/** The module of what `squeeze` of scripts/squeeze.mjs has written. */
export function unsqueezed(text: string): Uint8Array<ArrayBuffer> {
  const [unpacker = "", letters = ""] = text.split(BETWEEN);
  const bytes = new Uint8Array((unpacker.length * 3) >> 2);
  let [bits, at] = [0, 0];
  for (let index = 0; index < unpacker.length; index += 1) {
    bits = (bits << 6) | LETTERS.indexOf(unpacker.charAt(index));
    // Four letters are three bytes: with each but the first of them one more is complete.
    if (index & 3) bytes[at++] = bits >> (6 - 2 * (index & 3));
  }
  const { m, u } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Unpacker;
  const memory = new Uint8Array(m.buffer as ArrayBuffer);
  for (let value = 0; value < LETTERS.length; value += 1) memory[VALUES + LETTERS.charCodeAt(value)] = value;
  new TextEncoder().encodeInto(letters, memory.subarray(IN));
  return memory.slice(OUT, u());
}

/** What compiles a module that was squeezed, when it is asked for. */
export function unsqueezedModule(source: ModuleSource): Compiled {
  return typeof source === "string" ? () => new WebAssembly.Module(unsqueezed(source)) : source;
}
