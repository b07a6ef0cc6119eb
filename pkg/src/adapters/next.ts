/**
 * `tillproof/adapters/next`: webhooks for Next.js, in the app router and in the pages router.
 *
 * The trap is in the pages router: an API route is handed a parsed body unless its file says
 * `export const config = { api: { bodyParser: false } }`. A route handler of the app router gets the bytes.
 */

import { endpointOf, type InboxLike, type WebhookSetup } from "./endpoint.js";
import { fetchArrival, fetchResponse } from "./fetch-request.js";
import { answerNode, nodeArrival, type NodeRequest, type NodeResponse, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions, WebhookSetup } from "./endpoint.js";

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
