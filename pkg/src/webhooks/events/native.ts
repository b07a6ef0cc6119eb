/**
 * The events of the native gateway: one type for each state of a payment. Amounts are minor units of `currency`.
 *
 * They are signed as Standard Webhooks, like those of many others, so the type is asked for by name:
 * `createVerifier<NativeEvent>({ scheme: "standard-webhooks-v1", … })`.
 */

import type { EventOf, Integer } from "./event.js";

/** The states of contract.md, in which a payment may be when an event tells of it. */
export type NativeState =
  | "pending"
  | "processing"
  | "authorized"
  | "completed"
  | "failed"
  | "voided"
  | "expired"
  | "partially_refunded"
  | "refunded";

/** A payment as it was when the event happened. */
export interface NativePayment<State extends NativeState = NativeState> {
  readonly id: string;
  readonly object: "payment";
  readonly merchantId: string;
  readonly amount: Integer;
  readonly currency: string;
  readonly amountCaptured: Integer;
  readonly amountRefunded: Integer;
  readonly fee: Integer;
  readonly state: State;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly failure: { readonly code: string; readonly message: string } | null;
  readonly refunds: readonly { readonly id: string; readonly amount: Integer; readonly createdAt: number }[];
  readonly transitions: readonly { readonly from: NativeState; readonly to: NativeState; readonly at: number; readonly cause: string }[];
}

/** The document of a delivery. */
export interface NativeDocument<State extends NativeState> {
  readonly id: string;
  readonly type: `payment.${State}`;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly data: { readonly payment: NativePayment<State> };
}

type About<State extends NativeState> = State extends NativeState ? EventOf<`payment.${State}`, NativeDocument<State>> : never;

/** An event of the native gateway. */
export type NativeEvent = About<NativeState>;
