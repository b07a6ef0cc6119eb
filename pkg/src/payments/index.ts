/**
 * Payments: never twice, never lost.
 *
 * {@link createPayments} makes the client; an {@link Outcome} is a value, also when nobody knows it yet.
 */

export { Payments, createPayments } from "./client.js";
export { deriveKey, providerProfiles, randomKey, retrySchedule } from "./tables.js";
export type { KeyIdentity, ScheduledAttempt } from "./tables.js";
export type {
  AwaitingCustomer,
  ChargeOptions,
  ChargeRequest,
  Failed,
  Outcome,
  PaymentsOptions,
  PendingConfirmation,
  ProviderOptions,
  ProviderProfile,
  RetryOptions,
  Settled,
  WaitOptions,
} from "./outcome.js";
export type { Operation } from "./engine.js";
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
