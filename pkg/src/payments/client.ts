/**
 * The driver of payment intents: stores first, acts second, reports what became of it.
 *
 * Invariant: nothing is sent that was not stored before by compare-and-set, nor after the lease that came with it. A
 * lost race means that another process moved the intent; the driver reloads it and asks the engine again.
 */

import { TillproofError } from "../shell/errors.js";
import { amountDigits, bytes, count, fn, onlyKnown, text, timeMs } from "../shell/guard.js";
import type { Batch } from "../stores/store.js";
import {
  openIntent,
  stepIntent,
  viewIntent,
  type Action,
  type IntentView,
  type News,
  type RequestDocument,
  type SettingsDocument,
  type Step,
} from "./engine.js";
import { exchange, type Wire } from "./exchange.js";
import { TIMER_MS_MAX, hex, sleep, untilAborted } from "./host.js";
import { Intents, type Loaded } from "./intents.js";
import type { ChargeOptions, ChargeRequest, Outcome, PaymentsOptions, WaitOptions } from "./outcome.js";
import { knownProfile, profileOfIntent, type KnownProfile } from "./profiles.js";
import { LEASE_SLACK_MS, checkedCall, checkedOptions, settingsOf, wireOf, withSignal } from "./settings.js";

const WAIT_MS = 30_000;
const SWEEP_EVERY_MS = 1_000;

/** Journal entries a webhook can give rise to. After each of them the intent is closed, so nothing is sent. */
const HEARD: ReadonlySet<string> = new Set(["settled", "extra_charge", "needs_review"]);

/** Intents a sweep drives at once: a sweeper must not become a storm. */
const SWEEP_CONCURRENCY = 8;

/** Longest pause after lost races, in milliseconds. */
const GIVE_WAY_MS_MAX = 256;

/** One caller and his patience. */
interface Call {
  /** Aborts when he waits no longer. */
  readonly impatient: AbortSignal;
  /** He waits for one round only, whatever it brings: a sweep, or `waitMs: 0`. */
  readonly once: boolean;
  readonly now: () => number;
}

/** The payment client of one merchant at one provider. */
export class Payments {
  readonly #intents: Intents;
  readonly #wire: Wire;
  readonly #profile: KnownProfile;
  readonly #merchant: string;
  readonly #account: string;
  readonly #secret: string;
  readonly #settings: SettingsDocument;
  readonly #now: () => number;
  readonly #random: (bytes: Uint8Array) => void;
  readonly #onError: (error: unknown) => void;
  /** Names this client in leases; a new one each time, since a restarted process must not trust its old leases. */
  readonly #owner: string;
  /** Drives under way, so that a double click joins instead of racing. */
  readonly #driving = new Map<string, Promise<IntentView>>();
  /** Ends the pause of a drive when a webhook brought news. */
  readonly #pauses = new Map<string, AbortController>();
  readonly #closing = new AbortController();

  /** Use {@link createPayments}. */
  constructor(options: PaymentsOptions) {
    const { provider } = checkedOptions(options);
    this.#profile = knownProfile(provider.profile ?? "conservative");
    this.#merchant = text("provider.merchantId", provider.merchantId);
    this.#account = text("provider.account", provider.account ?? "");
    this.#secret = hex(bytes("secret", options.secret));
    this.#intents = new Intents(options.store, this.#merchant, this.#account);
    this.#settings = settingsOf(options);
    this.#wire = wireOf(options);
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? ((target) => void crypto.getRandomValues(target as Uint8Array<ArrayBuffer>));
    this.#onError = options.onError ?? ((error) => console.error("tillproof: a sweep could not go on:", error));
    this.#owner = this.#entropy();
    // Opening a throw-away intent checks secret and retry options now, not at the first order.
    const call = { method: "POST", path: "/", body: "{}" };
    this.#open({ merchant: this.#merchant, operation: "call", reference: "check", call }, this.#now);
  }

  /** Authorizes and captures. Repeating it with the same reference is safe after anything. */
  async charge(request: ChargeRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("charge", request, options);
  }

  /** Authorizes only. */
  async authorize(request: ChargeRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("authorize", request, options);
  }

  /** What is known about an intent; `null` when the reference was never used. Sends nothing. */
  async find(reference: string): Promise<Outcome | null> {
    const key = this.#intents.key(reference);
    const loaded = await this.#intents.find(key);
    return loaded === null ? null : this.#outcome(key, viewIntent(loaded.journal));
  }

  /** Waits for the outcome of an intent that was begun before, driving it on. */
  async wait(reference: string, options: WaitOptions = {}): Promise<Outcome> {
    checkedCall(options);
    const key = this.#intents.key(reference);
    if ((await this.#intents.find(key)) === null) {
      throw new TillproofError({
        code: "intent_unknown",
        message: `no intent is called ${JSON.stringify(reference.slice(0, 80))}: begin it with charge or authorize`,
        details: { reference: reference.slice(0, 200) },
      });
    }
    return this.#settleWithin(key, options);
  }

  /**
   * Takes note of a verified webhook about a payment: `payment` is the object inside the event. With a batch, the
   * change becomes true together with the caller's other writes; without, it is stored at once. Resolves to `false`
   * when the payment is not one of ours.
   */
  async noteWebhook(payment: unknown, options: { readonly batch?: Batch; readonly now?: number } = {}): Promise<boolean> {
    onlyKnown("options", options, ["batch", "now"]);
    if (options.batch !== undefined) fn("options.batch.add", options.batch?.add);
    const reference = (payment as { reference?: unknown } | null)?.reference;
    if (typeof reference !== "string" || reference === "") return false;
    const key = this.#intents.key(reference);
    const now = this.#clock(options.now);
    for (let lost = 1; ; lost += 1) {
      const loaded = await this.#intents.find(key);
      if (loaded === null) return false;
      const step = this.#step(loaded, now, { news: { type: "webhook", payment } });
      // Only what the webhook itself says is stored: nobody here would carry out a send that a poll authorised.
      if (!step.append.some((entry) => HEARD.has(String(entry["type"])))) return true;
      const write = this.#intents.write(key, loaded, step.append, step.wake_at);
      const wake = (): void => this.#pauses.get(key)?.abort();
      if (options.batch !== undefined) {
        options.batch.add(write, { committed: wake });
        return true;
      }
      if (await this.#intents.commit(write)) {
        wake();
        return true;
      }
      await this.#giveWay(lost);
    }
  }

  /**
   * Drives every intent that is due: those of crashed processes, and those nobody waits for. Call it periodically, in
   * as many processes as you like. Resolves to how many were looked at. What fails is reported to `onError` and does
   * not keep the others waiting; it rejects only when the store cannot be asked at all.
   */
  async sweep(options: { readonly limit?: number; readonly signal?: AbortSignal } = {}): Promise<number> {
    withSignal(onlyKnown("options", options, ["limit", "signal"]));
    const due = await this.#intents.due(this.#now(), count("limit", options.limit ?? 100, 1));
    // What is driven here already needs no second driver, and a sweep waits for nobody's patience.
    const waiting = due.filter((key) => !this.#driving.has(key));
    const looked = waiting.length;
    const worker = async (): Promise<void> => {
      for (let key = waiting.shift(); key !== undefined && options.signal?.aborted !== true; key = waiting.shift()) {
        await this.#settleWithin(key, { waitMs: 0 }).catch(this.#onError);
      }
    };
    await Promise.all(Array.from({ length: Math.min(SWEEP_CONCURRENCY, looked) }, worker));
    return looked;
  }

  /** Sweeps every `everyMs` (1,000 when left out) until the signal aborts or the client is closed. Never rejects. */
  async run(options: { readonly everyMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    withSignal(onlyKnown("options", options, ["everyMs", "signal"]));
    const everyMs = count("everyMs", options.everyMs ?? SWEEP_EVERY_MS, 1);
    const end = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
    while (!end.aborted) {
      await this.sweep({ signal: end }).catch(this.#onError);
      await sleep(everyMs, end);
    }
  }

  /** Ends all waits. Requests on the wire are abandoned; their intents are picked up by the next sweep anywhere. */
  close(): void {
    this.#closing.abort();
  }

  async #begin(operation: "charge" | "authorize", request: ChargeRequest, options: ChargeOptions): Promise<Outcome> {
    if (this.#closing.signal.aborted) {
      throw new TillproofError({
        code: "payments_closed",
        message: "this client was closed: make a new one; intents that were begun are driven on by any other",
      });
    }
    checkedCall(options);
    const document = this.#document(operation, request);
    const key = this.#intents.key(document.reference);
    await this.#introduce(key, document, options.retryFailed === true, this.#clock(options.now));
    return this.#settleWithin(key, options);
  }

  /** Opens an intent, or compares a repeated call with what was stored and opens a new epoch when that was asked for. */
  async #introduce(key: string, document: RequestDocument, retryFailed: boolean, now: () => number): Promise<void> {
    for (let lost = 1; ; lost += 1) {
      const loaded = await this.#intents.find(key);
      if (loaded === null) {
        const opened = this.#open(document, now);
        const write = this.#intents.write(key, { version: 0, journal: [] }, opened.append, opened.wake_at);
        if (await this.#intents.commit(write)) return;
      } else {
        const reopen = retryFailed && viewIntent(loaded.journal).status === "failed";
        const step = this.#step(loaded, now, { same_as: document, ...(reopen ? { reopen_with: this.#secret } : {}) });
        const append = step.append.filter((entry) => entry["type"] === "reopened");
        if (append.length === 0) return;
        if (await this.#intents.commit(this.#intents.write(key, loaded, append, now()))) return;
      }
      await this.#giveWay(lost);
    }
  }

  /** Drives an intent for as long as the caller waits. */
  async #settleWithin(key: string, options: WaitOptions): Promise<Outcome> {
    const waitMs = count("waitMs", options.waitMs ?? WAIT_MS);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), Math.min(waitMs, TIMER_MS_MAX));
    const signals = [patience.signal, this.#closing.signal, ...(options.signal ? [options.signal] : [])];
    const call: Call = { impatient: AbortSignal.any(signals), once: waitMs === 0, now: this.#clock(options.now) };
    try {
      const drive = this.#join(key, call);
      // A single round ends by itself, at the latest with the time-out of its request.
      const view = call.once ? await drive : await untilAborted(drive, call.impatient);
      return this.#outcome(key, view ?? (await this.#viewOf(key)));
    } finally {
      clearTimeout(timer);
      patience.abort();
    }
  }

  /** One drive at a time for each intent of this process; later callers wait for the same outcome. */
  #join(key: string, call: Call): Promise<IntentView> {
    const running = this.#driving.get(key);
    if (running !== undefined) {
      if (call.once) return this.#viewOf(key);
      // It may have ended because *its* caller lost patience; this one may have some left.
      return running.then((view) => (isOpen(view) && !call.impatient.aborted ? this.#join(key, call) : view));
    }
    const drive = this.#drive(key, call).finally(() => this.#driving.delete(key));
    this.#driving.set(key, drive);
    return drive;
  }

  async #drive(key: string, call: Call): Promise<IntentView> {
    let news: News | undefined;
    for (let lost = 0; ; ) {
      const loaded = await this.#intents.load(key);
      // News is stored whoever waits; but nothing new is begun for a caller who left, or by a client that was closed.
      const left = this.#closing.signal.aborted || (call.impatient.aborted && !call.once);
      if (news === undefined && left) return viewIntent(loaded.journal);
      const asked = call.now();
      const step = this.#step(loaded, () => asked, news === undefined ? {} : { news });
      if (step.append.length > 0) {
        const write = this.#intents.write(key, loaded, step.append, step.wake_at);
        if (!(await this.#intents.commit(write))) {
          lost += 1;
          await this.#giveWay(lost);
          continue;
        }
      }
      lost = 0;
      news = undefined;
      const { action } = step;
      if (action.type === "rest") return step.intent;
      if (action.type === "wait") {
        if (call.once) return step.intent;
        await this.#pause(key, action.until - call.now(), call.impatient);
      } else {
        news = await this.#carryOut(action, call.now() - asked);
      }
    }
  }

  /**
   * Sends or asks. A request that is on its way is given up only at its time-out or when the client is closed, not when
   * a caller leaves: its answer is the cheapest way to the truth.
   */
  async #carryOut(action: Extract<Action, { type: "send" | "query" }>, storedForMs: number): Promise<News> {
    // A process that was frozen after the store took the send may wake when its lease is over and another one sent.
    if (storedForMs > LEASE_SLACK_MS / 2) {
      return action.type === "send" ? { type: "failure", attempt: action.attempt, not_sent: true } : { type: "query" };
    }
    return exchange(this.#wire, action, this.#closing.signal);
  }

  async #pause(key: string, milliseconds: number, impatient: AbortSignal): Promise<void> {
    const pause = new AbortController();
    this.#pauses.set(key, pause);
    await sleep(Math.max(0, milliseconds), AbortSignal.any([impatient, pause.signal]));
    this.#pauses.delete(key);
  }

  /** After a lost race: at once at first, later with a growing, drawn pause, so that two processes do not spin. */
  async #giveWay(lost: number): Promise<void> {
    const draw = new Uint8Array(1);
    this.#random(draw);
    const most = Math.min(GIVE_WAY_MS_MAX, 2 ** Math.max(0, lost - 2));
    await sleep(((draw[0] ?? 0) * most) >> 8);
  }

  #open(request: RequestDocument, now: () => number): Step {
    return openIntent({
      profile: this.#profile.document,
      account: this.#account,
      secret: this.#secret,
      request,
      settings: this.#settings,
      now: timeMs("now", now()),
    });
  }

  #step(
    loaded: Loaded,
    now: () => number,
    opening: { readonly same_as?: RequestDocument; readonly reopen_with?: string; readonly news?: News },
  ): Step {
    return stepIntent({
      profile: profileOfIntent(this.#profile, loaded.journal[0]?.["profile"]),
      journal: loaded.journal,
      settings: this.#settings,
      now: timeMs("now", now()),
      owner: this.#owner,
      entropy: this.#entropy(),
      ...opening,
    });
  }

  #document(operation: "charge" | "authorize", request: ChargeRequest): RequestDocument {
    onlyKnown("request", request, ["reference", "amount", "currency", "description", "metadata"]);
    return {
      merchant: this.#merchant,
      operation,
      reference: text("reference", request.reference),
      amount: amountDigits("amount", request.amount),
      currency: text("currency", request.currency),
      ...(request.description === undefined ? {} : { description: text("description", request.description) }),
      ...(request.metadata === undefined ? {} : { metadata: request.metadata }),
    };
  }

  async #viewOf(key: string): Promise<IntentView> {
    return viewIntent((await this.#intents.load(key)).journal);
  }

  #outcome(key: string, view: IntentView): Outcome {
    const base = {
      reference: view.reference,
      operation: view.operation,
      amount: view.amount === undefined ? null : BigInt(view.amount),
      currency: view.currency ?? null,
      attempts: view.attempts,
      epoch: view.epoch,
      key: view.key,
      extraCharges: view.extra_charges,
    };
    const { provider_reference: providerReference = "", evidence = "response", code = "", message = "" } = view;
    switch (view.status) {
      case "settled":
        return { status: "settled", ...base, providerReference, evidence };
      case "awaiting_customer":
        return { status: "awaiting_customer", ...base, providerReference };
      case "failed":
        return { status: "failed", ...base, code, message, proof: view.proof ?? "refused" };
      default:
        return {
          status: "pending_confirmation",
          ...base,
          ...(view.reason === undefined ? {} : { reason: view.reason }),
          ...(view.next_check_at === undefined ? {} : { nextCheckAt: view.next_check_at }),
          needsReview: view.state === "needs_review",
          wait: async (options: WaitOptions = {}) => this.#settleWithin(key, checkedCall(options)),
        };
    }
  }

  /** The client's clock, or one that shows `now` now and runs on with it. */
  #clock(now: number | undefined): () => number {
    if (now === undefined) return this.#now;
    const ahead = timeMs("now", now) - this.#now();
    return () => this.#now() + ahead;
  }

  #entropy(): string {
    const target = new Uint8Array(16);
    this.#random(target);
    return hex(target);
  }
}

/** A payment client. Throws a `TillproofError` when an option cannot work. */
export function createPayments(options: PaymentsOptions): Payments {
  return new Payments(options);
}

function isOpen(view: IntentView): boolean {
  return view.status === "pending_confirmation" && view.state !== "needs_review";
}
