/**
 * What each side says in all, found out by reading its files once more.
 *
 * Invariant: all rows are counted, matched or not, as they are signed by what they do to the merchant's balance. Of large files
 * the command knows the same without reading them again: `src/reconcile/sieve/sums.rs`.
 */

import { Bridges, Effects, type Bridge, type Side, type SideTotal, type SideTotals } from "./bridges.js";
import { originalLine } from "./generic.js";
import { readers } from "./readers.js";
import type { BankLine, SettlementLine } from "./readers-lines.js";
import type { Report, RowPlace } from "./report.js";

export type { Bridge, BridgeStep, SideTotal } from "./bridges.js";

/** Totals by side and currency, and the bridges between them. */
export interface Totals {
  readonly ledger: Readonly<Record<string, SideTotal>>;
  readonly settlement: Readonly<Record<string, SideTotal>>;
  readonly bank: Readonly<Record<string, SideTotal>>;
  readonly bridges: readonly Bridge[];
}

/** A file as `reconcile` was given it, with its name. */
export interface TotalledFile {
  readonly name: string;
  readonly data: Uint8Array;
  readonly lines?: readonly number[] | undefined;
}

/** The files of a run, and how they call their columns. */
export interface TotalledFiles {
  readonly ledger: readonly TotalledFile[];
  readonly settlement: readonly TotalledFile[];
  readonly bank: readonly TotalledFile[];
  readonly columns: Readonly<Partial<Record<"ledger" | "settlement" | "bank", Readonly<Record<string, string>>>>>;
}

const SIDES = ["ledger", "settlement", "bank"] as const;

const MOVING: ReadonlySet<string> = new Set(["payout", "payout_failure"]);

/** Reads the files once more, piece by piece, and adds up. `progress` hears of every file that was read. */
export async function totalsOf(report: Report, files: TotalledFiles, progress: (rows: number) => void = () => undefined): Promise<Totals> {
  const { totals, effects } = await addedUp(report, files, progress);
  const bridges = new Bridges(effects);
  report.breaks.forEach((one) => bridges.add(one));
  return { ...totals, bridges: bridges.all(totals, files.bank.length > 0) };
}

/** What each side comes to, and what the rows of breaks do to the balance. */
export async function addedUp(report: Report, files: TotalledFiles, progress: (rows: number) => void): Promise<{ readonly totals: SideTotals; readonly effects: Effects }> {
  const effects = new Effects();
  // Of all rows those of breaks are remembered, and no others.
  for (const { rows } of report.breaks) {
    for (const side of SIDES) for (const place of rows[side]) effects.set(side, place, { currency: "", net: 0n });
  }
  const take: TakeEffect = (side, place, currency, net) => {
    if (effects.get(side, place) !== undefined) effects.set(side, place, { currency, net });
  };
  const of = (side: Side): Promise<SideTotals[Side]> => sideTotals(side, files[side], files.columns[side], take, progress);
  return { totals: { ledger: await of("ledger"), settlement: await of("settlement"), bank: await of("bank") }, effects };
}

/** Hears what a row does to the balance. */
export type TakeEffect = (side: Side, place: RowPlace, currency: string, net: bigint) => void;

/** What one side comes to. */
export async function sideTotals(
  side: Side,
  files: readonly TotalledFile[],
  columns: Readonly<Record<string, string>> | undefined,
  take: TakeEffect,
  progress: (rows: number) => void = () => undefined,
): Promise<SideTotals[Side]> {
  const sums = new Map<string, Sum>();
  for (const { name, data, lines } of files) {
    const batches = readers.batches(data, { format: side === "bank" ? "csv" : "generic", name, ...mapped(data, columns) });
    for await (const batch of batches) {
      const read = readers.unpack(batch);
      const rows = side === "bank" ? read.bank.map(ofBank) : read.settlement.map(ofSettlement);
      for (const { line, currency, gross, fee, isCounted } of rows) {
        const sum = sumOf(sums, currency);
        sum.rows += 1;
        if (isCounted) [sum.gross, sum.fee] = [sum.gross + gross, sum.fee + fee];
        take(side, { file: name, line: originalLine(lines, line) }, currency, isCounted ? gross - fee : 0n);
      }
      progress(rows.length);
    }
  }
  return sorted(Object.fromEntries([...sums].map(([currency, sum]) => [currency, written(sum)])));
}

/** The same by currency in their order. */
export function sorted(totals: SideTotals[Side]): SideTotals[Side] {
  return Object.fromEntries(Object.entries(totals).sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Sum {
  rows: number;
  gross: bigint;
  fee: bigint;
}

interface Line {
  readonly line: number;
  readonly currency: string;
  readonly gross: bigint;
  readonly fee: bigint;
  readonly isCounted: boolean;
}

function ofSettlement({ place, kind, gross, fee, currency, writtenType }: SettlementLine): Line {
  const type = kind === "unknown" ? writtenType : kind;
  return { line: place.line, currency, gross, fee: fee ?? 0n, isCounted: !MOVING.has(type) };
}

function ofBank({ place, amount, state }: BankLine): Line {
  return { line: place.line, currency: amount.currency, gross: amount.minor, fee: 0n, isCounted: state === "booked" };
}

/** The columns that are added up, as the contract calls them. */
const COLUMNS = ["reference", "id", "type", "amount_minor", "amount", "currency", "fee_minor", "fee", "occurred_at", "booked_at"];

/** How much of a file a header is looked for in. */
const HEADER_BYTES = 65_536;

/** A mapping for the readers, who read what it names and nothing else: the renamed columns, and those with their own names. */
function mapped(data: Uint8Array, columns: Readonly<Record<string, string>> | undefined): { mapping?: { columns: Readonly<Record<string, string>> } } {
  if (columns === undefined) return {};
  const [header = ""] = new TextDecoder().decode(data.subarray(0, HEADER_BYTES)).split(/\r?\n|\r/, 1);
  const there = new Set(header.split(",").map((name) => name.trim().replace(/^"(.*)"$/, "$1")));
  const taken = new Set(Object.values(columns));
  const own = COLUMNS.filter((name) => there.has(name) && !taken.has(name) && !Object.hasOwn(columns, name));
  return { mapping: { columns: { ...Object.fromEntries(own.map((name) => [name, name])), ...columns } } };
}

function sumOf(sums: Map<string, Sum>, currency: string): Sum {
  const known = sums.get(currency);
  if (known !== undefined) return known;
  const made = { rows: 0, gross: 0n, fee: 0n };
  sums.set(currency, made);
  return made;
}

function written({ rows, gross, fee }: Sum): SideTotal {
  return { rows, gross_minor: gross.toString(), fee_minor: fee.toString(), net_minor: (gross - fee).toString() };
}
