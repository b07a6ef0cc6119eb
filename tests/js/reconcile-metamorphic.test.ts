import assert from "node:assert/strict";
import { test } from "node:test";

import { reconcile, type NamedSource, type ReconcileOptions, type Report } from "../../pkg/src/reconcile/index.js";
import { judgeParts, mergeParts, partitionOf } from "../../pkg/src/reconcile/parts.js";
import { AS_OF, COLUMNS, csv, dice, month, shuffled, type GenericRow, type Sides } from "./reconcile-rows.js";

/**
 * What must not change the breaks: the order of rows, how they are split into files, what things are called, and who works.
 * That SQL and jobs say the same is shown by tests/services/reconcile-sql.test.ts and reconcile-jobs.test.ts.
 */

const SEEDS = 12;
/** Below and above the size from which rows that plainly agree are cleared before anything is judged. */
const SIZES = [400, 2_600];
const settings = { asOf: AS_OF, inFlightDays: 3 };

type Options = ReconcileOptions & Record<"ledger" | "settlement", NamedSource[]>;

const whole = (sides: Sides): Options => ({
  ledger: [{ name: "ledger.csv", data: csv(sides.ledger) }],
  settlement: [{ name: "settlement.csv", data: csv(sides.settlement) }],
  ...settings,
});

/** A report in which a row is what it says, and not where it stands. */
function essence(report: Report, options: Options): unknown {
  const texts = new Map([...options.ledger, ...options.settlement].map(({ name, data }) => [name, String(data).split("\n")]));
  // A file in which no row has a parent has no column for it.
  const rows = (places: Report["breaks"][number]["rows"]["ledger"]): string[] => places.map(({ file, line }) => texts.get(file)?.[line - 1]?.replace(/,+$/, "") ?? "?").sort();
  const told = (one: Report["breaks"][number]): object => ({
    ...one,
    rows: { ledger: rows(one.rows.ledger), settlement: rows(one.rows.settlement) },
    ...(one.nearest === undefined ? {} : { nearest: { ...one.nearest, file: "", line: rows([one.nearest]) } }),
  });
  return { ...report, breaks: [...report.breaks].sort((a, b) => (a.id < b.id ? -1 : 1)).map(told) };
}

/** Every month of every size, with its report. */
function* months(): Generator<{ sides: Sides; options: Options; report: Report; roll: (sides: number) => number; name: string }> {
  for (const size of SIZES) {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const sides = month(seed, size);
      const options = whole(sides);
      const report = reconcile(options);
      assert.ok(report.breaks.length > size / 10, `${report.breaks.length} breaks`);
      yield { sides, options, report, roll: dice(seed + 1_000), name: `seed ${seed}, ${size} payments` };
    }
  }
}

test("the order of rows changes nothing", () => {
  for (const { sides, options, report, roll, name } of months()) {
    const other = whole({ ledger: shuffled(sides.ledger, roll), settlement: shuffled(sides.settlement, roll) });
    assert.deepEqual(essence(reconcile(other), other), essence(report, options), name);
  }
});

test("rows split over several files, in any order of files, change nothing", () => {
  for (const { sides, options, report, roll, name } of months()) {
    // One row twice in different files is a correction, and no copy: rows of a reference stay together.
    const split = (side: "ledger" | "settlement"): NamedSource[] => {
      const parts = new Map<string, number>();
      const files: GenericRow[][] = Array.from({ length: 1 + roll(4) }, () => []);
      for (const row of sides[side]) {
        const key = row.reference.replace(/^(?:other|fee)_/, "");
        const part = parts.get(key) ?? roll(files.length);
        parts.set(key, part);
        files[part]?.push(row);
      }
      return shuffled(files.map((rows, at) => ({ name: `${side}-${at}.csv`, data: csv(rows) })), roll);
    };
    const other = { ledger: split("ledger"), settlement: split("settlement"), ...settings };
    assert.deepEqual(essence(reconcile(other), other), essence(report, options), name);
  }
});

test("references that are called otherwise, the same way on both sides, are called so in the breaks and nothing else", () => {
  for (const { sides, options, report, name } of months()) {
    // No name is part of another one, so that a text can be turned back.
    const names = new Map<string, string>();
    const called = (text: string): string => {
      if (!names.has(text)) names.set(text, `<${(names.size * 7_919) % 1_000_003}>`);
      return names.get(text) ?? "";
    };
    const renamed = (rows: readonly GenericRow[]): GenericRow[] => rows.map((row) => ({ ...row, reference: called(row.reference), parent_reference: row.parent_reference === "" ? "" : called(row.parent_reference) }));
    const other = whole({ ledger: renamed(sides.ledger), settlement: renamed(sides.settlement) });
    const back = new Map([...names].map(([from, to]) => [to, from]));
    const turned = JSON.stringify(essence(reconcile(other), other)).replaceAll(/<\d+>/g, (to) => back.get(to) ?? to);
    // Ids of breaks are made of names, and so is the order that everything is told in.
    const plain = (value: unknown): string[] => {
      const { breaks, in_flight: inFlight, summary } = value as Report;
      const lines = breaks.map(({ id, rows, ...one }) => JSON.stringify([one, [...rows.ledger].sort(), [...rows.settlement].sort(), id.length]));
      return [...lines, ...inFlight.map((one) => JSON.stringify(one)), JSON.stringify(summary)].sort();
    };
    assert.deepEqual(plain(JSON.parse(turned)), plain(essence(report, options)), name);
  }
});

test("any number of parts, merged in any order and grouping, makes the bytes of one run", () => {
  for (const { options, report, roll, name } of months()) {
    const of = 1 + roll(9);
    let parts = shuffled(Array.from({ length: of }, (_, index) => partitionOf(options, { index, of })), roll);
    // A tree of any shape.
    while (parts.length > 1) {
      const taken = 2 + roll(3);
      parts = shuffled([mergeParts(parts.slice(0, taken)), ...parts.slice(taken)], roll);
    }
    const [part] = parts;
    assert.ok(part !== undefined, name);
    assert.equal(JSON.stringify(judgeParts(part)), JSON.stringify(report), `${name}, ${of} parts`);
  }
});

test("columns in another order, and columns that mean nothing, change nothing", () => {
  for (const { sides, options, report, roll, name } of months()) {
    const order = shuffled([...COLUMNS, "note_of_ours"], roll);
    const table = (rows: readonly GenericRow[]): string =>
      `${[order.join(","), ...rows.map((row) => order.map((column) => (row as unknown as Record<string, string>)[column] ?? "anything").join(","))].join("\r\n")}\r\n`;
    const other = reconcile({ ...options, ledger: [{ name: "ledger.csv", data: table(sides.ledger) }], settlement: [{ name: "settlement.csv", data: table(sides.settlement) }] });
    assert.equal(JSON.stringify(other), JSON.stringify(report), name);
  }
});

/** A month with daily payouts, refunds and a bank, in which a line, a payout or an entry is wrong now and then. */
function paidOut(seed: number): Record<"ledger" | "settlement" | "bank", string[]> {
  const roll = dice(seed);
  const head = "id,reference,type,amount_minor,fee_minor,currency,occurred_at,payout_id,parent_reference";
  const [ledger, settlement, bank] = [[head], [head], ["id,reference,amount_minor,currency,booked_at"]];
  for (let day = 0; day < 24; day += 1) {
    let sum = 0;
    const at = (days: number): string => new Date(AS_OF - (38 - day - days) * 86_400_000).toISOString().slice(0, 10);
    for (let number = 0; number < 8; number += 1) {
      const [name, amount, fee, fate] = [`${day}_${number}`, 500 + roll(9_000), 20 + roll(9), roll(20)];
      const settled = fate === 0 ? amount + 1 + roll(90) : amount;
      const line = (what: number): string => `ch_${name},order_${name},charge,${what},${fee},EUR,${at(0)}T12:00:00Z`;
      if (fate !== 1) ledger.push(`${line(amount)},,`);
      if (fate === 2) continue;
      settlement.push(`${line(settled)},po_${fate === 3 ? day + 1 : day},`);
      sum += settled - fee;
      if (fate > 15) {
        const refund = `re_${name},refund_${name},refund,${Math.floor(amount / (fate === 19 ? 1 : 2))},0,EUR,${at(0)}T18:00:00Z`;
        ledger.push(`${refund},,order_${name}`);
        settlement.push(`${refund},po_${day},order_${name}`);
        sum -= Math.floor(amount / (fate === 19 ? 1 : 2));
      }
    }
    settlement.push(`po_${day},po_${day},payout,${sum + (roll(7) === 0 ? 30 : 0)},0,EUR,${at(1)}T06:00:00Z,po_${day},`);
    if (roll(9) !== 0) bank.push(`b_${day},po_${day},${sum - (roll(9) === 0 ? 25 : 0)},EUR,${at(2)}`);
  }
  return { ledger, settlement, bank };
}

test("three-way: any number of parts makes the bytes of one run, and the order of rows changes nothing", () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const roll = dice(seed + 2_000);
    const sides = paidOut(seed);
    const file = (side: keyof typeof sides, rows = sides[side]): NamedSource => ({ name: `${side}.csv`, data: `${rows.join("\n")}\n` });
    const options = { ledger: [file("ledger")], settlement: [file("settlement")], bank: [file("bank")], ...settings };
    const report = reconcile(options);
    for (const { kind } of report.breaks) kinds.add(kind);
    for (const of of [1, 2, 5]) {
      const parts = shuffled(Array.from({ length: of }, (_, index) => partitionOf(options, { index, of })), roll);
      assert.equal(JSON.stringify(judgeParts(mergeParts(parts))), JSON.stringify(report), `seed ${seed}, ${of} parts`);
    }
    const mixed = ([head = "", ...rows]: string[]): string[] => [head, ...shuffled(rows, roll)];
    const other = reconcile({ ...options, ledger: [file("ledger", mixed(sides.ledger))], settlement: [file("settlement", mixed(sides.settlement))], bank: [file("bank", mixed(sides.bank))] });
    const plain = ({ breaks, summary }: Report): unknown => [summary, breaks.map(({ rows, ...one }) => [one, rows.ledger.length, rows.settlement.length, rows.bank.length])];
    assert.deepEqual(plain(other), plain(report), `seed ${seed}`);
  }
  for (const kind of ["bank_charge", "missing_in_bank", "period_shift", "group_sum_mismatch", "amount_mismatch"]) assert.ok(kinds.has(kind), `${kind} in ${[...kinds].join(", ")}`);
});
