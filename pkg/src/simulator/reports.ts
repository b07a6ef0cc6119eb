/** What can be asked of the reports of a gateway: settlement and bank statement, each of an account and in a format. */

/** Which settlement report. */
export interface SettlementReportOptions {
  /**
   * `generic` (the default) has the columns `tillproof reconcile` reads; `stripe` those of Stripe's itemized payout
   * reconciliation, which knows automatic payouts only; `stripe-balance` the same columns for everything; `adyen` those
   * of Adyen's settlement details.
   */
  readonly format?: "generic" | "stripe" | "stripe-balance" | "adyen";
  /** A merchant of the native dialect, or an `acct_` of Stripe's; all that are not connected to another when left out. */
  readonly account?: string;
  /** Only what was paid out with this payout. */
  readonly payout?: string;
}

/** Which bank statement. */
export interface BankStatementOptions {
  /** `camt.053` (the default), `mt940`, or the `csv` that `tillproof reconcile` reads. */
  readonly format?: "camt.053" | "mt940" | "csv";
  /** As in {@link SettlementReportOptions.account}. */
  readonly account?: string;
}
