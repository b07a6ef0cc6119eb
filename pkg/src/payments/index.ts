/**
 * Payments: never twice, never lost.
 *
 * {@link createPayments} makes the client; an {@link Outcome} is a value, also when nobody knows it yet.
 */

export { Payments, createPayments } from "./client.js";
export { createFetch, type FetchCall, type FetchOptions, type SafeFetch } from "./fetch.js";
export { adyenHttpClient, type AdyenHttpClient, type AdyenLibrary } from "./fetch-adyen.js";
export { withReference } from "./fetch-reference.js";
export type { CallBody, CallOutcome, PreparedCall } from "./call.js";
export { deriveKey, providerProfiles, printSchedule, randomKey, retrySchedule } from "./tables.js";
export type { KeyIdentity, ScheduleOptions, ScheduledAttempt } from "./tables.js";
export type {
  AwaitingCustomer,
  ChargeOptions,
  ChargeRequest,
  Decision,
  Failed,
  FollowUpRequest,
  Outcome,
  PaymentsOptions,
  PayoutRequest,
  PendingConfirmation,
  ProviderOptions,
  ProviderProfile,
  RetryOptions,
  Reversal,
  Settled,
  TransferRequest,
  VoidRequest,
  WaitOptions,
} from "./outcome.js";
export type { IntentView, JournalEntry, Operation, Proof, Purpose, ReversalView } from "./engine.js";
export { Governor, createGovernor } from "./governor.js";
export type { BreakerOptions, BudgetOptions, BulkheadOptions, GovernorOptions, GovernorState, LaneState } from "./governor.js";
export type { HedgeOptions } from "./hedge.js";
export type { Gate, Hold, Lane, Pass, Passed } from "./gate.js";
export type {
  AnswerReading,
  AnswerRule,
  HeaderTest,
  ProfileDocument,
  ProfileOperation,
  ProfileRoute,
  ProfileSource,
  ProfileSources,
  RequestTemplate,
} from "./profiles.js";
export type { ExtraWrites, Transition } from "./recording.js";
