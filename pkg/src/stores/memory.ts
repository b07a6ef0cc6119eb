/**
 * A store that forgets when the process ends: for tests, demos and pages.
 *
 * Invariant: a commit happens between two turns of the event loop, so nobody sees half of it.
 */

import { text } from "../shell/guard.js";
import { Expiries } from "./expiries.js";
import type { Store, StoredRecord, Write } from "./store.js";
import { byKey, byWakeTime, checkDue, checkPurge, checkSearch, checkWrites } from "./rules.js";

/** A store in this process's memory. */
export function memoryStore(): Store {
  const records = new Map<string, StoredRecord>();
  /** Those that are to wake, apart: a search for what is due comes again and again. */
  const waking = new Map<string, StoredRecord>();
  const expiries = new Expiries();
  const startingWith = (prefix: string, all: ReadonlyMap<string, StoredRecord>): StoredRecord[] =>
    [...all.values()].filter((record) => record.key.startsWith(prefix));

  return {
    async get(key: string): Promise<StoredRecord | null> {
      return records.get(text("key", key)) ?? null;
    },

    async commit(writes: readonly Write[]): Promise<boolean> {
      checkWrites(writes);
      const held = writes.every((write) => (records.get(write.key)?.version ?? 0) === write.expected);
      if (!held) return false;
      // From here on the commit succeeds.
      for (const { key, expected, value, wakeAt, expiresAt } of writes) {
        const record = Object.freeze({ key, version: expected + 1, value, wakeAt: wakeAt ?? null });
        records.set(key, record);
        if (record.wakeAt === null) waking.delete(key);
        else waking.set(key, record);
        expiries.set(key, expiresAt ?? null);
      }
      return true;
    },

    async due(prefix: string, now: number, limit: number): Promise<StoredRecord[]> {
      checkDue(prefix, now, limit);
      return startingWith(prefix, waking)
        .filter((record) => record.wakeAt !== null && record.wakeAt <= now)
        .sort(byWakeTime)
        .slice(0, limit);
    },

    async scan(prefix: string, after: string | null, limit: number): Promise<StoredRecord[]> {
      checkSearch(prefix, after, limit);
      return startingWith(prefix, records)
        .filter((record) => after === null || byKey(record, { key: after }) > 0)
        .sort(byKey)
        .slice(0, limit);
    },

    async purge(now: number, limit: number): Promise<number> {
      checkPurge(now, limit);
      const keys = expiries.take(now, limit);
      for (const key of keys) {
        records.delete(key);
        waking.delete(key);
      }
      return keys.length;
    },
  };
}
