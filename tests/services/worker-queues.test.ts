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

/** pg-boss gives a worker at least ten seconds before it counts as dead. */
const SLOW = { leaseMs: 10_000, patienceMs: 20_000 };

describe("queues on real servers", { concurrency: true }, () => {
  for (const [engine, make] of Object.entries({ "pg-boss": bossQueue(false), "pg-boss in order": bossQueue(true) })) {
    for (const { name, run } of queueConformance(make, SLOW)) test(`${engine}: ${name}`, run);
  }
  for (const [engine, make] of Object.entries(ENGINES)) {
    for (const { name, run } of queueConformance(make, { leaseMs: 800 })) test(`${engine}: ${name}`, run);
  }
});
