/** A request without a key at an endpoint that takes one and does not insist: it is run, and nothing is kept of it. */

import { TillproofError } from "../shell/errors.js";
import { Batch, type TransactionalStore } from "../stores/store.js";
import { answerOf, isOutcome, type ReplyLike } from "./answer.js";
import type { IdempotencyResult } from "./idempotency.js";
import type { Handler, HandlerContext } from "./owner.js";
import type { IdempotencySettings } from "./settings.js";

/** Ends a transaction of which nothing is to stay. */
class RolledBack {
  constructor(readonly result: IdempotencyResult) {}
}

/** Runs a handler as if its request had come under a key of its own. */
export async function unguarded({ store, mode, maxAnswerBytes }: IdempotencySettings, handler: Handler): Promise<IdempotencyResult> {
  const batch = new Batch();
  const once = async (client: unknown): Promise<IdempotencyResult> => {
    const signal = new AbortController().signal;
    const context: HandlerContext = { id: `none/${crypto.randomUUID()}`, client, batch, attempt: 1, fence: 1, cause: "free", signal };
    const outcome = await handler(context);
    const last = isOutcome(outcome, "transaction") ? await outcome.body(client) : outcome;
    const named = isOutcome(last, "pending") || isOutcome(last, "not_executed");
    const answer = await answerOf(named ? last.reply : (last as ReplyLike), maxAnswerBytes);
    if (isOutcome(last, "not_executed")) return { status: "released", answer };
    if (answer.status >= 500) return { status: "failed", answer };
    return { status: isOutcome(last, "pending") ? "pending" : "executed", answer };
  };
  if (mode === "lease") {
    const result = await once(undefined);
    if (counts(result) && !(await batch.commit(store))) throw conflict();
    return result;
  }
  try {
    return await (store as TransactionalStore<unknown>).transaction(async (transaction) => {
      const result = await once(transaction.client);
      if (!counts(result)) throw new RolledBack(result);
      if (!(await transaction.commit(batch.writes))) throw conflict();
      return result;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.result;
    throw error;
  }
}

function counts({ status }: IdempotencyResult): boolean {
  return status === "executed" || status === "pending";
}

function conflict(): TillproofError {
  return new TillproofError({
    code: "idempotency_batch_conflict",
    message: "a record of the batch was changed by another process while the handler ran, so nothing of it was stored: try again",
    advice: "wait",
  });
}
