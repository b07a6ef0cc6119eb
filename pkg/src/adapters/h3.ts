/**
 * `tillproof/adapters/h3`: webhooks for h3 1 and 2, and so for Nitro and Nuxt.
 *
 * The trap: a middleware that reads the body. `readBody` of h3 1 remembers the bytes, and they are taken from there;
 * in h3 2 the request is a `Request`, and whoever reads it first has it.
 */

import { createEndpoint, type Arrival, type BodyRead, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { fetchArrival, fetchResponse, readBytes } from "./fetch-request.js";
import { createKeyedEndpoint, keyedResponse, type IdempotentOptions } from "./idempotent.js";
import { alreadyParsed } from "./lost-body.js";
import { nodeArrival, type NodeRequest } from "./node-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";

/** The part of an event that is used: `req` in h3 2, `node` in h3 1. */
export interface H3EventLike {
  readonly req?: unknown;
  readonly node?: unknown;
  readonly path?: string;
}

const ADVICE = {
  parsedBy: "a middleware parsed it",
  keep: "let the middleware pass this path on without reading the body, or read event.req.clone()",
};

/** Where h3 1 keeps the promise of the bytes it read. */
const RAW_BODY: unique symbol = Symbol.for("h3RawBody");

/** For `defineEventHandler(webhook(…))`. Throws what names an option that is wrong; the handler never rejects. */
export function webhook<Box extends InboxLike>(
  options: WebhookOptions<Box>,
): (event: H3EventLike) => Promise<Response> {
  const endpoint = createEndpoint(options);
  return async (event) => fetchResponse(await endpoint.answer(arrivalOf(event)));
}

function arrivalOf(event: H3EventLike): Arrival {
  if (isRequest(event.req)) return fetchArrival(event.req, ADVICE.keep);
  const { req } = (event as H3V1Event).node;
  const arrival = nodeArrival(req, () => ({}), () => ADVICE, event.path);
  const body = async (maxBytes: number): Promise<BodyRead> =>
    (await provided(event as H3V1Event, maxBytes)) ?? arrival.body(maxBytes);
  return { ...arrival, body };
}

/** What stands in for the stream: bytes that were read before, or the body a serverless preset of Nitro was called with. */
async function provided(event: H3V1Event, maxBytes: number): Promise<BodyRead | undefined> {
  const { req } = event.node;
  const kept = event._requestBody ?? event.web?.request?.body ?? (await req[RAW_BODY]) ?? req.rawBody ?? req.body;
  if (kept === undefined || kept === null) return undefined;
  if (kept instanceof ReadableStream) return readBytes(kept as ReadableStream<Uint8Array>, maxBytes);
  let bytes: Uint8Array;
  if (typeof kept === "string") bytes = new TextEncoder().encode(kept);
  else if (kept instanceof ArrayBuffer) bytes = new Uint8Array(kept);
  else if (kept instanceof Uint8Array) bytes = kept;
  else throw alreadyParsed(kept, ADVICE);
  return bytes.length > maxBytes ? "too_large" : bytes;
}

/** In h3 1 `req` is Node's request, which has no `arrayBuffer`. */
function isRequest(value: unknown): value is Request {
  return typeof (value as { readonly arrayBuffer?: unknown } | undefined)?.arrayBuffer === "function";
}

interface H3V1Event {
  readonly node: {
    readonly req: NodeRequest & {
      readonly [RAW_BODY]?: Promise<unknown>;
      readonly rawBody?: unknown;
      readonly body?: unknown;
    };
  };
  readonly web?: { readonly request?: { readonly body: unknown } };
  readonly _requestBody?: unknown;
}

/**
 * For `defineEventHandler(idempotent(…))`: runs a request with an `Idempotency-Key` once. Throws what names an option that is
 * wrong; the handler never rejects.
 */
export function idempotent<Client, Native extends H3EventLike = H3EventLike>(
  options: IdempotentOptions<Native, Client>,
): (event: Native) => Promise<Response> {
  const endpoint = createKeyedEndpoint(options);
  return async (event) => {
    const left = (): unknown => (isRequest(event.req) ? undefined : (event as unknown as H3V1Event).node.req.body);
    return keyedResponse(await endpoint.answer(arrivalOf(event), event, left));
  };
}
