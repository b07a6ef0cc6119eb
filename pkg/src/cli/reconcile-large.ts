/**
 * Large files of `tillproof reconcile`: read chunk by chunk, and as a whole only where rows have more to say to each other.
 *
 * Invariant: what is printed is to the byte what `reconcile-whole` prints of the same files, or nothing is printed here. Of what
 * is printed in pieces the first may stand there already when memory ends, or a thread that cannot be replaced: the exit
 * status says that it is not all.
 */

import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";

import { asked, documentOf, termsOf, type Judged } from "../reconcile/asked.js";
import type { NamedSource, ReconcileOptions } from "../reconcile/index.js";
import { keptPart, keptWhole, merged, printReport, sievedPart, type Readable, type Sieved, type Stretch } from "../reconcile/sieving.js";
import { packTerms } from "../reconcile/terms.js";
import { isTillproofError } from "../shell/errors.js";
import { encode } from "../shell/wire.js";
import { flagsOf } from "./commands.js";
import { mappings } from "./mapping.js";
import { moment } from "./moments.js";
import { GENERIC, window } from "./reconcile-flags.js";
import { FINE, fileBytes, flags, NO, wholeNumber } from "./usage.js";

/** Below this the files are read as a whole: it takes no longer. */
const BYTES_MIN = 262_144;

/** More threads than this would each look through all files for little. */
const WORKERS_MAX = 16;

/** A file of this run. */
interface Opened extends Readable {
  readonly name: string;
  readonly descriptor: number;
}

/** What a thread is given. */
export interface Task {
  readonly document: Uint8Array;
  readonly ledger: readonly string[];
  readonly settlement: readonly string[];
  readonly bank: Uint8Array;
}

/** What it is given then: the parts of all, and which stretch of the report it is to print. */
export interface Telling extends Stretch {
  readonly part: Uint8Array;
  readonly terms: Uint8Array;
}

/**
 * So many threads tell a report together, or one alone: each of them judges the whole run before it prints its stretch. Two take
 * a fifth longer than one does; more than four have too little each.
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
    const of = Math.min(workers, WORKERS_MAX);
    const document = (more?: { part: number; parts: number }): Uint8Array => documentOf(how, terms, files, more);
    const threads = of > 1 ? await started(run, of, document) : [];
    try {
      const part = (of > 1 ? await shared(run, threads, document) : undefined) ?? keptPart(document(), run) ?? whole(how, ledger, settlement, bank);
      if (part === undefined) return undefined;
      const breaks = await told({ part, terms: packTerms(terms), asLines: !json }, threads);
      return breaks === 0 ? FINE : NO;
    } finally {
      for (const thread of threads) thread.end();
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

/** One of the other threads. */
interface Thread {
  /** Its next answer; `undefined` where it cannot give one. */
  answer(): Promise<Uint8Array | undefined>;
  tell(telling: Telling): void;
  end(): void;
}

/** The other threads, each on its way with its share. */
async function started(
  run: Sieved & { readonly ledger: readonly Opened[]; readonly settlement: readonly Opened[] },
  of: number,
  document: (more: { part: number; parts: number }) => Uint8Array,
): Promise<Thread[]> {
  const { Worker } = await import("node:worker_threads");
  const names = (side: readonly Opened[]): string[] => side.map(({ name }) => name);
  const threads: Thread[] = [];
  const start = (index: number): Thread => {
    const task: Task = { document: document({ part: index + 1, parts: of }), ledger: names(run.ledger), settlement: names(run.settlement), bank: run.bank };
    // Relative to where the build puts the code, which is in the folder `dist`.
    const worker = new Worker(new URL("./cli-reconcile-thread.js", import.meta.url), { workerData: task });
    const answers: (Uint8Array | undefined)[] = [];
    let waiting: ((answer: Uint8Array | undefined) => void) | undefined;
    let isOver = false;
    const come = (answer: Uint8Array | undefined): void => {
      if (waiting === undefined) answers.push(answer);
      else waiting(answer);
      waiting = undefined;
    };
    const over = (): void => {
      isOver = true;
      waiting?.(undefined);
    };
    worker.on("message", come);
    // What one of them does not answer, this one does.
    worker.on("error", over);
    worker.on("exit", over);
    return {
      answer: () => new Promise((resolve) => {
        if (answers.length > 0 || isOver) resolve(answers.shift());
        else waiting = resolve;
      }),
      tell: (telling) => worker.postMessage(telling),
      end: () => {
        worker.postMessage(undefined);
        worker.unref();
      },
    };
  };
  try {
    while (threads.length < of - 1) threads.push(start(threads.length));
  } catch {
    // Where no more threads are to be had, this one does all of it; those that were made have to be told that it is over.
    for (const thread of threads) thread.end();
    return [];
  }
  // Before this thread is busy, the others have to be on their way.
  await new Promise((resolve) => setImmediate(resolve));
  return threads;
}

/** The parts of all threads as one; this thread makes the first. `undefined` where one of them could not. */
async function shared(run: Sieved, threads: readonly Thread[], document: (more: { part: number; parts: number }) => Uint8Array): Promise<Uint8Array | undefined> {
  const of = threads.length + 1;
  const own = sievedPart(document({ part: 0, parts: of }), run);
  const parts = [own, ...(await Promise.all(threads.map((thread) => thread.answer())))].filter((part) => part !== undefined);
  if (parts.length < of) return undefined;
  return merged(parts, encode({ parts: parts.map(({ length }) => ({ length })) }));
}

/** Prints the report, and gives the number of its breaks. */
async function told(report: Omit<Telling, "index" | "of">, threads: readonly Thread[]): Promise<number> {
  const isShared = report.part.length >= PART_BYTES_MIN && threads.length >= TELLERS - 1;
  const others = isShared ? threads.slice(0, TELLERS - 1) : [];
  const stretch = (index: number): Telling => ({ ...report, index, of: others.length + 1 });
  const here = (index: number): number => printReport(report.part, report.terms, stretch(index), print);
  for (const [index, thread] of others.entries()) thread.tell(stretch(index + 1));
  const breaks = here(0);
  for (const [index, thread] of others.entries()) {
    const answer = await thread.answer();
    if (answer === undefined) here(index + 1);
    else print(answer);
  }
  return breaks;
}

/** The files of a side; `undefined` for what is no regular file, or cannot be opened: the other way says why. */
export function opened(paths: readonly string[] | undefined): Opened[] | undefined {
  const files: Opened[] = [];
  try {
    for (const name of paths ?? []) {
      if (name === "-") throw new Error("standard input is read as a whole");
      const descriptor = openSync(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const state = fstatSync(descriptor);
      const read = (target: Uint8Array, offset: number): number => readSync(descriptor, target, 0, target.length, offset);
      files.push({ name, descriptor, length: state.size, read });
      if (!state.isFile()) throw new Error("no regular file");
    }
    return files;
  } catch {
    for (const { descriptor } of files) closeSync(descriptor);
    return undefined;
  }
}

const STANDARD_OUTPUT = 1;

/** Writes to standard output, past the stream of Node, which would copy it twice. */
function print(piece: Uint8Array): void {
  for (let at = 0; at < piece.length; ) {
    try {
      at += writeSync(STANDARD_OUTPUT, piece, at, piece.length - at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A reader that has seen enough is no failure.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      // A pipe that is full, to somebody who reads slowly.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
