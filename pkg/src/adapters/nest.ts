/**
 * `tillproof/adapters/nest`: webhooks for NestJS, on Express and on Fastify.
 *
 * The trap: Nest parses JSON and forms before any controller, and keeps the bytes only when the application was made
 * with `rawBody: true`.
 */

import { createEndpoint, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { createKeyedEndpoint, headersOf, sendKeyed, type IdempotentOptions, type KeyedResponse } from "./idempotent.js";
import { answerNode, nodeArrival, type NodeRequest, type NodeResponse, type ParsedBody } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";

/** What `@Req()` gives: Express's request, or Fastify's, which holds Node's as `raw`. */
export type NestRequest = (NodeRequest | { readonly raw: NodeRequest; readonly headers: NodeRequest["headers"] }) & {
  readonly originalUrl?: string;
};

/** What `@Res()` gives: Express's response, or Fastify's reply. */
export type NestResponse =
  | NodeResponse
  | {
      code(status: number): unknown;
      headers(headers: Record<string, string>): unknown;
      send(body: string): unknown;
    };

const ADVICE = {
  parsedBy: "Nest parsed it before the controller was called",
  keep: "make the application with NestFactory.create(AppModule, { rawBody: true })",
};

/** What a method with `@Req()` and `@Res()` calls. Throws what names an option that is wrong; never rejects. */
export function webhook<Box extends InboxLike>(
  options: WebhookOptions<Box>,
): (request: NestRequest, response: NestResponse) => Promise<void> {
  const endpoint = createEndpoint(options);
  return async (request, response) => {
    const raw = "raw" in request ? request.raw : request;
    const arrival = nodeArrival(raw, () => request as ParsedBody, () => ADVICE, request.originalUrl);
    if (!("code" in response)) return answerNode(endpoint, arrival, response);
    const { status, headers, body } = await endpoint.answer(arrival);
    response.code(status);
    response.headers({ ...headers });
    response.send(body);
  };
}

/** What `@Res()` gives, as an answer of bytes needs it: Express's response, or Fastify's reply. */
export type NestKeyedResponse =
  | KeyedResponse
  | {
      code(status: number): unknown;
      headers(headers: Record<string, string | string[]>): unknown;
      send(body?: Uint8Array): unknown;
    };

/**
 * What a method with `@Req()` and `@Res()` calls to run a request with an `Idempotency-Key` once, on what Nest made of the
 * body. Throws what names an option that is wrong; never rejects.
 */
export function idempotent<Client, Native extends NestRequest = NestRequest>(
  options: IdempotentOptions<Native, Client>,
): (request: Native, response: NestKeyedResponse) => Promise<void> {
  const endpoint = createKeyedEndpoint(options);
  return async (request, response) => {
    const raw: NodeRequest = "raw" in request ? request.raw : request;
    const parsed = request as ParsedBody;
    const arrival = nodeArrival(raw, () => parsed, () => ADVICE, request.originalUrl);
    const answer = await endpoint.answer(arrival, request, () => parsed.body);
    if (!("code" in response)) return sendKeyed(answer, response);
    response.code(answer.status);
    response.headers(headersOf(answer));
    response.send(answer.body.length === 0 ? undefined : answer.body);
  };
}
