/**
 * The driver of payment intents: stores first, acts second, reports what became of it.
 *
 * Invariant: nothing is sent that was not stored before by compare-and-set, nor after the lease that came with it. A
 * lost race means that another process moved the intent; the driver reloads it and asks the engine again.
 */

import { count } from "../shell/guard.js";
import { viewIntent, type Action, type ExchangeAction, type IntentView, type News, type Step } from "./engine.js";
import { exchange, unanswered, type Exchanged, type Wire } from "./exchange.js";
import { sentForm } from "./fetch-wire.js";
import type { Gate, Lane, Pass, Passed } from "./gate.js";
import { hedged } from "./hedge.js";
import { TIMER_MS_MAX, following, sleep, untilAborted } from "./host.js";
import type { Intents, Loaded } from "./intents.js";
import type { WaitOptions } from "./outcome.js";
import type { Opening, Rounds } from "./rounds.js";
import { LEASE_SLACK_MS } from "./settings.js";
import { isOpen } from "./told.js";
import { Turns } from "./turns.js";

const WAIT_MS = 30_000;

/** Longest time without a look at the store while somebody waits, in milliseconds. */
const LOOK_MS_MAX = 1_000;

/** One caller and his patience. */
interface Call {
  /** Aborts when he waits no longer. */
  readonly impatient: AbortSignal;
  /** He waits for one round only, whatever it brings: a sweep, or `waitMs: 0`. */
  readonly once: boolean;
  /** He waits on while the customer has to act. */
  readonly through: boolean;
  /** When he leaves, by the clock of the call. */
  readonly deadline: number;
  readonly now: () => number;
}

/** One round of the engine, and with what right it reaches the provider. */
interface Round {
  readonly step: Step;
  readonly pass?: Pass | undefined;
  /** It would have, and was told to wait. */
  readonly held?: { readonly lane: Lane; readonly until: number };
}

/** Where there is no place to park, an intent comes again after so long, and as much again at most. */
const PARKED_MS = 10_000;

/** Drives the intents of one client. */
export class Driver {
  readonly #rounds: Rounds;
  readonly #intents: Intents;
  readonly #now: () => number;
  readonly #wire: Wire;
  readonly #gate: Gate | undefined;
  readonly #turns: Turns | undefined;
  readonly #hedgeMs: number | undefined;
  readonly #closing: AbortSignal;
  readonly #onError: (error: unknown) => void;
  /** Drives under way, so that a double click joins instead of racing. */
  readonly #driving = new Map<string, Promise<IntentView>>();
  /** Where the intents under way stand, for callers who leave. */
  readonly #seen = new Map<string, IntentView>();
  /** Ends the pause of a drive when news came from elsewhere. */
  readonly #pauses = new Map<string, AbortController>();

  constructor(parts: {
    readonly rounds: Rounds;
    readonly intents: Intents;
    readonly wire: Wire;
    readonly gate: Gate | undefined;
    readonly hedgeMs: number | undefined;
    readonly closing: AbortSignal;
    readonly now: () => number;
    readonly onError: (error: unknown) => void;
  }) {
    this.#rounds = parts.rounds;
    this.#intents = parts.intents;
    this.#wire = parts.wire;
    this.#gate = parts.gate;
    this.#hedgeMs = parts.hedgeMs;
    this.#closing = parts.closing;
    this.#now = parts.now;
    this.#onError = parts.onError;
    this.#turns = parts.gate && new Turns(parts.gate, parts.closing);
  }

  /** Whether somebody in this process drives the intent, or will as soon as the governor lets him. */
  isDriving(key: string): boolean {
    return this.#driving.has(key) || this.#turns?.isParked(key) === true;
  }

  /** Intents that nobody waits for and that are driven on as soon as the governor lets them. */
  get parked(): number {
    return this.#turns?.parked ?? 0;
  }

  /** News came from elsewhere: whoever waits for this intent here looks at it now. */
  wake(key: string): void {
    this.#pauses.get(key)?.abort();
  }

  /** Drives an intent for as long as the caller waits; resolves to where it stands then. */
  async follow(key: string, options: WaitOptions, now: () => number, through = false): Promise<IntentView> {
    const waitMs = count("waitMs", options.waitMs ?? WAIT_MS);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), Math.min(waitMs, TIMER_MS_MAX));
    const unfollow = options.signal && following(patience, options.signal);
    const once = waitMs === 0;
    const deadline = once ? Infinity : now() + waitMs;
    const call: Call = { impatient: AbortSignal.any([patience.signal, this.#closing]), once, through, deadline, now };
    try {
      const drive = this.#join(key, call);
      // A single round ends by itself, at the latest with the time-out of its request.
      const view = call.once ? await drive : await untilAborted(drive, call.impatient);
      return view ?? this.#seen.get(key) ?? (await this.#rounds.viewOf(key));
    } finally {
      clearTimeout(timer);
      unfollow?.();
      patience.abort();
    }
  }

  /** One drive at a time for each intent of this process; later callers wait for the same outcome. */
  #join(key: string, call: Call): Promise<IntentView> {
    const running = this.#driving.get(key);
    if (running !== undefined) {
      if (call.once) return this.#rounds.viewOf(key);
      // It may have ended because *its* caller lost patience; this one may have some left.
      return running.then((view) => (isAwaited(view, call) && !call.impatient.aborted ? this.#join(key, call) : view));
    }
    this.#turns?.unpark(key);
    return this.#begun(key, call, undefined);
  }

  #begun(key: string, call: Call, turn: Pass | undefined): Promise<IntentView> {
    const drive = this.#drive(key, call, turn).finally(() => {
      this.#driving.delete(key);
      this.#seen.delete(key);
    });
    this.#driving.set(key, drive);
    return drive;
  }

  /** `turn` is a pass that was waited for. */
  async #drive(key: string, call: Call, turn: Pass | undefined): Promise<IntentView> {
    const unused = (): void => {
      turn?.end({ type: "unused" }, call.now());
      turn = undefined;
    };
    let news: News | undefined;
    let looks = 0;
    try {
      for (let lost = 0; ; ) {
        const loaded = await this.#intents.load(key);
        // News is stored whoever waits; but nothing new is begun for a caller who left, or by a client that was closed.
        const left = this.#closing.aborted || (call.impatient.aborted && !call.once);
        if (news === undefined && left) return viewIntent(loaded.journal);
        const asked = call.now();
        const opening = news === undefined ? {} : { news };
        const round: Round = left
          ? { step: this.#rounds.tell(loaded, () => asked, opening) }
          : this.#permitted(loaded, asked, opening, turn);
        if (round.pass === turn) turn = undefined;
        else unused();
        const { step, pass, held } = round;
        if (!(await this.#stored(key, loaded, step, pass, call))) {
          lost += 1;
          await this.#rounds.giveWay(lost);
          continue;
        }
        lost = 0;
        news = undefined;
        this.#seen.set(key, step.intent);
        const { action } = step;
        if (held !== undefined) {
          if (call.once) return this.#parkedAt(key, held, step.intent);
          turn = await this.#turn(key, held, call);
        } else if (action.type === "rest" || action.type === "permit") {
          return step.intent;
        } else if (action.type === "wait") {
          // What comes after the end (a look for charges, a customer who acts) is a sweep's affair.
          if (call.once || !isAwaited(step.intent, call)) return step.intent;
          looks = step.append.length > 0 ? 0 : looks + 1;
          await this.#pause(key, Math.min(action.until - call.now(), lookMs(looks)), call.impatient);
        } else if (action.type === "reverse") {
          news = await this.#takeBack(action, step.intent.profile, call);
        } else {
          news = await this.#carryOut(action, pass, asked, call);
        }
      }
    } finally {
      unused();
    }
  }

  /** One round, for which the governor was asked if it would reach the provider, unless its turn was waited for. */
  #permitted(loaded: Loaded, asked: number, opening: Opening, turn: Pass | undefined): Round {
    const gate = this.#gate;
    if (gate === undefined) return { step: this.#rounds.step(loaded, () => asked, opening) };
    const peeked = this.#rounds.tell(loaded, () => asked, opening);
    if (peeked.action.type !== "permit") return { step: peeked };
    const lane = { profile: peeked.intent.profile, operation: peeked.intent.operation, purpose: peeked.action.for };
    // A turn for something else is of no use: the intent has moved on in between.
    const answer = turn !== undefined && isSame(turn.lane, lane) ? turn : gate.permit(lane, asked);
    if (!answer.go) return { step: peeked, held: { lane, until: answer.until } };
    const step = this.#rounds.step(loaded, () => asked, opening);
    if (reachesProvider(step.action)) return { step, pass: answer };
    // Waits are drawn anew in each round: what was due at once may be due a moment later, and holds no pass until then.
    answer.end({ type: "unused" }, asked);
    return { step };
  }

  /** The turn of a caller who waits. News about the intent ends the wait as well. */
  async #turn(key: string, { lane, until }: NonNullable<Round["held"]>, call: Call): Promise<Pass | undefined> {
    const pause = new AbortController();
    this.#pauses.set(key, pause);
    const signal = AbortSignal.any([call.impatient, pause.signal]);
    const pass = await this.#turns?.wait(lane, until, { deadline: call.deadline, signal, now: call.now });
    this.#pauses.delete(key);
    return pass;
  }

  /** An intent that nobody waits for: in the queue, and where there is no place, in the store for a while. */
  async #parkedAt(key: string, { lane, until }: NonNullable<Round["held"]>, view: IntentView): Promise<IntentView> {
    const now = this.#now;
    const resume = (pass: Pass): void => {
      // Somebody may have come for it in between, and waits in the queue himself.
      if (this.#driving.has(key)) return pass.end({ type: "unused" }, now());
      const call: Call = { impatient: this.#closing, once: true, through: false, deadline: Infinity, now };
      void this.#begun(key, call, pass).catch((error: unknown) => this.#onError(error));
    };
    if (this.#turns?.park(key, lane, now, resume) === true) return view;
    const loaded = await this.#intents.load(key);
    const later = Math.max(until, now() + PARKED_MS + this.#rounds.drawn(PARKED_MS));
    const step = this.#rounds.step(loaded, now, { permit: later });
    // A lost race means that somebody else looks after it.
    await this.#rounds.store(key, loaded, step);
    return step.intent;
  }

  async #stored(key: string, loaded: Loaded, step: Step, pass: Pass | undefined, call: Call): Promise<boolean> {
    let stored = false;
    try {
      stored = await this.#rounds.store(key, loaded, step);
      return stored;
    } finally {
      if (!stored) pass?.end({ type: "unused" }, call.now());
    }
  }

  /**
   * Sends or asks. A request that is on its way is given up only at its time-out or when the client is closed, not when
   * a caller leaves: its answer is the cheapest way to the truth.
   */
  async #carryOut(action: ExchangeAction, pass: Pass | undefined, asked: number, call: Call): Promise<News> {
    // A process that was frozen after the store took the send may wake when its lease is over and another one sent.
    if (call.now() - asked > LEASE_SLACK_MS / 2) {
      pass?.end({ type: "unused" }, call.now());
      return unanswered(action, true);
    }
    // What cannot be sent for want of credentials says nothing about the provider.
    if (sentForm(action, this.#wire.headers, this.#wire.credentials) === undefined) {
      pass?.end({ type: "unused" }, call.now());
      return unanswered(action, true);
    }
    const ask = (): Promise<Exchanged> => exchange(this.#wire, action, this.#closing);
    const { now } = call;
    return hedged({ action, afterMs: this.#hedgeMs ?? Infinity, gate: this.#gate, pass, now, ask, told: passedOf });
  }

  /** Sees to it that the intent which takes a charge back is there, and drives it by one round. */
  async #takeBack(action: Extract<Action, { type: "reverse" }>, profile: string, call: Call): Promise<News> {
    const key = this.#intents.key(action.request.reference);
    await this.#rounds.introduce(key, action.request, { now: call.now, retryFailed: action.again, profile });
    // A sweep that found both due drives it already: its end is the news.
    const view = await (this.#driving.get(key) ?? this.#join(key, { ...call, once: true }));
    const { provider_reference, proof, code } = view;
    return {
      type: "reversal",
      reference: action.request.reference,
      status: view.state === "needs_review" ? "needs_review" : view.status === "awaiting_customer" ? "pending_confirmation" : view.status,
      ...(provider_reference === undefined ? {} : { provider_reference }),
      ...(proof === undefined ? {} : { proof }),
      ...(code === undefined ? {} : { code }),
    };
  }

  async #pause(key: string, milliseconds: number, impatient: AbortSignal): Promise<void> {
    const pause = new AbortController();
    this.#pauses.set(key, pause);
    await sleep(Math.max(0, milliseconds), AbortSignal.any([impatient, pause.signal]));
    this.#pauses.delete(key);
  }

}

/** Whether what comes next is what a caller waits for. */
function isAwaited(view: IntentView, { through }: Call): boolean {
  return isOpen(view) || (through && view.status === "awaiting_customer");
}

function isSame(one: Lane, other: Lane): boolean {
  return one.profile === other.profile && one.operation === other.operation && one.purpose === other.purpose;
}

/**
 * How long to wait before looking whether another process knows more by now: it sends, or heard a webhook, and tells
 * nobody here. Soon at first, since an answer takes as long as one request.
 */
function lookMs(looks: number): number {
  return Math.min(LOOK_MS_MAX, 25 * 2 ** Math.min(looks, 8));
}

/** Whether an action is an exchange with the provider, which is what a pass is for. */
function reachesProvider({ type }: Action): boolean {
  return type !== "wait" && type !== "rest" && type !== "permit" && type !== "reverse";
}

function passedOf(news: Exchanged): Passed {
  if (news.type === "failure") return { type: "failed", notSent: news.not_sent };
  if (news.status === undefined) return { type: "failed", notSent: false };
  const retryAfter = news.headers?.["retry-after"];
  return { type: "answered", status: news.status, ...(retryAfter === undefined ? {} : { retryAfter }) };
}
