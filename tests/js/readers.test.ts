import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { readers, reconcile, type FormatName, type ReadOptions, type TableMapping } from "../../pkg/src/reconcile/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { bankCsv, settlementCsv } from "./generic-model.js";

const sample = (name: string): Uint8Array => new Uint8Array(readFileSync(`tests/formats/samples/${name}`));

const SAMPLES: readonly [string, FormatName][] = [
  ["generic.csv", "generic"],
  ["stripe-payouts.csv", "stripe"],
  ["stripe-balance.csv", "stripe"],
  ["adyen.csv", "adyen"],
  ["paypal-settlement.csv", "paypal"],
  ["paypal-transactions.csv", "paypal"],
  ["braintree.csv", "braintree"],
  ["square.json", "square"],
  ["shopify.csv", "shopify"],
  ["shopify.json", "shopify-json"],
  ["mollie.csv", "mollie"],
  ["bank.csv", "csv"],
  ["camt053.xml", "camt.053"],
  ["camt054.xml", "camt.054"],
  ["mt940.sta", "mt940"],
  ["mt942.sta", "mt940"],
  ["bai2.txt", "bai2"],
  ["ofx1.ofx", "ofx"],
  ["ofx2.ofx", "ofx"],
];

const GERMAN: TableMapping = {
  columns: { booked_at: "Buchungstag", description: "Verwendungszweck", debit: "Soll", credit: "Haben" },
  currency: "EUR",
  dateOrder: "day_month_year",
  rowsBeforeHeader: 1,
};

function refused(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isTillproofError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing was thrown";
}

async function collected(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: ReadOptions) {
  const lines = { settlement: 0, bank: 0, statements: 0 };
  const batches = readers.batches(pieces, options);
  for (;;) {
    const next = await batches.next();
    if (next.done === true) return { lines, summary: next.value };
    const { settlement, bank, statements } = readers.unpack(next.value);
    lines.settlement += settlement.length;
    lines.bank += bank.length;
    lines.statements += statements.length;
  }
}

function* pieces(bytes: Uint8Array, step: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

test("every format is told from its sample, with the reason, and read", async () => {
  assert.deepEqual(new Set(SAMPLES.map(([, format]) => format)), new Set(readers.formats().map(({ name }) => name)));
  for (const [name, format] of SAMPLES) {
    const found = readers.detect(sample(name));
    assert.equal(found.format, format, `${name}: ${found.because}`);
    assert.notEqual(found.because, "");
    const content = readers.read(sample(name), { format, name });
    const { settlementLines, bankLines, statements, encoding } = content.summary;
    assert.equal(encoding, found.encoding);
    assert.deepEqual([content.settlement.length, content.bank.length, content.statements.length], [settlementLines, bankLines, statements]);
    const side = readers.formats().find((known) => known.name === format)?.side;
    assert.ok(side === "settlement" ? settlementLines > 0 && bankLines === 0 : bankLines > 0 && settlementLines === 0);
    const piecewise = await collected(pieces(sample(name), 13), { format });
    assert.deepEqual(piecewise.summary, content.summary);
    assert.deepEqual(piecewise.lines, { settlement: settlementLines, bank: bankLines, statements });
  }
});

test("a line has its exact amounts, its place and its texts", () => {
  const [line] = readers.read(sample("stripe-payouts.csv").slice(), { format: "stripe", context: true }).settlement.slice(1);
  assert.deepEqual(line, {
    place: { line: 3, column: 1 },
    kind: "charge",
    writtenType: "charge",
    reference: "pi_2",
    id: "ch_2",
    parentReference: "",
    payoutId: "po_1",
    gross: 927n,
    fee: 39n,
    tax: undefined,
    net: 888n,
    currency: "EUR",
    status: "",
    occurredAt: Date.UTC(2026, 2, 4, 6),
    isLocalTime: false,
    availableAt: Date.UTC(2026, 2, 6),
    account: "",
    original: { minor: 1000n, currency: "USD", rate: "" },
    context: {
      automatic_payout_effective_at_utc: "2026-03-06 00:00:00",
      balance_transaction_id: "txn_2",
      charge_created_utc: "2026-03-04 06:00:00",
      charge_id: "ch_2",
      customer_facing_amount: "10.00",
      customer_facing_currency: "usd",
      payment_intent_id: "pi_2",
      "payment_metadata[order_id]": "order_2",
      payment_method_type: "card",
    },
  });
  const { bank, statements } = readers.read(sample("camt053.xml"), { format: "camt.053" });
  assert.deepEqual(bank.map(({ amount }) => amount.minor), [2202n, 1000n, 800n, -450n]);
  const [statement] = statements;
  assert.deepEqual([statement?.number, statement?.opening?.minor, statement?.closing?.minor], [44n, 10000n, 13552n]);
  assert.deepEqual([statement?.declared.credits, statement?.counted.credits, statement?.counted.debits], [4002n, 4002n, 450n]);
  const own = readers.read(sample("stripe-payouts.csv"), { format: "stripe", referenceColumn: "payment_metadata[order_id]" });
  assert.equal(own.settlement[0]?.reference, "order_1");
});

test("zeros behind the decimals of a currency mean nothing, and what may be thousands is refused with its place", () => {
  const stripe = new TextDecoder().decode(sample("stripe-payouts.csv"));
  const [first] = readers.read(stripe.replace("eur,19.99,0.55,19.44", "jpy,1999.00,55.00,1944.00"), { format: "stripe" }).settlement;
  assert.deepEqual([first?.gross, first?.fee, first?.net, first?.currency], [1999n, 55n, 1944n, "JPY"]);
  const thousands = refused(() => readers.read(stripe.replace("19.99,0.55", "19.990,0.55"), { format: "stripe", name: "s.csv" }));
  assert.match(thousands, /^file_bad_value: s\.csv, line 2, column \d+: `gross` holds "19\.990": expected at most 2 decimals, as EUR has/);
  const header = "reference,amount,currency\n";
  const report = reconcile({ ledger: `${header}a,1000.00,JPY\nb,12.3400,EUR\n`, settlement: `${header}a,1000,JPY\nb,12.34,EUR\n` });
  assert.deepEqual([report.summary.matched, report.breaks], [2, []]);
  assert.match(refused(() => reconcile({ ledger: `${header}a,12.340,EUR\n`, settlement: header })), /^file_bad_value: ledger\.csv, line 2, column 3: /);
});

test("an unknown table is guessed at, and what it does not say is named", () => {
  const found = readers.detect(sample("bank-german.csv"), { encoding: "windows-1252" });
  assert.equal(found.format, null);
  assert.deepEqual(found.guess, {
    side: "bank",
    unsure: ["currency"],
    mapping: {
      columns: {
        booked_at: "Buchungstag",
        debit: "Soll",
        credit: "Haben",
        description: "Verwendungszweck",
        counterparty: "Begünstigter",
      },
      decimal: "comma",
      dateOrder: "day_month_year",
      delimiter: ";",
      rowsBeforeHeader: 1,
    },
  });
  const mapping = { ...found.guess.mapping, currency: "EUR" };
  const { bank } = readers.read(sample("bank-german.csv"), { format: "csv", encoding: "windows-1252", mapping });
  assert.deepEqual(bank.map(({ amount }) => amount.minor), [123456n, -450n]);
  const american = readers.detect("Date,Description,Amount\n03/04/2026,A,1.00\n");
  assert.deepEqual(american.guess?.unsure, ["dateOrder", "currency"]);
  const plain = readers.detect("nothing to see here");
  assert.deepEqual([plain.format, plain.guess], [null, null]);
});

test("compressed files are decompressed by the host, at once and on the way", async () => {
  const packed = new Uint8Array(gzipSync(sample("mt940.sta")));
  const whole = readers.read(sample("mt940.sta"), { format: "mt940" });
  assert.deepEqual(readers.read(packed, { format: "mt940" }), whole);
  assert.equal(readers.detect(packed).format, "mt940");
  for (const step of [1, 10, 10_000]) {
    assert.deepEqual((await collected(pieces(packed, step), { format: "mt940" })).summary, whole.summary);
  }
  const broken = packed.slice(0, packed.length - 20);
  assert.match(refused(() => readers.read(broken, { format: "mt940", name: "a.gz" })), /^file_compression_broken: a\.gz: /);
  await assert.rejects(collected(pieces(broken, 7), { format: "mt940" }), { code: "file_compression_broken" });
  const zlib = process.getBuiltinModule?.("node:zlib") as { zstdCompressSync?: (bytes: Uint8Array) => Uint8Array } | undefined;
  if (zlib?.zstdCompressSync === undefined) {
    const zstd = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0);
    assert.match(refused(() => readers.read(zstd, { format: "mt940" })), /^file_decompressor_missing: mt940: .* zstd/);
    await assert.rejects(collected(pieces(zstd, 2), { format: "mt940" }), { code: "file_decompressor_missing" });
  } else {
    const zstd = new Uint8Array(zlib.zstdCompressSync(sample("mt940.sta")));
    assert.deepEqual(readers.read(zstd, { format: "mt940" }), whole);
    assert.deepEqual((await collected(pieces(zstd, 5), { format: "mt940" })).summary, whole.summary);
  }
});

test("what is wrong is said with file, line and column, and options by their names", async () => {
  const table: [() => unknown, string][] = [
    [() => readers.read("reference,amount,currency\na,1.5.0,EUR\n", { format: "generic", name: "s.csv" }), "file_bad_value: s.csv, line 2, column 3: `amount` holds"],
    [() => readers.read("", { format: "adyen" }), "file_no_header: adyen, line 1, column 1: the file is empty"],
    [() => readers.read("x", { format: "excel" as FormatName }), 'reader_option_unknown: format: "excel" is not known'],
    [() => readers.read("x", { format: "csv", encoding: "ebcdic" }), "reader_option_unknown: encoding: "],
    [() => readers.read("x", { format: "csv", mapping: { decimal: "dot" as "point" } }), "reader_option_unknown: mapping.decimal: "],
    [() => readers.read("x", { format: "csv", mapping: { columns: { betrag: "Betrag" } } }), "reader_option_unknown: mapping.columns: "],
    [() => readers.read("x", { format: "csv", mapping: { ...GERMAN, currency: "EURO" } }), "currency_unknown: "],
    [() => readers.read("x", { format: "adyen", mapping: GERMAN }), "reader_setting_invalid: adyen: the setting mapping"],
    [() => readers.read("x", { format: "csv", separator: ";" } as unknown as ReadOptions), 'unknown_option: options: "separator"'],
    [() => readers.read(7 as unknown as string, { format: "csv" }), "bytes_expected: csv: "],
  ];
  for (const [run, expected] of table) {
    const found = refused(run);
    assert.ok(found.startsWith(expected), `${found}\nshould begin with ${expected}`);
  }
  const ended = collected(pieces(sample("bai2.txt").subarray(0, 200), 10), { format: "bai2", name: "b.txt" });
  await assert.rejects(ended, { code: "file_truncated" });
  // A handle that is free again serves the next file.
  for (let file = 0; file < 100; file += 1) readers.read(sample("bank.csv"), { format: "csv" });
});

test("a file of many lines is read in bounded batches", async () => {
  const row = (number: number): string => `order_${number},ch_${number},charge,${number}.25,EUR,2026-03-04T05:06:07Z\n`;
  function* file(): Generator<Uint8Array> {
    const encoder = new TextEncoder();
    yield encoder.encode("reference,id,type,amount,currency,occurred_at\n");
    for (let block = 0; block < 100; block += 1) {
      yield encoder.encode(Array.from({ length: 1_000 }, (_, index) => row(block * 1_000 + index)).join(""));
    }
  }
  let sum = 0n;
  let largest = 0;
  const batches = readers.batches(file(), { format: "generic" });
  for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
    largest = Math.max(largest, next.value.length);
    for (const line of readers.unpack(next.value).settlement) sum += line.gross;
  }
  assert.equal(sum, 100_000n * 25n + 100n * (99_999n * 100_000n) / 2n);
  assert.ok(largest < 2_000_000, `${largest}`);
});

test("files of a provider and a bank are reconciled, and rows are told by the lines of those files", () => {
  const settlement = readers.source(sample("paypal-settlement.csv"), { format: "paypal", name: "paypal.csv" });
  const [header = "", ...rows] = new TextDecoder().decode(settlement.data).trimEnd().split("\n");
  const [at, net] = ["amount_minor", "net_minor"].map((column) => header.split(",").indexOf(column)) as [number, number];
  const charge = rows.findIndex((row) => row.includes(",charge,"));
  const cells = (rows[charge] ?? assert.fail("the sample has a charge")).split(",");
  cells[at] = String(BigInt(cells[at] ?? "") + 1n);
  cells[net] = "";
  // Books that agree with the report, but for a cent.
  const ledger = [header, ...rows.map((row, index) => (index === charge ? cells.join(",") : row))].join("\n");

  const agreed = reconcile({ ledger: { name: "books.csv", data: settlement.data }, settlement });
  const report = reconcile({ ledger: { name: "books.csv", data: ledger }, settlement });
  const more = report.breaks.filter(({ id }) => !agreed.breaks.some((known) => known.id === id));
  assert.deepEqual(more.map(({ kind, difference_minor, rows }) => [kind, difference_minor, rows.ledger, rows.settlement]), [
    ["amount_mismatch", "-1", [{ file: "books.csv", line: charge + 2 }], [{ file: "paypal.csv", line: settlement.lines[charge] }]],
  ]);
  assert.notEqual(settlement.lines[charge], charge + 2, "the sample has lines that make no row");

  const bank = readers.source(sample("camt053.xml"), { format: "camt.053", name: "camt053.xml" });
  const entry = reconcile({ ledger: "reference,amount_minor,currency\n", settlement: "reference,amount_minor,currency\n", bank });
  assert.equal(entry.summary.rows.bank, bank.lines.length);
});

/** Three payouts of one number: two accounts in one currency, and one account in two. */
const NUMBERED: readonly [FormatName, string, (account: string, currency: string, order: string, amount: string) => string][] = [
  ["adyen", "Company Account,Merchant Account,Psp Reference,Merchant Reference,Creation Date,TimeZone,Type,Gross Currency,Gross Debit (GC),Gross Credit (GC),Net Currency,Net Debit (NC),Net Credit (NC),Batch Number",
    (account, currency, order, amount) => `Shop,${account},psp_${order},${order},2026-03-04 10:00:00,UTC,Settled,${currency},,${amount},${currency},,${amount},101\nShop,${account},,,2026-03-05 05:00:00,UTC,MerchantPayout,,,,${currency},${amount},,101`],
  ["braintree", "Merchant Account,Transaction ID,Transaction Type,Order ID,Settlement Currency,Settlement Amount,Settlement Date,Disbursement Date",
    (account, currency, order, amount) => `${account},t_${order},sale,${order},${currency},${amount},2026-03-04,2026-03-05`],
];

test("payouts that a report only numbers are told apart by account and currency", () => {
  const sales = [["ShopEU", "EUR", "order_1", "10.00"], ["ShopEU", "JPY", "order_2", "700"], ["ShopFR", "EUR", "order_3", "20.00"]] as const;
  const ledger = ["reference,amount,currency,occurred_at", ...sales.map(([, currency, order, amount]) => `${order},${amount},${currency},2026-03-04T10:00:00Z`)].join("\n");
  // One of them did not arrive.
  const bank = ["id,reference,amount,currency,booked_at", ...sales.slice(0, 2).map(([, currency, order, amount]) => `b_${order},,${amount},${currency},2026-03-06`)].join("\n");
  for (const [format, header, rows] of NUMBERED) {
    const text = [header, ...sales.map(([account, currency, order, amount]) => rows(account, currency, order, amount))].join("\n");
    const settlement = readers.source(new TextEncoder().encode(text), { format, name: `${format}.csv` });
    const { breaks } = reconcile({ ledger, settlement, bank, asOf: Date.UTC(2026, 3, 1) });
    const name = format === "adyen" ? "ShopFR-101-EUR" : "ShopFR-2026-03-05-EUR";
    assert.deepEqual(breaks.map((found) => [found.kind, found.reference, found.expected_minor]), [["missing_in_bank", name, "2000"]], format);
  }
});

test("a transaction of Shopify that belongs to no order is called by its payout, or by what it is", () => {
  const header = "Transaction Date,Type,Order,Payout ID,Available On,Amount,Fee,Net,Checkout,Currency";
  const rows = ["charge,#1001,po_1,2026-03-06,50.00,1.75,48.25,#2001,USD", "reserve,,po_1,2026-03-06,-5.00,0.00,-5.00,,USD", "reserve,,,,-1.00,0.00,-1.00,,USD"].map((row) => `2026-03-05 10:00:00 +0000,${row}`);
  const text = new TextEncoder().encode([header, ...rows].join("\n"));
  const { settlement } = readers.read(text, { format: "shopify" });
  assert.deepEqual(settlement.map(({ reference, payoutId }) => [reference, payoutId]), [["#1001", "po_1"], ["po_1", "po_1"], ["reserve", ""]]);
  // `reconcile` takes no row without a reference.
  const ledger = "reference,amount,currency,occurred_at\n#1001,50.00,USD,2026-03-04T10:00:00Z\n";
  const { breaks } = reconcile({ ledger, settlement: readers.source(text, { format: "shopify" }), asOf: Date.UTC(2026, 2, 7) });
  assert.ok(breaks.every(({ kind }) => kind !== "missing_in_settlement"), JSON.stringify(breaks));
});

test("every sample is written in the generic columns as the model writes its lines, each row with its place", () => {
  const hard = 'reference,type,amount,currency,status\r\n"a ""b"", c\r\n\nd",charge,1.00,EUR,\r\ne,sale,-2.00,EUR,"done\n"\r\n';
  const files = [...SAMPLES.map(([name, format]) => [sample(name), format] as const), [new TextEncoder().encode(hard), "generic"] as const];
  for (const [data, format] of files) {
    const { settlement, bank } = readers.read(data, { format });
    const { data: written, lines } = readers.source(data, { format });
    const isBank = readers.formats().some(({ name, side }) => name === format && side === "bank");
    const booked = bank.filter(({ state }) => state === "booked");
    assert.equal(new TextDecoder().decode(written), isBank ? bankCsv(bank) : settlementCsv(settlement), format);
    assert.deepEqual(lines, (isBank ? booked : settlement).map(({ place }) => place.line), format);
  }
});
