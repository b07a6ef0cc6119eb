/**
 * The ledger mirror: the merchant's own books of what the gateway did, in double entry.
 *
 * Every entry sums to zero in each currency, entries are never changed, balances are derived, and the journal is chained
 * by SHA-256. `templates` turn payment events into entries; `Ledger.toCsv` writes the mirror that `reconcile` takes;
 * `toHledger` and `toBeancount` write what accountants read; `Entitlements` say what a customer may do.
 */

export { Ledger } from "./ledger.js";
export type { CheckOptions, ExpireOptions, LedgerOptions, PostOptions } from "./ledger.js";
export type { Payment, PaymentIssue, PaymentState, PaymentStep } from "./payments.js";
export type { LedgerCheck, LedgerFigures, LedgerFinding } from "./self-check.js";
export type { StatementOptions } from "./statements.js";
export { BulkLedger } from "./bulk/bulk-ledger.js";
export type { BatchOptions, BatchResult, BulkOptions } from "./bulk/bulk-ledger.js";
export type { BulkPosting, BulkTransaction } from "./bulk/columns.js";
export type { Chain } from "./bulk/engine.js";
export { splitPages } from "./bulk/pages.js";
export type { PagesVerification } from "./bulk/pages.js";
export type {
  AccountBalance,
  AsOfOptions,
  Audit,
  AuditedBalance,
  Balance,
  BalanceOptions,
  BalanceSheet,
  CurrencyBalance,
  DayRoot,
  InclusionProof,
  PostResult,
  StatementLine,
  Verification,
} from "./answers.js";
export { defineTemplate, templates } from "./templates.js";
export type { Facts, OwnFields, ReversalFields, TemplateDocument, Templates } from "./templates.js";
export type * from "./template-fields.js";
export type {
  AccountLimit,
  AccountState,
  EntryInput,
  EventType,
  FactsInput,
  Layer,
  LinkInput,
  PostingInput,
  Relation,
  Side,
  StandingInput,
} from "./entry.js";
export { toBeancount } from "./exports/beancount.js";
export { toPostingsCsv } from "./exports/csv.js";
export { toHledger } from "./exports/hledger.js";
export type { Exported } from "./exports/journal.js";
export { fromBeancount } from "./imports/beancount.js";
export { importBooks } from "./imports/books.js";
export { fromPostingsCsv } from "./imports/csv.js";
export { fromHledger } from "./imports/hledger.js";
export { fromJsonLines } from "./imports/json-lines.js";
export type { JsonLinesOptions } from "./imports/json-lines.js";
export type { ImportedBooks } from "./imports/own.js";
export type { ImportOptions } from "./imports/transactions.js";
export { Entitlements } from "./entitlements/entitlements.js";
export type { AskOptions, Consumption, ConsumeOptions, EntitlementsOptions, SubscriptionChange } from "./entitlements/entitlements.js";
export type { Grant, Grants, Plan, Unlimited } from "./entitlements/grants.js";
export { paddleSubscriptions } from "./entitlements/paddle.js";
export type { PaddleSubscriptionOptions } from "./entitlements/paddle.js";
export { paypalSubscriptions } from "./entitlements/paypal.js";
export type { PaypalSubscriptionOptions } from "./entitlements/paypal.js";
export { stripeSubscriptions } from "./entitlements/stripe.js";
export type { StripeSubscriptionOptions } from "./entitlements/stripe.js";
export { SubscriptionFeed } from "./entitlements/subscriptions.js";
export type { Offer, SubscriptionFeedOptions, SubscriptionMapping } from "./entitlements/subscriptions.js";
export { toComparable } from "./exports/comparable.js";
export { adyenMapping } from "./mirrors/adyen.js";
export type { AdyenMappingOptions } from "./mirrors/adyen.js";
export { Mirror } from "./mirrors/mirror.js";
export { nativeMapping } from "./mirrors/native.js";
export type { Document, Mapping, MirrorEvent, MirrorOptions, MirrorResult, News, Page, Step } from "./mirrors/mirror.js";
export { paypalMapping } from "./mirrors/paypal.js";
export { STRIPE_LISTS, stripeLists, stripeMapping } from "./mirrors/stripe.js";
export type { StripeMappingOptions } from "./mirrors/stripe.js";
