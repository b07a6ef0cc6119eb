/** The events of Paddle Billing that move money. Amounts are minor units of `currency_code`, as digits in text. */

import type { EventOf } from "./event.js";

/** Digits of minor units: `BigInt(value)`. */
export type PaddleDigits = string;

/** The document of a delivery, around the object the event is about. */
export interface PaddleDocument<Type extends string, Subject> {
  readonly event_id: string;
  readonly event_type: Type;
  /** RFC 3339. */
  readonly occurred_at: string;
  /** Another one for each destination: not for telling repeated events. */
  readonly notification_id: string;
  readonly data: Subject;
}

/** What a transaction or an adjustment comes to. */
export interface PaddleTotals {
  readonly subtotal: PaddleDigits;
  readonly tax: PaddleDigits;
  readonly total: PaddleDigits;
  /** What Paddle keeps; `null` before the transaction is completed. */
  readonly fee?: PaddleDigits | null;
  readonly earnings?: PaddleDigits | null;
  readonly currency_code: string;
}

/** What a customer pays, once or for a period. */
export interface PaddleTransaction {
  readonly id: string;
  readonly currency_code: string;
  readonly custom_data: Readonly<Record<string, unknown>> | null;
  readonly customer_id: string | null;
  readonly details: { readonly totals: PaddleTotals & { readonly discount: PaddleDigits; readonly grand_total: PaddleDigits } };
  readonly status: "draft" | "ready" | "billed" | "paid" | "completed" | "canceled" | "past_due";
  readonly subscription_id: string | null;
}

/** A refund, a credit or a dispute. */
export interface PaddleAdjustment {
  readonly id: string;
  readonly action:
    | "credit"
    | "credit_reverse"
    | "refund"
    | "chargeback"
    | "chargeback_reverse"
    | "chargeback_warning"
    | "chargeback_warning_reverse";
  readonly currency_code: string;
  readonly status: "pending_approval" | "approved" | "rejected" | "reversed";
  readonly totals: PaddleTotals;
  readonly transaction_id: string;
}

/** Money on its way to the merchant's bank. */
export interface PaddlePayout {
  readonly id: string;
  readonly amount: PaddleDigits;
  readonly currency_code: string;
  readonly status: "unpaid" | "paid";
}

type About<Type extends string, Subject> = Type extends string ? EventOf<Type, PaddleDocument<Type, Subject>> : never;

/** Types that move no money; their documents are `unknown`. */
export type PaddleOtherType =
  | `address.${"created" | "imported" | "updated"}`
  | `api_key.${"created" | "expired" | "expiring" | "revoked" | "updated"}`
  | `business.${"created" | "imported" | "updated"}`
  | `customer.${"created" | "imported" | "updated"}`
  | `discount.${"created" | "imported" | "updated"}`
  | `payment_method.${"deleted" | "saved"}`
  | `price.${"created" | "imported" | "updated"}`
  | `product.${"created" | "imported" | "updated"}`
  | `report.${"created" | "updated"}`
  | `subscription.${"activated" | "canceled" | "created" | "imported" | "past_due" | "paused" | "resumed" | "trialing" | "updated"}`;

/** An event of Paddle. A type that is listed nowhere here still arrives: read such an event as a `VerifiedEvent`. */
export type PaddleEvent =
  | About<
      `transaction.${"billed" | "canceled" | "completed" | "created" | "paid" | "past_due" | "payment_failed" | "ready" | "revised" | "updated"}`,
      PaddleTransaction
    >
  | About<`adjustment.${"created" | "updated"}`, PaddleAdjustment>
  | About<`payout.${"created" | "paid"}`, PaddlePayout>
  | EventOf<PaddleOtherType, unknown>;
