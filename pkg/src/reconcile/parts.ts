/**
 * A reconciliation in parts, for several threads, processes or machines.
 *
 * {@link partitionOf} makes one part of a run, {@link mergeParts} makes one of several, and {@link judgeParts} answers with
 * the report, when all are there. Parts are bytes: put them on a queue, into a database or over the network.
 *
 * Invariant: the report is that of `reconcile`, to the byte of its ids, whatever the number of parts and the order they are
 * merged in; a run that lacks a part is refused.
 */

import { onlyKnown, refusal } from "../shell/guard.js";
import { sieve } from "../shell/reconcile-sieve.js";
import { encode } from "../shell/wire.js";
import { asked, type Side } from "./asked.js";
import type { ReconcileOptions } from "./index.js";
import { checked, merged, sievedPart, type Readable } from "./sieving.js";
import type { Report } from "./report.js";
import { defaultRules, engineRules, rulesOf } from "./rules.js";
import { packTerms } from "./terms.js";

/** Which part of a run: number `index`, from 0, of `of` parts, 1 to 4096. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/**
 * Reads all files and makes the part of one share: the rows whose reference falls to it and that do not plainly agree.
 *
 * Every worker is given the same files and options, and a share of its own. Throws `file_*` with the place for a file that
 * cannot be read, as `reconcile` does.
 */
export function partitionOf(options: ReconcileOptions, share: Share): Uint8Array {
  onlyKnown("share", share, ["index", "of"]);
  const { index, of } = share;
  if (![index, of].every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw refusal("reconcile_share_invalid", "share", share, "is no part: expected whole numbers, as in { index: 0, of: 4 }");
  }
  const { document, ledger, settlement, bank } = asked(options, { part: index, parts: of });
  const sieved = sievedPart(document, { ledger: files(ledger), settlement: files(settlement), bank: bank.data });
  if (sieved !== undefined) return sieved;
  return checked(sieve.raw((exports) => exports.sieve_read(document, ledger.data, settlement.data, bank.data)));
}

/**
 * Makes one part of several of the same run, in any order and in any grouping.
 *
 * Throws `reconcile_parts_differ`, `reconcile_part_doubled` or `batch_corrupt`.
 */
export function mergeParts(parts: readonly Uint8Array[]): Uint8Array {
  const lengths = encode({ parts: parts.map(({ length }) => ({ length })) });
  return merged(parts, lengths);
}

/**
 * The report of a run whose parts were all merged into one. The rules are those that its parts were made by; what statements of
 * banks say about themselves is held against each other by `reconcile` alone.
 *
 * Throws `reconcile_parts_missing` when some are not there, `batch_corrupt` for bytes that are no part.
 */
export function judgeParts(part: Uint8Array, options: Pick<ReconcileOptions, "rules"> = {}): Report {
  const { rules } = onlyKnown("options", options, ["rules"]);
  const terms = packTerms({ rules: engineRules(rules === undefined ? defaultRules() : rulesOf(rules)), keepsMatches: false, statements: [] });
  return sieve.invoke<Report>((exports) => exports.sieve_conclude(part, terms));
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
