/**
 * Large files of `tillproof reconcile`: read chunk by chunk, and as a whole only where rows have more to say to each other.
 *
 * Invariant: what is printed is to the byte what `reconcile-whole` prints of the same files, or nothing is printed here. Of what
 * is printed in pieces the first may stand there already when memory ends: the exit status says that it is not all.
 */

import { closeSync } from "node:fs";

import { asked, documentOf, termsOf, type Judged } from "../reconcile/asked.js";
import type { NamedSource, ReconcileOptions } from "../reconcile/index.js";
import type { Places } from "../reconcile/places.js";
import { keptPart, keptWhole, tellReport, tellStretch } from "../reconcile/sieving.js";
import { packTerms } from "../reconcile/terms.js";
import { isTillproofError } from "../shell/errors.js";
import { moment } from "./moments.js";
import { progress, type Progress } from "./progress.js";
import { askedFor } from "./reconcile-asked.js";
import { isAsItWas, opened, piecesAsRead, print, type Opened } from "./reconcile-files.js";
import { GENERIC, settingBytes, settingsOf, window } from "./reconcile-flags.js";
import { inLanes, started, type Thread } from "./reconcile-lanes.js";
import type { Original } from "./reconcile-out.js";
import { FINE, fileBytes, NO } from "./usage.js";

/** Below this the files are read as a whole: it takes no longer. */
const BYTES_MIN = 262_144;

/**
 * About so many breaks are handed to another thread at once: what takes longer to print than a thread to wake up, and is there before
 * all are packed.
 */
const BREAKS_EACH = 1024;

/** No file was written anew. */
const NOWHERE_ELSE: Places = { ledger: new Map(), settlement: new Map(), bank: new Map() };

/** Flags that ask for more than a report: all rows are looked at for them. */
const NOT_HERE = ["matches", "rules", "verify-proof"] as const;

/** Runs the command and gives its exit status: here where the files are for the sieve, and otherwise as a whole. */
export async function runReconcile(argv: string[]): Promise<number> {
  return (await sieved(argv)) ?? (await import("./reconcile.js")).runReconcile(argv);
}

/** The exit status; `undefined` where the files are not for the sieve, and nothing was printed. */
async function sieved(argv: string[]): Promise<number | undefined> {
  const { given, workers, columns, tables } = askedFor(argv);
  const formats = [given["ledger-format"], given["settlement-format"], given["bank-format"]];
  const isGeneric = formats.every((format) => format === undefined || format === GENERIC);
  if (!isGeneric || NOT_HERE.some((flag) => given[flag] !== undefined)) return undefined;
  const root = given["ledger-root"] === undefined ? {} : { ledgerRoot: (await import("./reconcile-proof.js")).ledgerRootOf(given["ledger-root"]) };
  // Tables of their own are read by the readers, as a whole.
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
    // Most of a file is read once more for the rows that stay.
    const bar = progress("reading", 2 * size);
    const alone = { ...run, ledger: watched(ledger, bar), settlement: watched(settlement, bar) };
    const isUnchanged = (): boolean => [...ledger, ...settlement].every(isAsItWas);
    if (given.out !== undefined) {
      const { toldToFiles } = await import("./reconcile-large-out.js");
      const sides = [...originalsOf("ledger", ledger), ...originalsOf("settlement", settlement)];
      const question = {
        ...alone, document, isUnchanged,
        terms: packTerms(terms),
        bank: { data: bytes, files: bank, columns: columns.bank },
        places: NOWHERE_ELSE,
        window: window(given),
        originals: () => [...sides, ...bank.map((file): Original => ({ side: "bank", ...file })), ...settingsOf(given, settingBytes)],
        reading: <T>(read: () => T): T => shownUntilRead(bar, read),
      };
      return await toldToFiles({ ...given, ...root, out: given.out, json }, question, print);
    }
    const lanes = workers > 1 ? await started(run, workers, document) : undefined;
    try {
      const isRead = (lanes !== undefined && (await inLanes(run, lanes))) || shownUntilRead(bar, () => keptPart(document, alone));
      // What was looked at twice has to be the same both times.
      const isKept = isRead && isUnchanged();
      if (!isKept && !keptWholly(how, ledger, settlement, bank)) return undefined;
      const breaks = await told(packTerms(terms), !json, lanes?.threads ?? []);
      return breaks === 0 ? FINE : NO;
    } finally {
      for (const thread of lanes?.threads ?? []) thread.end();
    }
  } finally {
    for (const { descriptor } of [...(ledger ?? []), ...(settlement ?? [])]) closeSync(descriptor);
  }
}

/** Reads, and takes the bar away, whatever comes of it. */
function shownUntilRead<T>(bar: Progress, read: () => T): T {
  try {
    return read();
  } finally {
    bar.end();
  }
}

/** The files as the proof speaks of them. */
function originalsOf(side: "ledger" | "settlement", files: readonly Opened[]): Original[] {
  return files.map((file) => ({ side, name: file.name, data: piecesAsRead(side, file) }));
}

/** Files whose reading is shown. */
function watched(files: readonly Opened[], bar: Progress): Opened[] {
  return files.map((file) => ({
    ...file,
    read(target, offset) {
      const read = file.read(target, offset);
      bar.more(read);
      return read;
    },
  }));
}

/** Keeps the part of files that are not for the sieve; no where they are refused, which the other way does in words. */
function keptWholly(how: Judged, ledger: readonly Opened[], settlement: readonly Opened[], bank: ReconcileOptions["bank"]): boolean {
  try {
    const files = { ledger: ledger.map(wholeFile), settlement: settlement.map(wholeFile), ...(bank === undefined ? {} : { bank }) };
    const run = asked({ ...how, ...files });
    return keptWhole(run.document, { ledger: run.ledger.data, settlement: run.settlement.data, bank: run.bank.data });
  } catch (error) {
    if (isTillproofError(error)) return false;
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

/** Prints the report together with other threads, and gives the number of its breaks. */
async function told(terms: Uint8Array, asLines: boolean, threads: readonly Thread[]): Promise<number> {
  const handed: Uint8Array[] = [];
  // In turn, so that what comes next is not kept waiting for what comes last.
  const teller = (place: number): Thread | undefined => threads[place % threads.length];
  let end: Uint8Array = new Uint8Array();
  const breaks = tellReport(terms, { asLines, most: threads.length + 1, each: BREAKS_EACH }, {
    stretch(bytes) {
      // Kept for what does not come back.
      const stretch = new Uint8Array(new SharedArrayBuffer(bytes.length));
      stretch.set(bytes);
      teller(handed.length)?.tell({ kind: "stretch", stretch });
      handed.push(stretch);
    },
    text: print,
    end(bytes) {
      if (handed.length === 0) print(bytes);
      else end = bytes.slice();
    },
  });
  let place = 0;
  for (let stretch = handed.shift(); stretch !== undefined; stretch = handed.shift()) {
    await printed(stretch, teller(place));
    place += 1;
  }
  print(end);
  return breaks;
}

/** Prints what a thread tells of its stretch, and what it does not. */
async function printed(stretch: Uint8Array, thread: Thread | undefined): Promise<void> {
  let pieces = 0;
  // What it said of its files, and nobody asked for, comes before.
  for (let answer = await thread?.answer(); answer !== undefined; answer = await thread?.answer()) {
    if (answer.kind === "told") return;
    if (answer.kind === "piece") {
      print(answer.piece);
      pieces += 1;
    }
  }
  tellStretch(stretch, (piece) => {
    if (pieces === 0) print(piece);
    else pieces -= 1;
  });
}
