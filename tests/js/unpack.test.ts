import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";

import { unpack } from "../../pkg/src/shell/bytes.js";

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
