import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { entryFor } from "../../pkg/src/investigation/index.js";
import { defaultRules, readers, reconcile, rulesOf, type Break, type Match, type RulesDocument } from "../../pkg/src/reconcile/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";

const HEADER = "reference,id,amount_minor,currency,fee_minor,occurred_at,account\n";
const row = (reference: string, id: string, amount: number, fee = 30, account = ""): string =>
  `${reference},${id},${amount},EUR,${fee},2026-03-01T00:00:00Z,${account}\n`;

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isTillproofError(error)) return `${error.code}: ${error.message}`;
  }
  return "nothing was thrown";
}

test("a document that is not one of rules is refused by its path, with what was found and expected", () => {
  const base = { rules: "shop", version: 1 };
  const mended = ": mend the document, which docs/reconcile-rules.schema.json describes";
  const table: [unknown, string][] = [
    ["{", "rules: found \"{\", expected a JSON document ("],
    [[], "rules: found a value of type Array, expected an object"],
    [{ ...base, rules: "a b" }, 'rules.rules: found "a b", expected a name of 1 to 64 letters, digits, _ . or -'],
    [{ rules: "shop" }, "rules.version: found nothing, expected a whole number from 1"],
    [{ ...base, pases: [] }, 'rules.pases: found "pases", expected no member but rules, version, passes,'],
    [{ ...base, passes: ["by_id"] }, 'rules.passes[0]: found "by_id", expected by_reference, which every other pass builds upon, as the first'],
    [{ ...base, passes: ["by_reference", "by_luck"] }, 'rules.passes[1]: found "by_luck", expected one of by_reference, by_id, by_amount, by_sum'],
    [{ ...base, passes: ["by_reference", "by_id", "by_id"] }, 'rules.passes[2]: found "by_id", expected each pass once'],
    [{ ...base, tolerances: { eur: {} } }, 'rules.tolerances.eur: found "eur", expected three upper-case letters such as EUR as the name'],
    [{ ...base, tolerances: { EUR: { minor: -1 } } }, "rules.tolerances.EUR.minor: found -1, expected a whole number from 0"],
    [{ ...base, in_flight: { days: 367 } }, "rules.in_flight.days: found 367, expected a whole number from 0 to 366"],
    [{ ...base, in_flight: { holidays: ["2026-02-30"] } }, 'rules.in_flight.holidays[0]: found "2026-02-30", expected a day such as 2026-12-25'],
    [{ ...base, in_flight: { providers: { adyen: {} } } }, "rules.in_flight.providers.adyen.days: found nothing, expected a whole number from 0 to 366"],
    [
      { ...base, in_flight: { providers: { a: { days: 1, accounts: ["x"] }, b: { days: 2, accounts: ["x"] } } } },
      'rules.in_flight.providers.b.accounts[0]: found "x", expected each account with one provider only',
    ],
    [{ ...base, fees: [{ currency: "EUR", percent: 2.9 }] }, "rules.fees[0].percent: found 2.9, expected a decimal in quotes such as \"2.9\""],
    [{ ...base, fees: [{ currency: "EUR", provider: "adyen" }] }, 'rules.fees[0].provider: found "adyen", expected a provider of in_flight.providers that has accounts'],
    [{ ...base, accounts: { fee_mismatch: "" } }, 'rules.accounts.fee_mismatch: found "", expected the name of an account of the ledger'],
  ];
  for (const [document, expected] of table) {
    const found = message(() => rulesOf(document));
    assert.ok(found.startsWith(`reconcile_rules_invalid: ${expected}`) && found.endsWith(mended), `${found}\nshould begin with ${expected}`);
  }
  assert.deepEqual(rulesOf(JSON.stringify(defaultRules())), defaultRules());
});

test("the schema knows the members that the check knows, and no others", () => {
  const schema = JSON.parse(readFileSync(new URL("../../docs/reconcile-rules.schema.json", import.meta.url), "utf8")) as { properties: Record<string, { items?: { properties?: object }; properties?: object }> };
  const listed = (of: () => unknown): string[] => /no member but (.*?): mend/.exec(message(of))?.[1]?.split(", ").sort() ?? [];
  const names = (of: object | undefined): string[] => Object.keys(of ?? {}).filter((name) => name !== "$schema").sort();
  const base = { rules: "shop", version: 1 };
  assert.deepEqual(listed(() => rulesOf({ ...base, x: 1 })), names(schema.properties));
  assert.deepEqual(listed(() => rulesOf({ ...base, fees: [{ x: 1 }] })), names(schema.properties["fees"]?.items?.properties));
  assert.deepEqual(listed(() => rulesOf({ ...base, in_flight: { x: 1 } })), names(schema.properties["in_flight"]?.properties));
});

test("rules change what a run says, and the report names them", () => {
  const ledger = HEADER + row("a", "1", 1_000) + row("b", "2", 500) + row("c", "3", 10_000, 165);
  const settlement = HEADER + row("a", "1", 1_001) + row("x", "2", 500) + row("c", "3", 10_000, 165);
  const kinds = (rules?: RulesDocument | string): string[] =>
    reconcile({ ledger, settlement, asOf: Date.UTC(2026, 2, 9), ...(rules === undefined ? {} : { rules }) }).breaks.map(({ kind, reference }) => `${reference} ${kind}`);
  const base = { rules: "shop", version: 7 };
  assert.deepEqual(kinds(), ["a amount_mismatch"]);
  assert.deepEqual(kinds({ ...base, tolerances: { EUR: { minor: 1 } } }), ["a rounding"]);
  assert.deepEqual(kinds({ ...base, passes: ["by_reference"] }), ["a amount_mismatch", "b missing_in_settlement", "x missing_in_mirror"]);
  assert.deepEqual(kinds(JSON.stringify({ ...base, fees: [{ currency: "EUR", percent: "1.4", fixed_minor: "30", up_to_minor: "20000" }] })), ["a amount_mismatch", "b fee_off_contract", "c fee_off_contract"]);
  assert.equal(reconcile({ ledger, settlement, rules: base }).summary.rules, "shop@7");
  const of = { found_minor: "35", expected_minor: "30", difference_minor: "5", kind: "fee_mismatch", currency: "EUR", reference: "a" } as Break;
  assert.deepEqual(entryFor(of, { gateway: "adyen", accounts: { fee_mismatch: "Expenses:Cards" } })?.postings.map(({ account }) => account), ["Expenses:Cards", "Assets:Gateway:adyen:Pending:EUR"]);
});

test("each account has the window of its provider, and rows without one have that of the run", () => {
  const rules: RulesDocument = {
    rules: "shop", version: 1,
    in_flight: { days: 1, providers: { slow: { days: 9, accounts: ["acct_slow"] }, adyen: { days: 5 } } },
  };
  const ledger = HEADER + row("a", "1", 1, 0, "acct_slow") + row("b", "2", 2);
  const flying = (day: number, more: object = {}): string[] =>
    reconcile({ ledger, settlement: HEADER, rules, asOf: Date.UTC(2026, 2, day), ...more }).in_flight.map(({ reference }) => reference);
  assert.deepEqual(flying(2), ["b", "a"]);
  assert.deepEqual(flying(3), ["a"]);
  assert.deepEqual(flying(6, { provider: "adyen" }), ["b", "a"]);
  assert.deepEqual(flying(7, { provider: "adyen" }), ["a"]);
  assert.deepEqual(flying(7, { provider: "adyen", inFlightDays: 6 }), ["b", "a"]);
  assert.deepEqual(flying(11), []);
});

test("every match is told with its pass, its rules and what decided, on request and in the lines of the file that was read", () => {
  const ledger = HEADER + row("a", "1", 1_000) + row("b", "2", 500);
  const settlement = `${HEADER}${row("a", "1", 1_000)}${row("x", "2", 500)}`;
  const matches: Match[] = [];
  const named = { name: "s.xml", data: settlement, lines: [17, 29] };
  const report = reconcile({ ledger, settlement: named, onMatch: (match) => void matches.push(match) });
  assert.deepEqual(matches, [
    {
      pass: "by_reference@1", rules: "tillproof-default@1", hop: "H1", reference: "a", amount_minor: "1000", currency: "EUR",
      fields: ["type", "reference"], rows: { ledger: [{ file: "ledger.csv", line: 2 }], settlement: [{ file: "s.xml", line: 17 }], bank: [] },
    },
    {
      pass: "by_id@1", rules: "tillproof-default@1", hop: "H1", reference: "b", amount_minor: "500", currency: "EUR",
      fields: ["type", "id", "amount", "currency"], rows: { ledger: [{ file: "ledger.csv", line: 3 }], settlement: [{ file: "s.xml", line: 29 }], bank: [] },
    },
  ]);
  assert.equal(report.summary.matched, 2);
  const missing = reconcile({ ledger, settlement: { ...named, data: `${HEADER}${row("a", "1", 1_000)}${row("x", "2", 501)}` }, asOf: Date.UTC(2026, 2, 9) });
  const near = missing.breaks.find(({ kind }) => kind === "missing_in_settlement")?.nearest;
  assert.deepEqual(near, { file: "s.xml", line: 29, reference: "x", rule: "by_id@1", differs: "amount" });
});

test("what a statement says of itself is held against what was read, and against the one before", () => {
  const statement = (number: number, day: string, opening: string, closing: string): string =>
    [
      `:20:S${number}`, ":25:DE02120300000000202051", `:28C:${number}/1`, `:60F:C2603${day}EUR${opening}`,
      `:61:2603${day}C10,00NTRFNONREF`, `:62F:C2603${day}EUR${closing}`, "-", "",
    ].join("\r\n");
  const ledger = HEADER + row("a", "1", 1_000);
  const breaks = (...files: string[]): string[] =>
    reconcile({
      ledger, settlement: ledger,
      bank: files.map((text, index) => readers.source(text, { format: "mt940", name: `${index}.sta` })),
    }).breaks.map((one) => `${one.kind} ${one.expected_minor} ${one.found_minor} ${one.rows.bank.map(({ file, line }) => `${file}:${line}`).join(" ")}`);
  const first = statement(44, "04", "100,00", "110,00");
  assert.deepEqual(breaks(first, statement(45, "05", "110,00", "120,00")), []);
  assert.deepEqual(breaks(first, statement(46, "06", "120,00", "130,00")), ["file_gap null null 0.sta:1 1.sta:1"]);
  assert.deepEqual(breaks(first, statement(45, "05", "111,00", "121,00")), ["balance_chain_break 11000 11100 0.sta:1 1.sta:1"]);
  assert.deepEqual(breaks(statement(44, "04", "100,00", "111,00")), ["balance_chain_break 11000 11100 0.sta:1"]);
  const bai = readFileSync(new URL("../../tests/formats/samples/bai2.txt", import.meta.url), "utf8");
  const short = readers.source(bai.replace("49,75806,", "49,75807,"), { format: "bai2", name: "b.txt" });
  const found = reconcile({ ledger, settlement: ledger, bank: short }).breaks.filter(({ kind }) => kind === "file_truncated");
  assert.deepEqual(found.map(({ expected_minor: said, found_minor: read, explanation }) => [said, read, explanation]), [
    ["75807", "75806", "The file b.txt has not what it says it has: it says 75807 as its check sum, and 75806 were read; get the file again."],
  ]);
});

test("a file is read compressed, and in UTF-16, and broken ones are refused by name", () => {
  const text = HEADER + row("a", "1", 1_000);
  const utf16 = (order: "le" | "be"): Uint8Array => {
    const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
    return order === "le" ? bytes : Buffer.from(bytes).swap16();
  };
  for (const ledger of [gzipSync(text), utf16("le"), utf16("be")]) {
    assert.equal(reconcile({ ledger, settlement: text }).summary.matched, 1);
  }
  assert.match(message(() => reconcile({ ledger: { name: "l.gz", data: gzipSync(text).subarray(0, 20) }, settlement: text })), /^file_compression_broken: .*l\.gz/);
  const half = Uint8Array.of(0xff, 0xfe, 0x00, 0xd8);
  assert.match(message(() => reconcile({ ledger: { name: "l.csv", data: half }, settlement: text })), /^file_wrong_encoding: .*l\.csv/);
});
