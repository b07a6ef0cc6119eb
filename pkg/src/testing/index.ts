/**
 * For the merchant's own test suite: deliveries signed as a provider signs them, and the promises a store must keep.
 *
 * Nothing here belongs into a running shop.
 */

export { storeConformance, transactionConformance, type ConformanceCheck } from "../stores/conformance.js";
export { signDelivery, signWebhook, type OutgoingDelivery, type SignedDelivery } from "../webhooks/sign.js";
