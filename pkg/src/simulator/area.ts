/**
 * The area: the place in wasm memory through which requests and answers cross. Offsets are those of
 * `src/wasm/simulator/area.rs`.
 *
 * Invariant: a view is never used after the memory it looks at was replaced, or the area moved. Memory is replaced when it
 * grows, and then every view of it is empty.
 */

import { TillproofError } from "../shell/errors.js";
import type { Exchange, GatewayRequest } from "./engine.js";

const NOW = 0;
const LENGTHS = 2;
const BODY_LENGTH = 5;
const HEADERS = 6;
const HEADERS_MAX = 16;
const FACTS = 40;
const DUE = 45;
const TEXT = 47;
const ANSWERED = 49;
const TEXTS_AT = (ANSWERED + 1 + 2 * 12) * 4;

/** No moment. */
const NONE = 0xffff_ffff;
/** Beside a length: the name is spelled out. Beside a number: the value is that of a header of the request. */
const MARK = 0x8000_0000;

/** The headers that the engine reads, by their places, as most clients spell them and as the official one does. */
const READ: ReadonlyMap<string, number> = new Map(
  ["Authorization", "Content-Type", "Stripe-Version", "Stripe-Account", "Idempotency-Key", "Host", "Content-Encoding"].flatMap((name, place) => [
    [name, place],
    [name.toLowerCase(), place],
  ]),
);

/** The headers of nearly all answers, by their places. */
const WRITTEN = ["content-type", "request-id", "stripe-version", "idempotency-key", "stripe-account"];

const TRANSPORTS = ["deliver", "request_lost", "response_lost", "truncated", "hung"] as const;

/** Room for the texts of nearly all requests, in bytes. */
const USUAL_BYTES = 16_384;
/** What a letter takes in UTF-8, at most: the longer ones are two letters in JavaScript. */
const LETTER_BYTES_MAX = 3;

const ASCII_MAX = 127;
const LINE_BREAK = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The area of one wasm instance. */
export class Area {
  readonly #memory: WebAssembly.Memory;
  readonly #place: (textBytes: number) => number;
  /** Where the area is in the memory. */
  #at = 0;
  /** Room for texts, in bytes. */
  #room = 0;
  #bytes = new Uint8Array();
  #words = new DataView(new ArrayBuffer(0));
  /** The values of the headers that were written last. */
  readonly #values: string[] = [];

  /** `place` says where the area is, once it has room for so many bytes of text. */
  constructor(memory: WebAssembly.Memory, place: (textBytes: number) => number) {
    this.#memory = memory;
    this.#place = place;
  }

  /** Writes a request. Throws `text_of_lines` where its head holds a line break. */
  write(now: number, { method, path, query, headers, body }: GatewayRequest): void {
    let letters = method.length + path.length + query.length + body.length;
    for (const [, value] of headers) letters += value.length;
    this.#makeRoom(letters * LETTER_BYTES_MAX);
    const words = this.#words;
    words.setUint32(NOW * 4, now >>> 0, true);
    words.setUint32((NOW + 1) * 4, now / 0x1_0000_0000, true);
    let at = this.#line(LENGTHS, method, TEXTS_AT);
    at = this.#line(LENGTHS + 1, path, at);
    at = this.#line(LENGTHS + 2, query, at);
    const values = this.#values;
    values.length = 0;
    for (const [name, value] of headers) {
      const place = READ.get(name) ?? READ.get(name.toLowerCase());
      if (place === undefined || values.length === HEADERS_MAX) {
        if (name.includes("\n") || value.includes("\n")) throw severalLines();
        continue;
      }
      const word = HEADERS + 1 + 2 * values.length;
      words.setUint32(word * 4, place, true);
      at = this.#line(word + 1, value, at);
      values.push(value);
    }
    words.setUint32(HEADERS * 4, values.length, true);
    if (typeof body === "string") this.#text(BODY_LENGTH, body, at);
    else {
      this.#bytes.set(body, this.#at + at);
      words.setUint32(BODY_LENGTH * 4, body.length, true);
    }
  }

  /** The answer to the request that was written last. */
  answer(): Exchange {
    this.#refresh();
    const words = this.#words;
    const text = this.text();
    const headers: [name: string, value: string][] = [];
    const count = words.getUint32(ANSWERED * 4, true);
    let at = 0;
    for (let number = 0; number < count; number += 1) {
      const word = (ANSWERED + 1 + 2 * number) * 4;
      const named = words.getUint32(word, true);
      const said = words.getUint32(word + 4, true);
      let name = WRITTEN[named];
      if (name === undefined) {
        name = text.slice(at, at + named - MARK);
        at += name.length;
      }
      let value = said >= MARK ? this.#values[said - MARK] : undefined;
      if (value === undefined) {
        value = text.slice(at, at + said);
        at += said;
      }
      headers.push([name, value]);
    }
    const due = words.getUint32(DUE * 4, true);
    const dueHigh = words.getUint32((DUE + 1) * 4, true);
    return {
      status: words.getUint32(FACTS * 4, true),
      transport: TRANSPORTS[words.getUint32((FACTS + 1) * 4, true)] ?? "deliver",
      delay_ms: words.getUint32((FACTS + 2) * 4, true),
      advance_ms: words.getUint32((FACTS + 3) * 4, true),
      webhooks_first: words.getUint32((FACTS + 4) * 4, true) === 1,
      due: dueHigh === NONE ? null : due + dueHigh * 0x1_0000_0000,
      headers,
      body: text.slice(at),
    };
  }

  /** All that was answered, or why nothing was. */
  text(): string {
    this.#refresh();
    const begin = this.#words.getUint32(TEXT * 4, true);
    return decoder.decode(this.#bytes.subarray(begin, begin + this.#words.getUint32((TEXT + 1) * 4, true)));
  }

  #makeRoom(bytes: number): void {
    if (bytes > this.#room) {
      this.#room = Math.max(bytes, USUAL_BYTES);
      this.#at = this.#place(this.#room);
      this.#bytes = new Uint8Array();
    }
    this.#refresh();
  }

  #refresh(): void {
    if (this.#bytes.length !== 0) return;
    const { buffer } = this.#memory;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new DataView(buffer, this.#at, TEXTS_AT);
  }

  /** Writes a text of one line, and its length, and says where the next one goes. */
  #line(word: number, text: string, at: number): number {
    const bytes = this.#bytes;
    const begin = this.#at + at;
    const { length } = text;
    // As below, and a line break is met on the way.
    for (let written = 0; written < length; written += 1) {
      const letter = text.charCodeAt(written);
      if (letter === LINE_BREAK) throw severalLines();
      if (letter > ASCII_MAX) {
        if (text.includes("\n", written)) throw severalLines();
        return this.#text(word, text, at);
      }
      bytes[begin + written] = letter;
    }
    this.#words.setUint32(word * 4, length, true);
    return at + length;
  }

  #text(word: number, text: string, at: number): number {
    const bytes = this.#bytes;
    const begin = this.#at + at;
    const { length } = text;
    let written = 0;
    // Letter by letter: nearly all texts are short, and a call of the encoder takes as long as sixty letters.
    for (; written < length; written += 1) {
      const letter = text.charCodeAt(written);
      if (letter > ASCII_MAX) break;
      bytes[begin + written] = letter;
    }
    if (written < length) written += encoder.encodeInto(text.slice(written), bytes.subarray(begin + written)).written;
    this.#words.setUint32(word * 4, written, true);
    return at + written;
  }
}

function severalLines(): TillproofError {
  return new TillproofError({
    code: "text_of_lines",
    message: "the request holds a line break in its method, its address or a header, which HTTP cannot carry: leave it out",
  });
}
