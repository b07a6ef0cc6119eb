/**
 * Keys that have to be fetched from the provider, because a delivery names one that is not known yet.
 *
 * Invariant: what is named by strangers costs a bounded number of requests, and never takes a key away that was fetched
 * before. Names that are not known share {@link FETCHES_MAX} requests a minute; a known one is asked for again whatever
 * they do, and serves on while that fails. A key on its way is not asked for twice.
 */

import type { RefusedDelivery } from "./verifier.js";

/** Requests for names not known yet that may begin within one minute. A provider changes his key a few times a year. */
const FETCHES_MAX = 20;
/** Keys that are kept; beyond, the one that was asked for longest ago is forgotten. */
const KEPT_MAX = 32;
/** More failures than can begin while one is remembered. */
const FAILURES_MAX = 128;
const MINUTE_MS = 60_000;
/** How long a name that failed is not asked for again. */
const FAILED_FOR_MS = 30_000;
/** How long a key serves on, past the time at which it is asked for again. Longer than a provider is down. */
const SPARE_FOR_MS = 86_400_000;

/** A key, or why there is none. */
export type Fetched<T> = { readonly ok: true; readonly key: T } | RefusedDelivery;

interface Kept<T> {
  readonly found: { readonly ok: true; readonly key: T };
  readonly refreshAt: number;
}

interface Failure {
  readonly refusal: RefusedDelivery;
  readonly until: number;
}

/** The keys of one provider. */
export class FetchedKeys<T> {
  readonly #keptForMs: number;
  readonly #kept = new Map<string, Kept<T>>();
  readonly #failed = new Map<string, Failure>();
  readonly #underway = new Map<string, Promise<Fetched<T>>>();
  #minute = 0;
  #fetches = 0;

  constructor(keptForMs: number) {
    this.#keptForMs = keptForMs;
  }

  /** The key of this name: as it is known, or as `fetch` brings it, which must not reject. */
  async get(name: string, now: number, fetch: () => Promise<Fetched<T>>): Promise<Fetched<T>> {
    const kept = this.#kept.get(name);
    if (kept !== undefined) put(this.#kept, name, kept, KEPT_MAX);
    if (kept !== undefined && now < kept.refreshAt) return kept.found;
    const found = await this.#fetched(name, now, kept !== undefined, fetch);
    if (found.ok || kept === undefined || now >= kept.refreshAt + SPARE_FOR_MS) return found;
    return kept.found;
  }

  #fetched(name: string, now: number, known: boolean, fetch: () => Promise<Fetched<T>>): Promise<Fetched<T>> {
    const underway = this.#underway.get(name);
    if (underway !== undefined) return underway;
    const failed = this.#failed.get(name);
    if (failed !== undefined && now < failed.until) return Promise.resolve(failed.refusal);
    if (!known && !this.#mayFetch(now)) return Promise.resolve(tooMany());
    const fetched = fetch().then((found) => {
      this.#underway.delete(name);
      if (found.ok) {
        this.#failed.delete(name);
        put(this.#kept, name, { found, refreshAt: now + this.#keptForMs }, KEPT_MAX);
      } else {
        put(this.#failed, name, { refusal: found, until: now + FAILED_FOR_MS }, FAILURES_MAX);
      }
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
}

/** Puts an entry at the end of the order in which entries are forgotten. */
function put<T>(entries: Map<string, T>, name: string, entry: T, max: number): void {
  entries.delete(name);
  entries.set(name, entry);
  const [oldest] = entries.keys();
  if (entries.size > max && oldest !== undefined) entries.delete(oldest);
}

/** That a key could not be had, for whatever reason. It may be there the next time: answer so that the sender retries. */
export function unavailable(message: string): RefusedDelivery {
  return { ok: false, code: "key_unavailable", message };
}

function tooMany(): RefusedDelivery {
  return unavailable(
    `${FETCHES_MAX} unknown keys were asked for within a minute, which no provider needs: none is fetched until it is over; ` +
      "answer with 503, so that a genuine delivery is sent again",
  );
}
