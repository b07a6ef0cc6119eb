/**
 * `tillproof/adapters/sveltekit`: webhooks for SvelteKit.
 *
 * Two traps: a `handle` hook that reads `event.request` has taken the bytes, and SvelteKit itself answers 403 to forms
 * from elsewhere, before any code of yours runs, which is what providers that send forms look like.
 */

import { endpointOf, type InboxLike, type WebhookSetup } from "./endpoint.js";
import { fetchArrival, fetchResponse } from "./fetch-request.js";

export type { EndpointSettings, InboxLike, Outcome, Receiver, WebhookOptions, WebhookSetup } from "./endpoint.js";

const KEEP = "let hooks.server.js pass this path on without reading event.request, or read event.request.clone()";

/** For `+server.js`: `export const POST = webhook(…)`. Throws what names an option that is wrong. */
export function webhook<Box extends InboxLike>(
  setup: WebhookSetup<Box>,
): (event: { readonly request: Request }) => Promise<Response> {
  const endpointFor = endpointOf(setup);
  return async ({ request }) => fetchResponse(await endpointFor().answer(fetchArrival(request, KEEP)));
}
