/**
 * A queue in BullMQ, for those who already run it on Redis.
 *
 * Invariant: a job's id is the identity of its event, so Redis itself refuses the second one; every change carries the
 * token under which the job was taken, and BullMQ refuses a token whose lock is gone. What is put aside is in BullMQ's
 * `failed` set, what is done in `completed`, so its dashboards show the truth.
 *
 * The body is stored once for each event of a delivery. An effect may be made twice: nothing of the handler's can be part
 * of a command to Redis. Durability is the server's: `appendonly yes`, `appendfsync always` for every acknowledged
 * delivery (`everysec` may lose the last second) and `maxmemory-policy noeviction`.
 */

import { fn, onlyKnown, text } from "../shell/guard.js";
import { queueName } from "../worker/identity.js";
import type { Ending, NewJob, QuarantinedJob, Queue, QueueCounts, RawDelivery, ReplayOptions, TakenJob } from "../worker/queue.js";
import { Listeners } from "./added.js";
import { checkedJob, deliveryOf, encodedJob, unreadJob, type EncodedJob } from "./encoded.js";
import { damage, orElse, replayRange, retentionOf, takeBounds, type Retention } from "./record.js";

/** What is used of BullMQ's `Job`. */
export interface BullmqJob {
  id?: string | undefined;
  data: unknown;
  timestamp: number;
  attemptsStarted: number;
  failedReason?: string;
  finishedOn?: number;
  extendLock(token: string, duration: number): Promise<number>;
  log(row: string): Promise<number>;
  moveToCompleted(value: never, token: string, fetchNext?: boolean): Promise<unknown>;
  moveToDelayed(timestamp: number, token?: string): Promise<void>;
  moveToFailed(error: Error, token: string, fetchNext?: boolean): Promise<unknown>;
  moveToWait(token?: string): Promise<unknown>;
  retry(state?: "completed" | "failed", options?: { resetAttemptsMade?: boolean; resetAttemptsStarted?: boolean }): Promise<void>;
  isFailed(): Promise<boolean>;
}

/** What is used of BullMQ's `Queue`. */
export interface BullmqQueue {
  addBulk(jobs: never[]): Promise<BullmqJob[]>;
  getJob(id: string): Promise<BullmqJob | undefined>;
  getJobState(id: string): Promise<string>;
  getJobCounts(...states: never[]): Promise<Record<string, number>>;
  getJobs(states: never[], start: number, end: number, ascending: boolean): Promise<(BullmqJob | undefined)[]>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

/** What is used of BullMQ's `Worker`. */
export interface BullmqWorker {
  getNextJob(token: string, options: { block: boolean }): Promise<BullmqJob | undefined>;
  startStalledCheckTimer(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(force?: boolean): Promise<void>;
}

/** How the queue uses BullMQ. */
export interface BullmqQueueOptions {
  /** BullMQ's class of this name. */
  readonly Queue: new (name: string, options: never) => BullmqQueue;
  /** BullMQ's class of this name. */
  readonly Worker: new (name: string, processor: null, options: never) => BullmqWorker;
  /** What BullMQ takes as `connection`: options, or a client of `ioredis` with `maxRetriesPerRequest: null`. */
  readonly connection: unknown;
  /** The name of the queue, also in BullMQ; `default` when left out. */
  readonly name?: string;
  /** The prefix of keys in Redis; BullMQ's own when left out. */
  readonly prefix?: string;
  /** How long what is done is kept. A job is one record here, so the body lives as long as its event: `eventMs`. */
  readonly retention?: Pick<Retention, "eventMs">;
  /** Hears of lost connections, which BullMQ mends by itself. */
  readonly onError?: (error: Error) => void;
}

/** Stalled jobs are moved to `failed` beyond this count; how often is too often is for the worker to decide. */
const STALLED_MAX = 1_000_000_000;

/** Codes of BullMQ's scripts for: no such job, no lock, not active, the lock of another. */
const NOT_OURS: ReadonlySet<unknown> = new Set([-1, -2, -3, -6]);

/** Jobs read at a time where many may be kept. */
const PAGE = 100;

/** The states of jobs that can be taken now. */
const WAITING = ["wait", "paused", "prioritized"];

/**
 * A queue in BullMQ 5 or newer. Keeps no order of keys: that is a feature of BullMQ's paid edition.
 *
 * Throws `queue_name_invalid`, `retention_invalid` or what names a wrong option.
 */
export function bullmqQueue(options: BullmqQueueOptions): Queue {
  onlyKnown("options", options, ["Queue", "Worker", "connection", "name", "prefix", "retention", "onError"]);
  return new BullmqEngine(options);
}

class BullmqEngine implements Queue {
  readonly name: string;
  readonly keepsOrder = false;
  readonly #options: BullmqQueueOptions;
  readonly #queue: BullmqQueue;
  readonly #eventMs: number;
  readonly #listeners = new Listeners();
  readonly onAdded = this.#listeners.listen;
  readonly #held = new WeakMap<TakenJob, BullmqJob>();
  #worker: { readonly worker: BullmqWorker; readonly leaseMs: number } | undefined;

  constructor(options: BullmqQueueOptions) {
    fn("Queue", options.Queue);
    fn("Worker", options.Worker);
    this.name = queueName(options.name);
    const { eventMs } = onlyKnown("retention", options.retention ?? {}, ["eventMs"]);
    // The body lives as long as the memory of its event.
    this.#eventMs = retentionOf(eventMs === undefined ? {} : { eventMs, payloadMs: eventMs }).eventMs;
    this.#options = options;
    this.#queue = new options.Queue(this.name, this.#settings() as never);
    this.#queue.on("error", this.#heard);
  }

  async add(delivery: RawDelivery, jobs: readonly NewJob[]): Promise<boolean[]> {
    const ids = jobs.map(({ identities: [identity = ""] }) => jobId(identity));
    // Only for the answer: what is stored twice, Redis decides when the jobs are added.
    const states = await Promise.all(ids.map((id) => this.#queue.getJobState(id)));
    const fresh = new Set(ids.filter((_, index) => states[index] === "unknown"));
    if (fresh.size === 0) return jobs.map(() => false);
    const added = await this.#queue.addBulk(
      jobs.map((job, index) => {
        const [, content] = job.identities;
        return {
          name: job.event.type.slice(0, 200),
          data: encodedJob(ids[index] ?? "", job, delivery),
          opts: {
            jobId: ids[index],
            removeOnComplete: { age: Math.ceil(this.#eventMs / 1_000) },
            ...(content === undefined ? {} : { deduplication: { id: jobId(content), ttl: this.#eventMs } }),
          },
        };
      }) as never[],
    );
    // BullMQ answers with the id of the job that is there: another one where the content was known.
    const answers = ids.map((id, index) => added[index]?.id === id && fresh.delete(id));
    if (answers.includes(true)) this.#listeners.tell();
    return answers;
  }

  async take(request: { readonly limit: number; readonly leaseMs: number }): Promise<TakenJob[]> {
    const { limit, leaseMs } = takeBounds(request);
    const { worker, leaseMs: usual } = await this.#ready(leaseMs);
    const taken: TakenJob[] = [];
    while (taken.length < limit) {
      const token = crypto.randomUUID();
      const job = await worker.getNextJob(token, { block: false });
      if (job === undefined || job === null) break;
      if (leaseMs !== usual) await job.extendLock(token, leaseMs);
      try {
        const data = checkedJob(job.data);
        const { id, event, orderKey } = data;
        const order = orderKey === undefined ? {} : { orderKey };
        const attempt = Math.max(1, job.attemptsStarted);
        const one: TakenJob = { id, fence: token, attempt, event, delivery: deliveryOf(data), ...order };
        this.#held.set(one, job);
        taken.push(one);
      } catch (error) {
        // Where that fails, its lease ends and it is met again; the jobs taken with it shall not wait for that.
        await job.moveToFailed(unstacked(damage(error)), token, false).catch(() => undefined);
      }
    }
    return taken;
  }

  async renew(job: TakenJob, leaseMs: number): Promise<boolean> {
    return this.#ours(job, async (held) => (await held.extendLock(job.fence, leaseMs)) !== 0);
  }

  async settle(job: TakenJob, ending: Ending): Promise<boolean> {
    return this.#ours(job, async (held) => {
      switch (ending.as) {
        case "done":
          await held.moveToCompleted(null as never, job.fence, false);
          return true;
        case "quarantined":
          await held.moveToFailed(unstacked(ending.error), job.fence, false);
          return true;
        case "retry":
          await held.moveToDelayed(Date.now() + Math.max(1, ending.delayMs), job.fence);
          // Beside the move and not before it: a line in a log is worth no lost lease.
          await held.log(ending.error).catch(() => 0);
          return true;
        case "returned":
          await held.moveToWait(job.fence);
          return true;
      }
    });
  }

  async counts(): Promise<QueueCounts> {
    const counts = await this.#queue.getJobCounts(...([...WAITING, "delayed", "active", "failed"] as never[]));
    const firstOf = async (...states: string[]): Promise<BullmqJob[]> =>
      (await this.#queue.getJobs(states as never[], 0, 0, true)).filter((job) => job !== undefined);
    const [waiting, others] = await Promise.all([firstOf(...WAITING), firstOf("delayed", "active")]);
    const now = Date.now();
    const ages = (jobs: BullmqJob[], since: (job: BullmqJob) => number): number =>
      jobs.reduce((most, job) => Math.max(most, now - since(job)), 0);
    const ready = WAITING.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    return {
      ready,
      delayed: counts["delayed"] ?? 0,
      taken: counts["active"] ?? 0,
      quarantined: counts["failed"] ?? 0,
      lagMs: ages(waiting, (job) => job.timestamp),
      oldestAgeMs: ages([...waiting, ...others], (job) => (job.data as EncodedJob).receivedAt),
      attemptsMost: [...waiting, ...others].reduce((most, job) => Math.max(most, job.attemptsStarted), 0),
    };
  }

  async quarantined(limit: number): Promise<QuarantinedJob[]> {
    const jobs = await this.#queue.getJobs(["failed"] as never[], 0, Math.max(0, limit - 1), true);
    return jobs.slice(0, limit).flatMap((job) => {
      if (job === undefined) return [];
      const data = orElse(() => checkedJob(job.data), unreadJob(job.id ?? ""));
      const { failedReason: error = "", attemptsStarted: attempts, finishedOn: quarantinedAt = 0 } = job;
      return [{ id: data.id, event: data.event, delivery: deliveryOf(data), error, attempts, quarantinedAt }];
    });
  }

  async release(id: string): Promise<boolean> {
    const job = await this.#queue.getJob(text("id", id));
    if (job === undefined || job === null || !(await job.isFailed())) return false;
    return this.#again(job, "failed");
  }

  async replay(options: ReplayOptions): Promise<number> {
    const { from, to, type } = replayRange(options);
    // Only collected first: a job that is retried leaves the set, and the pages would shift.
    const wanted: string[] = [];
    for (let start = 0; ; start += PAGE) {
      const page = await this.#queue.getJobs(["completed"] as never[], start, start + PAGE - 1, true);
      for (const job of page) {
        const { id, receivedAt, event } = (job?.data ?? { receivedAt: -1 }) as EncodedJob;
        if (receivedAt >= from && receivedAt < to && (type === undefined || event.type === type)) wanted.push(id);
      }
      if (page.length < PAGE) break;
    }
    let replayed = 0;
    for (const id of wanted) {
      const job = await this.#queue.getJob(id);
      if (job !== undefined && job !== null && (await this.#again(job, "completed"))) replayed += 1;
    }
    return replayed;
  }

  async purge(): Promise<number> {
    // BullMQ removes by itself what is older than `removeOnComplete` says.
    return 0;
  }

  async close(): Promise<void> {
    await this.#worker?.worker.close(true);
    await this.#queue.close();
  }

  async #again(job: BullmqJob, from: "completed" | "failed"): Promise<boolean> {
    try {
      await job.retry(from, { resetAttemptsMade: true, resetAttemptsStarted: true });
    } catch (error) {
      if (NOT_OURS.has((error as { code?: unknown }).code)) return false;
      throw error;
    }
    this.#listeners.tell();
    return true;
  }

  /** Whether a change of a taken job was accepted; a lock that is gone is an answer. */
  async #ours(job: TakenJob, change: (held: BullmqJob) => Promise<boolean>): Promise<boolean> {
    const held = this.#held.get(job) ?? (await this.#queue.getJob(job.id));
    if (held === undefined || held === null) return false;
    try {
      return await change(held);
    } catch (error) {
      if (NOT_OURS.has((error as { code?: unknown }).code)) return false;
      throw error;
    }
  }

  /** The worker is made at the first taking: a process that only receives needs none. */
  async #ready(leaseMs: number): Promise<{ readonly worker: BullmqWorker; readonly leaseMs: number }> {
    if (this.#worker !== undefined) return this.#worker;
    const settings = { autorun: false, lockDuration: leaseMs, stalledInterval: Math.ceil(leaseMs / 2), maxStalledCount: STALLED_MAX };
    const worker = new this.#options.Worker(this.name, null, { ...this.#settings(), ...settings } as never);
    worker.on("error", this.#heard);
    this.#worker = { worker, leaseMs };
    await worker.startStalledCheckTimer();
    return this.#worker;
  }

  #settings(): Record<string, unknown> {
    const { connection, prefix } = this.#options;
    return { connection, ...(prefix === undefined ? {} : { prefix }) };
  }

  readonly #heard = (error: Error): void => this.#options.onError?.(error);
}

/** BullMQ's ids have no colon and are not all digits; an identity always has a slash or a `#`, which is escaped too. */
function jobId(identity: string): string {
  return encodeURIComponent(identity);
}

/** The text is the whole story already; where this file made an error of it says nothing. */
function unstacked(message: string): Error {
  const error = new Error(message);
  error.stack = "";
  return error;
}
