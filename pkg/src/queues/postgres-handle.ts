/**
 * The two PostgreSQL drivers behind one form: a pool of `pg`, or the function of `postgres` (postgres.js).
 *
 * Invariant: a transaction that reports success was committed, and one that was given up is rolled back, whatever its
 * body still does.
 */

import { TillproofError } from "../shell/errors.js";
import type { PgPool, PostgresJs } from "../stores/postgres/drivers.js";
import { transactionLost } from "../stores/rules.js";
import type { Row } from "./record.js";

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

/** A client of a pool, and that it tells when its connection is cut. */
type Connected = Awaited<ReturnType<PgPool["connect"]>> & {
  on?(event: "error", listener: (error: Error) => void): unknown;
  removeListener?(event: "error", listener: (error: Error) => void): unknown;
};

function ofPool(pool: PgPool): Postgres {
  return {
    query: async (text, values) => (await pool.query(text, values)).rows as Row[],
    async transaction<T>(body: (tx: Transaction) => Promise<T>, signal: AbortSignal): Promise<T> {
      const client: Connected = await pool.connect();
      let broken: Error | undefined;
      // While a client is checked out, nobody else listens, and a connection that is cut would end the process.
      const cut = (error: Error): void => void (broken = error);
      client.on?.("error", cut);
      try {
        await client.query("BEGIN");
        const query = async (text: string, values: unknown[]): Promise<Row[]> => (await client.query(text, values)).rows as Row[];
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
        client.removeListener?.("error", cut);
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
      let result: { readonly value: T } | undefined;
      // In an object, because the driver resolves a list of promises by itself. It rejects when any statement failed.
      await sql.begin(async (handle) => {
        const tx = handle as PostgresJs;
        const value = await unlessAborted(body({ query: (text, values) => asked(tx, text, values), handle }), signal);
        result = { value };
      });
      if (result === undefined) throw transactionLost();
      return result.value;
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
