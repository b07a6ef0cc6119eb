/**
 * A store that forgets when the process ends: for tests, demos and pages.
 *
 * Invariant: a commit happens between two turns of the event loop, so nobody sees half of it.
 */

import { text } from "../shell/guard.js";
import type { Store, StoredRecord, Write } from "./store.js";
import { byKey, byWakeTime, checkDue, checkPurge, checkSearch, checkWrites } from "./rules.js";

/** A store in this process's memory. */
export function memoryStore(): Store {
  const records = new Map<string, StoredRecord>();
  /** When a record may be dropped, for those that may. */
  const expiries = new Map<string, number>();
  const startingWith = (prefix: string): StoredRecord[] =>
    [...records.values()].filter((record) => record.key.startsWith(prefix));

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
        records.set(key, Object.freeze({ key, version: expected + 1, value, wakeAt: wakeAt ?? null }));
        if (expiresAt === undefined || expiresAt === null) expiries.delete(key);
        else expiries.set(key, expiresAt);
      }
      return true;
    },

    async due(prefix: string, now: number, limit: number): Promise<StoredRecord[]> {
      checkDue(prefix, now, limit);
      return startingWith(prefix)
        .filter((record) => record.wakeAt !== null && record.wakeAt <= now)
        .sort(byWakeTime)
        .slice(0, limit);
    },

    async scan(prefix: string, after: string | null, limit: number): Promise<StoredRecord[]> {
      checkSearch(prefix, after, limit);
      return startingWith(prefix)
        .filter((record) => after === null || byKey(record, { key: after }) > 0)
        .sort(byKey)
        .slice(0, limit);
    },

    async purge(now: number, limit: number): Promise<number> {
      checkPurge(now, limit);
      const expired = [...expiries].filter(([, expiresAt]) => expiresAt <= now);
      const first = expired.sort(([, left], [, right]) => left - right).slice(0, limit);
      for (const [key] of first) {
        records.delete(key);
        expiries.delete(key);
      }
      return first.length;
    },
  };
}
