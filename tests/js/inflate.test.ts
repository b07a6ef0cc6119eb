/** The inverse of deflate, against the deflate of Node in all its kinds of blocks. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";

import { inflate } from "../../pkg/src/shell/inflate.js";

/** Stored blocks; short and long searches; the fixed code; no matches at all. */
const KINDS = [
  { level: 0 },
  { level: 1 },
  { level: 9 },
  { strategy: constants.Z_FIXED },
  { strategy: constants.Z_HUFFMAN_ONLY },
];

/** The same numbers in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

/** Bytes with repetitions near and far, as a module has. */
function sample(seed: number, size: number): Uint8Array {
  const next = numbers(seed);
  const letters = 1 + (next() % 255);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const far = 1 + (next() % 30_000);
    const copied = next() % 3 === 0 && far < at ? 1 + (next() % 400) : 0;
    if (copied === 0) bytes[at++] = next() % letters;
    for (let count = 0; count < copied && at < size; count++, at++) bytes[at] = bytes[at - far] ?? 0;
  }
  return bytes;
}

test("what deflate has packed comes back, whatever kind of block it chose", () => {
  for (let seed = 0; seed < 60; seed++) {
    const bytes = sample(seed, seed === 0 ? 0 : seed * seed * 40);
    for (const kind of KINDS) {
      const found = inflate(deflateRawSync(bytes, kind), bytes.length);
      assert.ok(Buffer.from(found).equals(bytes), `seed ${seed}, ${JSON.stringify(kind)}`);
    }
  }
});

test("noise and what is cut off end, with as many bytes as were asked for", () => {
  const whole = deflateRawSync(sample(7, 5000));
  for (let length = 0; length < whole.length; length += 97) {
    assert.equal(inflate(whole.subarray(0, length), 5000).length, 5000);
  }
  for (let seed = 0; seed < 500; seed++) {
    const noise = Uint8Array.from({ length: 64 }, numbers(seed));
    assert.equal(inflate(noise, 3000).length, 3000);
  }
});
