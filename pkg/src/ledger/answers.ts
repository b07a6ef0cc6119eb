/** What the ledger says, in bigints: the engine's documents carry digits. */

import { TillproofError } from "../shell/errors.js";
import type { Answer, AuditDocument, AuditRow, Checked, DayDocument, Sums, StatementRow, TrialRow } from "./books.js";
import type { Layer, Side } from "./entry.js";

/** What the ledger said to an entry. */
export type PostResult =
  | { readonly status: "created"; readonly position: number }
  /** The same entry is there already; `recordedAt` and `cause` of the first stay. */
  | { readonly status: "exists"; readonly position: number }
  /** An entry with this id says something else; nothing was posted. */
  | { readonly status: "exists_with_different"; readonly position: number; readonly field: string };

/** Gross sums of an account in one currency, in minor units. */
export interface Balance {
  readonly debits: bigint;
  readonly credits: bigint;
  /** Debits of holds that are neither captured nor released. */
  readonly pendingDebits: bigint;
  /** Credits of such holds. */
  readonly pendingCredits: bigint;
  /** On the normal side of the account: positive for an asset with money, and for income that was earned. */
  readonly balance: bigint;
  /** The balance, less what is held against it. */
  readonly available: bigint;
}

/** Of which time; of now when left out. */
export interface AsOfOptions {
  /** When everything up to this moment had happened at the gateway, whenever the news came. */
  readonly at?: number | undefined;
  /** As it was known at this moment: without news that came later. */
  readonly knownAt?: number | undefined;
}

/** Which balance is asked for; the one of now when left out. */
export interface BalanceOptions extends AsOfOptions {
  /** Of one object in the account: an order in escrow, a payout in clearing. Only for the balance of now. */
  readonly key?: string | undefined;
}

/** An account in a trial balance. */
export interface AccountBalance extends Balance {
  readonly account: string;
  readonly kind: string;
}

/** The books in one currency: debits equal credits, or something is broken. */
export interface CurrencyBalance {
  readonly currency: string;
  /** Decimals of the major unit. */
  readonly exponent: number;
  readonly debits: bigint;
  readonly credits: bigint;
  readonly accounts: readonly AccountBalance[];
}

/** The books in one currency by type of account: assets equal liabilities, equity and profit. */
export interface BalanceSheet {
  readonly currency: string;
  readonly exponent: number;
  readonly assets: bigint;
  readonly liabilities: bigint;
  readonly equity: bigint;
  readonly income: bigint;
  readonly expenses: bigint;
  /** Income less expenses. */
  readonly profit: bigint;
}

/** One posting of an account. */
export interface StatementLine {
  /** Where the entry stands in the journal, from 1. */
  readonly position: number;
  /** The id of the entry. */
  readonly entry: string;
  readonly occurredAt: number;
  readonly description: string;
  /** The object it belongs to. */
  readonly key?: string;
  readonly side: Side;
  readonly layer: Layer;
  readonly amount: bigint;
  readonly currency: string;
  /** The balance after it, on the normal side of the account. A pending posting leaves it as it was. */
  readonly balance: bigint;
}

/**
 * What {@link Ledger.verify} found; `position` is the first bad line, from 1, and `byte` the place of the first byte in it
 * that is not as it was written, where that can be told.
 */
export type Verification = Checked;

/** An account, or one key in it, that needs looking at. */
export interface AuditedBalance extends AccountBalance {
  readonly key?: string;
  readonly currency: string;
}

/** What the ledger finds when it looks at itself. */
export interface Audit {
  /** Whether debits equal credits in every currency, on both layers. */
  readonly balanced: boolean;
  /** Whether the running balances equal the sum of the journal. */
  readonly indexHolds: boolean;
  /** Accounts and keys below a limit: one that was set, or made stricter, when they were there already. */
  readonly overdrawn: readonly AuditedBalance[];
  /** Keys of clearing accounts that are not back at zero: under way, or wrong. */
  readonly openKeys: readonly AuditedBalance[];
}

/** The lines of one UTC day, and the root that stands for them. */
export interface DayRoot {
  /** Such as `2026-03-01`. */
  readonly day: string;
  /** Position of its first line. */
  readonly from: number;
  /** Position of its last line. */
  readonly to: number;
  /** 64 hexadecimal digits. */
  readonly root: string;
}

/** What shows somebody who has only the root of a day that a line stands in it. */
export interface InclusionProof extends DayRoot {
  /** The line, as it is stored. */
  readonly line: string;
  /** Which leaf it is, from 0. */
  readonly index: number;
  /** How many leaves there are. */
  readonly size: number;
  /** The hashes beside the way to the root, from the leaf upwards. */
  readonly path: readonly string[];
}

const DAY_MS = 86_400_000;

/** Names of fields as callers know them. */
const FIELD_NAMES: Readonly<Record<string, string>> = { occurred_at: "occurredAt", expires_at: "expiresAt" };

/** A field of the journal, as callers know it. */
export function fieldName(field: string): string {
  return FIELD_NAMES[field] ?? field;
}

export function balanceOf(sums: Sums): Balance {
  return {
    debits: BigInt(sums.debits),
    credits: BigInt(sums.credits),
    pendingDebits: BigInt(sums.pending_debits),
    pendingCredits: BigInt(sums.pending_credits),
    balance: BigInt(sums.balance),
    available: BigInt(sums.available),
  };
}

export function currencyBalance({ currency, exponent, debits, credits, accounts }: TrialRow): CurrencyBalance {
  return {
    currency,
    exponent,
    debits: BigInt(debits),
    credits: BigInt(credits),
    accounts: accounts.map((row) => ({ account: row.account, kind: row.kind, ...balanceOf(row) })),
  };
}

export function sheetOf({ currency, exponent, accounts }: CurrencyBalance): BalanceSheet {
  const total = (kind: string): bigint =>
    accounts.reduce((sum, account) => (account.kind === kind ? sum + account.balance : sum), 0n);
  const [income, expenses] = [total("income"), total("expense")];
  return {
    currency,
    exponent,
    assets: total("asset"),
    liabilities: total("liability"),
    equity: total("equity"),
    income,
    expenses,
    profit: income - expenses,
  };
}

export function statementLine(row: StatementRow): StatementLine {
  return {
    position: row.position,
    entry: row.entry,
    occurredAt: row.occurred_at,
    description: row.description,
    ...(row.key === undefined ? {} : { key: row.key }),
    side: row.side,
    layer: row.layer ?? "posted",
    amount: BigInt(row.amount),
    currency: row.currency,
    balance: BigInt(row.balance),
  };
}

export function auditOf(audit: AuditDocument): Audit {
  const row = ({ account, kind, key, currency, ...sums }: AuditRow): AuditedBalance => ({
    account,
    kind,
    ...(key === undefined ? {} : { key }),
    currency,
    ...balanceOf(sums),
  });
  return {
    balanced: audit.balanced,
    indexHolds: audit.index_holds,
    overdrawn: audit.overdrawn.map(row),
    openKeys: audit.open_keys.map(row),
  };
}

export function dayRoot({ day, from, to, root }: DayDocument): DayRoot {
  return { day: new Date(day * DAY_MS).toISOString().slice(0, 10), from, to, root };
}

/** What the engine said of one entry, as callers read it. */
export function postResult(answer: Answer | undefined): PostResult {
  if (answer === undefined) {
    throw new TillproofError({ code: "ledger_no_answer", message: "the engine gave no answer", advice: "report_bug" });
  }
  const { status, position } = answer;
  if (status !== "exists_with_different") return { status, position };
  return { status, position, field: fieldName(answer.field) };
}
