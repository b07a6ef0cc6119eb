/**
 * The driver of payment intents: stores first, acts second, reports what became of it.
 *
 * Invariant: nothing is sent that was not stored before by compare-and-set. A lost race means that another process
 * moved the intent; the driver reloads it and asks the engine again.
 */

import { bytes, amountDigits, text, timeMs } from "../shell/guard.js";
import { TillproofError } from "../shell/errors.js";
import type { Batch, Store, StoredRecord } from "../stores/store.js";
import {
  openIntent,
  stepIntent,
  viewIntent,
  type IntentView,
  type JournalEntry,
  type News,
  type RequestDocument,
  type SettingsDocument,
  type Step,
} from "./engine.js";
import { exchange, type Wire } from "./exchange.js";
import { TIMER_MS_MAX, hex, sleep, untilAborted } from "./host.js";
import type { ChargeOptions, ChargeRequest, Outcome, PaymentsOptions, WaitOptions } from "./outcome.js";

const WAIT_MS = 30_000;
const TIMEOUT_MS = 10_000;

/** Time a lease outlives the request's time-out: for storing the answer, and for clocks that differ. */
const LEASE_SLACK_MS = 2_000;

/** Journal entries a webhook can give rise to. After each of them the intent is closed, so nothing is sent. */
const HEARD: ReadonlySet<string> = new Set(["settled", "extra_charge", "needs_review"]);

/** Intents a sweep drives at once: a sweeper must not become a storm. */
const SWEEP_CONCURRENCY = 8;

/** What is stored under an intent's key. */
interface IntentDocument {
  readonly v: 1;
  readonly journal: readonly JournalEntry[];
}

/** An intent as it was read. */
interface Loaded {
  readonly version: number;
  readonly journal: readonly JournalEntry[];
}

/** What the first round of a drive brings along. */
interface Opening {
  readonly same_as?: RequestDocument;
  readonly reopen_with?: string;
  readonly news?: News;
}

/** The payment client of one merchant at one provider. */
export class Payments {
  readonly #store: Store;
  readonly #wire: Wire;
  readonly #profile: string;
  readonly #merchant: string;
  readonly #account: string;
  readonly #secret: string;
  readonly #settings: SettingsDocument;
  readonly #now: () => number;
  readonly #random: (bytes: Uint8Array) => void;
  /** Names this client in leases; a new one each time, since a restarted process must not trust its old leases. */
  readonly #owner: string;
  /** Drives under way, so that a double click joins instead of racing. */
  readonly #driving = new Map<string, Promise<IntentView>>();
  readonly #closing = new AbortController();

  /** Use {@link createPayments}. */
  constructor(options: PaymentsOptions) {
    const { provider } = options;
    const timeoutMs = count("timeoutMs", options.timeoutMs ?? TIMEOUT_MS);
    this.#store = options.store;
    this.#profile = text("provider.profile", provider.profile ?? "conservative");
    this.#merchant = text("provider.merchantId", provider.merchantId);
    this.#account = text("provider.account", provider.account ?? "");
    this.#secret = hex(bytes("secret", options.secret));
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? ((target) => void crypto.getRandomValues(target as Uint8Array<ArrayBuffer>));
    this.#owner = this.#entropy();
    this.#settings = {
      lease_ms: timeoutMs + LEASE_SLACK_MS,
      ...(options.deadlineMs === undefined ? {} : { deadline_ms: count("deadlineMs", options.deadlineMs) }),
      retry: {
        ...(options.retry?.baseMs === undefined ? {} : { base_ms: count("retry.baseMs", options.retry.baseMs) }),
        ...(options.retry?.capMs === undefined ? {} : { cap_ms: count("retry.capMs", options.retry.capMs) }),
        ...(options.retry?.jitter === undefined ? {} : { jitter: text("retry.jitter", options.retry.jitter) }),
      },
    };
    this.#wire = {
      baseUrl: origin(provider.baseUrl),
      headers: provider.headers ?? {},
      timeoutMs,
      fetch: options.fetch ?? ((request) => fetch(request)),
    };
    // Opening a throw-away intent checks profile, secret and retry options now, not at the first order.
    openIntent(this.#opening(this.#document("charge", { reference: "check", amount: 1, currency: "EUR" })));
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
  async find(reference: string, operation: "charge" | "authorize" = "charge"): Promise<Outcome | null> {
    const key = this.#key(operation, reference);
    const loaded = await this.#load(key);
    return loaded === null ? null : this.#outcome(key, viewIntent(loaded.journal));
  }

  /** Waits for the outcome of an intent that was begun before, driving it on. */
  async wait(
    reference: string,
    options: WaitOptions & { readonly operation?: "charge" | "authorize" } = {},
  ): Promise<Outcome> {
    const key = this.#key(options.operation ?? "charge", reference);
    if ((await this.#load(key)) === null) {
      throw new TillproofError({
        code: "intent_unknown",
        message: `no intent is called ${JSON.stringify(reference.slice(0, 80))}: begin it with charge or authorize`,
        details: { reference: reference.slice(0, 200) },
      });
    }
    return this.#settleWithin(key, {}, options);
  }

  /**
   * Takes note of a verified webhook about a payment: `payment` is the object inside the event. With a batch, the
   * change becomes true together with the caller's other writes; without, it is stored at once. Resolves to `false`
   * when the payment is not one of ours.
   */
  async noteWebhook(payment: unknown, options: { readonly batch?: Batch; readonly now?: number } = {}): Promise<boolean> {
    const reference = (payment as { reference?: unknown } | null)?.reference;
    if (typeof reference !== "string" || reference === "") return false;
    for (;;) {
      const known = await this.#loadAny(reference);
      if (known === null) return false;
      const [key, loaded] = known;
      const step = this.#step(loaded, { news: { type: "webhook", payment } }, options.now);
      // Only what the webhook itself says is stored: nobody here would carry out a send that a poll authorised.
      if (!step.append.some((entry) => HEARD.has(String(entry["type"])))) return true;
      const write = this.#write(key, loaded, step.append, step.wake_at);
      if (options.batch !== undefined) {
        options.batch.add(write);
        return true;
      }
      if (await this.#store.commit([write])) return true;
    }
  }

  /**
   * Drives every intent that is due: those of crashed processes, and those nobody waits for. Call it periodically, in
   * as many processes as you like. Resolves to how many were looked at.
   */
  async sweep(options: { readonly limit?: number; readonly signal?: AbortSignal } = {}): Promise<number> {
    const due = await this.#store.due(this.#prefix(), this.#now(), options.limit ?? 100);
    const waiting = due.map((record) => record.key);
    const worker = async (): Promise<void> => {
      for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
        await this.#settleWithin(key, {}, { waitMs: 0, ...(options.signal ? { signal: options.signal } : {}) });
      }
    };
    await Promise.all(Array.from({ length: Math.min(SWEEP_CONCURRENCY, due.length) }, worker));
    return due.length;
  }

  /** Sweeps every `everyMs` until the signal aborts or the client is closed. */
  async run(options: { readonly everyMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    const signal = options.signal ?? this.#closing.signal;
    while (!signal.aborted && !this.#closing.signal.aborted) {
      await this.sweep({ signal });
      await sleep(options.everyMs ?? 1_000, AbortSignal.any([signal, this.#closing.signal]));
    }
  }

  /** Ends all waits. Requests on the wire are abandoned; their intents are picked up by the next sweep anywhere. */
  close(): void {
    this.#closing.abort();
  }

  async #begin(operation: "charge" | "authorize", request: ChargeRequest, options: ChargeOptions): Promise<Outcome> {
    const document = this.#document(operation, request);
    const key = this.#key(operation, document.reference);
    if ((await this.#load(key)) === null) {
      const opened = openIntent(this.#opening(document, options.now));
      // Losing this race is fine: the other call opened it, and is compared below.
      await this.#store.commit([this.#write(key, { version: 0, journal: [] }, opened.append, opened.wake_at)]);
    }
    const first: Opening = {
      same_as: document,
      ...(options.retryFailed === true && (await this.#hasFailed(key)) ? { reopen_with: this.#secret } : {}),
    };
    return this.#settleWithin(key, first, options);
  }

  async #hasFailed(key: string): Promise<boolean> {
    const loaded = await this.#load(key);
    return loaded !== null && viewIntent(loaded.journal).status === "failed";
  }

  /** Drives an intent for as long as the caller waits. The first round runs even when he waits for nothing. */
  async #settleWithin(key: string, first: Opening, options: WaitOptions): Promise<Outcome> {
    const waitMs = count("waitMs", options.waitMs ?? WAIT_MS);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), Math.min(waitMs, TIMER_MS_MAX));
    const signals = [patience.signal, this.#closing.signal, ...(options.signal ? [options.signal] : [])];
    const impatient = AbortSignal.any(signals);
    try {
      if (first.same_as !== undefined || first.reopen_with !== undefined) await this.#introduce(key, first, options.now);
      const stop = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
      const view = await untilAborted(this.#join(key, impatient, stop, waitMs === 0), waitMs === 0 ? stop : impatient);
      return this.#outcome(key, view ?? (await this.#viewOf(key)));
    } finally {
      clearTimeout(timer);
      patience.abort();
    }
  }

  /** Compares a repeated call with what was stored, and opens a new epoch when that was asked for. */
  async #introduce(key: string, first: Opening, now: number | undefined): Promise<void> {
    for (;;) {
      const loaded = await this.#mustLoad(key);
      const step = this.#step(loaded, first, now);
      const append = step.append.filter((entry) => entry["type"] === "reopened");
      if (append.length === 0) return;
      if (await this.#store.commit([this.#write(key, loaded, append, this.#time(now))])) return;
    }
  }

  /** One drive at a time for each intent of this process; later callers wait for the same outcome. */
  #join(key: string, impatient: AbortSignal, stop: AbortSignal, once: boolean): Promise<IntentView> {
    const running = this.#driving.get(key);
    if (running !== undefined) {
      // It may have ended because *its* caller lost patience; this one may have some left.
      return running.then((view) =>
        isOpen(view) && !impatient.aborted ? this.#join(key, impatient, stop, once) : view,
      );
    }
    const drive = this.#drive(key, impatient, stop, once).finally(() => this.#driving.delete(key));
    this.#driving.set(key, drive);
    return drive;
  }

  async #drive(key: string, impatient: AbortSignal, stop: AbortSignal, once: boolean): Promise<IntentView> {
    let news: News | undefined;
    for (;;) {
      const loaded = await this.#mustLoad(key);
      const step = this.#step(loaded, news === undefined ? {} : { news });
      if (step.append.length > 0 && !(await this.#store.commit([this.#write(key, loaded, step.append, step.wake_at)]))) {
        continue;
      }
      news = undefined;
      switch (step.action.type) {
        case "rest":
          return step.intent;
        case "wait":
          if (once || impatient.aborted) return step.intent;
          await sleep(Math.max(0, step.action.until - this.#now()), impatient);
          if (impatient.aborted) return step.intent;
          break;
        default:
          // A request that is on its way is only given up when the process or the caller gives up, not when patience
          // for the *outcome* ends: its answer is the cheapest way to the truth.
          news = await exchange(this.#wire, step.action, stop);
      }
    }
  }

  #step(loaded: Loaded, opening: Opening, now?: number): Step {
    return stepIntent({
      journal: loaded.journal,
      settings: this.#settings,
      now: this.#time(now),
      owner: this.#owner,
      entropy: this.#entropy(),
      ...opening,
    });
  }

  #opening(request: RequestDocument, now?: number): Parameters<typeof openIntent>[0] {
    return {
      profile: this.#profile,
      account: this.#account,
      secret: this.#secret,
      request,
      settings: this.#settings,
      now: this.#time(now),
    };
  }

  #document(operation: "charge" | "authorize", request: ChargeRequest): RequestDocument {
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

  #write(key: string, loaded: Loaded, append: readonly JournalEntry[], wakeAt: number | null) {
    const document: IntentDocument = { v: 1, journal: [...loaded.journal, ...append] };
    return { key, expected: loaded.version, value: JSON.stringify(document), wakeAt };
  }

  async #load(key: string): Promise<Loaded | null> {
    const record: StoredRecord | null = await this.#store.get(key);
    if (record === null) return null;
    const document = JSON.parse(record.value) as IntentDocument;
    return { version: record.version, journal: document.journal };
  }

  async #loadAny(reference: string): Promise<[string, Loaded] | null> {
    for (const operation of ["charge", "authorize"]) {
      const key = this.#key(operation, reference);
      const loaded = await this.#load(key);
      if (loaded !== null) return [key, loaded];
    }
    return null;
  }

  async #mustLoad(key: string): Promise<Loaded> {
    const loaded = await this.#load(key);
    if (loaded !== null) return loaded;
    throw new TillproofError({
      code: "intent_lost",
      message: "the store no longer has an intent it had before: was it restored from a backup or truncated?",
      advice: "reconcile",
      details: { key },
    });
  }

  async #viewOf(key: string): Promise<IntentView> {
    return viewIntent((await this.#mustLoad(key)).journal);
  }

  #outcome(key: string, view: IntentView): Outcome {
    const base = {
      reference: view.reference,
      operation: view.operation,
      amount: BigInt(view.amount),
      currency: view.currency,
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
          wait: (options: WaitOptions = {}) => this.#settleWithin(key, {}, options),
        };
    }
  }

  #prefix(): string {
    return `intent/${encodeURIComponent(this.#merchant)}/${encodeURIComponent(this.#account)}/`;
  }

  /** References may be long and of any alphabet; escaped, they stay readable and cannot imitate another key. */
  #key(operation: string, reference: string): string {
    return `${this.#prefix()}${operation}/${encodeURIComponent(text("reference", reference))}`;
  }

  #time(now: number | undefined): number {
    return timeMs("now", now ?? this.#now());
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

function count(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TillproofError({
    code: "option_invalid",
    message: `${name}: ${String(value).slice(0, 40)} is not a count of milliseconds: expected a whole number from 0`,
    details: { argument: name },
  });
}

/** The base of all paths. A path in it would be joined wrongly sooner or later, so it is refused. */
function origin(baseUrl: string): string {
  const url = URL.canParse(text("provider.baseUrl", baseUrl)) ? new URL(baseUrl) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new TillproofError({
      code: "base_url_invalid",
      message: "provider.baseUrl: expected scheme, host and port without a path, such as https://gateway.example",
      details: { argument: "provider.baseUrl" },
    });
  }
  return url.origin;
}
