/** The events of Stripe that move money. Amounts are minor units of `currency`, which is in lower case. */

import type { EventOf, Integer } from "./event.js";

/** The document of a delivery, around the object the event is about. */
export interface StripeDocument<Type extends string, Subject> {
  readonly id: string;
  readonly object: "event";
  readonly type: Type;
  readonly api_version: string | null;
  /** Seconds since the epoch. Several events may share one. */
  readonly created: number;
  /** `false` in test mode, which has secrets of its own. */
  readonly livemode: boolean;
  /** The connected account it happened at, on Connect endpoints. */
  readonly account?: string;
  readonly data: { readonly object: Subject; readonly previous_attributes?: Readonly<Record<string, unknown>> };
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null } | null;
}

type Metadata = Readonly<Record<string, string>>;

/** An id, or the whole object where it was asked for. */
type Reference = string | { readonly id: string } | null;

/** What a customer is to pay, through all attempts. */
export interface StripePaymentIntent {
  readonly id: string;
  readonly object: "payment_intent";
  readonly amount: Integer;
  readonly amount_capturable: Integer;
  readonly amount_received: Integer;
  readonly currency: string;
  readonly customer: Reference;
  readonly latest_charge: Reference;
  readonly metadata: Metadata;
  readonly status:
    | "requires_payment_method"
    | "requires_confirmation"
    | "requires_action"
    | "processing"
    | "requires_capture"
    | "canceled"
    | "succeeded";
}

/** One attempt to take money. */
export interface StripeCharge {
  readonly id: string;
  readonly object: "charge";
  readonly amount: Integer;
  readonly amount_captured: Integer;
  readonly amount_refunded: Integer;
  readonly balance_transaction: Reference;
  readonly captured: boolean;
  readonly currency: string;
  readonly customer: Reference;
  readonly metadata: Metadata;
  readonly paid: boolean;
  readonly payment_intent: Reference;
  readonly refunded: boolean;
  readonly status: "succeeded" | "pending" | "failed";
}

/** Money on its way back. */
export interface StripeRefund {
  readonly id: string;
  readonly object: "refund";
  readonly amount: Integer;
  readonly charge: Reference;
  readonly currency: string;
  readonly metadata: Metadata | null;
  readonly payment_intent: Reference;
  readonly status: "pending" | "requires_action" | "succeeded" | "failed" | "canceled" | null;
}

/** Money the bank of the customer asks back. */
export interface StripeDispute {
  readonly id: string;
  readonly object: "dispute";
  readonly amount: Integer;
  readonly charge: Reference;
  readonly currency: string;
  readonly payment_intent: Reference;
  readonly reason: string;
  readonly status: string;
}

/** Money on its way to the merchant's bank. */
export interface StripePayout {
  readonly id: string;
  readonly object: "payout";
  readonly amount: Integer;
  /** Seconds since the epoch at which the bank is expected to have it. */
  readonly arrival_date: number;
  readonly balance_transaction: Reference;
  readonly currency: string;
  readonly status: "paid" | "pending" | "in_transit" | "canceled" | "failed";
}

/** What a customer owes, of a subscription or on its own. */
export interface StripeInvoice {
  readonly id: string;
  readonly object: "invoice";
  readonly amount_due: Integer;
  readonly amount_paid: Integer;
  readonly amount_remaining: Integer;
  readonly currency: string;
  readonly customer: Reference;
  readonly metadata: Metadata | null;
  readonly status: "draft" | "open" | "paid" | "uncollectible" | "void" | null;
  readonly total: Integer;
}

/** One visit to the payment page of Stripe. */
export interface StripeCheckoutSession {
  readonly id: string;
  readonly object: "checkout.session";
  readonly amount_total: Integer | null;
  readonly client_reference_id: string | null;
  readonly currency: string | null;
  readonly customer: Reference;
  readonly metadata: Metadata | null;
  readonly payment_intent: Reference;
  /** Goods are owed when this is not `unpaid`, whatever `status` says. */
  readonly payment_status: "paid" | "unpaid" | "no_payment_required";
  readonly status: "open" | "complete" | "expired" | null;
}

/** Money moved to a connected account. */
export interface StripeTransfer {
  readonly id: string;
  readonly object: "transfer";
  readonly amount: Integer;
  readonly amount_reversed: Integer;
  readonly currency: string;
  readonly destination: Reference;
  readonly metadata: Metadata;
}

type About<Type extends string, Subject> = Type extends string ? EventOf<Type, StripeDocument<Type, Subject>> : never;

/**
 * Families of types of which none is listed one by one, so that each of their types can be compared with. TypeScript has
 * no "any other text": a family that overlapped with a listed type would take the document from that.
 */
export type StripeOtherFamily = `${
  | "application_fee"
  | "balance_settings"
  | "billing"
  | "cash_balance"
  | "climate"
  | "credit_note"
  | "customer_cash_balance_transaction"
  | "entitlements"
  | "file"
  | "financial_connections"
  | "forwarding"
  | "identity"
  | "invoice_payment"
  | "payment_attempt_record"
  | "payment_record"
  | "quote"
  | "reporting"
  | "reserve"
  | "sigma"
  | "source"
  | "tax"
  | "terminal"
  | "test_helpers"
  | "topup"
  | "treasury"
  | "v1"
  | "v2"}.${string}` | `issuing_${string}`;

/** Types that move no money, or none that their own object tells; their documents are `unknown`. */
export type StripeOtherType =
  | `account.${"updated" | "application.authorized" | "application.deauthorized" | "external_account.created" | "external_account.deleted" | "external_account.updated"}`
  | "balance.available"
  | `billing_portal.${"configuration.created" | "configuration.updated" | "session.created"}`
  | `capability.${"updated"}`
  | `customer.${"created" | "deleted" | "updated"}`
  | `customer.discount.${"created" | "deleted" | "updated"}`
  | `customer.source.${"created" | "deleted" | "expiring" | "updated"}`
  | `customer.subscription.${"created" | "deleted" | "paused" | "pending_update_applied" | "pending_update_expired" | "resumed" | "trial_will_end" | "updated"}`
  | `customer.tax_id.${"created" | "deleted" | "updated"}`
  | `coupon.${"created" | "deleted" | "updated"}`
  | `invoice.${"created" | "deleted" | "finalization_failed" | "finalized" | "sent" | "upcoming" | "updated" | "will_be_due"}`
  | `invoiceitem.${"created" | "deleted"}`
  | "mandate.updated"
  | `payment_link.${"created" | "updated"}`
  | `payment_method.${"attached" | "automatically_updated" | "detached" | "updated"}`
  | `person.${"created" | "deleted" | "updated"}`
  | `plan.${"created" | "deleted" | "updated"}`
  | `price.${"created" | "deleted" | "updated"}`
  | `product.${"created" | "deleted" | "updated"}`
  | `promotion_code.${"created" | "updated"}`
  | `radar.early_fraud_warning.${"created" | "updated"}`
  | `review.${"closed" | "opened"}`
  | `setup_intent.${"canceled" | "created" | "requires_action" | "setup_failed" | "succeeded"}`
  | StripeOtherFamily
  | `subscription_schedule.${"aborted" | "canceled" | "completed" | "created" | "expiring" | "released" | "updated"}`
  | `tax_rate.${"created" | "updated"}`;

/**
 * An event of Stripe. A type that is listed nowhere here still arrives: compare it as `(event.type as string) === "…"`, or
 * read the event as a `VerifiedEvent`.
 */
export type StripeEvent =
  | About<
      `payment_intent.${"amount_capturable_updated" | "canceled" | "created" | "partially_funded" | "payment_failed" | "processing" | "requires_action" | "succeeded"}`,
      StripePaymentIntent
    >
  | About<`charge.${"captured" | "expired" | "failed" | "pending" | "refunded" | "succeeded" | "updated"}`, StripeCharge>
  | About<`charge.dispute.${"closed" | "created" | "funds_reinstated" | "funds_withdrawn" | "updated"}`, StripeDispute>
  | About<`charge.refund.updated` | `refund.${"created" | "failed" | "updated"}`, StripeRefund>
  | About<`payout.${"canceled" | "created" | "failed" | "paid" | "reconciliation_completed" | "updated"}`, StripePayout>
  | About<
      `invoice.${"marked_uncollectible" | "overpaid" | "paid" | "payment_action_required" | "payment_failed" | "payment_succeeded" | "voided"}`,
      StripeInvoice
    >
  | About<
      `checkout.session.${"async_payment_failed" | "async_payment_succeeded" | "completed" | "expired"}`,
      StripeCheckoutSession
    >
  | About<`transfer.${"created" | "reversed" | "updated"}`, StripeTransfer>
  | EventOf<StripeOtherType, unknown>;
