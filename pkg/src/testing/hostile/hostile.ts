/**
 * Runs a merchant's own integration against a gateway that misbehaves, on many seeds, and compares what the shop believes
 * with what the gateway did.
 *
 * Invariant: whoever gets a report back has an integration whose books agreed with the gateway's on every seed; everything
 * else is thrown, with the shortest story that was found.
 */

import { shown, TillproofError } from "../../shell/errors.js";
import { count, fn, list, onlyKnown, refusal } from "../../shell/guard.js";
import type { FaultName, FaultPlan } from "../../simulator/faults.js";
import { createGateway } from "../../simulator/gateway.js";
import type { Dialect } from "../../simulator/options.js";
import type { CheckedBelief } from "./belief.js";
import { drive, settle, type Ended, type Patience } from "./drive.js";
import { INVARIANTS, violations, type Invariant, type InvariantName, type Violation } from "./invariants.js";
import { planOf, scriptOf, type Script, type WrittenPlan } from "./script.js";
import { shrink } from "./shrink.js";
import { hear, Stage, type HostileGateway, type Step, type Told } from "./stage.js";
import { story } from "./story.js";
import { booksBalance, readTruth, usualOrder, type OrderOf, type TruePayment } from "./truth.js";

/** The merchant's own code: takes orders through the gateway it is given, and tells what its records then hold. */
export type Integration = (gateway: HostileGateway) => Told | Promise<Told>;

/** What is tried, and what is checked. */
export interface HostileOptions {
  /** How many seeds, from 0, or which ones. 100 when left out. */
  readonly seeds?: number | readonly number[];
  /** The interface the integration speaks. `native` when left out. */
  readonly dialect?: Dialect;
  /** Rates of faults, or the calls at which they strike. `hostile` when left out. */
  readonly faults?: FaultPlan;
  /** What must hold in the end: names of the usual ones, or the merchant's own. All usual ones when left out. */
  readonly invariants?: readonly (InvariantName | Invariant)[];
  /** Where a payment names its order. Its reference, or what its metadata usually call it, when left out. */
  readonly orderOf?: OrderOf;
  /** `virtual` (the default) replaces timers, `Date` and `Math.random` for the time of a run; `host` leaves them alone. */
  readonly timers?: "virtual" | "host";
  /** Virtual time without faults after the integration returned. 12 hours when left out. */
  readonly settleMs?: number;
  /** Virtual time an integration may take before it counts as stuck. 30 days when left out. */
  readonly runMs?: number;
  /** Real time without news before virtual time moves on. 0 when left out; a few milliseconds with a real database. */
  readonly quietMs?: number;
  /** Real time an integration may wait for something that is neither a timer nor the gateway. 5 s when left out. */
  readonly idleMs?: number;
  /** How often a failing run may be repeated to find the faults it needs. 200 when left out. */
  readonly shrinkRuns?: number;
}

/** What was tried without finding anything. */
export interface HostileReport {
  readonly seeds: number;
  readonly requests: number;
  readonly webhooks: number;
  readonly payments: number;
  /** How often each fault struck. */
  readonly faults: { readonly [name in FaultName]?: number };
  /** Faults of the plan that never struck: what they would have done is not known. */
  readonly unreached: readonly FaultName[];
}

/** An integration that a seed breaks. The message is the whole story. */
export class HostileFailure extends TillproofError {
  readonly seed: number;
  /** Everything that was wrong, the gravest first. */
  readonly violations: readonly Violation[];
  /** The faults that are needed, as {@link HostileOptions.faults} takes them. */
  readonly faults: FaultPlan;

  constructor(parts: { seed: number; violations: readonly Violation[]; faults: FaultPlan; story: string; cause: unknown }) {
    const [first] = parts.violations;
    super({
      code: "integration_broken",
      message: parts.story,
      details: { seed: String(parts.seed), invariant: first?.invariant ?? "" },
      cause: parts.cause,
    });
    this.seed = parts.seed;
    this.violations = parts.violations;
    this.faults = parts.faults;
  }

  /** What happened, in words: the message. */
  get story(): string {
    return this.message;
  }
}

const OPTIONS = [
  "seeds",
  "dialect",
  "faults",
  "invariants",
  "orderOf",
  "timers",
  "settleMs",
  "runMs",
  "quietMs",
  "idleMs",
  "shrinkRuns",
] as const;

const HOUR_MS = 3_600_000;

/** All of the options, checked. */
interface Settings {
  readonly seeds: readonly number[];
  readonly dialect: Dialect;
  readonly faults: FaultPlan;
  readonly invariants: readonly Invariant[];
  readonly orderOf: OrderOf;
  readonly virtual: boolean;
  readonly settleMs: number;
  readonly patience: Patience;
  readonly shrinkRuns: number;
}

/** One run and what came of it. */
interface Run {
  readonly violations: readonly Violation[];
  readonly cause: unknown;
  readonly steps: readonly Step[];
  readonly beliefs: readonly CheckedBelief[];
  readonly payments: readonly TruePayment[];
  readonly struck: readonly FaultName[];
  readonly startedAt: number;
  readonly requests: number;
  readonly deliveries: number;
}

/** Timers of a run stand in the place of globals, so that there can be one run at a time. */
let running = false;

/**
 * Runs `integration` on every seed and resolves to what was tried.
 *
 * Rejects with a {@link HostileFailure} for the first seed that breaks it; throws `hostile_nested` while another call is
 * running, `hostile_hollow` when the integration made no request at all, and what names a wrong option.
 */
export async function hostile(integration: Integration, options: HostileOptions = {}): Promise<HostileReport> {
  fn("integration", integration);
  const settings = settingsOf(options);
  const plan = await writtenPlan(settings);
  if (running) {
    throw new TillproofError({
      code: "hostile_nested",
      message: "another call of hostile() is running: await it first, since both replace the timers of this process",
    });
  }
  running = true;
  try {
    return await searched(integration, settings, plan);
  } finally {
    running = false;
  }
}

async function searched(integration: Integration, settings: Settings, plan: WrittenPlan): Promise<HostileReport> {
  const struck = new Map<FaultName, number>();
  let [requests, webhooks, payments] = [0, 0, 0];
  for (const seed of settings.seeds) {
    const script = scriptOf(plan, seed);
    const found = await run(integration, settings, seed, script, false);
    const [gravest] = found.violations;
    if (gravest !== undefined) throw await failure(integration, settings, { seed, script, gravest, struck: found.struck.length });
    requests += found.requests;
    webhooks += found.deliveries;
    payments += found.payments.length;
    for (const fault of found.struck) struck.set(fault, (struck.get(fault) ?? 0) + 1);
  }
  if (requests === 0) {
    throw new TillproofError({
      code: "hostile_hollow",
      message: "the integration made no request: pass gateway.fetch or gateway.httpClient to whatever speaks to the gateway",
    });
  }
  const unreached = (Object.keys(plan) as FaultName[]).filter((fault) => !struck.has(fault));
  return { seeds: settings.seeds.length, requests, webhooks, payments, faults: Object.fromEntries(struck), unreached };
}

/** The run in which something was wrong for the first time. */
interface First {
  readonly seed: number;
  readonly script: Script;
  readonly gravest: Violation;
  /** How many faults struck in it. */
  readonly struck: number;
}

/** The shortest story in which the gravest thing that was wrong is wrong again. */
async function failure(integration: Integration, settings: Settings, first: First): Promise<HostileFailure> {
  const { seed, script, gravest, struck } = first;
  const fails = async (strikes: Script["strikes"]): Promise<boolean> => {
    const tried = await run(integration, settings, seed, { ...script, strikes }, false);
    return tried.violations.some(({ invariant }) => invariant === gravest.invariant);
  };
  const { parts } = await shrink(script.strikes, fails, settings.shrinkRuns);
  const shortest = { ...script, strikes: parts };
  const told = await run(integration, settings, seed, shortest, true);
  const { dialect } = settings;
  if (told.violations.length === 0) return fickle(seed, shortest);
  const text = story({ ...told, seed, dialect, script: shortest, struckBefore: struck });
  return new HostileFailure({ seed, violations: told.violations, faults: planOf(shortest), story: text, cause: told.cause });
}

/** A run that fails only sometimes cannot be told, and that is worth saying. */
function fickle(seed: number, script: Script): HostileFailure {
  const message =
    `seed ${seed} broke this integration once and not when it was repeated: something in it is left to chance ` +
    "(crypto.randomUUID, a real clock, a store that outlives the run), so make the integration anew in each run";
  return new HostileFailure({ seed, violations: [{ invariant: "repeatable", message }], faults: planOf(script), story: message, cause: undefined });
}

async function run(integration: Integration, settings: Settings, seed: number, script: Script, recorded: boolean): Promise<Run> {
  const { dialect, virtual, patience } = settings;
  const stage = new Stage({ seed, dialect, script, virtual, recorded });
  const { timers } = stage;
  const startedAt = stage.now();
  const wait = <T>(work: () => Promise<T>): Promise<Ended<T>> =>
    timers === null ? ended(work()) : drive(work(), stage.gateway, timers, patience);
  try {
    timers?.install(seed);
    let told = await wait(async () => integration(stage));
    stage.endFaults();
    if (told.how === "returned") {
      if (timers === null) await stage.gateway.advance(settings.settleMs);
      else await settle(settings.settleMs, stage.gateway, timers, patience);
      const { value } = told;
      const heard = await wait(async () => hear(stage, value));
      if (heard.how !== "returned") told = heard;
    }
    const payments = await readTruth(stage.gateway.fetch, dialect, settings.orderOf);
    const balanced = await booksBalance(stage.gateway.fetch, dialect);
    const outcome = { seed, beliefs: stage.beliefs, payments, balanced };
    return {
      violations: told.how === "returned" ? await violations(settings.invariants, outcome) : [broken(told)],
      cause: told.how === "threw" ? told.error : undefined,
      steps: stage.steps,
      beliefs: [...stage.beliefs.values()],
      payments,
      struck: stage.gateway.groundTruth().map(({ fault }) => fault),
      startedAt,
      requests: stage.requests,
      deliveries: stage.deliveries,
    };
  } finally {
    timers?.restore();
    await stage.end();
  }
}

async function ended<T>(work: Promise<T>): Promise<Ended<T>> {
  try {
    return { how: "returned", value: await work };
  } catch (error) {
    return { how: "threw", error };
  }
}

function broken(how: Exclude<Ended<unknown>, { how: "returned" }>): Violation {
  if (how.how === "stuck") return { invariant: "stuck", message: `the integration never came to an end: ${how.why}` };
  const text = how.error instanceof Error ? `${how.error.name}: ${how.error.message}` : shown(how.error);
  return { invariant: "threw", message: `the integration threw ${text.slice(0, 300)}` };
}

function settingsOf(options: HostileOptions): Settings {
  onlyKnown("options", options, OPTIONS);
  const { seeds = 100, dialect = "native", faults = "hostile", timers = "virtual", orderOf = usualOrder } = options;
  if (timers !== "virtual" && timers !== "host") {
    throw refusal("argument_invalid", "timers", timers, 'is no kind of timers: expected "virtual" or "host"');
  }
  return {
    seeds: typeof seeds === "number" ? Array.from({ length: count("seeds", seeds, 1) }, (_, seed) => seed) : list("seeds", seeds).map((seed) => count("seeds", seed)),
    dialect,
    faults,
    invariants: options.invariants === undefined ? INVARIANTS : list("invariants", options.invariants).map(invariantOf),
    orderOf: fn("orderOf", orderOf),
    virtual: timers === "virtual",
    settleMs: count("settleMs", options.settleMs ?? 12 * HOUR_MS),
    patience: {
      quietMs: count("quietMs", options.quietMs ?? 0),
      idleMs: count("idleMs", options.idleMs ?? 5_000),
      runMs: count("runMs", options.runMs ?? 30 * 24 * HOUR_MS),
    },
    shrinkRuns: count("shrinkRuns", options.shrinkRuns ?? 200),
  };
}

function invariantOf(invariant: InvariantName | Invariant): Invariant {
  if (typeof invariant === "object" && invariant !== null) return { name: invariant.name, check: fn("invariants.check", invariant.check) };
  const found = INVARIANTS.find(({ name }) => name === invariant);
  if (found !== undefined) return found;
  const names = INVARIANTS.map(({ name }) => name).join(", ");
  throw refusal("argument_invalid", "invariants", invariant, `is no invariant: expected one of ${names}, or an object with name and check`);
}

/** The plan as the gateway understood it: names of presets become rates. */
async function writtenPlan({ dialect, faults }: Settings): Promise<WrittenPlan> {
  const gateway = createGateway({ dialect, faults });
  try {
    const response = await gateway.fetch("http://gateway/_tillproof/faults");
    return (await response.json()) as WrittenPlan;
  } finally {
    await gateway.close();
  }
}
