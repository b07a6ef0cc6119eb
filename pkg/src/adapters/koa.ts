/**
 * `tillproof/adapters/koa`: webhooks for Koa.
 *
 * The trap: a body parser used above the route has read the stream. `@koa/bodyparser` keeps a text of it, which does
 * where nothing was lost in decoding; `koa-body` keeps nothing.
 */

import { createEndpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { nodeArrival, type NodeRequest, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";

/** The part of Koa's context that is used. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly request: object;
  readonly originalUrl: string;
  status: number;
  body: unknown;
  set(headers: Record<string, string>): void;
}

const ADVICE = {
  parsedBy: "a body parser was used above the route",
  keep: "put app.use(…) of the webhook's router above app.use(bodyParser())",
};

/** A middleware for one route. Throws what names an option that is wrong; the middleware never rejects. */
export function webhook<Box extends InboxLike>(options: WebhookOptions<Box>): (context: KoaContext) => Promise<void> {
  const endpoint = createEndpoint(options);
  return async (context) => {
    const { req, request, originalUrl } = context;
    const arrival = nodeArrival(req, () => request as ParsedBody, () => ADVICE, originalUrl);
    const { status, headers, body } = await endpoint.answer(arrival);
    context.status = status;
    context.set({ ...headers });
    context.body = body;
  };
}
