/**
 * Mapping files: how the tables of `tillproof reconcile` and `tillproof read` are to be read.
 *
 * Invariant: a side is either renamed (a name for each column, and the values are those of the contract) or a table of its own
 * (with `columns`, decimal mark, order of dates, currency, types), and never both.
 */

import type { ReconcileOptions, TableMapping } from "../reconcile/index.js";
import { jsonFile, SIDES, type Side } from "./reconcile-flags.js";
import { shown, UsageError } from "./usage.js";

/** How a table is read: what the reader takes, and how its letters are encoded. */
export interface Table {
  readonly mapping: TableMapping;
  readonly encoding?: string;
}

/** What mapping files say, by side. */
export interface Mappings {
  /** The file's name of each column, for sides that have no more than other names. */
  readonly columns: NonNullable<ReconcileOptions["columns"]>;
  /** Sides with tables of their own. */
  readonly tables: Readonly<Partial<Record<Side, Table>>>;
}

/** Members of a table as they are called in a file. */
const MEMBERS = {
  columns: "columns",
  currency: "currency",
  decimal: "decimal",
  dateOrder: "date_order",
  delimiter: "delimiter",
  rowsBeforeHeader: "rows_before_header",
  signedByEffect: "signed_by_effect",
  feesNegative: "fees_negative",
  types: "types",
  statuses: "statuses",
} as const satisfies Readonly<Record<keyof TableMapping, string>>;

/** Names that no column of the contract has: who writes one of them means a table. `currency` alone is a column. */
const TELLING: readonly string[] = [...Object.values(MEMBERS).filter((name) => name !== "currency"), "encoding"];

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** What the files of `--mapping` say together. A side that two of them speak of is refused. */
export function mappings(paths: readonly string[] = []): Mappings {
  const saidBy = new Map<Side, string>();
  const columns: Record<string, Readonly<Record<string, string>>> = {};
  const tables: Partial<Record<Side, Table>> = {};
  for (const path of paths) {
    for (const [side, fields] of sidesOf(path)) {
      const before = saidBy.get(side);
      if (before !== undefined) throw wrong(path, `the ${side} is mapped by ${shown(before)} already: put both into one`);
      saidBy.set(side, path);
      if (isTable(fields)) tables[side] = tableOf(path, fields);
      else columns[side] = namesOf(path, fields);
    }
  }
  return { columns, tables };
}

/** How `tillproof read` is to read a table: the part of its side, or a file that speaks of nothing else. */
export function tableMapping(path: string, sides: readonly Side[]): Table {
  const document = jsonFile("mapping", path);
  if (!isObject(document)) throw wrong(path, "expected an object");
  if (!SIDES.some((side) => side in document)) return tableOf(path, document);
  const side = sides.find((one) => one in document);
  const fields = side === undefined ? undefined : document[side];
  if (!isObject(fields)) throw wrong(path, `it says nothing of the ${sides.join(" or the ")}`);
  return isTable(fields) ? tableOf(path, fields) : { mapping: { columns: namesOf(path, fields) } };
}

/** A mapping as a file, which both commands take. */
export function mappingDocument(side: Side, mapping: TableMapping, encoding: string | undefined): Fields {
  const members = Object.entries(mapping).map(([name, value]) => [memberName(name as keyof TableMapping), value] as const);
  return { [side]: { ...(encoding === undefined ? {} : { encoding }), ...Object.fromEntries(members) } };
}

/** What a member of a mapping is called in a file. */
export function memberName(name: keyof TableMapping): string {
  return MEMBERS[name];
}

const wrong = (path: string, why: string): UsageError => new UsageError(`--mapping ${shown(path)}: ${why}`);

/** A file by side. Plain names without a side are those of both ledger and settlement. */
function sidesOf(path: string): [Side, Fields][] {
  const document = jsonFile("mapping", path);
  if (!isObject(document)) throw wrong(path, "expected an object");
  if (!SIDES.some((side) => side in document)) {
    if (isTable(document)) throw wrong(path, 'a table needs the side it is of: {"settlement": {"columns": …}}, or ledger or bank');
    return [["ledger", document], ["settlement", document]];
  }
  return Object.entries(document).map(([key, fields]) => {
    const side = SIDES.find((one) => one === key);
    if (side === undefined) throw wrong(path, `${shown(key)} is no side: expected ${SIDES.join(", ")}`);
    if (!isObject(fields)) throw wrong(path, `${shown(key)} is no object: expected a name for each column, or a table with "columns"`);
    return [side, fields];
  });
}

/** The values of a table's members are checked by the reader. */
function isTable(fields: Fields): boolean {
  return Object.keys(fields).some((name) => TELLING.includes(name));
}

function tableOf(path: string, { encoding, ...fields }: Fields): Table {
  const names = new Map<string, string>(Object.entries(MEMBERS).map(([ours, theirs]) => [theirs, ours]));
  const entries = Object.entries(fields).map(([theirs, value]) => {
    const ours = names.get(theirs);
    if (ours === undefined) throw wrong(path, `${shown(theirs)} is no member: expected encoding, ${[...names.keys()].join(", ")}`);
    return [ours, value] as const;
  });
  if (encoding !== undefined && typeof encoding !== "string") throw wrong(path, "encoding is no text");
  return { mapping: Object.fromEntries(entries), ...(encoding === undefined ? {} : { encoding }) };
}

function namesOf(path: string, fields: Fields): Record<string, string> {
  const names: Record<string, string> = {};
  for (const [ours, theirs] of Object.entries(fields)) {
    if (typeof theirs !== "string" || theirs === "") throw wrong(path, `the column of ${shown(ours)} is no name`);
    names[ours] = theirs;
  }
  return names;
}
