/**
 * Large files of `tillproof reconcile`: read chunk by chunk, and never as a whole.
 *
 * Invariant: what is printed is to the byte what `reconcile-whole` prints of the same files, or nothing is printed here.
 */

import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";

import { documentOf, termsOf, type Judged } from "../reconcile/asked.js";
import type { Report } from "../reconcile/report.js";
import { merged, printedReport, sievedPart, type Readable, type Sieved } from "../reconcile/sieving.js";
import { packTerms } from "../reconcile/terms.js";
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
    const part = (of > 1 ? await shared(run, of, document) : undefined) ?? sievedPart(document(), run);
    if (part === undefined) return undefined;
    const { breaks, json: printed } = printedReport(part, packTerms(terms));
    if (json) print(printed);
    else {
      const { toText } = await import("../reconcile/text.js");
      process.stdout.write(toText(JSON.parse(new TextDecoder().decode(printed)) as Report));
    }
    return breaks === 0 ? FINE : NO;
  } finally {
    for (const { descriptor } of [...(ledger ?? []), ...(settlement ?? [])]) closeSync(descriptor);
  }
}

/** One share in each thread; this one does the first. `undefined` where one of them could not. */
async function shared(
  run: Sieved & { readonly ledger: readonly Opened[]; readonly settlement: readonly Opened[] },
  of: number,
  document: (more: { part: number; parts: number }) => Uint8Array,
): Promise<Uint8Array | undefined> {
  const { Worker } = await import("node:worker_threads");
  const names = (side: readonly Opened[]): string[] => side.map(({ name }) => name);
  const threads = Array.from({ length: of - 1 }, (_, index) => {
    const task: Task = { document: document({ part: index + 1, parts: of }), ledger: names(run.ledger), settlement: names(run.settlement), bank: run.bank };
    // Relative to where the build puts the code, which is in the folder `dist`.
    const thread = new Worker(new URL("./cli-reconcile-thread.js", import.meta.url), { workerData: task });
    return new Promise<Uint8Array | undefined>((resolve) => {
      thread.once("message", resolve);
      // A platform without threads does all of it in this one.
      thread.once("error", () => resolve(undefined));
    });
  });
  // Before this thread is busy, the others have to be on their way.
  await new Promise((resolve) => setImmediate(resolve));
  const own = sievedPart(document({ part: 0, parts: of }), run);
  const parts = [own, ...(await Promise.all(threads))].filter((part) => part !== undefined);
  if (parts.length < of) return undefined;
  return merged(parts, encode({ parts: parts.map(({ length }) => ({ length })) }));
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
function print(document: Uint8Array): void {
  for (let at = 0; at < document.length; ) {
    try {
      at += writeSync(STANDARD_OUTPUT, document, at, document.length - at);
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
