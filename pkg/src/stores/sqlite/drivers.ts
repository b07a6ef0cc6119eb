/**
 * The drivers of SQLite behind one form.
 *
 * Invariant: nothing is imported and nothing is guessed: a handle is known by the functions it has.
 */

import { TillproofError } from "../../shell/errors.js";

/** What is bound to a statement. */
export type Value = string | number | null | Uint8Array;

/** A row as every driver gives it. */
export type Row = Record<string, unknown>;

/** What the three drivers with prepared statements have in common. */
interface PreparingDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { all(...values: Value[]): unknown[]; run(...values: Value[]): unknown };
}

/** `node-sqlite3-wasm`: values in an array, no statement to keep. */
interface DirectDatabase {
  exec(sql: string): unknown;
  all(sql: string, values?: Value[]): unknown[];
  run(sql: string, values?: Value[]): unknown;
}

/** A database handle of one of the four drivers. */
export type SqliteDatabase = PreparingDatabase | DirectDatabase;

/** The statements of one driver, behind one form. */
export interface Statements {
  exec(sql: string): void;
  all(sql: string, ...values: Value[]): Row[];
  run(sql: string, ...values: Value[]): void;
}

/** Recognises a driver by its shape. Throws `sqlite_handle_unknown`. */
export function statementsOf(database: SqliteDatabase): Statements {
  const { exec, all, prepare } = (database ?? {}) as Partial<PreparingDatabase & DirectDatabase>;
  if (typeof exec !== "function" || (typeof all !== "function" && typeof prepare !== "function")) {
    throw new TillproofError({
      code: "sqlite_handle_unknown",
      message:
        "this is not a SQLite handle: pass a DatabaseSync of node:sqlite, a Database of bun:sqlite, better-sqlite3 " +
        "or node-sqlite3-wasm",
    });
  }
  // node-sqlite3-wasm has `prepare` too, but its statements must be finalized by hand; `all` takes an array there.
  if (typeof all === "function") {
    const direct = database as DirectDatabase;
    return {
      exec: (sql) => void direct.exec(sql),
      all: (sql, ...values) => direct.all(sql, values) as Row[],
      run: (sql, ...values) => void direct.run(sql, values),
    };
  }
  const preparing = database as PreparingDatabase;
  const prepared = new Map<string, ReturnType<PreparingDatabase["prepare"]>>();
  const statement = (sql: string): ReturnType<PreparingDatabase["prepare"]> => {
    let known = prepared.get(sql);
    if (known === undefined) prepared.set(sql, (known = preparing.prepare(sql)));
    return known;
  };
  return {
    exec: (sql) => void preparing.exec(sql),
    all: (sql, ...values) => statement(sql).all(...values) as Row[],
    run: (sql, ...values) => void statement(sql).run(...values),
  };
}

/**
 * Lets the handle wait for other connections: as long as is wanted, or as it did, or five seconds. Tells how long.
 *
 * Throws `sqlite_timeout_invalid`.
 */
export function setBusyTimeout(sql: Statements, wanted: number | undefined): number {
  const [row] = sql.all("PRAGMA busy_timeout");
  const own = Number(Object.values(row ?? {})[0] ?? 0);
  const milliseconds = wanted ?? (own > 0 ? own : 5_000);
  if (Number.isSafeInteger(milliseconds) && milliseconds >= 0) {
    sql.all(`PRAGMA busy_timeout = ${milliseconds}`);
    return milliseconds;
  }
  throw new TillproofError({ code: "sqlite_timeout_invalid", message: "busyTimeoutMs is a count of milliseconds from 0" });
}
