import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as bullmq from "bullmq";
import { Pool } from "pg";
import { PgBoss } from "pg-boss";
import postgres from "postgres";

import { bullmqQueue } from "../../pkg/src/queues/bullmq.js";
import { pgBossQueue, type PgBossInstance } from "../../pkg/src/queues/pgboss.js";
import { postgresQueue } from "../../pkg/src/queues/postgres.js";
import { queueConformance } from "../../pkg/src/worker/conformance.js";
import type { Queue } from "../../pkg/src/worker/queue.js";
import { server } from "./servers.js";

const pool = new Pool({ connectionString: server("POSTGRES_URL"), max: 12 });
const sql = postgres(server("POSTGRES_URL"), { max: 12, onnotice: () => undefined });
/** Looks every second for workers that died, as often as pg-boss can. */
const boss = new PgBoss({
  connectionString: server("POSTGRES_URL"),
  schema: `boss_${process.pid}`,
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
});
boss.on("error", () => undefined);
let queues = 0;

before(() => boss.start());

after(async () => {
  await boss.stop();
  await pool.end();
  await sql.end();
});

const fresh = (): string => `conformance-${process.pid}-${(queues += 1)}`;

const connection = (): { host: string; port: number } => {
  const { hostname, port } = new URL(server("REDIS_URL"));
  return { host: hostname, port: Number(port) };
};

const ENGINES: Record<string, () => Queue> = {
  bullmq: () => bullmqQueue({ Queue: bullmq.Queue, Worker: bullmq.Worker, connection: connection(), name: fresh() }),
  "postgres through pg": () => postgresQueue(pool, { name: fresh() }),
  "postgres through postgres.js": () => postgresQueue(sql, { name: fresh() }),
};

const bossQueue = (keepsOrder: boolean) => (): Queue =>
  pgBossQueue(boss as unknown as PgBossInstance, { name: fresh(), schema: `boss_${process.pid}`, heartbeatSeconds: 10, keepsOrder });

/** Against hanging, and no measure of how fast an engine or a machine has to be. */
const PATIENCE = { patienceMs: 300_000 };

/** pg-boss gives a worker at least ten seconds before it counts as dead. */
const SLOW = { leaseMs: 10_000, ...PATIENCE };

/** How a job of each engine is damaged by hand. */
const DAMAGES: Record<string, readonly [() => Queue, (queue: Queue) => Promise<unknown>]> = {
  "postgres with a damaged event": [
    ENGINES["postgres through pg"]!,
    ({ name }) => pool.query("UPDATE tillproof_jobs SET event = '{' WHERE queue = $1 AND type = 'bad'", [name]),
  ],
  "postgres without the delivery": [
    ENGINES["postgres through postgres.js"]!,
    ({ name }) => pool.query(
      "DELETE FROM tillproof_deliveries WHERE id IN (SELECT delivery_id FROM tillproof_jobs WHERE queue = $1 AND type = 'bad')", [name],
    ),
  ],
  "pg-boss with a damaged document": [
    bossQueue(false),
    ({ name }) => pool.query(
      `UPDATE boss_${process.pid}.job SET data = jsonb_set(data, '{document}', '"{"') WHERE name = $1 AND data->>'type' = 'bad'`, [name],
    ),
  ],
  "pg-boss without data": [
    bossQueue(true),
    ({ name }) => pool.query(`UPDATE boss_${process.pid}.job SET data = NULL WHERE name = $1 AND data->>'type' = 'bad'`, [name]),
  ],
  "bullmq with a damaged document": [
    ENGINES["bullmq"]!,
    async ({ name }) => {
      const bull = new bullmq.Queue(name, { connection: connection() });
      const job = (await bull.getJobs(["wait"])).find((one) => one.name === "bad");
      await job?.updateData({ v: 1 });
      await bull.close();
    },
  ],
};

async function passesDamage([make, damage]: (typeof DAMAGES)[string]): Promise<void> {
  const queue = make();
  try {
    for (const id of ["a", "bad", "c"]) {
      const delivery = { scheme: "s", receivedAt: Date.now(), headers: {}, body: Buffer.from("{}") };
      await queue.add(delivery, [{ event: { id, idIsSigned: true, type: id === "bad" ? "bad" : "t" }, identities: [`s/${id}`] }]);
    }
    await damage(queue);
    const taken = await queue.take({ limit: 10, leaseMs: 30_000 });
    assert.deepEqual(taken.map(({ event }) => event.id).sort(), ["a", "c"]);
    const [aside, ...more] = await queue.quarantined(10);
    assert.equal(more.length, 0);
    assert.match(aside?.error ?? "", /^this job cannot be read: /);
    assert.equal(await queue.release(aside?.id ?? ""), true);
    assert.deepEqual(await queue.take({ limit: 10, leaseMs: 30_000 }), [], "it is still damaged");
    assert.equal((await queue.counts()).quarantined, 1);
  } finally {
    await queue.close();
  }
}

describe("queues on real servers", { concurrency: true }, () => {
  for (const [engine, make] of Object.entries({ "pg-boss": bossQueue(false), "pg-boss in order": bossQueue(true) })) {
    for (const { name, run } of queueConformance(make, SLOW)) test(`${engine}: ${name}`, run);
  }
  for (const [engine, make] of Object.entries(ENGINES)) {
    for (const { name, run } of queueConformance(make, { leaseMs: 800, ...PATIENCE })) test(`${engine}: ${name}`, run);
  }
  for (const [what, damaged] of Object.entries(DAMAGES)) {
    test(`${what}: the job is put aside with the reason, and the others run`, () => passesDamage(damaged));
  }
  for (const keepsOrder of [false, true]) {
    test(`pg-boss${keepsOrder ? " in order" : ""}: an event that waits in two queues is put off in one of them alone`, async () => {
      const [soon, late] = [bossQueue(keepsOrder)(), bossQueue(keepsOrder)()];
      try {
        const delivery = { scheme: "s", receivedAt: Date.now(), headers: {}, body: Buffer.from("{}") };
        const job = { event: { id: "shared", idIsSigned: true, type: "t" }, identities: ["s/shared"] };
        const takeOne = async (queue: Queue) => {
          const [taken] = await queue.take({ limit: 1, leaseMs: 10_000 });
          assert.ok(taken !== undefined, "a job to take");
          return taken;
        };
        for (const queue of [soon, late]) assert.deepEqual(await queue.add(delivery, [job]), [true]);
        const [first, other] = [await takeOne(soon), await takeOne(late)];
        assert.equal(first.id, other.id, "it is one event");
        assert.equal(await soon.settle(first, { as: "returned" }), true);
        assert.equal(await late.settle(other, { as: "retry", delayMs: 3_600_000, error: "no" }), true);
        assert.equal((await takeOne(soon)).attempt, 2);
        assert.deepEqual(await late.take({ limit: 1, leaseMs: 10_000 }), []);
      } finally {
        await Promise.all([soon.close(), late.close()]);
      }
    });
  }
});
