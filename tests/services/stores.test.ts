import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Redis as Upstash } from "@upstash/redis";
import { Cluster, Redis } from "ioredis";
import pg from "pg";
import postgres from "postgres";
import { createClient, createCluster } from "redis";

import { storeConformance, transactionConformance } from "../../pkg/src/stores/conformance.js";
import { postgresStore, postgresMigrations, type PostgresStore } from "../../pkg/src/stores/postgres.js";
import { redisStore } from "../../pkg/src/stores/redis.js";
import type { Store } from "../../pkg/src/stores/store.js";
import { redisOverHttp } from "./redis-over-http.mjs";
import { server } from "./servers.js";

const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 10 });
const client = new pg.Client({ connectionString: server("POSTGRES_URL") });
const sql = postgres(server("POSTGRES_URL"), { max: 10, onnotice: () => undefined });
const io = new Redis(server("REDIS_URL"));
const ioTwin = new Redis(server("REDIS_URL"));
const node = createClient({ url: server("REDIS_URL") });
const ioCluster = new Cluster([server("REDIS_CLUSTER_URL")]);
const nodeCluster = createCluster({ rootNodes: [{ url: server("REDIS_CLUSTER_URL") }] });
const bridge = await redisOverHttp(io, "token");
const upstash = new Upstash({ url: bridge.url, token: "token" });
await Promise.all([client.connect(), node.connect(), nodeCluster.connect()]);

after(async () => {
  await bridge.close();
  await Promise.all([pool.end(), client.end(), sql.end(), io.quit(), ioTwin.quit(), node.close(), ioCluster.quit(), nodeCluster.close()]);
});

let made = 0;

async function migrated<C>(store: PostgresStore<C>): Promise<PostgresStore<C>> {
  await store.migrate();
  return store;
}

/** A table of its own for each check. */
const table = (): { table: string } => ({ table: `records_${(made += 1)}` });

const TRANSACTIONAL: Record<string, () => Promise<PostgresStore<unknown>>> = {
  "pg Pool": () => migrated(postgresStore(pool, table())),
  "pg Client": () => migrated(postgresStore(client, table())),
  "postgres.js": () => migrated(postgresStore(sql, table())),
};

const STORES: Record<string, () => Store | Promise<Store>> = {
  ...TRANSACTIONAL,
  ioredis: () => redisStore(io, { name: `io${(made += 1)}` }),
  "node-redis": () => redisStore(node, { name: `node${(made += 1)}` }),
  "@upstash/redis over HTTP": () => redisStore(upstash, { name: `http${(made += 1)}` }),
  "ioredis on a cluster": () => redisStore(ioCluster, { name: `io${(made += 1)}` }),
  "node-redis on a cluster": () => redisStore(nodeCluster, { name: `node${(made += 1)}` }),
};

/** Clients of one database, each with a connection of its own; those of one row may even be of different drivers. */
const CLIENTS: Record<string, () => Store[] | Promise<Store[]>> = {
  "pg Pool": async () => {
    const one = table();
    await migrated(postgresStore(pool, one));
    return [postgresStore(pool, one), postgresStore(client, one), postgresStore(sql, one)];
  },
  ioredis: () => {
    const name = `both${(made += 1)}`;
    return [redisStore(io, { name }), redisStore(ioTwin, { name }), redisStore(node, { name }), redisStore(upstash, { name })];
  },
  "ioredis on a cluster": () => {
    const name = `both${(made += 1)}`;
    return [redisStore(ioCluster, { name }), redisStore(nodeCluster, { name })];
  },
};

for (const [driver, open] of Object.entries(STORES)) {
  const clients = CLIENTS[driver];
  const checks = storeConformance(open, clients === undefined ? {} : { clients });
  for (const { name, run } of checks) test(`${driver}: ${name}`, run);
}

for (const [driver, open] of Object.entries(TRANSACTIONAL)) {
  for (const { name, run } of transactionConformance(open)) test(`${driver}: ${name}`, run);
}

test("what looks like JSON comes back as it was stored, also from a client that would parse it", async () => {
  const store = redisStore(upstash, { name: `http${(made += 1)}` });
  const values = ['{ "amount": 12345678901234567890 }', "007", "null", "=", "", '"text"', "9007199254740993"];
  await store.commit(values.map((value, index) => ({ key: `${index}`, expected: 0, value })));
  assert.deepEqual(await Promise.all(values.map(async (_, index) => (await store.get(`${index}`))?.value)), values);
  assert.deepEqual((await store.scan("", null, 10)).map(({ key }) => key), values.map((_, index) => `${index}`));
});

test("a handler's own rows and the store's records become true together, by each driver", async () => {
  await pool.query("CREATE TABLE sales (driver text, id text)");
  const sales = async (driver: string): Promise<number> =>
    (await pool.query("SELECT 1 FROM sales WHERE driver = $1", [driver])).rows.length;
  const claim = { key: "sold", expected: 0, value: "" };
  // The type of `client` is that of the driver: these are its own ways to write.
  const sell: Record<string, (fails: boolean) => Promise<void>> = {};
  const fits = (fails: boolean): void => {
    if (fails) throw new Error("out of stock");
  };
  const byPool = await migrated(postgresStore(pool, table()));
  sell["pool"] = (fails) =>
    byPool.transaction(async ({ client, commit }) => {
      await client.query("INSERT INTO sales VALUES ($1, $2)", ["pool", "one"]);
      assert.equal(await commit([claim]), true);
      fits(fails);
    });
  const byJs = await migrated(postgresStore(sql, table()));
  sell["js"] = (fails) =>
    byJs.transaction(async ({ client, commit }) => {
      await client`INSERT INTO sales VALUES (${"js"}, ${"one"})`;
      assert.equal(await commit([claim]), true);
      fits(fails);
    });
  for (const [driver, store] of [["pool", byPool], ["js", byJs]] as const) {
    await assert.rejects(sell[driver]!(true), /out of stock/);
    assert.deepEqual([await sales(driver), await store.get("sold")], [0, null], driver);
    await sell[driver]!(false);
    assert.deepEqual([await sales(driver), (await store.get("sold"))?.version], [1, 1], driver);
  }
});

test("a transaction in which a statement failed is no success, even where its error was swallowed", async () => {
  for (const store of [await migrated(postgresStore(pool, table())), await migrated(postgresStore(client, table()))]) {
    const swallowed = store.transaction(async (transaction) => {
      await transaction.commit([{ key: "claim", expected: 0, value: "" }]);
      await transaction.client.query("SELECT 1 / 0").catch(() => undefined);
    });
    await assert.rejects(swallowed, { code: "transaction_lost" });
    assert.equal(await store.get("claim"), null);
  }
  const js = await migrated(postgresStore(sql, table()));
  const swallowed = js.transaction(async (transaction) => {
    await transaction.commit([{ key: "claim", expected: 0, value: "" }]);
    await transaction.client`SELECT 1 / 0`.catch(() => undefined);
  });
  await assert.rejects(swallowed);
  assert.equal(await js.get("claim"), null);
});

test("a transaction that its own function ends is no success, by each driver and in each way", async () => {
  const endings = ["ROLLBACK", "COMMIT", "ROLLBACK; BEGIN", "COMMIT; BEGIN"];
  for (const [driver, open] of Object.entries(TRANSACTIONAL)) {
    for (const ending of endings) {
      const store = await open();
      const ended = store.transaction(async ({ client, commit }) => {
        await commit([{ key: "claim", expected: 0, value: "" }]);
        const own = client as { query?: (text: string) => Promise<unknown>; unsafe?: (text: string) => Promise<unknown> };
        await (own.unsafe === undefined ? own.query!(ending) : own.unsafe(ending));
      });
      await assert.rejects(ended, { code: "transaction_lost" }, `${driver}, ${ending}`);
      // What the function committed by itself is there; whatever came after its own end is not.
      assert.equal((await store.get("claim")) === null, ending.startsWith("ROLLBACK"), `${driver}, ${ending}`);
    }
  }
});

test("a connection that is cut inside a transaction costs the transaction and not the process", async () => {
  const store = await migrated(postgresStore(pool, table()));
  const cut = store.transaction(async ({ client, commit }) => {
    await commit([{ key: "claim", expected: 0, value: "" }]);
    const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
    const { pid } = rows[0] as { pid: number };
    await pool.query("SELECT pg_terminate_backend($1)", [pid]);
    // Cut is what the server has ended.
    while ((await pool.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid])).rows.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  await assert.rejects(cut);
  assert.equal(await store.get("claim"), null);
  assert.equal(await store.commit([{ key: "claim", expected: 0, value: "" }]), true);
});

test("commits with records in common never wait for each other in a circle", async () => {
  // PostgreSQL does not resolve deadlocks here, so one would end as an error that no commit takes for a conflict.
  const options = "-c deadlock_timeout=10min -c lock_timeout=5min";
  const patient = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 8, options });
  try {
    const store = await migrated(postgresStore(patient, table()));
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
    await store.commit(keys.map((key) => ({ key, expected: 0, value: "" })));
    let committed = 0;
    await Promise.all(Array.from({ length: 8 }, async (_, worker) => {
      for (let round = 0; round < 25; round += 1) {
        const wanted = worker % 2 === 0 ? keys : [...keys].reverse();
        const records = await Promise.all(wanted.map((key) => store.get(key)));
        const writes = records.map((record) => ({ key: record!.key, expected: record!.version, value: String(worker) }));
        if (await store.commit(writes)) committed += 1;
      }
    }));
    const versions = await Promise.all(keys.map(async (key) => (await store.get(key))!.version));
    assert.deepEqual(versions, keys.map(() => committed + 1), "each commit changed all of them or none");
  } finally {
    await patient.end();
  }
});

test("transactions that wait for each other in a circle end with one that may try again", async () => {
  const store = await migrated(postgresStore(pool, table()));
  await store.commit(["a", "b"].map((key) => ({ key, expected: 0, value: "" })));
  let ready = 0;
  let go: () => void = () => undefined;
  const both = new Promise<void>((resolve) => (go = resolve));
  const cross = (first: string, second: string): Promise<boolean> =>
    store.transaction(async ({ commit }) => {
      assert.equal(await commit([{ key: first, expected: 1, value: first }]), true);
      if ((ready += 1) === 2) go();
      await both;
      return commit([{ key: second, expected: 1, value: first }]);
    });
  const ends = await Promise.allSettled([cross("a", "b"), cross("b", "a")]);
  const lost = ends.filter((end) => end.status === "rejected").map((end) => (end as { reason: { code: string } }).reason.code);
  assert.deepEqual(lost, ["store_busy"]);
});

test("the migration can be run by several at once and again, and a missing table is named with what to do", async () => {
  const name = table();
  const store = postgresStore(pool, name);
  await assert.rejects(store.get("a"), { code: "postgres_table_missing", message: /store\.migrate\(\)/ });
  await Promise.all([store.migrate(), store.migrate(), postgresStore(sql, name).migrate()]);
  await store.migrate();
  for (const statement of postgresMigrations(name.table)) await pool.query(statement);
  assert.equal(await store.get("a"), null);
});

test("Redis drops a record by itself, and what its indexes remember is cleared up by a purge", async () => {
  const store = redisStore(io, { name: "expiring" });
  const over = Date.now() + 3_600_000;
  await store.commit([
    { key: "e/brief", expected: 0, value: "", wakeAt: 5, expiresAt: over },
    { key: "e/kept", expected: 0, value: "", wakeAt: 6 },
  ]);
  // The time of a record is Redis's own affair: that it was told, and what is so when it is over, which nobody waits for here.
  const record = "{expiring}:record:e/brief";
  assert.ok((await io.pttl(record)) > 0 && (await io.pttl("{expiring}:record:e/kept")) === -1);
  assert.equal(await io.pexpiretime(record), over);
  await io.pexpire(record, 0);
  // The indexes still name it, and nobody sees that: a page of one holds the one that is there.
  assert.deepEqual((await store.scan("e/", null, 1)).map(({ key }) => key), ["e/kept"]);
  assert.deepEqual((await store.due("e/", 10, 1)).map(({ key }) => key), ["e/kept"]);
  assert.equal(await io.zcard("{expiring}:keys"), 2);
  assert.equal(await store.purge!(over, 10), 1);
  assert.equal(await io.zcard("{expiring}:keys"), 1);
  assert.equal(await io.zcard("{expiring}:wake"), 1);
});

test("every key of the Redis store carries the hash tag, so that a cluster keeps them on one node", async () => {
  const store = redisStore(node, { name: "tagged" });
  await store.commit([{ key: "a{b}c", expected: 0, value: "", wakeAt: 1, expiresAt: Date.now() + 60_000 }]);
  assert.deepEqual((await io.keys("*tagged*")).sort(), [
    "{tagged}:expiry",
    "{tagged}:keys",
    "{tagged}:record:a{b}c",
    "{tagged}:wake",
  ]);
});

test("what is no client is refused with the list of those that are", () => {
  for (const handle of [null, {}, "postgres://", 7]) {
    assert.throws(() => postgresStore(handle as never), { code: "postgres_client_unknown" });
    assert.throws(() => redisStore(handle as never), { code: "redis_client_unknown" });
  }
  assert.throws(() => postgresStore(pool, { table: "a; DROP TABLE b" }), { code: "postgres_table_invalid" });
  assert.throws(() => redisStore(io, { name: "a}b" }), { code: "redis_name_invalid" });
});
