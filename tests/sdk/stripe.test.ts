import assert from "node:assert/strict";
import { test } from "node:test";

import Stripe from "stripe";

import { createFetch, withReference, type FetchOptions } from "../../pkg/src/payments/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { SIX_BEHAVIOURS, type Behaviour, type HostileProvider } from "../js/hostile-provider.js";
import { optionsFor, withProvider } from "./door.js";

const PAYMENT = { amount: 1_000, currency: "eur", payment_method: "pm_card_visa", confirm: true } as const;

/** The one line that changes: the HTTP client. */
function stripeAt(provider: HostileProvider, options: Partial<FetchOptions> = {}) {
  const safe = createFetch({ ...optionsFor("stripe", provider.origin), timeoutMs: 1_000, ...options });
  const httpClient = Stripe.createFetchHttpClient(safe);
  const host = { host: "127.0.0.1", port: provider.port, protocol: "http" as const };
  return { safe, stripe: new Stripe("sk_test_x", { ...host, httpClient, telemetry: false }) };
}

/** What the client threw, and what stands behind it. */
async function causeOf(call: Promise<unknown>): Promise<{ readonly type: string | undefined; readonly code: string | undefined }> {
  const error: unknown = await call.then(
    () => assert.fail("it should have thrown"),
    (reason: unknown) => reason,
  );
  const { type, detail } = error as { type?: string; detail?: unknown };
  return { type, code: isTillproofError(detail) ? detail.code : undefined };
}

test("the official client charges once whatever the provider does, and the payment is what it returns", async () => {
  const behaviours: readonly Behaviour[] = [...SIX_BEHAVIOURS, "truncated 2xx", "late answer", "slow loris"];
  await Promise.all(
    behaviours.map((behaviour) =>
      withProvider({ behaviour, times: 1, lateMs: 1_300 }, async (provider) => {
        const { stripe } = stripeAt(provider);
        const pay = () => withReference("order_1", () => stripe.paymentIntents.create(PAYMENT));
        // A 500 is stored under its key for ever: there the payment is found by the name it bears.
        const intent = await pay();
        assert.equal(intent.status, "succeeded", behaviour);
        assert.equal(intent.metadata["tillproof_reference"], "order_1", behaviour);
        const sent = provider.arrivals.length;
        assert.deepEqual({ ...(await pay()), lastResponse: null }, { ...intent, lastResponse: null }, behaviour);
        assert.equal(provider.arrivals.length, sent, `${behaviour}: the repeated call sends nothing`);
        assert.equal(provider.charges.length, 1, behaviour);
        assert.equal(provider.keys.size, 1, behaviour);
      }),
    ),
  );
});

test("while nobody knows, the client throws an error that says so", async () => {
  await Promise.all(
    SIX_BEHAVIOURS.filter((behaviour) => behaviour !== "409, then the answer").map((behaviour) =>
      // What was charged cannot be found either.
      withProvider({ behaviour, read: () => undefined }, async (provider) => {
        const { stripe, safe } = stripeAt(provider, { waitMs: 3_000 });
        const call = withReference("order_1", () => stripe.paymentIntents.create(PAYMENT));
        assert.deepEqual(await causeOf(call), { type: "StripeConnectionError", code: "pending_confirmation" }, behaviour);
        safe.payments.close();
        assert.equal(provider.keys.size, 1, behaviour);
        assert.ok(provider.charges.length <= 1, behaviour);
      }),
    ),
  );
});

test("what the client calls a retry joins the same intent", async () => {
  await withProvider({ behaviour: "no answer" }, async (provider) => {
    const { stripe } = stripeAt(provider, { timeoutMs: 300_000, waitMs: 1_000 });
    await causeOf(withReference("order_1", () => stripe.paymentIntents.create(PAYMENT)));
    assert.equal(provider.arrivals.length, 1, "three attempts of the client are one request");
  });
});

test("without a name, the key of the client is the name, and it is kept", async () => {
  await withProvider({ behaviour: "reset after processing", times: 1 }, async (provider) => {
    const { stripe } = stripeAt(provider);
    await stripe.paymentIntents.create(PAYMENT, { idempotencyKey: "my own key" });
    assert.deepEqual([...provider.keys], ["my own key"]);
    await stripe.paymentIntents.create(PAYMENT);
    assert.equal(provider.charges.length, 2);
    assert.match([...provider.keys][1] ?? "", /^stripe-node-retry-/);
  });
});

test("the name of a call decides over the key the client makes for each attempt", async () => {
  await withProvider({ behaviour: "healthy" }, async (provider) => {
    const { stripe } = stripeAt(provider);
    for (let times = 0; times < 3; times += 1) {
      await withReference("order_1", () => stripe.paymentIntents.create(PAYMENT));
    }
    await withReference("order_2", () => stripe.paymentIntents.create(PAYMENT));
    assert.equal(provider.charges.length, 2, "two equal purchases are two");
    assert.ok([...provider.keys].every((key) => /^[0-9a-f]{32}$/.test(key)));
  });
});

test("a call under the name of another one is refused before it is sent, and the error names the field", async () => {
  await withProvider({ behaviour: "healthy" }, async (provider) => {
    const { stripe } = stripeAt(provider);
    await withReference("order_1", () => stripe.paymentIntents.create(PAYMENT));
    const other = withReference("order_1", () => stripe.paymentIntents.create({ ...PAYMENT, amount: 2_000 }));
    assert.equal((await causeOf(other)).code, "intent_mismatch");
    const refund = withReference("order_1", () => stripe.refunds.create({ payment_intent: "pi_1" }));
    assert.equal((await causeOf(refund)).code, "intent_mismatch");
    assert.equal(provider.arrivals.length, 1);
  });
});

test("a declined card is the error it always was, also when the call is repeated", async () => {
  const declined = { error: { type: "card_error", code: "card_declined", message: "Your card was declined." } };
  let sent = 0;
  const { safe } = { safe: createFetch({ ...optionsFor("stripe", "http://127.0.0.1:1"), fetch: async () => ((sent += 1), Response.json(declined, { status: 402 })) }) };
  const stripe = new Stripe("sk_test_x", { host: "127.0.0.1", port: 1, protocol: "http", httpClient: Stripe.createFetchHttpClient(safe) });
  for (let times = 0; times < 2; times += 1) {
    await assert.rejects(
      withReference("order_1", () => stripe.paymentIntents.create(PAYMENT)),
      (error: Stripe.errors.StripeCardError) => error.type === "StripeCardError" && error.code === "card_declined",
    );
  }
  assert.equal(sent, 1);
});

test("reads pass as they are, and calls of the second generation of the API are guarded as well", async () => {
  await withProvider({ behaviour: "reset after processing", times: 1 }, async (provider) => {
    const { stripe } = stripeAt(provider);
    await withReference("meter_1", () => stripe.rawRequest("POST", "/v2/billing/meter_events", { event_name: "api_call" }));
    assert.equal(provider.arrivals.length, 2);
    assert.equal(provider.keys.size, 1);
    await assert.rejects(stripe.paymentIntents.retrieve("pi_9"), { type: "StripeInvalidRequestError" });
    assert.equal(provider.arrivals.length, 2);
  });
});
