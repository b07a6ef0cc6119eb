/**
 * Fields of what the engine packs, in their order.
 *
 * Invariant: what is taken stands there as the engine has put it; numbers are little-endian.
 */

import type { FileMoney, FilePlace, OriginalMoney } from "./readers-lines.js";

/** Takes fields from the front of a batch. */
export class Fields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    this.#at += 1;
    return this.#view.getUint8(this.#at - 1);
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  i64(): bigint {
    this.#at += 8;
    return this.#view.getBigInt64(this.#at - 8, true);
  }

  i128(): bigint {
    const low = this.#view.getBigUint64(this.#at, true);
    const high = this.#view.getBigInt64(this.#at + 8, true);
    this.#at += 16;
    return (high << 64n) | low;
  }

  /** A count of lines or milliseconds, which stays far below 2^53. */
  natural(): number {
    return Number(this.i64());
  }

  text(): string {
    const length = this.u32();
    this.#at += length;
    if (length === 0) return "";
    return this.#decoder.decode(this.#bytes.subarray(this.#at - length, this.#at));
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  currency(): string {
    this.#at += 3;
    return String.fromCharCode(...this.#bytes.subarray(this.#at - 3, this.#at));
  }

  place(): FilePlace {
    return { line: this.natural(), column: this.natural() };
  }

  money(): FileMoney {
    return { minor: this.i64(), currency: this.currency() };
  }

  original(): OriginalMoney {
    return { ...this.money(), rate: this.text() };
  }

  maybe<T>(field: () => T): T | undefined {
    return this.byte() === 1 ? field() : undefined;
  }

  pairs(): Readonly<Record<string, string>> {
    const pairs: [string, string][] = [];
    for (let left = this.u32(); left > 0; left -= 1) pairs.push([this.text(), this.text()]);
    return Object.fromEntries(pairs);
  }
}
