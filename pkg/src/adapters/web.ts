/**
 * `tillproof/adapters/web`: webhooks for everything that takes a `Request` and returns a `Response`.
 *
 * Nothing parses a body here unless somebody asks the request for it: a router or a logger that called `.json()`,
 * `.text()` or `.formData()` before has taken the bytes, and is told so.
 */

import { createEndpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { fetchArrival, fetchResponse } from "./fetch-request.js";
import { createKeyedEndpoint, keyedResponse, type IdempotentOptions } from "./idempotent.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";

const KEEP =
  "call the webhook before anything that reads the request, or give that a copy with request.clone()";

/** A handler for deliveries. Throws what names an option that is wrong; the handler itself never rejects. */
export function webhook<Box extends InboxLike>(options: WebhookOptions<Box>): (request: Request) => Promise<Response> {
  const endpoint = createEndpoint(options);
  return async (request) => fetchResponse(await endpoint.answer(fetchArrival(request, KEEP)));
}

/**
 * A handler that runs a request with an `Idempotency-Key` once. Throws what names an option that is wrong; the handler itself
 * never rejects.
 */
export function idempotent<Client>(options: IdempotentOptions<Request, Client>): (request: Request) => Promise<Response> {
  const endpoint = createKeyedEndpoint(options);
  return async (request) => keyedResponse(await endpoint.answer(fetchArrival(request, KEEP), request));
}
