/** A safe `fetch` to a provider on loopback, with nothing but what must be said. */

import { createFetch, type FetchOptions, type SafeFetch } from "../../pkg/src/payments/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { hostileProvider, type HostileOptions, type HostileProvider } from "../js/hostile-provider.js";

/** Runs `body` with a provider, and ends the provider whatever happens. */
export async function withProvider(options: HostileOptions, body: (provider: HostileProvider) => Promise<void>): Promise<void> {
  const provider = await hostileProvider(options);
  try {
    await body(provider);
  } finally {
    await provider.close();
  }
}

/** Options of `createFetch` for a provider, as a merchant writes them. */
export function optionsFor(profile: string, baseUrl: string): FetchOptions {
  return {
    provider: { profile, baseUrl, merchantId: "shop" },
    store: memoryStore(),
    secret: "sixteen bytes and more",
    // Longer than any machine takes for an answer: who is to give up earlier says so.
    timeoutMs: 300_000,
    waitMs: 300_000,
  };
}

/**
 * A safe `fetch` for a client that insists on the address of the real provider: what it sends there arrives on loopback.
 */
export function redirected(profile: string, origin: string, provider: HostileProvider, more: Partial<FetchOptions> = {}): SafeFetch {
  return createFetch({
    ...optionsFor(profile, origin),
    fetch: (request) => {
      const { pathname, search } = new URL(request.url);
      return fetch(new Request(provider.origin + pathname + search, request));
    },
    ...more,
  });
}
