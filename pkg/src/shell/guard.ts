/**
 * Arguments are checked here before anything crosses into wasm.
 *
 * Invariant: wasm-bindgen's coercion never sees a value from a caller. It wraps silently (2^64 + 7 arrives as 7, a
 * string as an array of zeros), so each guard returns what it promises or throws a {@link TillproofError} that names the
 * argument. A guard reads only what it checks: a getter of the caller's own that throws is his exception, not ours.
 */

import { shown, tag, TillproofError } from "./errors.js";
import { isUnicode, utf8 } from "./wire.js";

/** An amount as callers may write it: integer of minor units, or its plain decimal digits. */
export type AmountInput = bigint | number | string;

/** Bytes as callers may write them; a string is taken as its UTF-8. */
export type BytesInput = Uint8Array | ArrayBuffer | string;

/** The largest amount the crate keeps: 2^63 - 1 minor units. */
const AMOUNT_MAX = 9_223_372_036_854_775_807n;

/** The last millisecond of the year 9999, as in the crate. */
const TIME_MS_MAX = 253_402_300_799_999;

const CANONICAL_DIGITS = /^(?:0|[1-9][0-9]*)$/;

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
    throw refusal("amount_too_large", name, value, `minor units are too many: at most ${AMOUNT_MAX} are kept`);
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
  return refusal(
    "amount_not_an_integer",
    name,
    value,
    "is not an amount: expected minor units as a bigint, a safe integer or plain digits, without sign, fraction or space",
  );
}

/** A moment in milliseconds since the epoch, up to the end of the year 9999. Throws `time_not_milliseconds`. */
export function timeMs(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= TIME_MS_MAX) {
    return value === 0 ? 0 : value;
  }
  throw refusal(
    "time_not_milliseconds",
    name,
    value,
    "is not a time: expected whole milliseconds since 1970 as a number, such as Date.now() or date.getTime()",
  );
}

/** No clock of a merchant shows a time before March 1973, but every one that counts seconds does. */
const SECONDS_BELOW = 100_000_000_000;

/** The present, as {@link timeMs}; one that was counted in seconds is refused with those words. */
export function nowMs(name: string, value: unknown): number {
  const time = timeMs(name, value);
  if (time >= SECONDS_BELOW) return time;
  const problem = "looks like seconds: expected milliseconds since 1970, such as Date.now()";
  throw refusal("time_not_milliseconds", name, value, problem);
}

/** A string of whole characters. Throws `text_expected` or `text_not_unicode`. */
export function text(name: string, value: unknown): string {
  if (typeof value !== "string") throw refusal("text_expected", name, value, "is not a string: pass the text itself");
  if (isUnicode(value)) return value;
  throw refusal("text_not_unicode", name, value, "holds half a surrogate pair: pass text as it came, not cut");
}

/** A string, or `undefined` where there is none. Throws like {@link text}. */
export function optionalText(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : text(name, value);
}

/** A whole number, mostly of milliseconds. Throws `option_invalid`. */
export function count(name: string, value: unknown, least = 0): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw refusal("option_invalid", name, value, `is not a count: expected a whole number from ${least}`);
}

/** `true`, `false` or nothing. Throws `argument_invalid`. */
export function flag(name: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw refusal("argument_invalid", name, value, "is neither true nor false");
}

/** A function. Throws `argument_invalid`. */
export function fn<T>(name: string, value: T): T {
  if (typeof value === "function") return value;
  throw refusal("argument_invalid", name, value, "is not a function");
}

/** An array. Throws `list_expected`. */
export function list<T>(name: string, value: readonly T[]): readonly T[] {
  if (Array.isArray(value)) return value;
  throw refusal("list_expected", name, value, "is not an array");
}

/**
 * An object of options or fields; arrays, dates and maps are none, since their members would be missed in silence.
 *
 * Throws `argument_invalid`.
 */
export function object<T>(name: string, value: T): T {
  if (typeof value === "object" && tag(value) === "Object") return value;
  throw refusal("argument_invalid", name, value, "is not an object of named values");
}

/**
 * An object with no other members than `fields`: a misspelt one would be left out in silence.
 *
 * Throws `argument_invalid` or `unknown_option`.
 */
export function onlyKnown<T>(name: string, value: T, fields: readonly (keyof T & string)[]): T {
  const known: readonly string[] = fields;
  const unknown = Object.keys(object(name, value) as object).find((member) => !known.includes(member));
  if (unknown === undefined) return value;
  const problem = `is not known here: remove it or mend its name, one of ${known.join(", ")}`;
  throw refusal("unknown_option", name, unknown, problem);
}

/**
 * The bytes of a `Uint8Array` (a Node `Buffer` is one), an `ArrayBuffer` or a string, without copying where it can.
 *
 * Throws `bytes_expected`.
 */
export function bytes(name: string, value: unknown): Uint8Array {
  if (typeof value === "string") return utf8(value);
  // `instanceof` fails for an array of another realm (Jest, vm, edge sandboxes); views and tags do not.
  if (ArrayBuffer.isView(value) && tag(value) === "Uint8Array" && isBuffer(value.buffer)) return value as Uint8Array;
  if (tag(value) === "ArrayBuffer" && isBuffer(value)) return new Uint8Array(value);
  const parsed = typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
  throw refusal(
    "bytes_expected",
    name,
    value,
    "is not bytes: expected a Uint8Array, an ArrayBuffer or a string" +
      (parsed
        ? "; if a body parser ran before, hand over the raw body instead, for example with " +
          'express.raw({ type: "*/*" })'
        : ""),
  );
}

/** A tag can be forged, and a buffer that was transferred to a worker holds nothing: neither can carry a view. */
function isBuffer(value: unknown): value is ArrayBuffer {
  try {
    return new DataView(value as ArrayBuffer).byteLength >= 0;
  } catch {
    return false;
  }
}

/** What is wrong with an argument, after its name and what was found. */
export function refusal(code: string, name: string, value: unknown, problem: string): TillproofError {
  const found = shown(value);
  return new TillproofError({ code, message: `${name}: ${found} ${problem}`, details: { argument: name, found } });
}
