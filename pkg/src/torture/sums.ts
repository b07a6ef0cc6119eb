/**
 * What ranges of seeds came to.
 *
 * Invariant: sums add up, so that a report does not depend on how its seeds were shared out among calls or workers.
 */

/** How a doubt about a payment ended: by the answer to a repeated key, a query, a webhook, a refusal, or proven absence. */
export type Way = "response" | "query" | "webhook" | "refused" | "absent";

/** A seed that broke an invariant. */
export interface Failure {
  readonly seed: number;
  /** `I1` to `I12` of the payment machine, `W1` and `W2` of the webhooks. */
  readonly invariant: string;
  /** What was seen, as a sentence. */
  readonly seen: string;
  /** When, in milliseconds of the world. */
  readonly at_ms: number;
}

/** The sums of one range, as the engine gives them. */
export interface Sums {
  readonly seeds: number;
  readonly intents: number;
  readonly charges: number;
  readonly doubles: number;
  readonly losses: number;
  readonly unresolved: number;
  readonly reversed: number;
  readonly sends: number;
  readonly events: number;
  readonly broken: number;
  readonly doubts: Readonly<Record<Way, { readonly count: number; readonly total_ms: number }>>;
  readonly failures: readonly Failure[];
}

const COUNTS = [
  "seeds", "intents", "charges", "doubles", "losses", "unresolved", "reversed", "sends", "events", "broken",
] as const;

/** The ways, in the order in which they are printed. */
export const WAYS: readonly Way[] = ["response", "query", "webhook", "refused", "absent"];

/** Most failures a report names; the others are counted. */
const FAILURES_MAX = 20;

/** The sum of nothing. */
export const NOTHING: Sums = {
  seeds: 0, intents: 0, charges: 0, doubles: 0, losses: 0, unresolved: 0, reversed: 0, sends: 0, events: 0, broken: 0,
  doubts: {
    response: { count: 0, total_ms: 0 },
    query: { count: 0, total_ms: 0 },
    webhook: { count: 0, total_ms: 0 },
    refused: { count: 0, total_ms: 0 },
    absent: { count: 0, total_ms: 0 },
  },
  failures: [],
};

/** The sum of two ranges. */
export function plus(a: Sums, b: Sums): Sums {
  const counts = Object.fromEntries(COUNTS.map((name) => [name, a[name] + b[name]])) as Record<(typeof COUNTS)[number], number>;
  const doubts = Object.fromEntries(
    WAYS.map((way) => [
      way,
      { count: a.doubts[way].count + b.doubts[way].count, total_ms: a.doubts[way].total_ms + b.doubts[way].total_ms },
    ]),
  ) as unknown as Sums["doubts"];
  const failures = [...a.failures, ...b.failures].sort((one, other) => one.seed - other.seed).slice(0, FAILURES_MAX);
  return { ...counts, doubts, failures };
}
