/** The programs of docs/prove-your-integration.md that speak to Stripe, with the official client. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import Stripe from "stripe";

import { hostile, HostileFailure, type Integration } from "../../pkg/src/testing/index.js";

const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/prove-stripe-docs");
const page = readFileSync(join(ROOT, "docs/prove-your-integration.md"), "utf8");

before(() => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(join(ROOT, "tests/sdk/node_modules"), join(FOLDER, "node_modules"));
  for (const [, name = "", code = ""] of page.matchAll(/^```js (stripe-\S+)\n([^]*?)^```$/gm)) writeFileSync(join(FOLDER, name), code);
});

async function integration(file: string, name: string): Promise<Integration> {
  const found = (await import(pathToFileURL(join(FOLDER, file)).href)) as { [name: string]: Integration };
  assert.ok(found[name], name);
  return found[name];
}

test("docs/prove-your-integration.md: the naive shop on Stripe is caught", async () => {
  const naive = await integration("stripe-naive.mjs", "stripeNaive");
  const failure = await hostile(naive, { dialect: "stripe", seeds: 200 }).catch((error: unknown) => error);
  assert.ok(failure instanceof HostileFailure, String(failure));
  assert.equal(failure.violations[0]?.invariant, "nothing_lost");
  assert.match(failure.message, /the shop believes unpaid/);
  assert.match(failure.message, /POST \/v1\/payment_intents {3}key order-/);
  const again = await hostile(naive, { dialect: "stripe", seeds: [failure.seed], faults: failure.faults }).catch((error: unknown) => error);
  assert.ok(again instanceof HostileFailure && again.violations[0]?.invariant === "nothing_lost");
});

test("docs/prove-your-integration.md: the careful shop on Stripe keeps its books on 300 seeds", async () => {
  const careful = await integration("stripe-careful.mjs", "stripeCareful");
  const report = await hostile(careful, { dialect: "stripe", seeds: 300 });
  assert.ok(report.payments >= 600, String(report.payments));
  for (const fault of ["response_truncated", "server_error_stored", "unmarked_error", "request_lost", "rate_limited"] as const) {
    assert.ok((report.faults[fault] ?? 0) > 0, `${fault} never struck`);
  }
});

test("a shop on Stripe that learns of its payments by webhooks alone keeps its books, whatever becomes of them", async () => {
  const report = await hostile(
    async (gateway) => {
      const stripe = new Stripe("sk_test_shop", { httpClient: gateway.httpClient, telemetry: false, maxNetworkRetries: 5 });
      const paid = new Map<string, number>();
      const { secret } = await gateway.webhooks(async (request) => {
        const signature = request.headers.get("stripe-signature") ?? "";
        try {
          const event = stripe.webhooks.constructEvent(await request.text(), signature, secret, 300, undefined, gateway.now());
          if (event.type === "payment_intent.succeeded") paid.set(event.data.object.metadata["order"] ?? "", event.data.object.amount_received);
          return new Response(null, { status: 200 });
        } catch {
          return new Response(null, { status: 400 });
        }
      });
      const orders = ["order-1", "order-2", "order-3"];
      for (const order of orders) {
        const payment = { amount: 500, currency: "eur", payment_method: "pm_card_visa", confirm: true, metadata: { order }, return_url: "https://shop.test" };
        await stripe.paymentIntents.create(payment, { idempotencyKey: order }).catch(() => undefined);
      }
      return () => orders.map((order) => ({ order, paid: paid.get(order) ?? 0, currency: "EUR" }));
    },
    { dialect: "stripe", seeds: 60, faults: { response_lost: 0.2, response_truncated: 0.2, webhook_duplicate: 0.3, webhook_reorder: 0.3, webhook_lost: 0.2, webhook_forged: 0.3 } },
  );
  for (const fault of ["response_truncated", "webhook_duplicate", "webhook_reorder", "webhook_lost", "webhook_forged"] as const) {
    assert.ok((report.faults[fault] ?? 0) > 0, `${fault} never struck`);
  }
  assert.ok(report.webhooks > 60 * 3, String(report.webhooks));
});

test("charges without an intent count as well: a key for every attempt is caught, a key for every order is not", async () => {
  const shop = (keyOf: (order: string, attempt: number) => string): Integration => async (gateway) => {
    const stripe = new Stripe("sk_test_shop", { httpClient: gateway.httpClientFor(Stripe), telemetry: false, maxNetworkRetries: 0 });
    const orders = ["order-1", "order-2"];
    for (const order of orders) {
      const charge = { amount: 500, currency: "eur", source: "tok_visa", metadata: { order } };
      for (let attempt = 1; ; attempt += 1) {
        const made = await stripe.charges.create(charge, { idempotencyKey: keyOf(order, attempt) }).catch(() => null);
        if (made !== null) break;
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
    return orders.map((order) => ({ order, paid: 500, currency: "EUR" }));
  };
  const options = { dialect: "stripe", seeds: 30, faults: { response_truncated: 0.3, server_error: 0.2 } } as const;
  const report = await hostile(shop((order) => order), options);
  assert.ok(report.payments === 60 && (report.faults.response_truncated ?? 0) > 0, JSON.stringify(report));
  const failure = await hostile(shop((order, attempt) => `${order} ${attempt}`), options).catch((error: unknown) => error);
  assert.ok(failure instanceof HostileFailure, String(failure));
  assert.equal(failure.violations[0]?.invariant, "charged_once");
  assert.match(failure.message, /the gateway holds {4}order order-1: ch_\w+ succeeded, captured 500 EUR/);
});
