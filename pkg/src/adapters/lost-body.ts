/**
 * What is said when the raw body is gone.
 *
 * Invariant: the message names who took the bytes, as far as that can be told, and the line that gives them back. It
 * holds nothing of the body.
 */

import { shown, TillproofError } from "../shell/errors.js";

/** How one framework lets go of the raw body, and how it is kept. */
export interface BodyAdvice {
  /** Which middleware or setting parsed it, in the words of the framework; told apart by what it left behind. */
  readonly parsedBy: string;
  /** The line that keeps the bytes. */
  readonly keep: string;
}

/** The body is an object, or a text that some decoder made: the bytes cannot be had back from it. */
export function alreadyParsed(found: unknown, { parsedBy, keep }: BodyAdvice): TillproofError {
  return new TillproofError({
    code: "body_already_parsed",
    message:
      `the body reached the webhook as ${kindOf(found)}, because ${parsedBy}; the signature covers the bytes as they ` +
      `arrived, and these cannot be made again: ${keep}`,
    details: { found: kindOf(found), fix: keep },
  });
}

/** Somebody read the stream and kept nothing. */
export function alreadyRead({ keep }: Pick<BodyAdvice, "keep">): TillproofError {
  return new TillproofError({
    code: "body_already_read",
    message: `the body was read before the webhook could read it, and a stream gives its bytes only once: ${keep}`,
    details: { found: "a stream that was read", fix: keep },
  });
}

/** The sender announced a body, and the framework handed over a request without one. */
export function neverHandedOver(announced: number): TillproofError {
  const fix = "have the sender name a content type, since some servers drop a body that has none";
  return new TillproofError({
    code: "body_dropped",
    message: `the request announces ${announced} bytes, but the framework handed over none: ${fix}`,
    details: { found: "no body", fix },
  });
}

/** A text of the sender's is none of the log's business. */
function kindOf(value: unknown): string {
  return typeof value === "string" ? "a decoded string" : shown(value);
}
