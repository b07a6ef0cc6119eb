/**
 * What a `fetch` gives back: the answer that was stored, or a rejection that says what is known instead.
 *
 * Invariant: an unknown outcome never looks like an answer, and a stored answer is equal for everybody who asks.
 */

import { TillproofError } from "../shell/errors.js";
import type { KeptAnswer } from "./engine.js";

/** Statuses that have no body, and for which `Response` takes none. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** A response of its own for each caller: a body can be read once. */
export function responseOf(answer: KeptAnswer): Response {
  const { status, headers, body } = answer;
  return new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers: { ...headers } });
}

/** What the errors below say about a call. */
export interface CallFacts {
  readonly reference: string;
  readonly method: string;
  readonly path: string;
  /** Why it is not known, or why it failed, in a stable word. */
  readonly reason: string;
  /** A person decides. */
  readonly needsReview?: boolean;
}

/** Nobody knows yet. An SDK that tries again on this joins the same intent, and sends nothing of its own. */
export function pending(facts: CallFacts): TillproofError {
  const then = facts.needsReview
    ? "the automatic ways are exhausted, and a person decides"
    : "it is being found out; repeat the call with the same reference to wait for it";
  return new TillproofError({
    code: "pending_confirmation",
    message: `what became of ${called(facts)} is not known (${facts.reason}): ${then}. Do not report it as failed`,
    advice: facts.needsReview ? "reconcile" : "wait",
    details: detailsOf(facts),
  });
}

/** Proven that nothing was executed, without an answer of the provider to say so. */
export function notExecuted(facts: CallFacts): TillproofError {
  return new TillproofError({
    code: "call_not_executed",
    message: `${called(facts)} was not executed (${facts.reason}), and its key can no longer do it: repeat the call with the same reference to try again with a new key`,
    advice: "retry_same_key",
    details: detailsOf(facts),
  });
}

/** It was carried out, as a person decided, and the answer that said so is lost. */
export function answerLost(facts: CallFacts, providerReference: string): TillproofError {
  return new TillproofError({
    code: "answer_lost",
    message: `${called(facts)} was carried out as ${providerReference}, and its answer never came: read that object from the provider`,
    advice: "reconcile",
    details: { ...detailsOf(facts), provider_reference: providerReference },
  });
}

function called({ method, path, reference }: CallFacts): string {
  return `${method} ${path.slice(0, 80)} with the reference ${JSON.stringify(reference.slice(0, 80))}`;
}

function detailsOf({ reference, method, path, reason, needsReview }: CallFacts): Record<string, string> {
  return { reference, method, path: path.slice(0, 200), reason, needs_review: String(needsReview === true) };
}
