/** The official client of Stripe over loopback, and what tests of the simulator's dialect ask of it. */

import assert from "node:assert/strict";

import Stripe from "stripe";

import type { GatewayServer } from "../../pkg/src/simulator/server.js";
import { clientOf, withStripe } from "./simulator.js";

/** A gateway that speaks Stripe's dialect, and a client of it. */
export interface Simulated {
  readonly stripe: Stripe;
  readonly server: GatewayServer;
  /** Another client of the same gateway. */
  client(config: Readonly<Partial<Stripe.StripeConfig>>): Stripe;
  /** Moves the gateway's clock. What is due has happened when it resolves. */
  advance(seconds: number): Promise<void>;
  /** The types of all events about an object, oldest first. */
  eventsOf(id: string): Promise<string[]>;
}

/** Server-side confirmation as Stripe's documentation writes it: nothing that redirects. */
export const NO_REDIRECTS = { enabled: true, allow_redirects: "never" } as const;

/** A payment of 10.00 USD that is confirmed at once. */
export const PAID = {
  amount: 1_000,
  currency: "usd",
  payment_method: "pm_card_visa",
  confirm: true,
  automatic_payment_methods: NO_REDIRECTS,
} as const;

/** Runs `body` with a gateway on the real clock, as a process of its own would be. */
export function simulated(body: (simulated: Simulated) => Promise<void>): Promise<void> {
  return withStripe(
    ({ stripe, server }) =>
      body({
        stripe,
        server,
        client: (config) => clientOf(server, config),
        advance: (seconds) => advance(server, seconds),
        eventsOf: (id) => eventsOf(stripe, id),
      }),
    { clock: "real" },
  );
}

async function advance(server: GatewayServer, seconds: number): Promise<void> {
  const response = await fetch(`${server.url}/_tillproof/advance`, { method: "POST", body: JSON.stringify({ seconds }) });
  assert.equal(response.status, 200, await response.text());
}

async function eventsOf(stripe: Stripe, id: string): Promise<string[]> {
  const types: string[] = [];
  for await (const event of stripe.events.list({ limit: 100 })) {
    if ((event.data.object as { id?: string }).id === id) types.push(event.type);
  }
  return types.reverse();
}

/** What a call was refused with. */
export type Refusal = InstanceType<typeof Stripe.errors.StripeError>;

/** The error a call throws; the test fails when it does not. */
export async function refused(call: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await call.then(
    (value) => assert.fail(`it should have been refused, and answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  return error;
}

/** The part of a refusal that tests compare. */
export function fault(error: Refusal): Record<string, unknown> {
  const { type, statusCode, code, param, decline_code } = error;
  const all = { type, statusCode, code, param, decline_code };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ""));
}
