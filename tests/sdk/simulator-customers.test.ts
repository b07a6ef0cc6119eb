/** Customers over HTTP, as the official client sees them; and what is the same for every resource. */

import assert from "node:assert/strict";
import { test } from "node:test";

import Stripe from "stripe";

import { withStripe } from "./simulator.js";

test("a customer that was created is retrieved equal", () =>
  withStripe(async ({ stripe }) => {
    const created = await stripe.customers.create({ email: "ada@example.com", metadata: { vip: "yes" } });
    assert.match(created.id, /^cus_/);
    const found = await stripe.customers.retrieve(created.id);
    assert.equal(JSON.stringify(found), JSON.stringify(created));
    assert.match(found.lastResponse.requestId, /^req_/);
  }));

test("all customers are walked through, newest first", () =>
  withStripe(async ({ stripe }) => {
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) await stripe.customers.create({ name });
    const seen: (string | null | undefined)[] = [];
    for await (const customer of stripe.customers.list({ limit: 2 })) seen.push(customer.name);
    assert.deepEqual(seen, [...names].reverse());
  }));

test("an unknown parameter is refused by name", () =>
  withStripe(async ({ stripe }) => {
    const create = stripe.customers.create({ nmae: "x" } as Stripe.CustomerCreateParams);
    await assert.rejects(create, (error) => {
      return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === "parameter_unknown" && error.param === "nmae";
    });
  }));
