/** `tillproof/adapters/bun`: a route of `Bun.serve` is a function from `Request` to `Response`. */

export { idempotent, webhook } from "./web.js";
export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./web.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./web.js";
