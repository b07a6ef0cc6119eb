/** Payments as steps of a saga. */

import type { Payments } from "../payments/client.js";
import { ofOutcome, pending, type Pending, type Refused } from "./answers.js";
import type { UndoContext } from "./settings.js";

/** What is used of a payment client. */
export type PaymentsForSaga = Pick<Payments, "find" | "cancel" | "refund" | "void">;

/**
 * The compensation of a step that charges or authorizes under its key: `undo: (context) => takeBack(payments, context)`.
 *
 * Gives back what was charged, voids what was authorized, and has what nobody knows the outcome of cancelled first, so that
 * it also holds for a step that may or may not have happened. The refund is an intent of its own, under the key of the
 * compensation.
 */
export async function takeBack(payments: PaymentsForSaga, context: Pick<UndoContext<unknown>, "key" | "stepKey">): Promise<unknown> {
  const { key, stepKey } = context;
  const known = await payments.find(stepKey);
  if (known === null) return null;
  const outcome = known.status === "settled" ? known : await payments.cancel(stepKey);
  switch (outcome.status) {
    case "settled": {
      const request = { reference: key, target: outcome.providerReference };
      const back = outcome.operation === "authorize" ? await payments.void(request) : await payments.refund(request);
      return ofOutcome(back) satisfies object | Refused | Pending;
    }
    case "failed":
      return null;
    default:
      return pending("outcome_unknown", "nextCheckAt" in outcome && outcome.nextCheckAt !== undefined ? { checkAt: outcome.nextCheckAt } : {});
  }
}
