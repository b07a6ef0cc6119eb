/**
 * The threads of `tillproof reconcile --workers N`, as the first of them sees the others.
 *
 * Invariant: what a thread cannot do, or is not there to do, this one does alone; nothing of it shows in the report.
 */

import { adopt, endsOf, finishFirst, giveFirst, hasLedger, hear, isForLanes, readFirst, readOn, readOnAlone, type Ends, type Lines, type Told } from "../reconcile/lanes.js";
import { keptRows, newKey, thrown, type Side, type Stretch } from "../reconcile/sieving.js";
import { isTillproofError } from "../shell/errors.js";
import { Mailbox } from "./mailbox.js";
import type { Opened } from "./reconcile-files.js";

/** More threads than this read faster than one holds against each other what they tell. */
const WORKERS_MAX = 16;

/** What a thread is given. */
export interface Task {
  readonly document: Uint8Array;
  readonly key: Uint8Array;
  /** Which of the lanes it is, from 1. */
  readonly lane: number;
  readonly ends: Ends;
  /** Descriptor and length of each file: opened again, it might be another. */
  readonly ledger: readonly (readonly [descriptor: number, length: number])[];
  readonly settlement: readonly (readonly [descriptor: number, length: number])[];
}

/** What it is given in the end: the part of the run, and which stretch of the report it is to print when its turn has come. */
export interface Telling extends Stretch {
  readonly part: Uint8Array;
  readonly terms: Uint8Array;
}

/** One of the other threads. */
export interface Thread {
  /** Its next answer; `undefined` where it cannot give one. */
  answer<T>(): Promise<T | undefined>;
  tell(message: unknown): void;
  end(): void;
}

/** The files of a run, and the bytes of its statements. */
export interface Run {
  readonly ledger: readonly Opened[];
  readonly settlement: readonly Opened[];
  readonly bank: Uint8Array;
}

/** The threads of a run, and what all of them know. */
export interface Lanes {
  readonly threads: readonly Thread[];
  readonly document: Uint8Array;
  readonly key: Uint8Array;
  readonly ends: Ends;
}

/** The other threads, each on its way with its stretches; `undefined` where no threads are to be had. */
export async function started(run: Run, workers: number, document: Uint8Array): Promise<Lanes | undefined> {
  const { Worker } = await import("node:worker_threads");
  const of = Math.min(workers, WORKERS_MAX);
  const files = (side: readonly Opened[]): [number, number][] => side.map(({ descriptor, length }) => [descriptor, length]);
  const [ledger, settlement] = [files(run.ledger), files(run.settlement)];
  const key = newKey();
  const ends = endsOf([run.ledger, run.settlement], of);
  const threads: Thread[] = [];
  try {
    while (threads.length < of - 1) {
      const task: Task = { document, key, lane: threads.length + 1, ends, ledger, settlement };
      // Relative to where the build puts the code, which is in the folder `dist`.
      threads.push(threadOf(new Worker(new URL("./cli-reconcile-thread.js", import.meta.url), { workerData: task })));
    }
  } catch {
    // Those that were made have to be told that it is over.
    for (const thread of threads) thread.end();
    return undefined;
  }
  // Before this thread is busy, the others have to be on their way.
  await new Promise((resolve) => setImmediate(resolve));
  return { threads, document, key, ends };
}

function threadOf(worker: import("node:worker_threads").Worker): Thread {
  const box = new Mailbox(worker);
  // What it does not answer, the first thread does.
  worker.on("error", () => box.end());
  worker.on("exit", () => box.end());
  return {
    answer: () => box.next(),
    tell: (message) => worker.postMessage(message),
    end: () => {
      worker.postMessage(undefined);
      worker.unref();
    },
  };
}

/** What came of lanes: the part of the run, and the threads that may tell it. */
export interface Read {
  readonly part: Uint8Array;
  readonly threads: readonly Thread[];
}

/** Reads the files in lanes, or with what is left of them; `undefined` where they are to be read anew by one. */
export async function inLanes(run: Run, lanes: Lanes): Promise<Read | undefined> {
  try {
    return await allLanes(run, lanes);
  } catch (error) {
    // Several lanes need more memory than one.
    const said = thrown(error);
    if (isTillproofError(said) && said.code === "internal_trap") return undefined;
    throw said;
  }
}

/** This thread is the first of the lanes, and puts together what all of them found. */
async function allLanes(run: Run, { threads, document, key, ends }: Lanes): Promise<Read | undefined> {
  const sides = [run.ledger, run.settlement] as const;
  const ledger = readFirst(document, key, sides, ends);
  if (ledger === undefined) return undefined;
  // The first rows of the settlement that a thread tells come behind those of the ledger.
  const first = isForLanes() ? await all(threads, (thread) => told(thread, 0)) : [];
  if (first.length === 0 || first.includes(undefined)) {
    // What the others still say is heard by nobody.
    const part = hasLedger(ends) && readOnAlone(sides) ? keptRows(run.bank) : undefined;
    return part === undefined ? undefined : { part, threads: [] };
  }
  const settlement = readOn(sides, ends);
  if (settlement === undefined) return undefined;
  const others = await all(threads, (thread) => told(thread, 1));
  const lines = [[ledger, settlement] as const, ...others.filter(areLines)];
  const staying = lines.length > threads.length ? finishFirst(ends) : undefined;
  if (staying === undefined) return undefined;
  for (const [place, thread] of threads.entries()) thread.tell(staying[place]);
  const own = giveFirst(sides);
  const kept = own === undefined ? [] : await all(threads, (thread) => thread.answer<Uint8Array>());
  const isWhole = kept.length > 0 && kept.every((part, place) => part !== undefined && adopt(part, place + 1, sides, ends, lines));
  const part = isWhole ? keptRows(run.bank) : undefined;
  return part === undefined ? undefined : { part, threads };
}

function areLines(message: Told | Lines | undefined): message is Lines {
  return message !== undefined && !("bytes" in message);
}

function all<T>(threads: readonly Thread[], ask: (thread: Thread) => Promise<T>): Promise<T[]> {
  return Promise.all(threads.map(ask));
}

/** Hears all rows of a side that a thread tells, and gives what it says then; `undefined` where it, or this one, cannot go on. */
async function told(thread: Thread, side: Side): Promise<Told | Lines | undefined> {
  for (;;) {
    const message = await thread.answer<Told | Lines>();
    if (message === undefined || !("bytes" in message) || message.side !== side) return message;
    if (!hear(message)) return undefined;
  }
}
