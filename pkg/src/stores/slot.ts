/** A record as engines read it. */

import type { StoredRecord } from "./store.js";

/** A record as it was read; version 0 when there is none. */
export interface Slot {
  readonly key: string;
  readonly version: number;
  readonly value?: string;
}

/** A key and what stands under it. */
export function slot(key: string, record: StoredRecord | null): Slot {
  return record === null ? { key, version: 0 } : { key, version: record.version, value: record.value };
}
