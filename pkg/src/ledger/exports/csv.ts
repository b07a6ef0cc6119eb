/**
 * Postings as CSV: one row for each posting, everything its entry says in each, and one for what was said of an account.
 *
 * Invariant: with the hash of its line in each row, and how many lines there are, `fromPostingsCsv` reads the file back as the
 * journal it was written from, also after a spreadsheet has saved it with other quotes and line ends, and never a part of it.
 */

import { sourceOf, type Exported, type Source } from "./journal.js";

/** The columns, in the order in which they are written. */
export const COLUMNS = [
  "position",
  "of",
  "entry",
  "occurred_at",
  "recorded_at",
  "cause",
  "description",
  "expires_at",
  "links",
  "facts",
  "account",
  "key",
  "layer",
  "side",
  "amount_minor",
  "currency",
  "state",
  "limit",
  "hash",
] as const;

export type Column = (typeof COLUMNS)[number];

/** The cells of a row; one that is absent is empty. */
export type Row = Readonly<Partial<Record<Column, string>>>;

/** RFC 4180 with LF. Times are RFC 3339, amounts minor units; `links` and `facts` are JSON as in the journal. */
export function toPostingsCsv(ledger: Exported): string {
  const rows = rowsOf(sourceOf(ledger)).map((row) => COLUMNS.map((column) => cell(row[column] ?? "")).join(","));
  return `${[COLUMNS.join(","), ...rows].join("\n")}\n`;
}

/** What {@link toPostingsCsv} writes, in cells. */
export function rowsOf({ lines }: Source): readonly Row[] {
  return lines.flatMap(({ position, hash, entry, account: standing }): readonly Row[] => {
    const record = entry ?? standing;
    if (record === undefined) return [];
    const common = {
      position: String(position),
      of: String(lines.length),
      entry: record.id,
      occurred_at: new Date(record.occurred_at).toISOString(),
      recorded_at: new Date(record.recorded_at).toISOString(),
      cause: record.cause,
      hash,
    };
    if (entry === undefined) {
      const { account = "", state = "", limit } = standing ?? {};
      return [{ ...common, account, state, ...(limit === undefined ? {} : { limit }) }];
    }
    const { description, expires_at: expires, links, facts } = entry;
    const said = {
      ...common,
      ...(description === undefined ? {} : { description }),
      ...(expires === undefined ? {} : { expires_at: new Date(expires).toISOString() }),
      ...(links === undefined ? {} : { links: JSON.stringify(links) }),
      ...(facts === undefined ? {} : { facts: JSON.stringify(facts) }),
    };
    return entry.postings.map((posting) => ({ ...said, ...posting }));
  });
}

function cell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
