/**
 * One run of an integration: a gateway of its own, time of its own, and a record of what passed between them.
 *
 * Invariant: with virtual timers nothing waits for real time, and what happens follows from seed, script and integration.
 */

import { TillproofError } from "../../shell/errors.js";
import { fn } from "../../shell/guard.js";
import type { GatewayRequest } from "../../simulator/engine.js";
import type { Injected } from "../../simulator/faults.js";
import { fetchOver, type Answer, type ExchangeWith, type Fetch } from "../../simulator/fetch.js";
import { createGateway, type Gateway } from "../../simulator/gateway.js";
import { httpClientOver, stripeClass, type StripeClass, type StripeHttpClient } from "../../simulator/http-client.js";
import type { Dialect } from "../../simulator/options.js";
import { checkedBelief, type Belief, type CheckedBelief } from "./belief.js";
import { planOf, type Script } from "./script.js";
import { VirtualTimers } from "./timers.js";

/** Answers a webhook: the shop's own handler, in the shape of `fetch`. */
export type WebhookHandler = (request: Request) => Response | Promise<Response>;

/** Where webhooks go and what they are signed with. */
export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
  /** The name of the scheme, as `createVerifier` takes it. */
  readonly scheme: string;
}

/** The gateway as the integration under test sees it. */
export interface HostileGateway {
  /** The seed of this run: take whatever is to differ between runs from it. */
  readonly seed: number;
  /** In the place of the global `fetch`; the origin of the address does not matter. */
  readonly fetch: Fetch;
  /** For `new Stripe(key, { httpClient: gateway.httpClient })`. */
  readonly httpClient: StripeHttpClient;
  /** The same where an answer that breaks off is to be a connection error: `gateway.httpClientFor(Stripe)`. */
  httpClientFor(stripe: StripeClass): StripeHttpClient;
  /** Milliseconds since the epoch, by the gateway's clock. */
  now(): number;
  /** Lets virtual time pass. With virtual timers the same as waiting for a `setTimeout`. */
  advance(ms: number): Promise<void>;
  /** Sends every event to `handler` from now on. To be called before the first request. */
  webhooks(handler: WebhookHandler): Promise<WebhookTarget>;
  /** Says what the shop's records hold of an order; what is said later about the same order replaces it. */
  believe(belief: Belief): void;
}

/** Something that passed between the shop and the gateway. */
export type Step =
  | { readonly kind: "request"; readonly at: number; readonly request: GatewayRequest; readonly answer: Answer; readonly faults: readonly Injected[] }
  | { readonly kind: "webhook"; readonly at: number; readonly body: string; readonly status: number | null; readonly faults: readonly Injected[] };

/** What a run is made from. */
export interface StageOptions {
  readonly seed: number;
  readonly dialect: Dialect;
  readonly script: Script;
  /** Whether the timers of the process are replaced. */
  readonly virtual: boolean;
  /** Whether every step is remembered with the faults that struck it, which takes time. */
  readonly recorded: boolean;
}

/** How long a client waits for an answer: the usual limit of the official Stripe client, in milliseconds. */
const PATIENCE_MS = 80_000;

/** Where the webhooks of a run go. No name server is asked. */
const WEBHOOK_URL = "https://shop.test/webhooks";

/** The gateway of one run and everything that is remembered of it. */
export class Stage implements HostileGateway {
  readonly seed: number;
  readonly gateway: Gateway;
  readonly fetch: Fetch;
  readonly httpClient: StripeHttpClient;
  readonly httpClientFor: (stripe: StripeClass) => StripeHttpClient;
  readonly steps: Step[] = [];
  readonly beliefs = new Map<string, CheckedBelief>();
  /** How many requests the integration made, and how many webhooks it was sent. */
  requests = 0;
  deliveries = 0;
  /** The timers of this run; `null` where those of the host serve. */
  readonly timers: VirtualTimers | null;
  readonly #options: StageOptions;
  /** Resolves when the run is over; whoever still waits for an answer then waits for ever. */
  readonly #curtain: Promise<null>;
  #fall: () => void = () => undefined;
  #over = false;
  #handler: WebhookHandler | undefined;
  /** How much of the ground truth was told in a step already. */
  #told = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    this.seed = options.seed;
    this.gateway = createGateway({
      seed: options.seed,
      dialect: options.dialect,
      faults: planOf(options.script),
      deliver: (request) => this.#deliver(request),
      wait: (ms, signal) => this.#wait(ms, signal),
    });
    this.timers = options.virtual ? new VirtualTimers(() => this.gateway.now()) : null;
    this.#curtain = new Promise((resolve) => (this.#fall = () => resolve(null)));
    const exchange: ExchangeWith = (request, signal) => this.#exchange(request, signal);
    this.fetch = fetchOver(exchange);
    this.httpClient = httpClientOver(exchange);
    this.httpClientFor = (stripe) => httpClientOver(exchange, stripeClass(stripe));
  }

  now(): number {
    return this.gateway.now();
  }

  advance(ms: number): Promise<void> {
    return this.timers === null ? this.gateway.advance(ms) : this.timers.wait(ms);
  }

  async webhooks(handler: WebhookHandler): Promise<WebhookTarget> {
    fn("handler", handler);
    if (this.requests > 0) {
      throw new TillproofError({
        code: "webhooks_late",
        message: `webhooks() was called after ${this.requests} requests: call it first, since events before it are not sent`,
      });
    }
    // Calls are counted anew when faults are set, and none was made yet.
    this.gateway.setFaults("none");
    const target = this.#options.dialect === "native" ? await this.#nativeTarget() : await this.#stripeTarget();
    this.gateway.setFaults(planOf(this.#options.script));
    this.#handler = handler;
    return target;
  }

  believe(belief: Belief): void {
    const checked = checkedBelief("belief", belief);
    this.beliefs.set(checked.order, checked);
  }

  /** Ends the faults: from now on everything has to come to rest. */
  endFaults(): void {
    this.gateway.setFaults("none");
  }

  /** Ends the run. Nothing that still runs in the integration is answered any more. */
  async end(): Promise<void> {
    this.#over = true;
    this.#fall();
    await this.gateway.close();
  }

  async #exchange(request: GatewayRequest, signal?: AbortSignal): Promise<Answer> {
    if (this.#over) return new Promise(() => undefined);
    this.requests += 1;
    const at = this.now();
    const answer = await this.gateway.exchange(request, signal);
    // Whoever waits for ever gives up after some time, and that time passes.
    if (answer.connection === "hung") await this.#wait(PATIENCE_MS, signal).catch(() => undefined);
    if (this.#options.recorded) this.steps.push({ kind: "request", at, request, answer, faults: this.#news() });
    return answer;
  }

  async #deliver(request: Request): Promise<Response> {
    if (this.#handler === undefined || this.#over) return new Response(null, { status: 404 });
    this.deliveries += 1;
    const at = this.now();
    const body = this.#options.recorded ? await request.clone().text() : "";
    const answer = await Promise.race([this.#answered(request, this.#handler), aborted(request.signal), this.#curtain]);
    if (this.#options.recorded) this.steps.push({ kind: "webhook", at, body, status: answer?.status ?? null, faults: this.#news() });
    if (answer === null) throw new TypeError("fetch failed");
    return answer;
  }

  /** A handler that throws is a server that answers 500. */
  async #answered(request: Request, handler: WebhookHandler): Promise<Response> {
    try {
      return await handler(request);
    } catch {
      return new Response(null, { status: 500 });
    }
  }

  async #wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.timers === null) this.gateway.moveTo(this.now() + ms);
    else await this.timers.wait(ms, signal);
  }

  /** The faults that struck since the last step. */
  #news(): Injected[] {
    const all = this.gateway.groundTruth();
    const news = all.slice(this.#told);
    this.#told = all.length;
    return news;
  }

  async #nativeTarget(): Promise<WebhookTarget> {
    const body = JSON.stringify({ url: WEBHOOK_URL, events: ["*"] });
    const response = await this.gateway.fetch("http://gateway/api/webhook_endpoints", { method: "POST", body });
    const { secret, scheme } = (await response.json()) as WebhookTarget;
    return { url: WEBHOOK_URL, secret, scheme };
  }

  async #stripeTarget(): Promise<WebhookTarget> {
    const response = await this.gateway.fetch("http://gateway/v1/webhook_endpoints", {
      method: "POST",
      headers: { authorization: "Bearer sk_test_hostile", "content-type": "application/x-www-form-urlencoded" },
      body: `url=${encodeURIComponent(WEBHOOK_URL)}&enabled_events[0]=*`,
    });
    const { secret } = (await response.json()) as { secret: string };
    return { url: WEBHOOK_URL, secret, scheme: "stripe-v1" };
  }
}

/** Resolves to `null` when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(null), { once: true }));
}

/** What an integration returns: its beliefs, or a function that is asked for them when all has come to rest. */
export type Told = readonly Belief[] | (() => readonly Belief[] | Promise<readonly Belief[]>) | void;

/** Writes down what the integration returned. */
export async function hear(stage: Stage, told: Told): Promise<void> {
  const beliefs = typeof told === "function" ? await told() : told;
  for (const belief of beliefs ?? []) stage.believe(belief);
}

