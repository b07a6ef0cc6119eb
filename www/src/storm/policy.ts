/** Ways of trying again, and what is found out about each. */

/** In the order of the choices. */
export const POLICIES = [
  { name: "at-once", label: "Three times, at once" },
  { name: "every-second", label: "Every second" },
  { name: "doubling", label: "Doubling from 1 s" },
  { name: "full-jitter", label: "Doubling, full jitter" },
  { name: "tillproof", label: "Tillproof" },
] as const;

/** What Tillproof is compared with. */
export const OTHERS = POLICIES.filter(({ name }) => name !== "tillproof");

export type PolicyName = (typeof POLICIES)[number]["name"];

/** Clients whose payments were cut off at once. */
export const CLIENTS = 100_000;

/** Schedules that are asked of the package: each is kept by twenty clients, since drawing one takes a while. */
export const SCHEDULES = 5_000;

/** They do not notice at the same instant, but within this time. */
export const SPREAD_MS = 1_000;

/** How long the provider is down, and how many it serves a second afterwards. */
export const OUTAGE_MS = 20_000;
export const CAPACITY_PER_SECOND = 2_000;

/** Arrivals are counted in pieces of this length. */
export const BUCKET_MS = 250;

/** How long is looked at. */
export const HORIZON_MS = 240_000;

export interface Storm {
  readonly policy: PolicyName;
  /** Requests that arrive in each piece of time, as a rate per second. */
  readonly perSecond: readonly number[];
  /** The highest of them once the provider is back. */
  readonly peakPerSecond: number;
  /** Requests for each client, without the one that was cut off. */
  readonly attempts: number;
  /** Clients that were served before the horizon, as a share. */
  readonly served: number;
  /** When 99 % of all clients were served; `null` when they never were. */
  readonly p99Seconds: number | null;
  readonly tookMs: number;
}
