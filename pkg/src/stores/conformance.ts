/**
 * Does a store keep its promise? Run these checks against your own before you trust it with payments.
 *
 * Each check gets a fresh, empty store and throws with a sentence when the contract of `store.ts` is broken. Register
 * them with any test runner: `for (const { name, run } of storeConformance(open)) test(name, run)`.
 */

import { fn } from "../shell/guard.js";
import { Batch, type Store, type StoreTransaction, type TransactionalStore, type Write } from "./store.js";

/** One promise of the contract. */
export interface ConformanceCheck {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Resolves when it is kept; rejects with what was found and expected. */
  readonly run: () => Promise<void>;
}

/** The checks, for stores that `open` makes: each call must give a store over an empty database. */
export function storeConformance(open: () => Store | Promise<Store>): ConformanceCheck[] {
  fn("open", open);
  return checks(PROMISES, open);
}

/** Further checks, for stores that share transactions with the caller's own tables. */
export function transactionConformance(
  open: () => TransactionalStore<unknown> | Promise<TransactionalStore<unknown>>,
): ConformanceCheck[] {
  fn("open", open);
  return checks(PROMISES_OF_TRANSACTIONS, open);
}

function checks<S>(promises: Record<string, (store: S) => Promise<void>>, open: () => S | Promise<S>): ConformanceCheck[] {
  return Object.entries(promises).map(([name, promise]) => ({ name, run: async () => promise(await open()) }));
}

const write = (key: string, expected: number, value = key, wakeAt: number | null = null): Write => ({
  key,
  expected,
  value,
  wakeAt,
});

const PROMISES: Record<string, (store: Store) => Promise<void>> = {
  "a record that was never written is null": async (store) => {
    same(await store.get("nothing"), null, "get of an absent key");
  },

  "what is written is read back, with version 1": async (store) => {
    const value = 'quotes " and \', emoji 🦀, newline \n';
    same(await store.commit([write("käy/🦀", 0, value, 1_700_000_000_000)]), true, "first commit");
    same(
      await store.get("käy/🦀"),
      { key: "käy/🦀", version: 1, value, wakeAt: 1_700_000_000_000 },
      "the record",
    );
  },

  "a write at a stale version is refused and changes nothing": async (store) => {
    await store.commit([write("a", 0, "one")]);
    await store.commit([write("a", 1, "two")]);
    for (const stale of [0, 1, 3]) same(await store.commit([write("a", stale, "no")]), false, `version ${stale}`);
    same(await store.get("a"), { key: "a", version: 2, value: "two", wakeAt: null }, "the record");
  },

  "a commit writes all or nothing": async (store) => {
    await store.commit([write("b", 0)]);
    same(await store.commit([write("a", 0), write("b", 0), write("c", 0)]), false, "one of three is stale");
    same(await store.get("a"), null, "the write before the stale one");
    same(await store.get("c"), null, "the write after the stale one");
    same(await store.commit([write("a", 0), write("b", 1), write("c", 0)]), true, "all three fit");
    same((await store.get("b"))?.version, 2, "the version of b");
  },

  "of many commits that race for one record exactly one wins": async (store) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.commit([write("race", 0, String(index)), write(`loser${index}`, 0)])),
    );
    same(answers.filter(Boolean).length, 1, "winners");
    same((await store.scan("loser", null, 100)).length, 1, "side effects");
    same((await store.get("race"))?.value, String(answers.indexOf(true)), "the value of the winner");
  },

  "due returns what is to be woken, earliest first, by prefix and limit": async (store) => {
    await store.commit([
      write("p/late", 0, "", 300),
      write("p/b", 0, "", 100),
      write("p/a", 0, "", 100),
      write("p/never", 0),
      write("q/other", 0, "", 1),
      write("p/first", 0, "", 50),
    ]);
    const keys = async (now: number, limit: number): Promise<string[]> =>
      (await store.due("p/", now, limit)).map((record) => record.key);
    same(await keys(100, 10), ["p/first", "p/a", "p/b"], "due at 100");
    same(await keys(100, 2), ["p/first", "p/a"], "the first two");
    same(await keys(49, 10), [], "before anything is due");
    await store.commit([write("p/first", 1, "", null)]);
    same(await keys(1_000, 10), ["p/a", "p/b", "p/late"], "after one was put to rest");
  },

  "scan walks a prefix in key order, page by page": async (store) => {
    const keys = ["s/%", "s/10", "s/9", "s/a", "s/ä", "s/\uffee", "s/🦀"];
    await store.commit([...keys].reverse().map((key) => write(key, 0)));
    await store.commit([write("r", 0), write("s", 0), write("s0", 0), write("t/a", 0)]);
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const page = await store.scan("s/", after, 3);
      if (page.length === 0) break;
      seen.push(...page.map((record) => record.key));
      after = page.at(-1)?.key ?? null;
    }
    same(seen, keys, "the keys");
  },

  "a record is dropped when its time is over, earliest first, and not before": async (store) => {
    const hour = 3_600_000;
    const soon = Date.now() + hour;
    await store.commit([
      { ...write("e/later", 0, "", 1), expiresAt: soon + hour },
      { ...write("e/soon", 0, "", 1), expiresAt: soon },
      { ...write("e/renewed", 0), expiresAt: soon },
      write("e/kept", 0),
    ]);
    await store.commit([write("e/renewed", 1)]);
    const keys = async (): Promise<string[]> => (await store.scan("e/", null, 10)).map((record) => record.key);
    const everything = ["e/kept", "e/later", "e/renewed", "e/soon"];
    same(await keys(), everything, "before anything was purged");
    if (store.purge === undefined) return;
    same(await store.purge(soon - 1, 10), 0, "dropped before its time");
    same(await keys(), everything, "after a purge that came too early");
    same(await store.purge(soon + 2 * hour, 1), 1, "dropped, at most one");
    same(await keys(), ["e/kept", "e/later", "e/renewed"], "after the first was dropped");
    same(await store.purge(soon + 2 * hour, 10), 1, "dropped of those that expire");
    same(await keys(), ["e/kept", "e/renewed"], "what does not expire");
    same(await store.get("e/soon"), null, "a dropped record");
    same((await store.due("e/", soon, 10)).length, 0, "dropped records that were to be woken");
    same(await store.commit([write("e/soon", 1)]), false, "a write at the version of a dropped record");
    same(await store.commit([write("e/soon", 0)]), true, "a write as if it had never been there");
    same((await store.get("e/soon"))?.version, 1, "its version");
  },

  "a batch tells its hooks what became of it": async (store) => {
    const told: string[] = [];
    const batch = (): Batch => {
      const next = new Batch();
      const hooks = { committed: () => told.push("committed"), conflicted: () => void told.push("conflicted") };
      next.add(write("claimed", 0), { committed: () => void hooks.committed(), conflicted: hooks.conflicted });
      return next;
    };
    same(await batch().commit(store), true, "the first batch");
    same(await batch().commit(store), false, "the second batch");
    same(told, ["committed", "conflicted"], "the hooks");
  },

  "a commit that no database should see is refused by an error": async (store) => {
    const bad: Write[][] = [
      [write("", 0)],
      [write("x".repeat(1_100), 0)],
      [write("twice", 0), write("twice", 1)],
      [{ ...write("n", 0), value: 7 as unknown as string }],
      [write("nul", 0, "\u0000")],
      [write("half", 0, "\ud83d")],
      [write("v", -1)],
      [write("w", 0, "", Number.NaN)],
      [{ ...write("x", 0), expiresAt: -1 }],
    ];
    for (const writes of bad) {
      const refused = await store.commit(writes).then(
        () => false,
        () => true,
      );
      same(refused, true, `refusal of ${JSON.stringify(writes).slice(0, 60)}`);
    }
    same((await store.scan("", null, 10)).length, 0, "records afterwards");
  },
};

const PROMISES_OF_TRANSACTIONS: Record<string, (store: TransactionalStore<unknown>) => Promise<void>> = {
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

function same(found: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: found ${left}, expected ${right}`);
}
