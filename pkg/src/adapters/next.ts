/**
 * `tillproof/adapters/next`: webhooks for Next.js, in the app router and in the pages router.
 *
 * The trap is in the pages router: an API route is handed a parsed body unless its file says
 * `export const config = { api: { bodyParser: false } }`. A route handler of the app router gets the bytes.
 */

import { endpointOf, type InboxLike, type WebhookSetup } from "./endpoint.js";
import { onceFor } from "./environment.js";
import { fetchArrival, fetchResponse } from "./fetch-request.js";
import {
  createKeyedEndpoint, keyedResponse, sendKeyed,
  type IdempotentOptions, type IdempotentSetup, type KeyedEndpoint, type KeyedResponse,
} from "./idempotent.js";
import { answerNode, nodeArrival, type NodeRequest, type NodeResponse, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions, WebhookSetup } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest, IdempotentSetup } from "./idempotent.js";

const APP_KEEP = "let nothing in the route call request.json() or request.text(): the events have the parsed payload";

const PAGES_ADVICE = {
  parsedBy: "Next parses the bodies of API routes",
  keep: "write `export const config = { api: { bodyParser: false } };` into the file of the route",
};

/** For the app router: `export const POST = webhook(…)`. Throws what names an option that is wrong. */
export function webhook<Box extends InboxLike>(setup: WebhookSetup<Box>): (request: Request) => Promise<Response> {
  const endpointFor = endpointOf(setup);
  return async (request) => fetchResponse(await endpointFor().answer(fetchArrival(request, APP_KEEP)));
}

/** For the pages router: `export default pagesWebhook(…)`. Throws what names an option that is wrong. */
export function pagesWebhook<Box extends InboxLike>(
  setup: WebhookSetup<Box>,
): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  const endpointFor = endpointOf(setup);
  return async (request, response) =>
    answerNode(endpointFor(), nodeArrival(request, () => request as ParsedBody, () => PAGES_ADVICE), response);
}

/**
 * For the app router: `export const POST = idempotent(…)` runs a request with an `Idempotency-Key` once. Throws what names an
 * option that is wrong.
 */
export function idempotent<Client>(setup: IdempotentSetup<Request, Client>): (request: Request) => Promise<Response> {
  const endpointFor = onceFor<IdempotentOptions<Request, Client>, void, KeyedEndpoint<Request>>(setup, createKeyedEndpoint);
  return async (request) => keyedResponse(await endpointFor().answer(fetchArrival(request, APP_KEEP), request));
}

/** For the pages router: `export default pagesIdempotent(…)`, with or without Next's body parser. */
export function pagesIdempotent<Client, Native extends NodeRequest = NodeRequest>(
  setup: IdempotentSetup<Native, Client>,
): (request: Native, response: KeyedResponse) => Promise<void> {
  const endpointFor = onceFor<IdempotentOptions<Native, Client>, void, KeyedEndpoint<Native>>(setup, createKeyedEndpoint);
  return async (request, response) => {
    const parsed = request as ParsedBody;
    const arrival = nodeArrival(request, () => parsed, () => PAGES_ADVICE);
    sendKeyed(await endpointFor().answer(arrival, request, () => parsed.body), response);
  };
}
