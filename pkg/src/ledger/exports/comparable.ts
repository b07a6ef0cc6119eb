/**
 * What the books say, however the news came: two ledgers that learnt of the same events in another order, twice, or late,
 * give the same text.
 */

import type { EntryDocument } from "../entry.js";
import type { Ledger } from "../ledger.js";
import { moved, sourceOf } from "./journal.js";

/**
 * The entries that stand, sorted by time and id, and every balance that is not zero, one JSON text a line. Left out are how
 * and when the news came, entries that were taken back whole with what took them back, and what was only held.
 */
export function toComparable(ledger: Ledger): string {
  const { entries, trial } = sourceOf(ledger);
  const undone = new Set<string>();
  for (const { entry } of entries) {
    for (const { relation, entry: original } of entry.links ?? []) {
      if (relation === "reverses") undone.add(original).add(entry.id);
    }
  }
  const standing = entries
    .map(({ entry }) => ({ entry, postings: moved(entry) }))
    .filter(({ entry, postings }) => postings.length > 0 && !undone.has(entry.id))
    .sort((a, b) => a.entry.occurred_at - b.entry.occurred_at || (a.entry.id < b.entry.id ? -1 : 1))
    .map(({ entry: { cause, recorded_at, ...said }, postings }) => ({ ...said, postings }) satisfies Partial<EntryDocument>);
  const balances = trial.flatMap(({ currency, accounts }) =>
    accounts
      .filter(({ debits, credits }) => debits !== credits)
      .map(({ account, balance }) => ({ account, currency, balance: String(balance) })),
  );
  return [...standing, ...balances].map((line) => `${JSON.stringify(line)}\n`).join("");
}
