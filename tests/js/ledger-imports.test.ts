import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import {
  fromBeancount,
  fromHledger,
  fromJsonLines,
  fromPostingsCsv,
  importBooks,
  Ledger,
  templates,
  toBeancount,
  toHledger,
  toPostingsCsv,
  type EntryInput,
  type ImportedBooks,
} from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";

const DAY = 86_400_000;
const MIDNIGHT = Date.parse("2026-03-01T00:00:00Z");
const folder = mkdtempSync(join(tmpdir(), "tillproof-imports-"));
after(() => rmSync(folder, { recursive: true }));

/** Everything a journal can hold: holds in parts, reversals, keys, standings, facts, causes and texts that are hard to write. */
async function filled(): Promise<Ledger> {
  const ledger = await Ledger.open({ now: () => MIDNIGHT + 7 });
  const base = { currency: "EUR", cause: "evt;1, [2026-03-01] 100%", occurredAt: MIDNIGHT + 3_601_001 };
  const event = { ...base, gateway: "native_2.eu" };
  const texts = ['a "sale"; with | all, of it \\', "  ", ";", "charge:4", "date:yesterday", "(5) ! * ünï\u2028cöde", "%41", "= 5 EUR @ {1}"];
  for (const [number, description] of texts.entries()) {
    await ledger.post(templates.charge({ ...event, id: `charge:${number}`, reference: `order "${number}", of; two`, paymentId: `pay ${number}`, amount: 10_000 + number, fee: 31, description }));
  }
  await ledger.post({ ...templates.charge({ ...event, id: " id, of; |[1/2] ", reference: "r", amount: 5 }), links: [{ relation: "follows", entry: "a b" }, { relation: "follows", entry: "charge:1" }] });
  const hold = { ...base, authorization: "pi 1, [2]" };
  await ledger.post(templates.authorization({ ...hold, id: "hold:1", amount: 900, expiresAt: MIDNIGHT + 9 * DAY + 1 }));
  await ledger.post(templates.capture({ ...event, authorization: hold.authorization, id: "capture:1", of: "hold:1", reference: "order_2", amount: 500, fee: 9, released: 600 }));
  await ledger.post(templates.authorizationVoided({ ...hold, id: "void:1", of: "hold:1", amount: 300 }));
  const known = ledger.entry("charge:1");
  assert.ok(known !== null);
  await ledger.post(templates.reversal(known, { id: "back:1", occurredAt: MIDNIGHT + 2 * DAY, cause: "clerk" }));
  await ledger.post(templates.walletToppedUp({ ...event, id: "top:1", wallet: "anna", amount: 2_000, fee: 70 }));
  await ledger.setAccount({ id: "limit:1", account: "Liabilities:Wallet:anna", state: "open", limit: "unlimited", occurredAt: MIDNIGHT, cause: "clerk" });
  await ledger.post(templates.walletTransfer({ ...base, id: "transfer:1", from: "anna", to: "ben", amount: 5_000 }));
  await ledger.setAccount({ id: "limit:2", account: "Liabilities:Wallet:anna", state: "blocked", limit: "no_debit_balance", occurredAt: MIDNIGHT + 20 * DAY, cause: "clerk, late" });
  await ledger.post(templates.conversion({ ...event, id: "fx", amount: 85, boughtCurrency: "JPY", bought: 138 }));
  await ledger.post(templates.charge({ ...event, id: "kwd", currency: "KWD", reference: "order_3", amount: 1_234_567, tax: 234, jurisdiction: "KW" }));
  await ledger.post(templates.walletHold({ ...base, id: "hold:2", from: "ben", to: "carl", amount: 77 }));
  return ledger;
}

type Format = readonly [name: string, to: (ledger: Ledger) => string, from: (text: string) => ImportedBooks];

const FORMATS: readonly Format[] = [
  ["hledger", toHledger, fromHledger],
  ["beancount", toBeancount, fromBeancount],
  ["csv", toPostingsCsv, fromPostingsCsv],
  ["json lines", (ledger) => ledger.toJsonLines(), fromJsonLines],
];

function refusal(work: () => unknown): { readonly line: number; readonly column: number; readonly message: string } {
  let caught: unknown = null;
  try {
    work();
  } catch (error) {
    caught = error;
  }
  assert.ok(isTillproofError(caught), `not refused: ${String(caught)}`);
  assert.equal(caught.code, "import_invalid", caught.message);
  return { line: Number(caught.details.line), column: Number(caught.details.column), message: caught.message };
}

test("what was exported reads back to the same journal, byte for byte, from every format", async () => {
  const ledger = await filled();
  for (const [name, to, from] of FORMATS) {
    const text = to(ledger);
    const { journal, entries } = from(text);
    assert.deepEqual(journal, ledger.journal(), name);
    assert.equal(entries.length, ledger.journal().filter((line) => line.startsWith('{"entry"')).length, name);
    const copy = await Ledger.open();
    assert.equal(await importBooks(copy, from(text)), ledger.length, name);
    assert.equal(await importBooks(copy, from(text)), 0, name);
    assert.deepEqual([copy.journal(), copy.audit(), to(copy)], [ledger.journal(), ledger.audit(), text], name);
    // With other line ends, and the mark that some editors put in front.
    if (name !== "json lines") assert.deepEqual(from(`\uFEFF${text.replaceAll("\n", "\r\n")}`).journal, journal, name);
  }
  const empty = await Ledger.open();
  for (const [name, to, from] of FORMATS) assert.deepEqual(from(to(empty)).journal ?? [], [], name);
});

test("hledger and bean-check accept all that can be read back", async (context) => {
  const ledger = await filled();
  const programs: [string, string, string[]][] = [
    ["hledger", toHledger(ledger), ["check", "--strict", "-f"]],
    ["bean-check", toBeancount(ledger), []],
  ];
  for (const [program, text, args] of programs) {
    if (spawnSync(program, ["--version"]).error !== undefined) {
      context.diagnostic(`${program} is not installed`);
      continue;
    }
    const file = join(folder, `${program}.txt`);
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(program, [...args, file], { encoding: "utf8" });
    assert.equal(status, 0, `${program}: ${stdout}${stderr}`);
  }
});

test("no character of an export can be changed, taken out or cut off unnoticed", async () => {
  const ledger = await filled();
  for (const [name, to, from] of FORMATS) {
    const text = to(ledger);
    const lines = text.split("\n");
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 120; round += 1) {
      const at = lines[0] === undefined ? 0 : lines[0].length + 1 + random(text.length - lines[0].length - 2);
      const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) === 55 ? 56 : 55) + text.slice(at + 1);
      const line = text.slice(0, at).split("\n").length;
      const found = refusal(() => from(changed));
      // A line of a journal covers what a transaction says in several lines of text, and a cell may hold quotes.
      assert.ok(Math.abs(found.line - line) <= (name === "json lines" ? 0 : 25), `${name}: line ${line}, found ${found.message}`);
    }
    const kept = lines.slice(0, -2 - random(3));
    // A journal that is cut off is sound: its last hash tells.
    const read = name === "json lines" ? (cut: string) => fromJsonLines(cut, { head: (JSON.parse(ledger.journal().at(-1) ?? "") as { hash: string }).hash }) : from;
    assert.match(refusal(() => read(`${kept.join("\n")}\n`)).message, /not whole|was changed/, name);
    if (name === "json lines") assert.equal(read(text).journal?.length, ledger.length);
  }
});

test("a change in a journal of ours is named by its line, its column, what was there and what stands there now", async () => {
  const ledger = await Ledger.open({ now: () => MIDNIGHT });
  await ledger.post(templates.charge({ id: "charge:1", gateway: "x", reference: "o", amount: 1_000, currency: "EUR", occurredAt: MIDNIGHT, cause: "evt_1" }));
  const text = toHledger(ledger);
  const line = (part: string): number => text.split("\n").findIndex((each) => each.includes(part)) + 1;
  // change, line, what is said of it
  const table: [string, string, number, RegExp][] = [
    ["2026-03-01 (1)", "2026-03-02 (1)", line("(1)"), /found "2 \(1\) charge:1", expected "1 \(1\) charge:1"/],
    ["cause:evt_1", "cause:evt_2", line("(1)"), /expected the hash [0-9a-f]{64} of "charge:1" as it stands there/],
    ["Income:Sales  -10.00 EUR\n\n", "Income:Sales  -10.0 EUR\n\n", line("Income:Sales  -10.00"), /found " EUR", expected "0 EUR"/],
    ["    ; hash:", "    ; a note of somebody\n    ; hash:", line("hash:"), /a note of somebody/],
  ];
  for (const [from, to, expected, message] of table) {
    assert.ok(text.includes(from), from);
    const found = refusal(() => fromHledger(text.replace(from, to)));
    assert.equal(found.line, expected, found.message);
    assert.match(found.message, message);
  }
  const without = refusal(() => fromHledger(text.split("\n").slice(0, -4).join("\n")));
  assert.match(without.message, /found "the end of the file", expected .*the file is not whole/);
});

const HLEDGER = `; books of a shop, by hand
comment
anything 7
end comment
decimal-mark .
commodity 1,000.00 EUR
account Assets:Bank:main  ; type:A
  ; indented notes
P 2026-01-01 USD 0.92 EUR

2026-01-05 * (17) opening | with a payee  ; id:opening
    Assets:Bank:main          1,250.50 EUR = 1250.50 EUR
    Equity:Opening

2026/1/06 ! rent and a fee
    ; cause: contract 9, ref:x
    Expenses:Rent             700.00 EUR  ; key:january
    Expenses:Bank               €1.5
    Assets:Bank:main         = -701.50 EUR
`.replace("    Assets:Bank:main         = -701.50 EUR\n", "    * Assets:Bank:main      -701.50 EUR = 549.00 EUR\n");

const BEANCOUNT = `* a heading
option "title" "By hand"
2026-01-01 open Assets:Bank:Main EUR
  note: "indented"
2026-01-01 commodity EUR

2026-01-05 * "Payee" "opening" #tag ^link
  id: "opening"
  Assets:Bank:Main          1,250.50 EUR
  Equity:Opening

2026-01-06 ! "rent and a fee" ; a comment
  cause: "contract 9"
  Expenses:Rent             700.00 EUR
    key: "january"
  Expenses:Bank               1.5 EUR
  Assets:Bank:Main

2026-01-07 balance Assets:Bank  549.00 EUR
2026-01-07 balance Expenses:Rent  700.00 ~ 0.01 EUR
`;

test("a journal that others wrote comes over as entries, once, and balanced", async () => {
  const rename = (name: string): string => name.replace("Bank:Main", "Bank:main");
  const files: [string, ImportedBooks][] = [
    ["hledger", fromHledger(HLEDGER, { currencies: { "€": "EUR" } })],
    ["beancount", fromBeancount(BEANCOUNT, { account: rename })],
  ];
  for (const [name, books] of files) {
    assert.equal(books.journal, null);
    const ledger = await Ledger.open();
    assert.equal(await importBooks(ledger, books), 2, name);
    assert.equal(await importBooks(ledger, books), 0, name);
    assert.equal(ledger.balance("Assets:Bank:main", "EUR").balance, 54_900n, name);
    assert.equal(ledger.balance("Expenses:Rent", "EUR", { key: "january" }).balance, 70_000n, name);
    const entries = books.entries as readonly EntryInput[];
    assert.deepEqual(entries.map(({ id }) => id), ["opening", `${name}:2026-01-06:1`]);
    assert.deepEqual(entries.map(({ cause }) => cause), [`import of ${name}`, "contract 9"]);
    assert.equal(entries[1]?.description, "rent and a fee");
    assert.equal(entries[0]?.occurredAt, Date.parse("2026-01-05"));
    assert.ok(ledger.audit().balanced);
  }
});

test("the real programs agree with what is read of a journal that others wrote", { skip: spawnSync("hledger", ["--version"]).error !== undefined && "hledger is not installed" }, () => {
  const files: [string, string[], string][] = [
    ["hledger", ["check", "-f"], HLEDGER],
    ["bean-check", [], BEANCOUNT.replace("2026-01-01 commodity", "2026-01-01 open Equity:Opening\n2026-01-01 open Assets:Bank\n2026-01-01 open Expenses:Rent\n2026-01-01 open Expenses:Bank\n2026-01-01 commodity")],
  ];
  for (const [program, args, text] of files) {
    const file = join(folder, `${program}.others`);
    writeFileSync(file, program === "hledger" ? text.replace("€1.5", "1.5 EUR") : text);
    const { status, stdout, stderr } = spawnSync(program, [...args, file], { encoding: "utf8" });
    assert.equal(status, 0, `${program}: ${stdout}${stderr}`);
  }
});

test("what is not read of hledger is refused where it stands", () => {
  const entry = (posting: string): string => `2026-01-05 x\n    Assets:Bank  1.00 EUR\n    ${posting}\n`;
  // file, line, column, what is said of it
  const table: [string, number, number, RegExp][] = [
    ["include other.journal\n", 1, 1, /found "include", expected a transaction, a comment, or one of the directives/],
    ["alias a = b\n", 1, 1, /"alias"/],
    ["decimal-mark ,\n", 1, 1, /"decimal-mark"/],
    ["~ monthly\n", 1, 1, /"~"/],
    ["1-5 no year\n", 1, 1, /a whole date such as 2026-03-01/],
    ["2026-02-30 no such day\n", 1, 1, /a whole date/],
    ["  Assets:Bank  1 EUR\n", 1, 3, /a transaction before its postings/],
    [entry("Income:Sales"), 0, 0, /^$/],
    [entry("Income:Sales  -1.00 EUR @ 1.1 USD"), 3, 29, /found "@ 1.1 USD", expected an amount without a cost or price/],
    [entry("Income:Sales  -1.00 EUR {2 USD}"), 3, 29, /without a cost or price/],
    [entry("(Income:Sales)  -1.00 EUR"), 3, 5, /virtual postings are not taken over/],
    [entry("Income:Sales  = -1.00 EUR"), 3, 19, /an amount, and after it a balance assertion/],
    [entry("Income:Sales  -1.00 EUR == -1.00 EUR"), 3, 29, /balance assertion with one =/],
    [entry("Income:Sales  -1.00 EUR = -2.00 EUR"), 3, 31, /found "-200 minor units EUR", expected -100/],
    [entry("Income:Sales  -1.000 EUR"), 0, 0, /^$/],
    [entry("Income:Sales  -1.005 EUR"), 3, 19, /at most 2 decimals, which is what EUR has/],
    [entry("Income:Sales  -1,000 EUR"), 3, 19, /found "1,000", expected a decimal number with a point/],
    [entry("Income:Sales  -1.00"), 3, 19, /found "-1.00", expected an amount with its currency/],
    [entry("Income:Sales  -1.00 €"), 3, 19, /found "€", expected a currency of ISO 4217/],
    [entry("Income:Sales\n    Income:Other"), 4, 5, /only one of a transaction can be left out/],
    [entry("income:sales  -1.00 EUR"), 3, 5, /found "income:sales", expected what a ledger takes/],
    [entry("Income:Sales  -2.00 EUR"), 1, 1, /do not sum to zero/],
    [entry("Income:Sales  -1.00 EUR  ; date:2026-01-09"), 3, 31, /no day of its own/],
    [`${entry("Income:Sales  ; id:x")}\n${entry("Income:Sales")}`.replaceAll("2026-01-05 x", "2026-01-05 x ; id:a"), 5, 1, /that of line 1 is the same/],
  ];
  for (const [file, line, column, message] of table) {
    if (line === 0) {
      assert.equal(fromHledger(file).entries.length, 1, file);
      continue;
    }
    const found = refusal(() => fromHledger(file));
    assert.match(found.message, message);
    assert.deepEqual([found.line, found.column], [line, column], found.message);
  }
});

test("what is not read of beancount is refused where it stands", () => {
  const entry = (posting: string): string => `2026-01-05 * "x"\n  Assets:Bank  1.00 EUR\n  ${posting}\n`;
  const table: [string, number, number, RegExp][] = [
    ['include "other.beancount"\n', 1, 1, /found "include"/],
    ['plugin "auto"\n', 1, 1, /found "plugin"/],
    ["2026-01-05 pad Assets:Bank Equity:Opening\n", 1, 12, /found "pad", expected a transaction, balance/],
    ["2026-02-30 open Assets:Bank\n", 1, 1, /a date such as 2026-03-01/],
    ['2026-01-05 * "x\n', 1, 14, /in quotes/],
    ["  Assets:Bank  1 EUR\n", 1, 3, /a transaction before its postings/],
    [entry("Income:Sales  -1.00 EUR @ 1.1 USD"), 3, 27, /without a cost or price/],
    [entry("Income:Sales  -2.00/2 EUR"), 3, 17, /an amount with its currency/],
    [entry("Income:Sales  -1.005 EUR"), 3, 17, /at most 2 decimals/],
    [entry("Income:Sales\n  Income:Other"), 4, 3, /only one of a transaction/],
    [entry("Trading:Sales  -1.00 EUR"), 3, 3, /found "Trading:Sales", expected what a ledger takes/],
    [`${entry("Income:Sales")}2026-01-06 balance Assets:Bank  2.00 EUR\n`, 4, 20, /found "200 minor units EUR", expected 100, which is what the transactions/],
    [`${entry("Income:Sales")}2026-01-06 balance Assets:Bank\n`, 4, 19, /an account and what it comes to/],
  ];
  for (const [file, line, column, message] of table) {
    const found = refusal(() => fromBeancount(file));
    assert.match(found.message, message);
    assert.deepEqual([found.line, found.column], [line, column], found.message);
  }
});

test("CSV and JSON Lines of others come over as entries, or are refused where they are wrong", async () => {
  const csv = 'account,amount,currency,occurred_at,entry,key\nAssets:Bank,10.50,EUR,2026-01-05,e1,\n"Income:Sales",-10.50,EUR,2026-01-05,e1,order_1\n';
  const document = { id: "e1", occurred_at: Date.parse("2026-01-05"), postings: [
    { account: "Assets:Bank", side: "debit", amount_minor: "1050", currency: "EUR" },
    { account: "Income:Sales", side: "credit", amount_minor: "1050", currency: "EUR", key: "order_1" },
  ] };
  const json = `${JSON.stringify(document)}\n`;
  for (const books of [fromPostingsCsv(csv), fromJsonLines(json)]) {
    assert.equal(books.journal, null);
    const ledger = await Ledger.open();
    assert.equal(await importBooks(ledger, books), 1);
    assert.equal(await importBooks(ledger, books), 0);
    assert.equal(ledger.balance("Income:Sales", "EUR", { key: "order_1" }).balance, 1_050n);
  }
  const table: [ImportedBooks | (() => unknown), number, number, RegExp][] = [
    [() => fromPostingsCsv(""), 1, 1, /the column entry/],
    [() => fromPostingsCsv(csv.replace("key", "note")), 1, 43, /found "note", expected one of the columns/],
    [() => fromPostingsCsv(csv.replace("10.50,EUR", "10.505,EUR")), 2, 13, /at most 2 decimals/],
    [() => fromPostingsCsv(csv.replace("-10.50", "-10.00")), 2, 1, /do not sum to zero/],
    [() => fromPostingsCsv(csv.replace(",order_1", "")), 3, 1, /found "5 cells", expected 6/],
    [() => fromPostingsCsv(csv.replace("2026-01-05,e1,order", "yesterday,e1,order").replace('"Income', '"x"Income')), 3, 1, /quotes/],
    [() => fromPostingsCsv(csv.replace("2026-01-05,e1,\n", "soon,e1,\n")), 2, 23, /found "soon", expected a time/],
    [() => fromPostingsCsv(csv.replace("2026-01-05,e1,order_1", "2026-01-06,e1,order_1")), 3, 27, /found "2026-01-06", expected "2026-01-05", as the first row of e1 says/],
    [() => fromJsonLines("{\n"), 1, 1, /one JSON object on each line/],
    [() => fromJsonLines(json + "[]\n"), 2, 1, /one JSON object on each line/],
    [() => fromJsonLines(json.replace("1050", "1051")), 1, 1, /do not sum to zero/],
    [() => fromJsonLines(json + json), 2, 1, /that of line 1 is the same/],
  ];
  for (const [work, line, column, message] of table) {
    const found = refusal(work as () => unknown);
    assert.match(found.message, message);
    assert.deepEqual([found.line, found.column], [line, column], found.message);
  }
});
