import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";

import { unpack } from "../../pkg/src/shell/bytes.js";
import { inflate } from "../../pkg/src/shell/inflate.js";

/** As the build packs a module: four bytes of size, the lowest first, then its deflation, all in base64. */
function packed(bytes: Uint8Array): string {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return Buffer.concat([size, deflateRawSync(bytes)]).toString("base64");
}

test("packed bytes come back the same with Node's zlib and without it, as in a browser", () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * index) >> 7);
  const text = packed(bytes);
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
