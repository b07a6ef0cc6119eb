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

import { fn, onlyKnown, text } from "../shell/guard.js";
import {
  afterPrefix,
  checkDue,
  checkPurge,
  checkSearch,
  checkWrites,
  storeBusy,
  tableName,
  transactionLost,
  transactionOver,
} from "./rules.js";
import { type Row, setBusyTimeout, type SqliteDatabase, type Statements, statementsOf } from "./sqlite/drivers.js";
import type { StoredRecord, StoreTransaction, TransactionalStore, Write } from "./store.js";
import { turnsOf } from "./turns.js";

export type { SqliteDatabase } from "./sqlite/drivers.js";

/** The name of the table where the caller gives none. */
const TABLE = "tillproof_records";

/** How the store uses the file. */
export interface SqliteOptions {
  /** Name of the one table, made when it is absent; `tillproof_records` when left out. */
  readonly table?: string;
  /** How long a commit waits for another process's transaction, in milliseconds; the handle's own, or 5,000. */
  readonly busyTimeoutMs?: number;
}

/**
 * A store in the table of a SQLite database, which shares transactions with the caller's own tables. Makes the table
 * when it is absent.
 *
 * While a transaction runs, every statement on the same handle is part of it, also one of the caller's that has nothing
 * to do with it: give the store a handle of its own, or keep what runs inside short. Other handles and processes wait.
 */
export function sqliteStore<Database extends SqliteDatabase>(
  database: Database,
  options: SqliteOptions = {},
): TransactionalStore<Database> {
  onlyKnown("options", options, ["table", "busyTimeoutMs"]);
  const table = tableName("sqlite", options.table ?? TABLE);
  const sql = statementsOf(database);
  const patienceMs = setBusyTimeout(sql, options.busyTimeoutMs);
  migrate(sql, table);
  const turns = turnsOf(database);
  const columns = `SELECT key, version, value, wake_at FROM ${table}`;

  const read = (key: string): StoredRecord | null => {
    const [row] = sql.all(`${columns} WHERE key = ?`, key);
    return row === undefined ? null : recordOf(row);
  };

  const put = ({ key, expected, value, wakeAt, expiresAt }: Write): void => {
    sql.run(
      `INSERT INTO ${table} (key, version, value, wake_at, expires_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value,
         wake_at = excluded.wake_at, expires_at = excluded.expires_at`,
      key,
      expected + 1,
      value,
      wakeAt ?? null,
      expiresAt ?? null,
    );
  };

  /**
   * Runs `body` in a transaction that begins and ends within one turn of the event loop: another handle of this process,
   * which waits for the lock without letting anybody else run, never waits for it.
   */
  const inOneTurn = async <T>(body: () => T): Promise<T> => {
    await turns.take(patienceMs);
    try {
      patiently(sql, "BEGIN IMMEDIATE");
      try {
        const result = body();
        patiently(sql, "COMMIT");
        return result;
      } catch (error) {
        rollBack(sql);
        throw error;
      }
    } finally {
      turns.give();
    }
  };

  /** Runs `body` in a transaction of this handle, and rolls it back when it rejects. */
  const inTransaction = async <T>(body: () => Promise<T>): Promise<T> => {
    await turns.take(patienceMs);
    try {
      patiently(sql, "BEGIN IMMEDIATE");
      try {
        const result = await body();
        patiently(sql, "COMMIT");
        return result;
      } catch (error) {
        rollBack(sql);
        throw error;
      }
    } finally {
      turns.give();
    }
  };

  return {
    // Reads wait for nobody: a transaction keeps its writes to itself until the moment of its COMMIT.
    async get(key: string): Promise<StoredRecord | null> {
      return read(text("key", key));
    },

    async commit(writes: readonly Write[]): Promise<boolean> {
      checkWrites(writes);
      return inOneTurn(() => {
        if (writes.some((write) => (read(write.key)?.version ?? 0) !== write.expected)) return false;
        // From here on the commit succeeds.
        writes.forEach(put);
        return true;
      });
    },

    async transaction<T>(body: (transaction: StoreTransaction<Database>) => Promise<T>): Promise<T> {
      fn("body", body);
      const pending = new Map<string, Write>();
      let over = false;
      const current = (key: string): StoredRecord | null => {
        if (over) throw transactionOver();
        const write = pending.get(key);
        if (write === undefined) return read(key);
        return { key, version: write.expected + 1, value: write.value, wakeAt: write.wakeAt ?? null };
      };
      return inTransaction(async () => {
        // Vanishes with the transaction, whoever ends it.
        sql.exec("SAVEPOINT tillproof");
        try {
          const result = await body({
            client: database,
            get: async (key) => current(text("key", key)),
            commit: async (writes) => {
              checkWrites(writes);
              const held = writes.every((write) => (current(write.key)?.version ?? 0) === write.expected);
              if (held) for (const write of writes) pending.set(write.key, write);
              return held;
            },
          });
          checkStillOpen(sql);
          // Nothing awaits between these writes and COMMIT, so nobody in this process reads them before.
          for (const write of pending.values()) put(write);
          return result;
        } finally {
          over = true;
        }
      });
    },

    async due(prefix: string, now: number, limit: number): Promise<StoredRecord[]> {
      checkDue(prefix, now, limit);
      const [where, values] = range(prefix, null);
      return sql.all(`${columns} WHERE wake_at <= ? AND ${where} ORDER BY wake_at, key LIMIT ?`, now, ...values, limit)
        .map(recordOf);
    },

    async scan(prefix: string, after: string | null, limit: number): Promise<StoredRecord[]> {
      checkSearch(prefix, after, limit);
      const [where, values] = range(prefix, after);
      return sql.all(`${columns} WHERE ${where} ORDER BY key LIMIT ?`, ...values, limit).map(recordOf);
    },

    async purge(now: number, limit: number): Promise<number> {
      checkPurge(now, limit);
      const oldest = `SELECT key FROM ${table} WHERE expires_at <= ? ORDER BY expires_at, key LIMIT ?`;
      return inOneTurn(() => sql.all(`DELETE FROM ${table} WHERE key IN (${oldest}) RETURNING key`, now, limit).length);
    },
  };
}

/**
 * The statements that make the table, for whoever runs migrations himself; {@link sqliteStore} runs them too. Each may
 * run again.
 */
export function sqliteMigrations(table: string = TABLE): readonly string[] {
  const name = tableName("sqlite", table);
  return [
    `CREATE TABLE IF NOT EXISTS ${name} (
  key TEXT PRIMARY KEY COLLATE BINARY,
  version INTEGER NOT NULL CHECK (version > 0),
  value TEXT NOT NULL,
  wake_at INTEGER,
  expires_at INTEGER
) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS ${name}_by_wake_at ON ${name} (wake_at, key) WHERE wake_at IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${name}_by_expires_at ON ${name} (expires_at, key) WHERE expires_at IS NOT NULL`,
  ];
}

/** Makes the table, or brings one of version 0.1 up to date, which had no `expires_at`. */
function migrate(sql: Statements, table: string): void {
  const [create, ...indexes] = sqliteMigrations(table) as [string, ...string[]];
  sql.exec(create);
  const columns = sql.all(`SELECT name FROM pragma_table_info('${table}')`);
  if (!columns.some((column) => column["name"] === "expires_at")) {
    try {
      sql.exec(`ALTER TABLE ${table} ADD COLUMN expires_at INTEGER`);
    } catch (error) {
      // Another process that started in the same moment added it.
      if (!String(error).includes("duplicate column")) throw error;
    }
  }
  for (const index of indexes) sql.exec(index);
}

/** `BEGIN IMMEDIATE` or `COMMIT`: the two that may have to wait for another connection. */
function patiently(sql: Statements, statement: string): void {
  try {
    sql.exec(statement);
  } catch (error) {
    // The four drivers name SQLITE_BUSY in four ways and all hand on what SQLite itself says.
    if (!/database is locked|SQLITE_BUSY/.test(String(error))) throw error;
    throw storeBusy("another connection has held the lock of the SQLite file for too long", error);
  }
}

function rollBack(sql: Statements): void {
  try {
    sql.exec("ROLLBACK");
  } catch {
    // The transaction is gone already; the first error says why.
  }
}

/** Throws when the transaction was ended from inside: what follows would be committed without what came before. */
function checkStillOpen(sql: Statements): void {
  try {
    sql.exec("RELEASE tillproof");
  } catch (cause) {
    throw transactionLost(cause);
  }
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
