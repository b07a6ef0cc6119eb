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
