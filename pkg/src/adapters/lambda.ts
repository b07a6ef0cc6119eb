/**
 * `tillproof/adapters/lambda`: webhooks for AWS Lambda behind API Gateway (REST and HTTP APIs), a function URL or a
 * load balancer.
 *
 * The trap: the body comes as a text, and as base64 when `isBase64Encoded` says so, which depends on its content type
 * and on the gateway's settings. Signatures cover the bytes behind it.
 */

import { TillproofError } from "../shell/errors.js";
import { object } from "../shell/guard.js";
import { createEndpoint, type Arrival, type BodyRead, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { createKeyedEndpoint, headersOf, type IdempotentOptions } from "./idempotent.js";
import { alreadyParsed } from "./lost-body.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";

/** The part of the events that is used; version 2.0 is that of HTTP APIs and function URLs. */
export interface LambdaEvent {
  readonly body?: string | null | undefined;
  readonly isBase64Encoded?: boolean | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>> | null | undefined;
  readonly multiValueHeaders?: Readonly<Record<string, string[] | undefined>> | null | undefined;
  readonly httpMethod?: string | undefined;
  readonly path?: string | undefined;
  readonly rawPath?: string | undefined;
  readonly rawQueryString?: string | undefined;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, string[] | undefined>> | null | undefined;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null | undefined;
  readonly requestContext?: unknown;
}

/** What all of these gateways take as an answer. */
export interface LambdaResult {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** For `export const handler = webhook(…)`. Throws what names an option that is wrong; the handler never rejects. */
export function webhook<Box extends InboxLike>(
  options: WebhookOptions<Box>,
): (event: LambdaEvent) => Promise<LambdaResult> {
  const endpoint = createEndpoint(options);
  return async (event) => {
    const { status, headers, body } = await endpoint.answer(arrivalOf(object("event", event)));
    return { statusCode: status, headers: { ...headers }, body, isBase64Encoded: false };
  };
}

function arrivalOf(event: LambdaEvent): Arrival {
  const context = event.requestContext as RequestContext | undefined;
  const headers = headerPairs(event);
  return {
    // Without proxy integration there is no method; then the body tells what is wrong.
    method: context?.http?.method ?? event.httpMethod ?? "POST",
    headers,
    header: (wanted) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1],
    target: targetOf(event, context),
    secure: true,
    body: (maxBytes) => bodyOf(event, maxBytes),
  };
}

interface RequestContext {
  readonly http?: { readonly method?: string };
  /** In REST APIs: the path with the stage in front, as it was called. */
  readonly path?: string;
}

/** Events of version 1.0 have each header twice: its last value, and a list of all. */
function headerPairs({ multiValueHeaders, headers }: LambdaEvent): (readonly [string, string])[] {
  return Object.entries(multiValueHeaders ?? headers ?? {}).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => [name, value] as const),
  );
}

/** REST APIs hand over a decoded query; encoded again it may differ in spelling, and then only `url` helps. */
function targetOf(event: LambdaEvent, context: RequestContext | undefined): string {
  if (event.rawPath !== undefined) return event.rawPath + (event.rawQueryString ? `?${event.rawQueryString}` : "");
  const query = new URLSearchParams();
  const parameters = event.multiValueQueryStringParameters ?? event.queryStringParameters ?? {};
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of [values ?? []].flat()) query.append(name, value);
  }
  const path = context?.path ?? event.path ?? "/";
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** A body of base64 is four letters for three bytes. */
function bodyOf({ body, isBase64Encoded }: LambdaEvent, maxBytes: number): BodyRead {
  const given: unknown = body ?? "";
  if (typeof given !== "string") throw alreadyParsed(given, ADVICE);
  if (given.length > Math.ceil(maxBytes / 3) * 4) return "too_large";
  const bytes = isBase64Encoded === true ? fromBase64(given) : new TextEncoder().encode(given);
  return bytes.length > maxBytes ? "too_large" : bytes;
}

const ADVICE = {
  parsedBy: "a middleware such as httpJsonBodyParser parsed it, or the integration of the API is no proxy integration",
  keep: "take the middleware off this handler, and switch the integration to AWS_PROXY",
};

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new TillproofError({
      code: "body_not_base64",
      message:
        "the event says isBase64Encoded, but its body is no base64: hand the event on as Lambda gave it, or set " +
        "isBase64Encoded to false where the body was decoded",
    });
  }
}

/** An answer with what the gateways have for headers that stand several times. */
export interface LambdaKeyedResult extends LambdaResult {
  /** In answers to events of version 2.0. */
  readonly cookies?: string[];
  /** In answers to events of version 1.0, and of load balancers that are set to it. */
  readonly multiValueHeaders?: Record<string, string[]>;
}

/**
 * For `export const handler = idempotent(…)`: runs a request with an `Idempotency-Key` once. Throws what names an option that
 * is wrong; the handler never rejects.
 */
export function idempotent<Client, Native extends LambdaEvent = LambdaEvent>(
  options: IdempotentOptions<Native, Client>,
): (event: Native) => Promise<LambdaKeyedResult> {
  const endpoint = createKeyedEndpoint(options);
  return async (event) => {
    const answer = await endpoint.answer(arrivalOf(object("event", event)), event, () => event.body as unknown);
    const { "content-length": _, "set-cookie": cookies = [], ...others } = headersOf(answer);
    const headers = Object.fromEntries(Object.entries(others).map(([name, values]) => [name, [values].flat().join(", ")]));
    const body = textOf(answer.body);
    const result = {
      statusCode: answer.status,
      headers,
      body: body ?? btoa(Array.from(answer.body, (byte) => String.fromCharCode(byte)).join("")),
      isBase64Encoded: body === undefined,
    };
    if (event.rawPath !== undefined) return cookies.length === 0 ? result : { ...result, cookies: [cookies].flat() };
    if (event.multiValueHeaders === undefined || event.multiValueHeaders === null) return result;
    const lists = Object.entries({ ...others, ...(cookies.length === 0 ? {} : { "set-cookie": cookies }) });
    return { ...result, multiValueHeaders: Object.fromEntries(lists.map(([name, values]) => [name, [values].flat()])) };
  };
}

/** The text whose UTF-8 the bytes are; `undefined` where they are none. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
