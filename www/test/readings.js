// How files are read, held against what the package can read.
import assert from "node:assert/strict";
import { test } from "node:test";

import { readers } from "tillproof/reconcile";

import { sourceOf } from "./source.js";

const bytes = (text) => new TextEncoder().encode(text);

const reading = async (side, text) => {
  const { readingOf, wantedOf, missingIn, otherSideOf } = await sourceOf("files/reading.ts");
  const file = { name: "file", data: bytes(text) };
  const one = readingOf(side, file, readers.detect(file.data));
  return { format: one.format, missing: missingIn(one), other: otherSideOf(side, one), wanted: wantedOf(one) };
};

test("every format that the package reads can be chosen, each on its side", async () => {
  const { FORMATS } = await sourceOf("files/reading.ts");
  for (const side of ["settlement", "bank"]) {
    const offered = FORMATS[side].map(([name]) => name).sort();
    assert.deepEqual(offered, readers.formats().filter((format) => format.side === side).map(({ name }) => name).sort());
  }
});

const MT940 = ":20:1\n:25:DE02\n:28C:1\n:60F:C260304EUR0,00\n:62F:C260304EUR0,00\n";
const STRIPE = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category\ntxn_1,2026-03-04 05:06:07,eur,19.99,0.55,19.44,charge\n";
const TABLE = "Date,Text,Amount\n03/04/2026,Payout,10.00\n04/04/2026,Payout,11.00\n";

for (const [words, side, text, expected] of [
  ["a statement among the statements", "bank", MT940, { format: "mt940", missing: [], other: undefined }],
  ["a statement among the reports of providers", "settlement", MT940, { format: undefined, missing: ["format"], other: "bank" }],
  ["a report among the reports", "settlement", STRIPE, { format: "stripe", missing: [], other: undefined }],
  ["a report as the books of a shop", "ledger", STRIPE, { format: "stripe", missing: [], other: undefined }],
  ["a report among the statements", "bank", STRIPE, { format: undefined, missing: ["format"], other: "settlement" }],
  ["a table whose dates say two things", "bank", TABLE, { format: "csv", missing: ["currency", "dateOrder"], other: undefined }],
  ["a letter", "ledger", "Dear customer", { format: undefined, missing: ["format"], other: undefined }],
]) {
  test(`${words}: what is recognised, and what is asked`, async () => {
    const { wanted, ...told } = await reading(side, text);
    assert.deepEqual({ ...told, missing: [...told.missing].sort() }, expected);
    assert.equal(wanted !== undefined, expected.missing.length === 0);
  });
}
