/**
 * The network between a shop and the gateway, as the picture shows it: what is sent takes time, and everything that
 * passes is written down.
 *
 * Invariant: it changes nothing that is sent and takes nothing away; what is lost is lost by the gateway's faults, and
 * the ground truth says which.
 */

import type { HostileGateway } from "tillproof/slim/testing";

import type { Step } from "./step.js";

/** One way, in virtual milliseconds. */
const TRAVEL_MS = 40;

/** What providers take before they send a webhook: later than the first retry of a client. */
const WEBHOOK_MS = 1_500;

/** Characters of a key that tell it from the others of a run. */
const KEY_SHOWN = 6;

/** A fault the gateway says it injected, as far as it is looked at here. */
export interface Strike {
  readonly fault: string;
  readonly at: number;
  readonly reference: string | null;
}

/** What became of a webhook at the shop, and how that reads. */
export interface Heard {
  readonly status: number;
  readonly verdict: "applied" | "dropped" | "refused";
  readonly words: string;
  readonly tone: Step["tone"];
}

/** An event as both shops read it. */
export interface EventBody {
  readonly type: string;
  readonly data: { readonly payment: { readonly id: string; readonly reference: string; readonly amount: number } };
}

export class Network {
  readonly steps: Step[] = [];
  readonly webhooks = { heard: 0, applied: 0, dropped: 0, refused: 0 };
  /** The order that is being placed, from 0. */
  order = 0;
  readonly #gateway: HostileGateway;
  readonly #begin: number;
  /** How many faults of the ground truth were looked at. */
  #seen = 0;
  #untold: Strike[] = [];
  /** Which order a reference is, and how often it was asked about. */
  readonly #orders = new Map<string, number>();
  readonly #asked = new Map<string, number>();

  constructor(gateway: HostileGateway) {
    this.#gateway = gateway;
    this.#begin = gateway.now();
  }

  /** From now on `order`, which the shop calls `reference`, is being placed. */
  begin(order: number, reference: string): void {
    this.order = order;
    this.#orders.set(reference, order);
  }

  /** Virtual milliseconds since the run began. */
  elapsed(): number {
    return this.#gateway.now() - this.#begin;
  }

  /** Writes down what happens inside the shop. */
  note(label: string, words: string, tone: Step["tone"] = "plain"): void {
    this.#write({ arrow: null, fate: "arrives", label, words, tone });
  }

  /** A `fetch` for the shop. `about` says in words what a request is for. */
  async send(request: Request, about: string): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const key = request.headers.get("idempotency-key");
    const line = `${request.method} ${pathname}${search}${key === null ? "" : `  key ${key.slice(0, KEY_SHOWN)}…`}`;
    if (request.method === "GET") return this.#ask(request, line, about);
    const sent = this.#write({ arrow: "to-gateway", fate: "arrives", label: line, words: about, tone: "plain" });
    await sleep(TRAVEL_MS);
    try {
      const response = await this.#gateway.fetch(request);
      await sleep(TRAVEL_MS);
      this.#write(answerStep(response));
      return response;
    } catch (error) {
      const [strike] = await this.#struck("request_lost", "response_lost");
      if (strike?.fault === "request_lost") {
        this.steps[sent] = { ...(this.steps[sent] as Step), fate: "lost", words: `${about} It never arrives.`, tone: "bad" };
      } else {
        await sleep(TRAVEL_MS);
        const late = request.signal.aborted;
        const label = late ? "201, too late" : "201 Created";
        const words = late
          ? "The gateway charges, but takes too long to say so. The shop has stopped waiting."
          : "The gateway charges the card. Its answer is lost on the way.";
        this.#write({ arrow: "to-shop", fate: "lost", label, words, tone: "bad" });
      }
      throw error;
    }
  }

  /** A question about an order, perhaps an earlier one. After the second of an order only what is found is written down. */
  async #ask(request: Request, line: string, about: string): Promise<Response> {
    const reference = new URL(request.url).searchParams.get("reference") ?? "";
    const order = this.#orders.get(reference) ?? this.order;
    const before = this.#asked.get(reference) ?? 0;
    this.#asked.set(reference, before + 1);
    const words = before === 0 ? about : "It asks again, later and later, until it is certain.";
    if (before < 2) this.#write({ arrow: "to-gateway", fate: "arrives", label: line, words, tone: "plain", order });
    await sleep(TRAVEL_MS);
    const response = await this.#gateway.fetch(request);
    await sleep(TRAVEL_MS);
    const found = await foundStep(response);
    if (before < 2 || found.tone === "good") this.#write({ ...found, order });
    return response;
  }

  /** What the gateway sends its webhooks to: `hear` is the shop. */
  async deliver(request: Request, hear: (body: Uint8Array, headers: Headers) => Promise<Heard>): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    await sleep(WEBHOOK_MS);
    const { type } = JSON.parse(new TextDecoder().decode(body)) as EventBody;
    const heard = await hear(body, request.headers);
    this.webhooks.heard += 1;
    this.webhooks[heard.verdict] += 1;
    const fate = heard.verdict === "refused" ? "refused" : "arrives";
    this.#write({ arrow: "to-shop", fate, label: type, words: heard.words, tone: heard.tone });
    return new Response(null, { status: heard.status });
  }

  /** Adds the webhooks that were lost on their way, which no shop can know of. */
  async tellLost(): Promise<void> {
    for (const { at } of await this.#struck("webhook_lost")) {
      const words = "A webhook is lost on its way. The gateway will send it again.";
      this.#write({ arrow: "to-shop", fate: "lost", label: "payment webhook", words, tone: "bad" }, at - this.#begin);
    }
    this.steps.sort((one, other) => one.order - other.order || one.at - other.at);
  }

  /** Faults of these names that the gateway injected and that were not told yet. */
  async #struck(...names: readonly string[]): Promise<Strike[]> {
    const response = await this.#gateway.fetch("http://gateway/_tillproof/ground-truth");
    const all = (await response.json()) as Strike[];
    this.#untold.push(...all.slice(this.#seen));
    this.#seen = all.length;
    const struck = this.#untold.filter(({ fault }) => names.includes(fault));
    this.#untold = this.#untold.filter(({ fault }) => !names.includes(fault));
    return struck;
  }

  #write(step: Omit<Step, "at" | "order"> & { readonly order?: number }, at = this.elapsed()): number {
    return this.steps.push({ order: this.order, ...step, at }) - 1;
  }
}

function answerStep(response: Response): Omit<Step, "at" | "order"> {
  const { status } = response;
  const shared = { arrow: "to-shop", fate: "arrives" } as const;
  if (status >= 400) {
    const words = `The gateway answers ${status}. Whether it charged, this answer does not say.`;
    return { ...shared, label: String(status), words, tone: "bad" };
  }
  if (response.headers.get("idempotent-replayed") === "true") {
    const words = "The gateway knows this key: it repeats its first answer and charges nothing.";
    return { ...shared, label: `${status}, replayed`, words, tone: "good" };
  }
  return { ...shared, label: String(status), words: "The gateway charges the card and says so.", tone: "plain" };
}

/** The answer to a question about an order. */
async function foundStep(response: Response): Promise<Omit<Step, "at" | "order">> {
  const { status } = response;
  const { data = [] } = (await response.clone().json()) as { readonly data?: readonly unknown[] };
  const words = data.length === 0 ? "The gateway knows of no such payment, so far." : "The gateway knows it: the card was charged.";
  return { arrow: "to-shop", fate: "arrives", label: `${status}, ${data.length} found`, words, tone: data.length === 0 ? "plain" : "good" };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
