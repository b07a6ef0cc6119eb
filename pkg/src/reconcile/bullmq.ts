/**
 * Reconciliations as BullMQ jobs, for those who run it on Redis.
 *
 * Invariant: a part is a job whose id is made of its run, so Redis itself refuses the second one. A worker that died is
 * found by BullMQ's check for stalled jobs, of whoever still works, and its part is begun again.
 */

import { count, fn, onlyKnown } from "../shell/guard.js";
import { queueName } from "../worker/identity.js";
import { ATTEMPTS, KEPT_SECONDS, reconcilerOf, type JobsWorker, type PartJob, type PartResult, type PartsEngine, type PartState, type ReadFile, type Reconciler } from "./jobs.js";

export type { JobsFile, JobsResult, JobsRun, JobsWait, JobsWorker, ReadFile, Reconciler } from "./jobs.js";

/** What is used of BullMQ's `Job`. */
export interface ReconcileBullmqJob {
  readonly data: unknown;
  readonly returnvalue: unknown;
  readonly failedReason?: string;
  getState(): Promise<string>;
  remove(): Promise<void>;
}

/** What is used of BullMQ's `Queue`. */
export interface ReconcileBullmqQueue {
  addBulk(jobs: never[]): Promise<unknown>;
  getJob(id: string): Promise<ReconcileBullmqJob | undefined>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

/** What is used of BullMQ's `Worker`. */
export interface ReconcileBullmqWorker {
  waitUntilReady(): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

/** How BullMQ is used. */
export interface BullmqReconcilerOptions {
  /** BullMQ's class of this name. */
  readonly Queue: new (name: string, options: never) => ReconcileBullmqQueue;
  /** BullMQ's class of this name. */
  readonly Worker: new (name: string, processor: (job: ReconcileBullmqJob) => Promise<unknown>, options: never) => ReconcileBullmqWorker;
  /** What BullMQ takes as `connection`. */
  readonly connection: unknown;
  /** Fetches a file by its place, on the machine that works. */
  readonly read: ReadFile;
  /** The name of the queue, which holds nothing else; `reconcile` when left out. */
  readonly name?: string | undefined;
  /** The prefix of keys in Redis; BullMQ's own when left out. */
  readonly prefix?: string | undefined;
  /**
   * How long a part may keep its thread busy, in milliseconds, before another worker begins it too; 60,000 when left out.
   * A part is one call into wasm, which lets nothing else happen: some seconds for ten million rows.
   */
  readonly leaseMs?: number | undefined;
  /** Hears of lost connections, which BullMQ mends by itself. */
  readonly onError?: ((error: Error) => void) | undefined;
}

const LEASE_MS = 60_000;

/** A worker that dies is no mistake of the job. */
const STALLED_MAX = 1_000_000_000;

/** The first wait after a file could not be fetched, in milliseconds; it doubles. */
const BACKOFF_MS = 250;

/**
 * A reconciler on BullMQ 5 or newer.
 *
 * Throws `queue_name_invalid` or what names a wrong option.
 */
export function bullmqReconciler(options: BullmqReconcilerOptions): Reconciler {
  onlyKnown("options", options, ["Queue", "Worker", "connection", "read", "name", "prefix", "leaseMs", "onError"]);
  return reconcilerOf(new BullmqEngine(options), options.read);
}

class BullmqEngine implements PartsEngine {
  readonly #options: BullmqReconcilerOptions;
  readonly #name: string;
  readonly #leaseMs: number;
  readonly #queue: ReconcileBullmqQueue;

  constructor(options: BullmqReconcilerOptions) {
    fn("Queue", options.Queue);
    fn("Worker", options.Worker);
    this.#options = options;
    this.#name = queueName(options.name ?? "reconcile");
    this.#leaseMs = count("leaseMs", options.leaseMs ?? LEASE_MS, 1_000);
    this.#queue = new options.Queue(this.#name, this.#settings() as never);
    this.#queue.on("error", this.#heard);
  }

  async add(jobs: readonly PartJob[]): Promise<void> {
    const kept = { age: KEPT_SECONDS };
    await this.#queue.addBulk(
      jobs.map(({ id, data }) => ({
        name: "part",
        data,
        opts: { jobId: id, attempts: ATTEMPTS, backoff: { type: "exponential", delay: BACKOFF_MS }, removeOnComplete: kept, removeOnFail: kept },
      })) as never[],
    );
  }

  async state(id: string): Promise<PartState> {
    const job = await this.#queue.getJob(id);
    const state = await job?.getState();
    if (job === undefined || state === "unknown") return { as: "unknown" };
    // Read before the job was done, it has no result yet.
    if (state === "completed" && job.returnvalue !== null) return { as: "done", result: job.returnvalue };
    if (state === "failed") return { as: "failed", reason: job.failedReason ?? "" };
    return { as: "open" };
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      // A part that is just being made again keeps its job, which goes by itself after a day.
      await (await this.#queue.getJob(id))?.remove().catch(() => undefined);
    }
  }

  async work(make: (data: unknown) => Promise<PartResult>): Promise<JobsWorker> {
    const settings = { lockDuration: this.#leaseMs, stalledInterval: Math.ceil(this.#leaseMs / 2), maxStalledCount: STALLED_MAX, concurrency: 1 };
    const worker = new this.#options.Worker(this.#name, (job) => make(job.data), { ...this.#settings(), ...settings } as never);
    worker.on("error", this.#heard);
    await worker.waitUntilReady();
    return { stop: () => worker.close() };
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  #settings(): Record<string, unknown> {
    const { connection, prefix } = this.#options;
    return { connection, ...(prefix === undefined ? {} : { prefix }) };
  }

  readonly #heard = (error: Error): void => this.#options.onError?.(error);
}
