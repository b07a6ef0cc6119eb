/**
 * A file of the generic columns as UTF-8: decompressed where it is compressed, and written anew where it is UTF-16.
 *
 * Invariant: what a file is, its first bytes say; a file that is neither is handed on as it is, and the engine refuses what
 * is no UTF-8.
 */

import { refusal } from "../shell/guard.js";
import { decompressed } from "./readers-decompress.js";

/**
 * The bytes of a file as the engine reads them.
 *
 * Throws `file_decompressor_missing` and `file_compression_broken` as the readers do, `file_wrong_encoding` for broken UTF-16.
 */
export function plain(name: string, data: Uint8Array): Uint8Array {
  const text = decompressed(name, data);
  const encoding = utf16(text);
  if (encoding === undefined) return text;
  try {
    return new TextEncoder().encode(new TextDecoder(encoding, { fatal: true }).decode(text));
  } catch {
    throw refusal("file_wrong_encoding", "file", name, `begins as ${encoding} and is none throughout: write it as UTF-8`);
  }
}

/** By the byte-order mark; `undefined` for anything else. */
function utf16(text: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if (text[0] === 0xff && text[1] === 0xfe) return "utf-16le";
  return text[0] === 0xfe && text[1] === 0xff ? "utf-16be" : undefined;
}
