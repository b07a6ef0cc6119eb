/**
 * The server's half of `Idempotency-Key`: a request that carries a key is executed once, and answers alike for as long as it
 * is remembered.
 *
 * Invariant: what is answered under a key is what stands in the store, for whoever asks in whatever process; only its own
 * principal ever gets it.
 *
 * | mode | claim, effect and answer | how often the effect counts |
 * | --- | --- | --- |
 * | `transaction` | in one transaction with your own tables, through `context.client` | exactly once |
 * | `lease` | the claim first, the answer with what is in `context.batch` | in the batch exactly once; elsewhere as `recover` says |
 */

import type { BytesInput } from "../shell/guard.js";
import type { TransactionalStore } from "../stores/store.js";
import type { Answer, NotExecutedOutcome, ReplyLike } from "./answer.js";
import { Keeper } from "./keeper.js";
import type { Handler } from "./owner.js";
import type { Problem, ProblemCode } from "./problems.js";
import { checkedSettings, type IdempotencyMode, type IdempotencyOptions } from "./settings.js";

/** Whose key it is. */
export interface Whose {
  /** What the endpoint does, in a name of your own; one key may be used at two endpoints. */
  readonly operation: string;
  /** Who asks, as you authenticated him: no customer ever sees what another was answered. */
  readonly principal: string;
  /** The header `Idempotency-Key` as it came. */
  readonly key: string | null | undefined;
}

/** A request with its key. */
export interface KeyedRequest extends Whose {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** The body as it came; left out for none. */
  readonly body?: BytesInput;
  /** Of the body: JSON is compared by its meaning, anything else by its bytes. */
  readonly contentType?: string | null | undefined;
  /** Milliseconds since the epoch; now if left out. */
  readonly now?: number;
}

/**
 * What becomes of a key whose handler threw, answered with 5xx or died, so that nobody knows what it did.
 *
 * - `repeat`: the handler runs again when the request is repeated, since all it does bears `context.id` or is rolled back;
 * - a function: it is asked what became of it, and answers as a handler does, or says {@link notExecuted};
 * - `hold`: nothing, until you call {@link Idempotency.settle}.
 */
export type Recover<Client = unknown> = "repeat" | "hold" | Handler<Client>;

/** How a request is run. */
export interface RunOptions<Client = unknown> {
  /** In mode `transaction` `repeat` if left out, since the database rolled back what was in it. In mode `lease` to be chosen. */
  readonly recover?: Recover<Client>;
  /** Whether a request without a key is refused; `true` if left out. Without one it is run, and nothing is kept. */
  readonly required?: boolean;
}

/** What became of a request. */
export interface IdempotencyResult {
  /**
   * - `executed`: it was run now;
   * - `replayed`: it was run before, and this is what was answered then;
   * - `pending`: its outcome is not known yet, now or since before;
   * - `released`: it was refused without anything being done, and the key is free again;
   * - `failed`: the handler answered with 5xx, or failed for another request that this one waited for;
   * - `in_flight`: others are at it;
   * - `unresolved`: nobody knows what became of it, and you have to settle it;
   * - `refused`: its key, or what is asked under it, is not acceptable.
   */
  readonly status: "executed" | "replayed" | "pending" | "released" | "failed" | "in_flight" | "unresolved" | "refused";
  /** What is to be sent. */
  readonly answer: Answer;
  /** Why it is not the handler's answer. */
  readonly problem?: Problem;
}

/** A key of which nobody knows the outcome. */
export interface UnresolvedKey {
  /** The `context.id` of its handler. */
  readonly id: string;
  readonly operation: string;
  /** `working`: its process died. `uncertain`: its handler failed. `pending`: it waits for news. */
  readonly state: "working" | "pending" | "uncertain";
  /** When it was claimed first, in milliseconds since the epoch. */
  readonly since: number;
  readonly attempt: number;
}

/** The server's half of `Idempotency-Key`. */
export interface Idempotency<Client = unknown> {
  readonly mode: IdempotencyMode;
  /** Runs a request once. Rejects with what the handler threw, after that is stored; every other end is a value. */
  run(request: KeyedRequest, handler: Handler<Client>, options?: RunOptions<Client>): Promise<IdempotencyResult>;
  /** An answer of this server's own: what is sent instead of a handler's answer. */
  refuse(code: ProblemCode): Promise<IdempotencyResult>;
  /** Keys that wait for news or for you, the longest waiting first; at most `limit` (100). */
  unresolved(options?: { readonly now?: number; readonly limit?: number }): Promise<readonly UnresolvedKey[]>;
  /**
   * Says how an unresolved or pending key ended, by its `id` or by whose it is: with a reply, which is replayed from now on,
   * or with `notExecuted()`, so that the next repetition runs it. Resolves to `false` where nothing was open.
   */
  settle(
    key: string | Whose,
    outcome: ReplyLike | NotExecutedOutcome,
    options?: { readonly now?: number },
  ): Promise<boolean>;
}

/**
 * The server's half of `Idempotency-Key`. Throws `argument_invalid`, `idempotency_name_invalid`, `list_expected`,
 * `option_invalid`, `store_invalid` or `unknown_option`.
 */
export function createIdempotency<Client>(
  options: IdempotencyOptions<Client> & { readonly store: TransactionalStore<Client> },
): Idempotency<Client>;
export function createIdempotency(options: IdempotencyOptions): Idempotency<undefined>;
export function createIdempotency(options: IdempotencyOptions): Idempotency {
  return new Keeper(checkedSettings(options));
}
