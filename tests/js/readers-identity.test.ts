import assert from "node:assert/strict";
import { test } from "node:test";

import { readers, reconcile, type FormatName } from "../../pkg/src/reconcile/index.js";

const source = (format: FormatName, text: string, name = "report.txt") => readers.source(new TextEncoder().encode(text), { format, name });

type Books = readonly (readonly [id: string, reference: string, type: string, amount: number, fee: number | ""])[];
const books = (currency: string, rows: Books): string =>
  ["id,reference,type,amount_minor,fee_minor,currency,occurred_at", ...rows.map(([id, reference, type, amount, fee]) => [id, reference, type, amount, fee, currency, "2026-03-04T10:00:00Z"].join(","))].join("\n");

/** What differs, the bank being told the sum that arrived. */
function kinds(options: Parameters<typeof reconcile>[0]): string[] {
  return reconcile({ ...options, asOf: Date.UTC(2026, 2, 20) }).breaks.map(({ kind, reference, rows }) => `${kind} ${reference} ${rows.settlement.length}`);
}
const bank = (reference: string, amount: number, currency: string): string => `id,reference,amount_minor,currency,booked_at\nb1,${reference},${amount},${currency},2026-03-06\n`;

/** A batch: a sale, fees as they are given, and the payout of all of it. */
function batch(number: number, fees: readonly (readonly [text: string, cents: number])[], paid = 1_944 - fees.reduce((sum, [, cents]) => sum + cents, 0)): string[] {
  const major = (cents: number): string => (cents / 100).toFixed(2);
  return [
    `Shop,ShopEU,psp_${number},order_${number},2026-03-04 10:00:00,UTC,Settled,mod_${number},EUR,,19.99,EUR,,19.44,0.55,${number}`,
    ...fees.map(([text, cents]) => `Shop,ShopEU,,,2026-03-04 10:00:00,UTC,Fee,${text},,,,EUR,${major(cents)},,,${number}`),
    `Shop,ShopEU,,,2026-03-05 10:00:00,UTC,MerchantPayout,,,,,EUR,${major(paid)},,,${number}`,
  ];
}
const ADYEN =
  "Company Account,Merchant Account,Psp Reference,Merchant Reference,Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Batch Number";
const adyen = (...batches: string[][]): string => [ADYEN, ...batches.flat()].join("\n");

test("two fees of one amount in a batch of Adyen are two, as its payout counts both, and a month's text is no id", () => {
  const sale = (number: number) => [`psp_${number}`, `order_${number}`, "charge", 1_999, 55] as const;
  const ledger = books("EUR", [sale(7)]);
  const [none, text] = [["", 120], ["Transaction Fees March", 250]] as const;
  const twice = adyen(batch(7, [none, none]));
  assert.deepEqual(kinds({ ledger, settlement: source("adyen", twice) }), ["missing_in_mirror ShopEU-7-EUR 1", "missing_in_mirror ShopEU-7-EUR 1"]);
  const known = books("EUR", [sale(7), ["", "ShopEU-7-EUR", "fee", 120, ""], ["", "ShopEU-7-EUR", "fee", 120, ""]]);
  assert.deepEqual(kinds({ ledger: known, settlement: source("adyen", twice) }), []);
  const months = adyen(batch(7, [text]), batch(8, [["Transaction Fees March", 300]]));
  assert.deepEqual(kinds({ ledger: books("EUR", [sale(7), sale(8)]), settlement: source("adyen", months) }), ["missing_in_mirror Transaction Fees March 1", "missing_in_mirror Transaction Fees March 1"]);
  // What the payout does not count is told by its sum.
  const off = kinds({ ledger: known, settlement: source("adyen", adyen(batch(7, [none, none], 1_944 - 120))), bank: bank("ShopEU-7-EUR", 1_824, "EUR") });
  assert.deepEqual(off, ["group_sum_mismatch ShopEU-7-EUR 1"]);
  // The same batch in another report is the same, whatever stands before it.
  const again = [source("adyen", twice, "a.csv"), source("adyen", adyen(batch(6, [none]), batch(7, [none, none])), "b.csv")];
  const both = kinds({ ledger: books("EUR", [sale(6), sale(7), ["", "ShopEU-6-EUR", "fee", 120, ""], ["", "ShopEU-7-EUR", "fee", 120, ""], ["", "ShopEU-7-EUR", "fee", 120, ""]]), settlement: again });
  assert.deepEqual(both, ["duplicate_record_s ShopEU-7-EUR 2", "duplicate_record_s ShopEU-7-EUR 2", "duplicate_record_s order_7 2"]);
});

const SHOPIFY = "Transaction Date,Type,Order,Payout Status,Payout Date,Payout ID,Available On,Amount,Fee,Net,Checkout,Currency";
const older = (rows: readonly string[]): string => [SHOPIFY, ...rows].map((row) => row.split(",").filter((_, place) => place !== 5).join(",")).join("\n");

test("several refunds and payments of one order of Shopify are as many, in older exports too, whose payout is called by its day", () => {
  const row = (type: string, time: string, id: string, amount: string, fee = "0.00", net = amount): string => `2026-03-04 ${time} +0000,${type},#1001,paid,2026-03-06,${id},2026-03-06,${amount},${fee},${net},#2001,USD`;
  const rows = (id: string): string[] => [
    row("charge", "10:00:00", id, "49.99", "1.75", "48.24"), row("refund", "11:00:00", id, "-10.00"), row("refund", "12:00:00", id, "-5.00"), row("refund", "13:00:00", id, "-5.00"),
  ];
  const ledger = books("USD", [["a", "#1001", "charge", 4_999, 175], ["r1", "#1001", "refund", 1_000, 0], ["r2", "#1001", "refund", 500, 0], ["r3", "#1001", "refund", 500, 0]]);
  for (const [text, payout] of [[[SHOPIFY, ...rows("po_1")].join("\n"), "po_1"], [[SHOPIFY, ...rows("")].join("\n"), "2026-03-06"], [older(rows("po_1")), "2026-03-06"]] as const) {
    const settlement = source("shopify", text);
    assert.deepEqual(new Set(readers.read(new TextEncoder().encode(text), { format: "shopify" }).settlement.map(({ payoutId }) => payoutId)), new Set([payout]));
    assert.deepEqual(kinds({ ledger, settlement }), []);
    assert.deepEqual(kinds({ ledger, settlement, bank: bank(payout, 2_824, "USD") }), [], payout);
  }
  // An order that was paid twice is no row that was written twice, which is the same to the second.
  const paid = row("charge", "10:05:00", "po_1", "49.99", "1.75", "48.24");
  const once = books("USD", [["a", "#1001", "charge", 4_999, 175]]);
  assert.deepEqual(kinds({ ledger: once, settlement: source("shopify", [SHOPIFY, ...rows("po_1").slice(0, 1), paid].join("\n")) }), ["duplicate_charge #1001 2"]);
  assert.deepEqual(kinds({ ledger: once, settlement: source("shopify", [SHOPIFY, paid, paid, row("charge", "09:00:00", "po_1", "1.00").replace("#1001", "#1002")].join("\n")) }), ["duplicate_record_s #1001 2", "missing_in_mirror #1002 1"]);
});

/** An entry of a payout. */
function entry(id: string, type: string, cents: number, fee: number, details: Readonly<Record<string, string>>): object {
  const money = (amount: number): object => ({ amount, currency: "USD" });
  return { id, payout_id: "po_1", effective_at: "2026-03-04T10:00:00Z", type, gross_amount_money: money(cents), fee_amount_money: money(fee), net_amount_money: money(cents - fee), [`type_${type.toLowerCase()}_details`]: details };
}

test("each fee and adjustment of a payment of Square is its entry, and an entry that stands twice is one break", () => {
  const entries = [
    entry("poe_1", "CHARGE", 15_000, 420, { payment_id: "pay_1" }), entry("poe_2", "THIRD_PARTY_FEE", -50, 0, { payment_id: "pay_1" }), entry("poe_3", "THIRD_PARTY_FEE", -70, 0, { payment_id: "pay_1" }),
    entry("poe_4", "REFUND", -500, -10, { payment_id: "pay_1", refund_id: "ref_1" }), entry("poe_5", "DISPUTE", -2_000, 0, { payment_id: "pay_1", dispute_id: "dis_1" }),
    entry("poe_6", "CHARGE", 9_000, 300, { payment_id: "pay_6" }),
  ];
  const ledger = books("USD", [
    ["pay_1", "pay_1", "charge", 15_000, 420], ["f1", "pay_1", "fee", 50, ""], ["f2", "pay_1", "fee", 70, ""], ["ref_1", "pay_1", "refund", 500, -10], ["dis_1", "pay_1", "dispute", 2_000, 0], ["pay_6", "pay_6", "charge", 9_000, 300],
  ]);
  const settled = (more: readonly object[]) => source("square", JSON.stringify({ payout_entries: [...entries, ...more] }));
  const arrived = bank("po_1", 15_000 - 420 - 50 - 70 - 490 - 2_000 + 8_700, "USD");
  assert.deepEqual(kinds({ ledger, settlement: settled([]), bank: arrived }), []);
  for (const [place, one] of entries.entries()) {
    const found = kinds({ ledger, settlement: settled([one]), bank: arrived });
    assert.deepEqual(found, [`duplicate_record_s ${place === 5 ? "pay_6" : "pay_1"} 2`]);
  }
});
