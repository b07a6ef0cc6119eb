/** The books as the page draws them: T-accounts, and whether they balance. */

import type { Ledger } from "tillproof/slim/ledger";

/** One posting on one side of an account. */
export interface TLine {
  readonly entry: string;
  readonly side: "debit" | "credit";
  readonly amount: bigint;
}

/** One account. */
export interface TAccount {
  readonly name: string;
  readonly kind: string;
  readonly debits: bigint;
  readonly credits: bigint;
  readonly balance: bigint;
  /** The last postings, newest last. */
  readonly lines: readonly TLine[];
  readonly postings: number;
}

export interface Books {
  readonly entries: number;
  readonly currency: string;
  readonly debits: bigint;
  readonly credits: bigint;
  readonly accounts: readonly TAccount[];
}

/** Postings an account shows; the sums are of all. */
const LINES_MAX = 6;

/** Reads a ledger of one currency. */
export function booksOf(ledger: Ledger): Books {
  const [balance] = ledger.trialBalance();
  if (balance === undefined) return { entries: 0, currency: "EUR", debits: 0n, credits: 0n, accounts: [] };
  const accounts = balance.accounts.map(({ account, kind, debits, credits, balance: left }): TAccount => {
    const statement = ledger.statement(account);
    const lines = statement.slice(-LINES_MAX).map(({ entry, side, amount }) => ({ entry, side, amount }));
    return { name: account, kind, debits, credits, balance: left, lines, postings: statement.length };
  });
  return { entries: ledger.length, currency: balance.currency, debits: balance.debits, credits: balance.credits, accounts };
}
