import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { storeConformance, transactionConformance } from "../../pkg/src/stores/conformance.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { sqliteMigrations, sqliteStore, type SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import type { Store, TransactionalStore } from "../../pkg/src/stores/store.js";

/** Drivers are found where the package's own development finds them; bundling would lose their wasm file. */
const require = createRequire(join(process.cwd(), "pkg", "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-stores-"));
const open: { close(): void }[] = [];
let files = 0;

after(() => {
  for (const database of open) database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A handle of the driver that serves every Node. */
interface WasmDatabase {
  exec(sql: string): void;
  all(sql: string, values?: (string | number | null)[]): unknown[];
  run(sql: string, values?: (string | number | null)[]): unknown;
  close(): void;
}

function wasmDatabase(path: string): WasmDatabase {
  const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => WasmDatabase };
  const database = new Database(path);
  open.push(database);
  return database;
}

function freshFile(): string {
  files += 1;
  return join(folder, `store-${files}.db`);
}

/** Opens a file by each driver. */
const DRIVERS: Record<string, (path: string) => SqliteDatabase> = {
  "sqlite through node-sqlite3-wasm": wasmDatabase,
};

/** Node 20 has no SQLite of its own; from 22 on the built-in one is held to the same promises. */
if (process.getBuiltinModule?.("node:sqlite") !== undefined) {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
    DatabaseSync: new (path: string) => SqliteDatabase & { close(): void };
  };
  DRIVERS["sqlite through node:sqlite"] = (path) => {
    const database = new DatabaseSync(path);
    open.push(database);
    return database;
  };
}

for (const { name: promise, run } of storeConformance(() => memoryStore())) test(`memory: ${promise}`, run);

for (const [name, handle] of Object.entries(DRIVERS)) {
  const make = (): TransactionalStore<unknown> => sqliteStore(handle(freshFile()));
  const clients = (): Store[] => {
    const path = freshFile();
    return [1, 2, 3].map(() => sqliteStore(handle(path)));
  };
  for (const { name: promise, run } of storeConformance(make, { clients })) test(`${name}: ${promise}`, run);
  for (const { name: promise, run } of transactionConformance(make)) test(`${name}: ${promise}`, run);
}

test("two stores over one SQLite file see each other's commits", async () => {
  const path = freshFile();
  const [left, right] = [sqliteStore(wasmDatabase(path)), sqliteStore(wasmDatabase(path))];
  const write = { key: "shared", expected: 0, value: "left" };
  assert.equal(await left.commit([write]), true);
  assert.equal(await right.commit([{ ...write, value: "right" }]), false);
  assert.equal((await right.get("shared"))?.value, "left");
});

test("what the caller writes in a transaction and what the store commits become true together", async () => {
  const database = wasmDatabase(freshFile());
  const store = sqliteStore(database);
  database.exec("CREATE TABLE sales (id TEXT)");
  const sell = (fails: boolean): Promise<void> =>
    store.transaction(async ({ client, commit }) => {
      assert.equal(client, database);
      client.exec("INSERT INTO sales VALUES ('one')");
      assert.equal(await commit([{ key: "sold", expected: 0, value: "one" }]), true);
      if (fails) throw new Error("out of stock");
    });
  const sales = (): number => database.all("SELECT id FROM sales").length;
  await assert.rejects(sell(true), /out of stock/);
  assert.deepEqual([sales(), await store.get("sold")], [0, null]);
  await sell(false);
  assert.deepEqual([sales(), (await store.get("sold"))?.value], [1, "one"]);
});

test("a transaction that is ended from inside leaves nothing of the store's, and says so", async () => {
  for (const end of ["ROLLBACK", "COMMIT"]) {
    const store = sqliteStore(wasmDatabase(freshFile()));
    const ended = store.transaction(async ({ client, commit }) => {
      await commit([{ key: "claim", expected: 0, value: "" }]);
      client.exec(end);
    });
    await assert.rejects(ended, { code: "transaction_lost" });
    assert.equal(await store.get("claim"), null, end);
    assert.equal(await store.commit([{ key: "claim", expected: 0, value: "" }]), true, "the next commit");
  }
});

test("a commit that would wait for the handler it is called by is refused after the busy timeout", async () => {
  const store = sqliteStore(wasmDatabase(freshFile()), { busyTimeoutMs: 50 });
  const inner = store.transaction(() => store.commit([{ key: "a", expected: 0, value: "" }]));
  await assert.rejects(inner, { code: "store_busy", advice: "wait" });
  assert.equal(await store.commit([{ key: "a", expected: 0, value: "" }]), true, "once it has ended");
});

test("another process that holds the file is waited for, and then said to be busy", async () => {
  const path = freshFile();
  const [left, right] = [wasmDatabase(path), wasmDatabase(path)];
  const store = sqliteStore(right, { busyTimeoutMs: 50 });
  left.exec("BEGIN IMMEDIATE");
  await assert.rejects(store.commit([{ key: "a", expected: 0, value: "" }]), { code: "store_busy", advice: "wait" });
  left.exec("ROLLBACK");
  assert.equal(await store.commit([{ key: "a", expected: 0, value: "" }]), true);
});

test("a table made before records could expire is brought up to date, with what is in it", async () => {
  const database = wasmDatabase(freshFile());
  const before = sqliteMigrations()[0]!.replace(",\n  expires_at INTEGER", "");
  assert.doesNotMatch(before, /expires_at/);
  database.exec(before);
  database.exec("INSERT INTO tillproof_records (key, version, value) VALUES ('old', 3, 'kept')");
  const store = sqliteStore(database);
  assert.equal((await store.get("old"))?.version, 3);
  assert.equal(await store.commit([{ key: "old", expected: 3, value: "", expiresAt: 5 }]), true);
  assert.equal(await store.purge!(5, 10), 1);
});

test("a handle that is no SQLite driver is refused with the list of those that are", () => {
  for (const handle of [null, {}, "shop.db", 7]) {
    assert.throws(() => sqliteStore(handle as unknown as SqliteDatabase), { code: "sqlite_handle_unknown" });
  }
  assert.throws(() => sqliteStore(wasmDatabase(freshFile()), { table: "a; DROP TABLE b" }), {
    code: "sqlite_table_invalid",
  });
});

/** How many entries of maps are walked over while something is done. */
async function walked(work: () => Promise<unknown>): Promise<number> {
  let steps = 0;
  const { entries, values, keys } = Map.prototype;
  const counting = <T>(walk: () => MapIterator<T>) =>
    function* (this: Map<unknown, unknown>): Generator<T> {
      for (const item of { [Symbol.iterator]: () => walk.call(this) }) {
        steps += 1;
        yield item;
      }
    };
  const patched = { entries: counting(entries), values: counting(values), keys: counting(keys), [Symbol.iterator]: counting(entries) };
  const original = { entries, values, keys, [Symbol.iterator]: entries };
  Object.assign(Map.prototype, patched);
  try {
    await work();
  } finally {
    Object.assign(Map.prototype, original);
  }
  return steps;
}

test("in memory neither a purge nor a search for what is due walks over what stays", async () => {
  const store = memoryStore();
  for (let at = 0; at < 500; at += 1) {
    await store.commit([{ key: `kept/${at}`, expected: 0, value: "", expiresAt: 1_000_000 + at }]);
  }
  await store.commit([{ key: "due", expected: 0, value: "", wakeAt: 5 }]);
  await store.commit([{ key: "over", expected: 0, value: "", expiresAt: 7 }]);
  assert.ok((await walked(async () => assert.equal(await store.purge!(10, 100), 1))) < 20);
  assert.ok((await walked(async () => assert.equal((await store.due("", 10, 100)).length, 1))) < 20);
});

test("in memory what may be dropped is dropped by its present time, the oldest first, however often it was written", async () => {
  const store = memoryStore();
  const times = new Map<string, number>();
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let step = 0; step < 3_000; step += 1) {
    const key = `r/${random(60)}`;
    const version = (await store.get(key))?.version ?? 0;
    const expiresAt = random(4) === 0 ? null : random(1_000);
    assert.ok(await store.commit([{ key, expected: version, value: "", expiresAt }]));
    if (expiresAt === null) times.delete(key);
    else times.set(key, expiresAt);
    if (step % 50 !== 49) continue;
    const now = random(1_000);
    const expected = [...times].filter(([, at]) => at <= now).sort(([a, left], [b, right]) => left - right || (a < b ? -1 : 1)).slice(0, 9);
    assert.equal(await store.purge!(now, 9), expected.length);
    for (const [key] of expected) {
      assert.equal(await store.get(key), null);
      times.delete(key);
    }
    for (const key of times.keys()) assert.notEqual(await store.get(key), null);
  }
});
