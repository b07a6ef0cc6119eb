/** Stands where Mollie's client imports `node-fetch`, when a bundler puts it there. See docs/create-fetch.md. */

import type { SafeFetch } from "../../pkg/src/payments/index.js";

let current: SafeFetch | undefined;

/** Says by which `fetch` Mollie's client sends from now on. */
export function sendBy(fetch: SafeFetch): void {
  current = fetch;
}

export default function fetch(input: string | URL, init?: RequestInit): Promise<Response> {
  if (current === undefined) throw new Error("call sendBy first");
  return current(input, init);
}
