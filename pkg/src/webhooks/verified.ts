/**
 * What comes out of a verification.
 *
 * Invariant: expected outcomes are values. What is wrong with a delivery is told as a {@link RefusedDelivery}.
 */

import type { TypedEvent } from "./events/index.js";

/** What every event has, whatever its type. */
export interface EventFields {
  /** What repeated deliveries of the event have in common; where the scheme has none, the digest of the body. */
  readonly id: string;
  /** Whether the signature covers the id. If not, a captured delivery can be replayed under a fresh one. */
  readonly idIsSigned: boolean;
  /**
   * Where the id is not signed: the digest of the body and, unless it stands in a header, the type. A replay cannot change
   * it, except with Shopify, where one body may come under several types and a replay under another type is new.
   */
  readonly digest?: string | undefined;
  /** The type, as the provider names it; `unknown` where the delivery has none. */
  readonly type: string;
  /** When it happened, in milliseconds since the epoch, where the signed body says so. */
  readonly occurredAt?: number | undefined;
  /**
   * Where it stands in the list of a delivery that carries several (Adyen, GoCardless, SendGrid), from 0. Those that
   * `partial` refused count too.
   */
  readonly index?: number | undefined;
  /**
   * The JSON value of this event alone: its own item of a delivery that carries several, and the whole document
   * elsewhere. The one to read: with `partial`, what nobody signed stands in the same `payload`. Throws
   * `payload_not_json`.
   */
  readonly item: unknown;
  /**
   * The whole JSON document, parsed on first access and once for all events of the delivery; integers beyond 2^53 are
   * `bigint`. Throws `payload_not_json`.
   */
  readonly payload: unknown;
  /** Exactly what was authenticated: a copy of the body that was handed in. */
  readonly bytes: Uint8Array;
}

/**
 * One event of a genuine delivery. `E` says which types there are and what each carries, so that comparing `type` tells
 * what `payload` is.
 */
export type VerifiedEvent<E extends TypedEvent = TypedEvent> = E extends TypedEvent
  ? EventFields & Pick<E, "type" | "payload">
  : never;

/** A delivery that is genuine and in time. */
export interface VerifiedDelivery<E extends TypedEvent = TypedEvent> {
  readonly ok: true;
  readonly scheme: string;
  /** Which of the secrets signed it, from 0. */
  readonly secretIndex: number;
  /** When it was signed, in milliseconds since the epoch, where the scheme signs that. */
  readonly timestamp?: number;
  /** At least one; a few providers send many together. Read on first access. */
  readonly events: VerifiedEvent<E>[];
  /** With `partial`: the places of events that are not genuine, and therefore not among `events`. */
  readonly refusedEvents?: readonly number[];
}

/** A delivery that is not. What is answered to the sender should not depend on the reason. */
export interface RefusedDelivery {
  readonly ok: false;
  /** The stable name of the reason. */
  readonly code: string;
  /** What was found, what was expected, what to do; for logs. */
  readonly message: string;
  /**
   * What went wrong on this side and what to do about it, where that can be told: found out at first access, and within
   * bounds (see `diagnose`). For logs: `JSON.stringify` leaves it out, so that no answer tells a stranger by accident.
   * Absent where the file that finds it is not loaded.
   */
  readonly hint?: string | undefined;
}

/** What became of a delivery. */
export type VerifyResult<E extends TypedEvent = TypedEvent> = VerifiedDelivery<E> | RefusedDelivery;
