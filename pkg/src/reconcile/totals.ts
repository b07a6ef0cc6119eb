/**
 * What each side says in all, found out by reading its files once more.
 *
 * Invariant: all rows are counted, matched or not, as they are signed by what they do to the merchant's balance. Of large files
 * the command knows the same without reading them again: `src/reconcile/sieve/sums.rs`.
 */

import { Bridges, Effects, type Bridge, type Effect, type Side, type SideTotal, type SideTotals } from "./bridges.js";
import { originalLine } from "./generic.js";
import { readers } from "./readers.js";
import { amountsOf, type AmountTaker } from "./readers-lines.js";
import type { Report } from "./report.js";

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
    for (const side of SIDES) for (const { file, line } of rows[side]) effects.of(side, file).set(line, { currency: "", net: 0n });
  }
  const take: TakeEffect = (side, file, line, effect) => {
    const known = effects.of(side, file);
    if (known.has(line)) known.set(line, effect);
  };
  const of = (side: Side): Promise<SideTotals[Side]> => sideTotals(side, files[side], files.columns[side], take, progress);
  return { totals: { ledger: await of("ledger"), settlement: await of("settlement"), bank: await of("bank") }, effects };
}

/** Hears what the row on a line does to the balance. */
export type TakeEffect = (side: Side, file: string, line: number, effect: Effect) => void;

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
    let rows = 0;
    const add = (line: number, currency: string, gross: bigint, fee: bigint, isCounted: boolean): void => {
      rows += 1;
      const sum = sumOf(sums, currency);
      sum.rows += 1;
      if (isCounted) {
        sum.gross += gross;
        sum.fee += fee;
      }
      take(side, name, originalLine(lines, line), { currency, net: isCounted ? gross - fee : 0n });
    };
    const taker: AmountTaker = {
      settlement: (line, type, gross, fee, currency) => add(line, currency, gross, fee ?? 0n, !MOVING.has(type)),
      bank: (line, minor, currency, state) => add(line, currency, minor, 0n, state === "booked"),
    };
    for await (const batch of batches) {
      amountsOf(batch, taker);
      progress(rows);
      rows = 0;
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

/** The columns that are added up, as the contract calls them. */
const COLUMNS = ["reference", "id", "type", "amount_minor", "amount", "currency", "fee_minor", "fee", "occurred_at", "booked_at"];

/** How much of a file a header is looked for in. */
const HEADER_BYTES = 65_536;

/** A mapping for the readers, who read what it names and nothing else: the renamed columns, and those with their own names. */
function mapped(data: Uint8Array, columns: Readonly<Record<string, string>> | undefined): { mapping?: { columns: Readonly<Record<string, string>> } } {
  if (columns === undefined) return {};
  const [header = ""] = new TextDecoder().decode(data.subarray(0, HEADER_BYTES)).split(/\r?\n|\r/, 1);
  const there = new Set(header.split(delimiter(header)).map((name) => name.trim().replace(/^"(.*)"$/, "$1")));
  const taken = new Set(Object.values(columns));
  const own = COLUMNS.filter((name) => there.has(name) && !taken.has(name) && !Object.hasOwn(columns, name));
  return { mapping: { columns: { ...Object.fromEntries(own.map((name) => [name, name])), ...columns } } };
}

/** What separates the names of a header, as the readers find it: what stands there most often outside of quotes. */
function delimiter(header: string): string {
  const outside = header.split('"').filter((_, place) => place % 2 === 0).join("");
  const count = (mark: string): number => outside.split(mark).length;
  return [",", ";", "\t", "|"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
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
