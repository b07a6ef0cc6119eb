/**
 * Documents as they cross into wasm: JSON text in UTF-8 bytes.
 *
 * Invariant: no number is rounded on the way. A `bigint` goes out as a string of digits, and a number JSON cannot
 * carry (`NaN`, infinities) is refused instead of becoming `null`.
 */

import { TillproofError, type Advice, type ErrorDetails } from "./errors.js";

let encoder: TextEncoder | undefined;
let decoder: TextDecoder | undefined;

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  encoder ??= new TextEncoder();
  return encoder.encode(text);
}

/** One JSON document as bytes. */
export function encode(value: unknown): Uint8Array {
  const text = JSON.stringify(value, (key: string, inner: unknown) => {
    if (typeof inner === "bigint") return inner.toString();
    if (typeof inner === "number" && !Number.isFinite(inner)) {
      throw new TillproofError({
        code: "number_not_finite",
        message: `${key === "" ? "the value" : key} is ${inner}: expected a number JSON can carry`,
        details: { field: key, found: String(inner) },
      });
    }
    return inner;
  }) as string | undefined;
  if (text === undefined) {
    throw new TillproofError({
      code: "value_not_json",
      message: `a ${typeof value} has no JSON form: expected an object, array, string, number, boolean or null`,
      details: { found: typeof value },
    });
  }
  return utf8(text);
}

/** The value of one JSON document; text that is not UTF-8 or not JSON is a bug of the other side and throws. */
export function decode(bytes: Uint8Array): unknown {
  // Strict, and a byte order mark is kept: bytes that change on the way are never the bytes that were written.
  decoder ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return JSON.parse(decoder.decode(bytes));
}

/** What every export of the crate answers with. */
type Envelope<T> =
  | { readonly ok: T }
  | {
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly advice: Advice;
        readonly details?: ErrorDetails;
      };
    };

/** What the engine answered; throws the {@link TillproofError} it answered with. */
export function open<T>(answer: Uint8Array): T {
  const envelope = decode(answer) as Envelope<T>;
  if ("error" in envelope) throw new TillproofError(envelope.error);
  return envelope.ok;
}
