/**
 * A naive model of how the readers write a file in the generic columns: line by line, from the lines as they are read.
 *
 * Invariant: a row says of its line what the line says and nothing else. What is only announced makes no row.
 */

import type { BankLine, LineKind, SettlementLine } from "../../pkg/src/reconcile/index.js";

/** Kinds whose amounts the generic columns count as positive when money leaves. */
const LEAVING: ReadonlySet<LineKind> = new Set(["refund", "dispute", "fee", "payout"]);

const SETTLEMENT = [
  "reference", "id", "type", "amount_minor", "currency", "fee_minor", "tax_minor", "net_minor", "status", "occurred_at",
  "payout_id", "parent_reference", "account", "original_amount_minor", "original_currency", "rate",
] as const;

const BANK = ["reference", "id", "amount_minor", "currency", "booked_at", "value_date", "description"] as const;

/** Lines of a settlement report as generic CSV. */
export function settlementCsv(lines: readonly SettlementLine[]): string {
  return written(SETTLEMENT, lines.map(settlementRow));
}

/** Entries of bank accounts as generic CSV. */
export function bankCsv(lines: readonly BankLine[]): string {
  return written(BANK, lines.filter(({ state }) => state === "booked").map(bankRow));
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

function written<Column extends string>(columns: readonly Column[], rows: readonly Readonly<Record<Column, Cell>>[]): string {
  return [columns, ...rows.map((row) => columns.map((column) => quoted(row[column])))].map((cells) => `${cells.join(",")}\n`).join("");
}

function quoted(cell: Cell): string {
  const text = String(cell ?? "").replace(/[\r\n]+/g, " ");
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
