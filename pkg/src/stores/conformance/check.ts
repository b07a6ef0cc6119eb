/** What the checks of a store are made of. */

import type { Store, Write } from "../store.js";

/** Promises by the sentence that says them: each resolves when it is kept, and throws what was found instead. */
export type Promises<S> = Readonly<Record<string, (subject: S) => Promise<void>>>;

/** A write whose value says where it comes from. */
export function write(key: string, expected: number, value = key, wakeAt: number | null = null): Write {
  return { key, expected, value, wakeAt };
}

/** Throws when the two differ as JSON: `what` is the subject of the sentence. */
export function same(found: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: found ${shown(left)}, expected ${shown(right)}`);
}

/** The keys of a search. */
export async function keysOf(records: Promise<readonly { readonly key: string }[]>): Promise<string[]> {
  return (await records).map(({ key }) => key);
}

/** Far more than a fair race takes; without an end, a store that refuses everything would keep a test for ever. */
const TRIES_MAX = 2_000;

/** Adds one to a number in a record, as often as it takes: what every caller of a store does. */
export async function increment(store: Store, key: string): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const record = await store.get(key);
    const next = String(Number(record?.value ?? "0") + 1);
    if (await store.commit([write(key, record?.version ?? 0, next)])) return;
  }
  throw new Error(`of ${TRIES_MAX} commits at the version just read, none got through`);
}

/** A value of a megabyte is no reading matter. */
function shown(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}
