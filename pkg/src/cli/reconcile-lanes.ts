/**
 * The threads of `tillproof reconcile --workers N`, as the first of them sees the others.
 *
 * Invariant: what a thread cannot do, or is not there to do, this one does alone; nothing of it shows in the report.
 */

import { adopt, endsOf, finishFirst, giveFirst, hasLedger, hear, isForLanes, readFirst, readOn, readOnAlone, type Ends, type Lines, type Told } from "../reconcile/lanes.js";
import { keptRows, newKey, type Side, type Stretch } from "../reconcile/sieving.js";
import { Mailbox } from "./mailbox.js";
import type { Opened } from "./reconcile-files.js";

/** More threads than this would each hold the whole ledger for little. */
const WORKERS_MAX = 16;

/** What a thread is given. */
export interface Task {
  readonly document: Uint8Array;
  readonly key: Uint8Array;
  /** Which of the lanes it is, from 1. */
  readonly lane: number;
  readonly ends: Ends;
  readonly ledger: readonly string[];
  readonly settlement: readonly string[];
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
  const names = (side: readonly Opened[]): string[] => side.map(({ name }) => name);
  const [ledger, settlement] = [names(run.ledger), names(run.settlement)];
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

/** Reads the files in lanes, of which this thread is the first and puts together what all of them found; `undefined` where one could not. */
export async function inLanes(run: Run, { threads, document, key, ends }: Lanes): Promise<Uint8Array | undefined> {
  const sides = [run.ledger, run.settlement] as const;
  const ledger = readFirst(document, key, sides, ends);
  if (ledger === undefined) return undefined;
  // The first rows of the settlement that a thread tells come behind those of the ledger.
  const first = isForLanes() ? await all(threads, (thread) => told(thread, 0)) : [];
  if (first.length === 0 || first.includes(undefined)) {
    return hasLedger(ends) && readOnAlone(sides) ? keptRows(run.bank) : undefined;
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
  return isWhole ? keptRows(run.bank) : undefined;
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
