/**
 * `tillproof/adapters/koa`: webhooks for Koa.
 *
 * The trap: a body parser used above the route has read the stream. `@koa/bodyparser` keeps a text of it, which does
 * where nothing was lost in decoding; `koa-body` keeps nothing.
 */

import { createEndpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { createKeyedEndpoint, headersOf, type IdempotentOptions } from "./idempotent.js";
import { nodeArrival, type NodeRequest, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";

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

/** The part of Koa's context that an answer with repeated headers needs. */
export interface KoaKeyedContext extends Omit<KoaContext, "set"> {
  set(headers: Record<string, string | string[]>): void;
}

/**
 * A middleware for one route that runs a request with an `Idempotency-Key` once, above or below body parsers. Throws what
 * names an option that is wrong; the middleware never rejects.
 */
export function idempotent<Client, Native extends KoaKeyedContext = KoaKeyedContext>(
  options: IdempotentOptions<Native, Client>,
): (context: Native) => Promise<void> {
  const endpoint = createKeyedEndpoint(options);
  return async (context: Native) => {
    const parsed = context.request as ParsedBody;
    const arrival = nodeArrival(context.req, () => parsed, () => ADVICE, context.originalUrl);
    const answer = await endpoint.answer(arrival, context, () => parsed.body);
    const { "content-length": _, ...headers } = headersOf(answer);
    context.set(headers);
    // Koa takes any other array of bytes for a value to be written as JSON; a body it does not have makes a status of its own.
    context.body = answer.body.length === 0 ? null : Buffer.from(answer.body);
    context.status = answer.status;
  };
}
