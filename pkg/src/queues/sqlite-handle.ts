/** The four SQLite drivers behind one form, with values that may be bytes. */

import { TillproofError } from "../shell/errors.js";
import type { SqliteDatabase } from "../stores/sqlite.js";
import type { Row } from "./record.js";

/** What is bound to a statement. */
export type SqlValue = string | number | null | Uint8Array;

/** The statements of one handle. */
export interface Statements {
  exec(sql: string): void;
  all(sql: string, ...values: SqlValue[]): Row[];
  run(sql: string, ...values: SqlValue[]): void;
}

interface Preparing {
  exec(sql: string): unknown;
  prepare(sql: string): { all(...values: SqlValue[]): unknown[]; run(...values: SqlValue[]): unknown };
}

interface Direct {
  exec(sql: string): unknown;
  all(sql: string, values: SqlValue[]): unknown[];
  run(sql: string, values: SqlValue[]): unknown;
}

/** The statements of a handle. Throws `sqlite_handle_unknown`. */
export function statementsOf(database: SqliteDatabase): Statements {
  const { exec, all, prepare } = (database ?? {}) as Partial<Preparing & Direct>;
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
    const direct = database as unknown as Direct;
    return {
      exec: (sql) => void direct.exec(sql),
      all: (sql, ...values) => direct.all(sql, values) as Row[],
      run: (sql, ...values) => void direct.run(sql, values),
    };
  }
  const preparing = database as unknown as Preparing;
  const prepared = new Map<string, ReturnType<Preparing["prepare"]>>();
  const statement = (sql: string): ReturnType<Preparing["prepare"]> => {
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
