/**
 * Whether a provider may be asked now: retry budget, circuit breaker with probes and slow start, bulkhead.
 *
 * Invariant: whoever was let through is reported exactly once, and while a breaker is open one probe of this process is
 * under way at most. The engine in Rust decides; what crosses for a decision are numbers alone.
 */

import { count, onlyKnown, timeMs } from "../shell/guard.js";
import { governor } from "../shell/governor.js";
import type { Gate, Hold, Lane, Pass, Passed } from "./gate.js";
import { TIMER_MS_MAX } from "./host.js";
import { retryAfterMs } from "./retry-after.js";

/** How a governor decides. A part that is `false` is switched off. */
export interface GovernorOptions {
  /** Retries as a share of the traffic. */
  readonly budget?: false | BudgetOptions;
  /** When a provider is left alone. */
  readonly breaker?: false | BreakerOptions;
  /** How many requests run at once. */
  readonly bulkhead?: false | BulkheadOptions;
}

/**
 * The retry budget of a lane, in tokens: a retry or a query costs one, and gets it back when it is answered. Half of
 * the share comes with each first request, whatever becomes of it, half with each answer.
 */
export interface BudgetOptions {
  /** Tokens at the beginning, and the most there can be; 10 when left out. */
  readonly burst?: number;
  /** Tokens that a hundred answered requests earn, 0 to 100; 10 when left out. */
  readonly percent?: number;
  /** A token comes by itself this often, in milliseconds; 10,000 when left out, 0 for never. */
  readonly trickleMs?: number;
}

/**
 * The circuit breaker of a lane. It opens at `inARow` failures one after the other or at `failures` of the last
 * `outcomes`. While it is open, one request at a time is let through as a probe, after a base and up to a cap drawn by
 * full jitter; when one is answered, one may go at a time, then two, and so on up to `window`.
 */
export interface BreakerOptions {
  /** 5 when left out. */
  readonly inARow?: number;
  /** 10 when left out. */
  readonly failures?: number;
  /** 20 when left out, 64 at most. */
  readonly outcomes?: number;
  /** Outcomes are forgotten after so long without any, in milliseconds; 60,000 when left out. */
  readonly memoryMs?: number;
  /** Scale of the first wait for a probe, in milliseconds; 1,000 when left out. */
  readonly probeBaseMs?: number;
  /** Longest wait for a probe beside the base, in milliseconds; 30,000 when left out. */
  readonly probeCapMs?: number;
  /** A probe that is out for so long is taken for lost, in milliseconds; longer than `timeoutMs`. 60,000 when left out. */
  readonly probeLeaseMs?: number;
  /** The slow start ends here; 64 when left out. */
  readonly window?: number;
}

/** The bulkhead of a lane. Whoever has the least time left goes first. */
export interface BulkheadOptions {
  /** Requests under way at once; 64 when left out. */
  readonly inFlight?: number;
  /** Places in the queue; 1,000 when left out. Who finds none is parked in the store and comes again. */
  readonly waiting?: number;
}

/** One provider and one operation, as they stand. */
export interface LaneState {
  readonly provider: string;
  readonly operation: string;
  readonly breaker: "closed" | "open" | "recovering";
  /** Requests at once that the slow start allows, while there is one. */
  readonly window?: number;
  /** When the next probe may leave, while the breaker is open. */
  readonly probeAt?: number;
  /** Until when the provider asked to be left alone, if ever. */
  readonly quietUntil?: number;
  /** Retries the budget has left; none where it is switched off. */
  readonly tokens?: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Since the process began: requests by what they were for, */
  readonly firstSends: number;
  readonly retries: number;
  /** and how many of both were probes; */
  readonly probes: number;
  /** how often somebody was told to wait; */
  readonly held: number;
  /** what came of the requests; */
  readonly answered: number;
  readonly failed: number;
  readonly shed: number;
  /** how often the breaker opened. */
  readonly trips: number;
}

/** A governor at a moment. */
export interface GovernorState {
  readonly lanes: readonly LaneState[];
}

const PHASES = ["closed", "open", "recovering"] as const;

/** Purposes that are operations of their own. */
const OPERATIONS: Readonly<Partial<Record<Lane["purpose"], string>>> = { query: "query", hedged_query: "query", void: "void" };

/** As in src/governor/permit.rs. */
const PURPOSES: Readonly<Record<Lane["purpose"], number>> = { first_send: 0, resend: 1, query: 2, hedged_query: 3, void: 1 };

/** As in src/wasm/governor: the lowest four bits of an answer say what it is, the others how long or which ticket. */
const GO = 0;
/** From here on the answer has no length of time. */
const DEADLINE = 7;
/** No number, or that of the engine. */
const NONE = 0xffff_ffff;
const NO_ANSWER = 0;
const NEVER_SENT = 1;
const WORD = 2 ** 32;

/** Whoever was refused for want of time is not asked again within it. */
const LATE_MS = 1_000;

/** Somebody in the queue of a lane. */
interface Waiting {
  readonly lane: Lane;
  readonly deadline: number;
  readonly now: () => number;
  readonly admitted: (pass: Pass) => void;
}

/** A lane as the engine numbered it, and who queues in it. */
interface Known {
  readonly provider: string;
  readonly operation: string;
  readonly number: number;
  readonly waiting: Map<number, Waiting>;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Where everything one process asks of its providers passes through. Share one between the clients of a process that
 * talk to the same provider: two would probe twice.
 */
export class Governor implements Gate {
  readonly #settings: readonly number[];
  #handle = 0;
  #generation = -1;
  readonly #lanes = new Map<string, Known>();

  /** Use {@link createGovernor}. */
  constructor(options: GovernorOptions) {
    this.#settings = settingsOf(options);
    this.#open();
  }

  /** Whether an exchange may begin now; else when to ask again. */
  permit(lane: Lane, now: number, deadline: number = Infinity): Pass | Hold {
    const at = timeMs("now", now);
    const known = this.#lane(lane);
    const left = remaining(deadline, at);
    let answer;
    try {
      const purpose = PURPOSES[lane.purpose];
      answer = governor.exports.governor_permit(this.#handle, known.number, purpose, left, Math.trunc(at / WORD), at >>> 0);
    } catch (error) {
      throw governor.told(error);
    }
    const [what, value] = [answer & 15, answer >>> 4];
    if (what === GO) return this.#pass(known, value, lane);
    return { go: false, until: at + (what >= DEADLINE ? LATE_MS : value) };
  }

  /**
   * Queues for a pass, which comes by `admitted`, perhaps before this returns. Returns what gives the place up, or
   * `undefined` when there is none. `deadline` decides who goes first, and at the deadline the place is lost.
   */
  queue(lane: Lane, now: () => number, deadline: number, admitted: (pass: Pass) => void): (() => void) | undefined {
    const known = this.#lane(lane);
    const waiting: Waiting = { lane, deadline, now, admitted };
    const waiter = this.#join(known, waiting);
    if (waiter === 0) return undefined;
    this.#admit(known);
    return () => {
      for (const [number, other] of known.waiting) {
        if (other !== waiting) continue;
        known.waiting.delete(number);
        governor.raw((exports) => exports.governor_leave(this.#handle, known.number, number));
      }
    };
  }

  /** The lanes as they stand, in the order of their first use. */
  state(): GovernorState {
    this.#open();
    return { lanes: [...this.#lanes.values()].map((known) => this.#stateOf(known)) };
  }

  #stateOf({ provider, operation, number }: Known): LaneState {
    const words = governor.raw((exports) => exports.governor_view(this.#handle, number));
    const at = (place: number): number => (words[2 * place] ?? 0) * WORD + (words[2 * place + 1] ?? 0);
    const some = <N extends string>(name: N, place: number): { readonly [K in N]?: number } =>
      words[2 * place] === NONE ? {} : ({ [name]: at(place) } as { readonly [K in N]: number });
    return {
      provider,
      operation,
      breaker: PHASES[at(0)] ?? "closed",
      ...some("window", 1),
      ...some("probeAt", 2),
      ...some("quietUntil", 3),
      ...some("tokens", 4),
      inFlight: at(5),
      waiting: at(6),
      firstSends: at(7),
      retries: at(8),
      probes: at(9),
      held: at(10),
      answered: at(11),
      failed: at(12),
      shed: at(13),
      trips: at(14),
    };
  }

  #join(known: Known, waiting: Waiting): number {
    const now = timeMs("now", waiting.now());
    const purpose = PURPOSES[waiting.lane.purpose];
    const left = remaining(waiting.deadline, now);
    const waiter = governor.raw((exports) =>
      exports.governor_join(this.#handle, known.number, purpose, left, Math.trunc(now / WORD), now >>> 0),
    );
    if (waiter !== 0) known.waiting.set(waiter, waiting);
    return waiter;
  }

  /** Lets through whoever may go, and comes again when somebody may go by the clock alone. */
  #admit(known: Known): void {
    clearTimeout(known.timer);
    const [first] = known.waiting.values();
    if (first === undefined) return;
    const now = timeMs("now", first.now());
    const [high, low] = [Math.trunc(now / WORD), now >>> 0];
    for (;;) {
      const waiter = governor.raw((exports) => exports.governor_admit(this.#handle, known.number, high, low));
      if (waiter === 0) break;
      const ticket = governor.raw((exports) => exports.governor_admitted(this.#handle));
      const waiting = known.waiting.get(waiter);
      known.waiting.delete(waiter);
      const pass = this.#pass(known, ticket, (waiting ?? first).lane);
      if (waiting === undefined) pass.end({ type: "unused" }, now);
      else waiting.admitted(pass);
    }
    if (known.waiting.size === 0) return;
    const wait = governor.raw((exports) => exports.governor_next(this.#handle, known.number, high, low));
    if (wait === NONE) return;
    known.timer = setTimeout(() => this.#admit(known), Math.min(Math.max(wait, 1), TIMER_MS_MAX));
    // Who waits keeps the process alive by a timer of his own; a probe for nobody does not.
    (known.timer as { unref?: () => void }).unref?.();
  }

  #pass(known: Known, ticket: number, lane: Lane): Pass {
    const generation = this.#generation;
    let open = true;
    const end = (passed: Passed, now: number): void => {
      // After a trap the engine that gave the ticket is gone, and counts nothing as under way.
      if (!open || generation !== governor.generation) return;
      open = false;
      const at = timeMs("now", now);
      const [status, hint] = heardOf(passed, at);
      try {
        governor.exports.governor_report(this.#handle, known.number, ticket, status, hint, Math.trunc(at / WORD), at >>> 0);
      } catch (error) {
        throw governor.told(error);
      }
      this.#admit(known);
    };
    return { go: true, lane, end };
  }

  #lane({ profile, operation, purpose }: Lane): Known {
    this.#open();
    // Asking is an operation of its own: it may work where paying does not.
    const name = OPERATIONS[purpose] ?? operation;
    const key = `${profile}\n${name}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const added = this.#added(profile, name);
    this.#lanes.set(key, added);
    return added;
  }

  #added(provider: string, operation: string): Known {
    const number = governor.invoke<number>((exports) => exports.governor_add_lane(this.#handle));
    return { provider, operation, number, waiting: new Map(), timer: undefined };
  }

  /** After a trap the engine begins anew, trusts everybody, and those who queued queue again. */
  #open(): void {
    if (this.#generation === governor.generation) return;
    const entropy = crypto.getRandomValues(new Uint32Array(4));
    const words = new Uint32Array([...entropy, ...this.#settings]);
    this.#handle = governor.invoke<number>((exports) => exports.governor_open(words));
    this.#generation = governor.generation;
    const before = [...this.#lanes];
    this.#lanes.clear();
    for (const [key, { provider, operation, waiting, timer }] of before) {
      clearTimeout(timer);
      const known = this.#added(provider, operation);
      this.#lanes.set(key, known);
      for (const one of waiting.values()) this.#join(known, one);
      this.#admit(known);
    }
  }
}

/**
 * A governor, for {@link createPayments}.
 *
 * Throws `unknown_option`, `option_invalid`, `governor_setting`, `retry_base_zero` and `retry_cap_below_base`.
 */
export function createGovernor(options: GovernorOptions = {}): Governor {
  return new Governor(options);
}

function remaining(deadline: number, now: number): number {
  const left = Math.ceil(deadline - now);
  return left >= NONE ? NONE : Math.max(left, 0);
}

/** A status and a hint, as the door takes them. */
function heardOf(passed: Passed, now: number): [status: number, hint: number] {
  if (passed.type === "unused") return [NEVER_SENT, NONE];
  if (passed.type === "failed") return [NO_ANSWER, NONE];
  const { status, retryAfter } = passed;
  // No status of HTTP is below 100: those numbers mean something else at the door.
  if (status < 100) return [NO_ANSWER, NONE];
  const wait = retryAfter === undefined ? undefined : retryAfterMs(retryAfter, now);
  // What is beyond seven weeks is as good as endless.
  return [status, wait === undefined ? NONE : Math.min(wait, NONE - 1)];
}

const BUDGET = ["burst", "percent", "trickleMs"] as const;
const BREAKER = [
  "inARow",
  "outcomes",
  "failures",
  "memoryMs",
  "probeBaseMs",
  "probeCapMs",
  "probeLeaseMs",
  "window",
] as const;
const BULKHEAD = ["inFlight", "waiting"] as const;

/** As src/wasm/governor reads them: whether there is the part at all, then its numbers; the engine has the defaults. */
function settingsOf(options: GovernorOptions): readonly number[] {
  onlyKnown("governor", options, ["budget", "breaker", "bulkhead"]);
  return [
    ...part<BudgetOptions>("governor.budget", options.budget, BUDGET),
    ...part<BreakerOptions>("governor.breaker", options.breaker, BREAKER),
    ...part<BulkheadOptions>("governor.bulkhead", options.bulkhead, BULKHEAD),
  ];
}

function part<T extends { readonly [K in keyof T]?: number }>(
  name: string,
  options: false | T | undefined,
  fields: readonly (keyof T & string)[],
): number[] {
  if (options === false) return [0, ...fields.map(() => NONE)];
  const given: T = onlyKnown(name, options ?? ({} as T), fields);
  const word = (field: keyof T & string): number => {
    const value = given[field];
    // What is beyond seven weeks or four thousand million is as good as endless.
    return value === undefined ? NONE : Math.min(count(`${name}.${field}`, value), NONE - 1);
  };
  return [NONE, ...fields.map(word)];
}

/** Throws `governor_hedged_money` for every purpose but a query: copies of a send race each other for the money. */
export function assertHedgeable(purpose: Lane["purpose"]): void {
  governor.invoke<number>((exports) => exports.governor_hedged(PURPOSES[purpose]));
}
