/**
 * A hostile world in virtual time around the payment machine and the webhook inbox.
 *
 * {@link torture} lives a range of seeds and counts what an independent auditor found; {@link trace} tells every decision
 * of one seed. Neither touches clock, network or disk: the same seed gives the same life in every runtime.
 *
 * Invariant: the numbers come from the simulated provider's books, never from what the merchant believed.
 */

import { count, onlyKnown, refusal, text } from "../shell/guard.js";
import { world } from "../shell/torture.js";
import { encode } from "../shell/wire.js";
import { NOTHING, plus, WAYS, type Failure, type Sums, type Way } from "./sums.js";

export type { Failure, Way } from "./sums.js";

/** Which world, and what is wrong with the merchant in it. */
export interface WorldOptions {
  /** The name of a world (see {@link menu}) or of a provider profile, in the default world; `default` when left out. */
  readonly profile?: string | undefined;
  /** Chance in percent to die before and after every durable step; that of the world when left out. */
  readonly crashPercent?: number | undefined;
  /** A safeguard that is taken away, to see that the auditor notices. */
  readonly without?: string | undefined;
}

/** A range of seeds. */
export interface TortureOptions extends WorldOptions {
  /** The first seed. */
  readonly from: number;
  /** The seed after the last. */
  readonly to: number;
}

/** One seed. */
export interface TraceOptions extends WorldOptions {
  readonly seed: number;
}

/** What was found: the document that `tillproof torture --json` prints. */
export interface TortureReport {
  readonly version: 1;
  readonly profile: string;
  readonly without: string | null;
  readonly seeds: { readonly from: number; readonly to: number; readonly count: number };
  readonly intents: number;
  readonly charges: number;
  /** Intents with more than one charge that was not given back. */
  readonly doubles: number;
  /** Intents whose outcome, as told, is not what stands in the provider's books. */
  readonly losses: number;
  readonly unresolved: number;
  /** Charges that were given back. */
  readonly reversed: number;
  readonly sends_per_intent: number;
  readonly events: number;
  /** From the first doubt about an outcome to its end, by the way it ended; `null` where none did. */
  readonly mean_time_to_resolve_ms: Readonly<Record<Way, number | null>>;
  readonly doubts: Readonly<Record<Way, number>>;
  /** Seeds that broke an invariant. */
  readonly broken: number;
  /** The first of them. */
  readonly failures: readonly Failure[];
}

/** What can be asked for. */
export interface Menu {
  readonly worlds: readonly { readonly name: string; readonly says: string }[];
  readonly safeguards: readonly string[];
}

/** The names of the worlds and of the safeguards. */
export function menu(): Menu {
  return world.invoke<Menu>((exports) => exports.torture_menu());
}

/**
 * Lives the seeds of a range. It computes without a pause, some 20,000 seeds a second.
 *
 * Throws `torture_profile_unknown` and `torture_rule_unknown`, which name what there is, and `option_invalid` for a range
 * without seeds or a chance beyond 100.
 */
export function torture(options: TortureOptions): TortureReport {
  onlyKnown("options", options, ["profile", "crashPercent", "without", "from", "to"]);
  return report(options, sums(options));
}

/** The decisions of one seed, one a line, and what the auditor found. */
export function trace(options: TraceOptions): { readonly trace: string; readonly report: TortureReport } {
  onlyKnown("options", options, ["profile", "crashPercent", "without", "seed"]);
  const seed = count("seed", options.seed);
  const input = encode({ ...document(options), seed });
  const { trace: lines, tally } = world.invoke<{ trace: string; tally: Sums }>((exports) => exports.torture_trace(input));
  return { trace: lines, report: report({ ...options, from: seed, to: seed + 1 }, tally) };
}

/** Seeds of one call into wasm: a second of work at most. */
const CHUNK = 5_000;

/** The sums of a range. */
export function sums(options: TortureOptions): Sums {
  const [from, to] = [count("from", options.from), count("to", options.to)];
  // A range of nothing would break nothing, and a test that lives it would always pass.
  if (to <= from) throw refusal("option_invalid", "to", to, `is not beyond from (${from}): it is the seed after the last`);
  let sum = NOTHING;
  for (let begin = from; begin < to; begin += CHUNK) {
    const input = encode({ ...document(options), from: begin, to: Math.min(to, begin + CHUNK) });
    sum = plus(sum, world.invoke<Sums>((exports) => exports.torture_run(input)));
  }
  return sum;
}

/** The report of the sums of a range. */
export function report(options: TortureOptions, sum: Sums): TortureReport {
  const byWay = <T>(of: (way: Way) => T): Record<Way, T> =>
    Object.fromEntries(WAYS.map((way) => [way, of(way)])) as Record<Way, T>;
  const { intents, charges, doubles, losses, unresolved, reversed, events, broken, failures } = sum;
  return {
    version: 1,
    profile: options.profile ?? DEFAULT_PROFILE,
    without: options.without ?? null,
    seeds: { from: options.from, to: options.to, count: sum.seeds },
    intents,
    charges,
    doubles,
    losses,
    unresolved,
    reversed,
    sends_per_intent: intents === 0 ? 0 : Math.round((sum.sends * 1_000) / intents) / 1_000,
    events,
    mean_time_to_resolve_ms: byWay((way) => {
      const { count: ended, total_ms: total } = sum.doubts[way];
      return ended === 0 ? null : Math.round(total / ended);
    }),
    doubts: byWay((way) => sum.doubts[way].count),
    broken,
    failures,
  };
}

const DEFAULT_PROFILE = "default";

function document({ profile, crashPercent, without }: WorldOptions): Record<string, unknown> {
  return {
    profile: text("profile", profile ?? DEFAULT_PROFILE),
    crash_percent: crashPercent === undefined ? undefined : percent("crashPercent", crashPercent),
    without: without === undefined ? undefined : text("without", without),
  };
}

function percent(name: string, value: unknown): number {
  const number = count(name, value);
  if (number <= 100) return number;
  throw refusal("option_invalid", name, value, "is not a chance in percent: expected 0 to 100");
}
