/**
 * The sealed journal, line by line, as the ledger in memory reads it.
 *
 * Invariant: a line is made of the stored record and the stored hash, and of nothing that was computed here, so that whoever
 * checks it checks what is in the database.
 */

import { TillproofError } from "../../shell/errors.js";
import type { Queries } from "../../stores/postgres/drivers.js";
import type { Store, StoredRecord } from "../../stores/store.js";

/** Reads sealed lines after a position, at most `limit`, in order. */
export async function readLines({ query }: Queries, prefix: string, after: number, limit: number): Promise<readonly string[]> {
  const { rows } = await query(
    `SELECT c.position::text AS position, e.member, e.record, encode(c.hash, 'hex') AS hash,
       coalesce((SELECT encode(p.hash, 'hex') FROM ${prefix}_chain AS p WHERE p.position = c.position - 1), repeat('0', 64)) AS previous
     FROM ${prefix}_chain AS c LEFT JOIN ${prefix}_entries AS e ON e.number = c.number AND e.posted_at = c.posted_at
     WHERE c.position > $1::bigint ORDER BY c.position LIMIT $2::bigint`,
    [after, limit],
  );
  return rows.map(({ position, member, record, hash, previous }) => {
    const name = member === "account" ? "account" : "entry";
    return `{"${name}":${String(record)},"hash":"${String(hash)}","position":${String(position)},"previous":"${String(previous)}"}`;
  });
}

/** The journal as a store of the ledger in memory, which only reads. */
export function journalStore(queries: Queries, prefix: string, keys: string): Store {
  const positionOf = (key: string): number => Number(key.slice(keys.length));
  const recordOf = (value: string, position: number): StoredRecord => ({
    key: keys + String(position).padStart(12, "0"),
    version: 1,
    value,
    wakeAt: null,
  });
  return {
    async get(key) {
      const position = positionOf(key);
      const [line] = await readLines(queries, prefix, position - 1, 1);
      return line === undefined ? null : recordOf(line, position);
    },
    async scan(_prefix, after, limit) {
      const before = after === null ? 0 : positionOf(after);
      return (await readLines(queries, prefix, before, limit)).map((line, index) => recordOf(line, before + index + 1));
    },
    due: async () => [],
    async commit() {
      throw new TillproofError({
        code: "postgres_books_read_only",
        message: "these books are a copy to be read: post to the ledger of createPostgresLedger",
      });
    },
  };
}
