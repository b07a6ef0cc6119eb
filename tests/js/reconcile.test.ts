import assert from "node:assert/strict";
import { test } from "node:test";

import { reconcile, toText } from "../../pkg/src/reconcile/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";

const HEADER = "reference,amount_minor,currency,occurred_at\n";
const row = (reference: string, amount: number, day: string): string => `${reference},${amount},EUR,2026-03-${day}T00:00:00Z\n`;
const LEDGER = HEADER + row("order_1", 1_000, "01") + row("order_2", 500, "01") + row("order_9", 500, "08");

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isTillproofError(error)) return `${error.code}: ${error.message}`;
  }
  return "nothing was thrown";
}

test("files come as text, as bytes, with names, and several to a side", () => {
  const first = HEADER + row("order_1", 750, "02");
  const second = HEADER + row("order_2", 500, "02");
  const bytes = new TextEncoder();
  const report = reconcile({
    ledger: { name: "books.csv", data: bytes.encode(LEDGER) },
    settlement: [{ name: "monday.csv", data: first }, bytes.encode(second)],
  });
  assert.deepEqual(report.summary, {
    rows: { ledger: 3, settlement: 2, bank: 0 },
    matched: 1,
    in_flight: 1,
    breaks: 1,
    set_aside: 0,
    as_of: "2026-03-08T00:00:00Z",
    rules: "tillproof-default@1",
    by_kind: { amount_mismatch: { count: 1, difference_minor: { EUR: "-250" } } },
  });
  assert.deepEqual(report.breaks[0]?.rows, {
    ledger: [{ file: "books.csv", line: 2 }],
    settlement: [{ file: "monday.csv", line: 2 }],
    bank: [],
  });
  assert.deepEqual(report.in_flight, [
    { reference: "order_9", due: "2026-03-10T00:00:00Z", type: "charge", amount_minor: "500", currency: "EUR" },
  ]);
  assert.deepEqual(reconcile({ ledger: LEDGER, settlement: LEDGER }).breaks, []);
});

test("the window and the moment are the caller's", () => {
  const settlement = HEADER;
  const asOf = Date.UTC(2026, 2, 9);
  const breaks = (inFlightDays: number, at?: number): number =>
    reconcile({ ledger: LEDGER, settlement, inFlightDays, asOf: at }).summary.breaks;
  assert.equal(breaks(0), 2);
  assert.equal(breaks(0, asOf), 3);
  assert.equal(breaks(1, asOf), 2);
  assert.equal(breaks(8, asOf), 0);
});

test("what is no file, no time and no window is refused by name", () => {
  const settlement = LEDGER;
  const table: [() => unknown, string][] = [
    [() => reconcile({ ledger: { rows: [] } as unknown as string, settlement }), "bytes_expected: ledger.csv: "],
    [() => reconcile({ ledger: [LEDGER, 7 as unknown as string], settlement }), "bytes_expected: ledger-2.csv: "],
    [() => reconcile({ ledger: LEDGER, settlement, asOf: 1.5 }), "time_not_milliseconds: asOf: "],
    [() => reconcile({ ledger: LEDGER, settlement, inFlightDays: -1 }), "reconcile_window_invalid: inFlightDays: -1"],
    [() => reconcile({ ledger: LEDGER, settlement, inFlightDays: 999 }), "reconcile_window_too_long: "],
    [() => reconcile({ ledger: "", settlement }), "file_no_header: ledger.csv: the file is empty"],
    [
      () => reconcile({ ledger: LEDGER, settlement: { name: "s.csv", data: `${HEADER}a,1.5,EUR,\n` } }),
      "file_bad_value: s.csv, line 2, column 3: the cell `amount_minor` is wrong: ",
    ],
  ];
  for (const [run, expected] of table) {
    const found = code(run);
    assert.ok(found.startsWith(expected), `${found}\nshould begin with ${expected}`);
  }
});

test("the report reads as text", () => {
  const report = reconcile({ ledger: LEDGER, settlement: HEADER + row("order_1", 1_000, "02") });
  const id = report.breaks[0]?.id;
  assert.equal(
    toText(report),
    "rows       3 ledger, 1 settlement, 0 bank\n" +
      "matched    1\n" +
      "in flight  1\n" +
      "breaks     1\n" +
      "  missing_in_settlement         1\n" +
      "\n" +
      `B2 missing_in_settlement  order_2  [${id}]\n` +
      "  The ledger has the charge order_2 of 2026-03-01 over 5.00 EUR, but the settlement does not have it after 7 days: " +
      "ask the provider for it, or check whether a settlement file is missing.\n" +
      "  ledger.csv:3\n",
  );
});

test("the bank is the third side, and each side may call its columns as it likes", () => {
  const settlement =
    "Order,Cents,currency,payout_id,type,occurred_at\n" +
    "order_1,1000,EUR,po_1,charge,2026-03-01T00:00:00Z\npo_1,1000,EUR,,payout,2026-03-06T00:00:00Z\n";
  const bank = "id,reference,amount,currency,booked_at,description\nb1,,9.80,EUR,2026-03-07,PAYOUT po_1\n";
  const columns = { settlement: { reference: "Order", amount_minor: "Cents" } };
  const ledger = HEADER + row("order_1", 1_000, "01");
  const report = reconcile({ ledger, settlement, bank, columns });
  assert.deepEqual(
    report.breaks.map(({ hop, code, kind, reference, difference_minor, rows }) => [hop, code, kind, reference, difference_minor, rows.bank]),
    [["H3", "D11", "bank_charge", "po_1", "-20", [{ file: "bank.csv", line: 2 }]]],
  );
  assert.deepEqual(report.summary.rows, { ledger: 1, settlement: 2, bank: 1 });
  // The sixth of March was a Friday.
  const asOf = Date.UTC(2026, 2, 9);
  const other = "id,reference,amount,currency,booked_at,description\n";
  const due = (options: object): (string | undefined)[] =>
    reconcile({ ledger, settlement, bank: other, columns, asOf, ...options }).in_flight.map((one) => one.due);
  assert.deepEqual(due({}), []);
  assert.deepEqual(due({ businessDays: true }), ["2026-03-10T00:00:00Z"]);
  assert.deepEqual(due({ businessDays: true, holidays: ["2026-03-09"] }), ["2026-03-11T00:00:00Z"]);
  assert.match(code(() => reconcile({ ledger, settlement, columns: { settlement: { amount: "Total" } } })), /no column Total/);
});
