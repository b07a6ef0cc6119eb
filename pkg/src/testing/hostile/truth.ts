/**
 * What the gateway holds: every payment that was ever made, read through its own interface after the faults have ended.
 *
 * Invariant: nothing of it comes from the integration under test.
 */

import { TillproofError } from "../../shell/errors.js";
import type { Fetch } from "../../simulator/fetch.js";
import type { Dialect } from "../../simulator/options.js";

/** One payment as the gateway has it; amounts in minor units. */
export interface TruePayment {
  readonly id: string;
  /** The order it is for; `null` when the integration gave it no name. */
  readonly order: string | null;
  /** As the dialect calls it. */
  readonly state: string;
  /** Upper case. */
  readonly currency: string;
  readonly captured: bigint;
  readonly refunded: bigint;
  readonly held: bigint;
  /** The object as the gateway shows it. */
  readonly object: Readonly<Record<string, unknown>>;
}

/** Finds the order of a payment in what the gateway shows of it. */
export type OrderOf = (object: Readonly<Record<string, unknown>>) => string | null | undefined;

/** Members of `metadata` that usually name an order. */
const ORDER_NAMES = ["order_id", "orderId", "order", "order_number", "reference"];

/** Everything the gateway holds, oldest first. */
export async function readTruth(fetch: Fetch, dialect: Dialect, orderOf: OrderOf): Promise<TruePayment[]> {
  const native = dialect === "stripe" ? [] : await pages(fetch, "/api/payments?limit=100", "after", "hasMore");
  const stripe = dialect === "native" ? [] : await stripePayments(fetch, orderOf);
  return [...native.map((payment) => nativePayment(payment, orderOf)), ...stripe];
}

/** Payment intents, and the charges that were made without one. */
async function stripePayments(fetch: Fetch, orderOf: OrderOf): Promise<TruePayment[]> {
  const intents = await pages(fetch, "/v1/payment_intents?limit=100&expand[]=data.latest_charge", "starting_after", "has_more");
  const charges = await pages(fetch, "/v1/charges?limit=100", "starting_after", "has_more");
  const direct = charges.filter((charge) => charge["payment_intent"] === null);
  const payments = [...intents.map((intent) => stripePayment(intent, orderOf)), ...direct.map((charge) => stripeCharge(charge, orderOf))];
  return payments.sort((one, other) => Number(one.object["created"]) - Number(other.object["created"]));
}

/** Whether the gateway's own books balance; `null` where a dialect has no such question. */
export async function booksBalance(fetch: Fetch, dialect: Dialect): Promise<boolean | null> {
  if (dialect === "stripe") return null;
  const response = await fetch("http://gateway/api/reconcile", { method: "POST", body: "{}" });
  return ((await response.json()) as { balanced: boolean }).balanced;
}

/** The order of a payment where the test says nothing: its reference, or what its metadata usually call it. */
export function usualOrder(payment: Readonly<Record<string, unknown>>): string | null {
  if (typeof payment["reference"] === "string") return payment["reference"];
  const metadata = (payment["metadata"] ?? {}) as Record<string, unknown>;
  const named = ORDER_NAMES.map((name) => metadata[name]).find((value) => typeof value === "string" && value !== "");
  if (named !== undefined) return named as string;
  return typeof payment["transfer_group"] === "string" ? payment["transfer_group"] : null;
}

type Shown = Record<string, unknown> & { readonly id: string };

/** All pages of a list, oldest first. */
async function pages(fetch: Fetch, path: string, cursor: string, more: string): Promise<Shown[]> {
  const newestFirst: Shown[] = [];
  for (let after = ""; ; ) {
    const response = await fetch(`http://gateway${path}${after}`, { headers: { authorization: "Bearer sk_test_hostile" } });
    const page = (await response.json()) as { data?: Shown[]; [more: string]: unknown };
    const last = page.data?.at(-1);
    if (page.data === undefined) {
      throw new TillproofError({
        code: "truth_unreadable",
        message: `the gateway answered ${path} with ${response.status}: expected a list of its payments`,
        advice: "report_bug",
      });
    }
    newestFirst.push(...page.data);
    if (page[more] !== true || last === undefined) return newestFirst.reverse();
    after = `&${cursor}=${last.id}`;
  }
}

function nativePayment(payment: Shown, orderOf: OrderOf): TruePayment {
  const captured = minor(payment["amountCaptured"]);
  return {
    id: payment.id,
    order: orderOf(payment) ?? null,
    state: String(payment["state"]),
    currency: String(payment["currency"]),
    captured,
    refunded: minor(payment["amountRefunded"]),
    held: payment["state"] === "authorized" ? minor(payment["amount"]) : 0n,
    object: payment,
  };
}

function stripePayment(intent: Shown, orderOf: OrderOf): TruePayment {
  const charge = (intent["latest_charge"] ?? {}) as Record<string, unknown>;
  const captured = minor(intent["amount_received"]);
  return {
    id: intent.id,
    order: orderOf(intent) ?? null,
    state: String(intent["status"]),
    currency: String(intent["currency"]).toUpperCase(),
    captured,
    // What is released of a hold also counts as refunded there; only what was captured can be given back.
    refunded: captured === 0n ? 0n : minor(charge["amount_refunded"]),
    held: minor(intent["amount_capturable"]),
    object: intent,
  };
}

function stripeCharge(charge: Shown, orderOf: OrderOf): TruePayment {
  const captured = minor(charge["amount_captured"]);
  const isHeld = charge["paid"] === true && charge["captured"] === false && charge["refunded"] === false;
  return {
    id: charge.id,
    order: orderOf(charge) ?? null,
    state: String(charge["status"]),
    currency: String(charge["currency"]).toUpperCase(),
    captured,
    refunded: captured === 0n ? 0n : minor(charge["amount_refunded"]),
    held: isHeld ? minor(charge["amount"]) : 0n,
    object: charge,
  };
}

/** Amounts of both dialects are integers that JavaScript holds exactly. */
function minor(value: unknown): bigint {
  return typeof value === "number" ? BigInt(value) : 0n;
}
