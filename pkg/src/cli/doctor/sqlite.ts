/** Whether a SQLite file is there, has the table, can be locked, and keeps a log. Nothing is written. */

import { existsSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { resolve } from "node:path";

import { CHECK, driver, DURABLE, migrated, noDriver, TABLE } from "./driver.js";
import { broken, doubtful, fine, type Finding } from "./finding.js";

const MIGRATE = {
  absent: "open it once with sqliteStore(), or run sql/sqlite-records.sql",
  old: "open it once with sqliteStore(), which adds what is missing",
};

/** The part of Node's own driver that is used here; its types are not in every version that runs this. */
interface NodeSqlite {
  prepare(sql: string): { all(): Record<string, unknown>[] };
  exec(sql: string): void;
  close(): void;
}

/** The few functions of a SQLite handle that are needed here. */
interface SqliteHandle {
  all(sql: string): Record<string, unknown>[];
  exec(sql: string): void;
  close(): void;
}

async function openSqlite(file: string): Promise<SqliteHandle | undefined> {
  if (isBuiltin("node:sqlite")) {
    const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as { DatabaseSync: new (file: string) => NodeSqlite };
    const database = new DatabaseSync(file);
    return {
      all: (sql) => database.prepare(sql).all(),
      exec: (sql) => database.exec(sql),
      close: () => database.close(),
    };
  }
  const found = await driver("node-sqlite3-wasm");
  if (found === undefined) return undefined;
  const Database = found["Database"] as new (file: string) => SqliteHandle;
  const database = new Database(file);
  return { all: (sql) => database.all(sql), exec: (sql) => database.exec(sql), close: () => database.close() };
}

/** Looks at the file. */
export async function checkSqlite(path: string): Promise<Finding[]> {
  const file = resolve(path);
  // Opening it would make it.
  if (!existsSync(file)) {
    return [broken(CHECK, "there is no such SQLite file", "mend the path: it counts from the folder the shop is started in, which often is another")];
  }
  const database = await openSqlite(file);
  if (database === undefined) return noDriver("SQLite", "node-sqlite3-wasm");
  try {
    const columns = database.all(`SELECT name FROM pragma_table_info('${TABLE}')`).map(({ name }) => String(name));
    const found = migrated("SQLite", columns, MIGRATE);
    if (found.standing === "broken") return [found];
    // A lock that is never let go, or a folder that cannot be written, is found before the first order does.
    database.exec("PRAGMA busy_timeout = 5000");
    database.exec("BEGIN IMMEDIATE");
    database.exec("ROLLBACK");
    const [row] = database.all("PRAGMA journal_mode");
    const mode = String(row?.["journal_mode"]);
    const lasting =
      mode === "wal"
        ? fine(DURABLE, "the journal is a write-ahead log; each connection must keep synchronous = FULL")
        : doubtful(DURABLE, `the journal mode is ${mode}: readers wait for writers`, "PRAGMA journal_mode = WAL, once, where the driver knows it (node-sqlite3-wasm does not), and synchronous = FULL on every connection");
    return [found, lasting];
  } finally {
    database.close();
  }
}
