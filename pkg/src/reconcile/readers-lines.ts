/**
 * Batches of packed lines as objects, in the layout that `src/reconcile/formats/packed.rs` documents.
 *
 * Invariant: an amount is a `bigint` of minor units; a text is empty and a number `undefined` where the file says nothing.
 */

import { Fields } from "./fields.js";

/** Where something stands in a file, from 1. */
export interface FilePlace {
  readonly line: number;
  /** Characters, as an editor counts them. */
  readonly column: number;
}

/** A signed amount in a currency. */
export interface FileMoney {
  /** Minor units. */
  readonly minor: bigint;
  readonly currency: string;
}

/** What the customer saw before it was converted. */
export interface OriginalMoney extends FileMoney {
  /** As written; empty where the file has none. */
  readonly rate: string;
}

/** What happened, in the words of the `type` column; `unknown` for a type that is not in the catalogue of the format. */
export type LineKind = "charge" | "refund" | "dispute" | "fee" | "payout" | "payout_failure" | "adjustment" | "unknown";

/** A line of a settlement report. Amounts are signed by what they do to the balance at the provider. */
export interface SettlementLine {
  readonly place: FilePlace;
  readonly kind: LineKind;
  /** The type as the file writes it. */
  readonly writtenType: string;
  readonly reference: string;
  readonly id: string;
  readonly parentReference: string;
  readonly payoutId: string;
  /** Before fee and tax. */
  readonly gross: bigint;
  /** What the provider keeps. */
  readonly fee: bigint | undefined;
  readonly tax: bigint | undefined;
  readonly net: bigint | undefined;
  readonly currency: string;
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number | undefined;
  /** Whether the time had no zone and was read as UTC. */
  readonly isLocalTime: boolean;
  readonly availableAt: number | undefined;
  readonly account: string;
  readonly original: OriginalMoney | undefined;
  /** Columns that say nothing the members above do; only with the option `context`. */
  readonly context: Readonly<Record<string, string>>;
}

/** An entry of a bank account. */
export interface BankLine {
  readonly place: FilePlace;
  /** Which statement of the file, from 0. */
  readonly statement: number;
  readonly id: string;
  readonly reference: string;
  /** What the parts of one entry have in common. */
  readonly batch: string;
  /** Signed by what it does to the account. */
  readonly amount: FileMoney;
  readonly bookedAt: number | undefined;
  readonly valueDate: number | undefined;
  readonly description: string;
  readonly counterparty: string;
  readonly counterpartyAccount: string;
  /** What the bank took, already left out of the amount. */
  readonly charges: bigint | undefined;
  readonly original: OriginalMoney | undefined;
  readonly writtenType: string;
  readonly state: "booked" | "pending" | "information";
  readonly isReversal: boolean;
  readonly account: string;
  readonly context: Readonly<Record<string, string>>;
}

/** A balance at a day. */
export interface FileBalance extends FileMoney {
  readonly at: number | undefined;
}

/** Control totals: what a statement declares of itself, or what was counted. */
export interface ControlTotals<Count> {
  readonly entries: Count;
  readonly creditEntries: Count;
  readonly debitEntries: Count;
  readonly records: Count;
  readonly credits: Count;
  readonly debits: Count;
  readonly checksum: Count;
}

/** What a statement or report says about itself. */
export interface FileStatement {
  readonly place: FilePlace;
  readonly index: number;
  readonly account: string;
  readonly id: string;
  readonly number: bigint | undefined;
  readonly page: bigint | undefined;
  readonly isLastPage: boolean;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly currency: string | undefined;
  readonly opening: FileBalance | undefined;
  readonly closing: FileBalance | undefined;
  readonly declared: ControlTotals<bigint | undefined>;
  readonly counted: ControlTotals<bigint>;
}

/** The lines of one batch or of a whole file. */
export interface Lines {
  readonly settlement: SettlementLine[];
  readonly bank: BankLine[];
  readonly statements: FileStatement[];
}

const KINDS: readonly LineKind[] = ["unknown", "charge", "refund", "dispute", "fee", "payout", "payout_failure", "adjustment"];
const STATES: readonly BankLine["state"][] = ["booked", "pending", "information"];

/** Adds the lines of a batch. */
export function unpackInto(lines: Lines, batch: Uint8Array): void {
  const fields = new Fields(batch);
  while (!fields.isAtEnd()) {
    const tag = fields.byte();
    fields.u32();
    if (tag === 1) lines.settlement.push(settlementLine(fields));
    else if (tag === 2) lines.bank.push(bankLine(fields));
    else lines.statements.push(statement(fields));
  }
}

function settlementLine(fields: Fields): SettlementLine {
  return {
    place: fields.place(),
    kind: KINDS[fields.byte()] ?? "unknown",
    writtenType: fields.text(),
    reference: fields.text(),
    id: fields.text(),
    parentReference: fields.text(),
    payoutId: fields.text(),
    gross: fields.i64(),
    fee: fields.maybe(() => fields.i64()),
    tax: fields.maybe(() => fields.i64()),
    net: fields.maybe(() => fields.i64()),
    currency: fields.currency(),
    status: fields.text(),
    occurredAt: fields.maybe(() => fields.natural()),
    isLocalTime: fields.byte() === 1,
    availableAt: fields.maybe(() => fields.natural()),
    account: fields.text(),
    original: fields.maybe(() => fields.original()),
    context: fields.pairs(),
  };
}

function bankLine(fields: Fields): BankLine {
  return {
    place: fields.place(),
    statement: fields.u32(),
    id: fields.text(),
    reference: fields.text(),
    batch: fields.text(),
    amount: fields.money(),
    bookedAt: fields.maybe(() => fields.natural()),
    valueDate: fields.maybe(() => fields.natural()),
    description: fields.text(),
    counterparty: fields.text(),
    counterpartyAccount: fields.text(),
    charges: fields.maybe(() => fields.i64()),
    original: fields.maybe(() => fields.original()),
    writtenType: fields.text(),
    state: STATES[fields.byte()] ?? "information",
    isReversal: fields.byte() === 1,
    account: fields.text(),
    context: fields.pairs(),
  };
}

function statement(fields: Fields): FileStatement {
  const balance = (): FileBalance => ({ ...fields.money(), at: fields.maybe(() => fields.natural()) });
  const head = {
    place: fields.place(),
    index: fields.u32(),
    account: fields.text(),
    id: fields.text(),
    number: fields.maybe(() => fields.i64()),
    page: fields.maybe(() => fields.i64()),
    isLastPage: fields.byte() === 1,
    from: fields.maybe(() => fields.natural()),
    to: fields.maybe(() => fields.natural()),
    currency: fields.maybe(() => fields.currency()),
    opening: fields.maybe(balance),
    closing: fields.maybe(balance),
  };
  const count = (): bigint | undefined => fields.maybe(() => fields.i64());
  const sum = (): bigint | undefined => fields.maybe(() => fields.i128());
  const declared = totals(count, sum);
  return { ...head, declared, counted: totals(() => fields.i64(), () => fields.i128()) };
}

function totals<T>(count: () => T, sum: () => T): ControlTotals<T> {
  return {
    entries: count(),
    creditEntries: count(),
    debitEntries: count(),
    records: count(),
    credits: sum(),
    debits: sum(),
    checksum: sum(),
  };
}
