import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, Pool, type PoolClient } from "pg";
import { PgBoss } from "pg-boss";
import postgres from "postgres";

import { pgBossQueue, type PgBossInstance } from "../../pkg/src/queues/pgboss.js";
import { postgresQueue, type PgPool } from "../../pkg/src/queues/postgres.js";
import type { Queue } from "../../pkg/src/worker/queue.js";
import type { TransactionalWorkerOptions } from "../../pkg/src/worker/settings.js";
import { createWorker } from "../../pkg/src/worker/worker.js";
import { server } from "./servers.js";

const pool = new Pool({ connectionString: server("POSTGRES_URL"), max: 12 });
const sql = postgres(server("POSTGRES_URL"), { max: 8, onnotice: () => undefined });
const schema = `boss_tx_${process.pid}`;
const boss = new PgBoss({ connectionString: server("POSTGRES_URL"), schema, max: 8 });
boss.on("error", () => undefined);
let queues = 0;

before(async () => {
  await pool.query("CREATE TABLE IF NOT EXISTS shared_effects (queue text, event text)");
  await boss.start();
});

after(async () => {
  await boss.stop({ graceful: false });
  await pool.end();
  // A handler that was given up may still have a connection.
  await sql.end({ timeout: 1 });
});

/** A queue with one job, and how a handler writes in its transaction. */
interface Case<Tx> {
  readonly queue: TransactionalWorkerOptions<Tx>["queue"];
  readonly write: (tx: Tx, text: string, values?: string[]) => PromiseLike<unknown>;
}

const name = (): string => `tx-${process.pid}-${(queues += 1)}`;

const DRIVERS: Record<string, () => Case<unknown>> = {
  pg: () => ({
    queue: postgresQueue(pool, { name: name() }),
    write: (tx, text, values) => (tx as PoolClient).query(text, values),
  }),
  "postgres.js": () => ({
    queue: postgresQueue(sql, { name: name() }),
    write: (tx, text, values) => (tx as typeof sql).unsafe(text, values ?? []),
  }),
  "pg-boss": () => ({
    queue: pgBossQueue(boss as unknown as PgBossInstance, { name: name(), schema }) as Case<unknown>["queue"],
    write: (tx, text, values) => (tx as { executeSql(text: string, values?: unknown[]): Promise<unknown> }).executeSql(text, values),
  }),
};

async function withJob(queue: Queue): Promise<void> {
  await queue.add(
    { scheme: "stripe-v1", receivedAt: Date.now(), headers: {}, body: Buffer.from("{}") },
    [{ event: { id: "evt_1", idIsSigned: true, type: "t" }, identities: ["stripe-v1/evt_1"] }],
  );
}

async function effects(queue: Queue): Promise<number> {
  const { rows } = await pool.query<{ n: string }>("SELECT count(*) AS n FROM shared_effects WHERE queue = $1", [queue.name]);
  return Number(rows[0]?.n);
}

/** Waits for what must come, however slow the machine is. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 300_000; !(await holds()); await sleep(20)) {
    assert.ok(Date.now() < deadline, `waited five minutes for ${what}`);
  }
}

/** Waits until a connection of the server's is gone. */
async function gone(pid: number | undefined): Promise<void> {
  await until("the end of a connection", async () => (await pool.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid])).rows.length === 0);
}

const HASTE = { pollMs: 20, backoff: { baseMs: 1, capMs: 2 } };
const INSERT = "INSERT INTO shared_effects (queue, event) VALUES ($1, $2)";

for (const [driver, make] of Object.entries(DRIVERS)) {
  test(`${driver}: a handler that swallows the error of a statement has done nothing, and runs again`, async () => {
    const { queue, write } = make();
    await withJob(queue);
    const errors: unknown[] = [];
    const worker = createWorker({
      ...HASTE, queue, transaction: true,
      onError: (error) => errors.push(error),
      handler: async (event, { tx, attempt }) => {
        await write(tx, INSERT, [queue.name, event.id]);
        if (attempt === 1) await Promise.resolve(write(tx, "SELECT nonsense")).catch(() => undefined);
      },
    });
    worker.start();
    await until("the second attempt", async () => (await worker.metrics()).worker.done === 1);
    await worker.drain();
    assert.equal(errors.length, 1);
    assert.equal(await effects(queue), 1);
  });

  // The driver itself writes to a closed socket then (3.4.9), outside of any promise, and the process ends.
  const survives = driver !== "postgres.js";
  if (survives) test(`${driver}: a connection that is cut in mid-transaction costs an attempt and not the process`, async () => {
    const { queue, write } = make();
    await withJob(queue);
    const worker = createWorker({
      ...HASTE, queue, transaction: true,
      handler: async (event, { tx, attempt }) => {
        await write(tx, INSERT, [queue.name, event.id]);
        if (attempt > 1) return;
        const answer = await write(tx, "SELECT pg_backend_pid() AS pid");
        const rows = (Array.isArray(answer) ? answer : (answer as { rows: unknown[] }).rows) as { pid: number }[];
        await pool.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
        await gone(rows[0]?.pid);
      },
    });
    worker.start();
    await until("the second attempt", async () => (await worker.metrics()).worker.done === 1);
    await worker.drain();
    assert.equal(await effects(queue), 1);
  });

  test(`${driver}: a drain that runs out of time rolls the transaction back and gives the job back`, async () => {
    const { queue, write } = make();
    await withJob(queue);
    let begun = false;
    const worker = createWorker({
      ...HASTE, queue, transaction: true, drainMs: 50,
      handler: async (event, { tx }) => {
        await write(tx, INSERT, [queue.name, event.id]);
        begun = true;
        await sleep(60_000, undefined, { ref: false });
      },
    });
    worker.start();
    await until("the handler", () => begun);
    assert.deepEqual(await worker.drain(), { finished: 0, returned: 1 });
    assert.equal(await effects(queue), 0);
    const { ready, taken } = await queue.counts();
    assert.deepEqual([ready, taken], [1, 0]);
  });
}

for (const [driver, make] of Object.entries(DRIVERS)) {
  test(`${driver}: what a handler writes after its attempt was given up is not kept`, async () => {
    const { queue, write } = make();
    await withJob(queue);
    const late: Promise<unknown>[] = [];
    let runs = 0;
    let again = (): void => undefined;
    const second = new Promise<void>((resolve) => (again = resolve));
    const worker = createWorker({
      ...HASTE, queue, transaction: true, attemptMs: 300, concurrency: 1, onError: () => undefined,
      handler: async (event, { tx, signal }) => {
        runs += 1;
        if (runs > 1) {
          again();
          return void (await write(tx, INSERT, [queue.name, event.id]));
        }
        const insert = (why: string): void => {
          const written = Promise.resolve(write(tx, INSERT, [queue.name, why]));
          written.catch(() => undefined);
          late.push(written);
        };
        // At once, so that it meets the connection while the roll-back is under way.
        signal.addEventListener("abort", () => insert("at the abort"));
        await write(tx, INSERT, [queue.name, "undone"]);
        // When somebody else is at the job, the first transaction was given up.
        await second;
        insert("later");
        await sleep(5);
        insert("again");
        await Promise.allSettled(late);
      },
    });
    worker.start();
    await until("the second attempt", async () => (await worker.metrics()).worker.done === 1);
    await until("the late statements", () => late.length === 3);
    await worker.drain();
    const settled = await Promise.allSettled(late);
    assert.deepEqual(settled.slice(1).map(({ status }) => status), ["rejected", "rejected"]);
    const { rows } = await pool.query("SELECT event FROM shared_effects WHERE queue = $1", [queue.name]);
    assert.deepEqual(rows, [{ event: "evt_1" }]);
  });
}

test("postgres.js: a connection that was given up serves others as soon as its handler lets go of it", async () => {
  const small = postgres(server("POSTGRES_URL"), { max: 1, onnotice: () => undefined });
  const queue = postgresQueue(small, { name: name() });
  await withJob(queue);
  let runs = 0;
  let letGo = (): void => undefined;
  const worker = createWorker({
    ...HASTE, queue, transaction: true, attemptMs: 100,
    // The attempt was given up, and the handler still has the connection.
    onError: () => letGo(),
    handler: () => ((runs += 1) === 1 ? new Promise<void>((resolve) => (letGo = resolve)) : undefined),
  });
  worker.start();
  await until("the second attempt", async () => (await worker.metrics()).worker.done === 1);
  await worker.drain();
  assert.equal((await small`SELECT 1 AS one`)[0]?.["one"], 1);
  await small.end();
});

test("pg-boss: an abort while the transaction waits for its job is not missed", async () => {
  const { queue } = DRIVERS["pg-boss"]!();
  await withJob(queue);
  const [job] = await queue.take({ limit: 1, leaseMs: 30_000 });
  const controller = new AbortController();
  const client = await pool.connect();
  await client.query("BEGIN");
  await client.query(`SELECT 1 FROM ${schema}.job WHERE name = $1 FOR UPDATE`, [queue.name]);
  let ran = false;
  const transacted = queue.transact(job!, () => void (ran = true), controller.signal);
  await until("somebody who waits for the job", async () => {
    const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1";
    return (await pool.query(waiting, [`%${schema}%`])).rows.length > 0;
  });
  controller.abort(new Error("too long"));
  await client.query("COMMIT");
  client.release();
  await assert.rejects(transacted, /too long/);
  assert.equal(ran, false);
  assert.equal((await queue.counts()).taken, 1);
});

test("what is no pool of connections is refused with what to pass", () => {
  const single = new Client();
  for (const handle of [null, {}, "postgres://", single]) {
    assert.throws(() => postgresQueue(handle as unknown as PgPool), { code: "postgres_handle_unknown" });
  }
  for (const handle of [null, {}, boss.getDb()]) {
    assert.throws(() => pgBossQueue(handle as unknown as PgBossInstance), { code: "pgboss_invalid" });
  }
});

test("what was stored before the clock of the server was set back waits for the next look after things, and a retry for its time", async () => {
  const queue = postgresQueue(pool, { name: name() });
  await withJob(queue);
  const [job] = await queue.take({ limit: 1, leaseMs: 30_000 });
  assert.ok(await queue.settle(job!, { as: "returned" }));
  // Nobody can set the clock of the server back here, so the job is moved into its future.
  const move = (): Promise<unknown> =>
    pool.query("UPDATE tillproof_jobs SET due_at = due_at + 3600000 WHERE queue = $1", [queue.name]);
  await move();
  assert.deepEqual(await queue.take({ limit: 1, leaseMs: 30_000 }), []);
  assert.equal(await queue.purge(), 0);
  const [again] = await queue.take({ limit: 1, leaseMs: 30_000 });
  assert.equal(again?.id, job?.id);

  assert.ok(await queue.settle(again!, { as: "retry", delayMs: 0, error: "out of stock" }));
  await move();
  await queue.purge();
  assert.deepEqual(await queue.take({ limit: 1, leaseMs: 30_000 }), []);
});
