/** The promises about finding records: what is due, what has a prefix, and what may be dropped. */

import type { Store } from "../store.js";
import { keysOf, type Promises, same, write } from "./check.js";

/** What every store promises about searches. */
export const OF_SEARCHES: Promises<Store> = {
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
    for (let after: string | null = null; seen.length <= keys.length; ) {
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

  "a prefix finds what begins with it, and nothing else": async (store) => {
    // Each of these means something to LIKE, GLOB, KEYS or a regular expression.
    const signs = ["%", "_", "*", "?", "[a]", "\\", ".", "^", "'", '"', "{b}", "ä", "🦀", "\u{10ffff}", "A"];
    const keys = signs.map((sign) => `p/${sign}/1`);
    await store.commit([...keys, "p/a/1", "p/ab/1", "p", "p0", "q/%/1"].map((key) => write(key, 0, "", 5)));
    for (const [index, sign] of signs.entries()) {
      const expected = [keys[index]];
      same(await keysOf(store.scan(`p/${sign}/`, null, 10)), expected, `a scan for ${sign}`);
      same(await keysOf(store.due(`p/${sign}/`, 10, 10)), expected, `what is due for ${sign}`);
    }
    same((await store.scan("p/", null, 100)).length, signs.length + 2, "records of the folder");
    same((await store.scan("", null, 100)).length, signs.length + 5, "records of all");
    same(await keysOf(store.scan("nothing/", null, 10)), [], "a prefix nobody has");
  },

  "hundreds of records are due in the order of their times, and at one time in the order of their keys": async (store) => {
    const count = 700;
    // Multiplied by a number without a common divisor: every place once, in no order.
    const writes = Array.from({ length: count }, (_, index) => {
      const place = (index * 373) % count;
      return write(`d/${String(place).padStart(3, "0")}`, 0, "", 1_000 + Math.floor(place / 7));
    });
    await store.commit(writes);
    const expected = Array.from({ length: count }, (_, place) => `d/${String(place).padStart(3, "0")}`);
    same(await keysOf(store.due("d/", 9_999, count)), expected, "all of them");
    same(await keysOf(store.due("d/", 9_999, 501)), expected.slice(0, 501), "the first 501");
    same(await keysOf(store.due("d/", 1_010, count)), expected.slice(0, 77), "those due by 1,010");
    await store.commit([write("d/699", 1, "", 1)]);
    same((await store.due("d/", 9_999, 1))[0]?.key, "d/699", "one whose time was changed");
  },

  "a page begins after a key, whether that is there or not": async (store) => {
    await store.commit(["a/1", "a/2", "a/3", "b/1"].map((key) => write(key, 0)));
    const table: [after: string | null, expected: string[]][] = [
      [null, ["a/1", "a/2", "a/3"]],
      ["", ["a/1", "a/2", "a/3"]],
      ["a/0", ["a/1", "a/2", "a/3"]],
      ["a/1", ["a/2", "a/3"]],
      ["a/1a", ["a/2", "a/3"]],
      ["a/3", []],
      ["b", []],
      ["🦀", []],
    ];
    for (const [after, expected] of table) {
      same(await keysOf(store.scan("a/", after, 10)), expected, `after ${JSON.stringify(after)}`);
    }
  },

  "a limit of nothing finds nothing": async (store) => {
    await store.commit([{ ...write("n", 0, "", 1), expiresAt: 1 }]);
    same((await store.scan("", null, 0)).length, 0, "scanned");
    same((await store.due("", 10, 0)).length, 0, "due");
    if (store.purge !== undefined) same(await store.purge(10, 0), 0, "dropped");
  },
};
