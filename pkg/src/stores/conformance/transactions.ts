/** The promises of a store that lends out its transactions. */

import type { StoreTransaction, TransactionalStore } from "../store.js";
import { type Promises, same, write } from "./check.js";

/** What a store promises that shares its transactions with the caller. */
export const OF_TRANSACTIONS: Promises<TransactionalStore<unknown>> = {
  "a transaction that resolves is committed, and one that rejects leaves nothing": async (store) => {
    same(
      await store.transaction(async (transaction) => {
        same(await transaction.commit([write("t/a", 0, "one")]), true, "the commit inside");
        same(await transaction.commit([write("t/a", 1, "two"), write("t/b", 0)]), true, "a second one on top of it");
        return "the result";
      }),
      "the result",
      "what a transaction resolves to",
    );
    same((await store.get("t/a"))?.value, "two", "the record");
    same((await store.get("t/a"))?.version, 2, "its version");
    const failed = store.transaction(async (transaction) => {
      await transaction.commit([write("t/a", 2, "three"), write("t/c", 0)]);
      throw new Error("changed my mind");
    });
    same(await failed.then(() => "resolved", (error: Error) => error.message), "changed my mind", "what it rejects with");
    same((await store.get("t/a"))?.value, "two", "the record after a transaction that failed");
    same(await store.get("t/c"), null, "what only the failed transaction wrote");
  },

  "a transaction sees its own writes, and nobody else does before its end": async (store) => {
    let ended = false;
    /** What somebody else reads; `undefined` where the store keeps him waiting until the transaction has ended. */
    const outside = (read: Promise<unknown>): Promise<unknown> => read.then((found) => (ended ? undefined : found));
    const seen: Promise<unknown>[] = [];
    await store.transaction(async (transaction) => {
      await transaction.commit([write("t/mine", 0, "inside", 7)]);
      same((await transaction.get("t/mine"))?.value, "inside", "from inside");
      seen.push(outside(store.get("t/mine")), outside(store.due("t/", 100, 10).then((due) => due[0] ?? null)));
      await Promise.race([Promise.all(seen), new Promise((resolve) => setTimeout(resolve, 50))]);
      ended = true;
    });
    for (const found of await Promise.all(seen)) same(found ?? null, null, "from outside");
    same((await store.get("t/mine"))?.value, "inside", "afterwards");
  },

  "a stale commit inside of a transaction is refused, writes nothing and harms nothing": async (store) => {
    await store.commit([write("t/taken", 0)]);
    await store.transaction(async (transaction) => {
      same(await transaction.commit([write("t/new", 0), write("t/taken", 0)]), false, "the stale commit");
      same(await transaction.get("t/new"), null, "what it would have written beside");
      same(await transaction.commit([write("t/other", 0)]), true, "the next commit");
    });
    same(await store.get("t/new"), null, "what was refused");
    same((await store.get("t/other"))?.version, 1, "what was not");
  },

  "of transactions that race for one record exactly one wins": async (store) => {
    const one = async (index: number): Promise<boolean> => {
      try {
        return await store.transaction(async (transaction) => {
          if (!(await transaction.commit([write("t/race", 0, String(index))]))) throw new Error("lost");
          return transaction.commit([write(`t/effect${index}`, 0)]);
        });
      } catch {
        return false;
      }
    };
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => one(index)));
    same(answers.filter(Boolean).length, 1, "winners");
    same((await store.scan("t/effect", null, 100)).length, 1, "effects");
  },

  "a transaction is of no use once it has ended": async (store) => {
    let kept: StoreTransaction<unknown> | undefined;
    await store.transaction(async (transaction) => {
      kept = transaction;
    });
    const late = await kept?.commit([write("t/late", 0)]).then(() => "done", () => "refused");
    same(late, "refused", "a commit after the end");
    same(await store.get("t/late"), null, "what it would have written");
  },
};
