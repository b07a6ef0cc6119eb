/**
 * What a file says about itself, in the few figures by which files are held against each other.
 *
 * Invariant: nothing of it is derived but what is short of a control total, and that is the first that differs.
 */

import type { ControlTotals, FileStatement } from "./readers-lines.js";

/** A statement of an account, or a report with a footer, in short. */
export interface StatementFigures {
  readonly line: number;
  readonly account: string;
  readonly id: string;
  readonly number: bigint | undefined;
  readonly page: bigint | undefined;
  readonly currency: string;
  readonly from: number | undefined;
  readonly opening: bigint | undefined;
  readonly closing: bigint | undefined;
  readonly sum: bigint;
  /** In words; empty where every control total is what was read. */
  readonly shortfall: string;
  /** That total, where it is an amount. */
  readonly totals: { readonly declared: bigint; readonly counted: bigint } | undefined;
}

/** Control totals in words, with whether they are amounts of minor units. */
const TOTALS: readonly (readonly [keyof ControlTotals<unknown>, string, boolean])[] = [
  ["entries", "entries", false],
  ["creditEntries", "entries that add", false],
  ["debitEntries", "entries that take away", false],
  ["records", "records", false],
  ["credits", "as the sum of what was added, in minor units", true],
  ["debits", "as the sum of what was taken away, in minor units", true],
  ["checksum", "as its check sum", true],
];

/** The figures of the statements of a file; `usual` is the currency of those that name none, such as the trailer of a file. */
export function figuresOf(statements: readonly FileStatement[], usual: string | undefined): StatementFigures[] {
  return statements.flatMap((statement) => {
    const { place, account, id, number, page, currency, from, opening, closing, declared, counted } = statement;
    const named = currency ?? opening?.currency ?? closing?.currency ?? usual;
    // A file without any amount has nothing to be short of.
    if (named === undefined) return [];
    const short = TOTALS.find(([name]) => declared[name] !== undefined && declared[name] !== counted[name]);
    const [name, words, isAmount] = short ?? [];
    const [said, found] = name === undefined ? [] : [declared[name], counted[name]];
    return {
      line: place.line,
      account, id, number, page,
      currency: named,
      from: from ?? opening?.at,
      opening: opening?.minor,
      closing: closing?.minor,
      sum: counted.credits - counted.debits,
      shortfall: words === undefined ? "" : `it says ${String(said)} ${words}, and ${String(found)} were read`,
      totals: isAmount === true && said !== undefined && found !== undefined ? { declared: said, counted: found } : undefined,
    };
  });
}

/** Members that may not fit into a number. */
const WHOLE = new Set(["number", "page", "opening", "closing", "sum", "declared", "counted"]);

/** Figures as a document of JSON, with digits for what may not fit into a number. */
export function writtenFigures(figures: StatementFigures): unknown {
  return JSON.parse(JSON.stringify(figures, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value)));
}

/** The figures of such a document. */
export function figuresWritten(document: unknown): StatementFigures {
  return JSON.parse(JSON.stringify(document), (name, value: unknown) => (WHOLE.has(name) ? BigInt(value as string) : value)) as StatementFigures;
}
