/**
 * What every check of conformance is given: a gateway in the Stripe dialect over HTTP and the official client.
 *
 * Invariant: a check knows the gateway only from outside. One gateway serves a whole category, as one account serves many
 * tests, so a check looks for its own objects and counts nothing that others make. `CONFORMANCE_URL` names a gateway that
 * runs already (`tillproof simulate --dialect stripe`); its clock is real. Without it one is started, and every
 * check runs under a real clock and under a virtual one.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import Stripe from "stripe";

import { serve, type GatewayServer } from "../../../pkg/src/simulator/server.js";

/** What the client throws. */
export type Refusal = InstanceType<typeof Stripe.errors.StripeError>;

/** An answer as it came over the wire. */
export interface Wire {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; the check fails when it is none. */
  readonly json: any;
}

/** A request as it goes over the wire. */
export interface Sent {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a refusal is expected to say; what is left out may be anything. */
export interface Expected {
  readonly status?: number;
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly declineCode?: string;
  readonly message?: RegExp;
}

/** How a payment is made when nothing else is said: a card without redirects, confirmed at once. */
export const CARD_AT_ONCE = {
  currency: "usd",
  confirm: true,
  automatic_payment_methods: { enabled: true, allow_redirects: "never" },
} as const;

const KEY = "sk_test_conformance";

/** A gateway and a client of it. */
export class Lab {
  readonly url: string;
  readonly stripe: Stripe;
  /** Whether time passes by itself. */
  readonly isTimed: boolean;

  constructor(url: string, isTimed: boolean) {
    this.url = url;
    this.isTimed = isTimed;
    this.stripe = this.client();
  }

  /** The official client, configured as a merchant's test would. */
  client(config: Partial<Stripe.StripeConfig> = {}, key = KEY): Stripe {
    const { hostname, port } = new URL(this.url);
    return new Stripe(key, {
      host: hostname,
      port: Number(port),
      protocol: "http",
      maxNetworkRetries: 0,
      telemetry: false,
      ...config,
    });
  }

  /** A request without the client. */
  async wire(method: string, path: string, { body, headers }: Sent = {}): Promise<Wire> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${KEY}`,
        ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text);
      },
    };
  }

  /** Lets so many seconds pass; what falls due in them has happened when this resolves. */
  async advance(seconds: number): Promise<void> {
    const answer = await fetch(`${this.url}/_tillproof/advance`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ seconds }),
    });
    assert.equal(answer.status, 200, await answer.text());
  }

  /** A card payment, confirmed at once. */
  pay(amount = 1_000, params: Partial<Stripe.PaymentIntentCreateParams> = {}): Promise<Stripe.PaymentIntent> {
    return this.stripe.paymentIntents.create({ amount, payment_method: "pm_card_visa", ...CARD_AT_ONCE, ...params });
  }

  /** The charge of a payment, and when `settled` only once its money is booked. */
  async charge(payment: Stripe.PaymentIntent): Promise<Stripe.Charge> {
    assert.equal(typeof payment.latest_charge, "string");
    return this.stripe.charges.retrieve(payment.latest_charge as string);
  }

  /** What a charge did to the balance; time passes until it is booked. */
  async booked(payment: Stripe.PaymentIntent): Promise<Stripe.BalanceTransaction> {
    const found = await this.eventually(async () => {
      const charge = await this.stripe.charges.retrieve(payment.latest_charge as string, {
        expand: ["balance_transaction"],
      });
      return charge.balance_transaction as Stripe.BalanceTransaction | null;
    });
    return found;
  }

  /** A payment that was disputed, and its dispute. */
  async disputed(method = "pm_card_createDispute", amount = 1_000): Promise<[Stripe.PaymentIntent, Stripe.Dispute]> {
    const payment = await this.pay(amount, { payment_method: method });
    const dispute = await this.eventually(async () => {
      const { data } = await this.stripe.disputes.list({ payment_intent: payment.id });
      return data[0];
    });
    return [payment, dispute];
  }

  /** Types of the events that tell of some objects, oldest first. */
  async told(...ids: string[]): Promise<string[]> {
    return (await this.events(...ids)).map((event) => event.type);
  }

  /** The events that tell of some objects, oldest first. */
  async events(...ids: string[]): Promise<Stripe.Event[]> {
    const found: Stripe.Event[] = [];
    for await (const event of this.stripe.events.list({ limit: 100 })) {
      const { id } = event.data.object as { id?: string };
      if (id !== undefined && ids.includes(id)) found.push(event);
    }
    return found.reverse();
  }

  /** Asks again, an hour later each time, until there is something. */
  async eventually<T>(ask: () => Promise<T | null | undefined>, seconds = 3_600, times = 24): Promise<T> {
    for (let turn = 0; turn < times; turn += 1) {
      const found = await ask();
      if (found !== null && found !== undefined && (found as unknown) !== false) return found;
      await this.advance(seconds);
    }
    assert.fail(`nothing came of it in ${times} times ${seconds} seconds`);
  }
}

/** Expects that the client throws, and what it says. */
export async function refused(call: Promise<unknown>, expected: Expected): Promise<Refusal> {
  const error = await call.then(
    (found) => assert.fail(`expected a refusal, found ${JSON.stringify(found)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Stripe.errors.StripeError, String(error));
  if (expected.status !== undefined) assert.equal(error.statusCode, expected.status, error.message);
  if (expected.type !== undefined) assert.equal(error.rawType, expected.type, error.message);
  if (expected.code !== undefined) assert.equal(error.code, expected.code, error.message);
  if (expected.param !== undefined) assert.equal(error.param, expected.param, error.message);
  if (expected.declineCode !== undefined) assert.equal(error.decline_code, expected.declineCode, error.message);
  if (expected.message !== undefined) assert.match(error.message, expected.message);
  return error;
}

/** Resolves when `ask` says yes: what comes over a socket takes its time, and how long is a guard against hanging alone. */
export async function soon(ask: () => boolean | Promise<boolean>, what: string, ms = 300_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await ask())) {
    if (Date.now() > end) assert.fail(`${what} did not happen in ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** One fact. */
export type Check = (name: string, body: (lab: Lab) => Promise<void>) => void;

/** Registers the checks of a category. */
export function category(name: string, checks: (check: Check) => void): void {
  const url = process.env["CONFORMANCE_URL"];
  if (url !== undefined) {
    const lab = new Lab(url, true);
    describe(name, () => checks((sentence, body) => void test(sentence, () => body(lab))));
    return;
  }
  for (const clock of ["real", "virtual"] as const) {
    describe(`${name}, ${clock} clock`, () => {
      let server: GatewayServer;
      let lab: Lab;
      before(async () => {
        server = await serve({ gateway: { dialect: "stripe", seed: 7, clock } });
        lab = new Lab(server.url, clock === "real");
      });
      after(() => server.close());
      checks((sentence, body) => void test(sentence, () => body(lab)));
    });
  }
}
