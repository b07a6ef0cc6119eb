/**
 * What each side says in all, and how the breaks lead from one side to the next.
 *
 * Invariant: files are read by the reader that judges them, so that a row counts as what it was judged to be; all rows are counted,
 * matched or not. Of files that go through the sieve the engine knows the same without reading them again.
 */

import { clerk } from "../shell/reconcile-files.js";
import { open } from "../shell/wire.js";
import { asked } from "./asked.js";
import { Bridges, Effects, type Bridge, type Side, type SideTotal, type SideTotals } from "./bridges.js";
import { Fields } from "./fields.js";
import { originalLine } from "./generic.js";
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

/** Reads the files once more and adds up. `progress` hears how many rows were read. */
export async function totalsOf(report: Report, files: TotalledFiles, progress: (rows: number) => void = () => undefined): Promise<Totals> {
  const { totals, effects } = addedUp(report, files);
  SIDES.forEach((side) => progress(rowsOf(totals[side])));
  const bridges = new Bridges(effects);
  report.breaks.forEach((one) => bridges.add(one));
  return { ...totals, bridges: bridges.all(totals, files.bank.length > 0) };
}

function rowsOf(totals: SideTotals[Side]): number {
  return Object.values(totals).reduce((sum, { rows }) => sum + rows, 0);
}

/** What sides come to, and what rows do to the balance. */
export interface AddedUp {
  readonly totals: SideTotals;
  readonly effects: Effects;
}

/** {@link AddedUp} of all files, with the effects of the rows of breaks. */
export function addedUp(report: Report, files: TotalledFiles): AddedUp {
  const effects = new Effects();
  for (const { rows } of report.breaks) {
    for (const side of SIDES) for (const { file, line } of rows[side]) effects.of(side, file).set(line, { currency: "", net: 0n });
  }
  return taken(summed(files), files, effects, (known, line) => known.has(line));
}

/** {@link AddedUp} of a bank's files alone, with the effects of all of their rows. */
export function bankAddedUp(bank: readonly TotalledFile[], columns: Readonly<Record<string, string>> | undefined, effects: Effects): AddedUp {
  const files = { ledger: [], settlement: [], bank, columns: columns === undefined ? {} : { bank: columns } };
  return taken(summed(files), files, effects, () => true);
}

/** Throws `file_*` as `reconcile` does. */
function summed(files: TotalledFiles): Uint8Array {
  const { document, ledger, settlement, bank } = asked(files);
  const answer = clerk.raw((exports) => exports.reconcile_add_up(document, ledger.data, settlement.data, bank.data));
  // A refusal is a document, and no sums begin as one does; opened, it throws.
  if (answer[0] === BRACE) open(answer);
  return answer;
}

/** The first byte of a JSON document. */
const BRACE = 0x7b;

/** Names and lines of files, by side. */
export type Files = Readonly<Record<Side, readonly { readonly name: string; readonly lines?: readonly number[] | undefined }[]>>;

/** Takes apart what the engine has added up, and adds to `effects` those that are wanted: by the lines of a file, where they stood before it was written anew. */
export function taken(packed: Uint8Array, files: Files, effects: Effects, isWanted: (known: ReadonlyMap<number, unknown>, line: number) => boolean): AddedUp {
  const fields = new Fields(packed);
  const totals: Record<Side, Record<string, SideTotal>> = { ledger: {}, settlement: {}, bank: {} };
  fields.byte();
  for (let left = fields.u32(); left > 0; left -= 1) {
    const [side, currency, rows, gross, fee] = [sideOf(fields), fields.currency(), fields.natural(), fields.i128(), fields.i128()];
    totals[side][currency] = { rows, gross_minor: gross.toString(), fee_minor: fee.toString(), net_minor: (gross - fee).toString() };
  }
  const known = SIDES.map((side) => files[side].map(({ name, lines }) => ({ of: effects.of(side, name), lines })));
  while (!fields.isAtEnd()) {
    const own = known[fields.byte()]?.[fields.u32()];
    const line = originalLine(own?.lines, fields.natural());
    if (own !== undefined && isWanted(own.of, line)) own.of.set(line, { currency: fields.currency(), net: fields.i128() });
    else fields.skip(3 + 16);
  }
  return { totals: { ledger: sorted(totals.ledger), settlement: sorted(totals.settlement), bank: sorted(totals.bank) }, effects };
}

function sideOf(fields: Fields): Side {
  return SIDES[fields.byte()] ?? "bank";
}

/** By currency, in their order. */
function sorted(totals: Record<string, SideTotal>): SideTotals[Side] {
  return Object.fromEntries(Object.entries(totals).sort(([a], [b]) => (a < b ? -1 : 1)));
}
