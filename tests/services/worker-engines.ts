/** The engines of the crash tests: each with a queue, a handler whose effects can be counted, and that count. */

import * as bullmq from "bullmq";
import { Redis } from "ioredis";
import { Pool } from "pg";
import { PgBoss } from "pg-boss";

import { bullmqQueue } from "../../pkg/src/queues/bullmq.js";
import { pgBossQueue, type PgBossInstance } from "../../pkg/src/queues/pgboss.js";
import { postgresQueue } from "../../pkg/src/queues/postgres.js";
import { sqliteQueue } from "../../pkg/src/queues/sqlite.js";
import type { SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import type { Queue } from "../../pkg/src/worker/queue.js";
import type { Worker, WorkerSettings } from "../../pkg/src/worker/settings.js";
import { createWorker } from "../../pkg/src/worker/worker.js";
import { server } from "./servers.js";

/** Tells where an attempt stands. */
export type Mark = (mark: "." | "+") => void;

/** One engine, connected. */
export interface Engine {
  readonly queue: Queue;
  /** Whether the effect of a handler becomes true together with the end of its job. */
  readonly exactlyOnce: boolean;
  /** A worker that calls `mark` with `.` when an attempt begins, and with `+` when its handler is through. */
  worker(settings: WorkerSettings, mark: Mark): Worker;
  /** How often each event was applied. */
  effects(): Promise<Map<string, number>>;
  /** Empties what this name left behind, and makes what effects need. */
  prepare(): Promise<void>;
  close(): Promise<void>;
}

const pause = (most: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * most));

/** Long enough for a SIGKILL to strike in the middle. */
const WORK_MS = 12;

const counted = (rows: readonly Record<string, unknown>[]): Map<string, number> =>
  new Map(rows.map(({ id, times }) => [String(id), Number(times)]));

async function postgres(name: string, transaction: boolean): Promise<Engine> {
  const pool = new Pool({ connectionString: server("POSTGRES_URL"), max: 8 });
  const queue = postgresQueue(pool, { name });
  const table = `effects_${name.replaceAll("-", "_")}`;
  const insert = `INSERT INTO ${table} (id) VALUES ($1)`;
  return {
    queue,
    exactlyOnce: transaction,
    worker: (settings, mark) =>
      transaction
        ? createWorker({
            ...settings,
            queue,
            transaction,
            handler: async (event, { tx }) => {
              mark(".");
              await pause(WORK_MS);
              await tx.query(insert, [event.id]);
              await pause(WORK_MS);
              mark("+");
            },
          })
        : createWorker({
            ...settings,
            queue,
            handler: async (event) => {
              mark(".");
              await pause(WORK_MS);
              await pool.query(insert, [event.id]);
              await pause(WORK_MS);
              mark("+");
            },
          }),
    effects: async () => counted((await pool.query(`SELECT id, count(*) AS times FROM ${table} GROUP BY id`)).rows),
    prepare: async () => void (await pool.query(`CREATE TABLE ${table} (id text NOT NULL)`)),
    close: () => pool.end(),
  };
}

async function sqlite(name: string): Promise<Engine> {
  const { DatabaseSync } = (await import("node:sqlite" as string)) as {
    DatabaseSync: new (path: string) => SqliteDatabase & {
      close(): void;
      prepare(sql: string): { run(...values: string[]): unknown; all(): unknown[] };
    };
  };
  const database = new DatabaseSync(name);
  database.exec("PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  const queue = sqliteQueue(database);
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return {
    queue,
    exactlyOnce: true,
    worker: (settings, mark) =>
      createWorker({
        ...settings,
        queue,
        transaction: true,
        handler: (event, { tx }) => {
          mark(".");
          tx.prepare("INSERT INTO effects (id) VALUES (?)").run(event.id);
          // All writers of a file share one lock, so this work is shorter than the others'.
          Atomics.wait(cell, 0, 0, Math.random() * 4);
          mark("+");
        },
      }),
    effects: async () =>
      counted(database.prepare("SELECT id, count(*) AS times FROM effects GROUP BY id").all() as Record<string, unknown>[]),
    prepare: async () => database.exec("CREATE TABLE effects (id TEXT NOT NULL)") as void,
    close: async () => database.close(),
  };
}

async function bull(name: string): Promise<Engine> {
  const { hostname, port } = new URL(server("REDIS_URL"));
  const connection = { host: hostname, port: Number(port) };
  const redis = new Redis(server("REDIS_URL"));
  const queue = bullmqQueue({ Queue: bullmq.Queue, Worker: bullmq.Worker, connection, name });
  return {
    queue,
    exactlyOnce: false,
    worker: (settings, mark) =>
      createWorker({
        ...settings,
        queue,
        handler: async (event) => {
          mark(".");
          await pause(WORK_MS);
          await redis.hincrby(`effects-${name}`, event.id, 1);
          await pause(WORK_MS);
          mark("+");
        },
      }),
    effects: async () => new Map(Object.entries(await redis.hgetall(`effects-${name}`)).map(([id, times]) => [id, Number(times)])),
    prepare: async () => undefined,
    close: async () => {
      await queue.close();
      redis.disconnect();
    },
  };
}

async function pgBoss(name: string): Promise<Engine> {
  const schema = `boss_${name.replaceAll("-", "_")}`;
  const boss = new PgBoss({
    connectionString: server("POSTGRES_URL"),
    schema,
    max: 10,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
  });
  boss.on("error", () => undefined);
  await boss.start();
  const queue = pgBossQueue(boss as unknown as PgBossInstance, { name, schema, heartbeatSeconds: 10 });
  const sql = boss.getDb();
  return {
    queue,
    exactlyOnce: true,
    worker: (settings, mark) =>
      createWorker({
        ...settings,
        queue,
        transaction: true,
        handler: async (event, { tx }) => {
          mark(".");
          await pause(WORK_MS);
          await tx.executeSql(`INSERT INTO ${schema}.effects (id) VALUES ($1)`, [event.id]);
          await pause(WORK_MS);
          mark("+");
        },
      }),
    effects: async () =>
      counted((await sql.executeSql(`SELECT id, count(*) AS times FROM ${schema}.effects GROUP BY id`)).rows as Record<string, unknown>[]),
    prepare: async () => void (await sql.executeSql(`CREATE TABLE ${schema}.effects (id text NOT NULL)`)),
    close: () => boss.stop({ graceful: false, close: true }),
  };
}

const ENGINES: Record<string, (name: string) => Promise<Engine>> = {
  sqlite,
  postgres: (name) => postgres(name, true),
  "postgres-outside": (name) => postgres(name, false),
  bullmq: bull,
  "pg-boss": pgBoss,
};

/** An engine by its name. */
export async function connect(engine: string, name: string): Promise<Engine> {
  const open = ENGINES[engine];
  if (open === undefined) throw new Error(`no such engine: ${engine}`);
  return open(name);
}
