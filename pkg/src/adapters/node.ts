/**
 * `tillproof/adapters/node`: webhooks for plain `node:http`.
 *
 * Node hands over the bytes as they come; they are lost only when something read the request before.
 */

import { createEndpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { answerNode, nodeArrival, type NodeRequest, type NodeResponse, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { NodeRequest, NodeResponse } from "./node-request.js";

const ADVICE = {
  parsedBy: "something parsed it and left the result in request.body",
  keep: "call the webhook before anything that reads the request, without an await that lets its stream run dry",
};

/** A listener for the requests of one path. Throws what names an option that is wrong; the listener never rejects. */
export function webhook<Box extends InboxLike>(
  options: WebhookOptions<Box>,
): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  const endpoint = createEndpoint(options);
  return (request, response) =>
    answerNode(endpoint, nodeArrival(request, () => request as ParsedBody, () => ADVICE), response);
}
