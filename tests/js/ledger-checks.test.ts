import assert from "node:assert/strict";
import { test } from "node:test";

import { Ledger, templates, type LedgerCheck } from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { ledger as engine } from "../../pkg/src/shell/ledger.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store, StoredRecord } from "../../pkg/src/stores/store.js";
import { createTelemetry } from "../../pkg/src/telemetry/index.js";

const MIDNIGHT = Date.parse("2026-03-01T00:00:00Z");
const DAY = 86_400_000;

function charge(number: number, more: object = {}) {
  return templates.charge({ id: `charge:${number}`, gateway: "x", reference: `order_${number}`, amount: 1_000 + number, fee: 30, currency: "EUR", occurredAt: MIDNIGHT + number, recordedAt: MIDNIGHT + number, cause: `evt_${number}`, ...more });
}

/** A store that counts what is read of it, and can be told to forget, to change or to fail. */
function watched(): { readonly store: Store; readonly read: () => number; readonly tamper: (change: ((value: string, key: string) => string | null) | Error | null) => void } {
  const inner = memoryStore();
  let read = 0;
  let change: ((value: string, key: string) => string | null) | Error | null = null;
  const scan = async (prefix: string, after: string | null, limit: number): Promise<StoredRecord[]> => {
    if (change instanceof Error) throw change;
    const records = await inner.scan(prefix, after, limit);
    read += records.length;
    const tamper = change;
    if (tamper === null) return [...records];
    return records.flatMap((record) => {
      const value = tamper(record.value, record.key);
      return value === null ? [] : [{ ...record, value }];
    });
  };
  const store = new Proxy(inner, { get: (target, name) => (name === "scan" ? scan : Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)) });
  return { store, read: () => read, tamper: (wanted) => (change = wanted) };
}

test("a check reads what is new and nothing twice, and the whole when it is asked to", async () => {
  const { store, read } = watched();
  const ledger = await Ledger.open({ store });
  for (let number = 0; number < 50; number += 1) await ledger.post(charge(number));
  assert.deepEqual(await ledger.check(), { sound: true, position: 50, checked: 50, findings: [] });
  for (let number = 50; number < 60; number += 1) {
    await ledger.post(charge(number));
    const before = read();
    assert.deepEqual(await ledger.check(), { sound: true, position: number + 1, checked: 1, findings: [] });
    assert.equal(read() - before, 2, "the new line, and the one before it");
  }
  const before = read();
  assert.deepEqual(await ledger.check({ whole: true }), { sound: true, position: 60, checked: 60, findings: [] });
  assert.equal(read() - before, 60);
  await assert.rejects(ledger.check({ hole: true } as object), (error) => isTillproofError(error) && error.code === "unknown_option");
});

test("what the store changed, lost or does not say is found by the next check, until it is mended", async () => {
  const last = (key: string, position: number): boolean => key.endsWith(String(position).padStart(12, "0"));
  // what happens to the store, what is found
  const table: [string, (value: string, key: string) => string | null, unknown][] = [
    ["a new line is changed", (value, key) => (last(key, 4) ? value.replace("evt", "evT") : value), { kind: "chain", position: 4, reason: "its hash is not that of its content" }],
    ["a new line is lost", (value, key) => (last(key, 4) ? null : value), { kind: "chain", position: 4, reason: "another position is written in it" }],
    ["the last line is lost", (value, key) => (last(key, 5) ? null : value), { kind: "chain", position: 5, reason: "the store has lost it" }],
    ["the line that was checked last is lost", (value, key) => (last(key, 3) ? null : value), { kind: "chain", position: 3, reason: "the store has another line there" }],
    ["the line that was checked last is another", (value, key) => (last(key, 3) ? value.replace("evt", "evT") : value), { kind: "chain", position: 3, reason: "the store has another line there" }],
    ["everything is lost", () => null, { kind: "chain", position: 3, reason: "the store has lost it" }],
  ];
  for (const [name, change, finding] of table) {
    const { store, tamper } = watched();
    const ledger = await Ledger.open({ store });
    for (const number of [1, 2, 3]) await ledger.post(charge(number));
    assert.equal((await ledger.check()).sound, true);
    for (const number of [4, 5]) await ledger.post(charge(number));
    tamper(change);
    for (const round of [1, 2]) {
      const { sound, findings } = await ledger.check();
      assert.deepEqual([sound, findings], [false, [finding]], `${name}, ${round}`);
    }
    tamper(null);
    assert.deepEqual(await ledger.check({ whole: true }), { sound: true, position: 5, checked: 5, findings: [] }, name);
  }
  const { store, tamper } = watched();
  const ledger = await Ledger.open({ store });
  tamper(new Error("connection reset"));
  assert.deepEqual((await ledger.check()).findings, [{ kind: "store", reason: "connection reset" }]);
});

test("what was written by others with sound hashes and other sums is found by the books", async () => {
  const { store, tamper } = watched();
  const [ledger, forged] = await Promise.all([Ledger.open({ store }), Ledger.open()]);
  await ledger.post(charge(1));
  await forged.post(charge(1, { amount: 9_999 }));
  tamper(() => forged.journal()[0] ?? null);
  const { findings } = await ledger.check();
  assert.deepEqual(findings, [{ kind: "index", accounts: ["Assets:Gateway:x:Pending:EUR", "Income:Sales"] }]);
});

test("another process and a new instance of the engine are no findings", async () => {
  const { store } = watched();
  const [one, other] = await Promise.all([Ledger.open({ store }), Ledger.open({ store })]);
  await one.post(charge(1));
  await one.check();
  await other.post(charge(2));
  assert.deepEqual(await one.check(), { sound: true, position: 2, checked: 1, findings: [] });
  assert.equal(one.length, 2);
  one.close();
  await one.post(charge(3));
  assert.deepEqual(await one.check(), { sound: true, position: 3, checked: 1, findings: [] });
  assert.ok(engine.generation >= 0);
});

test("a ledger that is told to checks itself after every commit, and its figures are metrics", async () => {
  const checks: LedgerCheck[] = [];
  const { store, tamper } = watched();
  const ledger = await Ledger.open({ store, name: "shop", onCheck: (check) => void checks.push(check) });
  const telemetry = createTelemetry({ ledgers: [ledger] });
  assert.deepEqual(ledger.figures(), { name: "shop", lines: 0, checkedLines: 0, sound: null, checks: 0, findings: { chain: 0, index: 0, sums: 0, store: 0 } });
  await ledger.postAll([charge(1), charge(2), charge(3)]);
  await ledger.post(charge(4));
  await ledger.check();
  assert.equal(checks.reduce((sum, { checked }) => sum + checked, 0), 4);
  assert.ok(checks.every(({ sound }) => sound));
  assert.match(await telemetry.prometheus(), /^tillproof_ledger_lines\{ledger="shop"\} 4$/m);
  assert.match(await telemetry.prometheus(), /^tillproof_ledger_checked_lines\{ledger="shop"\} 4$/m);
  assert.match(await telemetry.prometheus(), /^tillproof_ledger_sound\{ledger="shop"\} 1$/m);
  tamper(() => null);
  assert.equal((await ledger.check()).sound, false);
  const text = await telemetry.prometheus();
  assert.match(text, /^tillproof_ledger_sound\{ledger="shop"\} 0$/m);
  assert.match(text, /^tillproof_ledger_findings_total\{ledger="shop",kind="chain"\} 1$/m);
  assert.throws(() => createTelemetry({ ledgers: [{}] as never }), (error) => isTillproofError(error) && error.code === "argument_invalid");
});

test("trial balance, balance sheet and statement are those of any time, and as they were known", async () => {
  const ledger = await Ledger.open();
  const event = { gateway: "x", currency: "EUR", cause: "evt" };
  await ledger.post(templates.charge({ ...event, id: "c1", reference: "o1", amount: 1_000, fee: 30, occurredAt: MIDNIGHT, recordedAt: MIDNIGHT }));
  await ledger.post(templates.charge({ ...event, id: "c3", reference: "o3", amount: 3_000, occurredAt: MIDNIGHT + 2 * DAY, recordedAt: MIDNIGHT + 2 * DAY }));
  // News of the second day that came on the fourth.
  await ledger.post(templates.refund({ ...event, id: "r1", reference: "r1", amount: 400, occurredAt: MIDNIGHT + DAY, recordedAt: MIDNIGHT + 3 * DAY }));
  // at, knownAt, sales, refunds, assets
  const table: [number | undefined, number | undefined, bigint, bigint, bigint][] = [
    [MIDNIGHT - 1, undefined, 0n, 0n, 0n],
    [MIDNIGHT, undefined, 1_000n, 0n, 970n],
    [MIDNIGHT + DAY, undefined, 1_000n, -400n, 570n],
    [MIDNIGHT + DAY, MIDNIGHT + 2 * DAY, 1_000n, 0n, 970n],
    [undefined, MIDNIGHT + 2 * DAY, 4_000n, 0n, 3_970n],
    [undefined, undefined, 4_000n, -400n, 3_570n],
  ];
  for (const [at, knownAt, sales, refunds, assets] of table) {
    const [trial] = ledger.trialBalance({ at, knownAt });
    const [sheet] = ledger.balanceSheet({ at, knownAt });
    const of = (name: string): bigint => trial?.accounts.find(({ account }) => account === name)?.balance ?? 0n;
    assert.deepEqual([of("Income:Sales"), of("Income:Refunds"), sheet?.assets ?? 0n], [sales, refunds, assets], `${at} ${knownAt}`);
    assert.equal(trial?.debits, trial?.credits);
    if (sheet !== undefined) assert.equal(sheet.assets, sheet.liabilities + sheet.equity + sheet.profit);
  }
  const shown = (options: object) => ledger.statement("Assets:Gateway:x:Available:EUR", options).map(({ entry, balance }) => [entry, balance]);
  assert.deepEqual(shown({}), [["r1", -400n]]);
  const sales = (options: object) => ledger.statement("Income:Sales", options).map(({ entry, balance }) => [entry, balance]);
  assert.deepEqual(sales({}), [["c1", 1_000n], ["c3", 4_000n]]);
  assert.deepEqual(sales({ from: MIDNIGHT + 1 }), [["c3", 4_000n]]);
  assert.deepEqual(sales({ from: MIDNIGHT, until: MIDNIGHT + 2 * DAY }), [["c1", 1_000n]]);
  assert.throws(() => sales({ form: 1 }), (error) => isTillproofError(error) && error.code === "unknown_option");
});
