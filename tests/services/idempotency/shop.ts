/**
 * A merchant's server in a process of its own, which tells its port to whoever started it and dies where it was told to.
 *
 * Set by the environment: `SHOP_STORE` (sqlite, postgres, postgres-lease, redis), `SHOP_FILE` (of SQLite), `SHOP_KILL` (where, see {@link DEATHS}),
 * `SHOP_RECOVER` (repeat, ask, hold), `SHOP_LEASE_MS`, `SHOP_WAIT_MS`, `SHOP_HOLDS` (whether an order that is written down tells
 * so, and goes on when it is told to) and `SHOP_NAME`. A number as a message sets the clock of this process ahead by it.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { Redis } from "ioredis";
import pg from "pg";

import { idempotent } from "../../../pkg/src/adapters/node.js";
import { createIdempotency, notExecuted, type Handler, type HandlerContext, type Idempotency } from "../../../pkg/src/idempotency/index.js";
import { postgresStore } from "../../../pkg/src/stores/postgres.js";
import { redisStore } from "../../../pkg/src/stores/redis.js";
import { sqliteStore, type SqliteDatabase } from "../../../pkg/src/stores/sqlite.js";
import type { Store, TransactionalStore } from "../../../pkg/src/stores/store.js";
import { server } from "../servers.js";

/** Where a process can die: the claim stored and nothing done; done and not stored; stored and not sent. */
export const DEATHS = ["claimed", "done", "stored"] as const;

/** What a server tells whoever started it, beside its port: an order is written down, and waits for {@link RELEASE}. */
export const HELD = "held";

/** What lets an order that is held go on. */
export const RELEASE = "release";

const env = process.env;
const dieAt = env["SHOP_KILL"];

function die(point: (typeof DEATHS)[number]): void {
  if (dieAt === point) process.kill(process.pid, "SIGKILL");
}

/** How an order is written down, and how it is found again. */
interface Book<Client> {
  readonly idempotency: Idempotency<Client>;
  write(context: HandlerContext<Client>, item: string): Promise<void>;
  find(id: string): Promise<boolean>;
}

/** Dies when the end of a request has been stored: the second commit that this store is asked for, or the transaction. */
function deadly<S extends Store>(store: S): S {
  let commits = 0;
  const mortal: Store = {
    ...store,
    async commit(writes) {
      const held = await store.commit(writes);
      commits += 1;
      if (commits === 2) die("stored");
      return held;
    },
  };
  const { transaction } = store as unknown as TransactionalStore<unknown>;
  if (transaction === undefined) return mortal as S;
  const lent: TransactionalStore<unknown>["transaction"] = async (body) => {
    const result = await transaction(body);
    die("stored");
    return result;
  };
  return { ...mortal, transaction: lent } as unknown as S;
}

const options = {
  name: env["SHOP_NAME"] ?? "shop",
  leaseMs: Number(env["SHOP_LEASE_MS"] ?? 30_000),
  waitMs: Number(env["SHOP_WAIT_MS"] ?? 30_000),
};

async function inPostgres(mode: "transaction" | "lease"): Promise<Book<pg.PoolClient | undefined>> {
  const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 10 });
  const store = deadly(postgresStore(pool, { table: "shop_records" }));
  const idempotency = createIdempotency({ ...options, store, mode }) as Idempotency<pg.PoolClient | undefined>;
  return {
    idempotency,
    async write({ client, id }, item) {
      await (client ?? pool).query("INSERT INTO shop_orders (id, item) VALUES ($1, $2)", [id, item]);
    },
    find: async (id) => (await pool.query("SELECT 1 FROM shop_orders WHERE id = $1", [id])).rows.length > 0,
  };
}

/** The part of `node:sqlite` that is used. */
interface Sqlite {
  exec(sql: string): void;
  prepare(sql: string): { all(...values: string[]): Record<string, unknown>[]; run(...values: string[]): unknown };
}

async function inSqlite(): Promise<Book<Sqlite>> {
  type Module = { DatabaseSync: new (path: string) => Sqlite };
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as Module;
  const database = new DatabaseSync(env["SHOP_FILE"] ?? "shop.db");
  database.exec("PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS shop_orders (id TEXT NOT NULL, item TEXT NOT NULL)");
  const store = deadly(sqliteStore(database as unknown as SqliteDatabase));
  return {
    idempotency: createIdempotency({ ...options, store }) as unknown as Idempotency<Sqlite>,
    async write({ client, id }, item) {
      client.prepare("INSERT INTO shop_orders (id, item) VALUES (?, ?)").run(id, item);
    },
    find: async (id) => database.prepare("SELECT 1 FROM shop_orders WHERE id = ?").all(id).length > 0,
  };
}

async function inRedis(): Promise<Book<undefined>> {
  const redis = new Redis(server("REDIS_URL"));
  return {
    idempotency: createIdempotency({ ...options, store: deadly(redisStore(redis, { name: "shop" })) }),
    write: async ({ id }) => void (await redis.incr(`shop-orders:${id}`)),
    find: async (id) => (await redis.exists(`shop-orders:${id}`)) === 1,
  };
}

async function listen<Client>({ idempotency, write, find }: Book<Client>): Promise<void> {
  const order = idempotent<Client>({
    idempotency,
    operation: "order",
    principal: ({ headers }) => String(headers["x-account"] ?? ""),
    async handler({ json }, context) {
      const { item } = json() as { item: string };
      die("claimed");
      await write(context, item);
      if (env["SHOP_HOLDS"] !== undefined) await held();
      die("done");
      return { status: 201, headers: { location: `/orders/${context.id}` }, json: { order: context.id, item, by: process.pid } };
    },
    recover: recovering(find),
  });
  const listener = createServer((request, response) => void order(request, response));
  // Customers keep connections open for as long as they have something to repeat.
  listener.keepAliveTimeout = 60_000;
  listener.listen(0, "127.0.0.1", () => process.send?.((listener.address() as AddressInfo).port));
}

/** Tells that an order is written down, and waits until it may go on. */
function held(): Promise<void> {
  const released = new Promise<void>((resolve) => {
    process.on("message", (message) => {
      if (message === RELEASE) resolve();
    });
  });
  process.send?.(HELD);
  return released;
}

/** A lease ends by the clock, which a test sets and does not wait for. */
function setAhead(): void {
  const wall = Date.now;
  process.on("message", (message) => {
    if (typeof message !== "number") return;
    Date.now = () => wall() + message;
    process.send?.(message);
  });
}

function recovering<Client>(find: Book<Client>["find"]): "repeat" | "hold" | ((request: unknown, context: HandlerContext<Client>) => ReturnType<Handler<Client>>) {
  const chosen = env["SHOP_RECOVER"] ?? "repeat";
  if (chosen === "repeat" || chosen === "hold") return chosen;
  return async (_request, { id }) =>
    (await find(id)) ? { status: 201, json: { order: id, found: true } } : notExecuted();
}

if (env["SHOP_STORE"] !== undefined) setAhead();
switch (env["SHOP_STORE"]) {
  case "sqlite":
    await listen(await inSqlite());
    break;
  case "postgres":
    await listen(await inPostgres("transaction"));
    break;
  case "postgres-lease":
    await listen(await inPostgres("lease"));
    break;
  case "redis":
    await listen(await inRedis());
}
