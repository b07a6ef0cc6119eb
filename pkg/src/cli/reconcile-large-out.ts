/**
 * `--out` of large files: what is written is told by the sieve, which adds up what it reads.
 *
 * Invariant: what is written is to the byte what `reconcile` writes of the same files, but for the moment of the proof, or nothing is
 * written here.
 */

import type { Judged } from "../reconcile/asked.js";
import { Effects, type SideTotals } from "../reconcile/bridges.js";
import type { NamedSource } from "../reconcile/index.js";
import { summedPart, tellReport, type Summed } from "../reconcile/sieving.js";

import { ToldReport } from "../reconcile/told.js";
import { sideTotals, sorted } from "../reconcile/totals.js";
import { isAsItWas, type Opened } from "./reconcile-files.js";
import type { Run } from "./reconcile-lanes.js";
import { ReportFiles, type Original } from "./reconcile-out.js";
import { ledgerRootOf, proofKey } from "./reconcile-proof.js";
import { FINE, fileBytes, NO, shown, UsageError } from "./usage.js";

/** Flags that say what is written. */
export interface Given {
  readonly out: string;
  readonly json: boolean;
  readonly mapping?: readonly string[] | undefined;
  readonly holidays?: string | undefined;
  readonly "sign-env"?: string | undefined;
  readonly "ledger-root"?: string | undefined;
}

/** What the sieve is asked, in its own words. */
export interface Question {
  readonly document: Uint8Array;
  readonly terms: Uint8Array;
  readonly how: Judged;
  readonly bank: readonly (NamedSource & { readonly data: Uint8Array })[];
  /** Shows that it reads, as long as it does. */
  readonly reading: <T>(read: () => T) => T;
}

/** Writes all of it, prints the report as well, and gives the exit status; `undefined` where the files are not for the sieve, and nothing was written. */
export async function written(given: Given, run: Run, { document, terms, how, bank, reading }: Question, print: (piece: Uint8Array) => void): Promise<number | undefined> {
  const root = given["ledger-root"] === undefined ? {} : { ledgerRoot: ledgerRootOf(given["ledger-root"]) };
  const summed = reading(() => summedPart(document, run));
  // What was looked at twice has to be the same both times.
  if (summed === undefined || ![...run.ledger, ...run.settlement].every(isAsItWas)) return undefined;
  const key = given["sign-env"] === undefined ? {} : { key: await proofKey(given["sign-env"], "sign") };
  const effects = effectsOf(summed, run);
  const booked = await sideTotals("bank", bank, how.columns?.bank, (side, file, line, effect) => void effects.of(side, file).set(line, effect));
  const totals: SideTotals = { ledger: sorted(summed.ledger), settlement: sorted(summed.settlement), bank: booked };
  const files = new ReportFiles(given.out, effects, given.json ? undefined : print);
  try {
    const breaks = tell(terms, files, given.json ? print : undefined);
    const originals = [...read("ledger", run.ledger), ...read("settlement", run.settlement), ...bank.map((file): Original => ({ side: "bank", ...file })), ...settings(given)];
    const { inFlightDays, businessDays } = how;
    await files.end({ originals, totals, hasBank: bank.length > 0, inFlightDays, businessDays, ...key, ...root });
    return breaks === 0 ? FINE : NO;
  } finally {
    files.drop();
  }
}

/** What the rows that stay do to the balance, by where they stand. */
function effectsOf({ staying }: Summed, { ledger, settlement }: Run): Effects {
  const effects = new Effects();
  for (const [side, file, line, currency, net] of staying) {
    const name = (side === 0 ? ledger : settlement)[file]?.name ?? "";
    effects.of(side === 0 ? "ledger" : "settlement", name).set(line, { currency, net: BigInt(net) });
  }
  return effects;
}

/** Tells the report to the files, and gives the number of its breaks. */
function tell(terms: Uint8Array, files: ReportFiles, echo: (json: Uint8Array) => void = () => undefined): number {
  const told = new ToldReport(files);
  const all = (bytes: Uint8Array): void => {
    files.json(bytes);
    echo(bytes);
  };
  return tellReport(terms, { asLines: false, most: 1, each: 1 }, {
    stretch: () => undefined,
    text(bytes) {
      all(bytes);
      told.text(bytes);
    },
    end(bytes) {
      all(bytes);
      told.end(bytes);
    },
  });
}

/** So much of a file is hashed at once. */
const PIECE_BYTES = 1_048_576;

function read(side: "ledger" | "settlement", files: readonly Opened[]): Original[] {
  return files.map((file) => ({ side, name: file.name, data: piecesOf(side, file) }));
}

/** A file as it was read; refused where it is another by now, as the proof would speak of that. */
async function* piecesOf(side: string, file: Opened): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; ) {
    // A new one each time: whoever takes it may keep it.
    const room = new Uint8Array(PIECE_BYTES);
    const got = file.read(room, at);
    if (got === 0) break;
    yield room.subarray(0, got);
    at += got;
  }
  if (!isAsItWas(file)) throw new UsageError(`--${side} ${shown(file.name)}: somebody has written to it since it was read: run this again`);
}

/** The files that settle how others are read and judged. */
function settings({ mapping, holidays }: Given): Original[] {
  const of = (side: "columns" | "holidays", flag: string, paths: readonly string[]): Original[] =>
    paths.map((path) => ({ side, name: path, data: fileBytes(flag, path) }));
  return [...of("columns", "mapping", mapping ?? []), ...of("holidays", "holidays", holidays === undefined ? [] : [holidays])];
}
