/**
 * A hundred thousand clients that were cut off within a second, and a provider that comes back.
 *
 * Invariant: the provider is the same for every policy: down until {@link OUTAGE_MS}, then it serves the first
 * requests of each piece of time up to its capacity and answers 503 to the others.
 */

import { BUCKET_MS, CAPACITY_PER_SECOND, CLIENTS, HORIZON_MS, OUTAGE_MS, SPREAD_MS, type PolicyName, type Storm } from "./policy.js";

/** How long a request and its answer take together. */
const ROUND_TRIP_MS = 50;

/** Milliseconds a client waits before its retry of this number, from 0; `undefined` when it gives up. */
export type Waits = (client: number, retry: number) => number | undefined;

const BUCKETS = HORIZON_MS / BUCKET_MS;
const CAPACITY = (CAPACITY_PER_SECOND * BUCKET_MS) / 1_000;

export function simulate(policy: PolicyName, waits: Waits): Omit<Storm, "tookMs"> {
  const calendar = new Calendar();
  for (let client = 0; client < CLIENTS; client += 1) {
    // Evenly, which is the calmest they can be.
    const noticed = (client * SPREAD_MS) / CLIENTS;
    const wait = waits(client, 0);
    calendar.plan(client, 0, wait === undefined ? undefined : noticed + wait);
  }
  const arrivals = new Array<number>(BUCKETS).fill(0);
  let served = 0;
  let p99Seconds: number | null = null;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    let free = bucket * BUCKET_MS < OUTAGE_MS ? 0 : CAPACITY;
    // Retries without a wait come back within the same piece of time; the list grows while it is read.
    for (const { client, retry, at } of calendar.page(bucket)) {
      arrivals[bucket] = (arrivals[bucket] ?? 0) + 1;
      if (free > 0) {
        free -= 1;
        served += 1;
        if (p99Seconds === null && served >= CLIENTS * 0.99) p99Seconds = at / 1_000;
      } else {
        const wait = waits(client, retry + 1);
        calendar.plan(client, retry + 1, wait === undefined ? undefined : at + ROUND_TRIP_MS + wait);
      }
    }
  }
  const perSecond = arrivals.map((count) => (count * 1_000) / BUCKET_MS);
  const back = OUTAGE_MS / BUCKET_MS;
  return {
    policy,
    perSecond,
    peakPerSecond: Math.max(...perSecond.slice(back)),
    attempts: arrivals.reduce((sum, count) => sum + count, 0) / CLIENTS,
    served: served / CLIENTS,
    p99Seconds,
  };
}

interface Visit {
  readonly client: number;
  readonly retry: number;
  /** Milliseconds since the cut. */
  readonly at: number;
}

/** Who comes when: a page for each piece of time. */
class Calendar {
  readonly #pages: Visit[][] = Array.from({ length: BUCKETS }, () => []);

  plan(client: number, retry: number, at: number | undefined): void {
    if (at === undefined || at >= HORIZON_MS) return;
    this.#pages[Math.floor(at / BUCKET_MS)]?.push({ client, retry, at });
  }

  page(bucket: number): readonly Visit[] {
    return this.#pages[bucket] ?? [];
  }
}
