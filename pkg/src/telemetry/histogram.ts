/**
 * How long things took, in buckets.
 *
 * Invariant: each observation is in the first bucket whose bound it does not exceed; quantiles are those Prometheus would
 * compute from the same buckets.
 */

import type { Labels, Sample } from "./exposition.js";

/** Upper bounds in seconds: a card answers within one, a bank within days. */
export const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 259_200] as const;

/** Observations of one series. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** One for each bound, and one for what lies beyond. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[] = SECONDS) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Adds an observation. */
  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const index = found === -1 ? this.#bounds.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  /** How many there were. */
  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * The value that a share `q` (0 to 1) of the observations does not exceed, as `histogram_quantile` estimates it: evenly
   * spread within a bucket, and at most the highest bound. `null` without observations.
   */
  quantile(q: number): number | null {
    const { count } = this;
    if (count === 0) return null;
    const rank = q * count;
    let below = 0;
    for (const [index, upper] of this.#bounds.entries()) {
      const inside = this.#counts[index] ?? 0;
      if (inside > 0 && below + inside >= rank) {
        const lower = index === 0 ? 0 : (this.#bounds[index - 1] ?? 0);
        return lower + (upper - lower) * ((rank - below) / inside);
      }
      below += inside;
    }
    return this.#bounds.at(-1) ?? null;
  }

  /** Its series. */
  samples(labels: Labels): Sample[] {
    let below = 0;
    const buckets: Sample[] = this.#bounds.map((bound, index) => {
      below += this.#counts[index] ?? 0;
      return { labels: { ...labels, le: String(bound) }, value: below, suffix: "_bucket" };
    });
    const { count } = this;
    return [
      ...buckets,
      { labels: { ...labels, le: "+Inf" }, value: count, suffix: "_bucket" },
      { labels, value: this.#sum, suffix: "_sum" },
      { labels, value: count, suffix: "_count" },
    ];
  }
}
