/**
 * The events of PayPal that move money. Amounts are decimal text in major units.
 *
 * The signature covers a checksum of the body that anybody can forge, so before money is moved, fetch the event by its
 * id from PayPal's API and believe that.
 */

import type { DecimalText, EventOf } from "./event.js";

/** An amount with its currency. */
export interface PayPalAmount {
  readonly currency_code: string;
  readonly value: DecimalText;
}

/** The document of a delivery, around the object the event is about. */
export interface PayPalDocument<Type extends string, Resource> {
  /** Begins with `WH-`. */
  readonly id: string;
  readonly event_type: Type;
  readonly event_version?: string;
  readonly resource_type: string;
  readonly resource_version?: string;
  /** RFC 3339. */
  readonly create_time: string;
  readonly summary?: string;
  readonly resource: Resource;
}

/** Where the references to the objects before this one are. */
interface Related {
  readonly supplementary_data?: {
    readonly related_ids?: { readonly order_id?: string; readonly authorization_id?: string; readonly capture_id?: string };
  };
  readonly custom_id?: string;
  readonly invoice_id?: string;
}

/** Money taken. */
export interface PayPalCapture extends Related {
  readonly id: string;
  readonly amount: PayPalAmount;
  readonly final_capture?: boolean;
  readonly seller_receivable_breakdown?: {
    readonly gross_amount: PayPalAmount;
    readonly paypal_fee?: PayPalAmount;
    readonly net_amount?: PayPalAmount;
  };
  readonly status: "COMPLETED" | "DECLINED" | "PARTIALLY_REFUNDED" | "PENDING" | "REFUNDED" | "FAILED";
}

/** Money on its way back. */
export interface PayPalRefund extends Related {
  readonly id: string;
  readonly amount: PayPalAmount;
  readonly status: "CANCELLED" | "FAILED" | "PENDING" | "COMPLETED";
}

/** Money held and not yet taken. */
export interface PayPalAuthorization extends Related {
  readonly id: string;
  readonly amount: PayPalAmount;
  readonly status: "CREATED" | "CAPTURED" | "DENIED" | "PARTIALLY_CAPTURED" | "VOIDED" | "PENDING";
}

/** What a customer agreed to pay; nothing moved before it is captured. */
export interface PayPalOrder {
  readonly id: string;
  readonly intent: "CAPTURE" | "AUTHORIZE";
  readonly purchase_units: readonly { readonly reference_id?: string; readonly custom_id?: string; readonly amount: PayPalAmount }[];
  readonly status: string;
}

/** An older kind of payment, which subscriptions still make. */
export interface PayPalSale {
  readonly id: string;
  readonly amount: { readonly total: DecimalText; readonly currency: string };
  readonly billing_agreement_id?: string;
  readonly parent_payment?: string;
  readonly state: string;
}

/** Money a customer asks back through PayPal. */
export interface PayPalDispute {
  readonly dispute_id: string;
  readonly dispute_amount: PayPalAmount;
  readonly disputed_transactions: readonly { readonly seller_transaction_id?: string }[];
  readonly reason: string;
  readonly status: string;
}

/** Money sent to one receiver. */
export interface PayPalPayoutItem {
  readonly payout_item_id: string;
  readonly payout_batch_id: string;
  readonly payout_item: { readonly amount: { readonly currency: string; readonly value: DecimalText }; readonly receiver?: string };
  readonly transaction_id?: string;
  readonly transaction_status: string;
}

type About<Type extends string, Resource> = Type extends string ? EventOf<Type, PayPalDocument<Type, Resource>> : never;

/** Types that move no money; their documents are `unknown`. */
export type PayPalOtherType =
  | `BILLING.PLAN.${"ACTIVATED" | "CREATED" | "DEACTIVATED" | "PRICING-CHANGE.ACTIVATED" | "UPDATED"}`
  | `BILLING.SUBSCRIPTION.${"ACTIVATED" | "CANCELLED" | "CREATED" | "EXPIRED" | "PAYMENT.FAILED" | "RE-ACTIVATED" | "SUSPENDED" | "UPDATED"}`
  | `CATALOG.PRODUCT.${"CREATED" | "UPDATED"}`
  | `INVOICING.INVOICE.${"CANCELLED" | "CREATED" | "PAID" | "REFUNDED" | "SCHEDULED" | "UPDATED"}`
  | `MERCHANT.ONBOARDING.COMPLETED`
  | `PAYMENT.ORDER.${"CANCELLED" | "CREATED"}`
  | `PAYMENT.PAYOUTSBATCH.${"DENIED" | "PROCESSING" | "SUCCESS"}`
  | `VAULT.PAYMENT-TOKEN.${"CREATED" | "DELETED" | "DELETION-INITIATED"}`;

/** An event of PayPal. A type that is listed nowhere here still arrives: read such an event as a `VerifiedEvent`. */
export type PayPalEvent =
  | About<`PAYMENT.CAPTURE.${"COMPLETED" | "DECLINED" | "DENIED" | "PENDING"}`, PayPalCapture>
  | About<`PAYMENT.CAPTURE.${"REFUNDED" | "REVERSED"}` | `PAYMENT.REFUND.${"FAILED" | "PENDING"}`, PayPalRefund>
  | About<`PAYMENT.AUTHORIZATION.${"CREATED" | "VOIDED"}`, PayPalAuthorization>
  | About<`CHECKOUT.ORDER.${"APPROVED" | "COMPLETED" | "DECLINED" | "PROCESSED" | "SAVED" | "VOIDED"}`, PayPalOrder>
  | About<`PAYMENT.SALE.${"COMPLETED" | "DENIED" | "PENDING" | "REFUNDED" | "REVERSED"}`, PayPalSale>
  | About<`CUSTOMER.DISPUTE.${"CREATED" | "RESOLVED" | "UPDATED"}`, PayPalDispute>
  | About<
      `PAYMENT.PAYOUTS-ITEM.${"BLOCKED" | "CANCELED" | "DENIED" | "FAILED" | "HELD" | "REFUNDED" | "RETURNED" | "SUCCEEDED" | "UNCLAIMED"}`,
      PayPalPayoutItem
    >
  | EventOf<PayPalOtherType, unknown>;
