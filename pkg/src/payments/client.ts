/**
 * The payment client of a merchant.
 *
 * Invariant: every method may be repeated after anything. What it begins is named by the caller's `reference`, stored
 * before it is sent, and driven on by a sweep anywhere when nobody waits for it.
 */

import { TillproofError } from "../shell/errors.js";
import { tell, unheard } from "../shell/listener.js";
import { bytes, count, fn, onlyKnown, text, timeMs } from "../shell/guard.js";
import type { Batch } from "../stores/store.js";
import { callDocument, callOutcome, type CallOutcome, type PreparedCall } from "./call.js";
import { decided, requestDocument, type AnyRequest } from "./documents.js";
import { Driver } from "./drive.js";
import { traceIntent, viewIntent, type IntentView, type Operation } from "./engine.js";
import type { FindCredentials } from "./fetch-wire.js";
import type { Governor } from "./governor.js";
import { hedgeOf } from "./hedge.js";
import { following, hex, sleep } from "./host.js";
import { Intents, type Loaded } from "./intents.js";
import type {
  ChargeOptions,
  ChargeRequest,
  Decision,
  FollowUpRequest,
  Outcome,
  PaymentsOptions,
  PayoutRequest,
  TransferRequest,
  VoidRequest,
  WaitOptions,
} from "./outcome.js";
import { knownProfile, type KnownProfile } from "./profiles.js";
import { checkedCall, checkedOptions, governorOf, mustBePast, seamsOf, settingsOf, wireOf, withSignal } from "./settings.js";
import { Rounds, type Opening } from "./rounds.js";
import { outcomeOf } from "./told.js";
import { referencesIn } from "./webhook.js";

const SWEEP_EVERY_MS = 1_000;

/** Intents a sweep drives at once: a sweeper must not become a storm. */
const SWEEP_CONCURRENCY = 8;

/** Intents a sweep looks at. */
const SWEEP_LIMIT = 100;

/** The payment client of one merchant at one provider. */
export class Payments {
  /** What decides when the provider may be reached; `undefined` when it was switched off. Its state is for telemetry. */
  readonly governor: Governor | undefined;
  readonly #intents: Intents;
  readonly #rounds: Rounds;
  readonly #driver: Driver;
  readonly #profile: KnownProfile;
  readonly #merchant: string;
  readonly #now: () => number;
  readonly #random: (bytes: Uint8Array) => void;
  readonly #onError: (error: unknown) => void;
  readonly #closing = new AbortController();

  /** Use {@link createPayments}; what `credentials` is for, `createFetch` knows. */
  constructor(options: PaymentsOptions, credentials?: FindCredentials) {
    const { provider } = checkedOptions(options);
    mustBePast("restoredAt", options.restoredAt, (options.now ?? Date.now)());
    this.#profile = knownProfile(provider.profile === undefined ? "conservative" : provider.profile);
    this.#merchant = text("provider.merchantId", provider.merchantId);
    const account = text("provider.account", provider.account ?? "");
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? ((target) => void crypto.getRandomValues(target as Uint8Array<ArrayBuffer>));
    const listener = options.onError ?? ((error: unknown): void => console.error("tillproof: a sweep could not go on:", error));
    // Whoever listens must not be able to stop a payment, or the sweeper.
    this.#onError = (error) => tell(() => listener(error), unheard);
    this.governor = governorOf(options);
    this.#intents = new Intents(options.store, this.#merchant, account);
    const terms = {
      profile: this.#profile,
      account,
      secret: hex(bytes("secret", options.secret)),
      settings: settingsOf(options, this.#now()),
      restoredAt: options.restoredAt,
      now: this.#now,
      random: this.#random,
    };
    this.#rounds = new Rounds(terms, this.#intents, { ...seamsOf(options), onError: this.#onError });
    this.#driver = new Driver({
      rounds: this.#rounds,
      intents: this.#intents,
      wire: { ...wireOf(options, this.#profile), credentials },
      gate: this.governor,
      hedgeMs: hedgeOf(options.hedge),
      closing: this.#closing.signal,
      now: this.#now,
      onError: this.#onError,
    });
    // Opening a throw-away intent checks secret and retry options now, not at the first order.
    const call = { method: "POST", path: "/", body: "{}" };
    this.#rounds.open({ merchant: this.#merchant, operation: "call", reference: "check", call }, { now: this.#now });
  }

  /** Authorizes and captures. Repeating it with the same reference is safe after anything. */
  async charge(request: ChargeRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("charge", request, options);
  }

  /** Authorizes only. */
  async authorize(request: ChargeRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("authorize", request, options);
  }

  /** Takes what was authorized: the whole, or an amount of it. An intent of its own, with a reference of its own. */
  async capture(request: FollowUpRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("capture", request, options);
  }

  /** Lets go of what was authorized. An intent of its own. */
  async void(request: VoidRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("void", request, options);
  }

  /** Gives back what was charged: the whole, or an amount of it. An intent of its own, such as `order_1/refund/1`. */
  async refund(request: FollowUpRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("refund", request, options);
  }

  /** Moves money to another account at the provider. */
  async transfer(request: TransferRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("transfer", request, options);
  }

  /** Moves money out of the provider. */
  async payout(request: PayoutRequest, options: ChargeOptions = {}): Promise<Outcome> {
    return this.#begin("payout", request, options);
  }

  /**
   * The payment is no longer wanted. One that was never sent has failed; else this is a wish: nothing more is sent where
   * the provider can be asked, and a charge or authorization that comes to light is given back (`failed`, proof
   * `reversed`). What had settled before stays settled: refund it.
   */
  async cancel(reference: string, options: WaitOptions = {}): Promise<Outcome> {
    checkedCall(options);
    const key = this.#intents.key(reference);
    const now = this.#clock(options.now);
    if (!(await this.#note(key, { cancel: true }, now))) throw unknownIntent(reference);
    return this.#outcomeWithin(key, options);
  }

  /**
   * Sees to it that a reference nobody has used never moves money: whoever comes with it later is refused with
   * `intent_mismatch`, before anything is sent. One that was used before stays as it is: `cancel` it.
   */
  async forestall(reference: string): Promise<void> {
    const document = callDocument(this.#merchant, { reference, method: "POST", path: "/", headers: {}, body: { text: "{}" }, scope: "" });
    await this.#rounds.forestall(this.#intents.key(reference), document, this.#now);
  }

  /**
   * Ends the review of an intent by what a person found out. The note is kept in the journal. Charges that came to light
   * and do not count are given back. Throws `intent_not_in_review`, `charge_of_other_kind` for
   * the name of something else at the provider (Stripe's `ch_...` for its `pi_...`), and `intent_copy_under_way` when
   * "failed" could still become untrue.
   */
  async resolve(reference: string, decision: Decision, options: WaitOptions = {}): Promise<Outcome> {
    checkedCall(options);
    const resolve = decided(decision);
    const key = this.#intents.key(reference);
    if (!(await this.#note(key, { resolve }, this.#clock(options.now)))) throw unknownIntent(reference);
    return this.#outcomeWithin(key, options);
  }

  /**
   * Carries out a request somebody else prepared: what `createFetch` does for each call of an SDK. One that failed
   * without an answer of the provider is tried again, on the proof that nothing moved.
   */
  async call(call: PreparedCall, options: WaitOptions = {}): Promise<CallOutcome> {
    this.#mustBeOpen();
    checkedCall(options);
    const document = callDocument(this.#merchant, call);
    const key = this.#intents.key(document.reference);
    const now = this.#clock(options.now);
    await this.#rounds.introduce(key, document, { now, retryFailed: "unanswered", profile: call.profile });
    return callOutcome(await this.#driver.follow(key, options, now));
  }

  /** What is known about an intent; `null` when the reference was never used. Sends nothing. */
  async find(reference: string): Promise<Outcome | null> {
    const key = this.#intents.key(reference);
    const loaded = await this.#intents.find(key);
    return loaded === null ? null : this.#outcome(key, viewIntent(loaded.journal));
  }

  /**
   * Waits for the outcome of an intent that was begun before, driving it on; where the customer has to act, for what
   * becomes of that.
   */
  async wait(reference: string, options: WaitOptions = {}): Promise<Outcome> {
    checkedCall(options);
    const through = viewIntent((await this.#known(reference)).journal).status === "awaiting_customer";
    const key = this.#intents.key(reference);
    return this.#outcome(key, await this.#driver.follow(key, options, this.#clock(options.now), through));
  }

  /** Every decision about an intent as lines of text: what was sent, asked and concluded, by which rule or proof. */
  async trace(reference: string): Promise<string> {
    return traceIntent((await this.#known(reference)).journal);
  }

  /**
   * Takes note of a verified webhook about a payment: `payment` is the object inside the event. With a batch, the
   * change becomes true together with the caller's other writes; without, it is stored at once. Resolves to `false`
   * when the payment is not one of ours.
   */
  async noteWebhook(payment: unknown, options: { readonly batch?: Batch; readonly now?: number } = {}): Promise<boolean> {
    onlyKnown("options", options, ["batch", "now"]);
    if (options.batch !== undefined) fn("options.batch.add", options.batch?.add);
    const news = { type: "webhook", payment } as const;
    for (const reference of referencesIn(this.#profile.document, payment)) {
      const key = this.#intents.key(reference);
      const noted = this.#note(key, { news }, this.#clock(options.now), options.batch);
      if (await noted.catch(isNoPayment)) return true;
    }
    return false;
  }

  /**
   * Drives every intent that is due: those of crashed processes, and those nobody waits for. Call it periodically, in
   * as many processes as you like. Resolves to how many were looked at. What fails is reported to `onError` and does
   * not keep the others waiting; it rejects only when the store cannot be asked at all.
   */
  async sweep(options: { readonly limit?: number; readonly signal?: AbortSignal; readonly now?: number } = {}): Promise<number> {
    withSignal(onlyKnown("options", options, ["limit", "signal", "now"]));
    const now = this.#clock(options.now);
    // What is parked is due as well, and must not hide what could go.
    const limit = count("limit", options.limit ?? SWEEP_LIMIT, 1) + this.#driver.parked;
    const due = await this.#intents.due(now(), limit);
    // What is driven here already needs no second driver. Processes that sweep at once see the same list: each goes
    // through it in an order of its own, and the lease keeps the others from what one of them has begun.
    const waiting = this.#shuffled(due.filter((key) => !this.#driver.isDriving(key)));
    const looked = waiting.length;
    const worker = async (): Promise<void> => {
      for (let key = waiting.pop(); key !== undefined && options.signal?.aborted !== true; key = waiting.pop()) {
        // A sweep waits for nobody's patience.
        await this.#driver.follow(key, { waitMs: 0 }, now).catch(this.#onError);
      }
    };
    await Promise.all(Array.from({ length: Math.min(SWEEP_CONCURRENCY, looked) }, worker));
    return looked;
  }

  /** Sweeps every `everyMs` (1,000 when left out) until the signal aborts or the client is closed. Never rejects. */
  async run(options: { readonly everyMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    withSignal(onlyKnown("options", options, ["everyMs", "signal"]));
    const everyMs = count("everyMs", options.everyMs ?? SWEEP_EVERY_MS, 1);
    const ending = new AbortController();
    const end = ending.signal;
    const unfollow = [this.#closing.signal, ...(options.signal ? [options.signal] : [])].map((signal) => following(ending, signal));
    while (!end.aborted) {
      await this.sweep({ signal: end }).catch(this.#onError);
      await sleep(everyMs, end);
    }
    for (const stop of unfollow) stop();
  }

  /** Ends all waits. Requests on the wire are abandoned; their intents are picked up by the next sweep anywhere. */
  close(): void {
    this.#closing.abort();
  }

  async #begin(operation: Operation, request: AnyRequest, options: ChargeOptions): Promise<Outcome> {
    this.#mustBeOpen();
    checkedCall(options);
    const document = requestDocument(this.#merchant, operation, request);
    // Who has left before anything was stored wants nothing begun.
    options.signal?.throwIfAborted();
    const key = this.#intents.key(document.reference);
    const { retryFailed = false, since } = options;
    const now = this.#clock(options.now);
    mustBePast("since", since, now());
    await this.#rounds.introduce(key, document, { now, retryFailed, since });
    return this.#outcomeWithin(key, options);
  }

  #mustBeOpen(): void {
    if (!this.#closing.signal.aborted) return;
    throw new TillproofError({
      code: "payments_closed",
      message: "this client was closed: make a new one; intents that were begun are driven on by any other",
    });
  }

  /** Stores a wish or news, and wakes whoever waits for the intent here. */
  #note(key: string, opening: Opening, now: () => number, batch?: Batch): Promise<boolean> {
    return this.#rounds.note(key, opening, now, batch, () => this.#driver.wake(key));
  }

  async #known(reference: string): Promise<Loaded> {
    const loaded = await this.#intents.find(this.#intents.key(reference));
    if (loaded === null) throw unknownIntent(reference);
    return loaded;
  }

  async #outcomeWithin(key: string, options: WaitOptions): Promise<Outcome> {
    return this.#outcome(key, await this.#driver.follow(key, options, this.#clock(options.now)));
  }

  #outcome(key: string, view: IntentView): Outcome {
    return outcomeOf(view, async (options = {}) => this.#outcomeWithin(key, checkedCall(options)));
  }

  /** The client's clock, or one that shows `now` now and runs on with it. */
  #clock(now: number | undefined): () => number {
    if (now === undefined) return this.#now;
    const ahead = timeMs("now", now) - this.#now();
    return () => this.#now() + ahead;
  }

  /** Fisher and Yates, with 16 bits for each draw: the list is far shorter than that. */
  #shuffled(keys: readonly string[]): string[] {
    const shuffled = [...keys];
    const draws = new Uint16Array(shuffled.length);
    this.#random(new Uint8Array(draws.buffer));
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = (draws[last] ?? 0) % (last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other] as string, shuffled[last] as string];
    }
    return shuffled;
  }
}

/** Other objects of the provider bear our reference too, and are none of our business. Whatever else was thrown goes on. */
function isNoPayment(error: unknown): false {
  if (error instanceof TillproofError && error.code === "webhook_payment_invalid") return false;
  throw error;
}

function unknownIntent(reference: string): TillproofError {
  return new TillproofError({
    code: "intent_unknown",
    message: `no intent is called ${JSON.stringify(reference.slice(0, 80))}: begin it with charge or authorize`,
    details: { reference: reference.slice(0, 200) },
  });
}

/** A payment client. Throws a `TillproofError` when an option cannot work. */
export function createPayments(options: PaymentsOptions): Payments {
  return new Payments(options);
}
