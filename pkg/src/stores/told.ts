/**
 * A store whose failures say what they mean for whoever uses it.
 *
 * Invariant: what fails in the database leaves as `store_failed` with the advice to wait; what is a `TillproofError`
 * already leaves as it is. Nothing else changes.
 */

import { isTillproofError, TillproofError } from "../shell/errors.js";
import type { Store } from "./store.js";

/** The store, with failures that end in a sentence such as "the saga goes on when it answers again". */
export function toldStore(store: Store, meaning: string): Store {
  const asking = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (cause) {
      if (isTillproofError(cause)) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TillproofError({ code: "store_failed", message: `the store failed (${why}): ${meaning}`, advice: "wait", cause });
    }
  };
  return {
    get: (key) => asking(() => store.get(key)),
    commit: (writes) => asking(() => store.commit(writes)),
    due: (prefix, now, limit) => asking(() => store.due(prefix, now, limit)),
    scan: (prefix, after, limit) => asking(() => store.scan(prefix, after, limit)),
    purge: (now, limit) => asking(async () => (await store.purge?.(now, limit)) ?? 0),
  };
}
