/**
 * The pages of a bulk journal, as they stand in a file.
 *
 * Invariant: a page is cut where it says that it ends, and what it says is believed when it was replayed.
 */

import { bytes as bytesOf, type BytesInput } from "../../shell/guard.js";
import { TillproofError, isTillproofError } from "../../shell/errors.js";
import { Engine, type Chain } from "./engine.js";

/** Bytes of a page at least: frame, sums and head. */
const PAGE_BYTES_MIN = 144;
/** Where a page says how long it is. */
const LENGTH_AT = 8;

/** What {@link verifyPages} found; `page` counts from 1, `byte` is the place in it where that can be told. */
export type PagesVerification =
  | { readonly valid: true; readonly pages: number; readonly length: number; readonly head: string }
  | { readonly valid: false; readonly page: number; readonly reason: string; readonly byte?: number };

/**
 * Cuts a file of pages that were appended to each other. What is left of a page that was not written to its end is the last
 * one, which `BulkLedger.open` refuses and {@link verifyPages} names.
 */
export function splitPages(file: BytesInput): Uint8Array[] {
  const all = bytesOf("file", file);
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  const pages: Uint8Array[] = [];
  for (let at = 0; at < all.length; ) {
    const whole = all.length - at >= PAGE_BYTES_MIN ? view.getUint32(at + LENGTH_AT, true) : 0;
    const end = whole >= PAGE_BYTES_MIN && at + whole <= all.length ? at + whole : all.length;
    pages.push(all.subarray(at, end));
    at = end;
  }
  return pages;
}

/** Reads a journal from its first page and checks every byte of it. */
export function verifyPages(pages: Iterable<Uint8Array>, chain: Chain): PagesVerification {
  const engine = new Engine(chain, 0);
  try {
    let view = engine.view();
    for (const page of pages) view = engine.replay(bytesOf("pages", page));
    return { valid: true, pages: view.pages, length: view.length, head: view.head };
  } catch (error) {
    if (!isBroken(error)) throw error;
    const { page, byte, found } = error.details;
    return { valid: false, page: Number(page), reason: found ?? "", ...(byte === undefined ? {} : { byte: Number(byte) }) };
  } finally {
    engine.close();
  }
}

function isBroken(error: unknown): error is TillproofError {
  return isTillproofError(error) && error.code === "bulk_page_broken";
}
