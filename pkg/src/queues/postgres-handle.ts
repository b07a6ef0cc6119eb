/**
 * The two PostgreSQL drivers behind one form: a pool of `pg`, or the function of `postgres` (postgres.js).
 *
 * Invariant: a transaction that reports success was committed, and one that was given up is rolled back. Whatever its
 * body still sends on that connection fails.
 */

import { TillproofError } from "../shell/errors.js";
import { MARK_TRANSACTION, onOneClient, stillMarked, type PgPool, type PostgresJs } from "../stores/postgres/drivers.js";
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

function ofPool(pool: PgPool): Postgres {
  return {
    query: async (text, values) => (await pool.query(text, values)).rows as Row[],
    transaction: <T>(body: (tx: Transaction) => Promise<T>, signal: AbortSignal): Promise<T> =>
      onOneClient(
        pool,
        async (client) => {
          await client.query(`BEGIN; ${MARK_TRANSACTION}`);
          const query = async (text: string, values: unknown[]): Promise<Row[]> => (await client.query(text, values)).rows as Row[];
          const result = await unlessAborted(body({ query, handle: client }), signal);
          await stillMarked((text) => query(text, []));
          // PostgreSQL answers the COMMIT of a transaction in which a statement failed with a roll-back and no error.
          if ((await client.query("COMMIT")).command === "ROLLBACK") throw transactionLost();
          return result;
        },
        () => signal.aborted,
      ),
  };
}

/**
 * Undoes a transaction and leaves its connection in another one, in which every statement fails. It is one message, so
 * nothing that is sent meanwhile comes between.
 */
const DISARM = `
  ROLLBACK; BEGIN;
  DO $$ BEGIN RAISE EXCEPTION 'this transaction was given up: what its handler still writes does not count'; END $$`;

function ofPostgresJs(sql: PostgresJs): Postgres {
  const asked = async (on: Pick<PostgresJs, "unsafe">, text: string, values: unknown[] = []): Promise<Row[]> =>
    [...(await on.unsafe(text, values as never[]))] as Row[];
  return {
    query: (text, values) => asked(sql, text, values),
    transaction: <T>(body: (tx: Transaction) => Promise<T>, signal: AbortSignal): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        let result: { readonly value: T } | undefined;
        const ended = sql.begin(async (handle) => {
          const tx = handle as PostgresJs;
          await asked(tx, MARK_TRANSACTION);
          const work = body({ query: (text, values) => asked(tx, text, values), handle });
          try {
            // In an object, because the driver resolves a list of promises by itself.
            const value = await unlessAborted(work, signal);
            await stillMarked((text) => asked(tx, text));
            result = { value };
          } catch (error) {
            if (signal.aborted) {
              await asked(tx, DISARM).catch(() => []);
              reject(error);
              // The driver cannot end one connection, and hands it to others after this function: not before the body
              // has let go of it.
              await work.catch(() => undefined);
            }
            throw error;
          }
        });
        // The driver rejects when any statement failed.
        ended.then(() => (result === undefined ? reject(transactionLost()) : resolve(result.value)), reject);
      }),
  };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody waits for it any more once it was given up, and its error would end the process.
  work.catch(() => undefined);
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
