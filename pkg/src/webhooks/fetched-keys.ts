/**
 * Keys that have to be fetched from the provider, because a delivery names one that is not known yet.
 *
 * Invariant: what is named by strangers costs a bounded number of requests. A key that was fetched is kept for a while, a
 * key on its way is not asked for twice, and no more than {@link FETCHES_MAX} requests begin in one minute.
 */

import type { RefusedDelivery } from "./verifier.js";

/** Requests that may begin within one minute. A provider changes his key a few times a year. */
const FETCHES_MAX = 20;
/** Keys that are kept; beyond, the one that was fetched first is forgotten. */
const KEPT_MAX = 32;
const MINUTE_MS = 60_000;

/** A key, or why there is none. */
export type Fetched<T> = { readonly ok: true; readonly key: T } | RefusedDelivery;

/** The keys of one provider. */
export class FetchedKeys<T> {
  readonly #keptForMs: number;
  readonly #kept = new Map<string, { readonly key: T; readonly until: number }>();
  readonly #underway = new Map<string, Promise<Fetched<T>>>();
  #minute = 0;
  #fetches = 0;

  constructor(keptForMs: number) {
    this.#keptForMs = keptForMs;
  }

  /** The key of this name: as it is known, or as `fetch` brings it, which must not reject. */
  get(name: string, now: number, fetch: () => Promise<Fetched<T>>): Promise<Fetched<T>> {
    const kept = this.#kept.get(name);
    if (kept !== undefined && now < kept.until) return Promise.resolve({ ok: true, key: kept.key });
    const underway = this.#underway.get(name);
    if (underway !== undefined) return underway;
    if (!this.#mayFetch(now)) return Promise.resolve(tooMany());
    const fetched = fetch().then((found) => {
      this.#underway.delete(name);
      if (found.ok) this.#keep(name, found.key, now);
      return found;
    });
    this.#underway.set(name, fetched);
    return fetched;
  }

  #mayFetch(now: number): boolean {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#fetches = 0;
    }
    this.#fetches += 1;
    return this.#fetches <= FETCHES_MAX;
  }

  #keep(name: string, key: T, now: number): void {
    // Deleted first, so that it stands at the end of the order in which keys are forgotten.
    this.#kept.delete(name);
    this.#kept.set(name, { key, until: now + this.#keptForMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** That a key could not be had, for whatever reason. It may be there the next time: answer so that the sender retries. */
export function unavailable(message: string): RefusedDelivery {
  return { ok: false, code: "key_unavailable", message };
}

function tooMany(): RefusedDelivery {
  return unavailable(
    `${FETCHES_MAX} keys were asked for within a minute, which no provider needs: nothing is fetched until it is over; ` +
      "answer with 503, so that a genuine delivery is sent again",
  );
}
