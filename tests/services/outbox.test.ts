import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";

import { Queue as BullmqQueue } from "bullmq";
import { Cluster, Redis } from "ioredis";
import { connect, RetentionPolicy, StringCodec } from "nats";
import pg from "pg";
import { PgBoss } from "pg-boss";
import postgres from "postgres";
import { createClient } from "redis";

import { createOutbox, toBullmq, toJetStream, toPgBoss, type Deliver, type OutboxMessage } from "../../pkg/src/outbox/index.js";
import { createPayments } from "../../pkg/src/payments/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { postgresStore } from "../../pkg/src/stores/postgres.js";
import { redisStore } from "../../pkg/src/stores/redis.js";
import type { Store } from "../../pkg/src/stores/store.js";
import { server } from "./servers.js";

const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 10 });
const sql = postgres(server("POSTGRES_URL"), { max: 10, onnotice: () => undefined });
const io = new Redis(server("REDIS_URL"));
const node = createClient({ url: server("REDIS_URL") });
const cluster = new Cluster([server("REDIS_CLUSTER_URL")]);
await node.connect();
after(async () => {
  await Promise.all([pool.end(), sql.end(), io.quit(), node.close(), cluster.quit()]);
});

const unique = (): string => `outbox_${randomBytes(4).toString("hex")}`;

async function migrated(store: Store & { migrate(): Promise<unknown> }): Promise<Store> {
  await store.migrate();
  return store;
}

const STORES: Record<string, () => Store | Promise<Store>> = {
  "pg Pool": () => migrated(postgresStore(pool, { table: unique() })),
  "postgres.js": () => migrated(postgresStore(sql, { table: unique() })),
  ioredis: () => redisStore(io, { name: unique() }),
  "node-redis": () => redisStore(node, { name: unique() }),
  "a Redis cluster": () => redisStore(cluster, { name: unique() }),
};

for (const [name, open] of Object.entries(STORES)) {
  test(`${name}: three outboxes share the work, keep each stream in order, and put aside what keeps failing`, async () => {
    const store = await open();
    const order = new Map<string, number[]>();
    const end = new AbortController();
    let delivered = 0;
    const make = () =>
      createOutbox({
        store,
        pollMs: 20,
        attemptsMax: 2,
        backoff: { baseMs: 5, capMs: 10 },
        onError: () => undefined,
        deliver: ({ stream, position }) => {
          if (stream === "poison") throw new Error("never");
          order.set(stream, [...(order.get(stream) ?? []), position]);
          delivered += 1;
        },
      });
    const outboxes = [make(), make(), make()];
    const messages = Array.from({ length: 60 }, (_, index) => ({ type: "t", stream: `s${index % 12}`, position: Math.floor(index / 12), payload: { index } }));
    for (const message of messages) await outboxes[0]?.add(message);
    await outboxes[0]?.add([{ type: "t", stream: "poison", position: 0, payload: null }, { type: "t", stream: "poison", position: 1, payload: null }]);
    const runs = outboxes.map((outbox) => outbox.run({ signal: end.signal }));
    const aside = async () => (await outboxes[1]?.list({ state: "quarantined" })) ?? [];
    for (const deadline = Date.now() + 300_000; (delivered < 60 || (await aside()).length === 0) && Date.now() < deadline; ) await new Promise((resolve) => setTimeout(resolve, 20));
    end.abort();
    await Promise.all(runs);
    assert.equal(delivered, 60);
    for (const [stream, positions] of order) assert.deepEqual(positions, [0, 1, 2, 3, 4], stream);
    assert.deepEqual((await aside()).map(({ position, attempts }) => [position, attempts]), [[0, 2]]);
    assert.equal((await outboxes[2]?.figures())?.ready, 1, "the one behind it waits");
  });
}

test("a message and a row of the caller's own become true in one transaction of PostgreSQL, or neither does", async () => {
  const table = unique();
  const store = postgresStore(pool, { table });
  await store.migrate();
  await pool.query(`CREATE TABLE ${table}_orders (id text PRIMARY KEY)`);
  const told: string[] = [];
  const outbox = createOutbox({ store, deliver: ({ payload }) => void told.push(payload as string) });
  const place = (id: string, fails: boolean) =>
    store.transaction(async (transaction) => {
      await transaction.client.query(`INSERT INTO ${table}_orders VALUES ($1)`, [id]);
      await outbox.add({ type: "order.placed", stream: id, position: 0, payload: id }, { into: transaction });
      if (fails) throw new Error("out of stock");
    });
  await place("order_1", false);
  await assert.rejects(place("order_2", true), /out of stock/);
  await outbox.sweep();
  const { rows } = await pool.query<{ id: string }>(`SELECT id FROM ${table}_orders`);
  assert.deepEqual([rows.map(({ id }) => id), told], [["order_1"], ["order_1"]]);
});

test("a payment's outcome and its message stand in one commit of PostgreSQL", async () => {
  const store = postgresStore(pool, { table: unique() });
  await store.migrate();
  const told: OutboxMessage[] = [];
  const outbox = createOutbox({ store, deliver: (message) => void told.push(message) });
  const payments = createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store,
    outbox,
    secret: randomBytes(32),
    fetch: async () => Response.json({ id: "pay_1", merchantId: "shop", amount: 500, currency: "EUR", reference: "order_1", state: "completed" }, { status: 201 }),
  });
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => payments.charge({ reference: "order_1", amount: 500, currency: "EUR" })));
  assert.ok(outcomes.every(({ status }) => status === "settled"));
  await outbox.sweep();
  assert.deepEqual(told.map(({ type }) => type), ["payment.settled"]);
});

/** Delivers each message twice, as after a process that died between delivery and acknowledgement. */
async function deliveredTwice(deliver: Deliver): Promise<string[]> {
  const store = memoryStore();
  const clock = { now: Date.now() };
  let acknowledged = false;
  const forgetful: Store = {
    ...store,
    commit: async (writes) => {
      if (!acknowledged && writes.some(({ value }) => value.includes('"state":"delivered"'))) {
        acknowledged = true;
        return false;
      }
      return store.commit(writes);
    },
  };
  const outbox = createOutbox({ store: forgetful, deliver, now: () => clock.now });
  const messages = await outbox.add([{ type: "payment.settled", stream: "order_1", position: 1, payload: { amount: "500" } }, { type: "payment.reversed", stream: "order_1", position: 2, payload: { amount: "500" } }]);
  await outbox.sweep();
  clock.now += 20_000;
  await outbox.sweep();
  const { process: counts } = await outbox.figures();
  assert.deepEqual([counts.attempts, counts.delivered, counts.lost], [3, 2, 1]);
  return messages.map(({ id }) => id);
}

test("BullMQ has each message once, under its id, although it came twice", async () => {
  const queue = new BullmqQueue(unique(), { connection: { url: server("REDIS_URL") } as never });
  const ids = await deliveredTwice(toBullmq({ queue }));
  const jobs = await queue.getJobs(["waiting"], 0, 10, true);
  assert.deepEqual(jobs.map(({ id, name, data }) => [id, name, (data as OutboxMessage).position]), [[ids[0], "payment.settled", 1], [ids[1], "payment.reversed", 2]]);
  await queue.close();
});

test("pg-boss has each message once, under a UUID of its id, although it came twice", async () => {
  const boss = new PgBoss(server("POSTGRES_URL"));
  boss.on("error", () => undefined);
  await boss.start();
  const queue = unique();
  await boss.createQueue(queue);
  const ids = await deliveredTwice(toPgBoss({ boss, queue }));
  const jobs = await boss.fetch<OutboxMessage>(queue, { batchSize: 10 });
  assert.deepEqual(jobs.map(({ data }) => data.id).sort(), [...ids].sort());
  await boss.stop({ graceful: false });
});

test("JetStream has each message once, in order, although it came twice", async () => {
  const connection = await connect({ servers: server("NATS_URL") });
  const manager = await connection.jetstreamManager();
  const stream = unique();
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`], retention: RetentionPolicy.Limits });
  const ids = await deliveredTwice(toJetStream({ jetstream: connection.jetstream(), subject: ({ type }) => `${stream}.${type}` }));
  const { messages } = (await manager.streams.info(stream)).state;
  assert.equal(messages, 2);
  const found: string[] = [];
  for (const seq of [1, 2]) {
    const stored = await manager.streams.getMessage(stream, { seq });
    found.push((JSON.parse(StringCodec().decode(stored.data)) as OutboxMessage).id);
    assert.equal(stored.header.get("Nats-Msg-Id"), found.at(-1));
  }
  assert.deepEqual(found, ids);
  await connection.close();
});
