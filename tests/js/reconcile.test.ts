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
    "rows       3 ledger, 1 settlement\n" +
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
