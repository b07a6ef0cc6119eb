/**
 * What PostgreSQL says, in the words of the ledger.
 *
 * Invariant: a refusal has the code the ledger in memory gives for the same mistake, wherever it was found.
 */

import { TillproofError } from "../../shell/errors.js";
import { isTransactionLoser } from "../../stores/postgres/drivers.js";
import { storeBusy } from "../../stores/rules.js";

/** An answer of the posting function that is no success. */
export interface Refusal {
  readonly status: "limit" | "not_empty";
  readonly detail: string;
}

/** The error for an answer. */
export function refusedBy({ status, detail }: Refusal): TillproofError {
  if (status === "not_empty") {
    const [account = "", currency = ""] = detail.split(" ");
    return new TillproofError({
      code: "account_not_empty",
      message: `${currency} stand or are held on ${account}: settle them before it is closed`,
      details: { account, currency },
    });
  }
  const found = JSON.parse(detail) as { account: string; key: string | null; currency: string; side: string; available: string; after: string };
  const { account, key, currency, side, available, after } = found;
  const place = key === null ? account : `${account} for ${JSON.stringify(key)}`;
  return new TillproofError({
    code: "limit_reached",
    message: `${place} would be overdrawn: ${available} minor units ${currency} are available, ${after} would be left; take less, or change its limit`,
    details: {
      account,
      ...(key === null ? {} : { key }),
      limit: side === "credit" ? "no_debit_balance" : "no_credit_balance",
      currency,
      available,
      after,
    },
  });
}

/** Says what is to be done where the database refused; every other error is the driver's own. */
export function told(prefix: string, error: unknown): unknown {
  const { code, message = "", cause } = (error ?? {}) as { code?: unknown; message?: string; cause?: unknown };
  // The driver took the books for a store.
  if (code === "postgres_table_missing") return told(prefix, cause);
  if (isTransactionLoser(error)) return storeBusy("PostgreSQL gave the way to another transaction", error);
  if ((code === "42P01" || code === "42883") && message.includes(prefix)) {
    return new TillproofError({
      code: "postgres_ledger_missing",
      message: `there are no books ${prefix} in this database: call \`await ledger.migrate()\` once, or run the statements of postgresLedgerMigrations()`,
      cause: error,
    });
  }
  if (code === "23514" && message.includes("no partition of relation")) {
    return new TillproofError({
      code: "postgres_ledger_partition_missing",
      message: "there is no partition for today: let a worker run, or call `await ledger.maintain()`; nothing was posted",
      advice: "wait",
      cause: error,
    });
  }
  if (code === "TP001") {
    return new TillproofError({
      code: "postgres_ledger_restored",
      message: "these books were restored from another server, whose transactions were ahead: call `await ledger.adopt()` once; nothing was posted",
      advice: "reconcile",
      cause: error,
    });
  }
  return error;
}
