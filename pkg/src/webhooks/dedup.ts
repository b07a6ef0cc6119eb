/**
 * Which event ids there have been, in memory.
 *
 * Invariant: of all claims of one id within its time, one answers `true`. An id crosses into wasm as the bytes it has in
 * UTF-8, so that two different ids never meet, and nothing is allocated for a claim.
 */

import { TillproofError } from "../shell/errors.js";
import { bytes, count, onlyKnown, text, timeMs } from "../shell/guard.js";
import { inbox } from "../shell/inbox.js";
import { encodeChecked } from "../shell/wire.js";

/** How much is remembered, and for how long. */
export interface DedupOptions {
  /** The most ids remembered at once, 1 to a hundred million; each takes 27 bytes, all of them from the start. */
  readonly capacity: number;
  /** How long an id is remembered, in milliseconds: at least as long as the provider repeats a delivery. */
  readonly ttl: number;
}

/** Remembers ids in this process, so that a repeated delivery is answered without asking a database. */
export interface Dedup {
  /**
   * Claims an id: `true` for the first claim within its time, `false` for every other.
   *
   * `now` is in milliseconds since the epoch, the clock's if left out. Throws `dedup_id_empty`, `dedup_id_too_long` (over
   * 4096 bytes), `text_not_unicode`, `bytes_expected`, `time_not_milliseconds` or `dedup_closed`. After `internal_trap`
   * nothing is remembered.
   */
  claim(id: string | Uint8Array, now?: number): boolean;
  /** Gives a claim back, after a handler failed: the next one is the first again. Says whether the id was claimed. */
  forget(id: string | Uint8Array): boolean;
  /** How many ids are remembered, with those whose time is over and whose place nobody has needed yet. */
  readonly size: number;
  /** How many ids were forgotten before their time, for want of room: not zero means that `capacity` is too small. */
  readonly evictedEarly: number;
  /** Gives the memory back. Whatever is called afterwards throws `dedup_closed`. */
  close(): void;
}

/**
 * Makes room for ids.
 *
 * ```ts
 * const dedup = createDedup({ capacity: 100_000, ttl: 3 * 24 * 3600 * 1000 });
 * if (!dedup.claim(event.id)) return new Response("seen", { status: 200 });
 * ```
 *
 * What must be applied exactly once belongs into `createInbox`, which claims in a store; this spares the store most
 * repetitions. Throws `dedup_capacity`, `dedup_ttl_zero`, `dedup_no_memory`, `option_invalid` or `unknown_option`.
 */
export function createDedup(options: DedupOptions): Dedup {
  onlyKnown("options", options, ["capacity", "ttl"]);
  const capacity = count("capacity", options.capacity);
  return new Ring(capacity, count("ttl", options.ttl));
}

/** As in src/wasm/dedup.rs. */
const ID_BYTES_MAX = 4_096;
const YES = 1;
const REFUSED = 2;
/** Up to here a loop is faster than the encoder, and leaves nothing to collect. */
const SHORT = 64;
/** Times cross as two words. */
const WORD = 2 ** 32;

/** Where ids are written. Its bytes move when the memory grows, and are others after a trap. */
let scratch = new Uint8Array();
let scratchGeneration = -1;
let encoder: TextEncoder | undefined;

class Ring implements Dedup {
  readonly #options: Uint8Array;
  #handle = 0;
  #generation = -1;
  #closed = false;

  constructor(capacity: number, ttl: number) {
    const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
    this.#options = encodeChecked({ capacity, ttl_ms: ttl, key: key.join("") });
    this.#open();
  }

  claim(id: string | Uint8Array, now?: number): boolean {
    const at = now === undefined ? Date.now() : timeMs("now", now);
    const handle = this.#open();
    const length = write(id);
    let answer;
    try {
      answer = inbox.exports.dedup_claim(handle, length, Math.trunc(at / WORD), at >>> 0);
    } catch (error) {
      throw inbox.told(error);
    }
    if (answer === REFUSED) throw refused(length);
    return answer === YES;
  }

  forget(id: string | Uint8Array): boolean {
    const handle = this.#open();
    const length = write(id);
    const answer = inbox.raw((exports) => exports.dedup_forget(handle, length));
    if (answer === REFUSED) throw refused(length);
    return answer === YES;
  }

  get size(): number {
    return this.#view().size;
  }

  get evictedEarly(): number {
    return this.#view().evicted_early;
  }

  close(): void {
    if (!this.#closed && this.#generation === inbox.generation) {
      const handle = this.#handle;
      inbox.invoke<null>((exports) => exports.dedup_release(handle));
    }
    this.#closed = true;
  }

  #view(): { readonly size: number; readonly evicted_early: number } {
    const handle = this.#open();
    return inbox.invoke((exports) => exports.dedup_view(handle));
  }

  /** The handle of the ring, which after a trap is a new and empty one. */
  #open(): number {
    if (this.#generation === inbox.generation && !this.#closed) return this.#handle;
    if (this.#closed) throw new TillproofError({ code: "dedup_closed", message: CLOSED });
    this.#handle = inbox.invoke<number>((exports) => exports.dedup_open(this.#options));
    this.#generation = inbox.generation;
    return this.#handle;
  }
}

const CLOSED = "the dedup was closed and remembers nothing: make another with createDedup";

/** Writes the bytes of an id where the engine reads them, and says how many they are. */
function write(id: string | Uint8Array): number {
  if (scratch.byteLength === 0 || scratchGeneration !== inbox.generation) findScratch();
  if (typeof id === "string") {
    if (id.length <= SHORT) {
      let letters = 0;
      for (let at = 0; at < id.length; at += 1) {
        const letter = id.charCodeAt(at);
        scratch[at] = letter;
        letters |= letter;
      }
      // In ASCII, as nearly all ids are, a letter is a byte.
      if (letters < 128) return id.length;
    }
    encoder ??= new TextEncoder();
    const { read, written } = encoder.encodeInto(id, scratch);
    if (read !== id.length) throw tooLong();
    // What is no character became a substitute of three bytes, and two ids that differ in it would be one.
    if (written !== read) text("id", id);
    return written;
  }
  const given = bytes("id", id);
  if (given.byteLength > ID_BYTES_MAX) throw tooLong();
  scratch.set(given);
  return given.byteLength;
}

function findScratch(): void {
  // In this order: to make room for it may move the memory.
  const address = inbox.raw((exports) => exports.dedup_scratch());
  scratch = new Uint8Array(inbox.memory().buffer, address, ID_BYTES_MAX);
  scratchGeneration = inbox.generation;
}

function tooLong(): TillproofError {
  return new TillproofError({
    code: "dedup_id_too_long",
    message: `the id is longer than ${ID_BYTES_MAX} bytes: pass the id of the event and not the event`,
    details: { limit: String(ID_BYTES_MAX) },
  });
}

function refused(length: number): TillproofError {
  if (length > 0) {
    const message = "the engine does not know the ring it was asked for: please report it with the steps that led here";
    return new TillproofError({ code: "dedup_unknown_handle", message, advice: "report_bug" });
  }
  const message = "the id is empty, and so would be that of any other event without one: pass what tells them apart";
  return new TillproofError({ code: "dedup_id_empty", message });
}
