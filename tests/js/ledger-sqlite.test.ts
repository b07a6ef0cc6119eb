import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Ledger, templates, type EntryInput } from "../../pkg/src/ledger/index.js";
import { sqliteStore, type SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import { Batch } from "../../pkg/src/stores/store.js";

/** The driver is found where the package's own development finds it; bundling would lose its wasm file. */
const require = createRequire(join(process.cwd(), "pkg", "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-ledger-"));
type Handle = SqliteDatabase & { close(): void; exec(sql: string): void; all(sql: string): { id: string }[] };
const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => Handle };
const database = new Database(join(folder, "shop.db"));

after(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const AT = Date.parse("2026-03-01T12:00:00Z");
const event = (id: string) => ({ id, currency: "EUR", occurredAt: AT, recordedAt: AT, cause: `evt:${id}` });
const topUp = (id: string, amount: number): EntryInput => templates.walletToppedUp({ ...event(id), gateway: "native", wallet: "anna", amount });
const spend = (id: string, amount: number): EntryInput => templates.walletTransfer({ ...event(id), from: "anna", to: "ben", amount });

test("an order and its entries become true in one transaction of SQLite, or none of them does", async () => {
  database.exec("CREATE TABLE orders (id TEXT PRIMARY KEY)");
  const store = sqliteStore(database);
  const ledger = await Ledger.open({ store });
  await ledger.post(topUp("t", 100));
  const order = async (id: string, amount: number, fails: boolean): Promise<void> => {
    const batch = new Batch();
    await store.transaction(async ({ client, commit }) => {
      client.exec(`INSERT INTO orders VALUES ('${id}')`);
      // Two entries of one transaction: the second sees the first.
      await ledger.post(spend(`${id}:a`, amount), { batch });
      await ledger.post(spend(`${id}:b`, amount), { batch });
      if (!(await commit(batch.writes))) throw new Error("another process posted: begin again");
      if (fails) throw new Error("out of stock");
    }).then(() => batch.settle(true), async (error: unknown) => (await batch.settle(false), Promise.reject(error)));
  };
  await order("order_1", 20, false);
  await assert.rejects(order("order_2", 20, true), /out of stock/);
  await assert.rejects(order("order_3", 31, false), /would be overdrawn/);
  await order("order_4", 30, false);
  assert.deepEqual(database.all("SELECT id FROM orders").map(({ id }) => id), ["order_1", "order_4"]);
  assert.deepEqual([ledger.length, ledger.balance("Liabilities:Wallet:anna:EUR", "EUR").balance], [5, 0n]);
  const reopened = await Ledger.open({ store });
  assert.deepEqual([reopened.journal(), (await ledger.verify()).valid], [ledger.journal(), true]);
});

test("two ledgers on one file post in turns, and neither loses a transaction of the other", async () => {
  const store = sqliteStore(database, { table: "shared_records" });
  const [one, two] = [await Ledger.open({ store }), await Ledger.open({ store })];
  for (let number = 0; number < 20; number += 1) assert.equal((await (number % 2 === 0 ? one : two).post(topUp(`t:${number}`, 1))).status, "created");
  const batch = new Batch();
  await one.post(topUp("late", 1), { batch });
  const stale = await store.transaction(async ({ commit }) => commit(batch.writes));
  await batch.settle(stale);
  assert.equal(stale, false);
  assert.equal((await one.post(topUp("late", 1))).status, "created");
  await two.reload();
  assert.deepEqual(two.journal(), one.journal());
  assert.equal(one.length, 21);
});
