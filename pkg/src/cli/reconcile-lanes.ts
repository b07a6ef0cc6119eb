/**
 * The threads of `tillproof reconcile --workers N`, as the first of them sees the others.
 *
 * Invariant: what a thread cannot do, or is not there to do, this one does alone; nothing of it shows in the report.
 */

import { adopt, endsOf, finishFirst, giveFirst, hasLedger, hear, isForLanes, readFirst, readOn, readOnAlone, type Ends } from "../reconcile/lanes.js";
import { keptRows, newKey, thrown, type Side } from "../reconcile/sieving.js";
import { isTillproofError } from "../shell/errors.js";
import { Mailbox } from "./mailbox.js";
import type { Opened } from "./reconcile-files.js";
import type { Answer, Order } from "./reconcile-messages.js";

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

/** One of the other threads. */
export interface Thread {
  /** Its next answer; `undefined` where it cannot give one. */
  answer(): Promise<Answer | undefined>;
  tell(order: Order): void;
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
  // Of an error Node tells before what the thread had said by then, and of the end behind it.
  worker.on("error", () => undefined);
  worker.on("exit", () => box.end());
  return {
    answer: () => box.next<Answer>(),
    tell: (order) => worker.postMessage(order),
    end: () => {
      worker.postMessage(undefined);
      worker.unref();
    },
  };
}

/** Reads the files in lanes, or with what is left of them; no where they are to be read anew by one. */
export async function inLanes(run: Run, lanes: Lanes): Promise<boolean> {
  try {
    return await allLanes(run, lanes);
  } catch (error) {
    // Several lanes need more memory than one.
    const said = thrown(error);
    if (isTillproofError(said) && said.code === "internal_trap") return false;
    throw said;
  }
}

/** This thread is the first of the lanes, and puts together what all of them found. */
async function allLanes(run: Run, { threads, document, key, ends }: Lanes): Promise<boolean> {
  const sides = [run.ledger, run.settlement] as const;
  const ledger = readFirst(document, key, sides, ends);
  if (ledger === undefined) return false;
  // The first rows of the settlement that a thread tells come behind those of the ledger.
  const first = isForLanes() ? await all(threads, (thread) => heard(thread, 0)) : [];
  if (first.length === 0 || !first.every((answer) => answer?.kind === "rows")) {
    // What the others still say is heard by nobody.
    return hasLedger(ends) && readOnAlone(sides) && keptRows(run.bank);
  }
  const settlement = readOn(sides, ends);
  if (settlement === undefined) return false;
  const others = await all(threads, (thread) => heard(thread, 1));
  const lines = [[ledger, settlement] as const, ...others.flatMap((answer) => (answer?.kind === "lines" && answer.lines !== undefined ? [answer.lines] : []))];
  const staying = lines.length > threads.length ? finishFirst(ends) : undefined;
  if (staying === undefined) return false;
  for (const [place, own] of staying.entries()) threads[place]?.tell({ kind: "staying", staying: own });
  if (!giveFirst(sides)) return false;
  const kept = await all(threads, (thread) => thread.answer());
  const isAdopted = (answer: Answer | undefined, place: number): boolean =>
    answer?.kind === "kept" && answer.kept !== undefined && adopt(answer.kept, place + 1, sides, ends, lines);
  return kept.every(isAdopted) && keptRows(run.bank);
}

function all<T>(threads: readonly Thread[], ask: (thread: Thread) => Promise<T>): Promise<T[]> {
  return Promise.all(threads.map(ask));
}

/** Hears all rows of a side that a thread tells, and gives what it says then; `undefined` where it, or this one, cannot go on. */
async function heard(thread: Thread, side: Side): Promise<Answer | undefined> {
  for (;;) {
    const answer = await thread.answer();
    if (answer?.kind !== "rows" || answer.told.side !== side) return answer;
    if (!hear(answer.told)) return undefined;
  }
}
