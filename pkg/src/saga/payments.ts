/** Payments as steps of a saga. */

import type { Payments } from "../payments/client.js";
import type { FollowUpRequest, Outcome } from "../payments/outcome.js";
import { isTillproofError } from "../shell/errors.js";
import { ofOutcome, pending, type Pending, type Refused } from "./answers.js";
import type { UndoContext } from "./settings.js";

/** One that failed left the money where it is, and that is proven: the next attempt of the compensation sends it again. */
const AGAIN = { retryFailed: true } as const;

/** What is used of a payment client. */
export type PaymentsForSaga = Pick<Payments, "find" | "cancel" | "forestall" | "refund" | "void">;

/** What is used of the context of a compensation. */
export type TakenBack = Pick<UndoContext<unknown>, "key" | "stepKey"> & Partial<Pick<UndoContext<unknown>, "doubtful">>;

/**
 * The compensation of a step that charges or authorizes under its key: `undo: (context) => takeBack(payments, context)`.
 *
 * Gives back what was charged, voids what was authorized, and has what nobody knows the outcome of cancelled first, so that
 * it also holds for a step that may or may not have happened. The refund is an intent of its own, under the key of the
 * compensation.
 */
export async function takeBack(payments: PaymentsForSaga, context: TakenBack): Promise<unknown> {
  const { key, stepKey, doubtful } = context;
  // An attempt that was given up may still be on its way to the payment: then it comes too late.
  if (doubtful === true) await payments.forestall(stepKey);
  const known = await payments.find(stepKey);
  if (known === null) return null;
  const outcome = known.status === "settled" ? known : await payments.cancel(stepKey);
  switch (outcome.status) {
    case "settled": {
      const request = { reference: key, target: outcome.providerReference };
      const back = outcome.operation === "authorize" ? await payments.void(request, AGAIN) : await refunded(payments, request, outcome);
      return ofOutcome(back) satisfies object | Refused | Pending;
    }
    case "failed":
      return null;
    default:
      return pending("outcome_unknown", "nextCheckAt" in outcome && outcome.nextCheckAt !== undefined ? { checkAt: outcome.nextCheckAt } : {});
  }
}

/** All of it. Some providers want to hear how much that is, and others can be asked only about a refund that names none. */
async function refunded(payments: PaymentsForSaga, request: FollowUpRequest, { amount, currency }: Outcome): Promise<Outcome> {
  const exact = amount === null || currency === null ? undefined : { ...request, amount, currency };
  const begun = await payments.find(request.reference);
  if (exact !== undefined && begun !== null && begun.amount !== null) return payments.refund(exact, AGAIN);
  try {
    return await payments.refund(request, AGAIN);
  } catch (error) {
    if (exact === undefined || !isTillproofError(error) || error.code !== "amount_needed") throw error;
    return payments.refund(exact, AGAIN);
  }
}
