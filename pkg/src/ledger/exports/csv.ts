/**
 * Postings as CSV, and back: one row for each posting, everything the entry says in each.
 *
 * Invariant: `fromPostingsCsv(toPostingsCsv(ledger))` are the entries of the ledger, and posting them again answers of each
 * that it exists.
 */

import { TillproofError } from "../../shell/errors.js";
import { text } from "../../shell/guard.js";
import { fromDocument, type EntryDocument, type EntryInput, type PostingDocument } from "../entry.js";
import type { Ledger } from "../ledger.js";
import { sourceOf } from "./journal.js";

const COLUMNS = [
  "position",
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
] as const;

type Column = (typeof COLUMNS)[number];

/** RFC 4180 with LF. Times are RFC 3339, amounts minor units; `links` and `facts` are JSON as in the journal. */
export function toPostingsCsv(ledger: Ledger): string {
  const rows = sourceOf(ledger).entries.flatMap(({ position, entry }) =>
    entry.postings.map((posting) => {
      const cells: Readonly<Record<Column, string | undefined>> = {
        position: String(position),
        entry: entry.id,
        occurred_at: new Date(entry.occurred_at).toISOString(),
        recorded_at: new Date(entry.recorded_at).toISOString(),
        cause: entry.cause,
        description: entry.description,
        expires_at: entry.expires_at === undefined ? undefined : new Date(entry.expires_at).toISOString(),
        links: entry.links && JSON.stringify(entry.links),
        facts: entry.facts && JSON.stringify(entry.facts),
        account: posting.account,
        key: posting.key,
        layer: posting.layer,
        side: posting.side,
        amount_minor: posting.amount_minor,
        currency: posting.currency,
      };
      return COLUMNS.map((column) => cell(cells[column] ?? "")).join(",");
    }),
  );
  return `${[COLUMNS.join(","), ...rows].join("\n")}\n`;
}

/** The entries of such a file, for `ledger.postAll`. Columns may stand in any order. Throws `csv_invalid` with the row. */
export function fromPostingsCsv(csv: string): readonly EntryInput[] {
  const [header = [], ...rows] = records(text("csv", csv));
  const missing = COLUMNS.find((column) => !header.includes(column));
  if (missing !== undefined) throw invalid(1, `the column ${missing} is missing`);
  const entries = new Map<string, { document: EntryDocument; postings: PostingDocument[] }>();
  for (const [index, row] of rows.entries()) {
    if (row.length !== header.length) throw invalid(index + 2, `it has ${row.length} cells, the header ${header.length}`);
    const at = (column: Column): string => row[header.indexOf(column)] ?? "";
    const given = <C extends Column>(column: C): string | undefined => (at(column) === "" ? undefined : at(column));
    const posting = {
      account: at("account"),
      side: at("side"),
      amount_minor: at("amount_minor"),
      currency: at("currency"),
      ...(given("key") === undefined ? {} : { key: at("key") }),
      ...(given("layer") === undefined ? {} : { layer: at("layer") }),
    } as PostingDocument;
    if (!/^[0-9]{1,19}$/.test(posting.amount_minor)) throw invalid(index + 2, "amount_minor is not whole minor units");
    const known = entries.get(at("entry"));
    if (known !== undefined) {
      known.postings.push(posting);
      continue;
    }
    const time = (column: Column): number => {
      const ms = Date.parse(at(column));
      if (Number.isNaN(ms)) throw invalid(index + 2, `${column} is not a time such as 2026-03-01T12:00:00Z`);
      return ms;
    };
    const postings = [posting];
    const document = {
      id: at("entry"),
      occurred_at: time("occurred_at"),
      recorded_at: time("recorded_at"),
      cause: at("cause"),
      ...(given("description") === undefined ? {} : { description: at("description") }),
      ...(given("expires_at") === undefined ? {} : { expires_at: time("expires_at") }),
      ...(given("links") === undefined ? {} : { links: json(index + 2, at("links")) as EntryDocument["links"] }),
      ...(given("facts") === undefined ? {} : { facts: json(index + 2, at("facts")) as EntryDocument["facts"] }),
      postings,
    } as EntryDocument;
    entries.set(document.id, { document, postings });
  }
  return [...entries.values()].map(({ document }) => ({ ...fromDocument(document), recordedAt: document.recorded_at }));
}

function json(row: number, cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    throw invalid(row, "links or facts are not JSON");
  }
}

/** The records of RFC 4180: quotes double inside quotes, and line ends may stand there too. */
function records(csv: string): string[][] {
  const found: string[][] = [];
  let row: string[] = [];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (cells.lastIndex < csv.length) {
    const match = cells.exec(csv);
    if (match === null) throw invalid(found.length + 1, "a quote stands where none may, or is not closed");
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] !== ",") {
      found.push(row);
      row = [];
    } else if (cells.lastIndex === csv.length) {
      row.push("");
    }
  }
  if (row.length > 0) found.push(row);
  return found;
}

function cell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function invalid(row: number, problem: string): TillproofError {
  return new TillproofError({
    code: "csv_invalid",
    message: `row ${row} of the file: ${problem}; expected what toPostingsCsv writes`,
    details: { row: String(row) },
  });
}
