/**
 * Where the merchant's process of the crash tests dies: between two steps, by its own SIGKILL, which no handler sees and
 * no destructor follows. The product knows nothing of it: the store it was given is wrapped.
 */

import type { Store, StoredRecord, Write } from "../../../pkg/src/stores/store.js";

/** In the place of a commit: the rest of the business was told, and that this was done is not stored. */
export const TOLD = "told";

/** The commit before or after which the process dies. */
export interface KillPoint {
  readonly when: "before" | "after";
  /** The type of an entry that the commit adds to a journal, or {@link TOLD}. */
  readonly commit: string;
}

/** A store whose process dies at a commit. */
export function deadly(store: Store, point: KillPoint): Store {
  const seen = new Map<string, number>();
  const strikes = (writes: readonly Write[]): boolean =>
    writes.some(({ key, value }) => added(seen, key, value).includes(point.commit));
  const noted = (records: readonly (StoredRecord | null)[]): void => {
    for (const record of records) if (record !== null) seen.set(record.key, journalOf(record.value).length);
  };
  return {
    ...store,
    async get(key) {
      const record = await store.get(key);
      noted([record]);
      return record;
    },
    async commit(writes) {
      const now = strikes(writes);
      if (now && point.when === "before") die();
      const done = await store.commit(writes);
      if (now && done) die();
      return done;
    },
  };
}

/** Types of the entries that are new in a journal. */
function added(seen: ReadonlyMap<string, number>, key: string, value: string): string[] {
  return journalOf(value).slice(seen.get(key) ?? 0).map(({ type }) => type);
}

function journalOf(value: string): readonly { readonly type: string }[] {
  try {
    const { journal } = JSON.parse(value) as { journal?: { type: string }[] };
    return journal ?? [];
  } catch {
    return [];
  }
}

/** At once, and without a word. */
export function die(): void {
  process.kill(process.pid, "SIGKILL");
}
