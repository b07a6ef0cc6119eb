/**
 * What each side says in all, and how the breaks lead from one side to the next.
 *
 * Invariant: a bridge adds up to the minor unit: what a side says, each kind of break, and what no break accounts for (what is
 * in flight, and rows that are set aside) make what the next side says.
 */

import { originalLine } from "./generic.js";
import { readers } from "./readers.js";
import type { BankLine, SettlementLine } from "./readers-lines.js";
import type { BreakKind, Report, RowPlace } from "./report.js";

/** One side in one currency. Amounts are digits of minor units, signed by what they do to the merchant's balance. */
export interface SideTotal {
  readonly rows: number;
  /** Charges less refunds and disputes, without payouts; of a bank all entries. */
  readonly gross_minor: string;
  readonly fee_minor: string;
  /** Gross less fees. */
  readonly net_minor: string;
}

/** A step of a bridge. */
export interface BridgeStep {
  /** A kind of break, or `unexplained` for what no break accounts for. */
  readonly kind: BreakKind | "unexplained";
  readonly count: number;
  readonly difference_minor: string;
}

/** The way from the net of one side to the net of the next, in one currency. */
export interface Bridge {
  readonly currency: string;
  readonly from: "ledger" | "settlement";
  readonly to: "settlement" | "bank";
  readonly from_minor: string;
  readonly steps: readonly BridgeStep[];
  readonly to_minor: string;
}

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

type Side = (typeof SIDES)[number];

/** What a row does to the balance. */
interface Effect {
  readonly currency: string;
  readonly net: bigint;
}

const MOVING: ReadonlySet<string> = new Set(["payout", "payout_failure"]);

/** Reads the files once more, piece by piece, and adds up. `progress` hears of every file that was read. */
export async function totalsOf(report: Report, files: TotalledFiles, progress: (rows: number) => void = () => undefined): Promise<Totals> {
  const wanted = new Set(report.breaks.flatMap(({ rows }) => SIDES.flatMap((side) => rows[side].map((place) => keyOf(side, place)))));
  const effects = new Map<string, Effect>();
  const sums = { ledger: new Map<string, Sum>(), settlement: new Map<string, Sum>(), bank: new Map<string, Sum>() };
  for (const side of SIDES) {
    const columns = files.columns[side];
    for (const { name, data, lines } of files[side]) {
      const batches = readers.batches(data, { format: side === "bank" ? "csv" : "generic", name, ...mapped(data, columns) });
      for await (const batch of batches) {
        const read = readers.unpack(batch);
        const rows = side === "bank" ? read.bank.map(ofBank) : read.settlement.map(ofSettlement);
        for (const { line, currency, gross, fee, isCounted } of rows) {
          const sum = sumOf(sums[side], currency);
          sum.rows += 1;
          if (isCounted) [sum.gross, sum.fee] = [sum.gross + gross, sum.fee + fee];
          const key = keyOf(side, { file: name, line: originalLine(lines, line) });
          if (wanted.has(key)) effects.set(key, { currency, net: isCounted ? gross - fee : 0n });
        }
        progress(rows.length);
      }
    }
  }
  const sided = (side: Side): Record<string, SideTotal> =>
    Object.fromEntries([...sums[side]].sort(byName).map(([currency, sum]) => [currency, written(sum)]));
  const totals = { ledger: sided("ledger"), settlement: sided("settlement"), bank: sided("bank") };
  const currencies = [...new Set(SIDES.flatMap((side) => Object.keys(totals[side])))].sort();
  const bridges = currencies.flatMap((currency) => {
    const between = (from: "ledger" | "settlement", to: "settlement" | "bank"): Bridge => bridge(report, effects, currency, from, to, totals);
    return [between("ledger", "settlement"), ...(files.bank.length === 0 ? [] : [between("settlement", "bank")])];
  });
  return { ...totals, bridges };
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

function keyOf(side: Side, { file, line }: RowPlace): string {
  return `${side}\n${file}\n${line}`;
}

function sumOf(sums: Map<string, Sum>, currency: string): Sum {
  const known = sums.get(currency);
  if (known !== undefined) return known;
  const made = { rows: 0, gross: 0n, fee: 0n };
  sums.set(currency, made);
  return made;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function written({ rows, gross, fee }: Sum): SideTotal {
  return { rows, gross_minor: gross.toString(), fee_minor: fee.toString(), net_minor: (gross - fee).toString() };
}

function bridge(
  report: Report,
  effects: ReadonlyMap<string, Effect>,
  currency: string,
  from: "ledger" | "settlement",
  to: "settlement" | "bank",
  totals: Readonly<Record<Side, Readonly<Record<string, SideTotal>>>>,
): Bridge {
  const net = (side: Side): bigint => BigInt(totals[side][currency]?.net_minor ?? "0");
  const steps = new Map<BreakKind, { count: number; difference: bigint }>();
  let explained = 0n;
  for (const one of report.breaks) {
    const sum = (side: Side): bigint =>
      one.rows[side].reduce((all, place) => {
        const effect = effects.get(keyOf(side, place));
        return effect?.currency === currency ? all + effect.net : all;
      }, 0n);
    // A row counts on the way on which its break was found: payouts and the bank on the second, all others on the first.
    const isSecond = one.hop === "H2" || one.hop === "H3";
    if (isSecond !== (to === "bank")) continue;
    const difference = sum(to) - sum(from);
    if (difference === 0n) continue;
    const step = steps.get(one.kind) ?? { count: 0, difference: 0n };
    steps.set(one.kind, { count: step.count + 1, difference: step.difference + difference });
    explained += difference;
  }
  const rest = net(to) - net(from) - explained;
  const sized = [...steps].sort(([, a], [, b]) => (size(a.difference) < size(b.difference) ? 1 : -1));
  return {
    currency, from, to,
    from_minor: net(from).toString(),
    steps: [
      ...sized.map(([kind, { count, difference }]) => ({ kind, count, difference_minor: difference.toString() })),
      ...(rest === 0n ? [] : [{ kind: "unexplained" as const, count: 0, difference_minor: rest.toString() }]),
    ],
    to_minor: net(to).toString(),
  };
}

function size(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
