/**
 * PayPal's subscriptions: `BILLING.SUBSCRIPTION.*`.
 *
 * A webhook of PayPal proves little by itself: hand over events that were verified with PayPal, or `take` what was fetched. A
 * subscription that was canceled or suspended ends at once, since PayPal does not say any more what was paid for.
 */

import { count, object, onlyKnown } from "../../shell/guard.js";
import type { Document } from "../mirrors/mirror.js";
import type { SubscriptionChange } from "./entitlements.js";
import { offered, type Offer, type SubscriptionMapping } from "./subscriptions.js";

/** What is offered at PayPal. */
export interface PaypalSubscriptionOptions {
  /** What is granted, by the id of PayPal's plan. */
  readonly plans: Readonly<Record<string, Offer>>;
  /** How long a subscription still grants while its payment is awaited, in milliseconds; three days when left out. */
  readonly graceMs?: number | undefined;
  /** The customer as the application asks for him; `custom_id`, or PayPal's id of the payer when left out. */
  readonly customer?: ((subscription: Document) => string) | undefined;
}

interface Subscription {
  readonly id: string;
  readonly plan_id: string;
  readonly status: string;
  readonly quantity?: string;
  readonly custom_id?: string;
  readonly subscriber?: { readonly payer_id?: string };
  readonly billing_info?: { readonly next_billing_time?: string };
}

const GRACE_MS = 3 * 86_400_000;

/** How PayPal's subscriptions are read. */
export function paypalSubscriptions(options: PaypalSubscriptionOptions): SubscriptionMapping {
  const { plans, graceMs, customer } = onlyKnown("options", options, ["plans", "graceMs", "customer"]);
  const [offers, grace] = [object("options.plans", plans), count("options.graceMs", graceMs ?? GRACE_MS)];
  const changes = (document: Document, id: string, from: number): readonly SubscriptionChange[] => {
    const { id: subscription, plan_id: name, status, quantity = "1", custom_id: own, subscriber, billing_info: billing } = document as unknown as Subscription;
    const base = { id, customer: customer?.(document) ?? own ?? String(subscriber?.payer_id), subscription, from, occurredAt: from };
    if (status !== "ACTIVE") return [{ ...base, plan: null }];
    const plan = offered(offers, [{ names: [name], quantity: Number(quantity) }]);
    const next = billing?.next_billing_time;
    return [next === undefined ? { ...base, plan } : { ...base, plan, until: Date.parse(next), graceMs: grace }];
  };
  return {
    name: "paypal",
    ofEvent: ({ id, payload }) => {
      if (!String(payload.event_type).startsWith("BILLING.SUBSCRIPTION.")) return [];
      return changes(object("event.payload.resource", payload.resource as Document), id, Date.parse(String(payload.create_time)));
    },
    ofObject: (subscription, at) => changes(subscription, `fetched at ${at}`, at),
  };
}
