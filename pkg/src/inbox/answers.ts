/**
 * What a provider is answered.
 *
 * Invariant: only what is stored is acknowledged; what may succeed later is answered so that the provider tries again.
 */

/** What a refused delivery is answered where the provider asks for something else than 400. */
const REFUSED: Readonly<Record<string, number>> = {
  // docs.gocardless.com, "Handling webhooks", read 2026-11: 498 tells them that the secret is wrong.
  gocardless: 498,
  // shopify.dev, "Verify webhook deliveries", read 2026-11: the app review looks for it.
  shopify: 401,
};

/** Reasons that are mistakes on this side: the delivery may be genuine, so the provider should try again. */
export const OUR_FAULT: ReadonlySet<string> = new Set([
  "body_not_bytes",
  "delivery_not_readable",
  "headers_not_readable",
  "internal_trap",
  "key_unavailable",
  "missing_url",
  "scheme_not_loaded",
  "time_not_milliseconds",
  "wasm_unavailable",
]);

/** The status for a delivery that was refused for this reason. */
export function refusedStatus(scheme: string, code: string): number {
  if (OUR_FAULT.has(code)) return 500;
  return REFUSED[scheme] ?? 400;
}

/** What can become of an event. */
export type EventStatus = "applied" | "busy" | "duplicate" | "held" | "stale";

/** The statuses, the one that decides about a delivery of several events first. */
const BY_WEIGHT: readonly EventStatus[] = ["busy", "applied", "held", "stale", "duplicate"];

/** What became of a delivery, from what became of its events. */
export function overall(statuses: readonly EventStatus[]): EventStatus {
  return BY_WEIGHT.find((status) => statuses.includes(status)) ?? "duplicate";
}

/** The status for a genuine delivery. */
export function acceptedStatus(status: EventStatus): number {
  return status === "busy" ? 503 : 200;
}
