/** `tillproof/adapters/nuxt`: Nuxt's server routes are handlers of h3. */

export { idempotent, webhook } from "./h3.js";
export type { EndpointSettings, H3EventLike, InboxLike, Outcome, Receiver, WebhookOptions } from "./h3.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./h3.js";
