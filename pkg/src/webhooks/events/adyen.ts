/** The events of Adyen's standard webhooks that move money. Amounts are minor units of `currency`. */

import type { EventOf, Integer } from "./event.js";

/** One item of a delivery: what `item` of an event is. Only what `additionalData.hmacSignature` covers can be trusted; the fields say which. */
export interface AdyenItem<Code extends string> {
  /** Signed. With `eventCode` and `success` it identifies the event. */
  readonly pspReference: string;
  /** Signed. The payment that a capture, refund or dispute is about; absent on the payment itself. */
  readonly originalReference?: string;
  /** Signed. */
  readonly merchantAccountCode: string;
  /** Signed. The merchant's own reference. */
  readonly merchantReference: string;
  /** Signed. */
  readonly amount: { readonly currency: string; readonly value: Integer };
  /** Signed. */
  readonly eventCode: Code;
  /** Signed. `"false"` is a refusal: an `AUTHORISATION` with it moved nothing. */
  readonly success: "true" | "false";
  /** Not signed. */
  readonly eventDate: string;
  /** Not signed. */
  readonly paymentMethod?: string;
  /** Not signed. */
  readonly reason?: string;
  /** Not signed, but for the signature itself. */
  readonly additionalData?: Readonly<Record<string, string>>;
}

/** The document of a delivery: one item or several, each signed by itself. */
export interface AdyenDocument<Code extends string> {
  /** Not signed. */
  readonly live: "true" | "false";
  readonly notificationItems: readonly { readonly NotificationRequestItem: AdyenItem<Code> }[];
}

/** Codes of events after which money moved, or will not. */
export type AdyenMoneyCode =
  | "AUTHORISATION"
  | "AUTHORISATION_ADJUSTMENT"
  | "CANCELLATION"
  | "CANCEL_OR_REFUND"
  | "CAPTURE"
  | "CAPTURE_FAILED"
  | "CHARGEBACK"
  | "CHARGEBACK_REVERSED"
  | "EXPIRE"
  | "HANDLED_EXTERNALLY"
  | "PAIDOUT_REVERSED"
  | "PAYOUT_DECLINE"
  | "PAYOUT_EXPIRE"
  | "PAYOUT_THIRDPARTY"
  | "PREARBITRATION_LOST"
  | "PREARBITRATION_WON"
  | "REFUND"
  | "REFUNDED_REVERSED"
  | "REFUND_FAILED"
  | "REFUND_WITH_DATA"
  | "SECOND_CHARGEBACK"
  | "TECHNICAL_CANCEL"
  | "VOID_PENDING_REFUND";

/** Codes of events that move nothing by themselves; their documents are `unknown`. */
export type AdyenOtherCode =
  | "AUTORESCUE"
  | "CANCEL_AUTORESCUE"
  | "DISPUTE_DEFENSE_PERIOD_ENDED"
  | "ISSUER_COMMENTS"
  | "ISSUER_RESPONSE_TIMEFRAME_EXPIRED"
  | "MANUAL_REVIEW_ACCEPT"
  | "MANUAL_REVIEW_REJECT"
  | "NOTIFICATION_OF_CHARGEBACK"
  | "NOTIFICATION_OF_FRAUD"
  | "OFFER_CLOSED"
  | "ORDER_CLOSED"
  | "ORDER_OPENED"
  | "POSTPONED_REFUND"
  | "RECURRING_CONTRACT"
  | "REPORT_AVAILABLE"
  | "REQUEST_FOR_INFORMATION";

/** An event of Adyen. A code that is listed nowhere here still arrives: read such an event as a `VerifiedEvent`. */
export type AdyenEvent = EventOf<AdyenMoneyCode, AdyenDocument<string>> | EventOf<AdyenOtherCode, unknown>;
