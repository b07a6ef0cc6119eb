import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { createOutbox } from "../../pkg/src/outbox/index.js";
import { sqliteStore, type SqliteDatabase } from "../../pkg/src/stores/sqlite.js";

/** The driver is found where the package's own development finds it; bundling would lose its wasm file. */
const require = createRequire(join(process.cwd(), "pkg", "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-outbox-"));
type Handle = SqliteDatabase & { close(): void; exec(sql: string): void; all(sql: string): { id: string }[] };
const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => Handle };
const database = new Database(join(folder, "shop.db"));

after(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a message and a row of the caller's own become true in one transaction of SQLite, or neither does", async () => {
  database.exec("CREATE TABLE orders (id TEXT PRIMARY KEY)");
  const store = sqliteStore(database);
  const told: unknown[] = [];
  const outbox = createOutbox({ store, deliver: ({ payload }) => void told.push(payload) });
  const place = (id: string, fails: boolean): Promise<void> =>
    store.transaction(async (transaction) => {
      transaction.client.exec(`INSERT INTO orders VALUES ('${id}')`);
      await outbox.add({ type: "order.placed", stream: id, payload: id }, { into: transaction });
      if (fails) throw new Error("out of stock");
    });
  await place("order_1", false);
  await assert.rejects(place("order_2", true), /out of stock/);
  await outbox.sweep();
  assert.deepEqual([database.all("SELECT id FROM orders").map(({ id }) => id), told], [["order_1"], ["order_1"]]);
});

test("on SQLite too, streams keep their order and what keeps failing is put aside", async () => {
  const store = sqliteStore(database, { table: "outbox_records" });
  const told: number[] = [];
  const outbox = createOutbox({
    store,
    attemptsMax: 1,
    onError: () => undefined,
    deliver: ({ stream, position }) => {
      if (stream === "poison") throw new Error("never");
      told.push(position);
    },
  });
  await outbox.add([2, 0, 1].map((position) => ({ type: "t", stream: "s", position, payload: null })));
  await outbox.add({ type: "t", stream: "poison", position: 0, payload: null });
  await outbox.sweep();
  assert.deepEqual(told, [0, 1, 2]);
  assert.deepEqual((await outbox.list({ state: "quarantined" })).map(({ stream, attempts }) => [stream, attempts]), [["poison", 1]]);
});
