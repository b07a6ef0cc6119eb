/**
 * A report and its matches, told by the lines of the files that rows were read from.
 *
 * Invariant: places change and nothing else; where no file was written anew, what is told is what came.
 */

import { placed } from "./generic.js";
import type { Match } from "./matches.js";
import type { Break, Report, RowPlace } from "./report.js";

/** Of each side, where the rows stood of the files that were written anew, by name. */
export type Places = Readonly<Record<"ledger" | "settlement" | "bank", ReadonlyMap<string, readonly number[]>>>;

/** Rows are told by the line of the file they came from, where `readers.source` has written them anew. */
export function withOriginalPlaces(report: Report, places: Places): Report {
  return arePlaces(places) ? { ...report, breaks: report.breaks.map((one) => withOriginalRows(one, places)) } : report;
}

/** Whether any file was written anew. */
export function arePlaces(places: Places): boolean {
  return Object.values(places).some(({ size }) => size > 0);
}

/** The same for one break. */
export function withOriginalRows(one: Break, places: Places): Break {
  const told = (rows: readonly RowPlace[], side: keyof Places): RowPlace[] => rows.map((row) => placed(row, places[side]));
  return {
    ...one,
    rows: { ledger: told(one.rows.ledger, "ledger"), settlement: told(one.rows.settlement, "settlement"), bank: told(one.rows.bank, "bank") },
    // A row of the ledger is missing in the settlement, and the nearest one stands there.
    ...(one.nearest === undefined ? {} : { nearest: { ...one.nearest, ...placed(one.nearest, places[one.rows.ledger.length > 0 ? "settlement" : "ledger"]) } }),
  };
}

/** The matches in JSON Lines, as the engine writes them, with the lines of the files that were read. */
export function matchesOf(lines: Uint8Array, places: Places): Match[] {
  const text = new TextDecoder().decode(lines);
  if (text === "") return [];
  return text.trimEnd().split("\n").map((line) => {
    const match = JSON.parse(line) as Match;
    const of = (side: keyof Match["rows"]): RowPlace[] => match.rows[side].map((row) => placed(row, places[side]));
    return { ...match, rows: { ledger: of("ledger"), settlement: of("settlement"), bank: of("bank") } };
  });
}
