/**
 * Takes jobs, runs the handler, and ends each job exactly one way.
 *
 * Invariant: at any moment each taken job is in `#running`, and whatever happens to it (success, failure, a lost lease,
 * a drain) passes through {@link QueueWorker.#end} once. What this process cannot say any more, because it died, the
 * end of the lease says for it.
 */

import { count, fn, flag, list, onlyKnown, refusal } from "../shell/guard.js";
import { tell } from "../shell/listener.js";
import { TillproofError } from "../shell/errors.js";
import type { TypedEvent } from "../webhooks/events/index.js";
import { QueuedEvent } from "./event.js";
import { prometheusOf } from "./metrics.js";
import { queueShape, transactional } from "./options.js";
import type { Ending, Queue, TakenJob, TransactionalQueue } from "./queue.js";
import { drainAt } from "./signals.js";
import type {
  DrainReport,
  JobContext,
  TransactionalWorkerOptions,
  Worker,
  WorkerMetrics,
  WorkerOptions,
  WorkerSettings,
} from "./settings.js";
import { afterFailure, checkBackoff, exhausted, type RetryPolicy } from "./verdict.js";

/** Why the signal of an attempt was aborted. */
type Interruption = "attempt_timeout" | "lease_lost" | "drained";

/** Below this, a lease would end during an ordinary pause of the process. */
const LEASE_MS_MIN = 100;

/** Renewed this often within a lease, so that two lost heartbeats in a row are no harm. */
const HEARTBEATS = 3;

/** How often retention is looked after, in milliseconds. */
const PURGE_EVERY_MS = 60_000;

/** How long a drain whose time is up waits for the queue to take the jobs back, in milliseconds. */
const GIVE_BACK_MS = 3_000;

/** The longest pause after the queue itself failed, in milliseconds. */
const PAUSE_MS_MAX = 10_000;

const SETTINGS = [
  "queue",
  "handler",
  "transaction",
  "concurrency",
  "leaseMs",
  "attemptMs",
  "attemptsMax",
  "backoff",
  "pollMs",
  "drainMs",
  "signals",
  "onError",
] as const;

/**
 * Runs one job to its end; resolves to how it is to be ended, or that it was, or that it is another's. Calls
 * `locked` when from now on nobody else can take the job.
 */
type Attempt = (job: TakenJob, context: JobContext, locked: () => void) => Promise<Ending | "written" | "lost">;

/**
 * A worker.
 *
 * Throws `queue_invalid`, `queue_not_transactional`, `lease_too_long`, `unknown_option`, or what names an option of the wrong type or range.
 */
export function createWorker<E extends TypedEvent = TypedEvent>(options: WorkerOptions<E>): Worker;
export function createWorker<Tx, E extends TypedEvent = TypedEvent>(options: TransactionalWorkerOptions<Tx, E>): Worker;
export function createWorker<Tx>(options: WorkerOptions | TransactionalWorkerOptions<Tx>): Worker {
  onlyKnown("options", options as WorkerOptions, SETTINGS);
  queueShape<Queue>("queue", options.queue);
  fn("handler", options.handler);
  if (flag("transaction", options.transaction) !== true) return new QueueWorker(options, besides(options as WorkerOptions));
  const queue = transactional(options.queue);
  return new QueueWorker(options, inside(queue, (options as TransactionalWorkerOptions<unknown>).handler));
}

/** The handler first, the end of the job after it. */
function besides({ handler }: WorkerOptions): Attempt {
  return async (job, context) => {
    await unlessAborted(handler(new QueuedEvent(job.event, job.delivery), context), context.signal);
    return { as: "done" };
  };
}

/** Both together. */
function inside(queue: TransactionalQueue<unknown>, handler: TransactionalWorkerOptions<unknown>["handler"]): Attempt {
  return async (job, context, locked) => {
    const event = new QueuedEvent(job.event, job.delivery);
    const work = (tx: unknown): unknown => {
      locked();
      return handler(event, { ...context, tx });
    };
    const outcome = await queue.transact(job, work, context.signal);
    return outcome === "done" ? "written" : "lost";
  };
}

/** A handler that ignores its signal may go on for ever; nobody waits for it. */
async function unlessAborted(work: unknown, signal: AbortSignal): Promise<void> {
  await Promise.race([
    work,
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true })),
  ]);
}

/** A job this process has. */
interface Running {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

class QueueWorker implements Worker {
  readonly #queue: Queue;
  readonly #attempt: Attempt;
  readonly #concurrency: number;
  readonly #leaseMs: number;
  readonly #attemptMs: number;
  readonly #policy: RetryPolicy;
  readonly #pollMs: number;
  readonly #drainMs: number;
  readonly #signals: readonly NodeJS.Signals[];
  readonly #onError: NonNullable<WorkerSettings["onError"]>;
  readonly #running = new Map<string, Running>();
  readonly #counts = { attempts: 0, done: 0, failed: 0, quarantined: 0, returned: 0, lost: 0, errors: 0 };
  #loop: Promise<void> | undefined;
  #draining: Promise<DrainReport> | undefined;
  /** The time of the drain is up: what the queue still hands out is given back unseen. */
  #closed = false;
  /** Ends the listening for signals. */
  #unlisten: () => void = () => undefined;
  /** Ends the present sleep of the loop. */
  #wake: () => void = () => undefined;
  /** Something happened since the loop last looked, perhaps while nobody slept. */
  #roused = false;
  #purgedAt = -Infinity;
  #failures = 0;

  constructor(options: WorkerSettings & { readonly queue: Queue; readonly transaction?: boolean }, attempt: Attempt) {
    this.#queue = options.queue;
    this.#attempt = attempt;
    const concurrency = count("concurrency", options.concurrency ?? 8, 1);
    const serial = options.transaction === true && (options.queue as Partial<TransactionalQueue<unknown>>).serial === true;
    this.#concurrency = serial ? 1 : concurrency;
    this.#leaseMs = leaseOf(options.queue, options.leaseMs);
    this.#attemptMs = count("attemptMs", options.attemptMs ?? 900_000, 1);
    const given = onlyKnown("backoff", options.backoff ?? {}, ["baseMs", "capMs", "jitter"]);
    const backoff = { baseMs: 1_000, capMs: 3_600_000, jitter: "equal" as const, ...given };
    checkBackoff(backoff);
    this.#policy = { attemptsMax: count("attemptsMax", options.attemptsMax ?? 20, 1), backoff };
    this.#pollMs = count("pollMs", options.pollMs ?? 250, 1);
    this.#drainMs = count("drainMs", options.drainMs ?? 25_000);
    this.#signals = list("signals", options.signals ?? []);
    this.#onError = fn("onError", options.onError ?? ((error, job) => console.error(...(job === undefined ? [error] : [error, job]))));
  }

  start(): void {
    if (this.#draining !== undefined) {
      throw new TillproofError({
        code: "worker_drained",
        message: "this worker was drained and takes no more jobs: make a new one",
      });
    }
    if (this.#loop !== undefined) return;
    this.#unlisten = drainAt(this.#signals, () => this.drain());
    this.#loop = this.#takeAndRun();
  }

  drain(): Promise<DrainReport> {
    if (this.#draining === undefined) {
      this.#draining = this.#drain();
      this.#rouse();
    }
    return this.#draining;
  }

  async metrics(): Promise<WorkerMetrics> {
    const queue = await this.#queue.counts();
    return { queue, worker: { ...this.#counts, running: this.#running.size } };
  }

  async prometheus(): Promise<string> {
    return prometheusOf(this.#queue.name, await this.metrics());
  }

  async #takeAndRun(): Promise<void> {
    const unsubscribe = this.#queue.onAdded(() => this.#rouse());
    try {
      while (this.#draining === undefined) {
        this.#roused = false;
        const free = this.#concurrency - this.#running.size;
        for (const job of free > 0 ? await this.#take(free) : []) this.#begin(job);
        await this.#purge();
        // Without a free place, only the end of a job can change anything.
        await this.#sleep(this.#running.size < this.#concurrency);
      }
    } finally {
      unsubscribe();
    }
  }

  /** Jobs, or none when the queue cannot say; then the next look comes later and later. */
  async #take(limit: number): Promise<TakenJob[]> {
    try {
      const jobs = await this.#queue.take({ limit, leaseMs: this.#leaseMs });
      this.#failures = 0;
      return jobs;
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  #begin(job: TakenJob): void {
    const controller = new AbortController();
    const ended = this.#run(job, controller).finally(() => {
      this.#running.delete(job.id);
      this.#rouse();
    });
    this.#running.set(job.id, { controller, ended });
  }

  async #run(job: TakenJob, controller: AbortController): Promise<void> {
    if (this.#closed) return this.#end(job, { as: "returned" });
    const tooOften = exhausted(job, this.#policy);
    if (tooOften !== undefined) return this.#end(job, tooOften);
    this.#counts.attempts += 1;
    const interrupt = (why: Interruption): void => controller.abort(interruption(why));
    const beat = (): void => void this.#renew(job, interrupt);
    const heartbeat = setInterval(beat, Math.max(1, Math.floor(this.#leaseMs / HEARTBEATS)));
    const timeout = setTimeout(interrupt, this.#attemptMs, "attempt_timeout" satisfies Interruption);
    const context: JobContext = {
      jobId: job.id,
      attempt: job.attempt,
      attemptsMax: this.#policy.attemptsMax,
      receivedAt: job.delivery.receivedAt,
      headers: job.delivery.headers,
      signal: controller.signal,
    };
    try {
      // Under a lock a heartbeat would only wait for it, and keep a connection from others.
      await this.#end(job, await this.#attempt(job, context, () => clearInterval(heartbeat)));
    } catch (error) {
      const why = reasonOf(controller.signal);
      if (why === "lease_lost") return this.#end(job, "lost");
      if (why === "drained") return this.#end(job, { as: "returned" });
      this.#tell(error, job);
      await this.#end(job, afterFailure(job, this.#policy, error));
    } finally {
      clearInterval(heartbeat);
      clearTimeout(timeout);
    }
  }

  async #renew(job: TakenJob, interrupt: (why: Interruption) => void): Promise<void> {
    try {
      if (!(await this.#queue.renew(job, this.#leaseMs))) interrupt("lease_lost");
    } catch (error) {
      // The next heartbeat may get through; if none does, the lease ends and the fence keeps this attempt's end out.
      this.#failed(error);
    }
  }

  /** Writes how a job ended. What cannot be written, the end of the lease says: another attempt follows. */
  async #end(job: TakenJob, ending: Ending | "written" | "lost"): Promise<void> {
    try {
      const written = ending === "written" || (ending !== "lost" && (await this.#queue.settle(job, ending)));
      if (!written) this.#counts.lost += 1;
      else if (ending === "written" || ending.as === "done") this.#counts.done += 1;
      else if (ending.as === "retry") this.#counts.failed += 1;
      else this.#counts[ending.as] += 1;
    } catch (error) {
      this.#counts.lost += 1;
      this.#failed(error);
    }
  }

  async #drain(): Promise<DrainReport> {
    const before = this.#counts.returned;
    const deadline = performance.now() + this.#drainMs;
    // The loop may just be taking jobs: they are run like the others, since the taking cannot be undone.
    await within(deadline, this.#loop);
    const running = [...this.#running.values()];
    const all = Promise.all(running.map(({ ended }) => ended));
    await within(deadline, all);
    this.#closed = true;
    for (const { controller } of this.#running.values()) controller.abort(interruption("drained"));
    // A queue that does not answer cannot take them back; the end of the leases does.
    await within(performance.now() + GIVE_BACK_MS, all);
    this.#unlisten();
    const returned = this.#counts.returned - before;
    const open = new Set(this.#running.values());
    const ended = running.filter((job) => !open.has(job)).length;
    return { finished: Math.max(0, ended - returned), returned };
  }

  async #purge(): Promise<void> {
    if (performance.now() - this.#purgedAt < PURGE_EVERY_MS) return;
    this.#purgedAt = performance.now();
    try {
      await this.#queue.purge();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#counts.errors += 1;
    this.#tell(error);
  }

  /** A listener that fails must not take the job with it. */
  #tell(error: unknown, job?: TakenJob): void {
    const about = job === undefined ? undefined : { id: job.id, type: job.event.type, attempt: job.attempt };
    tell(() => this.#onError(error, about), () => {
      this.#counts.errors += 1;
    });
  }

  /** Something happened that may let the loop take a job, or end. */
  #rouse(): void {
    this.#roused = true;
    this.#wake();
  }

  /** Until something happens or, where a job could be taken, until it is time for the next look. */
  async #sleep(looksAgain: boolean): Promise<void> {
    // A queue that fails is asked later and later, whatever happens meanwhile, but for a drain.
    const failing = looksAgain && this.#failures > 0;
    const pause = Math.min(this.#pollMs * 2 ** Math.min(this.#failures, 16), Math.max(PAUSE_MS_MAX, this.#pollMs));
    const over = (): boolean => this.#draining !== undefined || (this.#roused && !failing);
    if (over()) return;
    await new Promise<void>((resolve) => {
      const timer = looksAgain ? setTimeout(resolve, pause) : undefined;
      this.#wake = () => {
        if (!over()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}

/** The lease to renew. Throws `lease_too_long` where the engine would let it end between two heartbeats. */
function leaseOf(queue: Queue, wanted: number | undefined): number {
  const leaseMs = count("leaseMs", wanted ?? queue.leaseMs ?? 30_000, LEASE_MS_MIN);
  if (queue.leaseMs === undefined || leaseMs <= queue.leaseMs) return leaseMs;
  throw refusal(
    "lease_too_long",
    "leaseMs",
    leaseMs,
    `is more than the ${queue.leaseMs} ms after which the engine of this queue takes a job back: leave it out, or raise the ` +
      "engine's own (heartbeatSeconds of pgBossQueue)",
  );
}

/** Until `work` ends or the time comes, by the clock that nobody sets. */
async function within(deadline: number, work: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(0, deadline - performance.now()))));
  await Promise.race([work, over]);
  clearTimeout(timer);
}

const INTERRUPTIONS: Record<Interruption, string> = {
  attempt_timeout: "the attempt took longer than attemptMs: make the handler faster, or raise the limit",
  lease_lost: "the lease of this job ended before it was renewed, and another worker has it now",
  drained: "the worker was drained before the handler ended, and the job was given back",
};

function interruption(why: Interruption): TillproofError {
  return new TillproofError({ code: `job_${why}`, message: INTERRUPTIONS[why], advice: "wait", details: { why } });
}

function reasonOf(signal: AbortSignal): string | undefined {
  return signal.aborted ? (signal.reason as TillproofError).details["why"] : undefined;
}

