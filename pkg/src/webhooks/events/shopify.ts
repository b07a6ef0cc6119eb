/**
 * The events of Shopify that move money: the type is the topic, the document the object itself. Amounts are decimal text
 * in major units.
 *
 * Neither topic nor event id are signed; the documents are.
 */

import type { DecimalText, EventOf, Integer } from "./event.js";

/** An order, with what of it is paid. */
export interface ShopifyOrder {
  /** Beyond 2^53 in some shops: never parse a body with `JSON.parse` alone. */
  readonly id: Integer;
  readonly admin_graphql_api_id: string;
  readonly cancelled_at: string | null;
  readonly created_at: string;
  readonly currency: string;
  readonly current_total_price: DecimalText;
  readonly financial_status:
    | "pending"
    | "authorized"
    | "partially_paid"
    | "paid"
    | "partially_refunded"
    | "refunded"
    | "voided"
    | "expired"
    | null;
  readonly name: string;
  readonly order_number: number;
  readonly test: boolean;
  readonly total_price: DecimalText;
  readonly total_tax: DecimalText;
  readonly updated_at: string;
}

/** One movement of money for an order. */
export interface ShopifyTransaction {
  readonly id: Integer;
  readonly amount: DecimalText;
  readonly currency: string;
  readonly gateway: string;
  readonly kind: "authorization" | "capture" | "sale" | "void" | "refund" | "change";
  readonly order_id: Integer;
  readonly parent_id: Integer | null;
  readonly status: "pending" | "failure" | "success" | "error" | "awaiting_response" | "unknown";
  readonly test: boolean;
}

/** Money on its way back. */
export interface ShopifyRefund {
  readonly id: Integer;
  readonly created_at: string;
  readonly order_id: Integer;
  /** What was paid back: the refund itself has no amount. */
  readonly transactions: readonly ShopifyTransaction[];
}

/** Money the bank of the customer asks back. */
export interface ShopifyDispute {
  readonly id: Integer;
  readonly amount: DecimalText;
  readonly currency: string;
  readonly order_id: Integer | null;
  readonly reason: string;
  readonly status: string;
  readonly type: "inquiry" | "chargeback";
}

/** Topics that move no money; their documents are `unknown`. */
export type ShopifyOtherType =
  | "app/uninstalled"
  | `carts/${"create" | "update"}`
  | `checkouts/${"create" | "delete" | "update"}`
  | `collections/${"create" | "delete" | "update"}`
  | `customers/${"create" | "data_request" | "delete" | "disable" | "enable" | "redact" | "update"}`
  | `draft_orders/${"create" | "delete" | "update"}`
  | `fulfillments/${"create" | "update"}`
  | `inventory_levels/${"connect" | "disconnect" | "update"}`
  | "orders/delete"
  | `products/${"create" | "delete" | "update"}`
  | `shop/${"redact" | "update"}`
  | `themes/${"create" | "delete" | "publish" | "update"}`;

/** An event of Shopify. A topic that is listed nowhere here still arrives: read such an event as a `VerifiedEvent`. */
export type ShopifyEvent =
  | EventOf<
      `orders/${"cancelled" | "create" | "edited" | "fulfilled" | "paid" | "partially_fulfilled" | "updated"}`,
      ShopifyOrder
    >
  | EventOf<"order_transactions/create", ShopifyTransaction>
  | EventOf<"refunds/create", ShopifyRefund>
  | EventOf<`disputes/${"create" | "update"}`, ShopifyDispute>
  | EventOf<ShopifyOtherType, unknown>;
