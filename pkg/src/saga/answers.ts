/**
 * What a step may answer beside a result.
 *
 * Invariant: only what a step says with these words turns a saga back or parks it. Whatever it throws means that nobody
 * knows what became of it, and it runs again under the same key.
 */

import { flag, onlyKnown, text, timeMs } from "../shell/guard.js";
import type { Outcome } from "../payments/outcome.js";

/** Registered, so that the words of another copy of the package (ESM beside CommonJS) are understood. */
const ANSWER: unique symbol = Symbol.for("tillproof.saga.answer");

/** A step will not have its effect: the saga turns back. */
export interface Refused {
  readonly [ANSWER]: "refused";
  readonly reason: string;
  readonly proven: boolean;
}

/** The outside has not decided yet: the saga is parked. */
export interface Pending {
  readonly [ANSWER]: "pending";
  readonly reason: string;
  readonly checkAt?: number;
}

/**
 * The step was refused and had no effect. `proven` says that this holds for the key, whatever earlier attempts did; without
 * it, a step whose earlier attempts have an unknown fate is compensated all the same.
 */
export function refused(reason: string, options: { readonly proven?: boolean } = {}): Refused {
  const { proven } = onlyKnown("options", options, ["proven"]);
  return { [ANSWER]: "refused", reason: text("reason", reason), proven: flag("proven", proven) ?? false };
}

/** The outcome is not known yet; asked again at `checkAt` (milliseconds since the epoch), or by the saga's own schedule. */
export function pending(reason: string, options: { readonly checkAt?: number } = {}): Pending {
  const { checkAt } = onlyKnown("options", options, ["checkAt"]);
  return { [ANSWER]: "pending", reason: text("reason", reason), ...(checkAt === undefined ? {} : { checkAt: timeMs("checkAt", checkAt) }) };
}

/** What a step makes of a payment: its reference when it was settled, else a refusal or a wait. */
export function ofOutcome(outcome: Outcome): { readonly providerReference: string; readonly amount: string | null; readonly currency: string | null } | Refused | Pending {
  switch (outcome.status) {
    case "settled": {
      const { providerReference, amount, currency } = outcome;
      return { providerReference, amount: amount?.toString() ?? null, currency };
    }
    case "failed":
      // A payment fails only on a stored proof that its key moved no money.
      return refused(outcome.code, { proven: true });
    case "awaiting_customer":
      return pending("awaiting_customer");
    default:
      return pending(outcome.reason ?? outcome.status, later(outcome));
  }
}

function later(outcome: { readonly nextCheckAt?: number } | object): { readonly checkAt?: number } {
  const { nextCheckAt } = outcome as { readonly nextCheckAt?: number };
  return nextCheckAt === undefined ? {} : { checkAt: nextCheckAt };
}

/** Whether an answer is one of the two words above. */
export function isWord(answer: unknown): answer is Refused | Pending {
  return typeof answer === "object" && answer !== null && ANSWER in answer;
}

/** Which of them it is. */
export function isRefusal(answer: Refused | Pending): answer is Refused {
  return answer[ANSWER] === "refused";
}
