/** What an `Idempotency` is set to, checked. */

import { count, fn, list, object, onlyKnown, refusal, text } from "../shell/guard.js";
import { TillproofError } from "../shell/errors.js";
import { storeShape } from "../stores/rules.js";
import type { Store, TransactionalStore } from "../stores/store.js";
import type { ReplyLike } from "./answer.js";
import type { Problem } from "./problems.js";

/** How claim, effect and answer become true together. */
export type IdempotencyMode = "transaction" | "lease";

/** What an `Idempotency` is made of. */
export interface IdempotencyOptions<Client = unknown> {
  readonly store: Store | TransactionalStore<Client>;
  /** Keeps two of them in one store apart: letters, digits, `-` and `_`, at most 64; `default` if left out. */
  readonly name?: string;
  /** `transaction` where the store has transactions, else `lease`. */
  readonly mode?: IdempotencyMode;
  /** How long an answer is replayed, in milliseconds from the moment it was stored; a day if left out. */
  readonly ttlMs?: number;
  /**
   * Mode `lease`: how long after the death of its process a key may be taken over, in milliseconds; 30,000 if left out. While
   * a handler runs, the lease is prolonged.
   */
  readonly leaseMs?: number;
  /** How long a request waits for another one under its key before it is answered 409; 2,000 if left out. */
  readonly waitMs?: number;
  /** How many requests of this process may wait at once; those beyond are answered 409 immediately. 10,000 if left out. */
  readonly maxWaiting?: number;
  /** How many characters a key has; 1 to 255 if left out. */
  readonly keyLength?: { readonly least?: number; readonly most?: number };
  /** Bytes an answer may have that is kept; 1 MiB if left out. */
  readonly maxAnswerBytes?: number;
  /** Further headers that are kept with an answer, beside those that describe its body and `location`, `link`, `etag`. */
  readonly replayedHeaders?: readonly string[];
  /** Writes the answer to a problem in your own form; problem documents of RFC 9457 if left out. */
  readonly problem?: (problem: Problem) => ReplyLike;
}

/** The same, checked and complete. */
export interface IdempotencySettings {
  readonly store: Store;
  /** What stands before every key. */
  readonly prefix: string;
  readonly mode: IdempotencyMode;
  readonly ttlMs: number;
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly maxWaiting: number;
  readonly keyLength: { readonly least: number; readonly most: number };
  readonly maxAnswerBytes: number;
  readonly kept: ReadonlySet<string>;
  readonly problem: ((problem: Problem) => ReplyLike) | undefined;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const DAY_MS = 86_400_000;
const MIB = 1_048_576;

/** What describes the body, and where the thing is that was made. */
const KEPT = [
  "content-disposition", "content-encoding", "content-language", "content-type", "etag", "last-modified", "link", "location",
  "retry-after",
] as const;

/** Throws `argument_invalid`, `idempotency_name_invalid`, `list_expected`, `option_invalid`, `store_invalid` or `unknown_option`. */
export function checkedSettings(options: IdempotencyOptions): IdempotencySettings {
  onlyKnown("options", options, [
    "store", "name", "mode", "ttlMs", "leaseMs", "waitMs", "maxWaiting", "keyLength", "maxAnswerBytes", "replayedHeaders",
    "problem",
  ]);
  const store = storeShape("store", options.store);
  const name = text("name", options.name ?? "default");
  if (!NAME.test(name)) {
    const problem = "is no name: expected 1 to 64 letters, digits, `-` or `_`, since it becomes part of store keys";
    throw refusal("idempotency_name_invalid", "name", name, problem);
  }
  const { problem, keyLength = {} } = options;
  if (problem !== undefined) fn("problem", problem);
  onlyKnown("keyLength", keyLength, ["least", "most"]);
  const least = count("keyLength.least", keyLength.least ?? 1, 1);
  return {
    store,
    prefix: `idempotency/${name}/`,
    mode: checkedMode(store, options.mode),
    ttlMs: count("ttlMs", options.ttlMs ?? DAY_MS, 1),
    leaseMs: count("leaseMs", options.leaseMs ?? 30_000, 30),
    waitMs: count("waitMs", options.waitMs ?? 2_000),
    maxWaiting: count("maxWaiting", options.maxWaiting ?? 10_000),
    keyLength: { least, most: count("keyLength.most", keyLength.most ?? 255, least) },
    maxAnswerBytes: count("maxAnswerBytes", options.maxAnswerBytes ?? MIB, 1),
    kept: new Set<string>([...KEPT, ...list("replayedHeaders", options.replayedHeaders ?? []).map(checkedHeader)]),
    problem,
  };
}

function checkedMode(store: Store, mode: unknown): IdempotencyMode {
  const transactional = hasTransactions(store);
  if (mode === undefined) return transactional ? "transaction" : "lease";
  if (mode === "lease" || (mode === "transaction" && transactional)) return mode;
  const problem =
    mode === "transaction"
      ? "needs a store with transactions, such as that of PostgreSQL or SQLite: take `lease`"
      : "is no mode: expected `transaction` or `lease`";
  throw refusal("option_invalid", "mode", mode, problem);
}

/** Whether a store lends out its transaction. */
export function hasTransactions(store: Store): store is TransactionalStore<unknown> {
  return typeof (store as Partial<TransactionalStore<unknown>>).transaction === "function";
}

function checkedHeader(name: unknown): string {
  const header = text("replayedHeaders", name).toLowerCase();
  if (header === "set-cookie") {
    const problem = "is not to be kept: a cookie belongs to one session, and the same customer may have another by then";
    throw refusal("option_invalid", "replayedHeaders", header, problem);
  }
  if (!HEADER.test(header)) throw refusal("option_invalid", "replayedHeaders", header, "is no name of a header");
  return header;
}

/** What is checked of a place in the store that answers are kept under. */
export function checkedWhose<T extends { readonly operation: string; readonly principal: string }>(name: string, whose: T): T {
  object(name, whose);
  for (const field of ["operation", "principal"] as const) {
    if (text(`${name}.${field}`, whose[field]) === "") {
      const problem =
        field === "operation"
          ? "is empty: name what the endpoint does, so that one key can be used at two endpoints"
          : "is empty: say who asks, as you authenticated him, so that no customer sees what another was answered";
      throw refusal("argument_invalid", `${name}.${field}`, "", problem);
    }
  }
  return whose;
}

/** Under a lease only the caller knows what a handler may have done before it failed. */
export function recoverMissing(): TillproofError {
  return new TillproofError({
    code: "recover_missing",
    message:
      "nothing says what becomes of a request whose handler failed or died in the middle: pass `recover`, which is " +
      '"repeat" where running the handler again does no harm (all it does bears context.id), a function that finds out ' +
      'what became of it, or "hold" until you settle it',
  });
}
