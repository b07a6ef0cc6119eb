/**
 * `tillproof/adapters/hono`: webhooks for Hono, on every runtime it has.
 *
 * The trap: a middleware that called `c.req.json()` or `c.req.parseBody()` has read the request. Hono remembers what it
 * read: bytes and undamaged texts are taken from there, of forms no bytes are left.
 */

import { createEndpoint, type Arrival, type BodyRead, type InboxLike, type WebhookOptions } from "./endpoint.js";
import { fetchArrival, fetchResponse } from "./fetch-request.js";
import { createKeyedEndpoint, keyedResponse, type IdempotentOptions } from "./idempotent.js";
import { alreadyParsed } from "./lost-body.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest } from "./idempotent.js";

/** The part of Hono's context that is used. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
}

const KEEP = "put app.post(…) of the webhook above the app.use(…) that reads bodies, such as a validator or a logger";

/** A handler for `app.post(path, …)`. Throws what names an option that is wrong; the handler never rejects. */
export function webhook<Box extends InboxLike>(
  options: WebhookOptions<Box>,
): (context: HonoContext) => Promise<Response> {
  const endpoint = createEndpoint(options);
  return async ({ req }) => fetchResponse(await endpoint.answer(honoArrival(req)));
}

function honoArrival(req: HonoContext["req"]): Arrival {
  const arrival = fetchArrival(req.raw, KEEP);
  const body = async (maxBytes: number): Promise<BodyRead> =>
    (req.raw.bodyUsed ? await remembered(req, maxBytes) : undefined) ?? arrival.body(maxBytes);
  return { ...arrival, body };
}

/** Where Hono remembers what was read of a request. */
interface Remembering {
  readonly bodyCache?: Readonly<Record<string, unknown>>;
}

/** What Hono may have kept of a body, the most faithful first. */
const KEPT = ["arrayBuffer", "blob", "text"] as const;

/** The bytes out of what Hono keeps of a body it read. */
async function remembered(req: object, maxBytes: number): Promise<BodyRead | undefined> {
  const cache = (req as Remembering).bodyCache ?? {};
  const kind = KEPT.find((name) => name in cache) ?? Object.keys(cache)[0];
  // Somebody read the Request itself, behind the back of Hono.
  if (kind === undefined) return undefined;
  const kept = await cache[kind];
  const bytes = await bytesOf(kept);
  if (bytes === undefined) throw alreadyParsed(kept, { parsedBy: `c.req read it above the route (${kind})`, keep: KEEP });
  return bytes.length > maxBytes ? "too_large" : bytes;
}

async function bytesOf(kept: unknown): Promise<Uint8Array | undefined> {
  if (kept instanceof ArrayBuffer) return new Uint8Array(kept);
  if (kept instanceof Blob) return new Uint8Array(await kept.arrayBuffer());
  // Decoding replaces what is no UTF-8, and then the bytes are lost.
  return typeof kept === "string" && !kept.includes("\uFFFD") ? new TextEncoder().encode(kept) : undefined;
}

/**
 * A handler for `app.post(path, …)` that runs a request with an `Idempotency-Key` once, also where `c.req.json()` was called
 * before. Throws what names an option that is wrong; the handler never rejects.
 */
export function idempotent<Client, Native extends HonoContext = HonoContext>(
  options: IdempotentOptions<Native, Client>,
): (context: Native) => Promise<Response> {
  const endpoint = createKeyedEndpoint(options);
  return async (context) => {
    const { req } = context;
    const answer = await endpoint.answer(honoArrival(req), context, () => (req as Remembering).bodyCache?.json);
    return keyedResponse(answer);
  };
}
