/**
 * Large files through the command: the sieve and the reader of whole files print the same bytes. Threads do not start here,
 * where the program is one file: `threads.test.js` of tests/packaging tries them.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { reconcile } from "../../pkg/src/reconcile/index.js";
import { judgeParts, mergeParts, partitionOf } from "../../pkg/src/reconcile/parts.js";
import { beProgram, tillproofOf } from "./cli-program.js";

await beProgram();

const folder = mkdtempSync(join(tmpdir(), "tillproof-sieve-"));
after(() => rmSync(folder, { recursive: true }));

const HEADER = "reference,type,amount_minor,currency,fee_minor,status,occurred_at,note";

/** Rows enough for the sieve, of which every eleventh has some trouble. */
function files(rows: number): { readonly ledger: string; readonly settlement: string } {
  const [ledger, settlement] = [[HEADER], [HEADER]];
  for (let row = 0; row < rows; row += 1) {
    const line = (amount: number, status: string): string => `order_${row},charge,${amount},EUR,30,${status},2026-03-${String((row % 28) + 1).padStart(2, "0")}T10:00:00Z,`;
    ledger.push(line(1000 + row, "paid"));
    const trouble = row % 55;
    if (trouble === 0) continue;
    settlement.push(trouble === 11 ? line(999 + row, "paid") : trouble === 22 ? line(1000 + row, "failed") : line(1000 + row, "succeeded"));
    if (trouble === 33) settlement.push(line(1000 + row, "succeeded"));
    if (trouble === 44) settlement.push(`stranger_${row},,5.00,EUR,,,,"two\nlines"`.replace("5.00", "500"));
  }
  return { ledger: `${ledger.join("\n")}\n`, settlement: settlement.join("\r\n") };
}

test("the sieve and the reader of whole files print the same bytes", async () => {
  // So many that the report comes in pieces, and is told by all threads.
  const { ledger, settlement } = files(24_000);
  const [ours, theirs] = [join(folder, "ledger.csv"), join(folder, "settlement.csv")];
  writeFileSync(ours, ledger);
  writeFileSync(theirs, settlement);
  const printed = async (...more: string[]): Promise<string> => {
    const { status, out, err } = await tillproofOf(import.meta.filename, ["reconcile", "--ledger", ours, "--settlement", theirs, "--json", ...more]);
    assert.equal(status, 1, err);
    return out;
  };
  // Matches are told of every row.
  const whole = await printed("--matches", join(folder, "matches.jsonl"));
  assert.equal(await printed(), whole);
  assert.ok(whole.length > 1_200_000, `${whole.length} bytes`);
  assert.ok((JSON.parse(whole) as { summary: { breaks: number } }).summary.breaks > 500);
});

test("large files whose rows have more to say to each other print the same bytes", async () => {
  const { ledger, settlement } = files(9_000);
  // Lines of payouts, and refunds among them; times of one side without a zone.
  const settled = settlement.split("\r\n").filter((line) => !line.includes("stranger") && !line.startsWith("lines"));
  const more = settled.map((line, row) => (row === 0 ? `${line},payout_id` : `${row % 9 === 0 ? line.replace(",charge,", ",refund,") : line},po_${row % 30}`));
  const [ours, theirs] = [join(folder, "books.csv"), join(folder, "payouts.csv")];
  writeFileSync(ours, ledger.replaceAll(":00Z", ":00"));
  writeFileSync(theirs, `${more.join("\n")}\n`);
  const args = ["reconcile", "--ledger", ours, "--settlement", theirs];
  for (const form of [["--json"], []]) {
    const whole = await tillproofOf(import.meta.filename, [...args, ...form, "--matches", join(folder, "matches.jsonl")]);
    assert.equal(whole.status, 1, whole.err);
    assert.ok(whole.out.length > 262_144, `${whole.out.length} bytes`);
    const large = await tillproofOf(import.meta.filename, [...args, ...form]);
    assert.equal(large.err, "");
    assert.equal(large.out, whole.out);
  }
  writeFileSync(theirs, `${more.join("\n").replace("order_4000,charge,5000", "order_4000,charge,five")}\n`);
  const { status, out, err } = await tillproofOf(import.meta.filename, args);
  assert.deepEqual([status, out], [2, ""]);
  assert.match(err, /payouts\.csv, line \d+, column 19/);
});

test("parts that are merged in any order make the report of the whole", () => {
  const options = files(6_000);
  const of = 3;
  const parts = [2, 0, 1].map((index) => partitionOf(options, { index, of }));
  const [last, ...others] = parts;
  assert.ok(last !== undefined);
  assert.deepEqual(judgeParts(mergeParts([mergeParts(others), last])), reconcile(options));
  assert.ok(parts.every(({ length }) => length < options.ledger.length / 2), "a part is what does not plainly agree");
  assert.throws(() => judgeParts(mergeParts(others)), { code: "reconcile_parts_missing" });
  assert.throws(() => mergeParts([last, last]), { code: "reconcile_part_doubled" });
});

test("refunds beside ids, and days instead of moments, leave a part as small as what does not agree", () => {
  const header = "reference,id,type,amount_minor,currency,occurred_at,parent_reference";
  const [ledger, settlement] = [[header], [header]];
  for (let row = 0; row < 9_000; row += 1) {
    const day = `2026-03-${String((row % 28) + 1).padStart(2, "0")}`;
    const line = (side: string, amount: number): string => `order_${row},${side}_${row},charge,${amount},EUR,${day},`;
    ledger.push(line("ch", 1000 + row));
    settlement.push(line("txn", row % 300 === 0 ? 999 : 1000 + row));
    if (row % 15 > 0) continue;
    // Each names its charge in another way, and every sixth gives back more than was taken.
    const parent = [`order_${row}`, `ch_${row}`, `txn_${row}`][row % 45 / 15] ?? "";
    const refund = `refund_${row},re_${row},refund,${row % 90 === 0 ? 20_000 : 1000},EUR,${day},${parent}`;
    ledger.push(refund);
    settlement.push(refund);
  }
  const options = { ledger: `${ledger.join("\n")}\n`, settlement: `${settlement.join("\n")}\n` };
  const report = reconcile(options);
  assert.ok(report.breaks.filter(({ kind }) => kind === "over_refund").length >= 80, JSON.stringify(report.summary));
  const part = partitionOf(options, { index: 0, of: 1 });
  assert.ok(part.length < options.ledger.length / 2, `${part.length} bytes`);
  assert.deepEqual(judgeParts(part), report);
  const parts = [0, 1, 2].map((index) => partitionOf(options, { index, of: 3 }));
  assert.ok(parts.every(({ length }) => length < options.ledger.length / 5), "also where a charge and its refund are of different parts");
  assert.deepEqual(judgeParts(mergeParts(parts)), report);
});

test("a large file that cannot be read is refused with its place", async () => {
  const { ledger, settlement } = files(8_000);
  const [ours, theirs] = [join(folder, "wrong.csv"), join(folder, "right.csv")];
  writeFileSync(ours, ledger.replace("order_4000,charge,5000", "order_4000,charge,five"));
  writeFileSync(theirs, settlement);
  const { status, out, err } = await tillproofOf(import.meta.filename, ["reconcile", "--ledger", ours, "--settlement", theirs, "--json"]);
  assert.equal(status, 2);
  assert.equal(out, "");
  assert.match(err, /wrong\.csv, line 4002, column 19/);
});
