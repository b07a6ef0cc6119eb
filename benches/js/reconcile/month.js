/**
 * A month of a mid-size shop at the simulator: 10,000 payments in three currencies with daily payouts, books in which half a
 * percent each is lost or written down wrongly, and the time of a three-way run over the three files.
 *
 * Invariant: the books are what webhooks tell of the month, the report and the statement are those of the gateway; the files
 * are made once, and only the command is measured, whole.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createGateway } from "tillproof/simulator";

import { median } from "../paired.js";
import { KEPT, measured, threeWay } from "./contenders.js";

const PAYMENTS = 10_000;
const DAYS = 30;
const DAY_MS = 86_400_000;
const CURRENCIES = ["usd", "eur", "gbp"];
const EACH_DRIFT = 0.005;
/** What webhooks tell of; payouts and corrections are only in the report. */
const MIRRORED = new Set(["charge", "refund", "dispute"]);

async function post(gateway, path, form) {
  const response = await gateway.fetch(
    new Request(`http://gateway${path}`, {
      method: "POST",
      headers: { authorization: "Bearer sk_test_bench", "content-type": "application/x-www-form-urlencoded" },
      body: form,
    }),
  );
  const body = await response.json();
  if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}: ${JSON.stringify(body)}`);
  return body;
}

async function passed() {
  const gateway = createGateway({ seed: 7, dialect: "stripe" });
  await post(gateway, "/v1/balance_settings", "payments[payouts][schedule][interval]=daily");
  const perDay = Math.ceil(PAYMENTS / DAYS);
  for (let number = 0; number < PAYMENTS; number += 1) {
    const amount = 1_000 + ((number * 7_919) % 40_000);
    const { id } = await post(
      gateway,
      "/v1/payment_intents",
      `amount=${amount}&currency=${CURRENCIES[number % 3]}&confirm=true&payment_method=pm_card_visa`
        + "&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never",
    );
    if (number % 20 === 19) await post(gateway, "/v1/refunds", `payment_intent=${id}&amount=${Math.floor(amount / 3)}`);
    gateway.advance(Math.floor(DAY_MS / perDay));
  }
  gateway.advance(10 * DAY_MS);
  return gateway;
}

/** The three files, and what the time is when they are looked at. */
async function made() {
  const folder = join(KEPT, "month");
  mkdirSync(folder, { recursive: true });
  const gateway = await passed();
  const settlement = gateway.settlementReport();
  const [header, ...lines] = settlement.trimEnd().split("\n");
  const columns = header.split(",");
  const [type, net, payout] = ["type", "net_minor", "payout_id"].map((name) => columns.indexOf(name));
  const ledger = lines.map((line) => line.split(",")).filter((cells) => MIRRORED.has(cells[type]));
  for (const cells of ledger) for (const unknown of [net, payout]) if (unknown >= 0) cells[unknown] = "";
  // Half a percent each: lost from the books, another amount, another fee.
  const every = Math.round(1 / EACH_DRIFT);
  const [amount, fee] = ["amount_minor", "fee_minor"].map((name) => columns.indexOf(name));
  const books = ledger.filter((cells, at) => {
    if (at % every === 1) cells[amount] = String(Number(cells[amount]) + 250);
    if (at % every === 2) cells[fee] = String(Number(cells[fee]) + 5);
    return at % every !== 0;
  });
  const text = { ledger: [header, ...books.map((cells) => cells.join(","))].join("\n"), settlement, bank: gateway.bankStatement({ format: "csv" }) };
  const paths = {};
  for (const [side, content] of Object.entries(text)) {
    paths[side] = join(folder, `${side}.csv`);
    writeFileSync(paths[side], content.endsWith("\n") ? content : `${content}\n`);
  }
  return { ...paths, rows: Object.fromEntries(Object.entries(text).map(([side, content]) => [`rows of ${side}`, content.trimEnd().split("\n").length - 1])) };
}

/** Rows and goals of the three-way run. */
export async function month(rounds) {
  const input = await made();
  const runs = Array.from({ length: rounds }, () => measured(threeWay, input));
  const wall = median(runs.map((one) => one.wall));
  const figures = { ...input.rows, wall: `${wall.toFixed(2)} s`, CPU: `${median(runs.map((one) => one.cpu)).toFixed(2)} s` };
  return {
    rows: [{ name: `three-way: ${PAYMENTS} payments, three currencies, daily payouts`, figures }],
    goals: [{ number: "reconcile", name: "three-way run over a month of 10,000 payments, s", gate: 1, measured: wall, atMost: true }],
  };
}
