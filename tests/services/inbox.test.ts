import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Redis } from "ioredis";
import pg from "pg";
import postgres from "postgres";

import { postgresStore } from "../../pkg/src/stores/postgres.js";
import { redisStore } from "../../pkg/src/stores/redis.js";
import type { Store } from "../../pkg/src/stores/store.js";
import { createInbox, createVerifier, type Delivery } from "../../pkg/src/webhooks/index.js";
import { flaws, line, prove, STORES } from "./inbox-torture/proof.js";
import { server } from "./servers.js";

const EVENTS = 2_000;
const SECRET = "whsec_test_secret";

const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 12 });
const sql = postgres(server("POSTGRES_URL"), { max: 4, onnotice: () => undefined });
const redis = new Redis(server("REDIS_URL"));
after(() => Promise.all([pool.end(), sql.end(), redis.quit()]));

const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });

function delivery(id: string, created: number): Delivery {
  const body = JSON.stringify({ id, type: "charge.updated", created, data: { object: { id: "ch_1" } } });
  const seconds = Math.floor(Date.now() / 1_000);
  const signature = createHmac("sha256", SECRET).update(`${seconds}.${body}`).digest("hex");
  return { body, headers: { "stripe-signature": `t=${seconds},v1=${signature}` } };
}

test("with postgres.js the handler writes through the driver's own transaction, which the claim shares", async () => {
  const store = postgresStore(sql, { table: "inbox_js" });
  await store.migrate();
  await sql`CREATE TABLE inbox_js_sales (id text)`;
  const inbox = createInbox({ store, verifier });
  let fails = true;
  const receive = (): ReturnType<typeof inbox.receive> =>
    inbox.receive(delivery("evt_1", 1), async (event, _batch, { client }) => {
      await client`INSERT INTO inbox_js_sales VALUES (${event.id})`;
      if (fails) throw new Error("out of stock");
    });
  await assert.rejects(receive(), /out of stock/);
  fails = false;
  const receipts = await Promise.all(Array.from({ length: 6 }, receive));
  assert.equal(receipts.filter(({ status }) => status === "applied").length, 1);
  assert.equal((await sql`SELECT id FROM inbox_js_sales`).length, 1);
});

test("two processes with events of one object: what is applied never goes back, on PostgreSQL and on Redis", async () => {
  const inPostgres = postgresStore(pool, { table: "inbox_order" });
  await inPostgres.migrate();
  const stores: Record<string, Store> = { postgres: inPostgres, redis: redisStore(redis, { name: "inbox-order" }) };
  for (const [name, store] of Object.entries(stores)) {
    // Two inboxes share nothing but the store, like two processes.
    const inboxes = [0, 1].map(() => createInbox({ store, verifier, ordering: { policy: "newest" }, patienceMs: 10_000 }));
    const applied: number[] = [];
    const receipts = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const created = (index * 37) % 60;
        return inboxes[index % 2]!.receive(delivery(`evt_${index}`, created), async (_event, _batch, { verdict }) => {
          applied.push(created);
          assert.notEqual(verdict, "older");
        });
      }),
    );
    assert.ok(receipts.every(({ status }) => status === "applied" || status === "stale"), name);
    assert.equal(receipts.filter(({ status }) => status === "applied").length >= 1, true);
    const newest = (await store.scan("inbox/default/stripe-v1#object/", null, 2)).map(({ value }) => value);
    assert.deepEqual(newest, ['{"v":1,"time":59000}'], name);
    // On Redis nobody handles an event of the object while another does, so handlers run in order, too.
    if (name === "redis") assert.deepEqual(applied, [...applied].sort((left, right) => left - right));
  }
});

for (const store of STORES) {
  test(`${EVENTS} events on ${store}, to four processes that are killed again and again`, async (context) => {
    const programs = join(dirname(fileURLToPath(import.meta.url)), "inbox-torture");
    const proof = await prove(store, programs, { events: EVENTS, seed: 7, killEvery: 250 });
    context.diagnostic(line(proof));
    assert.deepEqual(flaws(proof), []);
  });
}
