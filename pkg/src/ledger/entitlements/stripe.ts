/**
 * Stripe's subscriptions: `customer.subscription.*`, and the invoices that renew them.
 *
 * A subscription grants its plans until the end of the period it is in, and `graceMs` more. Past due it grants them until
 * `graceMs` after the period that was not paid began; unpaid, paused, incomplete and canceled it grants nothing. An invoice that
 * was paid renews, one that was not begins the grace, also where the event of the subscription itself was lost.
 *
 * Stripe counts in seconds. Of two events of one second the one that ends a subscription counts before one that pays it, and
 * that before one that is past due; where that is not enough, fetch the subscription and `take` it.
 */

import { count, object, onlyKnown } from "../../shell/guard.js";
import type { Document } from "../mirrors/mirror.js";
import type { SubscriptionChange } from "./entitlements.js";
import { offered, type Offer, type SubscriptionMapping } from "./subscriptions.js";

/** What is offered at Stripe. */
export interface StripeSubscriptionOptions {
  /** What is granted, by the id of a price, its lookup key, or the id of its product. */
  readonly plans: Readonly<Record<string, Offer>>;
  /** How long a subscription still grants while its payment is awaited, in milliseconds; three days when left out. */
  readonly graceMs?: number | undefined;
  /**
   * The customer as the application asks for him, of a subscription or of an invoice with the metadata of its subscription;
   * Stripe's id of the customer when left out.
   */
  readonly customer?: ((document: Document) => string) | undefined;
}

const GRACE_MS = 3 * 86_400_000;

/** Places within a second, in milliseconds: what happened later in the life of a subscription, where Stripe's clock is too coarse. */
const PLACE = { created: 100, updated: 300, pastDue: 400, notPaid: 450, paid: 500, active: 600, ended: 900 } as const;

/** How Stripe's subscriptions are read. */
export function stripeSubscriptions(options: StripeSubscriptionOptions): SubscriptionMapping {
  const { plans, graceMs, customer = customerOf } = onlyKnown("options", options, ["plans", "graceMs", "customer"]);
  const reader = { plans: object("options.plans", plans), graceMs: count("options.graceMs", graceMs ?? GRACE_MS), customer };
  return {
    name: "stripe",
    ofEvent: ({ id, payload }) => {
      const type = String(payload.type);
      const data = isDocument(payload.data) ? payload.data : {};
      if (!isDocument(data.object)) return [];
      const from = Number(payload.created) * 1_000;
      if (type.startsWith("customer.subscription.")) {
        const before = isDocument(data.previous_attributes) ? data.previous_attributes : {};
        return subscriptionChanges(reader, data.object, id, from, from + placeOf(type, data.object, before));
      }
      if (type === "invoice.paid") return renewals(reader, data.object, id, from, from + PLACE.paid);
      if (type === "invoice.payment_failed") return renewals(reader, data.object, id, from, from + PLACE.notPaid);
      return [];
    },
    ofObject: (subscription, at) => (subscription.object === "subscription" ? subscriptionChanges(reader, subscription, `fetched at ${at}`, at, at) : []),
  };
}

interface Reader {
  readonly plans: Readonly<Record<string, Offer>>;
  readonly graceMs: number;
  readonly customer: (document: Document) => string;
}

function placeOf(type: string, { status }: Document, before: Document): number {
  if (status === "canceled" || status === "incomplete_expired") return PLACE.ended;
  if (type === "customer.subscription.created") return PLACE.created;
  if (status === "past_due" || status === "unpaid") return PLACE.pastDue;
  return before.status === undefined ? PLACE.updated : PLACE.active;
}

function subscriptionChanges(reader: Reader, subscription: Document, id: string, from: number, occurredAt: number): readonly SubscriptionChange[] {
  const base = { id, customer: reader.customer(subscription), subscription: String(subscription.id), occurredAt };
  const status = String(subscription.status);
  const ended = seconds(subscription.ended_at);
  if (ended !== undefined) return [{ ...base, plan: null, from: Math.min(ended, from) }];
  // What is not paid grants nothing, until an invoice of it is paid.
  if (status === "incomplete" || status === "unpaid") return [{ ...base, plan: [], from }];
  if (!["active", "trialing", "past_due"].includes(status)) return [{ ...base, plan: null, from }];
  const items = itemsOf(subscription);
  const plan = offered(reader.plans, items.map(({ price, plan: old, quantity }) => ({ names: namesOf(price ?? old), quantity: Number(quantity ?? 1) })));
  // Before 2025 the period stood on the subscription, since then it stands on each item.
  const ends = items.map((item) => seconds(item.current_period_end) ?? seconds(subscription.current_period_end)).filter((end) => end !== undefined);
  const starts = items.map((item) => seconds(item.current_period_start) ?? seconds(subscription.current_period_start)).filter((start) => start !== undefined);
  const cancels = seconds(subscription.cancel_at);
  if (status === "past_due") return [{ ...base, plan, from, until: Math.max(0, ...starts), graceMs: reader.graceMs }];
  const until = Math.max(0, ...ends);
  // What was canceled for the end of its period is not renewed: nothing is awaited.
  if (cancels !== undefined && cancels <= until) return [{ ...base, plan, from, until: cancels }];
  return [{ ...base, plan, from, until, graceMs: reader.graceMs }];
}

/** What an invoice of a period says of the subscription it renews. Changes within a period are told by the subscription. */
function renewals(reader: Reader, invoice: Document, id: string, from: number, occurredAt: number): readonly SubscriptionChange[] {
  const paid = invoice.status === "paid";
  const reason = String(invoice.billing_reason);
  if (reason !== "subscription_cycle" && !(reason === "subscription_create" && paid)) return [];
  const parent = isDocument(invoice.parent) && isDocument(invoice.parent.subscription_details) ? invoice.parent.subscription_details : invoice;
  const subscription = idOf(parent.subscription);
  const lines = listOf(invoice.lines).filter((line) => !isProration(line));
  const periods = lines.map(({ period }) => (isDocument(period) ? period : {}));
  const [starts, ends] = [periods.map(({ start }) => seconds(start) ?? 0), periods.map(({ end }) => seconds(end) ?? 0)];
  if (subscription === undefined || lines.length === 0) return [];
  const plan = offered(reader.plans, lines.map((line) => ({ names: namesOfLine(line), quantity: Number(line.quantity ?? 1) })));
  const until = paid ? Math.max(...ends) : Math.max(...starts);
  const customer = reader.customer({ ...invoice, metadata: parent.metadata ?? invoice.metadata });
  return [{ id, customer, subscription, plan, from, until, graceMs: reader.graceMs, occurredAt, renewal: true }];
}

function isProration({ proration, parent }: Document): boolean {
  const details = isDocument(parent) && isDocument(parent.subscription_item_details) ? parent.subscription_item_details : {};
  return proration === true || details.proration === true;
}

function namesOfLine({ price, pricing }: Document): readonly unknown[] {
  const details = isDocument(pricing) && isDocument(pricing.price_details) ? pricing.price_details : undefined;
  return details === undefined ? namesOf(price) : [idOf(details.price), idOf(details.product)];
}

function namesOf(price: unknown): readonly unknown[] {
  return isDocument(price) ? [price.id, price.lookup_key, idOf(price.product)] : [price];
}

function itemsOf({ items }: Document): readonly Document[] {
  return listOf(items);
}

function listOf(list: unknown): readonly Document[] {
  return isDocument(list) && Array.isArray(list.data) ? list.data.filter(isDocument) : [];
}

function customerOf({ customer }: Document): string {
  return String(idOf(customer));
}

function idOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return isDocument(value) && typeof value.id === "string" ? value.id : undefined;
}

function seconds(value: unknown): number | undefined {
  return typeof value === "number" ? value * 1_000 : undefined;
}

function isDocument(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
