import { after, test } from "node:test";

import * as bullmq from "bullmq";
import { Pool } from "pg";
import postgres from "postgres";

import { bullmqQueue } from "../../pkg/src/queues/bullmq.js";
import { postgresQueue, type PostgresJs } from "../../pkg/src/queues/postgres.js";
import { queueConformance } from "../../pkg/src/worker/conformance.js";
import type { Queue } from "../../pkg/src/worker/queue.js";
import { server } from "./servers.js";

const pool = new Pool({ connectionString: server("POSTGRES_URL"), max: 12 });
const sql = postgres(server("POSTGRES_URL"), { max: 12, onnotice: () => undefined });
let queues = 0;

after(async () => {
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
  "postgres through postgres.js": () => postgresQueue(sql as unknown as PostgresJs, { name: fresh() }),
};

for (const [engine, make] of Object.entries(ENGINES)) {
  for (const { name, run } of queueConformance(make)) test(`${engine}: ${name}`, run);
}
