/**
 * The one error class Tillproof throws.
 *
 * Invariant: whatever leaves the package as an exception is a {@link TillproofError} with a stable code; expected
 * outcomes are values and are never thrown.
 */

/** What the caller of a failed operation should do. The same words as in the Rust crate. */
export type Advice = "fix_call" | "retry_same_key" | "retry_new_key" | "wait" | "reconcile" | "report_bug";

/** Facts for programs beside the sentence for people: field names and values as text. Never a secret or a body. */
export type ErrorDetails = Readonly<Record<string, string>>;

/** What a {@link TillproofError} is made of. */
export interface ErrorParts {
  /** The stable name of the error, in snake_case. */
  readonly code: string;
  /** One sentence: what was found, what was expected, what to do. */
  readonly message: string;
  /** What to do next; `fix_call` when left out. */
  readonly advice?: Advice;
  readonly details?: ErrorDetails;
  /** The exception this one stands for, where there is one. */
  readonly cause?: unknown;
}

/** A registered symbol is the same in every copy of the package and in every realm; a class is not. */
const MARKER: unique symbol = Symbol.for("tillproof.error");

/** Something that must not be went wrong; {@link TillproofError.advice} says what to do. */
export class TillproofError extends Error {
  override readonly name = "TillproofError";
  /** The stable name of the error, in snake_case. */
  readonly code: string;
  /** What the caller should do. */
  readonly advice: Advice;
  /** Expected and found values. */
  readonly details: ErrorDetails;
  /** Says to {@link isTillproofError} what this is. */
  readonly [MARKER] = true;

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.advice = parts.advice ?? "fix_call";
    this.details = parts.details ?? {};
  }

  /** What `JSON.stringify` writes: the shape errors have on the wire. */
  toJSON(): { code: string; message: string; advice: Advice; details: ErrorDetails } {
    return { code: this.code, message: this.message, advice: this.advice, details: this.details };
  }
}

/**
 * Whether `error` is a {@link TillproofError}, also one thrown by another copy of the package (ESM beside CommonJS, two
 * versions in one bundle), for which `instanceof` would say no.
 */
export function isTillproofError(error: unknown): error is TillproofError {
  return typeof error === "object" && error !== null && (error as { [MARKER]?: unknown })[MARKER] === true;
}

/** Hostile input may be megabytes long; a message shows its beginning. */
const SHOWN_MAX = 40;

/** A value as a message may show it: never the inside of an object, which may hold a secret. Never throws. */
export function shown(value: unknown): string {
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

/** The name the language has for what a value is, whatever realm it comes from: `Object`, `Map`, `Uint8Array`. */
export function tag(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1).slice(0, SHOWN_MAX);
  } catch {
    // Only a proxy can throw here, and what it stands for is its owner's secret.
    return "Proxy";
  }
}
