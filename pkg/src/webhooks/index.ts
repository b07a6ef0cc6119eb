/**
 * Webhooks: only what a provider signed, and each event once.
 *
 * {@link createVerifier} decides on deliveries, {@link createInbox} applies their events once, {@link schemes} lists
 * what can be verified.
 */

// First, see there.
export { createVerifier } from "./verifier.js";
export { createDedup } from "./dedup.js";
export type { Dedup, DedupOptions } from "./dedup.js";
export { diagnose } from "./diagnosis.js";
export type { Diagnosis } from "./diagnosis.js";
export type * from "./events/index.js";
export { createInbox } from "./inbox.js";
export type {
  EventHandler,
  EventPosition,
  EventReceipt,
  EventStatus,
  HandlerContext,
  Inbox,
  InboxMode,
  InboxOptions,
  InboxOrdering,
  Receipt,
  Verdict,
  WakeOptions,
} from "./inbox.js";
export type { HeaderInput, HeadersLike } from "./headers.js";
export { schemes } from "./schemes.js";
export type { SchemeInfo } from "./schemes.js";
export type {
  Delivery,
  EventFields,
  RefusedDelivery,
  VerifiedDelivery,
  VerifiedEvent,
  Verifier,
  VerifierOptions,
  VerifyResult,
} from "./verifier.js";
