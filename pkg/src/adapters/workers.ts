/**
 * `tillproof/adapters/workers`: webhooks for Cloudflare Workers.
 *
 * The trap: secrets and databases are in `env`, which older Workers see only inside of a request. So the options may be
 * a function of `env`; it is called once for each, not for each delivery.
 */

import { endpointOf, type InboxLike, type WebhookSetup } from "./endpoint.js";
import { onceFor } from "./environment.js";
import { fetchArrival, fetchResponse } from "./fetch-request.js";
import { createKeyedEndpoint, keyedResponse, type IdempotentOptions, type IdempotentSetup, type KeyedEndpoint } from "./idempotent.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions, WebhookSetup } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest, IdempotentSetup } from "./idempotent.js";

const KEEP = "call the webhook before anything that reads the request, or give that a copy with request.clone()";

/**
 * For `export default { fetch: webhook(…) }`. Options that are wrong are thrown at once, those that depend on `env` at
 * the first request.
 */
export function webhook<Box extends InboxLike, Env = unknown>(
  setup: WebhookSetup<Box, Env>,
): (request: Request, env: Env) => Promise<Response> {
  const endpointFor = endpointOf(setup);
  return async (request, env) => fetchResponse(await endpointFor(env).answer(fetchArrival(request, KEEP)));
}

/**
 * For `export default { fetch: idempotent(…) }`: runs a request with an `Idempotency-Key` once. Options that are wrong are
 * thrown at once, those that depend on `env` at the first request.
 */
export function idempotent<Client, Env = unknown>(
  setup: IdempotentSetup<Request, Client, Env>,
): (request: Request, env: Env) => Promise<Response> {
  const endpointFor = onceFor<IdempotentOptions<Request, Client>, Env, KeyedEndpoint<Request>>(setup, createKeyedEndpoint);
  return async (request, env) => keyedResponse(await endpointFor(env).answer(fetchArrival(request, KEEP), request));
}
