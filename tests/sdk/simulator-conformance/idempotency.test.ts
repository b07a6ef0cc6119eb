/** What a key protects from, and for how long. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import Stripe from "stripe";

import { CARD_AT_ONCE, category, refused } from "./lab.js";

const HOUR = 3_600;

category("idempotency", (check) => {
  const order = { amount: 1_000, payment_method: "pm_card_visa", ...CARD_AT_ONCE };

  check("the same request with the same key is carried out once", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    const first = await stripe.paymentIntents.create(order, { idempotencyKey });
    const second = await stripe.paymentIntents.create(order, { idempotencyKey });
    assert.equal(JSON.stringify(second), JSON.stringify(first));
  });

  check("a replay says that it is one, and a first answer does not", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    const first = await stripe.customers.create({}, { idempotencyKey });
    const second = await stripe.customers.create({}, { idempotencyKey });
    assert.equal(first.lastResponse.headers["idempotent-replayed"], undefined);
    assert.equal(second.lastResponse.headers["idempotent-replayed"], "true");
  });

  check("a replay has a request id of its own", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    const first = await stripe.customers.create({}, { idempotencyKey });
    const second = await stripe.customers.create({}, { idempotencyKey });
    assert.notEqual(second.lastResponse.requestId, first.lastResponse.requestId);
  });

  check("a replay is the old answer, whatever became of the object", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    const first = await stripe.customers.create({ name: "Ada" }, { idempotencyKey });
    await stripe.customers.update(first.id, { name: "Grace" });
    const second = await stripe.customers.create({ name: "Ada" }, { idempotencyKey });
    assert.equal(JSON.stringify(second), JSON.stringify(first));
  });

  check("a replay tells nothing new", async (lab) => {
    const idempotencyKey = randomUUID();
    const { id } = await lab.stripe.customers.create({}, { idempotencyKey });
    await lab.stripe.customers.create({}, { idempotencyKey });
    assert.deepEqual(await lab.told(id), ["customer.created"]);
  });

  check("other parameters under the same key are refused as an idempotency error", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    await stripe.customers.create({ name: "Ada" }, { idempotencyKey });
    const error = await refused(stripe.customers.create({ name: "Grace" }, { idempotencyKey }), {
      status: 400,
      type: "idempotency_error",
      message: /same parameters/,
    });
    assert.ok(error instanceof Stripe.errors.StripeIdempotencyError);
  });

  check("another address under the same key is refused", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    await stripe.customers.create({}, { idempotencyKey });
    const call = stripe.setupIntents.create({}, { idempotencyKey });
    await refused(call, { status: 400, type: "idempotency_error" });
  });

  check("one key for two objects of one kind is refused", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    const [one, other] = [await stripe.customers.create(), await stripe.customers.create()];
    await stripe.customers.update(one.id, { name: "x" }, { idempotencyKey });
    await refused(stripe.customers.update(other.id, { name: "x" }, { idempotencyKey }), { type: "idempotency_error" });
  });

  check("a mismatch leaves the first answer where it is", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    const first = await stripe.customers.create({ name: "Ada" }, { idempotencyKey });
    await refused(stripe.customers.create({ name: "Grace" }, { idempotencyKey }), { status: 400 });
    assert.equal((await stripe.customers.create({ name: "Ada" }, { idempotencyKey })).id, first.id);
  });

  check("the order of parameters does not matter", async (lab) => {
    const headers = { "idempotency-key": randomUUID() };
    const first = await lab.wire("POST", "/v1/customers", { body: "name=Ada&email=a%40b.co", headers });
    const second = await lab.wire("POST", "/v1/customers", { body: "email=a%40b.co&name=Ada", headers });
    assert.equal(second.text, first.text);
  });

  check("different keys are different requests", async ({ stripe }) => {
    const first = await stripe.customers.create({ name: "Ada" }, { idempotencyKey: randomUUID() });
    const second = await stripe.customers.create({ name: "Ada" }, { idempotencyKey: randomUUID() });
    assert.notEqual(first.id, second.id);
  });

  check("a refusal of a card is replayed, and the card is not tried again", async (lab) => {
    const idempotencyKey = randomUUID();
    const declining = { ...order, payment_method: "pm_card_visa_chargeDeclined" };
    const first = await refused(lab.stripe.paymentIntents.create(declining, { idempotencyKey }), { status: 402 });
    const second = await refused(lab.stripe.paymentIntents.create(declining, { idempotencyKey }), {
      status: 402,
      code: "card_declined",
    });
    assert.equal(second.payment_intent?.id, first.payment_intent?.id);
    assert.equal(second.headers?.["idempotent-replayed"], "true");
    const { data } = await lab.stripe.charges.list({ payment_intent: first.payment_intent?.id as string });
    assert.equal(data.length, 1);
  });

  check("a request that was refused before it began leaves its key free", async ({ stripe }) => {
    const idempotencyKey = randomUUID();
    await refused(stripe.paymentIntents.create({ amount: 1_000 } as never, { idempotencyKey }), { code: "parameter_missing" });
    const intent = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd" }, { idempotencyKey });
    assert.equal(intent.amount, 1_000);
  });

  check("a key that was refused at the door is free", async (lab) => {
    const idempotencyKey = randomUUID();
    await refused(lab.client({}, "nonsense").customers.create({}, { idempotencyKey }), { status: 401 });
    assert.match((await lab.stripe.customers.create({}, { idempotencyKey })).id, /^cus_/);
  });

  check("a retried refund is one refund", async (lab) => {
    const payment = await lab.pay();
    const idempotencyKey = randomUUID();
    const refund = () => lab.stripe.refunds.create({ payment_intent: payment.id, amount: 400 }, { idempotencyKey });
    assert.equal((await refund()).id, (await refund()).id);
    assert.equal((await lab.charge(payment)).amount_refunded, 400);
  });

  check("a retried capture is one capture, and succeeds", async (lab) => {
    const { id } = await lab.pay(1_000, { capture_method: "manual" });
    const idempotencyKey = randomUUID();
    const capture = () => lab.stripe.paymentIntents.capture(id, {}, { idempotencyKey });
    assert.deepEqual([(await capture()).status, (await capture()).status], ["succeeded", "succeeded"]);
  });

  check("expanded answers are replayed as they were", async (lab) => {
    const idempotencyKey = randomUUID();
    const params = { ...order, expand: ["latest_charge"] };
    const first = await lab.stripe.paymentIntents.create(params, { idempotencyKey });
    await lab.stripe.refunds.create({ payment_intent: first.id });
    const second = await lab.stripe.paymentIntents.create(params, { idempotencyKey });
    assert.equal(JSON.stringify(second), JSON.stringify(first));
  });

  check("a GET does not look at its key", async (lab) => {
    const headers = { "idempotency-key": randomUUID() };
    const { id } = await lab.stripe.customers.create({ name: "Ada" });
    await lab.wire("GET", `/v1/customers/${id}`, { headers });
    await lab.stripe.customers.update(id, { name: "Grace" });
    const answer = await lab.wire("GET", `/v1/customers/${id}`, { headers });
    assert.equal(answer.json.name, "Grace");
    assert.equal(answer.headers.get("idempotent-replayed"), null);
  });

  check("a DELETE does not look at its key", async (lab) => {
    const headers = { "idempotency-key": randomUUID() };
    const { id } = await lab.stripe.customers.create();
    assert.equal((await lab.wire("DELETE", `/v1/customers/${id}`, { headers })).status, 200);
    assert.equal((await lab.wire("DELETE", `/v1/customers/${id}`, { headers })).status, 404);
  });

  check("a key may have 255 characters", async ({ stripe }) => {
    const idempotencyKey = randomUUID().padEnd(255, "k");
    const first = await stripe.customers.create({}, { idempotencyKey });
    assert.equal((await stripe.customers.create({}, { idempotencyKey })).id, first.id);
  });

  check("a key of 256 characters is refused", async ({ stripe }) => {
    const call = stripe.customers.create({}, { idempotencyKey: randomUUID().padEnd(256, "k") });
    await refused(call, { status: 400 });
  });

  check("a key lives for 23 hours", async (lab) => {
    const idempotencyKey = randomUUID();
    const first = await lab.stripe.customers.create({}, { idempotencyKey });
    await lab.advance(23 * HOUR);
    assert.equal((await lab.stripe.customers.create({}, { idempotencyKey })).id, first.id);
  });

  check("a key is forgotten after its time", async (lab) => {
    const idempotencyKey = randomUUID();
    const first = await lab.stripe.customers.create({}, { idempotencyKey });
    await lab.advance(25 * HOUR);
    const second = await lab.stripe.customers.create({}, { idempotencyKey });
    assert.notEqual(second.id, first.id);
  });

  check("the client's own keys protect without being asked for", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    assert.match(customer.lastResponse.idempotencyKey ?? "", /^stripe-node-retry-/);
  });
});
