/**
 * The area: the places in wasm memory at which both sides of the door meet. Offsets are those of `src/wasm/scratch.rs`.
 *
 * Invariant: a view is never used after the memory it looks at was replaced. Memory is replaced when it grows, and then
 * every view of it is empty.
 */

const SLOTS = 12;
const SLOT_BYTES = 4_097;
const URL_BYTES_MAX = 8_192;

const URL_LENGTH = 2;
const LENGTHS = 3;
const LAYOUT = 16;
const DELIVERED = 18;
/** Where answers stand, in words. */
export const OUT = 20;

const DIGEST_AT = (OUT + 4 + 2 * SLOTS) * 4;
const URL_AT = DIGEST_AT + 64;
const SLOTS_AT = URL_AT + URL_BYTES_MAX;

/** Lengths of what is not there, and of what arrived several times. */
const ABSENT = 0xffff_ffff;
const REPEATED = 0xffff_fffe;

/** A header that arrived several times. */
export const SEVERAL: unique symbol = Symbol("several");

/** What was found of a header. */
export type Found = string | typeof SEVERAL | undefined;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The area of one wasm instance. */
export class Area {
  readonly #memory: WebAssembly.Memory;
  readonly #place: () => number;
  #at = 0;
  /** All of the memory. */
  bytes = new Uint8Array();
  #words = new DataView(new ArrayBuffer(0));
  #slots: Uint8Array[] = [];
  #url = new Uint8Array();

  /** Texts of the engine that never change, by where they stand; few are ever seen. */
  readonly #known = new Map<number, string>();

  /** `place` says where the area is, which may be elsewhere once the memory was replaced. */
  constructor(memory: WebAssembly.Memory, place: () => number) {
    this.#memory = memory;
    this.#place = place;
    this.refresh();
  }

  /** Looks at the memory anew if it was replaced. */
  refresh(): void {
    if (this.bytes.length !== 0) return;
    this.#at = this.#place();
    const { buffer } = this.#memory;
    const view = (at: number, length: number): Uint8Array<ArrayBuffer> => new Uint8Array(buffer, this.#at + at, length);
    this.bytes = new Uint8Array(buffer);
    this.#words = new DataView(buffer, this.#at, SLOTS_AT);
    this.#slots = Array.from({ length: SLOTS }, (_, slot) => view(SLOTS_AT + slot * SLOT_BYTES, SLOT_BYTES));
    this.#url = view(URL_AT, URL_BYTES_MAX);
  }

  /** One word of an answer. */
  word(at: number): number {
    return this.#words.getUint32(at * 4, true);
  }

  /** Two words as one number. Times and lengths are below 2^53. */
  number(at: number): number {
    return this.word(at) + this.word(at + 1) * 0x1_0000_0000;
  }

  #put(at: number, value: number): void {
    this.#words.setUint32(at * 4, value, true);
  }

  /** Writes the time, the URL and the headers of a delivery. */
  write(now: number, url: string | undefined, headers: readonly Found[]): void {
    this.#put(0, now >>> 0);
    this.#put(1, now / 0x1_0000_0000);
    this.#put(URL_LENGTH, url === undefined ? ABSENT : lengthIn(this.#url, url));
    for (let slot = 0; slot < headers.length; slot += 1) {
      const value = headers[slot];
      let length = ABSENT;
      if (typeof value === "string") length = lengthIn(this.#slots[slot] as Uint8Array, value);
      else if (value === SEVERAL) length = REPEATED;
      this.#put(LENGTHS + slot, length);
    }
  }

  /** Writes a hash, of which each letter is one byte. */
  digest(letters: string): void {
    const at = this.#at + DIGEST_AT;
    for (let index = 0; index < letters.length; index += 1) this.bytes[at + index] = letters.charCodeAt(index);
  }

  /** Where the room is. */
  get room(): number {
    return this.word(LAYOUT);
  }

  /** How many bytes stand in the room before the body. */
  get laid(): number {
    return this.word(LAYOUT + 1);
  }

  /** What the engine left: bytes that are good until the next call. */
  delivered(): Uint8Array {
    return this.text(DELIVERED);
  }

  /** The bytes two words point at. */
  text(at: number): Uint8Array {
    const from = this.word(at);
    return this.bytes.subarray(from, from + this.word(at + 1));
  }

  /** The text two words point at. */
  string(at: number): string {
    return decoder.decode(this.text(at));
  }

  /** As {@link Area.string}, of one that never changes. */
  known(at: number): string {
    const place = this.word(at);
    let text = this.#known.get(place);
    if (text === undefined) {
      text = this.string(at);
      this.#known.set(place, text);
    }
    return text;
  }
}

/**
 * Writes a text into a view and gives the number of its bytes. One that does not fit is told by its length; what of it
 * stands there is not looked at.
 */
function lengthIn(view: Uint8Array, text: string): number {
  const { read, written } = encoder.encodeInto(text, view);
  return read === text.length ? written : encoder.encode(text).length;
}

/** Writes a text at a place where it fits, and gives the number of its bytes. */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  return encoder.encodeInto(text, at === 0 ? bytes : bytes.subarray(at)).written;
}
