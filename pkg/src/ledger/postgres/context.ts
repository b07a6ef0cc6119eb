/**
 * The few records a decision depends on, out of books that no process holds whole.
 *
 * Invariant: what is kept in memory is what was committed: the standings of accounts, with the version they belong to. What a
 * transaction of the caller's has seen is used for that call alone, since it may be rolled back.
 */

import type { Queries } from "../../stores/postgres/drivers.js";
import type { EntryDocument, RecordDocument, StandingDocument } from "../entry.js";

/** The standings of all accounts, in their order. */
export interface Standings {
  readonly version: string;
  /** Whether they were changed in the transaction that asked, and may be rolled back with it. */
  readonly unsure: boolean;
  readonly all: readonly StandingDocument[];
}

/** What an entry takes from, with all that took from it before, in the order of the books. */
export interface History {
  readonly records: readonly EntryDocument[];
  /** The number of each. */
  readonly numbers: readonly number[];
  /** How many have taken from it. */
  readonly taken: number;
}

/** Most steps from an entry to the one it takes from: a capture that is reversed, of a hold. More only in broken books. */
const DEPTH_MAX = 16;

/** Reads the standings of accounts. */
export async function readStandings({ query }: Queries, prefix: string): Promise<Standings> {
  const { rows } = await query(
    `SELECT r.version::text AS version, coalesce(r.changed_by = pg_current_xact_id_if_assigned(), false) AS unsure, e.record
     FROM ${prefix}_rules AS r LEFT JOIN ${prefix}_entries AS e ON e.member = 'account' WHERE r.one = 1 ORDER BY e.number`,
    [],
  );
  const records = rows.map(({ record }) => record).filter((record) => record !== null);
  return { version: String(rows[0]?.["version"]), unsure: rows[0]?.["unsure"] === true, all: records.map((record) => JSON.parse(String(record)) as StandingDocument) };
}

/** The standings that hold for one of these accounts: theirs, and those of the accounts above. */
export function standingsFor({ all }: Standings, accounts: readonly string[]): readonly StandingDocument[] {
  if (all.length === 0) return [];
  const names = new Set<string>();
  for (const account of accounts) {
    for (let end = account.length; end > 0; end = account.lastIndexOf(":", end - 1)) names.add(account.slice(0, end));
  }
  return all.filter(({ account }) => names.has(account));
}

/** The entry that is taken from, if it takes anything. */
export function takenBy(record: RecordDocument): string | null {
  const links = "links" in record ? (record.links ?? []) : [];
  return links.find(({ relation }) => relation !== "follows")?.entry ?? null;
}

/** Reads what an entry takes from. */
export async function readHistory({ query }: Queries, prefix: string, id: string): Promise<History> {
  const found = new Map<string, EntryDocument>();
  let taken = 0;
  let next: string | null = id;
  for (let depth = 0; next !== null && depth < DEPTH_MAX; depth += 1) {
    const { rows } = await query(
      `SELECT e.number::text AS number, e.record FROM ${prefix}_ids AS i
         JOIN ${prefix}_entries AS e ON e.number = i.number AND e.posted_at = i.posted_at WHERE i.id = $1
       UNION ALL SELECT e.number::text, e.record FROM ${prefix}_entries AS e WHERE e.takes = $1`,
      [next],
    );
    for (const row of rows) found.set(String(row["number"]), JSON.parse(String(row["record"])) as EntryDocument);
    if (depth === 0) taken = Math.max(0, rows.length - 1);
    const original = [...found.values()].find((record) => record.id === next);
    next = original === undefined ? null : takenBy(original);
  }
  const inOrder = [...found].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1));
  return { records: inOrder.map(([, record]) => record), numbers: inOrder.map(([number]) => Number(number)), taken };
}
