/**
 * How a file is read: what it seems to be, and what the visitor says it is.
 *
 * Invariant: what a file seems to be is shown and can be changed; a value that the file does not tell is asked for, and
 * nothing is read before it is given.
 */

import type { Detection, FormatName, MappingGuess, ReadOptions, TableMapping } from "tillproof/reconcile";

/** The sides that are held against each other. */
export const SIDES = ["ledger", "settlement", "bank"] as const;

export type Side = (typeof SIDES)[number];

/** A file as somebody dropped it, decompressed. */
export interface Dropped {
  readonly name: string;
  readonly data: Uint8Array;
}

/** A first look at a file; `trouble` where not even that was possible. */
export type Look = Detection | { readonly trouble: string };

/** What the rows of a table do not tell, as the visitor has it. */
export type Answers = Pick<TableMapping, MappingGuess["unsure"][number]>;

/** A file and how it is read. */
export interface Reading {
  readonly file: Dropped;
  readonly look: Look;
  /** `undefined` until somebody chooses, where nothing was recognised. */
  readonly format: FormatName | undefined;
  /** Otherwise what the file says. */
  readonly encoding: string | undefined;
  /** The column with the merchant's own reference, for formats without one. */
  readonly referenceColumn: string;
  readonly answers: Answers;
}

/** A file as the desk is asked to read it. */
export interface Wanted extends Pick<ReadOptions, "format" | "encoding" | "mapping" | "referenceColumn"> {
  readonly file: Dropped;
}

/** The formats of a side, the likeliest unknown table last. */
export const FORMATS = {
  settlement: [
    ["adyen", "Adyen settlement details"],
    ["braintree", "Braintree transaction fees"],
    ["mollie", "Mollie settlement"],
    ["paypal", "PayPal settlement or transactions"],
    ["shopify", "Shopify Payments, export"],
    ["shopify-json", "Shopify Payments, API"],
    ["square", "Square payout entries"],
    ["stripe", "Stripe payouts or balance"],
    ["generic", "Table with named columns"],
  ],
  bank: [
    ["camt.053", "camt.053 statement"],
    ["camt.054", "camt.054 notification"],
    ["mt940", "MT940 or MT942"],
    ["bai2", "BAI2"],
    ["ofx", "OFX"],
    ["csv", "Table with named columns"],
  ],
} as const satisfies Record<"settlement" | "bank", readonly (readonly [FormatName, string])[]>;

/** Formats whose files have no column for the merchant's own reference. */
const WITHOUT_REFERENCE: ReadonlySet<FormatName | undefined> = new Set(["stripe", "mollie"]);

/** The formats that may stand on a side: a ledger is told in the terms of a settlement. */
export function formatsOf(side: Side): readonly (readonly [FormatName, string])[] {
  return side === "bank" ? FORMATS.bank : FORMATS.settlement;
}

/** A file as it seems to be. */
export function readingOf(side: Side, file: Dropped, look: Look, encoding?: string): Reading {
  return { file, look, format: recognised(side, look), encoding, referenceColumn: "", answers: {} };
}

/** The format a file was recognised as, where it is one of the side. */
function recognised(side: Side, look: Look): FormatName | undefined {
  if ("trouble" in look) return undefined;
  const named = look.format ?? tableOf(look.guess);
  return formatsOf(side).some(([name]) => name === named) ? (named ?? undefined) : undefined;
}

function tableOf(guess: MappingGuess | null): FormatName | undefined {
  if (guess === null) return undefined;
  return guess.side === "bank" ? "csv" : "generic";
}

/** The side a file belongs on that was dropped on another. */
export function otherSideOf(side: Side, { look }: Reading): "settlement" | "bank" | undefined {
  if ("trouble" in look || recognised(side, look) !== undefined) return undefined;
  if (look.format !== null) return FORMATS.bank.some(([name]) => name === look.format) ? "bank" : "settlement";
  return look.guess?.side;
}

/** The guessed columns, where the file is read by them. */
export function guessOf({ look, format }: Reading): MappingGuess | undefined {
  if ("trouble" in look || look.guess === null || look.format !== null) return undefined;
  return format === tableOf(look.guess) ? look.guess : undefined;
}

/** Whether the file is of a format without the merchant's own reference. */
export function asksForReference({ format }: Reading): boolean {
  return WITHOUT_REFERENCE.has(format);
}

/** What has still to be said before the file can be read. */
export function missingIn(reading: Reading): readonly ("format" | MappingGuess["unsure"][number])[] {
  if (reading.format === undefined) return ["format"];
  return (guessOf(reading)?.unsure ?? []).filter((name) => !reading.answers[name]);
}

/** What the desk is asked for; `undefined` while something is missing. */
export function wantedOf(reading: Reading): Wanted | undefined {
  const { file, format, encoding, referenceColumn, answers } = reading;
  if (format === undefined || missingIn(reading).length > 0) return undefined;
  const guess = guessOf(reading);
  return {
    file,
    format,
    ...(encoding === undefined ? {} : { encoding }),
    ...(asksForReference(reading) && referenceColumn !== "" ? { referenceColumn } : {}),
    ...(guess === undefined ? {} : { mapping: { ...guess.mapping, ...answers } }),
  };
}
