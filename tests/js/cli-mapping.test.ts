/** `--mapping`: tables of any spelling, held against each other without a step between. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { beProgram, tillproofOf, type Ended } from "./cli-program.js";

await beProgram();

const folder = mkdtempSync(join(tmpdir(), "tillproof-mapping-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const program = (...args: string[]): Promise<Ended> => tillproofOf(fileURLToPath(import.meta.url), args);
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const ledger = file("ledger.csv", `reference,type,amount_minor,currency,fee_minor,status,occurred_at
order-1,charge,123456,EUR,29,completed,2026-03-02T10:00:00Z
order-2,charge,1990,EUR,25,completed,2026-03-02T11:00:00Z
order-1,refund,3456,EUR,0,completed,2026-03-04T09:00:00Z
`);

/** The same in Latin-1, with commas, days first, signs of the balance, words of its own, and a refund a cent too high. */
const german = file(
  "abrechnung.csv",
  Buffer.from(
    [
      "Händler: Bücher GmbH;;;;;",
      "Bestellung;Vorgang;Betrag;Gebühr;Zustand;Datum",
      "order-1;Verkauf;1.234,56;-0,29;erledigt;02.03.2026",
      "order-2;Verkauf;19,90;-0,25;erledigt;02.03.2026",
      "order-1;Gutschrift;-34,57;0,00;erledigt;04.03.2026",
    ].join("\r\n"),
    "latin1",
  ),
);
const TABLE = {
  encoding: "windows-1252",
  columns: { reference: "Bestellung", type: "Vorgang", amount: "Betrag", fee: "Gebühr", status: "Zustand", occurred_at: "Datum" },
  rows_before_header: 1,
  currency: "EUR",
  decimal: "comma",
  date_order: "day_month_year",
  signed_by_effect: true,
  fees_negative: true,
  types: { Verkauf: "charge", Gutschrift: "refund" },
  statuses: { erledigt: "completed" },
};

interface Found {
  readonly breaks: readonly { readonly kind: string; readonly reference: string; readonly difference_minor: string; readonly rows: { readonly settlement: readonly { file: string; line: number }[] } }[];
}

const breaksOf = ({ out }: Ended): unknown[] =>
  (JSON.parse(out) as Found).breaks.map(({ kind, reference, difference_minor: difference, rows }) => [kind, reference, difference, rows.settlement.map(({ line }) => line)]);

test("a table with its own words, signs, figures, dates and letters is held against the books, and a break names its line", async () => {
  const mapping = file("table.json", JSON.stringify({ settlement: TABLE }));
  const ended = await program("reconcile", "--ledger", ledger, "--settlement", german, "--mapping", mapping, "--json");
  assert.deepEqual([ended.status, ended.err], [1, ""]);
  assert.deepEqual(breaksOf(ended), [["amount_mismatch", "order-1", "1", [5]]]);
});

test("each member of a table matters", async () => {
  const cases: [member: keyof typeof TABLE, breaks: RegExp][] = [
    ["encoding", /is not UTF-8|file_wrong_encoding|encoding/],
    ["rows_before_header", /abrechnung\.csv/],
    ["currency", /currency/],
    ["date_order", /Datum/],
    ["signed_by_effect", /-6913/],
    ["fees_negative", /fee_mismatch|sign_suspect/],
    ["types", /unknown_type|type/],
    ["statuses", /status/],
  ];
  for (const [member, says] of cases) {
    const { [member]: _, ...rest } = TABLE;
    const mapping = file("less.json", JSON.stringify({ settlement: rest }));
    const ended = await program("reconcile", "--ledger", ledger, "--settlement", german, "--mapping", mapping, "--json");
    assert.match(ended.out + ended.err, says, member);
    assert.notDeepEqual(ended.status === 1 ? breaksOf(ended) : [], [["amount_mismatch", "order-1", "1", [5]]], member);
  }
});

test("what tillproof read prints of a table is what reconcile takes, beside the mapping of another side", async () => {
  const bank = file("bank.csv", Buffer.from("Buchungstag;Empfänger;Verwendungszweck;Betrag\n05.03.2026;Anbieter;PO-1;1.217,84\n06.03.2026;Miete;März;-800,00\n", "latin1"));
  const books = file("books.csv", "reference,type,amount_minor,currency,occurred_at\nPO-1,payout,121934,EUR,2026-03-04T00:00:00Z\n");
  const settled = file("settled.csv", "Ref,type,amount_minor,currency,payout_id,occurred_at\nPO-1,payout,121934,EUR,PO-1,2026-03-04T00:00:00Z\n");
  const looked = await program("read", "--file", bank, "--encoding", "windows-1252");
  assert.equal(looked.status, 1);
  assert.match(looked.err, /to be added, since the rows do not tell: currency/);
  const guess = JSON.parse(looked.out) as { bank: Record<string, unknown> };
  assert.equal(guess.bank["encoding"], "windows-1252");
  const bankMapping = file("bank.json", JSON.stringify({ bank: { ...guess.bank, currency: "EUR" } }));
  const names = file("names.json", JSON.stringify({ settlement: { reference: "Ref" } }));
  const ended = await program("reconcile", "--ledger", books, "--settlement", settled, "--bank", bank, "--mapping", bankMapping, names, "--json");
  assert.deepEqual([ended.status, ended.err], [1, ""]);
  assert.deepEqual((JSON.parse(ended.out) as Found).breaks.map(({ kind, difference_minor: difference }) => [kind, difference]), [["bank_charge", "-150"]]);
  // The same file serves the other command, which knows by the format which side it is to take.
  const read = await program("read", "--file", bank, "--format", "csv", "--mapping", bankMapping);
  assert.equal(read.status, 0);
  assert.match(read.out, /,121784,EUR,2026-03-05/);
});

test("a table of a provider whose fees are written with a minus is guessed so", async () => {
  const cases: [fees: readonly string[], isNegative: boolean | undefined][] = [
    [["-0.29", "0.00"], true],
    [["0.29", "0.00"], undefined],
    [["-0.29", "0.10"], undefined],
  ];
  for (const [fees, isNegative] of cases) {
    const table = file("payouts.csv", ["Order ID;Gross;Currency;Fee;Net", ...fees.map((fee) => `order-1;10.00;EUR;${fee};9.71`), ""].join("\n"));
    const { status, out } = await program("read", "--file", table);
    assert.equal(status, 1);
    assert.equal((JSON.parse(out) as { settlement: { fees_negative?: boolean } }).settlement.fees_negative, isNegative, String(fees));
  }
});

test("a large table is read as a small one is", async () => {
  const rows = Array.from({ length: 12_000 }, (_, at) => `order-${at};${at + 1},00;EUR;03.03.2026`);
  const table = { columns: { reference: "Nr", amount: "Betrag", currency: "Währung", occurred_at: "Tag" }, decimal: "comma", date_order: "day_month_year" };
  const [large, settled] = ["large.csv", "settled.csv"].map((name) => file(name, ["Nr;Betrag;Währung;Tag", ...rows].join("\n"))) as [string, string];
  const mapping = file("large.json", JSON.stringify({ ledger: table, settlement: table }));
  const ended = await program("reconcile", "--ledger", large, "--settlement", settled, "--mapping", mapping, "--json");
  assert.deepEqual([ended.status, ended.err], [0, ""]);
  assert.equal((JSON.parse(ended.out) as { summary: { matched: number } }).summary.matched, 12_000);
});

test("a mapping that says nothing clear is refused in one line", async () => {
  const cases: [mappings: unknown[], line: RegExp][] = [
    [[[]], /expected an object$/],
    [[{ columns: { reference: "Nr" } }], /a table needs the side it is of/],
    [[{ settlement: TABLE, cash: {} }], /"cash" is no side: expected ledger, settlement, bank$/],
    [[{ settlement: "Nr" }], /"settlement" is no object/],
    [[{ settlement: { reference: 7 } }], /the column of "reference" is no name$/],
    [[{ settlement: { ...TABLE, sheet: 1 } }], /"sheet" is no member: expected encoding, columns/],
    [[{ settlement: { ...TABLE, decimal: "dot" } }], /decimal.*"dot"|"dot".*point, comma/],
    [[{ settlement: { ...TABLE, statuses: { erledigt: 1 } } }], /statuses\.erledigt/],
    [[{ settlement: { ...TABLE, columns: { betrag: "Betrag" } } }], /betrag/],
    [[{ settlement: TABLE }, { settlement: { reference: "Nr" } }], /the settlement is mapped by .*0\.json" already: put both into one$/],
  ];
  for (const [mappings, line] of cases) {
    const paths = mappings.map((mapping, at) => file(`${at}.json`, JSON.stringify(mapping)));
    const { status, out, err } = await program("reconcile", "--ledger", ledger, "--settlement", german, "--mapping", ...paths);
    assert.deepEqual([status, out], [2, ""], JSON.stringify(mappings));
    assert.match(err.trimEnd(), line);
    assert.equal(err.split("\n").length, 2);
  }
  const table = file("t.json", JSON.stringify({ settlement: TABLE }));
  const format = await program("reconcile", "--ledger", ledger, "--settlement", german, "--settlement-format", "adyen", "--mapping", table);
  assert.match(format.err, /--settlement-format "adyen" is none: leave one of them out/);
});

test("a proof names the mapping by which a table was read, and a run leaves every report", async () => {
  const mapping = file("proof-table.json", JSON.stringify({ settlement: TABLE }));
  const out = join(folder, "report");
  const files = ["--ledger", ledger, "--settlement", german, "--mapping", mapping, "--sign-env", "PROOF_KEY"];
  process.env["PROOF_KEY"] = "a secret of thirty-two bytes, ok";
  assert.equal((await program("reconcile", ...files, "--out", out)).status, 1);
  const { statement } = JSON.parse(readFileSync(join(out, "proof.json"), "utf8")) as { statement: { inputs: readonly { name: string }[] } };
  assert.ok(statement.inputs.some(({ name }) => name === mapping));
  assert.match(readFileSync(join(out, "report.html"), "utf8"), /abrechnung\.csv/);
  const proven = await program("reconcile", "--verify-proof", join(out, "proof.json"), ...files);
  assert.equal(proven.status, 0, proven.err);
  writeFileSync(mapping, JSON.stringify({ settlement: { ...TABLE, decimal: "point" } }));
  assert.equal((await program("reconcile", "--verify-proof", join(out, "proof.json"), ...files)).status, 1);
});
