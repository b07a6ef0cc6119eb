/**
 * `tillproof/adapters/fastify`: webhooks for Fastify 5.
 *
 * The trap: Fastify parses JSON before a handler runs. {@link webhookRoute} is a plugin, and a plugin has content type
 * parsers of its own: this one hands the stream on unread, and the rest of the application parses as before.
 */

import { text } from "../shell/guard.js";
import { createEndpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { createKeyedEndpoint, headersOf, type IdempotentOptions } from "./idempotent.js";
import { nodeArrival, type NodeRequest, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";

/** The part of Fastify's request that is used. */
export interface FastifyRequestLike {
  readonly raw: NodeRequest;
  readonly originalUrl: string;
}

/** The part of Fastify's reply that is used. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** The part of a Fastify instance that is used. */
export interface FastifyScope {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    type: string,
    parser: (request: never, payload: never, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  addHook(name: "onRequest", hook: (request: never, reply: never, done: () => void) => void): unknown;
  all(path: string, handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>): unknown;
}

const ADVICE = {
  parsedBy: "a content type parser of Fastify ran before the handler",
  keep:
    'register the webhook as a plugin, app.register(webhookRoute("/webhooks/…", { … })), and let no hook of the ' +
    "application read request.raw",
};

/** A plugin with one route, such as `/webhooks/stripe`. Throws what names an option that is wrong. */
export function webhookRoute<Box extends InboxLike>(
  path: string,
  options: WebhookOptions<Box>,
): (scope: FastifyScope) => Promise<void> {
  text("path", path);
  const handler = webhook(options);
  return async (scope) => {
    scope.addHook("onRequest", (request: FastifyRequestLike, _reply: never, done: () => void) => {
      withoutUnreadableType(request.raw);
      done();
    });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.all(path, handler);
  };
}

/** Type and subtype, and whatever follows a semicolon. */
const CONTENT_TYPE = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/;

/** Fastify answers 415 to a content type that is none before any parser runs, and to one that is missing it does not. */
function withoutUnreadableType({ headers }: NodeRequest): void {
  const type = headers["content-type"];
  if (type !== undefined && !CONTENT_TYPE.test(String(type))) delete (headers as Record<string, unknown>)["content-type"];
}

/** The handler alone, for a scope that keeps the raw body by its own means (`request.rawBody`, or bytes as the body). */
export function webhook<Box extends InboxLike>(
  options: WebhookOptions<Box>,
): (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown> {
  const endpoint = createEndpoint(options);
  return async (request, reply) => {
    const arrival = nodeArrival(request.raw, () => parsedOf(request as ParsedBody), () => ADVICE, request.originalUrl);
    const { status, headers, body } = await endpoint.answer(arrival);
    reply.code(status);
    reply.headers({ ...headers });
    return reply.send(body);
  };
}

/** The plugin above leaves the stream itself as the body, and a stream that was read is no parsed body. */
function parsedOf(request: ParsedBody): ParsedBody {
  const { body, rawBody } = request;
  return typeof (body as { readonly pipe?: unknown } | null | undefined)?.pipe === "function" ? { rawBody } : { body, rawBody };
}

/** The part of Fastify's reply that an answer of bytes needs. */
export interface FastifyByteReply {
  code(status: number): unknown;
  headers(headers: Record<string, string | string[]>): unknown;
  send(body?: Uint8Array): unknown;
}

/**
 * A handler for `app.post(path, …)` that runs a request with an `Idempotency-Key` once, on what Fastify's parsers made of the
 * body. Throws what names an option that is wrong; the handler never rejects.
 */
export function idempotent<Client, Native extends FastifyRequestLike = FastifyRequestLike>(
  options: IdempotentOptions<Native, Client>,
): (request: Native, reply: FastifyByteReply) => Promise<unknown> {
  const endpoint = createKeyedEndpoint(options);
  return async (request, reply) => {
    const parsed = (): ParsedBody => parsedOf(request as ParsedBody);
    const arrival = nodeArrival(request.raw, parsed, () => ADVICE, request.originalUrl);
    const answer = await endpoint.answer(arrival, request, () => parsed().body);
    reply.code(answer.status);
    reply.headers(headersOf(answer));
    return answer.body.length === 0 ? reply.send() : reply.send(answer.body);
  };
}
