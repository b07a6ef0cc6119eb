/** What is answered instead of the handler's answer: problem documents of RFC 9457, and the statuses of the IETF draft. */

import { utf8 } from "../shell/wire.js";
import type { Answer } from "./answer.js";

/** Why the handler's answer is not sent. */
export type ProblemCode =
  | "idempotency_key_missing"
  | "idempotency_key_malformed"
  | "idempotency_key_length"
  | "idempotency_principal_missing"
  | "idempotency_body_too_large"
  | "idempotency_body_cut_off"
  | "idempotency_mismatch"
  | "idempotency_in_flight"
  | "idempotency_unresolved"
  | "idempotency_failed";

/** A problem, as RFC 9457 names its parts. */
export interface Problem {
  readonly status: number;
  /** The stable name, for programs. */
  readonly code: ProblemCode;
  /** The phrase of the status. */
  readonly title: string;
  /** What was found, and what the sender should do. */
  readonly detail: string;
  /** Whole seconds after which asking again makes sense; also sent as `Retry-After`. */
  readonly retryAfter?: number;
}

const TABLE: Readonly<Record<ProblemCode, readonly [status: number, detail: string, retryAfter?: number]>> = {
  // The engine says what is wrong with a key.
  idempotency_key_missing: [400, ""],
  idempotency_key_malformed: [400, ""],
  idempotency_key_length: [400, ""],
  idempotency_principal_missing: [401, "nobody is signed in: sign in first, since answers under a key are kept for one customer each"],
  idempotency_body_too_large: [413, "the body is larger than this endpoint takes"],
  idempotency_body_cut_off: [400, "the connection ended before the body did: send it again, with the same Idempotency-Key"],
  idempotency_mismatch: [
    422,
    "this Idempotency-Key was used for another request: send that one unchanged, or this one under a new key",
  ],
  idempotency_in_flight: [
    409,
    "a request with this Idempotency-Key is being processed: send it again in a moment, unchanged and with the same key",
    1,
  ],
  idempotency_unresolved: [
    503,
    "the outcome of this request is not known yet: do not send it under another key, ask again with the same one",
    60,
  ],
  idempotency_failed: [
    500,
    "the request failed, and may have been carried out: send it again, unchanged and with the same Idempotency-Key",
    1,
  ],
};

const PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  409: "Conflict",
  413: "Content Too Large",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** The problem of a code; `detail` where the engine knows better. */
export function problemOf(code: ProblemCode, detail?: string): Problem {
  const [status, usual, retryAfter] = TABLE[code];
  const title = PHRASES[status] ?? "";
  return { status, code, title, detail: detail ?? usual, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** A problem as an answer. Its type is that of a problem which says no more than its status, and has a code beside. */
export function problemAnswer({ status, code, title, detail, retryAfter }: Problem): Answer {
  const headers: (readonly [string, string])[] = [["content-type", "application/problem+json"]];
  if (retryAfter !== undefined) headers.push(["retry-after", String(retryAfter)]);
  return { status, headers, body: utf8(JSON.stringify({ type: "about:blank", title, status, detail, code })) };
}
