/** The official client, as npm has it, against a simulated gateway over HTTP whose time is virtual. */

import assert from "node:assert/strict";

import Stripe from "stripe";

import { serve } from "../../pkg/src/simulator/server.js";

/** What an error of the client says, as far as tests look at it. */
export interface Refusal {
  readonly statusCode: number | undefined;
  readonly type: string;
  readonly code: string | undefined;
  readonly param: string | undefined;
  readonly message: string;
}

/** A gateway and a client of it. */
export interface SimulatedStripe {
  readonly stripe: Stripe;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Lets virtual time pass; what was due has happened when it resolves. */
  advance(seconds: number): Promise<void>;
  /** The types of all events so far, oldest first; those that begin with one of `prefixes`, where any is given. */
  eventTypes(...prefixes: string[]): Promise<string[]>;
  /** A successful payment of `amount` cents with a test payment method. */
  pay(amount: number, method?: string, more?: Partial<Stripe.PaymentIntentCreateParams>): Promise<Stripe.PaymentIntent>;
}

/** Runs `body` with a gateway, and closes it whatever happens. */
export async function withStripe(body: (simulated: SimulatedStripe) => Promise<void>): Promise<void> {
  const server = await serve({ gateway: { dialect: "stripe", clock: "virtual", seed: 7 } });
  try {
    const stripe = new Stripe("sk_test_after", {
      host: "127.0.0.1",
      port: server.port,
      protocol: "http",
      telemetry: false,
      maxNetworkRetries: 0,
    });
    await body({
      stripe,
      url: server.url,
      advance: async (seconds) => {
        const body = JSON.stringify({ seconds });
        const answer = await fetch(`${server.url}/_tillproof/advance`, { method: "POST", body });
        assert.equal(answer.status, 200, await answer.text());
      },
      eventTypes: async (...prefixes) => {
        const types: string[] = [];
        for await (const event of stripe.events.list({ limit: 100 })) types.push(event.type);
        const wanted = (type: string) => prefixes.length === 0 || prefixes.some((prefix) => type.startsWith(prefix));
        return types.reverse().filter(wanted);
      },
      pay: (amount, method = "pm_card_visa", more = {}) =>
        stripe.paymentIntents.create({
          amount,
          currency: "usd",
          payment_method: method,
          confirm: true,
          automatic_payment_methods: { enabled: true, allow_redirects: "never" },
          ...more,
        }),
    });
  } finally {
    await server.close();
  }
}

/** The id of what a field names, whether or not it was expanded. */
export function idOf(field: string | { readonly id: string } | null | undefined): string {
  assert.ok(field !== null && field !== undefined, "the field names nothing");
  return typeof field === "string" ? field : field.id;
}

/** What a call was refused with; fails the test when it was not refused. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await call.then(
    () => assert.fail("it should have been refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Stripe.errors.StripeError, String(error));
  const { statusCode, type, code, param, message } = error;
  return { statusCode, type, code, param, message };
}
