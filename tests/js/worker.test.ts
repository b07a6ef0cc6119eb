import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { sqliteQueue, type SqliteQueueOptions } from "../../pkg/src/queues/sqlite.js";
import type { SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import { createVerifier } from "../../pkg/src/webhooks/index.js";
import { signWebhook } from "../../pkg/src/webhooks/sign.js";
import type { QueuedEvent } from "../../pkg/src/worker/event.js";
import type { Queue, TransactionalQueue } from "../../pkg/src/worker/queue.js";
import { createReceiver, type ReceiverOptions } from "../../pkg/src/worker/receiver.js";
import type { Worker, WorkerOptions } from "../../pkg/src/worker/settings.js";
import { errorText, waitAfter } from "../../pkg/src/worker/verdict.js";
import { createWorker } from "../../pkg/src/worker/worker.js";

const require = createRequire(join(process.cwd(), "pkg", "package.json"));
type Database = SqliteDatabase & { close(): void; all(sql: string): Record<string, unknown>[]; run(sql: string, values: string[]): void };
const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => Database };
const open: Database[] = [];
const workers: Worker[] = [];
after(async () => {
  // A test that failed left its worker running.
  await Promise.all(workers.map((worker) => worker.drain()));
  open.forEach((database) => database.close());
});

function queueInMemory(options: SqliteQueueOptions = {}): { database: Database; queue: TransactionalQueue<Database> } {
  const database = new Database(":memory:");
  open.push(database);
  return { database, queue: sqliteQueue(database, options) };
}

const SECRET = "whsec_worker";
const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });

function delivery(id: string, more: object = {}) {
  const body = JSON.stringify({ id, object: "event", type: "charge.succeeded", created: 1_770_000_000, ...more });
  return { body, headers: { ...signWebhook({ scheme: "stripe-v1", secret: SECRET, body }), "user-agent": "Stripe/1.0" } };
}

async function stored(queue: Queue, ...ids: string[]): Promise<void> {
  const receiver = createReceiver({ verifier, queue });
  for (const id of ids) assert.equal((await receiver.receive(delivery(id))).status, "stored");
}

/** Against hanging, and no measure of how fast a machine has to be. */
const GUARD_MS = 300_000;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + GUARD_MS; !(await holds()); await sleep(5)) {
    assert.ok(Date.now() < deadline, `waited five minutes for ${what}`);
  }
}

/** A worker that looks often and retries at once. */
function hasty(options: Partial<WorkerOptions> & Pick<WorkerOptions, "queue" | "handler">): Worker {
  const worker = createWorker({ pollMs: 10, drainMs: 1_000, backoff: { baseMs: 1, capMs: 2 }, ...options });
  workers.push(worker);
  return worker;
}

test("a handler that throws is heard of without `onError`", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  const { queue } = queueInMemory();
  await stored(queue, "evt_silent");
  const failure = new Error("out of stock");
  let attempts = 0;
  const handler = (): void => {
    attempts += 1;
    if (attempts === 1) throw failure;
  };
  const worker = hasty({ queue, handler });
  worker.start();
  await until("the second attempt", () => attempts === 2);
  await worker.drain();
  const [error, job] = said.mock.calls[0]?.arguments ?? [];
  assert.equal(error, failure);
  assert.deepEqual(job, { id: (job as { id: string }).id, type: "charge.succeeded", attempt: 1 });
  assert.equal(said.mock.callCount(), 1);
});

test("a genuine delivery is stored and answered with 200, and five of them are one job", async () => {
  const { queue, database } = queueInMemory();
  const receiver = createReceiver({ verifier, queue, keepHeaders: ["User-Agent"] });
  const sent = delivery("evt_1", { note: "naïve" });
  const receipts = await Promise.all(Array.from({ length: 5 }, () => receiver.receive(sent)));
  assert.deepEqual(receipts.map(({ status }) => status).sort(), ["duplicate", "duplicate", "duplicate", "duplicate", "stored"]);
  assert.deepEqual(receipts[0], {
    status: "stored",
    httpStatus: 200,
    events: [{ id: "evt_1", type: "charge.succeeded", status: "stored" }],
  });
  const rows = database.all("SELECT body, headers FROM tillproof_deliveries");
  assert.equal(rows.length, 1);
  assert.deepEqual(Buffer.from(rows[0]?.["body"] as Uint8Array), Buffer.from(sent.body));
  assert.deepEqual(JSON.parse(String(rows[0]?.["headers"])), sent.headers);
  assert.deepEqual(receiver.counts(), { stored: 1, duplicate: 4, rejected: 0, failed: 0 });
});

const TOKENS: Record<string, { scheme: string; secret: string; headers: Record<string, string>; kept: object }> = {
  "Xendit's": {
    scheme: "static-token", secret: "very-secret-token",
    headers: { "X-Callback-Token": "very-secret-token", "Webhook-Id": "w1" }, kept: { "webhook-id": "w1", "user-agent": "x" },
  },
  "Chargebee's": {
    scheme: "static-token-basic", secret: "user:very-secret-token",
    headers: { Authorization: `Basic ${btoa("user:very-secret-token")}` }, kept: { "user-agent": "x" },
  },
  "Flutterwave's": {
    scheme: "static-token-verif-hash", secret: "very-secret-token",
    headers: { "verif-hash": "very-secret-token" }, kept: { "user-agent": "x" },
  },
};
for (const [whose, { scheme, secret, headers, kept }] of Object.entries(TOKENS)) {
  test(`${whose} token is neither stored nor shown to a handler, and all else is`, async () => {
    const { queue, database } = queueInMemory();
    const tokens = createVerifier({ scheme, secrets: secret });
    const receiver = createReceiver({ verifier: tokens, queue, keepHeaders: ["User-Agent", "Authorization", "Verif-Hash"] });
    const body = JSON.stringify({ id: "evt_1", event: "paid", event_type: "paid", data: { id: 1 } });
    assert.equal((await receiver.receive({ body, headers: { ...headers, "user-agent": "x" } })).status, "stored");
    const [row] = database.all("SELECT headers FROM tillproof_deliveries");
    assert.deepEqual(JSON.parse(String(row?.["headers"])), kept);
    let seen: unknown;
    const worker = hasty({ queue, handler: (_, context) => void (seen = context.headers) });
    worker.start();
    await until("the job", async () => (await worker.metrics()).worker.done === 1);
    await worker.drain();
    assert.deepEqual(seen, kept);
  });
}

test("what is refused never reaches the queue, and its reason goes to the log alone", async () => {
  const { queue } = queueInMemory();
  const refused: string[] = [];
  const receiver = createReceiver({ verifier, queue, onRefused: ({ code }) => refused.push(code) });
  const { body, headers } = delivery("evt_1");
  const tampered = await receiver.receive({ body: body.replace("charge", "refund"), headers });
  assert.deepEqual([tampered.status, tampered.httpStatus, tampered.events], ["rejected", 400, []]);
  const parsed = await receiver.receive({ body: JSON.parse(body) as string, headers });
  assert.deepEqual([parsed.status, parsed.httpStatus], ["rejected", 500]);
  assert.deepEqual(refused, ["signature_mismatch", "body_not_bytes"]);
  assert.equal((await queue.counts()).ready, 0);
});

test("a queue that cannot store makes the receiver reject, so that the provider tries again", async () => {
  const { queue, database } = queueInMemory();
  const receiver = createReceiver({ verifier, queue });
  database.exec("DROP TABLE tillproof_deliveries");
  await assert.rejects(receiver.receive(delivery("evt_1")), /no such table/);
  assert.equal(receiver.counts().failed, 1);
});

test("a handler gets the event as it was verified, with every byte and digit", async () => {
  const { queue } = queueInMemory();
  const seen: QueuedEvent[] = [];
  const receiver = createReceiver({ verifier, queue });
  const body = `{ "id": "evt_big", "object": "event", "type": "x", "created": 1770000000, "n": 9007199254740993 }\n`;
  await receiver.receive({ body, headers: signWebhook({ scheme: "stripe-v1", secret: SECRET, body }) });
  const worker = hasty({ queue, handler: (event) => seen.push(event) });
  worker.start();
  await until("the event", () => seen.length === 1);
  const [event] = seen;
  assert.deepEqual([event?.id, event?.idIsSigned, event?.type, event?.occurredAt], ["evt_big", true, "x", 1_770_000_000_000]);
  assert.equal(Buffer.from(event?.bytes ?? []).toString(), body);
  assert.equal((event?.payload as { n: bigint }).n, 9_007_199_254_740_993n);
  await worker.drain();
  assert.equal((await worker.metrics()).worker.done, 1);
});

test("a failed attempt is reported and tried again, after the wait the crate's schedule draws", async () => {
  const { queue } = queueInMemory();
  await stored(queue, "evt_1");
  const attempts: number[] = [];
  const errors: unknown[] = [];
  const worker = hasty({
    queue,
    onError: (error, job) => errors.push([(error as Error).message, job?.attempt, job?.type]),
    handler: (_, { attempt, attemptsMax }) => {
      attempts.push(attempt);
      assert.equal(attemptsMax, 20);
      if (attempt < 3) throw new Error(`attempt ${attempt} failed`);
    },
  });
  worker.start();
  await until("the third attempt", async () => (await worker.metrics()).worker.done === 1);
  await worker.drain();
  assert.deepEqual(attempts, [1, 2, 3]);
  assert.deepEqual(errors, [["attempt 1 failed", 1, "charge.succeeded"], ["attempt 2 failed", 2, "charge.succeeded"]]);
  assert.deepEqual((await worker.metrics()).worker, {
    attempts: 3, done: 1, failed: 2, quarantined: 0, returned: 0, lost: 0, errors: 0, running: 0,
  });
});

test("waits grow, are spread from job to job, and are the same for the same job", () => {
  const policy = { attemptsMax: 20, backoff: { baseMs: 1_000, capMs: 60_000, jitter: "equal" as const } };
  const waits = (id: string): number[] =>
    [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => waitAfter({ id, attempt } as Parameters<typeof waitAfter>[0], policy));
  assert.deepEqual(waits("1"), waits("1"));
  for (const id of ["1", "2", "17", "a-long-id-of-another-engine"]) {
    waits(id).forEach((wait, index) => {
      const most = Math.min(1_000 * 2 ** index, 60_000);
      assert.ok(wait >= most / 2 && wait <= most, `attempt ${index + 1} of job ${id} waits ${wait} ms`);
    });
  }
  const first = new Set(Array.from({ length: 100 }, (_, id) => waits(String(id))[0]));
  assert.ok(first.size > 80, `100 jobs that failed together come back at ${first.size} different moments`);
});

test("a poison event is put aside with its error after the last attempt, and runs again when it is released", async () => {
  const { queue } = queueInMemory();
  await stored(queue, "evt_poison");
  let healed = false;
  const worker = hasty({
    queue,
    attemptsMax: 3,
    handler: ({ id }) => {
      if (!healed) throw new TypeError(`cannot read ${id}`);
    },
  });
  worker.start();
  await until("the quarantine", async () => (await queue.counts()).quarantined === 1);
  const [aside] = await queue.quarantined(10);
  assert.ok(aside !== undefined);
  assert.match(aside.error, /^TypeError: cannot read evt_poison\n\s+at /);
  assert.deepEqual([aside.attempts, aside.event.id, aside.delivery.scheme], [3, "evt_poison", "stripe-v1"]);
  healed = true;
  assert.equal(await queue.release(aside.id), true);
  await until("the released job", async () => (await worker.metrics()).worker.done === 1);
  await worker.drain();
});

test("an event that kills its workers is put aside without another run", async () => {
  let now = 0;
  const { queue } = queueInMemory({ now: () => now });
  await stored(queue, "evt_killer");
  for (let death = 1; death <= 3; death += 1) {
    assert.equal((await queue.take({ limit: 1, leaseMs: 1_000 }))[0]?.attempt, death);
    now += 1_000;
  }
  let runs = 0;
  const worker = hasty({ queue, attemptsMax: 3, handler: () => (runs += 1) });
  worker.start();
  await until("the quarantine", async () => (await queue.counts()).quarantined === 1);
  await worker.drain();
  assert.equal(runs, 0);
  assert.match((await queue.quarantined(1))[0]?.error ?? "", /^3 attempts were begun and the last one never reported back/);
});

const DAMAGE: Record<string, { sql: string; error: RegExp }> = {
  "an event that is no JSON": { sql: "UPDATE tillproof_jobs SET event = '{' WHERE id = 2", error: /JSON/ },
  "an event that is none": { sql: "UPDATE tillproof_jobs SET event = 'null' WHERE id = 2", error: /no id or no type/ },
  "headers that are none": { sql: "UPDATE tillproof_deliveries SET headers = '7' WHERE id = 2", error: /headers are none/ },
  "no body": { sql: "UPDATE tillproof_deliveries SET body = NULL WHERE id = 2", error: /no body although it is not done/ },
  "no delivery": { sql: "DELETE FROM tillproof_deliveries WHERE id = 2", error: /delivery is missing/ },
};
for (const [damage, { sql, error }] of Object.entries(DAMAGE)) {
  test(`a job with ${damage} is put aside with the reason, and the others run`, async () => {
    const { queue, database } = queueInMemory();
    await stored(queue, "evt_1", "evt_2", "evt_3");
    database.exec(sql);
    assert.deepEqual((await queue.take({ limit: 10, leaseMs: 1_000 })).map(({ event }) => event.id), ["evt_1", "evt_3"]);
    const [aside, ...more] = await queue.quarantined(10);
    assert.equal(more.length, 0);
    assert.match(aside?.error ?? "", /^this job cannot be read: /);
    assert.match(aside?.error ?? "", error);
    assert.deepEqual([aside?.id, aside?.event.type], ["2", "charge.succeeded"], "what can still be read");
    assert.equal((await queue.counts()).quarantined, 1);
    assert.equal(await queue.release("2"), true);
    assert.deepEqual(await queue.take({ limit: 10, leaseMs: 1_000 }), [], "it is still damaged");
    assert.equal((await queue.counts()).quarantined, 1);
  });
}

test("no more jobs run at a time than asked for, and jobs of one object never overlap", async () => {
  const { queue } = queueInMemory();
  const keyOf: ReceiverOptions["keyOf"] = ({ payload }) => (payload as { object_id: string }).object_id;
  const receiver = createReceiver({ verifier, queue, keyOf });
  for (let index = 0; index < 24; index += 1) await receiver.receive(delivery(`evt_${index}`, { object_id: `pay_${index % 4}` }));
  const running = new Set<string>();
  const order = new Map<string, number[]>();
  let most = 0;
  const worker = hasty({
    queue,
    concurrency: 3,
    handler: async ({ id, payload }) => {
      const key = (payload as { object_id: string }).object_id;
      assert.ok(!running.has(key), `two jobs of ${key} at once`);
      running.add(key);
      most = Math.max(most, running.size);
      await sleep(3);
      running.delete(key);
      order.set(key, [...(order.get(key) ?? []), Number(id.slice(4))]);
    },
  });
  worker.start();
  await until("all events", async () => (await worker.metrics()).worker.done === 24);
  await worker.drain();
  assert.equal(most, 3);
  for (const [key, indices] of order) assert.deepEqual(indices, [...indices].sort((a, b) => a - b), key);
});

/**
 * A queue whose time goes by with the heartbeats alone, each of which takes two thirds of a lease: however late a machine is,
 * a lease that is renewed does not end, and one that is not would end after the second.
 */
function queueByHeartbeats(leaseMs: number): { queue: TransactionalQueue<Database>; beats: () => number } {
  let [now, beats] = [0, 0];
  const { queue } = queueInMemory({ now: () => now });
  const renew = queue.renew.bind(queue);
  queue.renew = async (job, ms) => {
    const renewed = await renew(job, ms);
    now += (2 * leaseMs) / 3;
    beats += 1;
    return renewed;
  };
  return { queue, beats: () => beats };
}

/** Beats after which a job that nobody renews would long be another's. */
const BEATS = 4;

test("a heartbeat keeps a job that takes longer than its lease", async () => {
  const { queue, beats } = queueByHeartbeats(150);
  await stored(queue, "evt_slow");
  let runs = 0;
  const handler = async (): Promise<void> => {
    runs += 1;
    await until("the heartbeats", () => beats() >= BEATS);
  };
  const workers = [1, 2].map(() => hasty({ queue, leaseMs: 150, handler }));
  workers.forEach((worker) => worker.start());
  await until("the end", async () => (await queue.counts()).taken + (await queue.counts()).ready === 0);
  await Promise.all(workers.map((worker) => worker.drain()));
  assert.equal(runs, 1);
});

test("a handler hears that its lease is lost, and its result does not count", async () => {
  let now = 0;
  const { queue, database } = queueInMemory({ now: () => now });
  await stored(queue, "evt_1");
  let reason: unknown;
  const worker = hasty({
    queue,
    leaseMs: 120,
    handler: async (_, { signal }) => {
      if (reason !== undefined) return;
      // Another worker took the job, as after a long pause of this process.
      database.exec("UPDATE tillproof_jobs SET fence = fence + 1, due_at = due_at + 300");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reason = (signal.reason as { code: string }).code;
    },
  });
  worker.start();
  await until("the loss", async () => (await worker.metrics()).worker.lost === 1);
  assert.equal(reason, "job_lease_lost");
  now = 1_000;
  await until("the second attempt", async () => (await worker.metrics()).worker.done === 1);
  await worker.drain();
});

test("an attempt that takes too long fails, and the next one may succeed", async () => {
  const { queue } = queueInMemory();
  await stored(queue, "evt_1");
  const worker = hasty({
    queue,
    attemptMs: 30,
    handler: (_, { attempt }) => (attempt === 1 ? new Promise(() => undefined) : undefined),
  });
  worker.start();
  await until("the second attempt", async () => (await worker.metrics()).worker.done === 1);
  await worker.drain();
  assert.equal((await worker.metrics()).worker.failed, 1);
});

test("a drain takes nothing more, lets handlers end, and gives back what does not end in time", async (t) => {
  // Time stands still until it is told to go by: what ends in time ends in it on any machine.
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const { queue } = queueInMemory();
  await stored(queue, "evt_quick", "evt_endless");
  let begun = 0;
  let finish = (): void => undefined;
  const worker = hasty({
    queue,
    drainMs: 100,
    handler: ({ id }) => {
      begun += 1;
      return new Promise<void>((resolve) => {
        if (id === "evt_quick") finish = resolve;
      });
    },
  });
  worker.start();
  while (begun < 2) await turn();
  const draining = worker.drain();
  await stored(queue, "evt_later");
  finish();
  while ((await worker.metrics()).worker.done === 0) await turn();
  t.mock.timers.tick(100);
  assert.deepEqual(await draining, { finished: 1, returned: 1 });
  const { ready, taken } = await queue.counts();
  assert.deepEqual([ready, taken, begun], [2, 0, 2]);
  const again = await queue.take({ limit: 5, leaseMs: 1_000 });
  assert.equal(again.find(({ event }) => event.id === "evt_endless")?.attempt, 1, "a job that was given back lost no attempt");
  assert.throws(() => worker.start(), { code: "worker_drained" });
});

test("a drain waits no longer than it was told when the clock of the machine is set back in the middle of it", async (t) => {
  const { queue } = queueInMemory();
  await stored(queue, "evt_endless");
  let begun = 0;
  const worker = hasty({ queue, drainMs: 50, handler: () => new Promise<void>(() => void (begun += 1)) });
  worker.start();
  await until("the handler", () => begun === 1);
  const draining = worker.drain();
  const now = Date.now;
  t.mock.method(Date, "now", () => now() - 3_600_000);
  const guard = new AbortController();
  const ended = await Promise.race([draining, sleep(GUARD_MS / 10, "not ended", { signal: guard.signal })]);
  guard.abort();
  assert.deepEqual(ended, { finished: 0, returned: 1 });
});

test("what was stored before the clock was set back waits for the next look after things and no longer, and a retry for its time", async () => {
  let now = 1_770_000_000_000;
  const { queue } = queueInMemory({ now: () => now });
  await stored(queue, "evt_failed", "evt_untried");
  const [failed] = await queue.take({ limit: 1, leaseMs: 1_000 });
  assert.ok(await queue.settle(failed!, { as: "retry", delayMs: 5_000, error: "out of stock" }));
  now -= 3_600_000;
  assert.deepEqual(await queue.take({ limit: 5, leaseMs: 1_000 }), []);
  assert.equal(await queue.purge(), 0);
  assert.deepEqual((await queue.take({ limit: 5, leaseMs: 1_000 })).map(({ event }) => event.id), ["evt_untried"]);
});

test("an event whose key is null has no order, as one without a key", async () => {
  const { queue } = queueInMemory();
  const receiver = createReceiver({ verifier, queue, keyOf: (event) => (event.payload as { customer: string | null }).customer });
  for (const id of ["evt_1", "evt_2"]) assert.equal((await receiver.receive(delivery(id, { customer: null }))).httpStatus, 200);
  assert.equal((await queue.take({ limit: 5, leaseMs: 1_000 })).length, 2);
});

test("a listener for refusals that throws changes no answer", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  const failure = new Error("no room in the log");
  const onRefused = (): never => {
    throw failure;
  };
  const receiver = createReceiver({ verifier, queue: queueInMemory().queue, onRefused });
  const receipt = await receiver.receive({ body: "{}", headers: {} });
  assert.deepEqual([receipt.status, receipt.httpStatus], ["rejected", 400]);
  assert.deepEqual(said.mock.calls.map((call) => call.arguments[0]), [failure]);
});

const HANGS: Record<string, { method: "take" | "settle"; report: object }> = {
  "hands out jobs": { method: "take", report: { finished: 0, returned: 0 } },
  "writes how a job ended": { method: "settle", report: { finished: 0, returned: 0 } },
};
for (const [when, { method, report }] of Object.entries(HANGS)) {
  test(`a drain ends although the queue hangs when it ${when}`, { timeout: GUARD_MS }, async () => {
    const { queue } = queueInMemory();
    await stored(queue, "evt_1");
    let answer: () => void = () => undefined;
    let asked = 0;
    const original = queue[method].bind(queue) as (...values: unknown[]) => Promise<never>;
    Object.assign(queue, {
      [method]: async (...values: unknown[]) => {
        asked += 1;
        await new Promise<void>((resolve) => (answer = resolve));
        return original(...values);
      },
    });
    let runs = 0;
    const worker = hasty({ queue, drainMs: 50, handler: () => void (runs += 1) });
    worker.start();
    await until("the call", () => asked === 1);
    // Who waited for the queue would wait for ever.
    assert.deepEqual(await worker.drain(), report);
    answer();
    if (method === "settle") return;
    // What it hands out now is given back: the drain is over, and nobody waits for a handler.
    await until("the second call", async () => (await worker.metrics()).worker.returned === 1);
    assert.equal(runs, 0);
    assert.equal((await queue.counts()).ready, 1);
  });
}

test("a handler's error may have any stack, and the process goes on", async () => {
  const { queue } = queueInMemory();
  await stored(queue, "evt_1");
  const hostile = Object.defineProperty(new Error("no"), "stack", { get: () => { throw new Error("again"); } });
  const errors = [Object.assign(new TypeError("frames"), { stack: [{ file: "a.js" }] }), hostile, Object.assign(new Error("empty"), { stack: "" })];
  const worker = hasty({ queue, attemptsMax: 4, handler: (_, { attempt }) => { throw errors[attempt - 1] ?? new Error("last"); } });
  worker.start();
  await until("the quarantine", async () => (await queue.counts()).quarantined === 1);
  await worker.drain();
  assert.equal((await worker.metrics()).worker.failed, 3);
  assert.deepEqual(errors.map(errorText), ["TypeError: frames", "threw an error that cannot be read", "Error: empty"]);
});

test("a signal ends the process after the last of its workers has drained", async () => {
  const { queue } = queueInMemory();
  await stored(queue, "evt_slow");
  const seen: string[] = [];
  const kill = process.kill;
  const listeners = process.listenerCount("SIGUSR2");
  process.kill = (_pid, signal) => (seen.push(String(signal)), true);
  try {
    let begun = false;
    let finish = (): void => undefined;
    const handler = async (): Promise<void> => {
      begun = true;
      await new Promise<void>((resolve) => (finish = resolve));
      seen.push("handled");
    };
    const busy = hasty({ queue, signals: ["SIGUSR2"], drainMs: GUARD_MS, handler });
    const idle = ["one", "two"].map((name) =>
      hasty({ queue: queueInMemory({ name }).queue, signals: ["SIGUSR2", "SIGHUP"], handler: () => undefined }),
    );
    const drained = hasty({ queue: queueInMemory().queue, signals: ["SIGUSR2"], handler: () => undefined });
    for (const worker of [busy, ...idle, drained]) worker.start();
    await drained.drain();
    await until("the handler", () => begun);
    assert.equal(process.listenerCount("SIGUSR2"), listeners + 1, "one listener, however many workers there are");
    process.emit("SIGUSR2", "SIGUSR2");
    assert.equal(process.listenerCount("SIGUSR2"), listeners, "a second signal ends the process at once");
    await Promise.all(idle.map((worker) => worker.drain()));
    assert.equal(seen.length, 0, "the last one is still at it");
    finish();
    await until("the end", () => seen.includes("SIGUSR2"));
    await sleep(50);
    assert.deepEqual(seen, ["handled", "SIGUSR2"]);
    assert.equal(process.listenerCount("SIGHUP"), 0);
  } finally {
    process.kill = kill;
  }
});

test("inside a transaction, the effect and the end of the job become true together or not at all", async () => {
  const { queue, database } = queueInMemory();
  database.exec("CREATE TABLE orders (id TEXT)");
  await stored(queue, "evt_1");
  const worker = createWorker({
    queue,
    transaction: true,
    pollMs: 10,
    backoff: { baseMs: 1, capMs: 2 },
    drainMs: 1_000,
    handler: ({ id }, { tx, attempt }) => {
      tx.run("INSERT INTO orders (id) VALUES (?)", [id]);
      if (attempt < 3) throw new Error("after the effect");
    },
  });
  workers.push(worker);
  worker.start();
  await until("the third attempt", async () => (await worker.metrics()).worker.done === 1);
  await worker.drain();
  assert.deepEqual(database.all("SELECT id FROM orders"), [{ id: "evt_1" }]);
});

test("a job whose transaction has to wait keeps its lease meanwhile", async () => {
  const { queue, beats } = queueByHeartbeats(120);
  await stored(queue, "evt_1");
  const transact = queue.transact.bind(queue);
  queue.transact = async (job, work, signal) => {
    await until("the heartbeats", () => beats() >= BEATS);
    return transact(job, work, signal);
  };
  let runs = 0;
  const both = [1, 2].map(() =>
    createWorker({ queue, transaction: true, leaseMs: 120, pollMs: 10, drainMs: 1_000, handler: () => void (runs += 1) }),
  );
  workers.push(...both);
  both.forEach((worker) => worker.start());
  await until("the job", () => runs === 1);
  await Promise.all(both.map((worker) => worker.drain()));
  const metrics = await Promise.all(both.map(async (worker) => (await worker.metrics()).worker));
  assert.deepEqual(metrics.map(({ done, attempts, lost }) => [done, attempts, lost]).sort(), [[0, 0, 0], [1, 1, 0]]);
});

const MISTAKES: Record<string, { handler: (tx: Database) => unknown; code: string }> = {
  "a promise": { handler: async () => undefined, code: "handler_not_synchronous" },
  "a COMMIT of its own": { handler: (tx) => tx.exec("COMMIT"), code: "transaction_lost" },
};
for (const [mistake, { handler, code }] of Object.entries(MISTAKES)) {
  test(`a transactional handler on SQLite with ${mistake} is told so, and its job is not done`, async () => {
    const { queue } = queueInMemory();
    await stored(queue, "evt_1");
    const codes: unknown[] = [];
    const worker = createWorker({
      queue, transaction: true, attemptsMax: 1, pollMs: 10,
      onError: (error) => codes.push((error as { code: string }).code),
      handler: (_, { tx }) => handler(tx),
    });
    workers.push(worker);
    worker.start();
    await until("the error", () => codes.length > 0);
    await worker.drain();
    assert.equal(codes[0], code);
    assert.equal((await worker.metrics()).worker.done, 0);
  });
}

test("a queue that fails is asked later and later, and the worker goes on when it is back", async () => {
  const { queue } = queueInMemory();
  await stored(queue, "evt_1");
  const asked: number[] = [];
  let broken = true;
  const flaky: Queue = Object.assign(Object.create(queue) as Queue, {
    name: queue.name,
    keepsOrder: true,
    onAdded: queue.onAdded,
    take: (request: { limit: number; leaseMs: number }) => {
      asked.push(Date.now());
      return broken ? Promise.reject(new Error("connection refused")) : queue.take(request);
    },
  });
  for (const method of ["add", "renew", "settle", "counts", "quarantined", "release", "replay", "purge", "close"] as const) {
    Object.assign(flaky, { [method]: (queue[method] as () => unknown).bind(queue) });
  }
  const worker = hasty({ queue: flaky, handler: () => undefined });
  worker.start();
  await until("five tries", () => asked.length === 5);
  broken = false;
  await until("the job", async () => (await worker.metrics()).worker.done === 1);
  await worker.drain();
  const pauses = asked.slice(1, 5).map((time, index) => time - (asked[index] ?? 0));
  // They are of 20, 40, 80 and 160 ms: on a slow machine of more, and of less on none.
  assert.ok(pauses.every((pause, index) => pause >= 10 * 2 ** index), `pauses of ${pauses.join(", ")} ms`);
  assert.equal((await worker.metrics()).worker.errors, 5);
});

test("what is old is dropped, but nothing that is not done, and never the memory before the body", async () => {
  let now = 1_000_000_000_000;
  const { queue, database } = queueInMemory({ now: () => now, retention: { payloadMs: 1_000, eventMs: 5_000 } });
  const add = (id: string): Promise<boolean[]> =>
    queue.add(
      { scheme: "s", receivedAt: now, headers: {}, body: new Uint8Array(3) },
      [{ event: { id, idIsSigned: true, type: "t" }, identities: [`s/${id}`] }],
    );
  const rows = (): unknown[] => database.all("SELECT count(*) AS jobs, count(body) AS bodies FROM tillproof_jobs JOIN tillproof_deliveries AS d ON d.id = delivery_id");
  await add("done");
  await queue.settle((await queue.take({ limit: 1, leaseMs: 1 }))[0]!, { as: "done" });
  await add("open");
  now += 2_000;
  assert.equal(await queue.purge(), 1);
  assert.deepEqual(rows(), [{ jobs: 2, bodies: 1 }]);
  assert.deepEqual(await add("done"), [false], "still remembered");
  assert.equal(await queue.replay({ from: 0 }), 0, "no body, no replay");
  now += 4_000;
  assert.equal(await queue.purge(), 2);
  assert.deepEqual(rows(), [{ jobs: 1, bodies: 1 }]);
  assert.equal((await queue.take({ limit: 5, leaseMs: 1 }))[0]?.event.id, "open");
});

test("metrics come as Prometheus reads them", async () => {
  const { queue } = queueInMemory();
  const receiver = createReceiver({ verifier, queue });
  await receiver.receive(delivery("evt_1"));
  const worker = hasty({ queue, handler: () => undefined });
  const texts = [await worker.prometheus(), receiver.prometheus()].join("");
  const shape = texts.replace(/(lag|age)_seconds\{queue="default"\} [\d.]+/g, '$1_seconds{queue="default"} N');
  assert.equal(
    shape.split("\n").filter((line) => !line.startsWith("#")).join("\n"),
    `tillproof_queue_jobs{queue="default",state="ready"} 1
tillproof_queue_jobs{queue="default",state="delayed"} 0
tillproof_queue_jobs{queue="default",state="taken"} 0
tillproof_queue_jobs{queue="default",state="quarantined"} 0
tillproof_queue_lag_seconds{queue="default"} N
tillproof_queue_oldest_age_seconds{queue="default"} N
tillproof_queue_attempts_most{queue="default"} 0
tillproof_worker_running{queue="default"} 0
tillproof_worker_attempts_total{queue="default"} 0
tillproof_worker_jobs_total{queue="default",outcome="done"} 0
tillproof_worker_jobs_total{queue="default",outcome="failed"} 0
tillproof_worker_jobs_total{queue="default",outcome="quarantined"} 0
tillproof_worker_jobs_total{queue="default",outcome="returned"} 0
tillproof_worker_jobs_total{queue="default",outcome="lost"} 0
tillproof_worker_queue_errors_total{queue="default"} 0
tillproof_receiver_deliveries_total{queue="default",status="stored"} 1
tillproof_receiver_deliveries_total{queue="default",status="duplicate"} 0
tillproof_receiver_deliveries_total{queue="default",status="rejected"} 0
tillproof_receiver_deliveries_total{queue="default",status="failed"} 0
`,
  );
  assert.match(texts, /^# HELP tillproof_queue_jobs Jobs by state\.\n# TYPE tillproof_queue_jobs gauge\n/m);
});

const REFUSED: Record<string, { make: () => unknown; message: string }> = {
  "no queue": {
    make: () => createWorker({ queue: {} as Queue, handler: () => undefined }),
    message:
      "queue: a value of type Object is no queue (it has no add): pass what sqliteQueue, postgresQueue, bullmqQueue or pgBossQueue made",
  },
  "a lease too short": {
    make: () => createWorker({ queue: queueInMemory().queue, handler: () => undefined, leaseMs: 50 }),
    message: "leaseMs: 50 is not a count: expected a whole number from 100",
  },
  "a lease longer than the engine's": {
    make: () => createWorker({ queue: { ...fakeQueue(), leaseMs: 10_000 }, handler: () => undefined, leaseMs: 10_001 }),
    message:
      "leaseMs: 10001 is more than the 10000 ms after which the engine of this queue takes a job back: leave it out, or raise " +
      "the engine's own (heartbeatSeconds of pgBossQueue)",
  },
  "no attempt": {
    make: () => createWorker({ queue: queueInMemory().queue, handler: () => undefined, attemptsMax: 0 }),
    message: "attemptsMax: 0 is not a count: expected a whole number from 1",
  },
  "a base above the cap": {
    make: () => createWorker({ queue: queueInMemory().queue, handler: () => undefined, backoff: { baseMs: 10, capMs: 5 } }),
    message: "the cap of 5 ms is below the base of 10 ms: raise the cap or lower the base",
  },
  "a transaction without an engine for it": {
    make: () => {
      const { transact: _, ...functions } = queueInMemory().queue as TransactionalQueue<unknown> & { transact?: unknown };
      const plain = { ...functions, ...Object.fromEntries(["add", "take", "renew", "settle", "counts", "quarantined", "release", "replay", "purge", "close"].map((name) => [name, () => undefined])) };
      return createWorker({ queue: plain as unknown as TransactionalQueue<unknown>, transaction: true, handler: () => undefined });
    },
    message:
      'transaction: "default" is a queue that shares no transaction with a handler: leave `transaction` out, and let the ' +
      "handler bear a second run of the same event, or take an engine in the database the handler writes to",
  },
  "a name for a machine": {
    make: () => queueInMemory({ name: "a b" }),
    message:
      'name: "a b" is no name of a queue: expected 1 to 64 letters, digits, `-` or `_`, as every engine takes them',
  },
  "a body that outlives its event": {
    make: () => queueInMemory({ retention: { payloadMs: 10, eventMs: 5 } }),
    message:
      "retention.eventMs: 5 is less than retention.payloadMs (10): an event must be remembered at least as long as its body is kept",
  },
  "an order nobody keeps": {
    make: () => createReceiver({ verifier, keyOf: () => "k", queue: { ...fakeQueue(), keepsOrder: false } }),
    message:
      'keyOf: "fake" is a queue that keeps no order: leave keyOf out, or make the queue with an engine and options that keep one',
  },
};

function fakeQueue(): Queue {
  const nothing = (): never => undefined as never;
  return {
    name: "fake", keepsOrder: true, add: nothing, take: nothing, renew: nothing, settle: nothing, counts: nothing,
    quarantined: nothing, release: nothing, replay: nothing, purge: nothing, onAdded: nothing, close: nothing,
  };
}

for (const [what, { make, message }] of Object.entries(REFUSED)) {
  test(`${what} is refused with what to do`, () => {
    assert.throws(make, { name: "TillproofError", message });
  });
}
