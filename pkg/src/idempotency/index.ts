/**
 * `tillproof/idempotency`: `Idempotency-Key` for your own endpoints.
 *
 * Give an `Idempotency` to `idempotent` of your framework's adapter (`tillproof/adapters/express`, …), or call `run` with
 * what your server has of a request.
 */

export { inTransaction, notExecuted, pending } from "./answer.js";
export type {
  Answer, NotExecutedOutcome, Outcome, PendingOutcome, Reply, ReplyLike, TransactionOutcome,
} from "./answer.js";
export { createIdempotency } from "./idempotency.js";
export type {
  Idempotency, IdempotencyResult, KeyedRequest, Recover, RunOptions, UnresolvedKey, Whose,
} from "./idempotency.js";
export type { Handler, HandlerContext } from "./owner.js";
export type { Problem, ProblemCode } from "./problems.js";
export type { IdempotencyMode, IdempotencyOptions } from "./settings.js";
