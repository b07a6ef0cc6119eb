/**
 * A store in a PostgreSQL table, through the client the caller already has.
 *
 * Two drivers are understood by their shape: `pg` (a `Pool`, or one `Client`) and `postgres` (postgres.js). Nothing is
 * imported here.
 *
 * Invariant: a commit changes every record it names or none. One record is changed by one statement; several by one
 * statement in a transaction of its own, with rows locked in the order of their keys, so that two commits never wait for
 * each other.
 *
 * What the guarantees need of the server is what it does by default: `fsync`, `full_page_writes` and
 * `synchronous_commit` on. With `synchronous_commit = off` a crash of the server may take back the last commits that were
 * reported; after a failover to an asynchronous replica the same holds.
 */

import { fn, onlyKnown, text } from "../shell/guard.js";
import {
  connectionOf,
  isTransactionLoser,
  type PgClient,
  type PgPool,
  type PostgresDatabase,
  type PostgresJs,
  type Queries,
} from "./postgres/drivers.js";
import { checkDue, checkPurge, checkSearch, checkWrites, storeBusy, tableName, transactionOver } from "./rules.js";
import { migrationsOf, type Statements, statementsFor } from "./postgres/statements.js";
import type { StoredRecord, StoreTransaction, TransactionalStore, Write } from "./store.js";

export type { PgClient, PgPool, PostgresDatabase, PostgresJs } from "./postgres/drivers.js";

/** How the store uses the database. */
export interface PostgresOptions {
  /** Name of the one table, looked for on the search path; `tillproof_records` when left out. */
  readonly table?: string;
  /** How long a call waits for its turn on a single `Client`, in milliseconds; 5,000. A pool has connections for all. */
  readonly busyTimeoutMs?: number;
}

/** A store over PostgreSQL. */
export interface PostgresStore<Client> extends TransactionalStore<Client> {
  /** Makes table and indexes where they are absent; harmless when they are there, and when several do it at once. */
  migrate(): Promise<void>;
}

const TABLE = "tillproof_records";

/** The statements that make the table, for whoever runs migrations himself. Each may run again. */
export function postgresMigrations(table: string = TABLE): readonly string[] {
  return migrationsOf(tableName("postgres", table));
}

/**
 * A store in the table of a PostgreSQL database. Run {@link PostgresStore.migrate} once, or {@link postgresMigrations} by
 * your own means.
 *
 * With a pool, every transaction takes a connection of its own until it ends: a handler that asks the pool for another
 * one may wait for ever when all are taken. Use the `client` the transaction hands out.
 */
export function postgresStore<Client extends PgClient>(database: PgPool<Client>, options?: PostgresOptions): PostgresStore<Client>;
export function postgresStore<Sql>(database: PostgresJs<Sql>, options?: PostgresOptions): PostgresStore<Sql>;
export function postgresStore<Client extends PgClient>(database: Client, options?: PostgresOptions): PostgresStore<Client>;
export function postgresStore(database: PostgresDatabase, options: PostgresOptions = {}): PostgresStore<unknown> {
  onlyKnown("options", options, ["table", "busyTimeoutMs"]);
  const table = tableName("postgres", options.table ?? TABLE);
  const connection = connectionOf(database, table, options.busyTimeoutMs ?? 5_000);
  const sql = statementsFor(table);

  return {
    async migrate(): Promise<void> {
      await connection.transaction(async ({ query }) => {
        // Two processes that make a table in the same moment meet in the catalogue, and one of them fails.
        await query("SELECT pg_advisory_xact_lock(hashtext($1))", [`tillproof/${table}`]);
        for (const statement of migrationsOf(table)) await query(statement, []);
      });
    },

    async get(key: string): Promise<StoredRecord | null> {
      return read(connection, sql, text("key", key));
    },

    async commit(writes: readonly Write[]): Promise<boolean> {
      checkWrites(writes);
      try {
        if (writes.length <= 1) return await write(connection, sql, writes);
        return await connection.transaction(async (queries) => {
          if (await write(queries, sql, writes)) return true;
          throw new Stale();
        });
      } catch (error) {
        // Nothing was written in either case: another transaction was faster.
        if (error instanceof Stale || isTransactionLoser(error)) return false;
        throw error;
      }
    },

    async transaction<T>(body: (transaction: StoreTransaction<unknown>) => Promise<T>): Promise<T> {
      fn("body", body);
      try {
        return await connection.transaction(async (queries) => inside(queries, sql, body));
      } catch (error) {
        if (isTransactionLoser(error)) throw storeBusy("PostgreSQL gave the way to another transaction", error);
        throw error;
      }
    },

    async due(prefix: string, now: number, limit: number): Promise<StoredRecord[]> {
      checkDue(prefix, now, limit);
      const { text: statement, values } = sql.due(prefix, now, limit);
      return (await connection.query(statement, values)).rows.map(recordOf);
    },

    async scan(prefix: string, after: string | null, limit: number): Promise<StoredRecord[]> {
      checkSearch(prefix, after, limit);
      const { text: statement, values } = sql.scan(prefix, after, limit);
      return (await connection.query(statement, values)).rows.map(recordOf);
    },

    async purge(now: number, limit: number): Promise<number> {
      checkPurge(now, limit);
      return (await connection.query(sql.purge, [now, limit])).rows.length;
    },
  };
}

/** Ends a transaction of ours whose writes do not fit. */
class Stale extends Error {}

async function inside<T>(
  queries: Queries,
  sql: Statements,
  body: (transaction: StoreTransaction<unknown>) => Promise<T>,
): Promise<T> {
  let over = false;
  const open = (): Queries => {
    if (over) throw transactionOver();
    return queries;
  };
  try {
    return await body({
      client: queries.client,
      get: async (key) => read(open(), sql, text("key", key)),
      commit: async (writes) => {
        checkWrites(writes);
        if (writes.length <= 1) return write(open(), sql, writes);
        // A part of the writes may fit and another not: the savepoint takes the part back.
        await open().query("SAVEPOINT tillproof", []);
        const held = await write(queries, sql, writes);
        await queries.query(held ? "RELEASE SAVEPOINT tillproof" : "ROLLBACK TO SAVEPOINT tillproof", []);
        return held;
      },
    });
  } finally {
    over = true;
  }
}

async function read(queries: Queries, sql: Statements, key: string): Promise<StoredRecord | null> {
  const { rows } = await queries.query(sql.get, [key]);
  return rows[0] === undefined ? null : recordOf(rows[0]);
}

/** Whether all writes fit. Where there are several and one does not, the others are undone by whoever called. */
async function write(queries: Queries, sql: Statements, writes: readonly Write[]): Promise<boolean> {
  const [only, ...others] = writes;
  if (only === undefined) return true;
  if (others.length === 0) {
    const values = [only.key, only.value, only.wakeAt ?? null, only.expiresAt ?? null];
    const { rows } = await (only.expected === 0
      ? queries.query(sql.insert, values)
      : queries.query(sql.update, [...values, only.expected]));
    return rows.length === 1;
  }
  const input = writes.map(({ key, expected, value, wakeAt, expiresAt }) => ({
    key,
    expected,
    value,
    wake_at: wakeAt ?? null,
    expires_at: expiresAt ?? null,
  }));
  const { rows } = await queries.query(sql.many, [JSON.stringify(input)]);
  return Number(rows[0]?.["written"]) === writes.length;
}

/** 64-bit integers come as strings from both drivers. */
function recordOf(row: Readonly<Record<string, unknown>>): StoredRecord {
  const wakeAt = row["wake_at"];
  return {
    key: String(row["key"]),
    version: Number(row["version"]),
    value: String(row["value"]),
    wakeAt: wakeAt === null || wakeAt === undefined ? null : Number(wakeAt),
  };
}
