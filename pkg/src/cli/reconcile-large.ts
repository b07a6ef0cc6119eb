/**
 * Large files of `tillproof reconcile`: read chunk by chunk, and as a whole only where rows have more to say to each other.
 *
 * Invariant: what is printed is to the byte what `reconcile-whole` prints of the same files, or nothing is printed here. Of what
 * is printed in pieces the first may stand there already when memory ends, or a thread that cannot be replaced: the exit
 * status says that it is not all.
 */

import { closeSync } from "node:fs";

import { asked, documentOf, termsOf, type Judged } from "../reconcile/asked.js";
import type { NamedSource, ReconcileOptions } from "../reconcile/index.js";
import { keptPart, keptWhole, printReport, sharedPart } from "../reconcile/sieving.js";
import { packTerms } from "../reconcile/terms.js";
import { isTillproofError } from "../shell/errors.js";
import { flagsOf } from "./commands.js";
import { mappings } from "./mapping.js";
import { moment } from "./moments.js";
import { isAsItWas, opened, print, type Opened } from "./reconcile-files.js";
import { GENERIC, window } from "./reconcile-flags.js";
import { inLanes, started, type Telling, type Thread } from "./reconcile-lanes.js";
import { FINE, fileBytes, flags, NO, wholeNumber } from "./usage.js";

/** Below this the files are read as a whole: it takes no longer. */
const BYTES_MIN = 262_144;

/**
 * So many threads tell a report together: each of them judges the whole run before it prints its stretch, so that more would have
 * too little each.
 */
const TELLERS = 4;

/** A run that leaves less than this to be judged is told sooner than it is handed to another thread. */
const PART_BYTES_MIN = 262_144;

/** Flags that ask for more than a report: all rows are looked at for them. */
const NOT_HERE = ["out", "matches", "rules", "verify-proof", "ledger-root", "sign-env"] as const;

/** Runs the command and gives its exit status: here where the files are for the sieve, and otherwise as a whole. */
export async function runReconcile(argv: string[]): Promise<number> {
  return (await sieved(argv)) ?? (await import("./reconcile.js")).runReconcile(argv);
}

/** The exit status; `undefined` where the files are not for the sieve, and nothing was printed. */
async function sieved(argv: string[]): Promise<number | undefined> {
  const given = flags(argv, flagsOf("reconcile"));
  const workers = given.workers === undefined ? 1 : wholeNumber("workers", given.workers);
  const formats = [given["ledger-format"], given["settlement-format"], given["bank-format"]];
  const isGeneric = formats.every((format) => format === undefined || format === GENERIC);
  if (!isGeneric || NOT_HERE.some((flag) => given[flag] !== undefined)) return undefined;
  // Tables of their own are read by the readers, as a whole.
  const { columns, tables } = mappings(given.mapping);
  if (Object.keys(tables).length > 0) return undefined;
  const { ledger: ours, settlement: theirs, bank: banks = [], json = false } = given;
  // Standard input can be read once only.
  if (banks.includes("-")) return undefined;
  const ledger = opened(ours);
  const settlement = ledger === undefined ? undefined : opened(theirs);
  try {
    if (ledger === undefined || settlement === undefined || ledger.length === 0 || settlement.length === 0) return undefined;
    const size = [...ledger, ...settlement].reduce((sum, { length }) => sum + length, 0);
    if (size < BYTES_MIN) return undefined;
    const bank = banks.map((path) => ({ name: path, data: fileBytes("bank", path) }));
    const files = {
      ledger: ledger.map(({ name, length }) => ({ name, length })),
      settlement: settlement.map(({ name, length }) => ({ name, length })),
      bank: bank.map(({ name, data }) => ({ name, length: data.length })),
    };
    const how: Judged = {
      ...(Object.keys(columns).length === 0 ? {} : { columns }),
      ...(given["as-of"] === undefined ? {} : { asOf: moment("as-of", given["as-of"]) }),
      ...window(given),
    };
    const terms = termsOf(how, []);
    const bytes = Buffer.concat(bank.map(({ data }) => data));
    const run = { ledger, settlement, bank: bytes };
    const document = documentOf(how, terms, files);
    const lanes = workers > 1 ? await started(run, workers, document) : undefined;
    try {
      const read = lanes === undefined ? undefined : await inLanes(run, lanes);
      const kept = read?.part ?? keptPart(document, run);
      // What was looked at twice has to be the same both times.
      const isWhole = kept !== undefined && [...ledger, ...settlement].every(isAsItWas);
      const part = isWhole ? kept : whole(how, ledger, settlement, bank);
      if (part === undefined) return undefined;
      const breaks = await told({ part, terms: packTerms(terms), asLines: !json }, isWhole ? (read?.threads ?? []) : []);
      return breaks === 0 ? FINE : NO;
    } finally {
      for (const thread of lanes?.threads ?? []) thread.end();
    }
  } finally {
    for (const { descriptor } of [...(ledger ?? []), ...(settlement ?? [])]) closeSync(descriptor);
  }
}

/** The part of files that are not for the sieve; `undefined` where they are refused, which the other way does in words. */
function whole(how: Judged, ledger: readonly Opened[], settlement: readonly Opened[], bank: ReconcileOptions["bank"]): Uint8Array | undefined {
  try {
    const files = { ledger: ledger.map(wholeFile), settlement: settlement.map(wholeFile), ...(bank === undefined ? {} : { bank }) };
    const run = asked({ ...how, ...files });
    return keptWhole(run.document, { ledger: run.ledger.data, settlement: run.settlement.data, bank: run.bank.data });
  } catch (error) {
    if (isTillproofError(error)) return undefined;
    throw error;
  }
}

/** A file as it is now; what was cut off while it is read is refused with the place where it ends. */
function wholeFile({ name, length, read }: Opened): NamedSource {
  const data = new Uint8Array(length);
  let at = 0;
  for (let got = 1; at < length && got > 0; at += got) got = read(data.subarray(at), at);
  return { name, data: data.subarray(0, at) };
}

/** Prints the report, and gives the number of its breaks. */
async function told({ part, terms, asLines }: Omit<Telling, "index" | "of">, threads: readonly Thread[]): Promise<number> {
  // What the engine keeps, the others do not see.
  const shared = part.length === 0 && threads.length >= TELLERS - 1 ? sharedPart() : undefined;
  const others = shared !== undefined && shared.length >= PART_BYTES_MIN ? threads.slice(0, TELLERS - 1) : [];
  const of = others.length + 1;
  for (const [place, thread] of others.entries()) thread.tell({ part: shared, terms, asLines, index: place + 1, of });
  const breaks = printReport(part, terms, { asLines, index: 0, of }, print);
  for (const [place, thread] of others.entries()) {
    // Each waits until those before it have printed theirs.
    thread.tell(place + 1);
    const isTold = await thread.answer<boolean>();
    if (isTold === undefined) printReport(shared ?? part, terms, { asLines, index: place + 1, of }, print);
  }
  return breaks;
}
