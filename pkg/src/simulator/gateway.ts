/**
 * The simulated payment gateway in this process: requests in, answers and webhooks out.
 *
 * Invariant: the engine decides everything; this driver only moves the clock, waits, sends and reports. With a virtual
 * clock nothing ever waits and nothing is sent but inside {@link Gateway.advance}, so that a run is exactly repeatable.
 */

import { isTillproofError, TillproofError, type ErrorParts } from "../shell/errors.js";
import { bytes, fn, list, object, onlyKnown, optionalText, text, timeMs } from "../shell/guard.js";
import { beginning, snapshotOf } from "./beginning.js";
import { sleep, type Clock, type ClockKind } from "./clock.js";
import type { Delivery, Engine, Exchange, GatewayRequest } from "./engine.js";
import type { FaultPlan, Injected } from "./faults.js";
import { fetchOver, HANG_MS, type Answer, type Fetch, type SignalSource } from "./fetch.js";
import { httpClientOver, stripeClass, type StripeClass, type StripeHttpClient } from "./http-client.js";
import type { Deliver, GatewayOptions, SettlementOptions, StatementOptions } from "./options.js";

/** How long a webhook may take to be answered. Below the engine's own patience of 60 s. */
const DELIVERY_TIMEOUT_MS = 10_000;

/** An address that fails later than this is not waited for again before it answers, in milliseconds. */
const SILENCE_MS = 2_000;

/** How long an answer waits for webhooks that are to overtake it: their handler may be waiting for the answer. */
const OVERTAKE_MS = 1_000;

/** Answers a request that is known to hold texts of whole characters, and nothing else. */
let answerOf: (gateway: Gateway, request: GatewayRequest, signal?: SignalSource) => Answer | Promise<Answer>;

/** As {@link Gateway.exchange}, for a request that needs no check: Node has read it off a socket. */
export function exchangeRead(gateway: Gateway, request: GatewayRequest, signal: SignalSource): Answer | Promise<Answer> {
  return answerOf(gateway, request, signal);
}

/** A payment gateway. Made by {@link createGateway}. */
export class Gateway {
  static {
    answerOf = (gateway, request, signal) => gateway.#answer(request, signal);
  }

  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #deliver: Deliver;
  readonly #signatureTime: () => number;
  readonly #wait: GatewayOptions["wait"];
  /** Deliveries under way. */
  readonly #underway = new Set<Promise<void>>();
  /** Those of them that time waits for. */
  readonly #awaited = new Set<Promise<void>>();
  /** Addresses that kept a webhook waiting in vain and have not answered since. */
  readonly #silent = new Set<string>();
  /** Calls of {@link Gateway.advance}, one after the other. */
  #advancing: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The moment of the wall clock the timer is set for. */
  #wakesAt: number | null = null;
  #closed = false;

  constructor(options: GatewayOptions) {
    onlyKnown("options", options, [
      "seed",
      "dialect",
      "faults",
      "paymentsMax",
      "webhookSchedule",
      "now",
      "clock",
      "snapshot",
      "deliver",
      "signatureTime",
      "wait",
    ]);
    const deliver = fn("deliver", options.deliver ?? ((request: Request) => globalThis.fetch(request)));
    const signatureTime = fn("signatureTime", options.signatureTime ?? (() => this.#clock.now()));
    const { engine, clock } = beginning(options);
    this.#engine = engine;
    this.#clock = clock;
    this.#deliver = deliver;
    this.#signatureTime = signatureTime;
    this.#wait = options.wait === undefined ? undefined : fn("wait", options.wait);
    this.#arm();
  }

  /** Which time the gateway lives in. */
  get clock(): ClockKind {
    return this.#clock.kind;
  }

  /** Milliseconds since the epoch, by the gateway's clock. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * Answers a request as the global `fetch` would: the origin of the address does not matter.
   *
   * Rejects with a `TypeError` "fetch failed" whose cause has the code `ECONNRESET` when a fault breaks the connection.
   */
  readonly fetch: Fetch = fetchOver((request, signal) => this.#answer(request, sourceOf(signal)));

  /**
   * What the official Stripe client takes in the place of a connection: `new Stripe(key, { httpClient: gateway.httpClient })`.
   *
   * A broken connection is an error with the code `ECONNRESET`, which the client tries again as it does everywhere.
   */
  readonly httpClient: StripeHttpClient = httpClientOver((request, signal) => this.#answer(request, sourceOf(signal)));

  /**
   * The same for one class of the client, which tells of an answer that broke off in the middle as over a connection:
   * `new Stripe(key, { httpClient: gateway.httpClientFor(Stripe) })`. By {@link httpClient}, which does not know the class,
   * such an answer is invalid JSON.
   */
  httpClientFor(stripe: StripeClass): StripeHttpClient {
    return httpClientOver((request, signal) => this.#answer(request, sourceOf(signal)), stripeClass(stripe));
  }

  /**
   * Answers a request without the objects of `fetch`; what a server calls. The answer to HEAD holds what GET would get,
   * whose length belongs into its headers.
   */
  async exchange(request: GatewayRequest, signal?: AbortSignal): Promise<Answer> {
    return this.#answer(checkedRequest(request), sourceOf(signal));
  }

  /** A promise only where something has to happen before the answer is there: one for every request would be felt. */
  #answer(request: GatewayRequest, signal?: SignalSource): Answer | Promise<Answer> {
    this.#checkOpen();
    const start = this.#clock.now();
    const exchange = this.#engine.handle(start, request);
    if (this.#clock.kind === "real") this.#armFor(exchange.due);
    const { transport, status, headers, body } = exchange;
    const isPlain = transport === "deliver" && exchange.delay_ms === 0 && exchange.advance_ms === 0;
    if (isPlain && !exchange.webhooks_first) return { connection: "kept", status, headers, body };
    return this.#answerInTime(start, exchange, signal);
  }

  async #answerInTime(start: number, exchange: Exchange, signal?: SignalSource): Promise<Answer> {
    if (exchange.advance_ms > 0) await this.advance(exchange.advance_ms);
    if (exchange.webhooks_first) await this.#overtake();
    const { transport, status, headers, body } = exchange;
    if (transport === "request_lost" || transport === "response_lost") return { connection: "broken" };
    if (transport === "hung") return await this.#hang(signal?.());
    if (exchange.delay_ms > 0) await this.#linger(start, exchange, signal?.());
    return { connection: transport === "truncated" ? "truncated" : "kept", status, headers, body };
  }

  /**
   * Moves the clock forwards by `ms` milliseconds and resolves when everything that fell due has happened, each thing
   * at its own moment: holds expired, webhooks were sent, and sent again.
   *
   * Never call it from a webhook handler: it waits for that handler.
   */
  advance(ms: number): Promise<void> {
    this.#checkOpen();
    const by = timeMs("ms", ms);
    const done = this.#advancing.then(() => this.#runTo(this.#clock.now() + by));
    // A failed advance is its caller's to see; the next one starts afresh.
    this.#advancing = done.catch(() => undefined);
    return done;
  }

  /** When something happens by itself next, in milliseconds since the epoch; `null` when never. */
  nextDue(): number | null {
    this.#checkOpen();
    return this.#engine.nextDue();
  }

  /**
   * Moves the clock to `ms` and sets off what falls due, each thing at its own moment, without waiting for webhooks to be
   * answered. For drivers with timers of their own, whose webhook handlers may wait for those; others want
   * {@link Gateway.advance}.
   */
  moveTo(ms: number): void {
    this.#checkOpen();
    const target = timeMs("ms", ms);
    for (let due = this.#engine.nextDue(); due !== null && due <= target; due = this.#engine.nextDue()) {
      if (this.#clock.kind === "virtual") this.#clock.moveTo(due);
      this.#sendDue(due);
    }
    this.#clock.moveTo(target);
    this.#arm();
  }

  /** Sets another fault plan from now on. */
  setFaults(plan: FaultPlan): void {
    this.#checkOpen();
    this.#engine.setFaults(this.#clock.now(), plan);
  }

  /** Every fault injected so far, oldest first. */
  groundTruth(): Injected[] {
    this.#checkOpen();
    return this.#engine.groundTruth();
  }

  /**
   * What was settled, with the drift the fault plan brings into it: a row per transaction. Throws `parameter_invalid` for a
   * format there is none of, and `account_not_found`, `payout_not_found`.
   */
  settlementReport(options: SettlementOptions = {}): string {
    const { format, account, payout } = onlyKnown("options", options, ["format", "account", "payout"]);
    return this.#report("/_tillproof/settlement.csv", { format, account, payout });
  }

  /** The statement of the merchant's bank account, drift included. Throws as {@link Gateway.settlementReport} does. */
  bankStatement(options: StatementOptions = {}): string {
    const { format, account } = onlyKnown("options", options, ["format", "account"]);
    return this.#report("/_tillproof/statement.xml", { format, account });
  }

  /** Everything that rebuilds this gateway: `createGateway({ snapshot })` goes on where it was taken. */
  snapshot(): Uint8Array {
    this.#checkOpen();
    return snapshotOf(this.#engine, this.#clock);
  }

  /** Sends no further webhooks, waits for those under way and frees the memory. The gateway is of no use afterwards. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#underway);
    this.#engine.release();
  }

  /** A report, asked for as over HTTP. */
  #report(path: string, asked: { readonly [parameter: string]: string | undefined }): string {
    this.#checkOpen();
    const named = Object.entries(asked).flatMap(([name, value]) => {
      const said = optionalText(`options.${name}`, value);
      return said === undefined ? [] : [`${name}=${encodeURIComponent(said)}`];
    });
    const request = { method: "GET", path, query: named.join("&"), headers: [], body: "" };
    const { status, body } = this.#engine.handle(this.#clock.now(), request);
    if (status === 200) return body;
    throw new TillproofError((JSON.parse(body) as { error: ErrorParts }).error);
  }

  /** A slow answer: waits in real time, moves virtual time. Answers that are slow together are late together. */
  async #linger(start: number, exchange: Exchange, signal?: AbortSignal): Promise<void> {
    if (this.#clock.kind === "real") await sleep(exchange.delay_ms, signal);
    else if (this.#wait !== undefined) await this.#wait(exchange.delay_ms, signal);
    else this.#clock.moveTo(start + exchange.delay_ms);
  }

  /** No answer: waits in real time until the client has given up; in virtual time nobody waits. */
  async #hang(signal?: AbortSignal): Promise<Answer> {
    if (this.#clock.kind === "real") await sleep(HANG_MS, signal);
    return { connection: "hung" };
  }

  /** Webhooks that are due overtake an answer, unless the merchant takes his time for them. */
  async #overtake(): Promise<void> {
    const before = new Set(this.#underway);
    this.#sendDue(this.#clock.now());
    const own = [...this.#underway].filter((sent) => !before.has(sent));
    let patience: ReturnType<typeof setTimeout> | undefined;
    const impatience = new Promise<void>((resolve) => {
      patience = setTimeout(resolve, OVERTAKE_MS);
    });
    await Promise.race([Promise.all(own), impatience]);
    clearTimeout(patience);
  }

  /**
   * Jumps from one due moment to the next until `target` is reached and nothing is under way, but for webhooks to
   * addresses that do not answer: waiting for each attempt would take hours of real time.
   */
  async #runTo(target: number): Promise<void> {
    for (;;) {
      await Promise.all(this.#awaited);
      const due = this.#closed ? null : this.#engine.nextDue();
      if (due === null || due > target) break;
      if (this.#clock.kind === "virtual") this.#clock.moveTo(due);
      this.#sendDue(due);
    }
    this.#clock.moveTo(target);
    this.#arm();
  }

  /** Lets happen what is due at `now`, sets the webhooks off and returns when something is due next. */
  #sendDue(now: number): number | null {
    const at = this.#clock.kind === "virtual" ? this.#clock.now() : now;
    const agenda = this.#engine.advance(at);
    if (agenda.delivery_due === null || agenda.delivery_due > at) return agenda.due;
    for (;;) {
      const delivery = this.#engine.pollDelivery(at, this.#signatureTime());
      if (delivery === null) return this.#engine.nextDue();
      const sent = this.#send(delivery, at).finally(() => {
        this.#underway.delete(sent);
        this.#awaited.delete(sent);
      });
      this.#underway.add(sent);
      if (!this.#silent.has(delivery.url)) this.#awaited.add(sent);
    }
  }

  /** Sends one webhook and reports what became of it. */
  async #send(delivery: Delivery, at: number): Promise<void> {
    const status = await this.#statusOf(delivery);
    // In real time an answer arrives when it arrives; in virtual time sending takes none, unless nobody waited for it.
    const isPunctual = this.#clock.kind === "virtual" && !this.#silent.has(delivery.url);
    const now = isPunctual ? at : Math.max(at, this.#clock.now());
    try {
      this.#engine.handleDelivery(now, delivery.id, status);
    } catch (error) {
      // A reset in the meantime has forgotten the delivery; everything else is worth an alarm.
      if (!isTillproofError(error) || error.code !== "delivery_not_found") throw error;
    }
    this.#arm();
  }

  async #statusOf(delivery: Delivery): Promise<number | null> {
    const start = performance.now();
    try {
      const request = new Request(delivery.url, {
        method: "POST",
        headers: delivery.headers,
        body: delivery.body,
        redirect: "manual",
        signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
      });
      const response = await this.#deliver(request);
      await response.body?.cancel();
      this.#silent.delete(delivery.url);
      return response.status;
    } catch {
      if (performance.now() - start > SILENCE_MS) this.#silent.add(delivery.url);
      // No answer is an outcome: the engine tries again, and a dead letter can be seen in GET /api/events.
      return null;
    }
  }

  /** In real time: wakes up when the next thing is due. */
  #arm(): void {
    if (this.#clock.kind === "real" && !this.#closed) this.#armFor(this.#engine.nextDue());
  }

  #armFor(due: number | null): void {
    const wakesAt = due === null ? null : due - this.#clock.state;
    // Nearly every request leaves what is due next as it was.
    if (wakesAt === this.#wakesAt) return;
    clearTimeout(this.#timer);
    this.#wakesAt = wakesAt;
    if (due === null) return;
    const wait = Math.min(Math.max(due - this.#clock.now(), 0), TIMER_MS_MAX);
    this.#timer = setTimeout(() => {
      this.#wakesAt = null;
      if (this.#closed) return;
      this.#armFor(this.#sendDue(this.#clock.now()));
    }, wait);
    // A test that is over must not be kept alive by a webhook nobody waits for; a server is kept alive by its socket.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #checkOpen(): void {
    if (!this.#closed) return;
    throw new TillproofError({ code: "gateway_closed", message: "this gateway was closed: create a new one" });
  }
}

/** The longest time a timer takes. */
const TIMER_MS_MAX = 2_147_483_647;

/** A payment gateway in this process, with faults on demand. */
export function createGateway(options: GatewayOptions = {}): Gateway {
  return new Gateway(options);
}

/** The request with only what the engine reads. */
function checkedRequest(request: GatewayRequest): GatewayRequest {
  const { method, path, query, headers, body } = object("request", request);
  return {
    method: text("request.method", method),
    path: text("request.path", path),
    query: text("request.query", query),
    headers: list("request.headers", headers).map((pair) => {
      const [name, value] = list("request.headers", pair);
      return [text("request.headers", name), text("request.headers", value)];
    }),
    body: typeof body === "string" ? text("request.body", body) : bytes("request.body", body),
  };
}


/** A signal that is there already. */
function sourceOf(signal: AbortSignal | undefined): SignalSource | undefined {
  return signal === undefined ? undefined : () => signal;
}
