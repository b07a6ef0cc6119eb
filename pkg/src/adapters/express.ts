/**
 * `tillproof/adapters/express`: webhooks for Express 4 and 5.
 *
 * The trap: `app.use(express.json())` above the route has read the stream. The bytes are taken where they still are:
 * from the stream, from `express.raw()`, or from a `rawBody` that a `verify` function kept.
 */

import { createEndpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { createKeyedEndpoint, sendKeyed, type IdempotentOptions, type KeyedResponse } from "./idempotent.js";
import type { BodyAdvice } from "./lost-body.js";
import { answerNode, nodeArrival, type NodeRequest, type NodeResponse, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";

/** The part of Express's request that is used. */
export interface ExpressRequest extends NodeRequest {
  /** Path and query before a router cut off its mount path. */
  readonly originalUrl?: string;
}

/** The parsers of Express by the names of their middleware, which have been the same since version 4. */
const PARSERS: Readonly<Record<string, string>> = {
  jsonParser: "express.json()",
  urlencodedParser: "express.urlencoded()",
  textParser: "express.text()",
};

/** A handler for `app.post(path, …)`. Throws what names an option that is wrong; the handler never rejects. */
export function webhook<Box extends InboxLike>(
  options: WebhookOptions<Box>,
): (request: ExpressRequest, response: NodeResponse) => Promise<void> {
  const endpoint = createEndpoint(options);
  return (request, response) => {
    const target = request.originalUrl ?? request.url;
    return answerNode(endpoint, nodeArrival(request, () => request as ParsedBody, () => advice(request), target), response);
  };
}

function advice(request: ExpressRequest): BodyAdvice {
  const parser = parserOf(request);
  const found = parser === undefined ? "a body parser" : `app.use(${parser})`;
  return {
    parsedBy: `${found} stands above the route`,
    keep:
      `move app.post("${pathOf(request)}", webhook(…)) above ${found}, or keep the bytes with ` +
      "express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes; } })",
  };
}

/** The route as it was registered; the path of a request is the sender's to choose. */
function pathOf(request: ExpressRequest): string {
  const path: unknown = (request as { readonly route?: { readonly path?: unknown } }).route?.path;
  return typeof path === "string" ? path : "/webhooks/…";
}

/** The first parser of the application whose kind fits. Looks into the router, and finds nothing if that changes. */
function parserOf(request: ExpressRequest): string | undefined {
  const { app } = request as { readonly app?: { readonly _router?: Router; readonly router?: Router } };
  // Express 4 throws when asked for `router`, Express 5 has no `_router`.
  const stack = (app?._router ?? app?.router)?.stack;
  if (!Array.isArray(stack)) return undefined;
  const parsers = stack.flatMap(({ name }: { readonly name?: unknown }) => PARSERS[String(name)] ?? []);
  const type = firstWord(request.headers["content-type"]);
  return parsers.find((parser) => type.includes(parser.slice("express.".length, -"()".length))) ?? parsers[0];
}

function firstWord(header: string | string[] | undefined): string {
  return String(header ?? "").split(";", 1)[0] ?? "";
}

type Router = { readonly stack?: unknown };

/**
 * A handler for `app.post(path, …)` that runs a request with an `Idempotency-Key` once, above or below body parsers. Throws
 * what names an option that is wrong; the handler never rejects.
 */
export function idempotent<Client, Native extends ExpressRequest = ExpressRequest>(
  options: IdempotentOptions<Native, Client>,
): (request: Native, response: KeyedResponse) => Promise<void> {
  const endpoint = createKeyedEndpoint(options);
  return async (request, response) => {
    const parsed = request as ParsedBody;
    const arrival = nodeArrival(request, () => parsed, () => advice(request), request.originalUrl ?? request.url);
    sendKeyed(await endpoint.answer(arrival, request, () => parsed.body), response);
  };
}
