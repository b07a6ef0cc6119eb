/**
 * A gateway inside wasm, by handle.
 *
 * Invariant: no call ever reaches an instance that does not know the handle. After a trap the gateway is gone; the next
 * call says so instead of answering from an empty one.
 */

import { TillproofError } from "../shell/errors.js";
import { simulator } from "../shell/simulator.js";
import { encode, openText, utf8 } from "../shell/wire.js";
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
    const { body } = request;
    const head = headOf(now, request);
    const { exports } = simulator;
    let answer: string;
    try {
      answer =
        typeof body === "string"
          ? exports.simulator_handle_text(this.#handle, head, body)
          : exports.simulator_handle(this.#handle, head, body);
    } catch (error) {
      throw simulator.told(error);
    }
    return exchangeOf(answer);
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

/** The request as the engine reads it: a line for each text. Throws `text_of_lines` for a text that is more than one. */
function headOf(now: number, { method, path, query, headers }: GatewayRequest): string {
  let head = `${now}\n${method}\n${path}\n${query}`;
  for (const [name, value] of headers) head += `\n${name}\n${value}`;
  let lines = 1;
  for (let at = head.indexOf("\n"); at >= 0; at = head.indexOf("\n", at + 1)) lines += 1;
  if (lines === 4 + 2 * headers.length) return head;
  throw new TillproofError({
    code: "text_of_lines",
    message: "the request holds a line break in its method, its address or a header, which HTTP cannot carry: leave it out",
  });
}

/** What follows the status of nearly every answer: it is sent at once, and nothing happens before. */
const AT_ONCE = " deliver 0 0 - ";

/** The answer as the engine writes it: a line of facts, the headers, an empty line and the body, which is not for us to read. */
function exchangeOf(answer: string): Exchange {
  if (answer.startsWith("{")) return openText<Exchange>(answer);
  // Place by place, and not by `split`: this is done for every request.
  const endOfStatus = answer.indexOf(" ");
  const endOfFacts = answer.indexOf("\n");
  const status = Number(answer.slice(0, endOfStatus));
  const headers: [name: string, value: string][] = [];
  const begin = headersInto(headers, answer, endOfFacts + 1);
  const body = answer.slice(begin);
  if (answer.startsWith(AT_ONCE, endOfStatus)) {
    const due = dueOf(answer.slice(endOfStatus + AT_ONCE.length, endOfFacts));
    return { status, transport: "deliver", delay_ms: 0, advance_ms: 0, webhooks_first: false, due, headers, body };
  }
  const [transport, delay, advance, first, due = "-"] = answer.slice(endOfStatus + 1, endOfFacts).split(" ");
  return {
    status,
    transport: transport as Exchange["transport"],
    delay_ms: Number(delay),
    advance_ms: Number(advance),
    webhooks_first: first === "webhooks_first",
    due: dueOf(due),
    headers,
    body,
  };
}

function dueOf(text: string): number | null {
  return text === "-" ? null : Number(text);
}

/** How the lines of nearly every answer begin: a text that was made just now is dear as the name of a member. */
const KNOWN_HEADERS = ["content-type", "request-id", "stripe-version", "idempotency-key"].map((name) => ({
  name,
  prefix: `${name}: `,
}));

/** Reads the lines from a place on, up to the empty one, and returns what stands behind it. */
function headersInto(headers: [name: string, value: string][], answer: string, from: number): number {
  let begin = from;
  for (;;) {
    const end = answer.indexOf("\n", begin);
    if (end === begin) return end + 1;
    const at = begin;
    const known = KNOWN_HEADERS.find(({ prefix }) => answer.startsWith(prefix, at));
    const colon = known === undefined ? answer.indexOf(": ", begin) : begin + known.name.length;
    headers.push([known?.name ?? answer.slice(begin, colon), answer.slice(colon + 2, end)]);
    begin = end + 1;
  }
}

type SimulatorExports = Parameters<Parameters<typeof simulator.raw>[0]>[0];
