/**
 * The terms of a run as the judge takes them: rules, whether matches are kept, and what files say about themselves.
 *
 * Invariant: the bytes are those of `src/reconcile/terms.rs`, field by field; the judge refuses any others whole.
 */

import type { EngineRules } from "./rules.js";
import type { StatementFigures } from "./statements.js";

/** The terms of a run. */
export interface Terms {
  readonly rules: EngineRules;
  readonly keepsMatches: boolean;
  readonly statements: readonly (StatementFigures & { readonly side: "settlement" | "bank"; readonly file: number })[];
}

const VERSION = 1;
const PASSES = ["by_id", "by_amount", "by_sum"];
/** Types of rows, from 1; 0 is none. */
const TYPES = ["charge", "refund", "dispute", "fee", "payout", "payout_failure", "adjustment"];
const SIDES = ["ledger", "settlement", "bank"];
const HALF = 64n;

/** The bytes of terms. */
export function packTerms({ rules, keepsMatches, statements }: Terms): Uint8Array {
  const out = new Packer();
  out.byte(VERSION);
  out.text(rules.name);
  out.natural(rules.version);
  out.each(rules.passes, ({ pass }) => out.byte(PASSES.indexOf(pass)));
  out.each(rules.tolerances, ({ currency, minor, basis_points }) => {
    out.letters(currency);
    out.natural(minor);
    out.natural(basis_points);
  });
  out.each(rules.reaches, ({ account, days, business }) => {
    out.text(account);
    out.natural(days);
    out.flag(business);
  });
  out.each(rules.fees, ({ type, currency, account, millionths, fixed, up_to, least, most }) => {
    out.byte(TYPES.indexOf(type) + 1);
    out.letters(currency);
    out.text(account ?? "");
    out.natural(millionths);
    out.integer(BigInt(fixed ?? "0"));
    for (const bound of [up_to, least, most]) out.maybe(bound, (digits) => out.integer(BigInt(digits)));
  });
  out.flag(keepsMatches);
  for (const statement of statements) statementInto(out, statement);
  return out.bytes();
}

/** The bytes of statements, which may follow those of terms that have none. */
export function packStatements(statements: Terms["statements"]): Uint8Array {
  const out = new Packer();
  for (const statement of statements) statementInto(out, statement);
  return out.bytes();
}

/** A statement: a row that stands for it, of no type and with nothing a statement has not, and its figures. */
function statementInto(out: Packer, statement: Terms["statements"][number]): void {
  const { side, file, line, account, id, number, page, currency, from, opening, closing, sum, shortfall, totals } = statement;
  out.byte(SIDES.indexOf(side));
  out.count(file);
  out.natural(line);
  out.byte(0);
  out.flag(true);
  // Reference, id, status, payout, parent, account and note.
  for (const text of [id || account, "", "", "", "", account, shortfall]) out.text(text);
  out.integer(closing ?? 0n);
  out.letters(currency);
  // Fee, tax and net.
  for (let absent = 0; absent < 3; absent += 1) out.flag(false);
  out.maybe(from, (at) => out.natural(at));
  // Value date, without a zone, only a day, and original amount.
  for (let absent = 0; absent < 4; absent += 1) out.flag(false);
  for (const natural of [number, page]) out.maybe(natural, (value) => out.integer(value));
  for (const balance of [opening, closing]) out.maybe(balance, (value) => out.integer(value));
  out.sum(sum);
  out.maybe(totals, ({ declared, counted }) => {
    out.sum(declared);
    out.sum(counted);
  });
}

/** Fields as bytes, little-endian, as `src/reconcile/packed.rs` reads them. */
class Packer {
  readonly #out: number[] = [];

  byte(value: number): void {
    this.#out.push(value);
  }

  flag(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  count(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
  }

  natural(value: number): void {
    this.integer(BigInt(value));
  }

  /** Eight bytes, two's complement. */
  integer(value: bigint): void {
    for (let shift = 0n; shift < HALF; shift += 8n) this.byte(Number((value >> shift) & 0xffn));
  }

  /** Sixteen of them. */
  sum(value: bigint): void {
    this.integer(value);
    this.integer(value >> HALF);
  }

  letters(value: string): void {
    for (const byte of new TextEncoder().encode(value)) this.byte(byte);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.count(bytes.length);
    for (const byte of bytes) this.byte(byte);
  }

  maybe<T>(value: T | undefined, put: (value: T) => void): void {
    this.flag(value !== undefined);
    if (value !== undefined) put(value);
  }

  each<T>(values: readonly T[], put: (value: T) => void): void {
    this.count(values.length);
    values.forEach(put);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#out);
  }
}
