/**
 * `tillproof/adapters/node`: webhooks for plain `node:http`.
 *
 * Node hands over the bytes as they come; they are lost only when something read the request before.
 */

import { createEndpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { createKeyedEndpoint, sendKeyed, type IdempotentOptions, type KeyedResponse } from "./idempotent.js";
import { answerNode, nodeArrival, type NodeRequest, type NodeResponse, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";
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

/**
 * A listener that runs the requests of one path that carry an `Idempotency-Key` once. Throws what names an option that is
 * wrong; the listener never rejects.
 */
export function idempotent<Client, Native extends NodeRequest = NodeRequest>(
  options: IdempotentOptions<Native, Client>,
): (request: Native, response: KeyedResponse) => Promise<void> {
  const endpoint = createKeyedEndpoint(options);
  return async (request, response) => {
    const parsed = request as ParsedBody;
    sendKeyed(await endpoint.answer(nodeArrival(request, () => parsed, () => ADVICE), request, () => parsed.body), response);
  };
}
