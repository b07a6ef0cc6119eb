/** The events of Square that move money. Amounts are minor units of `currency`. */

import type { EventOf, Integer } from "./event.js";

/** An amount with its currency. */
export interface SquareMoney {
  readonly amount: Integer;
  readonly currency: string;
}

/** The document of a delivery; the object stands in `data.object` under the name of its kind. */
export interface SquareDocument<Type extends string, Name extends string, Subject> {
  readonly merchant_id: string;
  readonly location_id?: string;
  readonly type: Type;
  readonly event_id: string;
  /** RFC 3339. */
  readonly created_at: string;
  readonly data: { readonly type: string; readonly id: string; readonly object: { readonly [name in Name]: Subject } };
}

/** Money taken or held. */
export interface SquarePayment {
  readonly id: string;
  readonly amount_money: SquareMoney;
  readonly approved_money?: SquareMoney;
  readonly order_id?: string;
  readonly processing_fee?: readonly { readonly amount_money: SquareMoney; readonly type: string }[];
  readonly reference_id?: string;
  readonly refunded_money?: SquareMoney;
  readonly status: "APPROVED" | "PENDING" | "COMPLETED" | "CANCELED" | "FAILED";
  readonly total_money: SquareMoney;
  /** Rises with each change: the higher one is the newer. */
  readonly version?: number;
}

/** Money on its way back. */
export interface SquareRefund {
  readonly id: string;
  readonly amount_money: SquareMoney;
  readonly order_id?: string;
  readonly payment_id: string;
  readonly status: "PENDING" | "COMPLETED" | "REJECTED" | "FAILED";
}

/** Money the bank of the customer asks back. */
export interface SquareDispute {
  readonly id?: string;
  readonly dispute_id?: string;
  readonly amount_money: SquareMoney;
  readonly disputed_payment: { readonly payment_id: string };
  readonly reason: string;
  readonly state: string;
}

/** What a customer owes. */
export interface SquareInvoice {
  readonly id: string;
  readonly order_id: string;
  readonly payment_requests: readonly { readonly total_completed_amount_money?: SquareMoney }[];
  readonly status: string;
  readonly version: number;
}

/** Money on its way to the merchant's bank. */
export interface SquarePayout {
  readonly id: string;
  readonly amount_money: SquareMoney;
  readonly status: "SENT" | "FAILED" | "PAID";
  readonly version: number;
}

type About<Type extends string, Name extends string, Subject> = Type extends string
  ? EventOf<Type, SquareDocument<Type, Name, Subject>>
  : never;

/** Types that move no money; their documents are `unknown`. */
export type SquareOtherType =
  | `booking.${"created" | "updated"}`
  | `card.${"automatically_updated" | "created" | "disabled" | "forgotten" | "updated"}`
  | "catalog.version.updated"
  | `customer.${"created" | "deleted" | "updated"}`
  | "inventory.count.updated"
  | `invoice.${"canceled" | "created" | "deleted" | "published" | "scheduled_charge_failed" | "updated"}`
  | `location.${"created" | "updated"}`
  | "oauth.authorization.revoked"
  | `order.${"created" | "fulfillment.updated" | "updated"}`
  | `subscription.${"created" | "updated"}`
  | `terminal.checkout.${"created" | "updated"}`
  | `terminal.refund.${"created" | "updated"}`;

/** An event of Square. A type that is listed nowhere here still arrives: read such an event as a `VerifiedEvent`. */
export type SquareEvent =
  | About<`payment.${"created" | "updated"}`, "payment", SquarePayment>
  | About<`refund.${"created" | "updated"}`, "refund", SquareRefund>
  | About<`dispute.${"created"}` | `dispute.state.${"changed" | "updated"}`, "dispute", SquareDispute>
  | About<`invoice.${"payment_made" | "refunded"}`, "invoice", SquareInvoice>
  | About<`payout.${"failed" | "paid" | "sent"}`, "payout", SquarePayout>
  | EventOf<SquareOtherType, unknown>;
