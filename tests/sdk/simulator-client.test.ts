/** The ways by which the official client reaches a gateway: its own connection, `httpClient`, and `fetch`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import Stripe from "stripe";

import { createGateway, type Gateway, type GatewayOptions } from "../../pkg/src/simulator/index.js";
import { withStripe } from "./simulator.js";

const CONFIG: Stripe.StripeConfig = { maxNetworkRetries: 0, telemetry: false };

/** In this process, by either door. */
const DOORS: [name: string, clientOf: (gateway: Gateway, config?: Partial<Stripe.StripeConfig>) => Stripe][] = [
  ["httpClient", (gateway, config) => new Stripe("sk_test_tillproof", { ...CONFIG, ...config, httpClient: gateway.httpClient })],
  [
    "fetch",
    (gateway, config) =>
      new Stripe("sk_test_tillproof", { ...CONFIG, ...config, httpClient: Stripe.createFetchHttpClient(gateway.fetch) }),
  ],
];

const stripeGateway = (options: GatewayOptions = {}): Gateway => createGateway({ dialect: "stripe", seed: 7, ...options });

/** A few calls whose answers say who they came from. */
async function story(stripe: Stripe): Promise<string[]> {
  const created = await stripe.customers.create({ name: "Ada Lovelace", metadata: { vip: "ä & b" } });
  const updated = await stripe.customers.update(created.id, { metadata: { vip: "" } }, { idempotencyKey: "once" });
  const again = await stripe.customers.update(created.id, { metadata: { vip: "" } }, { idempotencyKey: "once" });
  // The fetch client hands over the headers of fetch, the others a record.
  const headers: unknown = again.lastResponse.headers;
  assert.equal(new Headers(headers as Record<string, string>).get("idempotent-replayed"), "true");
  const page = await stripe.customers.list({ limit: 1 });
  const refused = await stripe.customers.retrieve("cus_none").catch((error: unknown) => error);
  assert.ok(refused instanceof Stripe.errors.StripeInvalidRequestError);
  assert.deepEqual([refused.statusCode, refused.code], [404, "resource_missing"]);
  assert.match(created.lastResponse.requestId, /^req_/);
  assert.equal(created.lastResponse.statusCode, 200);
  return [created, updated, again, page].map((object) => JSON.stringify(object));
}

test("the same seed tells the same story over a connection, through httpClient and through fetch", async () => {
  const told: string[][] = [];
  await withStripe(async ({ stripe }) => void told.push(await story(stripe)));
  for (const [, clientOf] of DOORS) {
    const gateway = stripeGateway();
    told.push(await story(clientOf(gateway)));
    await gateway.close();
  }
  assert.deepEqual(told[1], told[0]);
  assert.deepEqual(told[2], told[0]);
});

for (const [name, clientOf] of DOORS) {
  test(`${name}: parameters of every shape arrive`, async () => {
    const stripe = clientOf(stripeGateway());
    const customer = await stripe.customers.create({
      metadata: { "a key": "1 Rue é", other: "Paris & Co" },
      description: "a+b c%20d [x]=y \u{1f4b6}",
    });
    assert.deepEqual(customer.metadata, { "a key": "1 Rue é", other: "Paris & Co" });
    assert.equal(customer.description, "a+b c%20d [x]=y \u{1f4b6}");
    const unset = await stripe.customers.update(customer.id, { description: "" });
    assert.equal(unset.description, null);
  });

  test(`${name}: a closed gateway is an error of its own, not an answer`, async () => {
    const gateway = stripeGateway();
    await gateway.close();
    await assert.rejects(clientOf(gateway).customers.list());
  });
}

test("createGateway refuses a dialect that is none", () => {
  assert.throws(() => createGateway({ dialect: "paypal" as never }), /dialect/);
});

test("both dialects stand side by side", async () => {
  const gateway = createGateway({ dialect: "both" });
  const stripe = new Stripe("sk_test_tillproof", { ...CONFIG, httpClient: gateway.httpClient });
  assert.match((await stripe.customers.create({})).id, /^cus_/);
  const body = JSON.stringify({ merchantId: "shop", amount: 1_000, currency: "EUR" });
  const paid = await gateway.fetch("http://gateway/api/payments", { method: "POST", headers: { "idempotency-key": "k" }, body });
  assert.equal(paid.status, 201);
});
