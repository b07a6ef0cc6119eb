/**
 * A gateway inside wasm, by handle.
 *
 * Invariant: no call ever reaches an instance that does not know the handle. After a trap the gateway is gone; the next
 * call says so instead of answering from an empty one.
 */

import { TillproofError } from "../shell/errors.js";
import { simulator } from "../shell/simulator.js";
import { encode, openText, utf8 } from "../shell/wire.js";
import { Area } from "./area.js";
import { injectedFrom, planDocument, type FaultPlan, type Injected } from "./faults.js";

/** A request as a server saw it. */
export interface GatewayRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** What follows the question mark; empty when there is none. */
  readonly query: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A text stands for its UTF-8. */
  readonly body: Uint8Array | string;
}

/** What the engine answered, and what is to become of the connection. */
export interface Exchange {
  readonly status: number;
  readonly headers: [name: string, value: string][];
  readonly body: string;
  /**
   * `request_lost`: nothing was done, the connection breaks. Everything else was done: `response_lost` breaks it too,
   * `truncated` ends it in the middle of the body, `hung` never answers.
   */
  readonly transport: "deliver" | "request_lost" | "response_lost" | "truncated" | "hung";
  /** How long the answer takes. */
  readonly delay_ms: number;
  /** By how much the clock is to be moved before the answer is sent. */
  readonly advance_ms: number;
  /** Whether webhooks that are due are sent before the answer is. */
  readonly webhooks_first: boolean;
  /** When something is to be done next, as {@link Engine.nextDue} says it. */
  readonly due: number | null;
}

/** What is to be done next, in milliseconds since the epoch; `null` where there is nothing. */
export interface Agenda {
  readonly due: number | null;
  /** The part of it that {@link Engine.pollDelivery} gives. */
  readonly delivery_due: number | null;
}

/** A webhook to be sent. */
export interface Delivery {
  readonly id: string;
  readonly url: string;
  readonly headers: [name: string, value: string][];
  readonly body: string;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
}

/**
 * When failed deliveries of the Stripe dialect are tried again: `live` within three days, `sandbox` three times over a few
 * hours, `native` within a minute.
 */
export type WebhookSchedule = "live" | "sandbox" | "native";

/** What an engine is made from. */
export interface EngineOptions {
  readonly seed: number;
  readonly dialect: string;
  readonly faults: FaultPlan;
  /** `null` for the engine's own limit. */
  readonly paymentsMax: number | null;
  readonly webhookSchedule: WebhookSchedule;
}

/** One gateway. Every method is synchronous and takes the time it happens at, in milliseconds. */
export class Engine {
  readonly #handle: number;
  readonly #generation: number;

  private constructor(handle: number) {
    this.#handle = handle;
    this.#generation = simulator.generation;
  }

  /** A gateway that has seen nothing. */
  static create(options: EngineOptions): Engine {
    const { paymentsMax, webhookSchedule, faults, ...rest } = options;
    const document = encode({
      ...rest,
      faults: planDocument(faults),
      payments_max: paymentsMax,
      webhook_schedule: webhookSchedule,
    });
    return new Engine(simulator.invoke<number>((exports) => exports.simulator_create(document)));
  }

  /** A gateway from what {@link Engine.snapshot} returned. */
  static restore(snapshot: string): Engine {
    const bytes = utf8(snapshot);
    return new Engine(simulator.invoke<number>((exports) => exports.simulator_restore(bytes)));
  }

  /** Answers a request, whose texts are whole characters. */
  handle(now: number, request: GatewayRequest): Exchange {
    this.#checkAlive();
    const { exports } = simulator;
    const crossing = presentArea();
    let isAnswered: boolean;
    try {
      crossing.write(now, request);
      isAnswered = exports.simulator_handle(this.#handle);
    } catch (error) {
      throw simulator.told(error);
    }
    return isAnswered ? crossing.answer() : openText<Exchange>(crossing.text());
  }

  /** Lets happen what happens by itself up to `now`, and says what is to be done next. */
  advance(now: number): Agenda {
    const input = encode({ now });
    return this.#invoke<Agenda>((exports, handle) => exports.simulator_advance(handle, input));
  }

  /** The next webhook that is due, signed as of `signedAt`; `null` when there is none. */
  pollDelivery(now: number, signedAt: number): Delivery | null {
    const input = encode({ now, signed_at: signedAt });
    return this.#invoke<Delivery | null>((exports, handle) => exports.simulator_poll_delivery(handle, input));
  }

  /** Reports the status a delivery was answered with; `null` for no answer. */
  handleDelivery(now: number, id: string, status: number | null): void {
    const input = encode({ now, id, status });
    this.#invoke<null>((exports, handle) => exports.simulator_handle_delivery(handle, input));
  }

  /** When something is to be done next; `null` when never. */
  nextDue(): number | null {
    return this.#invoke<number | null>((exports, handle) => exports.simulator_next_due(handle));
  }

  /** Sets another fault plan. */
  setFaults(now: number, plan: FaultPlan): void {
    const input = encode({ now, faults: planDocument(plan) });
    this.#invoke<unknown>((exports, handle) => exports.simulator_set_faults(handle, input));
  }

  /** Every fault injected so far, oldest first. */
  groundTruth(): Injected[] {
    this.#checkAlive();
    return injectedFrom(simulator.raw((exports) => exports.simulator_ground_truth(this.#handle) as unknown));
  }

  /** What rebuilds this gateway. */
  snapshot(): string {
    return this.#invoke<string>((exports, handle) => exports.simulator_snapshot(handle));
  }

  /** Forgets the gateway. Harmless after a trap, and a second time. */
  release(): void {
    if (this.#generation !== simulator.generation) return;
    this.#invoke<null>((exports, handle) => exports.simulator_release(handle));
  }

  #invoke<T>(call: (exports: SimulatorExports, handle: number) => Uint8Array): T {
    this.#checkAlive();
    return simulator.invoke<T>((exports) => call(exports, this.#handle));
  }

  #checkAlive(): void {
    if (this.#generation === simulator.generation) return;
    throw new TillproofError({
      code: "gateway_lost",
      message:
        "this gateway was lost when the simulator stopped inside wasm: create a new one, from the last snapshot if " +
        "there is one, and report the trap",
      advice: "report_bug",
    });
  }
}

/** One route of the Stripe dialect, as far as it is simulated. */
export interface StripeRoute {
  readonly method: string;
  /** `:id` stands for one id. */
  readonly path: string;
  /** `whole`: all that cards need; `most`: what most integrations use; `basic`: the least that other routes need. */
  readonly level: "whole" | "most" | "basic";
  /** What is missing or different; empty when nothing is. */
  readonly note: string;
}

/** Every route of the Stripe dialect. A request for another one is answered with 404 and "not simulated". */
export function stripeRoutes(): StripeRoute[] {
  return simulator.invoke<StripeRoute[]>((exports) => exports.simulator_stripe_routes());
}

/** The area of the instance that runs, and which instance that is. */
let area: Area | undefined;
let areaGeneration = -1;

function presentArea(): Area {
  if (area === undefined || areaGeneration !== simulator.generation) {
    const { exports } = simulator;
    area = new Area(simulator.memory(), exports.simulator_area);
    areaGeneration = simulator.generation;
  }
  return area;
}

type SimulatorExports = Parameters<Parameters<typeof simulator.raw>[0]>[0];
