/**
 * `tillproof/adapters/workers`: webhooks for Cloudflare Workers.
 *
 * The trap: secrets and databases are in `env`, which older Workers see only inside of a request. So the options may be
 * a function of `env`; it is called once for each, not for each delivery.
 */

import { createEndpoint, type Endpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { fetchArrival, fetchResponse } from "./fetch-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";

const KEEP = "call the webhook before anything that reads the request, or give that a copy with request.clone()";

/**
 * For `export default { fetch: webhook(…) }`. Options that are wrong are thrown at once, those that depend on `env` at
 * the first request.
 */
export function webhook<Box extends InboxLike, Env extends object = object>(
  options: WebhookOptions<Box> | ((env: Env) => WebhookOptions<Box>),
): (request: Request, env: Env) => Promise<Response> {
  const made = new WeakMap<object, Endpoint>();
  const fixed = typeof options === "function" ? undefined : createEndpoint(options);
  const endpointFor = (env: Env): Endpoint => {
    if (typeof options !== "function") return fixed ?? createEndpoint(options);
    const endpoint = made.get(env) ?? createEndpoint(options(env));
    made.set(env, endpoint);
    return endpoint;
  };
  return async (request, env) => fetchResponse(await endpointFor(env).answer(fetchArrival(request, KEEP)));
}
