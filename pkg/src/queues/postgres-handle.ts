/**
 * The two PostgreSQL drivers behind one form: a pool of `pg`, or the function of `postgres` (postgres.js).
 *
 * Invariant: a transaction that reports success was committed, and one that was given up is rolled back, whatever its
 * body still does.
 */

import { TillproofError } from "../shell/errors.js";
import { transactionLost } from "../stores/rules.js";
import type { Row } from "./record.js";

/** A connection of `pg`, as a pool hands it out. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<{ rows: Row[]; command?: string }>;
  release(destroy?: boolean | Error): void;
}

/** A `Pool` of the package `pg`. */
export interface PgPool {
  connect(): Promise<PgClient>;
  query(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
}

/** What the package `postgres` calls `Sql`. */
export interface PostgresJs {
  unsafe(text: string, values?: never[]): PromiseLike<readonly unknown[]>;
  begin(body: (tx: never) => Promise<unknown>): Promise<unknown>;
}

/** One connection inside a transaction: how the engine asks, and what the handler gets. */
export interface Transaction {
  query(text: string, values: unknown[]): Promise<Row[]>;
  /** The driver's own object. */
  readonly handle: unknown;
}

/** What the engine needs of a driver. */
export interface Postgres {
  query(text: string, values?: unknown[]): Promise<Row[]>;
  /** Commits what `body` did unless it throws or `signal` is aborted first. */
  transaction<T>(body: (tx: Transaction) => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** The form of a driver. Throws `postgres_handle_unknown`. */
export function postgresOf(database: PgPool | PostgresJs): Postgres {
  const { connect, query, unsafe, begin } = (database ?? {}) as Partial<PgPool & PostgresJs>;
  if (typeof unsafe === "function" && typeof begin === "function") return ofPostgresJs(database as PostgresJs);
  // A single client of `pg` has `connect` and `query` too, but only a pool keeps count of its clients.
  const isPool = typeof connect === "function" && typeof query === "function" && "totalCount" in database;
  if (isPool) return ofPool(database as PgPool);
  throw new TillproofError({
    code: "postgres_handle_unknown",
    message:
      "this is no pool of PostgreSQL connections: pass a Pool of `pg` (a single Client cannot serve several " +
      "transactions at a time) or the function that `postgres()` of postgres.js returned",
  });
}

function ofPool(pool: PgPool): Postgres {
  return {
    query: async (text, values) => (await pool.query(text, values)).rows,
    async transaction<T>(body: (tx: Transaction) => Promise<T>, signal: AbortSignal): Promise<T> {
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        await client.query("BEGIN");
        const query = async (text: string, values: unknown[]): Promise<Row[]> => (await client.query(text, values)).rows;
        const result = await unlessAborted(body({ query, handle: client }), signal);
        // PostgreSQL answers the COMMIT of a transaction in which a statement failed with a roll-back and no error.
        if ((await client.query("COMMIT")).command === "ROLLBACK") throw transactionLost();
        return result;
      } catch (error) {
        // A body that was given up may still use the connection, so nobody else may.
        if (signal.aborted) broken = new Error("the transaction was given up");
        else await client.query("ROLLBACK").catch((failure: Error) => (broken = failure));
        throw error;
      } finally {
        client.release(broken);
      }
    },
  };
}

function ofPostgresJs(sql: PostgresJs): Postgres {
  const asked = async (on: Pick<PostgresJs, "unsafe">, text: string, values: unknown[] = []): Promise<Row[]> =>
    [...(await on.unsafe(text, values as never[]))] as Row[];
  return {
    query: (text, values) => asked(sql, text, values),
    async transaction<T>(body: (tx: Transaction) => Promise<T>, signal: AbortSignal): Promise<T> {
      const inside = async (tx: Pick<PostgresJs, "unsafe">): Promise<T> =>
        unlessAborted(body({ query: (text, values) => asked(tx, text, values), handle: tx }), signal);
      return (await sql.begin(inside as (tx: never) => Promise<unknown>)) as T;
    },
  };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const give = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", give, { once: true });
    stop = () => signal.removeEventListener("abort", give);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    stop();
  }
}
