/**
 * A payment gateway in this process: for a merchant's own tests, with faults on demand and the truth about each.
 *
 * ```ts
 * const gateway = createGateway({ seed: 7, faults: "hostile" });
 * const response = await gateway.fetch("http://gateway/health");
 * ```
 */

export type { WebhookSchedule } from "./engine.js";
export { createGateway, type Gateway } from "./gateway.js";
export type { Deliver, Dialect, GatewayOptions, SettlementOptions, StatementOptions } from "./options.js";
export type { Answer, Fetch, Kept, Truncated } from "./fetch.js";
export type { ClientHeaders, ClientResponse, StripeClass, StripeHttpClient } from "./http-client.js";
export type { ClockKind } from "./clock.js";
export { stripeRoutes, type GatewayRequest, type StripeRoute } from "./engine.js";
export type { FaultLine, FaultName, FaultPlan, FaultPreset, FaultRule, Injected } from "./faults.js";
