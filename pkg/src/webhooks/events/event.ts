/**
 * What every provider's events have in common, as types alone: nothing of this folder is in any bundle.
 *
 * Invariant: a type says nothing that the engine does not keep. The engine verifies bytes; what a provider writes into
 * them is its own promise, so only the fields that say which money moved are here, and the rest is left out.
 */

/** What tells events apart, and what they carry. */
export interface TypedEvent {
  readonly type: string;
  /** The whole JSON document of the delivery. */
  readonly payload: unknown;
}

/** An event of one type, with the document it comes in. */
export interface EventOf<Type extends string, Payload> {
  readonly type: Type;
  readonly payload: Payload;
}

/** A JSON integer: a `bigint` only where a `number` would be rounded, beyond 2^53. `BigInt(value)` takes both. */
export type Integer = number | bigint;

/** A decimal amount in major units, as text: `"10.99"`. */
export type DecimalText = string;

/**
 * A delivery that names no type. It is not "any other text" too: TypeScript could then not tell the listed types by
 * comparing. A type that no list has is compared as `(event.type as string) === "…"`.
 */
export type UnnamedEvent = EventOf<"unknown", unknown>;
