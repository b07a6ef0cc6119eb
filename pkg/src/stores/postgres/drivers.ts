/**
 * The drivers of PostgreSQL behind one form.
 *
 * Invariant: a transaction that reports success was committed, whole and by us. PostgreSQL answers the COMMIT of a
 * transaction in which a statement failed with a roll-back and no error, so the answer is read; and a function that runs
 * in the transaction may end it by itself, so the transaction carries a mark that ends with it.
 */

import { TillproofError } from "../../shell/errors.js";
import { transactionLost } from "../rules.js";
import { type Turns, turnsOf } from "../turns.js";

type Value = string | number | null;
type Row = Readonly<Record<string, unknown>>;

/** A client of `pg`, alone or from a pool: what is used of it. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[]; command?: string }>;
}

/** A `Pool` of `pg`. */
export interface PgPool<Client extends PgClient = PgClient> extends PgClient {
  connect(): Promise<Client & { release(error?: Error | boolean): void }>;
  /** What tells a pool from a client, which can `connect` too. */
  readonly totalCount: number;
}

/** The `sql` of postgres.js; `Sql` is what its transactions hand out. */
export interface PostgresJs<Sql = unknown> {
  unsafe(text: string, values?: never[]): PromiseLike<readonly unknown[]>;
  begin(body: (sql: Sql) => Promise<unknown>): Promise<unknown>;
  /** Only here so that the type of `sql` is found: both are declared by the driver. */
  begin(options: string, body: (sql: Sql) => Promise<unknown>): Promise<unknown>;
}

/** A client of one of the drivers. */
export type PostgresDatabase = PgClient | PgPool | PostgresJs;

/** Runs statements: at once, or inside of a transaction. */
export interface Queries {
  /** What a caller may write through beside. */
  readonly client: unknown;
  query(text: string, values: readonly Value[]): Promise<{ readonly rows: readonly Row[] }>;
}

/** A driver. */
export interface Connection extends Queries {
  /** Runs `body` in a transaction, which is committed when it resolves and rolled back when it rejects. */
  transaction<T>(body: (queries: Queries) => Promise<T>): Promise<T>;
}

/** Recognises a driver by its shape. Throws `postgres_client_unknown`. */
export function connectionOf(database: PostgresDatabase, table: string, patienceMs: number): Connection {
  const shape = (database ?? {}) as Partial<PgPool & PostgresJs>;
  const told = explained(table);
  if (typeof shape.unsafe === "function" && typeof shape.begin === "function") {
    return postgresJs(database as PostgresJs, told);
  }
  if (typeof shape.query === "function" && typeof shape.connect === "function" && typeof shape.totalCount === "number") {
    return pool(database as PgPool, told);
  }
  if (typeof shape.query === "function") return single(database as PgClient, turnsOf(database), patienceMs, told);
  throw new TillproofError({
    code: "postgres_client_unknown",
    message: "this is no client of PostgreSQL: pass a Pool or a Client of pg, or the sql function of postgres.js",
  });
}

/** A transaction of the caller's: a client of `pg` in one, or the `sql` that `begin` of postgres.js hands out. */
export function queriesIn(client: unknown, table: string): Queries {
  const { query, unsafe } = (client ?? {}) as Partial<PgClient & PostgresJs>;
  const told = explained(table);
  if (typeof unsafe === "function") return postgresJsQueries(client as PostgresJs, told);
  if (typeof query === "function" && !("totalCount" in (client as object))) return queriesOf(client as PgClient, told);
  throw new TillproofError({
    code: "postgres_client_unknown",
    message:
      "this is no transaction of PostgreSQL: pass the client of pg that ran BEGIN (a Pool would take another connection), or " +
      "the sql that begin() of postgres.js hands out",
  });
}

/** Whether the database ended a transaction in favour of another: a deadlock, or a conflict of serializable ones. */
export function isTransactionLoser(error: unknown): boolean {
  return codeOf(error) === "40P01" || codeOf(error) === "40001";
}

type Explain = (error: unknown) => unknown;

/** Says what is to be done where the table is missing; every other error is the driver's own. */
function explained(table: string): Explain {
  return (error) =>
    codeOf(error) === "42P01" && String((error as Error).message).includes(table)
      ? new TillproofError({
          code: "postgres_table_missing",
          message: `there is no table ${table}: call \`await store.migrate()\` once, or run the statements of postgresMigrations()`,
          cause: error,
        })
      : error;
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code;
}

function queriesOf(client: PgClient, told: Explain): Queries {
  return {
    client,
    async query(text, values) {
      try {
        return (await client.query(text, [...values])) as { rows: Row[] };
      } catch (error) {
        throw told(error);
      }
    },
  };
}

/** A setting that lasts as long as the transaction it is made in. */
export const MARK_TRANSACTION = "SET LOCAL tillproof.transaction = 'open'";

/** Throws `transaction_lost` unless the transaction that was marked is the one the next statement would run in. */
export async function stillMarked(ask: (text: string) => PromiseLike<readonly unknown[]>): Promise<void> {
  let rows: readonly unknown[];
  try {
    rows = await ask("SELECT current_setting('tillproof.transaction', true) AS mark");
  } catch (error) {
    // In a transaction in which a statement failed, every other one does.
    throw codeOf(error) === "25P02" ? transactionLost(error) : error;
  }
  if ((rows[0] as { mark?: unknown } | undefined)?.mark !== "open") throw transactionLost();
}

async function begun<T>(client: PgClient, told: Explain, body: (queries: Queries) => Promise<T>): Promise<T> {
  await client.query(`BEGIN; ${MARK_TRANSACTION}`);
  const result = await body(queriesOf(client, told));
  await stillMarked(async (text) => (await client.query(text)).rows);
  const { command } = await client.query("COMMIT");
  if (command === "ROLLBACK") throw transactionLost();
  return result;
}

function pool(database: PgPool, told: Explain): Connection {
  return {
    ...queriesOf(database, told),
    transaction: (body) => onOneClient(database, (client) => begun(client, told, body)),
  };
}

/** A client of a pool, and that it tells when its connection is cut. */
interface Emitting {
  on?(event: "error", listener: (error: Error) => void): unknown;
  removeListener?(event: "error", listener: (error: Error) => void): unknown;
}

/**
 * Runs a transaction on a connection of a pool, and rolls back what is left of it when `work` rejects. Where `givenUp`
 * says so then, the connection is ended instead: `work` may still use it, so nobody else may.
 */
export async function onOneClient<T>(
  database: PgPool,
  work: (client: PgClient) => Promise<T>,
  givenUp: () => boolean = () => false,
): Promise<T> {
  const client: PgClient & Emitting & { release(error?: Error): void } = await database.connect();
  let broken: Error | undefined;
  // While a client is checked out, nobody else listens, and a connection that is cut would end the process.
  const cut = (error: Error): void => void (broken = error);
  client.on?.("error", cut);
  try {
    return await work(client);
  } catch (error) {
    if (givenUp()) broken = new Error("the transaction was given up");
    else await client.query("ROLLBACK").catch((failure: Error) => (broken = failure));
    throw error;
  } finally {
    // One that goes back has the pool's own listener; one that is ended may have more to tell.
    if (broken === undefined) client.removeListener?.("error", cut);
    // A connection that cannot even roll back must not be handed to the next.
    client.release(broken);
  }
}

function single(client: PgClient, turns: Turns, patienceMs: number, told: Explain): Connection {
  const own = queriesOf(client, told);
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    await turns.take(patienceMs);
    try {
      return await work();
    } finally {
      turns.give();
    }
  };
  return {
    client,
    // Between BEGIN and COMMIT every statement on the connection belongs to the transaction, so the others wait.
    query: (text, values) => inTurn(() => own.query(text, values)),
    transaction: (body) =>
      inTurn(async () => {
        try {
          return await begun(client, told, body);
        } catch (error) {
          // Where the connection itself is gone, so is the transaction; the first error says why.
          await client.query("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }),
  };
}

function postgresJsQueries(sql: PostgresJs, told: Explain): Queries {
  return {
    client: sql,
    async query(text, values) {
      try {
        return { rows: (await sql.unsafe(text, [...values] as never[])) as readonly Row[] };
      } catch (error) {
        throw told(error);
      }
    },
  };
}

function postgresJs(database: PostgresJs, told: Explain): Connection {
  return {
    ...postgresJsQueries(database, told),
    async transaction<T>(body: (queries: Queries) => Promise<T>): Promise<T> {
      let result: { readonly value: T } | undefined;
      // In an object, because the driver resolves a list of promises by itself. It rejects when any statement failed.
      await database.begin(async (handle) => {
        const sql = handle as PostgresJs;
        await sql.unsafe(MARK_TRANSACTION);
        result = { value: await body(postgresJsQueries(sql, told)) };
        await stillMarked((text) => sql.unsafe(text));
      });
      if (result === undefined) throw transactionLost();
      return result.value;
    },
  };
}
