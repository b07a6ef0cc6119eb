/**
 * The ledger mirror: the merchant's own books of what the gateway did, in double entry.
 *
 * Every entry sums to zero in each currency, entries are never changed, balances are derived, and the journal is chained
 * by SHA-256. `templates` turn payment events into entries; `Ledger.toCsv` writes the mirror that `reconcile` takes.
 */

export { Ledger } from "./ledger.js";
export type {
  AccountBalance,
  Balance,
  CurrencyBalance,
  LedgerOptions,
  PostOptions,
  PostResult,
  StatementLine,
  Verification,
} from "./ledger.js";
export { templates } from "./templates.js";
export type { ChargeFields, EventFields, PayoutFields, RefundFields, ReversalFields } from "./templates.js";
export type { EntryInput, EventType, FactsInput, LinkInput, PostingInput, Side } from "./entry.js";
