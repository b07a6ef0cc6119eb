/**
 * Does a queue keep its promises? Run these checks against your own engine before you trust it with events.
 *
 * Each check gets a fresh, empty queue and throws with a sentence when the contract of `queue.ts` is broken. Register
 * them with any test runner: `for (const { name, run } of queueConformance(open)) test(name, run)`.
 */

import { fn } from "../shell/guard.js";
import { utf8 } from "../shell/wire.js";
import type { NewJob, Queue, RawDelivery, TakenJob, TransactionalQueue } from "./queue.js";

/** One promise of the contract. */
export interface QueueCheck {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Resolves when it is kept; rejects with what was found and expected. */
  readonly run: () => Promise<void>;
}

/** How the checks wait. */
export interface QueueCheckOptions {
  /** A lease the engine can keep, in milliseconds; 400 when left out. */
  readonly leaseMs?: number;
  /** How long after its lease a job may take to be ready again, in milliseconds; a minute when left out. */
  readonly patienceMs?: number;
}

/** The checks, for queues that `open` makes: each call must give an empty queue. They are closed after each check. */
export function queueConformance(open: () => Queue | Promise<Queue>, options: QueueCheckOptions = {}): QueueCheck[] {
  fn("open", open);
  const { leaseMs = 400, patienceMs = 60_000 } = options;
  return Object.entries(PROMISES).map(([name, promise]) => ({
    name,
    async run() {
      const queue = await open();
      try {
        await promise(new Bench(queue, leaseMs, patienceMs));
      } finally {
        await queue.close();
      }
    },
  }));
}

const RECEIVED = 1_770_000_000_000;

/** A queue with what the checks do to it again and again. */
class Bench {
  readonly queue: Queue;
  readonly leaseMs: number;
  readonly patienceMs: number;

  constructor(queue: Queue, leaseMs: number, patienceMs: number) {
    this.queue = queue;
    this.leaseMs = leaseMs;
    this.patienceMs = patienceMs;
  }

  add(ids: readonly string[], at = RECEIVED, more: Partial<NewJob> = {}): Promise<boolean[]> {
    return this.queue.add(
      delivery(at),
      ids.map((id) => job(id, more)),
    );
  }

  async take(limit = 10): Promise<TakenJob[]> {
    // Long leases, but where a check is about their end: a slow machine must not end one by accident.
    return this.queue.take({ limit, leaseMs: Math.max(60_000, this.leaseMs) });
  }

  /** The next job. An engine may need a moment, as when its own housekeeping has the row. */
  async takeOne(leaseMs = Math.max(60_000, this.leaseMs), withinMs = this.patienceMs): Promise<TakenJob> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const [taken] = await this.queue.take({ limit: 1, leaseMs });
      if (taken !== undefined) return taken;
      if (Date.now() > deadline) throw new Error("found no job to take within the patience of the check, expected one");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The next job, which may have to wait for the end of a lease. */
  eventually(): Promise<TakenJob> {
    return this.takeOne(undefined, this.leaseMs + this.patienceMs);
  }
}

function delivery(receivedAt: number): RawDelivery {
  return { scheme: "stripe-v1", receivedAt, headers: { "stripe-signature": "t=1" }, body: utf8("{}") };
}

function job(id: string, more: Partial<NewJob> = {}): NewJob {
  return { event: { id, idIsSigned: true, type: "payment.completed" }, identities: [`stripe-v1/${id}`], ...more };
}

const ids = (jobs: readonly TakenJob[]): string[] => jobs.map(({ event }) => event.id).sort();

/** Tells the milliseconds since it was made, and rather one too many: clocks count whole ones. */
function stopwatch(): () => number {
  const started = performance.now();
  return () => performance.now() - started + 1;
}

const PROMISES: Record<string, (bench: Bench) => Promise<void>> = {
  "what was added is taken as it was, byte for byte": async ({ queue, leaseMs }) => {
    const body = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
    const event = { id: "käse/🦀\u0001", idIsSigned: false, digest: "ab", type: "größe.x", occurredAt: RECEIVED - 5 };
    const raw = { scheme: "shopify", receivedAt: RECEIVED, signedAt: RECEIVED - 1, headers: { "x-a": 'q"ü' }, body };
    same(await queue.add(raw, [{ event, identities: ["shopify/1", "shopify#ab"] }]), [true], "the first adding");
    const [taken] = await queue.take({ limit: 5, leaseMs });
    same(taken?.event, event, "the event");
    same(taken?.attempt, 1, "the attempt");
    same({ ...taken?.delivery, body: [...(taken?.delivery.body ?? [])] }, { ...raw, body: [...body] }, "the delivery");
  },

  "five deliveries of an event are one job, also at the same time": async (bench) => {
    const added = await Promise.all(Array.from({ length: 5 }, () => bench.add(["once"])));
    same(added.flat().includes(true), true, "whether one of them was told that it is new");
    same(ids(await bench.take()), ["once"], "jobs");
    same(await bench.add(["once"]), [false], "a sixth delivery while the job is taken");
  },

  "a job that is done is remembered": async (bench) => {
    await bench.add(["done"]);
    same(await bench.queue.settle(await bench.takeOne(), { as: "done" }), true, "the settling");
    same(await bench.add(["done"]), [false], "a late delivery");
    same(await bench.take(), [], "jobs");
  },

  "the same content under a fresh id is the same job": async (bench) => {
    same(await bench.add(["first"], RECEIVED, { identities: ["s/first", "s#content"] }), [true], "the first");
    same(await bench.add(["fresh"], RECEIVED, { identities: ["s/fresh", "s#content"] }), [false], "the replay");
    same(ids(await bench.take()), ["first"], "jobs");
  },

  "the same id with other content is the same job, and a job that was refused is not remembered": async (bench) => {
    same(await bench.add(["id"], RECEIVED, { identities: ["s/id", "s#one"] }), [true], "the first");
    same(await bench.add(["id"], RECEIVED, { identities: ["s/id", "s#two"] }), [false], "the same id");
    same(await bench.add(["forged"], RECEIVED, { identities: ["s/forged", "s#one"] }), [false], "the same content");
    same(await bench.add(["two"], RECEIVED, { identities: ["s/two", "s#two"] }), [true], "the content of the refused one");
    same(await bench.add(["forged"], RECEIVED, { identities: ["s/forged", "s#three"] }), [true], "the id of the refused one");
    same(ids(await bench.take()), ["forged", "id", "two"], "jobs");
  },

  "each event of a delivery is a job, and only the new ones are added": async (bench) => {
    same(await bench.add(["a", "b"]), [true, true], "the first delivery");
    same(await bench.add(["b", "c", "a"]), [false, true, false], "a delivery that overlaps");
    same(ids(await bench.take()), ["a", "b", "c"], "jobs");
  },

  "of many takers each job goes to one": async (bench) => {
    const names = Array.from({ length: 30 }, (_, index) => `job-${String(index).padStart(2, "0")}`);
    await bench.add(names);
    const taken = (await Promise.all(Array.from({ length: 10 }, () => bench.take(4)))).flat();
    taken.push(...(await bench.take(30)));
    same(ids(taken), names, "jobs");
  },

  "a job comes back when its lease ends, and the old taking can no longer change it": async (bench) => {
    await bench.add(["slow"]);
    const lease = stopwatch();
    const old = await bench.takeOne(bench.leaseMs);
    const [early] = await bench.take();
    // On a slow machine the lease may be over already; before its end nobody gets the job on any.
    if (early !== undefined) same(lease() >= bench.leaseMs, true, "whether the lease of a job that was handed out again had ended");
    const taken = early ?? (await bench.eventually());
    same([taken.id, taken.attempt], [old.id, 2], "the job and its attempt");
    for (const ending of [{ as: "done" }, { as: "retry", delayMs: 0, error: "late" }, { as: "returned" }] as const) {
      same(await bench.queue.settle(old, ending), false, `${ending.as} by the old taking`);
    }
    same(await bench.queue.renew(old, bench.leaseMs), false, "renewal by the old taking");
    same(await bench.queue.settle(taken, { as: "done" }), true, "the end by the new taking");
  },

  "a lease that is renewed does not end": async (bench) => {
    await bench.add(["busy"]);
    const all = stopwatch();
    while (all() < bench.leaseMs + bench.patienceMs) {
      let lease = stopwatch();
      const taken = await bench.takeOne(bench.leaseMs);
      const work = stopwatch();
      let kept = true;
      while (kept && work() < 2 * bench.leaseMs) {
        const renewal = stopwatch();
        const renewed = await bench.queue.renew(taken, bench.leaseMs);
        const others = renewed ? await bench.take() : [];
        kept = renewed && others.length === 0;
        // On a machine that stood still for so long the lease was not renewed in time, and the check begins anew.
        if (!kept) same(lease() >= bench.leaseMs, true, "whether the lease of a job that was lost had ended");
        for (const other of others) await bench.queue.settle(other, { as: "returned" });
        lease = renewal;
        await new Promise((resolve) => setTimeout(resolve, bench.leaseMs / 8));
      }
      if (kept) return same(await bench.queue.settle(taken, { as: "done" }), true, "the end");
    }
    throw new Error(`a renewal and a look at the queue took longer than a lease of ${bench.leaseMs} ms, each time: give a longer leaseMs`);
  },

  "a failed attempt is followed by another after its wait": async (bench) => {
    await bench.add(["flaky"]);
    const first = await bench.takeOne();
    const wait = stopwatch();
    same(await bench.queue.settle(first, { as: "retry", delayMs: 1_500, error: "no" }), true, "the settling");
    const [early] = await bench.take();
    const second = early ?? (await bench.eventually());
    same(wait() >= 1_500, true, "whether the wait was over");
    same([second.id, second.attempt], [first.id, 2], "the job and its attempt");
    same(await bench.queue.settle(second, { as: "retry", delayMs: 3_600_000, error: "no" }), true, "the settling");
    same(await bench.take(), [], "jobs during the wait");
    same((await bench.queue.counts()).delayed, 1, "jobs that wait");
  },

  "a job that was given back is ready at once": async (bench) => {
    await bench.add(["returned"]);
    const taken = await bench.takeOne();
    same(await bench.queue.settle(taken, { as: "returned" }), true, "the settling");
    same((await bench.eventually()).id, taken.id, "the job");
  },

  "a job put aside is kept with its error until it is released": async (bench) => {
    await bench.add(["poison"]);
    const taken = await bench.takeOne();
    same(await bench.queue.settle(taken, { as: "quarantined", error: "ü\nat x" }), true, "the settling");
    same(await bench.take(), [], "jobs meanwhile");
    same(await bench.add(["poison"]), [false], "another delivery of it");
    const [aside, ...more] = await bench.queue.quarantined(10);
    same(more.length, 0, "further jobs put aside");
    same([aside?.id, aside?.event.id, aside?.error], [taken.id, "poison", "ü\nat x"], "what was put aside");
    same([...(aside?.delivery.body ?? [])], [...utf8("{}")], "its body");
    same((await bench.queue.counts()).quarantined, 1, "the count");
    same(await bench.queue.release(taken.id), true, "the release");
    same(await bench.queue.release(taken.id), false, "a second release");
    const again = await bench.eventually();
    same([again.id, again.attempt], [taken.id, 1], "the job and its attempt");
    same((await bench.queue.quarantined(10)).length, 0, "jobs put aside afterwards");
  },

  "a replay runs what is done again, by time and type": async (bench) => {
    const typed = (id: string, type: string): Partial<NewJob> => ({ event: { id, idIsSigned: true, type } });
    for (const [index, id] of ["a", "b", "c", "d"].entries()) {
      await bench.add([id], RECEIVED + index, typed(id, id === "c" ? "refund" : "charge"));
    }
    for (let left = 4; left > 0; left -= 1) await bench.queue.settle(await bench.takeOne(), { as: "done" });
    await bench.add(["open"], RECEIVED + 1);
    same(await bench.queue.replay({ from: RECEIVED + 1, to: RECEIVED + 3, type: "charge" }), 1, "one type in a range");
    same(ids(await bench.take()), ["b", "open"], "its jobs");
    same(await bench.queue.replay({ from: RECEIVED + 2 }), 2, "everything since");
    const taken = await bench.take();
    same(ids(taken), ["c", "d"], "their jobs");
    same(taken[0]?.attempt, 1, "the attempt of a replayed job");
  },

  "counts say how the queue stands": async (bench) => {
    const empty = await bench.queue.counts();
    same({ ...empty }, { ready: 0, delayed: 0, taken: 0, quarantined: 0, lagMs: 0, oldestAgeMs: 0, attemptsMost: 0 }, "of an empty queue");
    await bench.add(["one", "two", "three"], Date.now() - 60_000);
    await bench.takeOne();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { ready, taken, oldestAgeMs, lagMs } = await bench.queue.counts();
    same([ready, taken], [2, 1], "ready and taken");
    same([oldestAgeMs >= 60_000, oldestAgeMs < 120_000], [true, true], `the age of the oldest, ${oldestAgeMs} ms`);
    same([lagMs > 0, lagMs < 60_000], [true, true], `the lag, ${lagMs} ms`);
  },

  "jobs of one key run one after the other, in order, and others do not wait for them": async (bench) => {
    if (!bench.queue.keepsOrder) return;
    for (const id of ["p1", "p2", "p3"]) await bench.add([id], RECEIVED, { orderKey: "payment" });
    await bench.add(["other"], RECEIVED, { orderKey: "another payment" });
    const taken = await bench.take();
    same(ids(taken), ["other", "p1"], "the first of each key");
    same(await bench.take(), [], "jobs meanwhile");
    const first = taken.find(({ event }) => event.id === "p1");
    if (first === undefined) throw new Error("p1 was not taken");
    await bench.queue.settle(first, { as: "retry", delayMs: 0, error: "no" });
    const again = await bench.eventually();
    same(again.event.id, "p1", "the job after a failure of the first");
    await bench.queue.settle(again, { as: "done" });
    same(ids(await bench.take()), ["p2"], "the job after the first is done");
  },

  "a local listener hears of what was added": async (bench) => {
    let heard = 0;
    const stop = bench.queue.onAdded(() => (heard += 1));
    await bench.add(["heard"]);
    same(heard, 1, "calls");
    stop();
    await bench.add(["unheard"]);
    same(heard, 1, "calls after the end of listening");
  },

  "a transaction ends its job when it commits, and only then": async (bench) => {
    const queue = bench.queue as Partial<TransactionalQueue<unknown>> & Queue;
    if (queue.transact === undefined) return;
    const { signal } = new AbortController();
    await bench.add(["together"]);
    const taken = await bench.takeOne();
    const failed = queue.transact(taken, () => {
      throw new Error("the handler failed");
    }, signal);
    same(await failed.then(() => "done", (error: Error) => error.message), "the handler failed", "a transaction that throws");
    same(await queue.transact(taken, () => undefined, signal), "done", "a transaction that commits");
    same(await queue.transact(taken, () => undefined, signal), "lost", "a transaction after the end");
    same(await queue.settle(taken, { as: "retry", delayMs: 0, error: "no" }), false, "settling after the end");
    same(await bench.take(), [], "jobs afterwards");
  },
};

function same(found: unknown, expected: unknown, what: string): void {
  const [left, right] = [found, expected].map((value) => JSON.stringify(sorted(value)));
  if (left !== right) throw new Error(`${what}: found ${left}, expected ${right}`);
}

/** Members in one order: which one an engine writes first is its own affair. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
