/** The promises about single records and commits: what is written, what is refused, and who wins. */

import { KEY_BYTES_MAX, WRITES_MAX } from "../rules.js";
import { Batch, type Store, type Write } from "../store.js";
import { increment, keysOf, type Promises, same, write } from "./check.js";

/** What every store promises about records. */
export const OF_RECORDS: Promises<Store> = {
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

  "versions rise by one, whatever is written": async (store) => {
    for (let version = 0; version < 30; version += 1) {
      same(await store.commit([write("v", version, "same", version)]), true, `commit at version ${version}`);
      same((await store.get("v"))?.version, version + 1, "the version afterwards");
    }
    same(await store.commit([write("v", 29)]), false, "a commit at the version before the last");
  },

  "a commit that is repeated because its answer was lost is refused, and stands once": async (store) => {
    const lost = [write("l/a", 0, "mine"), write("l/b", 0, "mine")];
    // Nobody hears this answer, as if the connection had ended or the process had died.
    let isOver = false;
    const over = (): void => void (isOver = true);
    store.commit(lost).then(over, over);
    const again = await store.commit(lost);
    while (!isOver && (await store.get("l/b")) === null) await new Promise((resolve) => setTimeout(resolve, 10));
    // Whichever of the two came first: it stands once, and the other was refused.
    for (const key of ["l/a", "l/b"]) same(await store.get(key), { key, version: 1, value: "mine", wakeAt: null }, "the record");
    same(await store.commit(lost), false, again ? "a third" : "a second repetition");
    same((await store.get("l/a"))?.version, 1, "the version in the end");
  },

  "a hundred writes are all or nothing, wherever the stale one stands": async (store) => {
    const keys = Array.from({ length: 100 }, (_, index) => `h/${String(index).padStart(3, "0")}`);
    const versions = new Map(keys.map((key) => [key, 0]));
    const all = (): Write[] => keys.map((key) => write(key, versions.get(key) ?? 0));
    for (const [round, stale] of [0, 50, 99].entries()) {
      const writes = all();
      const taken = keys[stale] as string;
      same(await store.commit([write(taken, 0)]), true, "the write that comes between");
      same(await store.commit(writes), false, `with number ${stale} stale`);
      same((await store.scan("h/", null, 200)).length, round + 1, "records afterwards");
      versions.set(taken, 1);
    }
    same(await store.commit(all().map((each) => ({ ...each, value: "all" }))), true, "all of them fresh");
    same((await store.scan("h/", null, 200)).filter(({ value }) => value === "all").length, 100, "records that were written");
  },

  "a commit of as many writes as are allowed is taken": async (store) => {
    const writes = Array.from({ length: WRITES_MAX }, (_, index) => write(`m/${index}`, 0));
    same(await store.commit(writes), true, `${WRITES_MAX} writes`);
    same((await store.scan("m/", null, WRITES_MAX + 1)).length, WRITES_MAX, "records afterwards");
  },

  "keys differ where their bytes do": async (store) => {
    // Case, a blank at the end, one accent in two spellings, and look-alikes: databases like to fold each of them.
    const keys = ["k/a", "k/A", "k/a ", "k/e\u0301", "k/\u00e9", "k/\u0435", "k/e", "k/ß", "k/ss", "k/1", "k/01", "k/\u202ea", "k/🦀"];
    for (const key of keys) same(await store.commit([write(key, 0)]), true, `the first write of ${JSON.stringify(key)}`);
    for (const key of keys) same((await store.get(key))?.value, key, `the value of ${JSON.stringify(key)}`);
    const longest = `k/${"x".repeat(KEY_BYTES_MAX - 2)}`;
    same(await store.commit([write(longest, 0), write(longest.slice(0, -1), 0)]), true, "the longest key, and one byte less");
    same((await store.get(longest))?.version, 1, "the record of the longest key");
  },

  "values come back as they were: big ones, empty ones, and of any alphabet": async (store) => {
    const values = ["", " ", "0", "null", "\u00e9 e\u0301 \u202e 🦀 \u{10ffff} \ufffd", '{"a":[1,"\\u0000"]}', "\t\r\n\u0001\u007f", "$1 ? :a %s \\' \"", "x🦀".repeat(350_000)];
    for (const [index, value] of values.entries()) {
      same(await store.commit([write(`big/${index}`, 0, value)]), true, `the commit of value ${index}`);
      const found = (await store.get(`big/${index}`))?.value;
      if (found !== value) throw new Error(`value ${index} of ${value.length} characters came back as ${found?.length ?? 0} others`);
    }
    same((await store.scan("big/", null, 100)).map(({ value }) => value.length), values.map(({ length }) => length), "their lengths");
  },

  "times are kept to the millisecond, and can be taken away": async (store) => {
    for (const [version, wakeAt] of [0, 1, 1_700_000_000_001, Number.MAX_SAFE_INTEGER, null].entries()) {
      await store.commit([write("t", version, "", wakeAt)]);
      same((await store.get("t"))?.wakeAt, wakeAt, "the wake time");
    }
  },

  "of writers that read, add and write again, none loses what another wrote": async (store) => {
    await Promise.all(Array.from({ length: 6 }, async () => {
      for (let count = 0; count < 5; count += 1) await increment(store, "sum");
    }));
    same(await store.get("sum"), { key: "sum", version: 30, value: "30", wakeAt: null }, "the sum of 30 additions");
  },

  "commits that want the same records in opposite order all end": async (store) => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => {
      const pair = [write("o/left", 0), write("o/right", 0)];
      return store.commit(index % 2 === 0 ? pair : pair.reverse());
    }));
    same(answers.filter(Boolean).length, 1, "winners");
    same(await keysOf(store.scan("o/", null, 10)), ["o/left", "o/right"], "the records");
  },
};
