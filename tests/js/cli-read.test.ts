import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { beProgram, tillproofOf, type Ended } from "./cli-program.js";

await beProgram();

const SAMPLES = join(process.cwd(), "tests/formats/samples");
const folder = mkdtempSync(join(tmpdir(), "tillproof-read-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const read = (...args: string[]): Promise<Ended> => tillproofOf(fileURLToPath(import.meta.url), ["read", ...args]);
const sample = (name: string): string => join(SAMPLES, name);
const GERMAN = ["--file", sample("bank-german.csv"), "--encoding", "windows-1252"];

test("a file is recognised, and nothing is written of it", async () => {
  const cases: [name: string, says: RegExp][] = [
    ["adyen.csv", /^adyen, by the columns Psp Reference/],
    ["stripe-payouts.csv", /^stripe, by the columns/],
    ["camt053.xml", /^camt\.053, by the element BkToCstmrStmt$/m],
    ["mt940.sta", /^mt940, by the field :20:$/m],
    ["generic.csv", /^generic, by the columns/],
  ];
  for (const [name, says] of cases) {
    const { status, out, err } = await read("--file", sample(name));
    assert.deepEqual([status, err], [0, ""], name);
    assert.match(out, says);
    assert.equal(out.split("\n").length, 2);
  }
});

test("a table of a bank: what is guessed is printed, completed by a person, and then used", async () => {
  const looked = await read(...GERMAN);
  assert.equal(looked.status, 1);
  assert.match(looked.err, /probably --format csv with this --mapping; to be added, since the rows do not tell: currency\n$/);
  const guess = JSON.parse(looked.out) as { bank: { columns: Record<string, string> } };
  assert.equal(guess.bank.columns["booked_at"], "Buchungstag");
  const mapping = join(folder, "bank.json");
  writeFileSync(mapping, JSON.stringify({ bank: { ...guess.bank, currency: "EUR" } }));
  const bank = join(folder, "bank.csv");
  const { status, out, err } = await read(...GERMAN, "--format", "csv", "--mapping", mapping, "--out", bank);
  assert.deepEqual([status, out, err], [0, "", ""]);
  assert.match(readFileSync(bank, "utf8"), /^reference,id,amount_minor,currency[^]*,123456,EUR,2026-03-04/);
});

test("one document says the same to a program", async () => {
  const { status, out } = await read(...GERMAN, "--json");
  assert.equal(status, 1);
  const document = JSON.parse(out) as { version: number; format: null; guess: { unsure: string[]; mapping: { bank: Record<string, unknown> } } };
  assert.deepEqual([document.version, document.format, document.guess.unsure], [1, null, ["currency"]]);
  assert.equal(document.guess.mapping.bank["date_order"], "day_month_year");
});

test("a report of a provider goes to standard output in the columns that reconcile takes", async () => {
  const { status, out } = await read("--file", sample("adyen.csv"), "--format", "adyen");
  assert.equal(status, 0);
  assert.match(out, /^reference,id,type,amount_minor,currency/);
  assert.match(out, /^order_1,8515131751004933,charge,1999,EUR,55/m);
});

test("what cannot be read is one line that helps", async () => {
  const text = join(folder, "note.txt");
  writeFileSync(text, "Dear customer\n");
  const list = join(folder, "list.json");
  writeFileSync(list, "[]");
  const cases: [args: string[], status: number, line: RegExp][] = [
    [[], 2, /--file is missing/],
    [["--file", sample("bank-german.csv")], 2, /is not UTF-8: say what it is, mostly --encoding windows-1252$/],
    [["--file", text, "--format", "word"], 2, /--format "word": expected one of generic, stripe/],
    [["--file", text, "--mapping", list], 2, /--mapping goes with --format/],
    [["--file", text, "--format", "csv", "--mapping", list], 2, /expected an object$/],
    [["--file", text, "--format", "adyen"], 2, /note\.txt/],
  ];
  for (const [args, status, line] of cases) {
    const ended = await read(...args);
    assert.deepEqual([ended.status, ended.out], [status, ""], args.join(" "));
    assert.match(ended.err.trimEnd(), line);
    assert.equal(ended.err.split("\n").length, 2);
  }
  const unknown = await read("--file", text);
  assert.deepEqual([unknown.status, unknown.out], [1, "not recognised: no known format\n"]);
});
