/** What a worker is made of, and what it tells. */

import type { TypedEvent } from "../webhooks/events/index.js";
import type { VerifiedEvent } from "../webhooks/verifier.js";
import type { QueuedEvent } from "./event.js";
import type { Queue, QueueCounts, TransactionalQueue } from "./queue.js";
import type { BackoffOptions } from "./verdict.js";

/** What a handler may want to know beside the event. */
export interface JobContext {
  /** Stable over all attempts and replays: the key under which an effect outside should be made once. */
  readonly jobId: string;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** When the delivery came in, in milliseconds since the epoch. */
  readonly receivedAt: number;
  /** The stored headers of the delivery, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Aborted when the result no longer counts: the lease was lost, the attempt took too long, or a drain ran out of time. */
  readonly signal: AbortSignal;
}

/** What is common to both kinds of workers. */
export interface WorkerSettings {
  /** Jobs at a time; 8 when left out. */
  readonly concurrency?: number;
  /**
   * How long a job stays taken when its worker dies, in milliseconds; at least 100. When left out, the engine's own where
   * it has one (pg-boss), else 30,000.
   */
  readonly leaseMs?: number;
  /** The longest an attempt may take, in milliseconds; 15 minutes when left out. */
  readonly attemptMs?: number;
  /** Attempts until a job is put aside; 20 when left out. */
  readonly attemptsMax?: number;
  /** How attempts are spread. */
  readonly backoff?: BackoffOptions;
  /** How long an idle worker sleeps between two looks, in milliseconds; 250 when left out. */
  readonly pollMs?: number;
  /** How long a drain waits for running handlers before it gives their jobs back, in milliseconds; 25,000 when left out. */
  readonly drainMs?: number;
  /** Drains at these signals and then lets them end the process as they would have; none when left out. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Hears of each failed attempt and of each failure of the queue itself; `job` is absent for the latter. */
  readonly onError?: (
    error: unknown,
    job?: { readonly id: string; readonly type: string; readonly attempt: number } | undefined,
  ) => void;
}

/** A worker whose handler may run more than once for an event. `E` are the events of the receiver's verifier. */
export interface WorkerOptions<E extends TypedEvent = TypedEvent> extends WorkerSettings {
  readonly queue: Queue;
  readonly transaction?: false;
  /** Applies an event; the job fails when it throws. */
  readonly handler: (event: QueuedEvent & VerifiedEvent<E>, context: JobContext) => unknown;
}

/** A worker whose handler writes in the transaction that finishes the job, and so applies each event exactly once. */
export interface TransactionalWorkerOptions<Tx, E extends TypedEvent = TypedEvent> extends WorkerSettings {
  readonly queue: TransactionalQueue<Tx>;
  readonly transaction: true;
  /** Applies an event through `context.tx`; nothing it wrote there is kept when it throws. */
  readonly handler: (event: QueuedEvent & VerifiedEvent<E>, context: JobContext & { readonly tx: Tx }) => unknown;
}

/** How attempts of this worker ended. */
export interface WorkerCounts {
  /** Attempts begun. */
  readonly attempts: number;
  /** Events applied. */
  readonly done: number;
  /** Attempts that failed and will be tried again. */
  readonly failed: number;
  /** Jobs put aside. */
  readonly quarantined: number;
  /** Jobs given back by a drain. */
  readonly returned: number;
  /** Attempts whose result did not count, because the lease had ended. */
  readonly lost: number;
  /** Failures of the queue itself. */
  readonly errors: number;
}

/** How a queue and this worker stand. */
export interface WorkerMetrics {
  readonly queue: QueueCounts;
  readonly worker: WorkerCounts & { readonly running: number };
}

/** What a drain did. */
export interface DrainReport {
  /** Jobs that ended by themselves after the drain began. */
  readonly finished: number;
  /** Jobs that did not end in time: others may take them now. */
  readonly returned: number;
}

/** Runs the jobs of a queue. */
export interface Worker {
  /** Begins to take jobs; once is enough. Throws `worker_drained` after a drain. */
  start(): void;
  /** Takes no further job, waits for the running ones, and gives back what does not end in time. */
  drain(): Promise<DrainReport>;
  /** How the queue and this worker stand. */
  metrics(): Promise<WorkerMetrics>;
  /** The same in the text format Prometheus reads. */
  prometheus(): Promise<string>;
}
