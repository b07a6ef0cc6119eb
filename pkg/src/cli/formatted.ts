/**
 * Files in the formats of providers and banks, as the reconciler takes them: in the columns of the contract.
 *
 * Invariant: each row keeps the line of the file it was read from, and {@link restore} puts it back into the report.
 */

import { readers, type BankLine, type FormatName, type Report, type RowPlace, type SettlementLine } from "../reconcile/index.js";
import { shown, UsageError } from "./usage.js";

/** The columns of the contract as they are; what a side is read as unless its format is named. */
const PLAIN = ["csv", "generic"];

/** A file with the lines its rows stood in. */
export interface Formatted {
  readonly name: string;
  readonly data: Uint8Array | string;
  /** The line of each row, in order; none where the file is passed on as it is. */
  readonly lines?: readonly number[];
}

/** Reads the files of a side in a format. Throws `file_*` for a file that is not exactly of it. */
export function formatted(
  side: "ledger" | "settlement" | "bank",
  format: string | undefined,
  files: readonly { readonly name: string; readonly data: Uint8Array }[],
): Formatted[] {
  if (format === undefined || PLAIN.includes(format)) return [...files];
  const known = readers.formats().filter((one) => one.side === side && !PLAIN.includes(one.name));
  const found = known.find(({ name }) => name === format);
  if (found === undefined) {
    const names = ["csv", ...known.map(({ name }) => name)].join(", ");
    throw new UsageError(`--${side}-format ${shown(format)}: expected one of ${names}`);
  }
  return files.map((file) => (side === "bank" ? bank(file, found.name) : settlement(file, found.name)));
}

/** The report with the lines of the files that were given. */
export function restore(report: Report, files: readonly Formatted[]): Report {
  const lines = new Map(files.flatMap((file) => (file.lines === undefined ? [] : [[file.name, file.lines] as const])));
  if (lines.size === 0) return report;
  const restored = (place: RowPlace): RowPlace => ({ ...place, line: lines.get(place.file)?.[place.line - 2] ?? place.line });
  const breaks = report.breaks.map((found) => ({
    ...found,
    rows: {
      ledger: found.rows.ledger.map(restored),
      settlement: found.rows.settlement.map(restored),
      bank: found.rows.bank.map(restored),
    },
  }));
  return { ...report, breaks };
}

type Cell = string | bigint | undefined;

function settlement(file: { readonly name: string; readonly data: Uint8Array }, format: FormatName): Formatted {
  const lines = readers.read(file.data, { format, name: file.name }).settlement;
  return table(file.name, lines, (line: SettlementLine): Record<string, Cell> => {
    const leaves = ["refund", "dispute", "fee", "payout"].includes(line.kind);
    const rate = line.original?.rate ?? "";
    return {
      // Rows of a whole batch bear no name of their own.
      reference: line.reference === "" && line.id === "" ? `${line.payoutId}#${line.place.line}` : line.reference,
      id: line.id,
      type: line.kind === "unknown" ? `unknown ${line.writtenType}` : line.kind,
      amount_minor: leaves ? -line.gross : line.gross,
      currency: line.currency,
      fee_minor: line.fee,
      tax_minor: line.tax,
      net_minor: line.net,
      status: line.status,
      occurred_at: time(line.occurredAt, line.isLocalTime),
      payout_id: line.payoutId,
      parent_reference: line.parentReference,
      account: line.account,
      original_amount_minor: line.original?.minor,
      original_currency: line.original?.currency,
      rate: /^\d+(?:\.\d+)?$/.test(rate) ? rate : "",
    };
  });
}

function bank(file: { readonly name: string; readonly data: Uint8Array }, format: FormatName): Formatted {
  // What is only announced is in no balance yet.
  const lines = readers.read(file.data, { format, name: file.name }).bank.filter(({ state }) => state === "booked");
  return table(file.name, lines, (line: BankLine): Record<string, Cell> => ({
    id: line.id,
    reference: line.reference,
    amount_minor: line.amount.minor,
    currency: line.amount.currency,
    booked_at: time(line.bookedAt ?? line.valueDate, false),
    description: `${line.description} ${line.counterparty}`.trim().slice(0, 120),
  }));
}

function time(ms: number | undefined, isLocal: boolean): string {
  if (ms === undefined) return "";
  const text = new Date(ms).toISOString();
  return isLocal ? text.slice(0, -1) : text;
}

function table<Line extends SettlementLine | BankLine>(
  name: string,
  lines: readonly Line[],
  cells: (line: Line) => Record<string, Cell>,
): Formatted {
  const header = Object.keys(lines.length === 0 ? EMPTY : cells(lines[0] as Line));
  const rows = lines.map((line) => Object.values(cells(line)).map(cell).join(","));
  return { name, data: `${[header.join(","), ...rows].join("\n")}\n`, lines: lines.map(({ place }) => place.line) };
}

const EMPTY = { reference: "", amount_minor: "", currency: "" };

/** A cell on one line, so that rows and lines are one. */
function cell(value: Cell): string {
  const text = String(value ?? "").replaceAll(/[\r\n]+/g, " ");
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
