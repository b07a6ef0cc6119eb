/**
 * A reconciliation in parts, for several threads, processes or machines.
 *
 * {@link partitionOf} makes one part of a run, {@link mergeParts} makes one of several, and {@link judgeParts} answers with
 * the report, when all are there. Parts are bytes: put them on a queue, into a database or over the network.
 *
 * Invariant: the report is that of `reconcile`, to the byte, whatever the files and their formats, the number of parts and the
 * order they are merged in; a run that lacks a part, or rows that its rules ask for, is refused.
 */

import { TillproofError } from "../shell/errors.js";
import { onlyKnown, refusal } from "../shell/guard.js";
import { judge } from "../shell/reconcile.js";
import { clerk } from "../shell/reconcile-files.js";
import { sieve } from "../shell/reconcile-sieve.js";
import { encode } from "../shell/wire.js";
import { asked, needsEveryRow, termsOf, type Side } from "./asked.js";
import type { ReconcileOptions } from "./index.js";
import { joined } from "./joined.js";
import { NO_NOTES, noted, opened, together } from "./notes.js";
import { matchesOf, withOriginalPlaces } from "./places.js";
import { checked, merged, sievedPart, type Readable } from "./sieving.js";
import type { Report } from "./report.js";
import { packStatements, packTerms } from "./terms.js";

/** Which part of a run: number `index`, from 0, of `of` parts, 1 to 4096. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/**
 * Reads all files and makes the part of one share: the rows whose reference falls to it and that do not plainly agree.
 *
 * Every worker is given the same files and options, and a share of its own; files of `readers.source` are told by the lines
 * they were read from, and their statements are held against each other, as in `reconcile`. Throws `file_*` with the place for a
 * file that cannot be read, as `reconcile` does. `onMatch` hears nothing here: it says that the matches of this run will be told.
 */
export function partitionOf(options: ReconcileOptions, share: Share): Uint8Array {
  onlyKnown("share", share, ["index", "of"]);
  const { index, of } = share;
  if (![index, of].every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw refusal("reconcile_share_invalid", "share", share, "is no part: expected whole numbers, as in { index: 0, of: 4 }");
  }
  const { document, ledger, settlement, bank, places, terms } = asked(options, { part: index, parts: of });
  const sieved = sievedPart(document, { ledger: files(ledger), settlement: files(settlement), bank: bank.data });
  const part = sieved ?? checked(sieve.raw((exports) => exports.sieve_read(document, ledger.data, settlement.data, bank.data)));
  const isWhole = needsEveryRow(terms);
  return noted(part, index === 0 ? { isWhole, places, statements: packStatements(terms.statements) } : { ...NO_NOTES, isWhole });
}

/**
 * Makes one part of several of the same run, in any order and in any grouping.
 *
 * Throws `reconcile_parts_differ`, `reconcile_part_doubled` or `batch_corrupt`.
 */
export function mergeParts(parts: readonly Uint8Array[]): Uint8Array {
  const all = parts.map(opened);
  const lengths = encode({ parts: all.map(({ rows }) => ({ length: rows.length })) });
  return noted(merged(all.map(({ rows }) => rows), lengths), together(all.map(({ notes }) => notes)));
}

/**
 * The report of a run whose parts were all merged into one. Rules and `onMatch` are those that its parts were made by.
 *
 * Throws `reconcile_parts_missing` when some are not there, `reconcile_parts_thinned` where rules or `onMatch` ask for rows that
 * no part has kept, `batch_corrupt` for bytes that are no part.
 */
export function judgeParts(part: Uint8Array, options: Pick<ReconcileOptions, "rules" | "onMatch"> = {}): Report {
  const { rules, onMatch } = onlyKnown("options", options, ["rules", "onMatch"]);
  const { rows, notes } = opened(part);
  const terms = termsOf({ rules, onMatch }, []);
  const packed = joined([packTerms(terms), notes.statements]);
  if (needsEveryRow(terms) && !notes.isWhole) {
    // Bytes that are no whole run are that first of all.
    sieve.invoke((exports) => exports.sieve_conclude(rows, packed));
    throw thinned();
  }
  if (onMatch !== undefined) {
    const verdicts = judge.raw((exports) => exports.reconcile_judge(rows, packed));
    // There are none of bytes that are no whole run, of which the sieve says what they are.
    if (verdicts.length > 0) {
      matchesOf(clerk.raw((exports) => exports.reconcile_matches(verdicts)), notes.places).forEach(onMatch);
      return withOriginalPlaces(clerk.invoke<Report>((exports) => exports.reconcile_report(verdicts)), notes.places);
    }
  }
  return withOriginalPlaces(sieve.invoke<Report>((exports) => exports.sieve_conclude(rows, packed)), notes.places);
}

function thinned(): TillproofError {
  return new TillproofError({
    code: "reconcile_parts_thinned",
    message: "the parts lack rows that plainly agree, and these rules, or `onMatch`, ask for them: give partitionOf() the same rules and onMatch",
  });
}

/** The files of a side as the sieve reads them. */
function files({ files, data }: Side): Readable[] {
  let at = 0;
  return files.map(({ length }) => {
    const own = data.subarray(at, (at += length));
    const read = (target: Uint8Array, offset: number): number => {
      const piece = own.subarray(offset, offset + target.length);
      target.set(piece);
      return piece.length;
    };
    return { length, read };
  });
}
