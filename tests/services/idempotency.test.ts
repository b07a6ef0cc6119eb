import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Redis } from "ioredis";
import pg from "pg";

import { postgresStore } from "../../pkg/src/stores/postgres.js";
import { open, send, stampede, type Shop } from "./idempotency/herd.js";
import { server } from "./servers.js";

/** 100,000 of 1,000 keys are asked for by `HERD_REQUESTS=100000`. */
const REQUESTS = Number(process.env["HERD_REQUESTS"] ?? 2_000);
const KEYS = REQUESTS / 100;

/** Longer than any machine takes for an order: where a lease is to end, the clock of who comes after is set ahead. */
const LEASE_MS = 600_000;

const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 2 });
const redis = new Redis(server("REDIS_URL"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-idempotency-"));
const file = join(folder, "shop.db");
after(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([pool.end(), redis.quit()]);
});

before(async () => {
  await postgresStore(pool, { table: "shop_records" }).migrate();
  await pool.query("CREATE TABLE shop_orders (id text NOT NULL, item text NOT NULL)");
});

/** How often each order was written down. */
async function orders(store: string): Promise<number[]> {
  if (store.startsWith("postgres")) {
    const { rows } = await pool.query("SELECT count(*)::int AS times FROM shop_orders GROUP BY id");
    return (rows as { times: number }[]).map(({ times }) => times);
  }
  if (store === "sqlite") {
    const { Database } = createRequire(join(process.cwd(), "pkg", "package.json"))("node-sqlite3-wasm") as {
      Database: new (path: string) => { all(sql: string): { times: number }[]; close(): void };
    };
    const database = new Database(file);
    const rows = database.all("SELECT count(*) AS times FROM shop_orders GROUP BY id");
    database.close();
    return rows.map(({ times }) => times);
  }
  const keys = await redis.keys("shop-orders:*");
  return keys.length === 0 ? [] : (await redis.mget(keys)).map(Number);
}

async function forget(): Promise<void> {
  await pool.query("TRUNCATE shop_orders");
  rmSync(file, { force: true });
  const keys = await redis.keys("shop-orders:*");
  if (keys.length > 0) await redis.del(keys);
}

for (const store of ["postgres", "postgres-lease", "redis"]) {
  test(`${REQUESTS} requests of ${KEYS} keys to four servers on ${store}: each order once, each key one answer`, async (context) => {
    await forget();
    const shops = await Promise.all([1, 2, 3, 4].map(() => open({ SHOP_STORE: store, SHOP_NAME: `herd-${store}`, SHOP_WAIT_MS: String(LEASE_MS), SHOP_LEASE_MS: String(LEASE_MS) })));
    try {
      const found = await stampede(shops.map(({ port }) => port), REQUESTS, KEYS, 200);
      const times = await orders(store);
      context.diagnostic(`${Math.round(REQUESTS / found.seconds)} requests/s; ${JSON.stringify(found.statuses)}`);
      assert.deepEqual([times.length, Math.max(...times)], [KEYS, 1]);
      assert.deepEqual(found.statuses, { 201: REQUESTS });
      assert.equal(found.answers.size, KEYS);
      assert.ok([...found.answers.values()].every((answers) => answers.size === 1));
      assert.equal(found.replayed, REQUESTS - KEYS);
    } finally {
      await Promise.all(shops.map((shop) => shop.stop()));
    }
  });
}

//  store -> how long it waits at least, in milliseconds: in a transaction the claim waits in the database, for two seconds
for (const [store, least] of [["postgres", 1_900], ["postgres-lease", 100], ["redis", 100]] as const) {
  test(`on ${store} a request waits for one in another process for as long as it was told, and not for its end`, async () => {
    await forget();
    const env = { SHOP_STORE: store, SHOP_NAME: `slow-${store}`, SHOP_HOLDS: "yes", SHOP_WAIT_MS: "300" };
    const [slow, other] = await Promise.all([open(env), open(env)]);
    try {
      const first = send(slow.port, "order-1", "book");
      await slow.held;
      const started = performance.now();
      // The first one ends only after this: whoever waited for that would wait for ever.
      assert.equal((await send(other.port, "order-1", "book"))?.status, 409);
      const waited = performance.now() - started;
      assert.ok(waited >= least, `${waited} ms`);
      slow.release();
      assert.equal((await first)?.status, 201);
      const again = await send(other.port, "order-1", "book");
      assert.deepEqual([again?.status, again?.replayed], [201, true]);
      assert.deepEqual(await orders(store), [1]);
    } finally {
      await Promise.all([slow.stop(), other.stop()]);
    }
  });
}

/**
 * A server dies in the middle of an order; another is asked under the same key, at once and, where that was too early, when
 * the lease of the dead one is over.
 */
async function survive(env: Readonly<Record<string, string>>, key: string): Promise<{ statuses: number[]; body: string }> {
  // In a transaction nobody holds the key of the dead one, once the database knows: however long that takes.
  const terms = { SHOP_LEASE_MS: String(LEASE_MS), SHOP_WAIT_MS: /lease|redis/.test(env["SHOP_STORE"] ?? "") ? "0" : String(LEASE_MS) };
  const dying = await open({ ...env, ...terms });
  const living: Shop = await open({ ...env, ...terms, SHOP_KILL: "" });
  try {
    assert.equal(await send(dying.port, key, "book"), null, "the server answered, and should have died");
    const told = [await send(living.port, key, "book")];
    if (told[0]?.status === 409) {
      await living.setAhead(LEASE_MS + 60_000);
      told.push(await send(living.port, key, "book"));
    }
    return { statuses: told.map((one) => one?.status ?? 0), body: told.at(-1)?.body ?? "" };
  } finally {
    await Promise.all([dying.stop(), living.stop()]);
  }
}

//  store, recover, where it dies -> what the next is told, how often the order was written
const DEATHS: readonly [string, string, string, number[], number][] = [
  // In one transaction nothing is left of what was not stored, and nobody has to wait.
  ["sqlite", "repeat", "claimed", [201], 1],
  ["sqlite", "repeat", "done", [201], 1],
  ["sqlite", "repeat", "stored", [201], 1],
  ["postgres", "repeat", "claimed", [201], 1],
  ["postgres", "repeat", "done", [201], 1],
  ["postgres", "repeat", "stored", [201], 1],
  // Under a lease the next one waits for its end, and finds out what was done.
  ["postgres-lease", "ask", "claimed", [409, 201], 1],
  ["postgres-lease", "ask", "done", [409, 201], 1],
  ["postgres-lease", "ask", "stored", [201], 1],
  ["redis", "ask", "claimed", [409, 201], 1],
  ["redis", "ask", "done", [409, 201], 1],
  ["redis", "ask", "stored", [201], 1],
  // Where nobody can find out, it is never done again in silence.
  ["redis", "hold", "claimed", [409, 503], 0],
  ["redis", "hold", "done", [409, 503], 1],
  ["redis", "hold", "stored", [201], 1],
  // Where doing it again was said to be harmless, it is done again, under the same id.
  ["redis", "repeat", "claimed", [409, 201], 1],
  ["redis", "repeat", "done", [409, 201], 2],
  ["redis", "repeat", "stored", [201], 1],
];

for (const [store, recover, death, statuses, times] of DEATHS) {
  test(`a server on ${store} is killed when the order is ${death}, and by "${recover}" the next one is told ${statuses.join(", then ")}`, async () => {
    await forget();
    const name = `kill-${store}-${recover}-${death}`;
    const found = await survive({ SHOP_STORE: store, SHOP_FILE: file, SHOP_RECOVER: recover, SHOP_KILL: death, SHOP_NAME: name }, "order-1");
    assert.deepEqual(found.statuses, statuses, found.body);
    assert.deepEqual(await orders(store), times === 0 ? [] : [times]);
  });
}
