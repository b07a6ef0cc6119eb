/**
 * A file of a provider or a bank in the generic columns of the reconciler, and where each row stood.
 *
 * Invariant: a row says of its line what the line says and nothing else; amounts go over as the digits they are. What is
 * only announced (pending and informational entries of a bank) makes no row.
 */

import { utf8 } from "../shell/wire.js";
import { joined } from "./joined.js";
import type { BankLine, LineKind, SettlementLine } from "./readers-lines.js";
import type { RowPlace } from "./report.js";

/** A generic file, and the line of the original that each of its rows came from. */
export interface GenericFile {
  readonly data: Uint8Array;
  readonly lines: readonly number[];
}

/** Kinds whose amounts the generic columns count as positive when money leaves. */
const LEAVING: ReadonlySet<LineKind> = new Set(["refund", "dispute", "fee", "payout"]);

const SETTLEMENT = [
  "reference", "id", "type", "amount_minor", "currency", "fee_minor", "tax_minor", "net_minor", "status", "occurred_at",
  "payout_id", "parent_reference", "account", "original_amount_minor", "original_currency", "rate",
] as const;

const BANK = ["reference", "id", "amount_minor", "currency", "booked_at", "value_date", "description"] as const;

/** The header stands in the first line. */
const LINES_BEFORE = 2;

/** A generic file that is written while another one is read, so that nobody has to hold all of its lines. */
export interface GenericWriter<Line> {
  add(lines: readonly Line[]): void;
  finish(): GenericFile;
}

/** For lines of settlement reports. */
export function settlementWriter(): GenericWriter<SettlementLine> {
  return writer(SETTLEMENT, settlementRow);
}

/** For entries of bank accounts. */
export function bankWriter(): GenericWriter<BankLine> {
  const { add, finish } = writer(BANK, bankRow);
  return { add: (lines) => add(lines.filter(({ state }) => state === "booked")), finish };
}

/** The line that the row of an index has in a generic file. */
export function lineOfRow(index: number): number {
  return index + LINES_BEFORE;
}

/** The line of the original that a line of the generic file stands for; the same where nothing was written anew. */
export function originalLine(lines: readonly number[] | undefined, line: number): number {
  return lines?.[line - LINES_BEFORE] ?? line;
}

/** Where a row stood in the file it was read from, by the lines of its side. */
export function placed({ file, line }: RowPlace, lines: ReadonlyMap<string, readonly number[]>): RowPlace {
  return { file, line: originalLine(lines.get(file), line) };
}

type Cell = string | bigint | undefined;

function settlementRow(line: SettlementLine): Record<(typeof SETTLEMENT)[number], Cell> {
  const { kind, gross, net, original } = line;
  return {
    reference: line.reference,
    id: line.id,
    // What the catalogue of a format does not know, the engine does not know either, and says so.
    type: kind === "unknown" ? line.writtenType || kind : kind,
    amount_minor: LEAVING.has(kind) ? -gross : gross,
    currency: line.currency,
    fee_minor: line.fee,
    tax_minor: line.tax,
    // The engine takes the net of what leaves by what it does to the balance.
    net_minor: net,
    status: line.status,
    occurred_at: moment(line.occurredAt),
    payout_id: line.payoutId,
    parent_reference: line.parentReference,
    account: line.account,
    original_amount_minor: original?.minor,
    original_currency: original?.currency,
    rate: original?.rate,
  };
}

function bankRow(line: BankLine): Record<(typeof BANK)[number], Cell> {
  const { minor, currency } = line.amount;
  const words = [line.counterparty, line.description].filter((text) => text !== "").join(" ");
  return {
    reference: line.reference,
    id: line.id,
    amount_minor: minor,
    currency,
    booked_at: moment(line.bookedAt ?? line.valueDate),
    value_date: moment(line.valueDate),
    description: words,
  };
}

function moment(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

function writer<Line extends { readonly place: { readonly line: number } }, Column extends string>(
  columns: readonly Column[],
  row: (line: Line) => Record<Column, Cell>,
): GenericWriter<Line> {
  const pieces = [utf8(`${columns.join(",")}\n`)];
  const places: number[] = [];
  return {
    add(lines) {
      let text = "";
      for (const line of lines) {
        const cells = row(line);
        text += `${columns.map((column) => quoted(cells[column])).join(",")}\n`;
        places.push(line.place.line);
      }
      pieces.push(utf8(text));
    },
    finish: () => ({ data: joined(pieces), lines: places }),
  };
}

/** A cell on one line: rows are found again by counting lines. */
function quoted(cell: Cell): string {
  const text = String(cell ?? "").replace(/[\r\n]+/g, " ");
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
