/** Setup intents and search of the simulator as the official client sees them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_REDIRECTS, PAID, refused, simulated } from "./simulator-shop.js";

const SAVED = { payment_method: "pm_card_visa", confirm: true, automatic_payment_methods: NO_REDIRECTS } as const;

test("a setup intent is created, confirmed, and attaches the method to the customer", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const customer = await stripe.customers.create({});
    const open = await stripe.setupIntents.create({ customer: customer.id });
    assert.match(open.id, /^seti_/);
    assert.ok(open.client_secret?.startsWith(`${open.id}_secret_`));
    assert.deepEqual([open.status, open.usage, open.payment_method, open.latest_attempt], ["requires_payment_method", "off_session", null, null]);
    const done = await stripe.setupIntents.create({ ...SAVED, customer: customer.id, usage: "on_session", metadata: { a: "b" } });
    assert.deepEqual([done.status, done.usage, done.metadata, done.customer], ["succeeded", "on_session", { a: "b" }, customer.id]);
    assert.equal((await stripe.paymentMethods.retrieve(String(done.payment_method))).customer, customer.id);
    assert.deepEqual(await eventsOf(done.id), ["setup_intent.created", "setup_intent.succeeded"]);
    assert.deepEqual(await eventsOf(String(done.payment_method)), ["payment_method.attached"]);
    assert.deepEqual((await stripe.setupIntents.list({ customer: customer.id })).data.map(({ id }) => id), [done.id, open.id]);
  }));

test("a setup intent can be updated, canceled, declined and authenticated", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const open = await stripe.setupIntents.create({});
    assert.equal((await stripe.setupIntents.update(open.id, { description: "d" })).description, "d");
    const canceled = await stripe.setupIntents.cancel(open.id, { cancellation_reason: "abandoned" });
    assert.deepEqual([canceled.status, canceled.cancellation_reason], ["canceled", "abandoned"]);
    assert.equal((await refused(stripe.setupIntents.cancel(open.id))).code, "setup_intent_unexpected_state");
    const declined = await refused(stripe.setupIntents.create({ ...SAVED, payment_method: "pm_card_visa_chargeDeclined" }));
    assert.deepEqual([declined.statusCode, declined.code], [402, "card_declined"]);
    const { setup_intent } = declined.raw as { setup_intent?: { id: string; status: string; last_setup_error?: { code?: string } } };
    assert.deepEqual([setup_intent?.status, setup_intent?.last_setup_error?.code], ["requires_payment_method", "card_declined"]);
    assert.deepEqual(await eventsOf(String(setup_intent?.id)), ["setup_intent.created", "setup_intent.setup_failed"]);
    const asked = await stripe.setupIntents.create({ ...SAVED, payment_method: "pm_card_authenticationRequired" });
    assert.equal(asked.status, "requires_action");
    const error = await refused(stripe.setupIntents.retrieve("seti_missing"));
    assert.deepEqual([error.statusCode, error.message], [404, "No such setupintent: 'seti_missing'"]);
  }));

test("a card that needs authentication once is charged off session after its setup", () =>
  simulated(async ({ stripe, server }) => {
    const customer = await stripe.customers.create({});
    const asked = await stripe.setupIntents.create({ ...SAVED, customer: customer.id, payment_method: "pm_card_authenticationRequiredOnSetup" });
    assert.equal(asked.status, "requires_action");
    const done = await fetch(`${server.url}/_tillproof/authenticate/${asked.id}`, { method: "POST" });
    assert.equal(done.status, 200);
    const set = await stripe.setupIntents.retrieve(asked.id);
    assert.equal(set.status, "succeeded");
    const paid = await stripe.paymentIntents.create({ ...PAID, customer: customer.id, payment_method: String(set.payment_method), off_session: true });
    assert.equal(paid.status, "succeeded");
  }));

test("intents, charges and customers are found by the query language", () =>
  simulated(async ({ stripe, advance }) => {
    const customer = await stripe.customers.create({ email: "ada@example.com", name: "Ada Lovelace", metadata: { tier: "gold" } });
    const first = await stripe.paymentIntents.create({ ...PAID, customer: customer.id, metadata: { order_id: "6735" } });
    const second = await stripe.paymentIntents.create({ amount: 3_000, currency: "eur" });
    await advance(60);
    const intents = async (query: string) => (await stripe.paymentIntents.search({ query })).data.map(({ id }) => id);
    assert.deepEqual(await intents("metadata['order_id']:'6735'"), [first.id]);
    assert.deepEqual(await intents('status:"succeeded" AND amount>500'), [first.id]);
    assert.deepEqual(await intents("status:'succeeded' OR status:'requires_payment_method'"), [second.id, first.id]);
    assert.deepEqual(await intents("-currency:'usd'"), [second.id]);
    assert.deepEqual(await intents(`customer:'${customer.id}'`), [first.id]);
    assert.deepEqual(await intents("-metadata['order_id']:null"), [first.id]);
    assert.deepEqual(await intents("amount>=3000 amount<4000"), [second.id]);
    const found = await stripe.customers.search({ query: "email~'ada' AND metadata['tier']:'gold'" });
    assert.deepEqual([found.object, found.url, found.has_more, found.next_page, found.data.length], ["search_result", "/v1/customers/search", false, null, 1]);
    assert.equal((await stripe.charges.search({ query: "amount:1000 AND currency:'usd'" })).data.length, 1);
    for (const query of ["nonsense", "colour:'red'", "amount>'x' AND", "status:'a' AND status:'b' OR status:'c'"]) {
      assert.equal((await refused(stripe.paymentIntents.search({ query }))).statusCode, 400, query);
    }
  }));

test("a search is paged by its own page", () =>
  simulated(async ({ stripe, advance }) => {
    for (let index = 0; index < 5; index += 1) await stripe.paymentIntents.create({ amount: 100 + index, currency: "usd" });
    await advance(60);
    const amounts: number[] = [];
    for await (const { amount } of stripe.paymentIntents.search({ query: "currency:'usd'", limit: 2 })) amounts.push(amount);
    assert.deepEqual(amounts, [104, 103, 102, 101, 100]);
  }));
