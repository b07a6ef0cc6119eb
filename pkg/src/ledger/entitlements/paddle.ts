/**
 * Paddle's subscriptions, in the version of Paddle Billing: `subscription.*`.
 *
 * An event says when it happened to the microsecond, so that the order of two of them is never open.
 */

import { count, object, onlyKnown } from "../../shell/guard.js";
import type { Document } from "../mirrors/mirror.js";
import type { SubscriptionChange } from "./entitlements.js";
import { offered, type Offer, type SubscriptionMapping } from "./subscriptions.js";

/** What is offered at Paddle. */
export interface PaddleSubscriptionOptions {
  /** What is granted, by the id of a price or of its product. */
  readonly plans: Readonly<Record<string, Offer>>;
  /** How long a subscription still grants while its payment is awaited, in milliseconds; three days when left out. */
  readonly graceMs?: number | undefined;
  /** The customer as the application asks for him; Paddle's id of the customer when left out. */
  readonly customer?: ((subscription: Document) => string) | undefined;
}

interface Subscription {
  readonly id: string;
  readonly status: string;
  readonly customer_id: string;
  readonly items?: readonly { readonly price?: { readonly id: string; readonly product_id: string }; readonly quantity?: number }[];
  readonly current_billing_period?: { readonly starts_at: string; readonly ends_at: string } | null;
  readonly scheduled_change?: { readonly action: string; readonly effective_at: string } | null;
  readonly canceled_at?: string | null;
}

const GRACE_MS = 3 * 86_400_000;

/** How Paddle's subscriptions are read. */
export function paddleSubscriptions(options: PaddleSubscriptionOptions): SubscriptionMapping {
  const { plans, graceMs, customer } = onlyKnown("options", options, ["plans", "graceMs", "customer"]);
  const [offers, grace] = [object("options.plans", plans), count("options.graceMs", graceMs ?? GRACE_MS)];
  const changes = (document: Document, id: string, from: number): readonly SubscriptionChange[] => {
    const { status, items = [], current_billing_period: period, scheduled_change: scheduled, canceled_at: canceled, ...subscription } = document as unknown as Subscription;
    const base = { id, customer: customer?.(document) ?? subscription.customer_id, subscription: subscription.id, occurredAt: from };
    if (typeof canceled === "string") return [{ ...base, plan: null, from: Math.min(Date.parse(canceled), from) }];
    if (!["active", "trialing", "past_due"].includes(status) || period === undefined || period === null) return [{ ...base, plan: null, from }];
    const plan = offered(offers, items.map(({ price, quantity = 1 }) => ({ names: [price?.id, price?.product_id], quantity })));
    if (status === "past_due") return [{ ...base, plan, from, until: Date.parse(period.starts_at), graceMs: grace }];
    const until = Date.parse(period.ends_at);
    const ends = scheduled === undefined || scheduled === null ? Infinity : Date.parse(scheduled.effective_at);
    return ends <= until ? [{ ...base, plan, from, until: ends }] : [{ ...base, plan, from, until, graceMs: grace }];
  };
  return {
    name: "paddle",
    ofEvent: ({ id, payload }) => {
      if (!String(payload.event_type).startsWith("subscription.")) return [];
      return changes(object("event.payload.data", payload.data as Document), id, Date.parse(String(payload.occurred_at)));
    },
    ofObject: (subscription, at) => changes(subscription, `fetched at ${at}`, at),
  };
}
