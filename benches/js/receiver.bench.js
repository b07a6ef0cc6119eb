/**
 * How long a provider waits for the answer: a delivery of Stripe's verified and stored, p50 and p99.
 *
 * Beside it stands the least that a careful hand would write: the same check by node:crypto and one INSERT with a unique
 * id, with the same durability. SQLite with a write-ahead log and `synchronous = FULL`; PostgreSQL and Redis where
 * `POSTGRES_URL` and `REDIS_URL` name a server and their drivers are installed.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bullmqQueue } from "tillproof/queues/bullmq";
import { postgresQueue } from "tillproof/queues/postgres";
import { sqliteQueue } from "tillproof/queues/sqlite";
import { createVerifier } from "tillproof/webhooks";
import { createReceiver } from "tillproof/worker";

const SECRET = "whsec_test";
const DELIVERIES = Number(process.env.RECEIVER_DELIVERIES ?? 2_000);
const BODY_BYTES = 2_000;
let sent = 0;

function delivery() {
  const now = Math.floor(Date.now() / 1_000);
  const frame = { id: `evt_${(sent += 1)}_${process.hrtime.bigint()}`, object: "event", type: "charge.succeeded", created: now };
  const body = Buffer.from(JSON.stringify({ ...frame, note: "x".repeat(BODY_BYTES - JSON.stringify(frame).length) }));
  const signature = createHmac("sha256", SECRET).update(`${now}.`).update(body).digest("hex");
  return { body, headers: { "stripe-signature": `t=${now},v1=${signature}`, "content-type": "application/json" } };
}

/** What a careful hand checks before it stores anything. */
function checked({ body, headers }) {
  const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers["stripe-signature"]);
  const mac = createHmac("sha256", SECRET).update(`${time}.`).update(body).digest();
  if (!timingSafeEqual(mac, Buffer.from(signature, "hex"))) throw new Error("a genuine delivery was refused");
  return JSON.parse(body.toString()).id;
}

/** Milliseconds to each answer, `atOnce` under way at any time. */
async function answers(receive, atOnce) {
  const waiting = Array.from({ length: DELIVERIES }, delivery);
  const took = [];
  const lane = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const started = process.hrtime.bigint();
      await receive(next);
      took.push(Number(process.hrtime.bigint() - started) / 1_000);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return took.sort((a, b) => a - b);
}

const at = (sorted, share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);

async function rowsOf(engine, sides) {
  const rows = [];
  for (const atOnce of [1, 32]) {
    const found = {};
    for (const [name, receive] of Object.entries(sides)) {
      await answers(receive, atOnce);
      found[name] = await answers(receive, atOnce);
    }
    for (const share of [0.5, 0.99]) {
      const us = Object.fromEntries(Object.entries(found).map(([name, took]) => [name, at(took, share)]));
      rows.push({ name: `receiver on ${engine}, ${atOnce} at once, p${share * 100}`, us });
    }
  }
  return rows;
}

function receiving(queue) {
  const receiver = createReceiver({ verifier: createVerifier({ scheme: "stripe-v1", secrets: SECRET }), queue });
  return async (delivered) => {
    if ((await receiver.receive(delivered)).status !== "stored") throw new Error("a delivery was not stored");
  };
}

async function onSqlite() {
  const sqlite = process.getBuiltinModule?.("node:sqlite");
  if (sqlite === undefined) return [];
  const folder = mkdtempSync(join(tmpdir(), "tillproof-bench-"));
  const opened = [];
  const open = (name) => {
    const database = new sqlite.DatabaseSync(join(folder, name));
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    opened.push(database);
    return database;
  };
  try {
    const byHand = open("hand.db");
    byHand.exec("CREATE TABLE events (id TEXT PRIMARY KEY, body BLOB NOT NULL)");
    const insert = byHand.prepare("INSERT INTO events (id, body) VALUES (?, ?)");
    return await rowsOf("SQLite", {
      tillproof: receiving(sqliteQueue(open("queue.db"))),
      "by hand": async (delivered) => void insert.run(checked(delivered), delivered.body),
    });
  } finally {
    for (const database of opened) database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onPostgres() {
  const pg = process.env.POSTGRES_URL === undefined ? undefined : await import("pg").catch(() => undefined);
  if (pg === undefined) return [];
  const pool = new pg.default.Pool({ connectionString: process.env.POSTGRES_URL, max: 16 });
  try {
    await pool.query("CREATE TABLE IF NOT EXISTS bench_events (id text PRIMARY KEY, body bytea NOT NULL)");
    const queue = postgresQueue(pool, { name: `bench-${process.pid}` });
    return await rowsOf("PostgreSQL", {
      tillproof: receiving(queue),
      "by hand": async (delivered) =>
        void (await pool.query("INSERT INTO bench_events (id, body) VALUES ($1, $2)", [checked(delivered), delivered.body])),
    });
  } finally {
    await pool.end();
  }
}

async function onBullmq() {
  const bullmq = process.env.REDIS_URL === undefined ? undefined : await import("bullmq").catch(() => undefined);
  if (bullmq === undefined) return [];
  const { Queue, Worker } = bullmq;
  const { hostname: host, port } = new URL(process.env.REDIS_URL);
  const connection = { host, port: Number(port) };
  const queue = bullmqQueue({ Queue, Worker, connection, name: `bench-${process.pid}` });
  const byHand = new Queue(`hand-${process.pid}`, { connection });
  try {
    return await rowsOf("BullMQ", {
      tillproof: receiving(queue),
      "by hand": async (delivered) =>
        void (await byHand.add("event", { body: delivered.body.toString("base64") }, { jobId: checked(delivered) })),
    });
  } finally {
    await Promise.all([queue.close(), byHand.close()]);
  }
}

/** The rows of this file; it has no goal of its own. */
export async function run() {
  return { rows: [...(await onSqlite()), ...(await onPostgres()), ...(await onBullmq())], goals: [] };
}
