/**
 * For the merchant's own test suite: deliveries signed as a provider signs them, and the promises a store must keep.
 *
 * Nothing here belongs into a running shop.
 */

export { storeConformance, transactionConformance, type ConformanceCheck } from "../stores/conformance.js";
export { signDelivery, signWebhook, type OutgoingDelivery, type SignedDelivery } from "../webhooks/sign.js";
export {
  hostile,
  HostileFailure,
  type HostileOptions,
  type HostileReport,
  type Integration,
} from "./hostile/hostile.js";
export type { Belief, CheckedBelief } from "./hostile/belief.js";
export type { Invariant, InvariantName, Outcome, Violation } from "./hostile/invariants.js";
export type { HostileGateway, Told, WebhookHandler, WebhookTarget } from "./hostile/stage.js";
export type { OrderOf, TruePayment } from "./hostile/truth.js";
