/**
 * Postings in CSV: what `toPostingsCsv` wrote comes back as the journal it was written from, what others wrote as entries.
 *
 * A file of others has the columns `entry`, `occurred_at`, `account`, `currency` and either `side` with `amount_minor` or
 * `amount`, a decimal that is negative for a credit. `cause`, `description`, `key`, `layer`, `recorded_at`, `expires_at`,
 * `links` and `facts` may be there. Rows with the same `entry` are one entry. Other columns are refused by name: what nobody
 * reads would be lost.
 */

import { onlyKnown, text } from "../../shell/guard.js";
import { fromDocument, type EntryDocument, type PostingDocument, type StandingDocument } from "../entry.js";
import { COLUMNS, rowsOf, type Column } from "../exports/csv.js";
import { MoneyReader } from "./money.js";
import { withBooks, type ImportedBooks, type Placed } from "./own.js";
import { misread, type Place } from "./place.js";
import { takesAll, type ImportOptions } from "./transactions.js";

const NEEDED: readonly (readonly string[])[] = [["entry"], ["occurred_at"], ["account"], ["currency"], ["amount_minor", "amount"]];

/** What every row of an entry says alike. */
const OF_ENTRIES: readonly Column[] = ["occurred_at", "recorded_at", "cause", "description", "expires_at", "links", "facts"];

/** A row of a file: its cells by column, and where each stands. */
interface Row {
  readonly place: Place;
  readonly cell: (column: Column | "amount") => string;
  readonly at: (column: Column | "amount") => Place;
}

/** The postings of a CSV file. Throws `import_invalid` with the line and the column of the first thing that is not read. */
export function fromPostingsCsv(csv: string, options: ImportOptions = {}): ImportedBooks {
  const { name = "csv", account = (given: string) => given } = onlyKnown("options", options, ["name", "account", "currencies"]);
  const [header, ...records] = table(text("csv", csv).replace(/^\uFEFF/, ""));
  const columns = header?.cells ?? [];
  const first = { line: 1, column: 1 };
  const unknown = columns.findIndex((column) => column !== "amount" && !(COLUMNS as readonly string[]).includes(column));
  if (unknown !== -1) throw misread(header?.places[unknown] ?? first, columns[unknown] ?? "", `one of the columns ${COLUMNS.join(", ")}, amount`);
  const own = columns.includes("hash");
  for (const wanted of own ? COLUMNS.map((column) => [column]) : NEEDED) {
    if (!wanted.some((column) => columns.includes(column))) throw misread(first, columns.join(","), `the column ${wanted.join(" or ")}`);
  }
  const money = new MoneyReader(options.currencies);
  try {
    const rows = records.map((record) => rowOf(record, columns));
    const placed = recordsOf(rows, money, { account, cause: `import of ${name}` });
    if (own) return withBooks(placed, (source) => sameRows(rows, rowsOf(source)));
    const documents = placed.map(({ place, record }) => ({ place, document: record as EntryDocument }));
    takesAll(documents);
    return { journal: null, entries: documents.map(({ document }) => fromDocument(document)) };
  } finally {
    money.close();
  }
}

function rowOf({ cells, places }: Cells, columns: readonly string[]): Row {
  const place = places[0] ?? { line: 1, column: 1 };
  if (cells.length !== columns.length) throw misread(place, `${cells.length} cells`, `${columns.length}, as the header has`);
  return {
    place,
    cell: (column) => cells[columns.indexOf(column)] ?? "",
    at: (column) => places[columns.indexOf(column)] ?? place,
  };
}

interface Naming {
  readonly account: (name: string) => string;
  /** The cause of an entry that has none. */
  readonly cause: string;
}

function recordsOf(rows: readonly Row[], money: MoneyReader, naming: Naming): readonly Placed[] {
  const open = new Map<string, { readonly first: Row; readonly postings: PostingDocument[] }>();
  return rows.flatMap((row): readonly Placed[] => {
    const id = row.cell("entry");
    if (row.cell("state") !== "") {
      const standing = { account: row.cell("account"), state: row.cell("state"), ...given(row, "limit") };
      return [{ place: row.place, hash: row.cell("hash"), record: { ...common(row, naming.cause), ...standing } as StandingDocument }];
    }
    const posting = postingOf(row, money, naming.account);
    const known = open.get(id);
    if (known !== undefined) {
      for (const column of OF_ENTRIES) {
        if (row.cell(column) !== known.first.cell(column)) throw misread(row.at(column), row.cell(column), `${JSON.stringify(known.first.cell(column))}, as the first row of ${id} says`);
      }
      known.postings.push(posting);
      return [];
    }
    const postings = [posting];
    open.set(id, { first: row, postings });
    const entry = {
      ...common(row, naming.cause),
      ...given(row, "description"),
      ...(row.cell("expires_at") === "" ? {} : { expires_at: time(row, "expires_at") }),
      ...(row.cell("links") === "" ? {} : { links: json(row, "links") }),
      ...(row.cell("facts") === "" ? {} : { facts: json(row, "facts") }),
      postings,
    };
    return [{ place: row.place, hash: row.cell("hash"), record: entry as EntryDocument }];
  });
}

function common(row: Row, cause: string) {
  const occurredAt = time(row, "occurred_at");
  return {
    id: row.cell("entry"),
    occurred_at: occurredAt,
    recorded_at: row.cell("recorded_at") === "" ? occurredAt : time(row, "recorded_at"),
    cause: row.cell("cause") === "" ? cause : row.cell("cause"),
  };
}

function postingOf(row: Row, money: MoneyReader, named: (name: string) => string): PostingDocument {
  const currency = money.currency(row.cell("currency"));
  const decimal = row.cell("amount");
  const minor = decimal === "" ? null : money.minor(decimal, currency, row.at("amount"));
  const digits = minor === null ? row.cell("amount_minor") : String(minor < 0n ? -minor : minor);
  const side = minor === null ? row.cell("side") : minor < 0n ? "credit" : "debit";
  if (!/^[0-9]{1,19}$/.test(digits)) throw misread(row.at("amount_minor"), digits, "whole minor units such as 1050");
  if (side !== "debit" && side !== "credit") throw misread(row.at("side"), side, "debit or credit");
  const posting = { account: named(row.cell("account")), side, amount_minor: digits, currency, ...given(row, "key"), ...given(row, "layer") };
  return posting as PostingDocument;
}

function given<C extends Column>(row: Row, column: C): { readonly [P in C]?: string } {
  return row.cell(column) === "" ? {} : ({ [column]: row.cell(column) } as { readonly [P in C]?: string });
}

function time(row: Row, column: Column): number {
  const ms = Date.parse(row.cell(column));
  if (Number.isNaN(ms)) throw misread(row.at(column), row.cell(column), "a time such as 2026-03-01T12:00:00Z");
  return ms;
}

function json(row: Row, column: Column): unknown {
  try {
    return JSON.parse(row.cell(column));
  } catch (error) {
    throw misread(row.at(column), row.cell(column), "JSON, as in the journal", error);
  }
}

/** Refuses a file at its first cell that would be written otherwise, and one that ends too early. */
function sameRows(rows: readonly Row[], expected: readonly Partial<Record<Column, string>>[]): void {
  const last = rows.at(-1);
  if (last !== undefined && last.cell("position") !== last.cell("of")) {
    throw misread(last.place, `position ${last.cell("position")} in the last row`, `all ${last.cell("of")}: the file is not whole`);
  }
  for (const [index, row] of rows.entries()) {
    for (const column of COLUMNS) {
      const should = expected[index]?.[column] ?? "";
      if (row.cell(column) !== should) throw misread(row.at(column), row.cell(column), `${JSON.stringify(should.slice(0, 80))}, as Tillproof wrote it`);
    }
  }
}

interface Cells {
  readonly cells: string[];
  readonly places: Place[];
}

/** The records of RFC 4180: quotes double inside quotes, and line ends may stand there too. */
function table(csv: string): readonly Cells[] {
  const found: Cells[] = [];
  let row: Cells = { cells: [], places: [] };
  let [line, begins] = [1, 0];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (cells.lastIndex < csv.length) {
    const from = cells.lastIndex;
    const place = { line, column: from - begins + 1 };
    const match = cells.exec(csv);
    if (match === null) throw misread(place, csv.slice(from, from + 80), "a cell whose quotes are doubled inside and closed at its end");
    row.cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    row.places.push(place);
    for (let at = csv.indexOf("\n", from); at !== -1 && at < cells.lastIndex; at = csv.indexOf("\n", at + 1)) [line, begins] = [line + 1, at + 1];
    if (match[3] !== ",") {
      found.push(row);
      row = { cells: [], places: [] };
    } else if (cells.lastIndex === csv.length) {
      row.cells.push("");
      row.places.push({ line, column: csv.length - begins + 1 });
    }
  }
  if (row.cells.length > 0) found.push(row);
  return found;
}
