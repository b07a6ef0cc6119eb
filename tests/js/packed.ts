/** Bytes and modules packed as the build packs them, written down once more and as plainly as it can be said. */

import { deflateRawSync } from "node:zlib";

/** Four bytes of size, the lowest first, then the deflation, all in base64. */
export function packedText(bytes: Uint8Array): string {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return Buffer.concat([size, deflateRawSync(bytes)]).toString("base64");
}
