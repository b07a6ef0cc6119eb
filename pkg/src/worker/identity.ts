/**
 * By what two deliveries are known to carry the same event.
 *
 * Invariant: an identity is text that every database can index, and two different ones never become the same text.
 */

import { refusal, text } from "../shell/guard.js";
import { isUnicode, utf8 } from "../shell/wire.js";
import type { EventFacts } from "./queue.js";

/** Longest text that is indexed as it is; ids of providers are shorter, ids of attackers need not be. */
const INDEXED_BYTES_MAX = 200;

/** Marks a digest. A text that begins with it is digested too, so that nobody can write the digest of another. */
const DIGEST = "sha256:";

/**
 * What makes a job the same job: scheme and id, and where the id is not signed, also what is signed. A replay of a
 * captured delivery under a fresh id has the second in common.
 */
export async function identitiesOf(scheme: string, event: EventFacts): Promise<string[]> {
  const byId = await indexable(`${scheme}/${event.id}`);
  return event.digest === undefined ? [byId] : [byId, await indexable(`${scheme}#${event.digest}`)];
}

/** The text, or its digest where it is long or holds what a database does not keep. */
export async function indexable(text: string): Promise<string> {
  const bytes = utf8(text);
  const kept = bytes.length <= INDEXED_BYTES_MAX && !text.includes("\0") && isUnicode(text) && !text.startsWith(DIGEST);
  if (kept) return text;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return DIGEST + [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A UUID of an identity, for engines whose ids are UUIDs: its digest, in the free form that version 8 is. */
export async function uuidOf(identity: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(identity) as Uint8Array<ArrayBuffer>));
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The name of a queue. Throws `queue_name_invalid`. */
export function queueName(value: unknown): string {
  const name = text("name", value ?? "default");
  if (NAME.test(name)) return name;
  throw refusal(
    "queue_name_invalid",
    "name",
    name,
    "is no name of a queue: expected 1 to 64 letters, digits, `-` or `_`, as every engine takes them",
  );
}
