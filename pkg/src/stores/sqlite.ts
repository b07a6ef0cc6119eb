/**
 * A store in a SQLite file, through the handle the caller already has.
 *
 * Four drivers are understood by their shape: `node:sqlite` (`DatabaseSync`), `bun:sqlite` (`Database`),
 * `better-sqlite3` and `node-sqlite3-wasm` (which also serves Node 20). Nothing is imported here.
 *
 * Invariant: a commit is one transaction begun with `BEGIN IMMEDIATE`, so two processes on one file never both see
 * their expected versions.
 *
 * Durability is the handle's: every mode keeps commits over the death of the process; over a power cut they are kept
 * with `PRAGMA synchronous = FULL`, SQLite's default, which some drivers lower for a write-ahead log.
 *
 * `node-sqlite3-wasm` locks a file by making a folder `<file>.lock` for as long as a transaction runs. A process that
 * is killed in that moment leaves it behind, and nobody can write until it is removed: remove it at start where only
 * one process opens the file, and take another driver where several do.
 */

import { TillproofError } from "../shell/errors.js";
import { onlyKnown, text } from "../shell/guard.js";
import { afterPrefix, checkDue, checkSearch, checkWrites } from "./rules.js";
import type { Store, StoredRecord, Write } from "./store.js";

type Value = string | number | null;
type Row = Record<string, unknown>;

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

/** How the store uses the file. */
export interface SqliteOptions {
  /** Name of the one table, made when it is absent; `tillproof_records` when left out. */
  readonly table?: string;
  /** How long a commit waits for another process's transaction, in milliseconds; the handle's own, or 5,000. */
  readonly busyTimeoutMs?: number;
}

/** The statements of one driver, behind one form. */
interface Statements {
  exec(sql: string): void;
  all(sql: string, ...values: Value[]): Row[];
  run(sql: string, ...values: Value[]): void;
}

/** A store in the table of a SQLite database. Makes the table when it is absent. */
export function sqliteStore(database: SqliteDatabase, options: SqliteOptions = {}): Store {
  onlyKnown("options", options, ["table", "busyTimeoutMs"]);
  const table = tableName(text("table", options.table ?? "tillproof_records"));
  const sql = statementsOf(database);
  setBusyTimeout(sql, options.busyTimeoutMs);
  sql.exec(schema(table));

  const version = (key: string): number => {
    const [row] = sql.all(`SELECT version FROM ${table} WHERE key = ?`, key);
    return row === undefined ? 0 : Number(row["version"]);
  };

  return {
    async get(key: string): Promise<StoredRecord | null> {
      const [row] = sql.all(`SELECT key, version, value, wake_at FROM ${table} WHERE key = ?`, text("key", key));
      return row === undefined ? null : recordOf(row);
    },

    // One synchronous stretch: no other call of this process can slip between BEGIN and COMMIT.
    async commit(writes: readonly Write[]): Promise<boolean> {
      checkWrites(writes);
      sql.exec("BEGIN IMMEDIATE");
      try {
        if (writes.some((write) => version(write.key) !== write.expected)) {
          sql.exec("ROLLBACK");
          return false;
        }
        for (const { key, expected, value, wakeAt } of writes) {
          sql.run(
            `INSERT INTO ${table} (key, version, value, wake_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value, wake_at = excluded.wake_at`,
            key,
            expected + 1,
            value,
            wakeAt ?? null,
          );
        }
        sql.exec("COMMIT");
        return true;
      } catch (error) {
        try {
          sql.exec("ROLLBACK");
        } catch {
          // The transaction is gone already; the first error says why.
        }
        throw error;
      }
    },

    async due(prefix: string, now: number, limit: number): Promise<StoredRecord[]> {
      checkDue(prefix, now, limit);
      const [where, values] = range(prefix, null);
      return sql
        .all(
          `SELECT key, version, value, wake_at FROM ${table} WHERE wake_at <= ? AND ${where} ORDER BY wake_at, key LIMIT ?`,
          now,
          ...values,
          limit,
        )
        .map(recordOf);
    },

    async scan(prefix: string, after: string | null, limit: number): Promise<StoredRecord[]> {
      checkSearch(prefix, after, limit);
      const [where, values] = range(prefix, after);
      return sql
        .all(`SELECT key, version, value, wake_at FROM ${table} WHERE ${where} ORDER BY key LIMIT ?`, ...values, limit)
        .map(recordOf);
    },
  };
}

/** The migration, as a user may read and run it himself. */
function schema(table: string): string {
  return `
    CREATE TABLE IF NOT EXISTS ${table} (
      key TEXT PRIMARY KEY COLLATE BINARY,
      version INTEGER NOT NULL CHECK (version > 0),
      value TEXT NOT NULL,
      wake_at INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS ${table}_by_wake_at ON ${table} (wake_at, key) WHERE wake_at IS NOT NULL;
  `;
}

/** A range instead of LIKE: a prefix may contain `%`, and the primary key serves it. */
function range(prefix: string, after: string | null): [string, string[]] {
  const parts = ["key >= ?"];
  const values = [prefix];
  const end = afterPrefix(prefix);
  if (prefix !== "" && end !== null) {
    parts.push("key < ?");
    values.push(end);
  }
  if (after !== null) {
    parts.push("key > ?");
    values.push(after);
  }
  return [parts.join(" AND "), values];
}

function recordOf(row: Row): StoredRecord {
  const wakeAt = row["wake_at"];
  return {
    key: String(row["key"]),
    version: Number(row["version"]),
    value: String(row["value"]),
    wakeAt: wakeAt === null || wakeAt === undefined ? null : Number(wakeAt),
  };
}

function statementsOf(database: SqliteDatabase): Statements {
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

function tableName(table: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(table)) return table;
  throw new TillproofError({
    code: "sqlite_table_invalid",
    message: "the table name has letters, digits and underscores only, at most 63, and begins with no digit",
  });
}

function setBusyTimeout(sql: Statements, wanted: number | undefined): void {
  const [row] = sql.all("PRAGMA busy_timeout");
  const own = Number(Object.values(row ?? {})[0] ?? 0);
  const milliseconds = wanted ?? (own > 0 ? own : 5_000);
  if (Number.isSafeInteger(milliseconds) && milliseconds >= 0) {
    sql.all(`PRAGMA busy_timeout = ${milliseconds}`);
    return;
  }
  throw new TillproofError({ code: "sqlite_timeout_invalid", message: "busyTimeoutMs is a count of milliseconds from 0" });
}
