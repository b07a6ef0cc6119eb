/**
 * `tillproof/adapters/sveltekit`: webhooks for SvelteKit.
 *
 * Two traps: a `handle` hook that reads `event.request` has taken the bytes, and SvelteKit itself answers 403 to forms
 * from elsewhere, before any code of yours runs, which is what providers that send forms look like.
 */

import { endpointOf, type InboxLike, type WebhookSetup } from "./endpoint.js";
import { onceFor } from "./environment.js";
import { fetchArrival, fetchResponse } from "./fetch-request.js";
import { createKeyedEndpoint, keyedResponse, type IdempotentOptions, type IdempotentSetup, type KeyedEndpoint } from "./idempotent.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions, WebhookSetup } from "./endpoint.js";
export type { IdempotentHandler, IdempotentOptions, IdempotentRequest, IdempotentSetup } from "./idempotent.js";

const KEEP = "let hooks.server.js pass this path on without reading event.request, or read event.request.clone()";

/** For `+server.js`: `export const POST = webhook(…)`. Throws what names an option that is wrong. */
export function webhook<Box extends InboxLike>(
  setup: WebhookSetup<Box>,
): (event: { readonly request: Request }) => Promise<Response> {
  const endpointFor = endpointOf(setup);
  return async ({ request }) => fetchResponse(await endpointFor().answer(fetchArrival(request, KEEP)));
}

/** The part of SvelteKit's event that is used; `principal` and the handler get all of it, with `locals`. */
export interface SvelteKitEvent {
  readonly request: Request;
}

/**
 * For `+server.js`: `export const POST = idempotent(…)` runs a request with an `Idempotency-Key` once. Throws what names an
 * option that is wrong.
 */
export function idempotent<Client, Native extends SvelteKitEvent = SvelteKitEvent>(
  setup: IdempotentSetup<Native, Client>,
): (event: Native) => Promise<Response> {
  const endpointFor = onceFor<IdempotentOptions<Native, Client>, void, KeyedEndpoint<Native>>(setup, createKeyedEndpoint);
  return async (event) => keyedResponse(await endpointFor().answer(fetchArrival(event.request, KEEP), event));
}
