/** SQLite as a careful merchant opens it. */

/** What is used of `node:sqlite`. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): { all(...values: (string | number | null)[]): unknown[]; run(...values: (string | number | null)[]): unknown };
  close(): void;
}

/** A handle on a file: a write-ahead log, and every commit flushed. */
export function openDatabase(path: string): Database {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as { DatabaseSync: new (path: string) => Database };
  const database = new DatabaseSync(path);
  database.exec("PRAGMA busy_timeout = 20000");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  return database;
}
