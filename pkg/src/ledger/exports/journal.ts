/**
 * The entries of a ledger as other programs take them: money only, decimals exact, in the order of the journal.
 *
 * Invariant: what is exported balances as the ledger does, and says so itself: each journal ends with the balance of every
 * account, which the program that reads it has to find again. What is held has not moved, and is left out.
 */

import type { CurrencyBalance } from "../answers.js";
import type { EntryDocument, LineDocument, PostingDocument } from "../entry.js";

/** An entry with its place. */
export interface Numbered {
  readonly position: number;
  readonly entry: EntryDocument;
}

/** What is read of a ledger. */
export interface Exported {
  journal(): readonly string[];
  trialBalance(): readonly CurrencyBalance[];
}

/** What an export is written from. */
export interface Source {
  /** All lines of the journal. */
  readonly lines: readonly LineDocument[];
  readonly entries: readonly Numbered[];
  readonly trial: readonly CurrencyBalance[];
  /** The first and the last day anything happened; `null` for an empty ledger. */
  readonly days: { readonly first: string; readonly last: string } | null;
}

/** Reads the ledger once. */
export function sourceOf(ledger: Exported): Source {
  const lines = ledger.journal().map((text) => JSON.parse(text) as LineDocument);
  const entries = lines.flatMap(({ position, entry }) => (entry === undefined ? [] : [{ position, entry }]));
  const times = lines.map(({ entry, account }) => (entry ?? account)?.occurred_at ?? 0);
  const [first, last] = times.reduce<[number, number]>(
    ([least, most], time) => [Math.min(least, time), Math.max(most, time)],
    [Infinity, 0],
  );
  const days = lines.length === 0 ? null : { first: dayOf(first), last: dayOf(last) };
  return { lines, entries, trial: ledger.trialBalance(), days };
}

/** The postings that moved something. */
export function moved(entry: EntryDocument): readonly PostingDocument[] {
  return entry.postings.filter(({ layer }) => layer !== "pending");
}

/** The UTC day of a moment, such as `2026-03-01`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Minor units as a decimal number with the currency's decimals: `-1050` cents are `-10.50`. */
export function decimal(minor: bigint, exponent: number): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, "0");
  const [whole, fraction] = [digits.slice(0, digits.length - exponent), digits.slice(digits.length - exponent)];
  return `${minor < 0n ? "-" : ""}${whole}${exponent === 0 ? "" : `.${fraction}`}`;
}

/** What a posting adds on the debit side. */
export function signed({ side, amount_minor }: PostingDocument): bigint {
  return side === "debit" ? BigInt(amount_minor) : -BigInt(amount_minor);
}

/** Decimals by currency. */
export function exponents(trial: readonly CurrencyBalance[]): ReadonlyMap<string, number> {
  return new Map(trial.map(({ currency, exponent }) => [currency, exponent]));
}
