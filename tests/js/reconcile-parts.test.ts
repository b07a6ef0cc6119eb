import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { reconcile, readers, type FormatName, type Match, type NamedSource, type ReconcileOptions, type RulesDocument } from "../../pkg/src/reconcile/index.js";
import { judgeParts, mergeParts, partitionOf } from "../../pkg/src/reconcile/parts.js";
import { BANKS, booksOf, sample, SETTLEMENTS, shop, STRIPE_REFERENCE } from "./reconcile-formats.js";
import { dice, shuffled } from "./reconcile-rows.js";

/** What `reconcile` takes, a run in parts takes; generic rows are in reconcile-metamorphic.test.ts. */

const COUNTS = [1, 2, 5];
const asOf = Date.UTC(2026, 3, 20);

/** Parts in any order, merged by twos and threes. */
function inParts(options: ReconcileOptions, of: number, roll: (sides: number) => number): Uint8Array {
  let parts = shuffled(Array.from({ length: of }, (_, index) => partitionOf(options, { index, of })), roll);
  while (parts.length > 1) {
    const taken = 2 + roll(2);
    parts = shuffled([mergeParts(parts.slice(0, taken)), ...parts.slice(taken)], roll);
  }
  const [part = mergeParts([])] = parts;
  return part;
}

/** Holds a run in parts to the run in one, matches included where they are asked for. */
function same(options: ReconcileOptions, what: string): string[] {
  const { rules } = options;
  const roll = dice(what.length);
  const report = reconcile(options);
  const whole: Match[] = [];
  reconcile({ ...options, onMatch: (match) => void whole.push(match) });
  for (const of of COUNTS) {
    assert.equal(JSON.stringify(judgeParts(inParts(options, of, roll), { rules })), JSON.stringify(report), `${what}, ${of} parts`);
    const matches: Match[] = [];
    const onMatch = (match: Match): void => void matches.push(match);
    assert.deepEqual(judgeParts(inParts({ ...options, onMatch }, of, roll), { rules, onMatch }), report, `${what}, ${of} parts with matches`);
    assert.deepEqual(matches, whole, `${what}, ${of} parts`);
  }
  return report.breaks.map(({ kind }) => kind);
}

test("the samples of every format, with statements that do not add up, make the same report in any number of parts", () => {
  const kinds = new Set<string>();
  for (const [name, format] of SETTLEMENTS) {
    for (const [bankName, bankFormat] of BANKS) {
      const settlement = readers.source(sample(name), { format, name });
      const bank = [false, true].map((isBent) => readers.source(sample(bankName, isBent), { format: bankFormat, name: `${String(isBent)}-${bankName}` }));
      const options = { ledger: booksOf(sample(name), { format }), settlement, bank, asOf };
      for (const kind of same(options, `${name} and ${bankName}`)) kinds.add(kind);
    }
  }
  for (const kind of ["file_truncated", "amount_mismatch", "missing_in_mirror", "unexpected_bank_entry"]) assert.ok(kinds.has(kind), `${kind} in ${[...kinds].join(", ")}`);
});

const banks = ["camt.053", "mt940", "bai2", "ofx"] as const;

/** A month as the readers hand it over. */
function month(seed: number, bank: FormatName & keyof ReturnType<typeof shop>["bank"], payments?: number): { ledger: NamedSource; settlement: NamedSource; bank: NamedSource } {
  const files = shop(seed, payments);
  return {
    ledger: { name: "books.csv", data: files.ledger },
    settlement: readers.source(files.stripe, { format: "stripe", name: "stripe.csv", referenceColumn: STRIPE_REFERENCE }),
    bank: readers.source(files.bank[bank], { format: bank, name: `statements.${bank}` }),
  };
}

test("a month of statements is judged once, and told by the lines of its files, in any number of parts", () => {
  for (const [at, bank] of banks.entries()) {
    const options = { ...month(at + 1, bank), asOf };
    const kinds = same(options, bank);
    const told = (kind: string): number => kinds.filter((one) => one === kind).length;
    // Those of BAI2 have no numbers, so that what is missing shows in the balances; those of OFX do not even say how they begin.
    const [gaps, chains] = bank === "ofx" ? [0, 0] : bank === "bai2" ? [0, 2] : [1, 1];
    assert.deepEqual([told("file_gap"), told("balance_chain_break")], [gaps, chains], `${bank}: ${[...new Set(kinds)].join(", ")}`);
    assert.ok(told("missing_in_settlement") > 0 && told("amount_mismatch") > 0 && told("missing_in_bank") > 0, bank);
  }
});

test("a statement that does not follow the one before it is told by its own lines, and rows by theirs", () => {
  const statement = (number: number, opening: string, closing: string): string[] => [
    `:20:S${number}`, ":25:DE02120300000000202051", `:28C:${number}/1`, `:60F:C260301EUR${opening}`,
    ...Array.from({ length: 20 }, (_, at) => `:61:2603010301C1,00NTRFentry_${number}_${at}`), `:62F:C260301EUR${closing}`, "-",
  ];
  // More entries than lines before the last statement, so that its line is one of a row too.
  const lines = [...statement(1, "10,00", "30,00"), ...statement(2, "30,00", "50,00"), ...statement(3, "51,00", "71,00")];
  const { ledger, settlement } = month(2, "mt940");
  const options = { ledger, settlement, bank: readers.source(`${lines.join("\r\n")}\r\n`, { format: "mt940", name: "bank.sta" }), asOf };
  const { breaks } = reconcile(options);
  const [broken] = breaks.filter(({ kind }) => kind === "balance_chain_break");
  assert.deepEqual(broken?.rows.bank.map(({ line }) => lines[line - 1]), [":20:S2", ":20:S3"]);
  for (const { reference, rows } of breaks.filter(({ kind }) => kind === "unexpected_bank_entry")) {
    for (const { line } of rows.bank) assert.ok(lines[line - 1]?.endsWith(`NTRF${reference}`), reference);
  }
  const report = shop(2).stripe.split("\n");
  const wrong = breaks.filter(({ kind }) => kind === "amount_mismatch");
  assert.ok(wrong.length > 0);
  for (const { reference, rows } of wrong) {
    // The order stands at the end of a row, which may be a line later.
    for (const { line } of rows.settlement) assert.match(`${report[line - 1]}${report[line]}`, new RegExp(`\\b${reference}\\b`));
  }
  same(options, "statements among many rows");
});

test("rules, business days, holidays, columns, tables of one's own and compressed files go through parts", () => {
  const { ledger, stripe, bank } = shop(7);
  const rules: RulesDocument = {
    rules: "ours", version: 3, tolerances: { EUR: { minor: 40 } },
    fees: [{ type: "charge", currency: "EUR", percent: "0.1", fixed_minor: "20" }],
  };
  const table = stripe.replace("gross,fee,net", "Betrag,Gebuehr,Netto");
  const columns = { reference: STRIPE_REFERENCE, id: "source_id", amount: "Betrag", fee: "Gebuehr", currency: "currency", occurred_at: "created_utc", payout_id: "automatic_payout_id" };
  const settlement = readers.source(gzipSync(table), { format: "generic", name: "table.csv.gz", mapping: { columns } });
  const statements = readers.source(gzipSync(bank["camt.053"]), { format: "camt.053", name: "statements.xml.gz" });
  const renamed = { name: "books.csv.gz", data: new Uint8Array(gzipSync(ledger.replace("amount_minor", "Betrag"))) };
  const options = { ledger: renamed, settlement, bank: statements, columns: { ledger: { amount_minor: "Betrag" } }, businessDays: true, holidays: ["2026-03-17"], inFlightDays: 3 };
  const kinds = same({ ...options, rules }, "rules with fees");
  assert.ok(kinds.includes("fee_off_contract") && kinds.includes("balance_chain_break"), [...new Set(kinds)].join(", "));
  same({ ...options, rules: { rules: "ours", version: 4, tolerances: { EUR: { minor: 40 } } } }, "rules without fees");
  same({ ...options, provider: "stripe", rules: { rules: "ours", version: 5, in_flight: { providers: { stripe: { days: 4, business_days: true } } } } }, "a window of the provider");
});

test("a large file that was written anew goes through the sieve, and keeps its lines", () => {
  const [header = "", ...rows] = shop(21, 150).ledger.trimEnd().split("\n");
  const settled = rows.flatMap((row, at) => (at % 40 === 3 ? [] : [at % 40 === 7 ? row.replace(/,(\d+),EUR/, ",1$1,EUR") : row]));
  // Each row had three lines where it was read from.
  const settlement = { name: "their.csv", data: `${[header, ...settled].join("\n")}\n`, lines: settled.map((_, at) => 10 + 3 * at) };
  const options = { ledger: { name: "books.csv", data: `${[header, ...rows].join("\n")}\n` }, settlement, asOf };
  const kinds = same(options, "a large file");
  assert.deepEqual([...new Set(kinds)].sort(), ["fee_mismatch", "missing_in_settlement"]);
  const whole = partitionOf({ ...options, onMatch: () => undefined }, { index: 1, of: 2 });
  assert.ok(partitionOf(options, { index: 1, of: 2 }).length < whole.length / 2, "rows that agree stay behind");
});

test("parts that lack rows which rules or matches ask for are refused, and so are notes that are none", () => {
  const options = { ...month(3, "mt940"), asOf };
  const fees: RulesDocument = { rules: "ours", version: 1, fees: [{ type: "charge", currency: "EUR", percent: "2.9", fixed_minor: "30" }] };
  const roll = dice(4);
  const part = inParts(options, 3, roll);
  assert.throws(() => judgeParts(part, { rules: fees }), { code: "reconcile_parts_thinned" });
  assert.throws(() => judgeParts(part, { onMatch: () => undefined }), { code: "reconcile_parts_thinned" });
  const whole = { ...options, rules: fees };
  const mixed = [partitionOf(whole, { index: 0, of: 2 }), partitionOf(options, { index: 1, of: 2 })];
  assert.throws(() => judgeParts(mergeParts(mixed), { rules: fees }), { code: "reconcile_parts_thinned" });
  const [first = part] = mixed;
  assert.throws(() => judgeParts(first, { rules: fees, onMatch: () => undefined }), { code: "reconcile_parts_missing" });
  assert.throws(() => mergeParts([first, first]), { code: "reconcile_part_doubled" });
  // What are no parts, or not all, are refused as that.
  assert.throws(() => judgeParts(new Uint8Array([1, 2, 3]), { rules: fees }), { code: "batch_corrupt" });
  assert.throws(() => judgeParts(partitionOf(options, { index: 0, of: 2 }), { rules: fees }), { code: "reconcile_parts_missing" });
  // Cut off and changed anywhere in front, they are refused or tell what they say; nothing else is thrown.
  let refused = 0;
  for (let at = 0; at < 400; at += 1) {
    const bent = part.slice(0, at % 2 === 0 ? roll(part.length) : part.length);
    if (bent.length === part.length) bent[roll(600)] = roll(256);
    try {
      judgeParts(bent);
    } catch (error) {
      assert.match(String((error as { code?: string }).code), /^(?:batch_corrupt|reconcile_parts_missing|json_\w+|text_\w+)$/, String(error));
      refused += 1;
    }
  }
  assert.ok(refused > 200, `${refused} of 400 were refused`);
});

test("a file that was written anew shares its name with no other of its side", () => {
  const data = "reference,amount,currency\na,1,EUR\n";
  for (const files of [[{ name: "b", data, lines: [44] }, { name: "b", data }], [{ name: "b", data }, { name: "b", data, lines: [44] }]]) {
    assert.throws(() => reconcile({ ledger: data, settlement: files }), { code: "option_invalid" });
  }
  assert.equal(reconcile({ ledger: { name: "b", data, lines: [44] }, settlement: { name: "b", data }, asOf }).breaks.length, 0);
});

test("notes of a few bytes that ask for more lines than there can be are refused before one is made", () => {
  const part = partitionOf({ ledger: "reference,amount,currency\na,1,EUR\n", settlement: "reference,amount,currency\na,2,EUR\n", asOf }, { index: 0, of: 1 });
  const noted = (places: unknown): Uint8Array => {
    const document = Buffer.from(JSON.stringify(places));
    const head = Buffer.alloc(10);
    head[0] = 0xff;
    head.writeUInt32LE(document.length, 2);
    return Buffer.concat([head, document, part]);
  };
  assert.equal(judgeParts(noted({ settlement: { "settlement.csv": [44, 1] } })).breaks[0]?.rows.settlement[0]?.line, 44);
  const most = 2 ** 25;
  const refused = [
    { ledger: { a: [1, most + 1] } },
    { ledger: { a: [1, most / 2], b: [1, most / 2] }, bank: { c: [1, 1] } },
    { ledger: { a: [1, Number.MAX_SAFE_INTEGER] } },
    { ledger: { a: [1, 0] } },
    { ledger: { a: [1, -1] } },
    { ledger: { a: [-7, 1] } },
    { ledger: { a: [5, 1, -5, 1] } },
    { ledger: { a: [1.5, 1] } },
    { ledger: { a: [1] } },
    { ledger: { a: 7 } },
  ];
  for (const places of refused) assert.throws(() => judgeParts(noted(places)), { code: "batch_corrupt" }, JSON.stringify(places));
});
