/**
 * A store by its address, with the driver that the merchant has installed.
 *
 * Invariant: nothing is made where nobody asked for it: a SQLite file that is not there is a mistake in its path, unless the
 * command is one that begins something.
 */

import { existsSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { resolve } from "node:path";

import { postgresStore } from "../stores/postgres.js";
import { sqliteStore, type SqliteDatabase } from "../stores/sqlite.js";
import type { Store } from "../stores/store.js";
import { driver } from "./doctor/driver.js";
import { shown, UsageError } from "./usage.js";

/** An open store, and how to let it go. */
export interface OpenStore {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

type Handle = SqliteDatabase & { close(): void };

/** The address that the flags name, of which one has to be given. */
export function addressOf(given: { readonly store?: string | undefined; readonly "store-env"?: string | undefined }): string {
  const variable = given["store-env"];
  if (variable === undefined && given.store === undefined) throw new UsageError("--store is missing");
  if (variable === undefined) return given.store ?? "";
  if (given.store !== undefined) throw new UsageError("--store and --store-env: give one of them");
  const address = process.env[variable];
  if (address === undefined || address === "") {
    throw new UsageError(`--store-env ${shown(variable)}: the environment has no such variable, or it is empty`);
  }
  return address;
}

/** Opens it. `begins` says that a file that is not there may be made. */
export async function openStore(address: string, begins: boolean): Promise<OpenStore> {
  if (address.startsWith("sqlite:")) return openSqlite(address.slice("sqlite:".length), begins);
  if (/^postgres(?:ql)?:\/\//.test(address)) return openPostgres(address, begins);
  // What else stands there may hold a password.
  throw new UsageError("--store: expected sqlite:FILE or postgres://...");
}

async function openSqlite(path: string, begins: boolean): Promise<OpenStore> {
  const file = resolve(path);
  if (!begins && !existsSync(file)) throw new UsageError(`--store sqlite:${path}: no such file`);
  const database = await sqliteHandle(file);
  try {
    return { store: sqliteStore(database), close: async () => database.close() };
  } catch (error) {
    database.close();
    throw error;
  }
}

async function sqliteHandle(file: string): Promise<Handle> {
  if (isBuiltin("node:sqlite")) {
    const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as { DatabaseSync: new (file: string) => Handle };
    return new DatabaseSync(file);
  }
  for (const [name, member] of [["better-sqlite3", "default"], ["node-sqlite3-wasm", "Database"]] as const) {
    const Database = (await driver(name))?.[member] as (new (file: string) => Handle) | undefined;
    if (Database !== undefined) return new Database(file);
  }
  throw new UsageError("no driver of SQLite is installed in this folder: npm install better-sqlite3, or use Node 24, which has one");
}

async function openPostgres(address: string, begins: boolean): Promise<OpenStore> {
  const Pool = (await driver("pg"))?.["Pool"] as (new (options: { connectionString: string; max: number }) => { end(): Promise<void> }) | undefined;
  if (Pool === undefined) throw new UsageError("no driver of PostgreSQL is installed in this folder: npm install pg");
  const pool = new Pool({ connectionString: address, max: 2 });
  const store = postgresStore(pool as never);
  if (begins) await store.migrate();
  return { store, close: () => pool.end() };
}
