/**
 * Arguments are checked here before anything crosses into wasm.
 *
 * Invariant: wasm-bindgen's coercion never sees a value from a caller. It wraps silently (2^64 + 7 arrives as 7, a
 * string as an array of zeros), so each guard returns a plain string, safe integer or byte array, or throws a
 * {@link TillproofError} that names the argument.
 */

import { TillproofError } from "./errors.js";
import { utf8 } from "./wire.js";

/** An amount as callers may write it: integer of minor units, or its plain decimal digits. */
export type AmountInput = bigint | number | string;

/** Bytes as callers may write them; a string is taken as its UTF-8. */
export type BytesInput = Uint8Array | ArrayBuffer | string;

/** The largest amount the crate keeps: 2^63 - 1 minor units. */
const AMOUNT_MAX = 9_223_372_036_854_775_807n;

/** The last millisecond of the year 9999, as in the crate. */
const TIME_MS_MAX = 253_402_300_799_999;

const CANONICAL_DIGITS = /^(?:0|[1-9][0-9]*)$/;

/** Hostile input may be megabytes long; a message shows its beginning. */
const SHOWN_MAX = 40;

/**
 * The decimal digits of an amount, 0 to 2^63 - 1 minor units.
 *
 * Throws `amount_not_an_integer`, `amount_unsafe_number` or `amount_too_large`.
 */
export function amountDigits(name: string, value: unknown): string {
  const digits = typeof value === "string" ? value : wholeNumber(name, value).toString();
  if (!CANONICAL_DIGITS.test(digits)) throw notAnAmount(name, value);
  // Longer digits are larger, and comparing lengths first keeps BigInt from parsing megabytes.
  if (digits.length > 19 || BigInt(digits) > AMOUNT_MAX) {
    throw new TillproofError({
      code: "amount_too_large",
      message: `${name}: ${shown(value)} minor units are too many: at most ${AMOUNT_MAX} are kept`,
      details: { argument: name, found: shown(value) },
    });
  }
  return digits;
}

function wholeNumber(name: string, value: unknown): bigint | number {
  if (typeof value === "bigint") return value;
  if (typeof value !== "number" || !Number.isInteger(value)) throw notAnAmount(name, value);
  if (value > Number.MAX_SAFE_INTEGER) {
    throw new TillproofError({
      code: "amount_unsafe_number",
      message:
        `${name}: the number ${value} is beyond ${Number.MAX_SAFE_INTEGER}, where JavaScript begins to round: ` +
        "pass a bigint or a string of digits",
      details: { argument: name, found: String(value) },
    });
  }
  // Minus zero is zero; every other negative number fails the test of its digits.
  return value === 0 ? 0 : value;
}

function notAnAmount(name: string, value: unknown): TillproofError {
  return new TillproofError({
    code: "amount_not_an_integer",
    message:
      `${name}: ${shown(value)} is not an amount: expected minor units as a bigint, a safe integer or plain digits, ` +
      "without sign, fraction or space",
    details: { argument: name, found: shown(value) },
  });
}

/** A moment in milliseconds since the epoch, up to the end of the year 9999. Throws `time_not_milliseconds`. */
export function timeMs(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= TIME_MS_MAX) {
    return value === 0 ? 0 : value;
  }
  throw new TillproofError({
    code: "time_not_milliseconds",
    message:
      `${name}: ${shown(value)} is not a time: expected whole milliseconds since 1970 as a number, ` +
      "such as Date.now() or date.getTime()",
    details: { argument: name, found: shown(value) },
  });
}

/** A string. Throws `text_expected`. */
export function text(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TillproofError({
    code: "text_expected",
    message: `${name}: ${shown(value)} is not a string: pass the text itself`,
    details: { argument: name, found: shown(value) },
  });
}

/**
 * The bytes of a `Uint8Array` (a Node `Buffer` is one), an `ArrayBuffer` or a string, without copying where it can.
 *
 * Throws `bytes_expected`.
 */
export function bytes(name: string, value: unknown): Uint8Array {
  if (typeof value === "string") return utf8(value);
  // `instanceof` fails for an array of another realm (Jest, vm, edge sandboxes); views and tags do not.
  if (ArrayBuffer.isView(value) && tag(value) === "Uint8Array") return value as Uint8Array;
  if (isArrayBuffer(value)) return new Uint8Array(value);
  const parsed = typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
  throw new TillproofError({
    code: "bytes_expected",
    message:
      `${name}: ${shown(value)} is not bytes: expected a Uint8Array, an ArrayBuffer or a string` +
      (parsed
        ? "; if a body parser ran before, hand over the raw body instead, for example with " +
          'express.raw({ type: "*/*" })'
        : ""),
    details: { argument: name, found: shown(value) },
  });
}

/** A tag can be forged, and an array made from a forgery is empty; only a real buffer can carry a view. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  try {
    return tag(value) === "ArrayBuffer" && new DataView(value as ArrayBuffer).byteLength >= 0;
  } catch {
    return false;
  }
}

function tag(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A value as a message may show it: never the inside of an object, which may hold a secret. */
function shown(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const start = value.slice(0, SHOWN_MAX);
      return JSON.stringify(start) + (start.length < value.length ? "…" : "");
    }
    case "bigint":
      // 2^200 has 61 digits; a longer one is not worth the time it takes to print.
      return BigInt.asIntN(200, value) === value ? value.toString() : "a bigint of more than 200 bits";
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    default:
      return value === null ? "null" : `a value of type ${tag(value)}`;
  }
}
