import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { storeConformance } from "../../pkg/src/stores/conformance.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { sqliteStore, type SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import type { Store } from "../../pkg/src/stores/store.js";

/** Drivers are found where the package's own development finds them; bundling would lose their wasm file. */
const require = createRequire(join(process.cwd(), "pkg", "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-stores-"));
const open: { close(): void }[] = [];
let files = 0;

after(() => {
  for (const database of open) database.close();
  rmSync(folder, { recursive: true, force: true });
});

function wasmDatabase(path: string): SqliteDatabase {
  const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => SqliteDatabase & { close(): void } };
  const database = new Database(path);
  open.push(database);
  return database;
}

function freshFile(): string {
  files += 1;
  return join(folder, `store-${files}.db`);
}

const STORES: Record<string, () => Store> = {
  memory: () => memoryStore(),
  "sqlite through node-sqlite3-wasm": () => sqliteStore(wasmDatabase(freshFile())),
};

/** Node 20 has no SQLite of its own; from 22 on the built-in one is held to the same promises. */
if (process.getBuiltinModule?.("node:sqlite") !== undefined) {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
    DatabaseSync: new (path: string) => SqliteDatabase & { close(): void };
  };
  STORES["sqlite through node:sqlite"] = () => {
    const database = new DatabaseSync(freshFile());
    open.push(database);
    return sqliteStore(database);
  };
}

for (const [name, make] of Object.entries(STORES)) {
  for (const { name: promise, run } of storeConformance(make)) test(`${name}: ${promise}`, run);
}

test("the conformance kit catches a store that forgets versions, and one that writes halves", async () => {
  const careless = (): Store => {
    const store = memoryStore();
    return {
      ...store,
      async commit(writes) {
        for (const write of writes) {
          const version = (await store.get(write.key))?.version ?? 0;
          if (version !== write.expected) return false;
          await store.commit([write]);
        }
        return true;
      },
    };
  };
  const broken: string[] = [];
  for (const { name, run } of storeConformance(careless)) await run().catch(() => broken.push(name));
  assert.deepEqual(broken, [
    "a commit writes all or nothing",
    "of many commits that race for one record exactly one wins",
    "a commit that no database should see is refused by an error",
  ]);
});

test("two stores over one SQLite file see each other's commits", async () => {
  const path = freshFile();
  const [left, right] = [sqliteStore(wasmDatabase(path)), sqliteStore(wasmDatabase(path))];
  const write = { key: "shared", expected: 0, value: "left" };
  assert.equal(await left.commit([write]), true);
  assert.equal(await right.commit([{ ...write, value: "right" }]), false);
  assert.equal((await right.get("shared"))?.value, "left");
});

test("a handle that is no SQLite driver is refused with the list of those that are", () => {
  for (const handle of [null, {}, "shop.db", 7]) {
    assert.throws(() => sqliteStore(handle as unknown as SqliteDatabase), { code: "sqlite_handle_unknown" });
  }
  assert.throws(() => sqliteStore(wasmDatabase(freshFile()), { table: "a; DROP TABLE b" }), {
    code: "sqlite_table_invalid",
  });
});
