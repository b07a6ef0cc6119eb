/**
 * Bodies that nobody else can change.
 *
 * Invariant: what was verified is what is read, however late. The caller's buffer may be filled with the next delivery by
 * then, so a body of bytes is copied as soon as it is verified. A text cannot change.
 */

/** Longer bodies get a buffer of their own: their hash takes far longer than that. */
const SHARED_BYTES_MAX = 4_096;
/** Bodies that share one buffer keep it from being freed, so it is a small one. */
const POOL_BYTES = 32_768;

let pool: Uint8Array | undefined;
let used = 0;

/** The same body, but ours. Short ones share a buffer: a tenth of the time that a buffer for each would take. */
export function owned(content: Uint8Array | string): Uint8Array | string {
  if (typeof content === "string") return content;
  const { length } = content;
  if (length > SHARED_BYTES_MAX) return new Uint8Array(content);
  if (pool === undefined || used + length > POOL_BYTES) {
    pool = new Uint8Array(POOL_BYTES);
    used = 0;
  }
  pool.set(content, used);
  used += length;
  return pool.subarray(used - length, used);
}

/** The body of {@link owned} as it may be handed out: in a buffer with nothing else in it. */
export function alone(content: Uint8Array): Uint8Array {
  return content.length === content.buffer.byteLength ? content : content.slice();
}
