/**
 * The three databases of the crash tests, from both sides: as the merchant's process opens them, and as the operator
 * does who makes a backup and restores it.
 *
 * Invariant: each keeps a commit over a power cut, as docs/stores.md asks for: SQLite with `synchronous = FULL`,
 * PostgreSQL with `fsync` and `synchronous_commit`, Redis with `appendfsync always` (scripts/services.mjs).
 */

import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { postgresStore } from "../../../pkg/src/stores/postgres.js";
import { redisStore } from "../../../pkg/src/stores/redis.js";
import { sqliteStore, type SqliteDatabase } from "../../../pkg/src/stores/sqlite.js";
import type { Store } from "../../../pkg/src/stores/store.js";
import { server } from "../servers.js";

/** The databases by name. */
export const DATABASES = ["sqlite", "postgres", "redis"] as const;

/** One of {@link DATABASES}. */
export type Database = (typeof DATABASES)[number];

/** A store as a merchant's process has it. */
export interface Opened {
  readonly store: Store;
  close(): Promise<void>;
}

/** Opens the store that lives at `place`: a file, the name of a table, or the name of a key. */
export async function openStore(database: Database, place: string): Promise<Opened> {
  switch (database) {
    case "sqlite": {
      const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
        DatabaseSync: new (path: string) => SqliteDatabase & { close(): void };
      };
      const handle = new DatabaseSync(place);
      handle.exec("PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      return { store: sqliteStore(handle), close: async () => handle.close() };
    }
    case "postgres": {
      const { Pool } = (await import("pg")).default;
      const pool = new Pool({ connectionString: server("POSTGRES_URL"), max: 8 });
      return { store: postgresStore(pool, { table: place }), close: () => pool.end() };
    }
    case "redis": {
      const { Redis } = await import("ioredis");
      const client = new Redis(server("REDIS_URL"));
      return { store: redisStore(client, { name: place }), close: async () => client.disconnect() };
    }
  }
}

/** A place of its own for one test, and what an operator does with it. */
export interface Place {
  readonly name: string;
  /** Keeps a copy of what is there now, while no process uses it. */
  backUp(): Promise<void>;
  /** Puts the copy in the place of what is there. */
  restore(): Promise<void>;
  remove(): Promise<void>;
}

let places = 0;

/** An empty place. */
export async function makePlace(database: Database): Promise<Place> {
  places += 1;
  const name = `crash_${process.pid}_${places}`;
  switch (database) {
    case "sqlite":
      return filePlace();
    case "postgres":
      return tablePlace(name);
    case "redis":
      return keyPlace(name);
  }
}

function filePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-payments-"));
  const file = join(folder, "shop.db");
  // What was committed last stands in the log beside the file; a backup without it would be older than it says.
  const parts = ["", "-wal"].map((suffix) => file + suffix);
  const copy = (from: (path: string) => string, to: (path: string) => string): void => {
    for (const path of [...parts, `${file}-shm`]) rmSync(to(path), { force: true });
    for (const path of parts) if (existsSync(from(path))) copyFileSync(from(path), to(path));
  };
  const [itself, backup] = [(path: string) => path, (path: string) => `${path}.backup`];
  return {
    name: file,
    backUp: async () => copy(itself, backup),
    restore: async () => copy(backup, itself),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function tablePlace(table: string): Promise<Place> {
  const { Pool } = (await import("pg")).default;
  const pool = new Pool({ connectionString: server("POSTGRES_URL"), max: 1 });
  await postgresStore(pool, { table }).migrate();
  const run = async (...statements: string[]): Promise<void> => {
    for (const statement of statements) await pool.query(statement);
  };
  return {
    name: table,
    backUp: () => run(`CREATE TABLE ${table}_backup AS TABLE ${table}`),
    restore: () => run(`TRUNCATE ${table}`, `INSERT INTO ${table} SELECT * FROM ${table}_backup`),
    async remove() {
      await run(`DROP TABLE IF EXISTS ${table}, ${table}_backup`);
      await pool.end();
    },
  };
}

async function keyPlace(name: string): Promise<Place> {
  const { Redis } = await import("ioredis");
  const client = new Redis(server("REDIS_URL"));
  const keys = (): Promise<string[]> => client.keys(`{${name}}:*`);
  const clear = async (): Promise<void> => {
    const found = await keys();
    if (found.length > 0) await client.del(...found);
  };
  const copies = new Map<string, Buffer>();
  return {
    name,
    async backUp() {
      for (const key of await keys()) {
        const dump = await client.dumpBuffer(key);
        if (dump !== null) copies.set(key, dump);
      }
    },
    async restore() {
      await clear();
      for (const [key, dump] of copies) await client.restore(key, 0, dump);
    },
    async remove() {
      await clear();
      client.disconnect();
    },
  };
}
