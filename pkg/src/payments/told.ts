/** An intent as the engine describes it, told to a caller. Unknown is told as pending, never as failed. */

import type { IntentView } from "./engine.js";
import type { Outcome, WaitOptions } from "./outcome.js";

/** Whether the outcome may still come without a person. */
export function isOpen(view: IntentView): boolean {
  return view.status === "pending_confirmation" && view.state !== "needs_review";
}

/** The outcome of an intent; `wait` waits on. */
export function outcomeOf(view: IntentView, wait: (options?: WaitOptions) => Promise<Outcome>): Outcome {
  const base = {
    reference: view.reference,
    operation: view.operation,
    amount: view.amount === undefined ? null : BigInt(view.amount),
    currency: view.currency ?? null,
    attempts: view.attempts,
    epoch: view.epoch,
    key: view.key,
    extraCharges: view.extra_charges,
    reversals: view.reversals,
  };
  const { provider_reference: providerReference = "", evidence = "response", code = "", message = "" } = view;
  switch (view.status) {
    case "settled":
      return { status: "settled", ...base, providerReference, evidence };
    case "awaiting_customer":
      return { status: "awaiting_customer", ...base, providerReference };
    case "failed":
      return { status: "failed", ...base, code, message, proof: view.proof ?? "refused" };
    default:
      return {
        status: "pending_confirmation",
        ...base,
        ...(view.reason === undefined ? {} : { reason: view.reason }),
        ...(view.next_check_at === undefined ? {} : { nextCheckAt: view.next_check_at }),
        needsReview: view.state === "needs_review",
        wait,
      };
  }
}
