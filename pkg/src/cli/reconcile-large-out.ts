/**
 * `--out` of files that go through the sieve, which adds up what it reads and tells the report once.
 *
 * Invariant: what is written is to the byte what comes of all rows, looked at one by one, but for the moment of the proof; or nothing
 * is written here.
 */

import { Effects } from "../reconcile/bridges.js";
import type { Places } from "../reconcile/places.js";
import type { LedgerRoot } from "../reconcile/proof.js";
import { summedPart, tellReport, type Readable } from "../reconcile/sieving.js";
import { ToldReport, type ReportTaker } from "../reconcile/told.js";
import { bankAddedUp, taken, type Files, type TotalledFile } from "../reconcile/totals.js";
import { ReportFiles, type Original } from "./reconcile-out.js";
import { proofKey } from "./reconcile-proof.js";
import { FINE, NO } from "./usage.js";

/** Flags that say what is written. */
export interface Given {
  readonly out: string;
  readonly json: boolean;
  readonly "sign-env"?: string | undefined;
  readonly ledgerRoot?: LedgerRoot | undefined;
}

/** A file of ledger or settlement. */
export interface NamedReadable extends Readable {
  readonly name: string;
}

/** A run, and what is known of it beside its rows. */
export interface Question {
  readonly document: Uint8Array;
  readonly terms: Uint8Array;
  readonly ledger: readonly NamedReadable[];
  readonly settlement: readonly NamedReadable[];
  readonly bank: { readonly data: Uint8Array; readonly files: readonly TotalledFile[]; readonly columns: Readonly<Record<string, string>> | undefined };
  readonly places: Places;
  /** The window, as far as flags say it. */
  readonly window: { readonly inFlightDays?: number | undefined; readonly businessDays?: boolean | undefined };
  /** The files that the proof speaks of, as they lie on the disk. */
  readonly originals: () => readonly Original[];
  /** Whether nobody has written to a file since it was opened. */
  readonly isUnchanged: () => boolean;
  /** Shows that it reads, as long as it does. */
  readonly reading: <T>(read: () => T) => T;
}

/** Writes all of it, prints the report then, and gives the exit status; `undefined` where the files are not for the sieve, and nothing was written. */
export async function toldToFiles(given: Given, question: Question, print: (piece: Uint8Array) => void): Promise<number | undefined> {
  const { document, ledger, settlement, bank, places, window, originals, reading } = question;
  const summed = reading(() => summedPart(document, { ledger, settlement, bank: bank.data }));
  // What was looked at twice has to be the same both times.
  if (summed === undefined || !question.isUnchanged()) return undefined;
  const key = given["sign-env"] === undefined ? {} : { key: await proofKey(given["sign-env"], "sign") };
  const effects = new Effects();
  const named = { ledger: linesOf(ledger, places.ledger), settlement: linesOf(settlement, places.settlement), bank: [] };
  // Of the rows that stay nearly all are in a break.
  const { totals: sides } = taken(summed, named, effects, () => true);
  const totals = bank.files.length === 0 ? sides : { ...sides, bank: bankAddedUp(bank.files, bank.columns, effects).totals.bank };
  const files = new ReportFiles(given.out, effects);
  try {
    const breaks = tell(question.terms, places, files);
    await files.end({ originals: originals(), totals, hasBank: bank.files.length > 0, ...window, ...key, ledgerRoot: given.ledgerRoot });
    files.print(given.json ? "report.json" : "report.txt", print);
    return breaks === 0 ? FINE : NO;
  } finally {
    files.drop();
  }
}

function linesOf(files: readonly NamedReadable[], places: Places["ledger"]): Files["ledger"] {
  return files.map(({ name }) => ({ name, lines: places.get(name) }));
}

/** Judges what the engine keeps, tells the report by the lines of the files that rows came from, and gives the number of its breaks. */
export function tell(terms: Uint8Array, places: Places, taker: ReportTaker): number {
  const told = new ToldReport(places, taker);
  return tellReport(terms, { asLines: false, most: 1, each: 1 }, {
    // Nobody helps.
    stretch: () => undefined,
    text: (piece) => told.text(piece),
    end: (piece) => told.end(piece),
  });
}
