import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { createReconciliation, readers, reconcile, type NamedSource, type Report } from "../../pkg/src/reconcile/index.js";
import { createGateway } from "../../pkg/src/simulator/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { sqliteStore, type SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import type { Store } from "../../pkg/src/stores/store.js";
import { shop, STRIPE_REFERENCE } from "./reconcile-formats.js";

const require = createRequire(join(process.cwd(), "pkg", "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-incremental-"));
const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => SqliteDatabase & { close(): void } };
const database = new Database(join(folder, "shop.db"));
after(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const HEADER = "id,reference,type,amount_minor,fee_minor,currency,occurred_at,payout_id,parent_reference";

/** The same numbers for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % sides;
}

/** A month of a shop in which everything goes wrong now and then; rows without their header, by side. */
function month(seed: number): Readonly<Record<"ledger" | "settlement" | "bank", string[]>> {
  const roll = dice(seed);
  const [ledger, settlement, bank]: [string[], string[], string[]] = [[], [], []];
  const at = (day: number): string => `2026-03-${String(1 + (day % 28)).padStart(2, "0")}T12:00:00Z`;
  for (let day = 0; day < 20; day += 1) {
    let payout = 0;
    for (let n = 0; n < 6; n += 1) {
      const [id, amount, fee] = [`${day}_${n}`, 500 + roll(5_000), 20 + roll(9)];
      const fate = roll(14);
      const row = (side: string[], what: { amount?: number; fee?: number; id?: string; payout?: string }): void =>
        void side.push(`${what.id ?? `ch_${id}`},order_${id},charge,${what.amount ?? amount},${what.fee ?? fee},EUR,${at(day)},${what.payout ?? ""},`);
      if (fate !== 0) row(ledger, {});
      if (fate === 1) continue;
      const settled: { payout: string; amount?: number; fee?: number } = { payout: `po_${day}`, ...(fate === 2 ? { amount: amount + 7 } : fate === 3 ? { fee: fee + 5 } : {}) };
      row(settlement, settled);
      if (fate === 4) row(settlement, { ...settled, id: `ch2_${id}` });
      if (fate === 5) settlement.push(`re_${id},refund_${id},refund,${amount + 50},0,EUR,${at(day + 3)},po_${day},order_${id}`);
      payout += (settled.amount ?? amount) - (settled.fee ?? fee);
    }
    settlement.push(`po_${day},po_${day},payout,${payout},0,EUR,${at(day + 1)},po_${day},`);
    if (roll(6) !== 0) bank.push(`b_${day},po_${day},${payout - (roll(8) === 0 ? 25 : 0)},EUR,2026-03-${String(2 + (day % 27)).padStart(2, "0")}`);
  }
  return { ledger, settlement, bank };
}

const header = (side: string): string => (side === "bank" ? "id,reference,amount_minor,currency,booked_at" : HEADER);
const file = (side: string, name: string, rows: readonly string[]): NamedSource => ({ name, data: `${[header(side), ...rows].join("\n")}\n` });

/** A report without the names and lines of files: what each row says stands in their place. */
function essence(report: Report, files: readonly NamedSource[]): unknown {
  const texts = new Map(files.map(({ name, data }) => [name, String(data).split("\n")]));
  const rows = (places: Report["breaks"][number]["rows"]["bank"]): string[] => places.map(({ file: name, line }) => texts.get(name)?.[line - 1] ?? "?").sort();
  const breaks = report.breaks
    .map((one) => ({ ...one, rows: { ledger: rows(one.rows.ledger), settlement: rows(one.rows.settlement), bank: rows(one.rows.bank) } }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return { ...report, breaks };
}

let made = 0;
const STORES: Readonly<Record<string, () => Store>> = {
  memory: () => memoryStore(),
  SQLite: () => sqliteStore(database, { table: `records_${(made += 1)}` }),
};
const asOf = Date.UTC(2026, 3, 20);

for (const [name, open] of Object.entries(STORES)) {
  test(`${name}: any split of the rows over any number of runs, in any order, gives the result of one run`, async () => {
    let breaks = 0;
    for (let seed = 1; seed <= (name === "memory" ? 25 : 5); seed += 1) {
      const rows = month(seed);
      const whole = (["ledger", "settlement", "bank"] as const).map((side) => ({ side, source: file(side, `${side}.csv`, rows[side]) }));
      const sources = Object.fromEntries(whole.map(({ side, source }) => [side, source])) as Record<"ledger" | "settlement" | "bank", NamedSource>;
      const once = reconcile({ ...sources, asOf });
      breaks += once.summary.breaks;

      const roll = dice(seed * 7 + 1);
      const parts = whole.flatMap(({ side }) => {
        const piles: string[][] = Array.from({ length: 1 + roll(6) }, () => []);
        for (const row of rows[side]) piles[roll(piles.length)]?.push(row);
        return piles.filter((pile) => pile.length > 0).map((pile, index) => ({ side, source: file(side, `${side}-${index}.csv`, pile) }));
      });
      for (let at = parts.length - 1; at > 0; at -= 1) {
        const other = roll(at + 1);
        [parts[at], parts[other]] = [parts[other]!, parts[at]!];
      }
      const store = open();
      for (const { side, source } of parts) {
        // Each run is a process of its own, as far as anybody can tell, and some crash after they added.
        await createReconciliation({ store }).add({ [side]: source });
        if (roll(3) === 0) await createReconciliation({ store }).add({ [side]: source });
        if (roll(4) === 0) await createReconciliation({ store }).result({ asOf });
      }
      const result = await createReconciliation({ store }).result({ asOf });
      assert.deepEqual(essence(result, parts.map(({ source }) => source)), essence(once, whole.map(({ source }) => source)), `seed ${seed}`);
    }
    assert.ok(breaks > 50, `${breaks} breaks`);
  });
}

test("a late file settles what was missing, without anything being remembered wrongly", async () => {
  const reconciliation = createReconciliation({ store: memoryStore() });
  const row = (id: number): string => `ch_${id},order_${id},charge,1000,30,EUR,2026-03-01T00:00:00Z,,`;
  await reconciliation.add({ ledger: file("ledger", "march.csv", [row(1), row(2)]), settlement: file("settlement", "week-1.csv", [row(1)]) });
  assert.deepEqual((await reconciliation.result({ asOf })).breaks.map(({ kind }) => kind), ["missing_in_settlement"]);
  await reconciliation.add({ settlement: file("settlement", "late.csv", [row(2)]) });
  assert.deepEqual((await reconciliation.result({ asOf })).breaks, []);
  assert.deepEqual((await reconciliation.files()).map(({ side, name }) => `${side} ${name}`), ["ledger march.csv", "settlement late.csv", "settlement week-1.csv"]);
});

test("files of a provider and a bank keep their lines and their statements, in whatever order they come", async () => {
  const { ledger, stripe, bank } = shop(5);
  const header = bank.mt940.indexOf("-\r\n", bank.mt940.length / 2) + 3;
  const statement = (name: string, text: string): NamedSource => readers.source(text, { format: "mt940", name });
  const files = {
    ledger: { name: "books.csv", data: ledger },
    settlement: readers.source(stripe, { format: "stripe", name: "stripe.csv", referenceColumn: STRIPE_REFERENCE }),
    bank: [statement("a.sta", bank.mt940.slice(0, header)), statement("b.sta", bank.mt940.slice(header)), readers.source(bank["camt.053"].replaceAll("DE0212", "DE7551"), { format: "camt.053", name: "c.xml" })],
  };
  const once = reconcile({ ...files, asOf });
  const kinds = once.breaks.map(({ kind }) => kind);
  assert.deepEqual([kinds.filter((kind) => kind === "balance_chain_break").length, kinds.filter((kind) => kind === "file_gap").length], [2, 2]);
  const store = memoryStore();
  for (const source of [...files.bank].reverse()) await createReconciliation({ store }).add({ bank: source });
  await createReconciliation({ store }).add({ ledger: files.ledger, settlement: files.settlement });
  assert.deepEqual(await createReconciliation({ store }).result({ asOf }), once);
  // The same rows under another closing balance are another file.
  const [first, ...others] = files.bank.map((source) => ({ ...source, statements: (source.statements ?? []).map((own) => ({ ...own, closing: 7n })) }));
  await assert.rejects(createReconciliation({ store }).add({ bank: first }), { code: "file_changed" });
  // What a version before this one kept says nothing of statements, and learns of them when the file is added again.
  const earlier = memoryStore();
  await createReconciliation({ store: earlier }).add({ ...files, bank: files.bank.map(({ statements: _, ...rows }) => rows) });
  assert.equal((await createReconciliation({ store: earlier }).result({ asOf })).breaks.filter(({ kind }) => kind === "file_gap").length, 0);
  await createReconciliation({ store: earlier }).add(files);
  await createReconciliation({ store: earlier }).add({ bank: others.map(({ statements: _, ...rows }) => rows) });
  assert.deepEqual(await createReconciliation({ store: earlier }).result({ asOf }), once);
});

test("a file keeps the lines it was read from when it is added again without them", async () => {
  const reconciliation = createReconciliation({ store: memoryStore() });
  const data = "reference,amount,currency\norder_1,1,EUR\n";
  const lines = async (): Promise<unknown> => (await reconciliation.result({ asOf })).breaks.map(({ rows }) => rows.ledger);
  await reconciliation.add({ ledger: { name: "books.csv", data, lines: [77] } });
  const first = await lines();
  assert.deepEqual(first, [[{ file: "books.csv", line: 77 }]]);
  await reconciliation.add({ ledger: { name: "books.csv", data } });
  assert.deepEqual(await lines(), first);
});

test("files that several processes add at once are all kept", async () => {
  const store = memoryStore();
  const row = (id: number): string => `ch_${id},order_${id},charge,1000,30,EUR,2026-03-01T00:00:00Z,,`;
  await Promise.all(Array.from({ length: 12 }, (_, id) => createReconciliation({ store }).add({ ledger: file("ledger", `${id}.csv`, [row(id)]) })));
  assert.equal((await createReconciliation({ store }).result({ asOf })).summary.rows.ledger, 12);
});

test("a file that cannot be read, or that changed under its name, is refused and not kept", async () => {
  const store = memoryStore();
  const reconciliation = createReconciliation({ store });
  const row = "ch_1,order_1,charge,1000,30,EUR,2026-03-01T00:00:00Z,,";
  await reconciliation.add({ ledger: file("ledger", "a.csv", [row]) });
  await assert.rejects(reconciliation.add({ ledger: file("ledger", "a.csv", [row, row]) }), { code: "file_changed" });
  await assert.rejects(reconciliation.add({ settlement: { name: "b.csv", data: "reference,amount_minor,currency\nx,1.5,EUR\n" } }), { code: "file_bad_value" });
  await assert.rejects(reconciliation.add({ settlement: { name: "", data: row } }), { code: "option_invalid" });
  await assert.rejects(reconciliation.add({ books: [] } as object), { code: "unknown_option" });
  assert.throws(() => createReconciliation({ store, inFlightDays: 999 }), { code: "reconcile_window_too_long" });
  assert.throws(() => createReconciliation({ store, name: "a/b" }), { code: "reconciliation_name_invalid" });
  assert.equal((await reconciliation.files()).length, 1);
});

test("rows that the store lost are missed, and not left out", async () => {
  const store = memoryStore();
  await createReconciliation({ store }).add({ ledger: file("ledger", "a.csv", ["ch_1,order_1,charge,1000,30,EUR,2026-03-01T00:00:00Z,,"]) });
  const holey: Store = { ...store, get: async (key) => (key.includes("/rows/") ? null : store.get(key)) };
  await assert.rejects(createReconciliation({ store: holey }).result(), { code: "reconciliation_rows_lost", advice: "reconcile" });
});

test("a month of the simulator, a day at a time, is the month", async () => {
  const gateway = createGateway({ seed: 11, dialect: "native", clock: "virtual" });
  for (let order = 0; order < 40; order += 1) {
    await gateway.fetch(new Request("http://gateway.test/api/payments", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": `key_${order}` },
      body: JSON.stringify({ merchantId: "shop", amount: 1_000 + order, currency: "EUR", reference: `order_${order}` }),
    }));
    gateway.advance(6 * 3_600_000);
  }
  gateway.advance(5 * 86_400_000);
  const settlement = gateway.settlementReport({});
  const [head = "", ...rows] = settlement.trimEnd().split("\n");
  assert.ok(rows.length >= 40, `${rows.length} rows`);
  const reconciliation = createReconciliation({ store: memoryStore() });
  for (let at = 0; at < rows.length; at += 7) {
    await reconciliation.add({ settlement: { name: `part-${at}.csv`, data: `${[head, ...rows.slice(at, at + 7)].join("\n")}\n` } });
  }
  await reconciliation.add({ ledger: { name: "ledger.csv", data: "reference,amount_minor,currency\n" } });
  const once = reconcile({ ledger: "reference,amount_minor,currency\n", settlement });
  const result = await reconciliation.result();
  assert.deepEqual(result.breaks.map(({ id }) => id).sort(), once.breaks.map(({ id }) => id).sort());
  assert.deepEqual(result.summary, once.summary);
});
