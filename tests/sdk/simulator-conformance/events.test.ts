/** What is told of what happened. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import Stripe from "stripe";

import { category, refused } from "./lab.js";

category("events", (check) => {
  check("an event says what it is", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    const [event] = await lab.events(id);
    assert.match(event?.id ?? "", /^evt_[A-Za-z0-9]{8,}$/);
    assert.deepEqual(
      [event?.object, event?.type, event?.livemode, event?.api_version],
      ["event", "customer.created", false, Stripe.API_VERSION],
    );
    assert.equal(typeof event?.created, "number");
  });

  check("an event holds the object as it was answered", async (lab) => {
    const customer = await lab.stripe.customers.create({ name: "Ada" });
    const [event] = await lab.events(customer.id);
    assert.equal(JSON.stringify(event?.data.object), JSON.stringify(customer));
  });

  check("an event keeps the object as it was then", async (lab) => {
    const { id } = await lab.stripe.customers.create({ name: "Ada" });
    await lab.stripe.customers.update(id, { name: "Grace" });
    const [created, updated] = (await lab.events(id)).map((event) => event.data.object as Stripe.Customer);
    assert.deepEqual([created?.name, updated?.name], ["Ada", "Grace"]);
  });

  check("a change tells what was before, and only what changed", async (lab) => {
    const { id } = await lab.stripe.customers.create({ name: "Ada", email: "ada@example.com" });
    await lab.stripe.customers.update(id, { name: "Grace" });
    const updated = (await lab.events(id))[1];
    assert.deepEqual({ ...updated?.data.previous_attributes }, { name: "Ada" });
  });

  check("what is new has nothing that was before", async (lab) => {
    const { id } = await lab.stripe.customers.create({ name: "Ada" });
    const [created] = await lab.events(id);
    assert.ok(!("previous_attributes" in (created?.data ?? {})));
  });

  check("an event names the request that caused it, and its key", async (lab) => {
    const idempotencyKey = randomUUID();
    const customer = await lab.stripe.customers.create({}, { idempotencyKey });
    const [event] = await lab.events(customer.id);
    assert.equal(event?.request?.id, customer.lastResponse.requestId);
    assert.equal(event?.request?.idempotency_key, idempotencyKey);
  });

  check("an event that no request caused names none", async (lab) => {
    const payment = await lab.pay();
    await lab.booked(payment);
    const updated = (await lab.events(payment.latest_charge as string)).find(({ type }) => type === "charge.updated");
    assert.equal(updated?.request?.id ?? null, null);
  });

  check("an event is retrieved as it is listed", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    const [event] = await lab.events(id);
    assert.equal(JSON.stringify(await lab.stripe.events.retrieve(event?.id as string)), JSON.stringify(event));
  });

  check("an event nobody knows is a 404", async ({ stripe }) => {
    await refused(stripe.events.retrieve("evt_nobody"), { status: 404, code: "resource_missing" });
  });

  check("events are listed by type", async ({ stripe }) => {
    await stripe.customers.create();
    await stripe.setupIntents.create();
    const { data } = await stripe.events.list({ type: "customer.created", limit: 100 });
    assert.ok(data.length > 0 && data.every(({ type }) => type === "customer.created"));
  });

  check("events are listed by the beginning of their type", async (lab) => {
    await lab.pay();
    const { data } = await lab.stripe.events.list({ type: "charge.*", limit: 100 });
    assert.ok(data.length > 0 && data.every(({ type }) => type.startsWith("charge.")));
  });

  check("events are listed by several types", async (lab) => {
    await lab.pay();
    const types = ["payment_intent.created", "charge.succeeded"];
    const { data } = await lab.stripe.events.list({ types, limit: 100 });
    assert.deepEqual([...new Set(data.map(({ type }) => type as string))].sort(), [...types].sort());
  });

  check("type and types are not given together", async ({ stripe }) => {
    const call = stripe.events.list({ type: "charge.succeeded", types: ["charge.failed"] });
    await refused(call, { status: 400, type: "invalid_request_error" });
  });

  check("events are listed newest first, page by page", async (lab) => {
    for (let turn = 0; turn < 3; turn += 1) await lab.stripe.customers.create();
    const first = await lab.stripe.events.list({ limit: 2 });
    assert.equal(first.has_more, true);
    const second = await lab.stripe.events.list({ limit: 2, starting_after: first.data[1]?.id as string });
    const moments = [...first.data, ...second.data].map(({ created }) => created);
    assert.deepEqual(moments, [...moments].sort((one, other) => other - one));
    assert.equal(new Set([...first.data, ...second.data].map(({ id }) => id)).size, 4);
  });

  check("events are listed by moment", async (lab) => {
    await lab.advance(10);
    const { created } = await lab.stripe.customers.create();
    const since = await lab.stripe.events.list({ created: { gte: created } });
    const until = await lab.stripe.events.list({ created: { lt: created } });
    assert.ok(since.data.length > 0 && since.data.every((event) => event.created >= created));
    assert.ok(until.data.every((event) => event.created < created));
  });

  check("a payment is told in the order in which it went", async (lab) => {
    const payment = await lab.pay();
    assert.deepEqual((await lab.told(payment.id, payment.latest_charge as string)).slice(0, 3), [
      "payment_intent.created",
      "charge.succeeded",
      "payment_intent.succeeded",
    ]);
  });

  check("an authorization and its capture are told in the order in which they went", async (lab) => {
    const payment = await lab.pay(1_000, { capture_method: "manual" });
    await lab.stripe.paymentIntents.capture(payment.id);
    assert.deepEqual((await lab.told(payment.id, payment.latest_charge as string)).slice(0, 5), [
      "payment_intent.created",
      "charge.succeeded",
      "payment_intent.amount_capturable_updated",
      "charge.captured",
      "payment_intent.succeeded",
    ]);
  });

  check("a refusal of a card is told in the order in which it went", async (lab) => {
    const { payment_intent: intent } = await refused(lab.pay(1_000, { payment_method: "pm_card_chargeDeclined" }), { status: 402 });
    assert.deepEqual(await lab.told(intent?.id as string, intent?.latest_charge as string), [
      "payment_intent.created",
      "charge.failed",
      "payment_intent.payment_failed",
    ]);
  });

  check("a refund is told before what it did to the charge", async (lab) => {
    const payment = await lab.pay(1_000, { capture_method: "automatic" });
    const refund = await lab.stripe.refunds.create({ payment_intent: payment.id });
    const told = await lab.told(refund.id, payment.latest_charge as string);
    assert.deepEqual(told.slice(0, 3), ["charge.succeeded", "refund.created", "charge.refunded"]);
  });

  check("the event of a success holds the payment as it succeeded", async (lab) => {
    const payment = await lab.pay();
    const succeeded = (await lab.events(payment.id)).find(({ type }) => type === "payment_intent.succeeded");
    const object = succeeded?.data.object as Stripe.PaymentIntent;
    assert.deepEqual([object.status, object.amount_received, object.latest_charge], ["succeeded", 1_000, payment.latest_charge]);
  });

  check("references in an event are ids", async (lab) => {
    const customer = (await lab.stripe.customers.create()).id;
    const payment = await lab.pay(1_000, { customer, expand: ["customer", "latest_charge"] });
    for (const event of await lab.events(payment.id)) {
      assert.equal((event.data.object as Stripe.PaymentIntent).customer, customer);
    }
  });

  check("a payment that needs an action tells so", async (lab) => {
    const { id } = await lab.pay(1_000, { payment_method: "pm_card_threeDSecure2Required" });
    assert.deepEqual(await lab.told(id), ["payment_intent.created", "payment_intent.requires_action"]);
  });

  check("a canceled payment tells so", async (lab) => {
    const { id } = await lab.stripe.paymentIntents.create({ amount: 1_000, currency: "usd" });
    await lab.stripe.paymentIntents.cancel(id);
    assert.deepEqual(await lab.told(id), ["payment_intent.created", "payment_intent.canceled"]);
  });

  check("a refused request tells nothing", async (lab) => {
    const refusals = [
      await refused(lab.stripe.paymentIntents.create({ amount: 10, currency: "usd" }), { status: 400 }),
      await refused(lab.stripe.refunds.create({ payment_intent: "pi_nobody" }), {}),
    ];
    // Other payments go on by themselves meanwhile, so that only what names these requests counts.
    const requests = refusals.map((refusal) => refusal.requestId);
    assert.ok(requests.every((id) => typeof id === "string"));
    const { data } = await lab.stripe.events.list({ limit: 100 });
    assert.deepEqual(data.filter(({ request }) => requests.includes(request?.id as string)), []);
  });

  check("a request that only reads tells nothing", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    await lab.stripe.customers.retrieve(id);
    await lab.stripe.customers.list();
    assert.equal((await lab.told(id)).length, 1);
  });

  check("an event is gone after thirty days", async (lab) => {
    const customer = await lab.stripe.customers.create();
    const [event] = await lab.events(customer.id);
    await lab.advance(31 * 86_400);
    await refused(lab.stripe.events.retrieve(event?.id as string), { status: 404 });
    assert.deepEqual(await lab.told(customer.id), []);
  });
});
