/**
 * Reconciliations as pg-boss jobs, for those who run it on PostgreSQL.
 *
 * Invariant: a part is a job whose id is made of its run, so the database refuses the second one. A worker that died is
 * found by pg-boss's supervision, by its heart that no longer beats, and its part is begun again: at least one instance must
 * run with `supervise`.
 */

import { count, fn, onlyKnown } from "../shell/guard.js";
import { queueName } from "../worker/identity.js";
import { ATTEMPTS, KEPT_SECONDS, reconcilerOf, type JobsWorker, type PartJob, type PartResult, type PartsEngine, type PartState, type ReadFile, type Reconciler } from "./jobs.js";

export type { JobsFile, JobsResult, JobsRun, JobsWait, JobsWorker, ReadFile, Reconciler } from "./jobs.js";

/** What is used of a `PgBoss` that was started. */
export interface ReconcilePgBoss {
  createQueue(name: string, options: object): Promise<void>;
  insert(name: string, jobs: object[]): Promise<unknown>;
  getJobById(name: string, id: string): Promise<{ readonly state: string; readonly output: unknown } | null>;
  deleteJob(name: string, id: string): Promise<unknown>;
  work(name: string, options: never, handler: (jobs: { readonly data: unknown }[]) => Promise<unknown>): Promise<string>;
  offWork(name: string, options: never): Promise<void>;
}

/** How pg-boss is used. */
export interface PgBossReconcilerOptions {
  /** Fetches a file by its place, on the machine that works. */
  readonly read: ReadFile;
  /** The name of the queue, which holds nothing else; `reconcile` when left out. */
  readonly name?: string | undefined;
  /**
   * How long a part may keep its thread busy, in seconds, before another worker begins it too; 60 when left out, at least
   * 10. A part is one call into wasm, during which no heart beats: some seconds for ten million rows.
   */
  readonly heartbeatSeconds?: number | undefined;
}

const HEARTBEAT_SECONDS = 60;

/** The longest pg-boss lets a job run, in seconds, whatever its heartbeat says: a day is its own limit. */
const EXPIRE_SECONDS = 86_400;

/** How often a worker looks for a job, in seconds. */
const POLL_SECONDS = 0.5;

/**
 * A reconciler on pg-boss 12.34 or newer, in the instance the caller started and stops.
 *
 * Throws `queue_name_invalid` or what names a wrong option.
 */
export function pgBossReconciler(boss: ReconcilePgBoss, options: PgBossReconcilerOptions): Reconciler {
  onlyKnown("options", options, ["read", "name", "heartbeatSeconds"]);
  return reconcilerOf(new PgBossEngine(boss, options), options.read);
}

class PgBossEngine implements PartsEngine {
  readonly #boss: ReconcilePgBoss;
  readonly #name: string;
  readonly #heartbeatSeconds: number;
  #made: Promise<void> | undefined;

  constructor(boss: ReconcilePgBoss, options: PgBossReconcilerOptions) {
    fn("boss.work", boss?.work);
    this.#boss = boss;
    this.#name = queueName(options.name ?? "reconcile");
    this.#heartbeatSeconds = count("heartbeatSeconds", options.heartbeatSeconds ?? HEARTBEAT_SECONDS, 10);
  }

  async add(jobs: readonly PartJob[]): Promise<void> {
    await this.#ready();
    await this.#boss.insert(this.#name, jobs.map(({ id, data }) => ({ id, data })));
  }

  async state(id: string): Promise<PartState> {
    const job = await this.#boss.getJobById(this.#name, id);
    switch (job?.state) {
      case undefined:
      case "cancelled":
        return { as: "unknown" };
      case "completed":
        return { as: "done", result: job?.output };
      case "failed":
        return { as: "failed", reason: String((job?.output as { message?: unknown } | null)?.message ?? "") };
      default:
        return { as: "open" };
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#boss.deleteJob(this.#name, id);
  }

  async work(make: (data: unknown) => Promise<PartResult>): Promise<JobsWorker> {
    await this.#ready();
    const options = { pollingIntervalSeconds: POLL_SECONDS, batchSize: 1 };
    const id = await this.#boss.work(this.#name, options as never, ([job]) => make(job?.data));
    return { stop: () => this.#boss.offWork(this.#name, { id, wait: true } as never) };
  }

  /** Closes nothing: the instance is the caller's. */
  async close(): Promise<void> {}

  /** Made once; a try that failed is made again. */
  #ready(): Promise<void> {
    this.#made ??= this.#create().catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    return this.#made;
  }

  async #create(): Promise<void> {
    await this.#boss.createQueue(this.#name, {
      retryLimit: ATTEMPTS - 1,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 60,
      expireInSeconds: EXPIRE_SECONDS,
      heartbeatSeconds: this.#heartbeatSeconds,
      deleteAfterSeconds: KEPT_SECONDS,
    });
  }
}
