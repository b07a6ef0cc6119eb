/** Payment intents of the simulator as the official client sees them: docs.stripe.com/api/payment_intents. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fault, NO_REDIRECTS, PAID, refused, simulated } from "./simulator-shop.js";

const DAY = 24 * 60 * 60;
const INVALID = "StripeInvalidRequestError";

test("a new intent has every documented field and waits for a payment method", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const before = Math.floor(Date.now() / 1_000);
    const intent = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    const { id, client_secret, created, lastResponse, ...rest } = intent;
    assert.match(id, /^pi_[0-9a-zA-Z]{16,}$/);
    assert.ok(client_secret?.startsWith(`${id}_secret_`));
    assert.ok(created >= before && created <= Date.now() / 1_000, "created is wall-clock seconds");
    assert.match(lastResponse.requestId, /^req_/);
    assert.deepEqual(rest, {
      object: "payment_intent",
      allowed_payment_method_types: null,
      amount: 2_000,
      amount_capturable: 0,
      amount_details: { tip: {} },
      amount_received: 0,
      application: null,
      application_fee_amount: null,
      automatic_payment_methods: { allow_redirects: "always", enabled: true },
      canceled_at: null,
      cancellation_reason: null,
      capture_method: "automatic_async",
      confirmation_method: "automatic",
      currency: "usd",
      customer: null,
      customer_account: null,
      description: null,
      excluded_payment_method_types: null,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      managed_payments: null,
      metadata: {},
      next_action: null,
      on_behalf_of: null,
      payment_method: null,
      payment_method_configuration_details: null,
      payment_method_options: {
        card: { installments: null, mandate_options: null, network: null, request_three_d_secure: "automatic" },
      },
      payment_method_types: ["card"],
      payment_record: null,
      processing: null,
      receipt_email: null,
      review: null,
      setup_future_usage: null,
      shipping: null,
      source: null,
      statement_descriptor: null,
      statement_descriptor_suffix: null,
      status: "requires_payment_method",
      transfer_data: null,
      transfer_group: null,
    });
    assert.deepEqual(await eventsOf(id), ["payment_intent.created"]);
  }));

test("what is given at creation is kept and read back", () =>
  simulated(async ({ stripe }) => {
    const given = {
      description: "Order 7",
      metadata: { order: "7", "a.b": "ä & +%" },
      receipt_email: "a@example.com",
      setup_future_usage: "off_session",
      shipping: { name: "Ada", phone: "+1", address: { line1: "1 Road", city: "X", country: "US" }, carrier: "UPS", tracking_number: "T1" },
      statement_descriptor_suffix: "ORDER7",
      transfer_group: "g1",
    } as const;
    const { id } = await stripe.paymentIntents.create({ amount: 100, currency: "eur", ...given });
    const intent = await stripe.paymentIntents.retrieve(id);
    for (const name of ["description", "metadata", "receipt_email", "setup_future_usage", "statement_descriptor_suffix", "transfer_group"] as const) {
      assert.deepEqual(intent[name], given[name], name);
    }
    assert.deepEqual(intent.shipping, {
      ...given.shipping,
      address: { city: "X", country: "US", line1: "1 Road", line2: null, postal_code: null, state: null },
    });
  }));

test("an intent confirmed at creation succeeds, and the balance transaction follows with charge.updated", () =>
  simulated(async ({ stripe, advance, eventsOf }) => {
    const intent = await stripe.paymentIntents.create({ ...PAID, expand: ["latest_charge"] });
    assert.equal(intent.status, "succeeded");
    assert.deepEqual([intent.amount_received, intent.amount_capturable], [1_000, 0]);
    assert.match(String(intent.payment_method), /^pm_/);
    assert.notEqual(intent.payment_method, "pm_card_visa");
    const charge = intent.latest_charge;
    assert.ok(charge !== null && typeof charge === "object");
    assert.match(charge.id, /^ch_/);
    assert.deepEqual([charge.status, charge.paid, charge.captured, charge.amount_captured], ["succeeded", true, true, 1_000]);
    assert.equal(charge.balance_transaction, null);
    assert.deepEqual(await eventsOf(intent.id), ["payment_intent.created", "payment_intent.succeeded"]);
    assert.deepEqual(await eventsOf(charge.id), ["charge.succeeded"]);
    await advance(60);
    const later = await stripe.charges.retrieve(charge.id, { expand: ["balance_transaction"] });
    const booked = later.balance_transaction;
    assert.ok(booked !== null && typeof booked === "object");
    assert.deepEqual([booked.amount, booked.fee, booked.net, booked.source], [1_000, 59, 941, charge.id]);
    assert.deepEqual(await eventsOf(charge.id), ["charge.succeeded", "charge.updated"]);
    const [updated] = (await stripe.events.list({ type: "charge.updated" })).data;
    assert.equal((updated?.data.previous_attributes as { balance_transaction?: unknown }).balance_transaction, null);
  }));

test("the balance transaction comes by itself, by the real clock", () =>
  simulated(async ({ stripe }) => {
    const { latest_charge } = await stripe.paymentIntents.create(PAID);
    const until = Date.now() + 300_000;
    while (Date.now() < until) {
      const charge = await stripe.charges.retrieve(String(latest_charge));
      if (charge.balance_transaction !== null) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail("it was not booked within five minutes");
  }));

test("with capture_method automatic the balance transaction is in the answer", () =>
  simulated(async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ ...PAID, capture_method: "automatic", expand: ["latest_charge.balance_transaction"] });
    const charge = intent.latest_charge;
    assert.ok(charge !== null && typeof charge === "object");
    assert.ok(charge.balance_transaction !== null && typeof charge.balance_transaction === "object");
    assert.equal(charge.balance_transaction.net, 941);
  }));

test("the events of a payment come in the documented order", () =>
  simulated(async ({ stripe }) => {
    await stripe.paymentIntents.create(PAID);
    const types = (await stripe.events.list({ limit: 10 })).data.map((event) => event.type).reverse();
    assert.deepEqual(types.filter((type) => !type.startsWith("payment_method")), ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]);
  }));

test("an intent with a payment method waits for its confirmation, and confirming charges it", () =>
  simulated(async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd", payment_method: "pm_card_visa", automatic_payment_methods: NO_REDIRECTS });
    assert.equal(intent.status, "requires_confirmation");
    const confirmed = await stripe.paymentIntents.confirm(intent.id);
    assert.equal(confirmed.status, "succeeded");
    assert.equal(confirmed.payment_method, intent.payment_method);
  }));

test("a return_url makes a confirmation possible, and without one redirects are refused", () =>
  simulated(async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd", automatic_payment_methods: { enabled: true } });
    const error = await refused(stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa" }));
    assert.deepEqual(fault(error), { type: INVALID, statusCode: 400 });
    assert.match(error.message, /return_url/);
    const confirmed = await stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa", return_url: "https://example.com/done" });
    assert.equal(confirmed.status, "succeeded");
  }));

test("manual capture holds the money; capturing a part releases the rest", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const held = await stripe.paymentIntents.create({ ...PAID, capture_method: "manual" });
    assert.deepEqual([held.status, held.amount_capturable, held.amount_received], ["requires_capture", 1_000, 0]);
    const charge = String(held.latest_charge);
    const before = await stripe.charges.retrieve(charge);
    assert.deepEqual([before.captured, before.paid, before.status, before.amount_captured, before.balance_transaction], [false, true, "succeeded", 0, null]);
    assert.equal(before.payment_method_details?.card?.capture_before, before.created + 7 * DAY);
    const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 750 });
    assert.deepEqual([captured.status, captured.amount, captured.amount_received, captured.amount_capturable], ["succeeded", 1_000, 750, 0]);
    const after = await stripe.charges.retrieve(charge);
    assert.deepEqual([after.captured, after.amount, after.amount_captured, after.amount_refunded, after.refunded], [true, 1_000, 750, 0, false]);
    assert.deepEqual(await eventsOf(held.id), ["payment_intent.created", "payment_intent.amount_capturable_updated", "payment_intent.succeeded"]);
    assert.deepEqual((await eventsOf(charge)).slice(0, 2), ["charge.succeeded", "charge.captured"]);
  }));

test("a capture is refused beyond what is held, and in another state", () =>
  simulated(async ({ stripe }) => {
    const held = await stripe.paymentIntents.create({ ...PAID, capture_method: "manual" });
    const much = await refused(stripe.paymentIntents.capture(held.id, { amount_to_capture: 1_001 }));
    assert.deepEqual(fault(much), { type: INVALID, statusCode: 400, code: "amount_too_large", param: "amount_to_capture" });
    await stripe.paymentIntents.capture(held.id);
    const again = await refused(stripe.paymentIntents.capture(held.id));
    assert.deepEqual(fault(again), { type: INVALID, statusCode: 400, code: "payment_intent_unexpected_state" });
    assert.match(again.message, /already been captured/);
    const open = await stripe.paymentIntents.create({ amount: 100, currency: "usd" });
    const early = await refused(stripe.paymentIntents.capture(open.id));
    assert.equal(early.code, "payment_intent_unexpected_state");
    assert.match(early.message, /has a status of requires_payment_method/);
    assert.equal((early.raw as { payment_intent?: { id?: string } }).payment_intent?.id, open.id);
  }));

test("an intent is canceled with a reason, once", () =>
  simulated(async ({ stripe, eventsOf }) => {
    for (const reason of ["duplicate", "fraudulent", "requested_by_customer", "abandoned"] as const) {
      const { id } = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd" });
      const canceled = await stripe.paymentIntents.cancel(id, { cancellation_reason: reason });
      assert.deepEqual([canceled.status, canceled.cancellation_reason], ["canceled", reason]);
      assert.ok(Number(canceled.canceled_at) >= canceled.created);
      assert.deepEqual(await eventsOf(id), ["payment_intent.created", "payment_intent.canceled"]);
      assert.equal((await refused(stripe.paymentIntents.cancel(id))).code, "payment_intent_unexpected_state");
      assert.equal((await refused(stripe.paymentIntents.confirm(id, { payment_method: "pm_card_visa" }))).code, "payment_intent_unexpected_state");
    }
    const plain = await stripe.paymentIntents.cancel((await stripe.paymentIntents.create({ amount: 1_000, currency: "usd" })).id);
    assert.equal(plain.cancellation_reason, null);
    const bad = await refused(stripe.paymentIntents.cancel(plain.id, { cancellation_reason: "bored" as "abandoned" }));
    assert.deepEqual(fault(bad), { type: INVALID, statusCode: 400, param: "cancellation_reason" });
  }));

test("canceling a hold releases it, and nothing is booked", () =>
  simulated(async ({ stripe, advance }) => {
    const held = await stripe.paymentIntents.create({ ...PAID, capture_method: "manual" });
    const canceled = await stripe.paymentIntents.cancel(held.id);
    assert.deepEqual([canceled.status, canceled.amount_capturable], ["canceled", 0]);
    const charge = await stripe.charges.retrieve(String(held.latest_charge));
    assert.deepEqual([charge.refunded, charge.captured, charge.amount_refunded, charge.balance_transaction], [true, false, 1_000, null]);
    await advance(60);
    assert.deepEqual((await stripe.balanceTransactions.list()).data, []);
  }));

test("a hold that nobody captures expires after seven days", () =>
  simulated(async ({ stripe, advance, eventsOf }) => {
    const held = await stripe.paymentIntents.create({ ...PAID, capture_method: "manual" });
    await advance(7 * DAY - 60);
    assert.equal((await stripe.paymentIntents.retrieve(held.id)).status, "requires_capture");
    await advance(120);
    const expired = await stripe.paymentIntents.retrieve(held.id);
    assert.deepEqual([expired.status, expired.cancellation_reason, expired.amount_capturable], ["canceled", "automatic", 0]);
    assert.deepEqual((await eventsOf(String(held.latest_charge))).at(-1), "charge.expired");
    assert.deepEqual((await eventsOf(held.id)).at(-1), "payment_intent.canceled");
  }));

test("an intent that succeeded cannot be canceled, confirmed, captured or changed in its amount", () =>
  simulated(async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create(PAID);
    for (const call of [
      () => stripe.paymentIntents.cancel(id),
      () => stripe.paymentIntents.confirm(id),
      () => stripe.paymentIntents.capture(id),
      () => stripe.paymentIntents.update(id, { amount: 2_000 }),
    ]) {
      const { type, statusCode, code } = await refused(call());
      assert.deepEqual([type, statusCode, code], [INVALID, 400, "payment_intent_unexpected_state"]);
    }
    const { description } = await stripe.paymentIntents.update(id, { description: "late" });
    assert.equal(description, "late");
  }));

test("confirming without a payment method is refused", () =>
  simulated(async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd" });
    const error = await refused(stripe.paymentIntents.confirm(id, { return_url: "https://example.com" }));
    assert.equal(error.code, "payment_intent_unexpected_state");
    assert.match(error.message, /missing a payment method/);
  }));

test("an intent is updated; metadata merges, and an empty value takes a key away", () =>
  simulated(async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd", metadata: { a: "1", b: "2" } });
    const updated = await stripe.paymentIntents.update(id, { amount: 1_500, currency: "eur", metadata: { b: "", c: "3" }, description: "d" });
    assert.deepEqual([updated.amount, updated.currency, updated.description], [1_500, "eur", "d"]);
    assert.deepEqual(updated.metadata, { a: "1", c: "3" });
    assert.deepEqual((await stripe.paymentIntents.update(id, { metadata: "" })).metadata, {});
    const withMethod = await stripe.paymentIntents.update(id, { payment_method: "pm_card_visa" });
    assert.equal(withMethod.status, "requires_confirmation");
  }));

test("amounts, currencies and parameters are checked as documented", () =>
  simulated(async ({ stripe }) => {
    const create = (params: Record<string, unknown>) => refused(stripe.paymentIntents.create(params as never));
    const table: [Record<string, unknown>, Record<string, unknown>][] = [
      [{ currency: "usd" }, { code: "parameter_missing", param: "amount" }],
      [{ amount: 100 }, { code: "parameter_missing", param: "currency" }],
      [{ amount: 49, currency: "usd" }, { code: "amount_too_small", param: "amount" }],
      [{ amount: 49, currency: "jpy" }, { code: "amount_too_small", param: "amount" }],
      [{ amount: 29, currency: "gbp" }, { code: "amount_too_small", param: "amount" }],
      [{ amount: 100_000_000, currency: "usd" }, { code: "amount_too_large", param: "amount" }],
      [{ amount: "ten", currency: "usd" }, { code: "parameter_invalid_integer", param: "amount" }],
      [{ amount: 10.5, currency: "usd" }, { code: "parameter_invalid_integer", param: "amount" }],
      [{ amount: -100, currency: "usd" }, { code: "parameter_invalid_integer", param: "amount" }],
      [{ amount: 0, currency: "usd" }, { code: "parameter_invalid_integer", param: "amount" }],
      [{ amount: 100, currency: "xyz" }, { param: "currency" }],
      [{ amount: 100, currency: "usd", colour: "red" }, { code: "parameter_unknown", param: "colour" }],
      [{ amount: 100, currency: "usd", shipping: { planet: "mars" } }, { code: "parameter_unknown", param: "shipping[planet]" }],
      [{ amount: 100, currency: "usd", capture_method: "never" }, { param: "capture_method" }],
      [{ amount: 100, currency: "usd", customer: "cus_missing" }, { code: "resource_missing", param: "customer" }],
      [{ amount: 100, currency: "usd", payment_method: "pm_missing" }, { code: "resource_missing", param: "payment_method" }],
      [{ amount: 100, currency: "usd", payment_method_types: ["card"] }, { code: "payment_method_types_no_longer_supported", param: "payment_method_types" }],
      [{ amount: 100, currency: "usd", receipt_email: "nobody" }, { code: "email_invalid", param: "receipt_email" }],
    ];
    for (const [params, expected] of table) {
      assert.deepEqual(fault(await create(params)), { type: INVALID, statusCode: 400, ...expected }, JSON.stringify(params));
    }
    assert.deepEqual((await stripe.paymentIntents.list()).data, [], "nothing was created");
  }));

test("currencies without decimals, in upper case too, are taken as they are", () =>
  simulated(async ({ stripe }) => {
    const yen = await stripe.paymentIntents.create({ ...PAID, amount: 500, currency: "JPY" });
    assert.deepEqual([yen.amount_received, yen.currency], [500, "jpy"]);
  }));

test("an older API version still takes payment_method_types", () =>
  simulated(async ({ client }) => {
    const older = client({ apiVersion: "2026-08-26.dahlia" as never });
    const intent = await older.paymentIntents.create({ amount: 100, currency: "usd", payment_method_types: ["card"] } as never);
    assert.deepEqual(intent.payment_method_types, ["card"]);
    assert.equal(intent.lastResponse.apiVersion, "2026-08-26.dahlia");
  }));

test("a missing intent is 404, and its name stands in the message", () =>
  simulated(async ({ stripe }) => {
    const error = await refused(stripe.paymentIntents.retrieve("pi_missing"));
    assert.deepEqual(fault(error), { type: INVALID, statusCode: 404, code: "resource_missing", param: "intent" });
    assert.equal(error.message, "No such payment_intent: 'pi_missing'");
  }));

test("intents are listed newest first, by customer and by time", () =>
  simulated(async ({ stripe }) => {
    const customer = await stripe.customers.create({});
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const more = index % 2 === 0 ? { customer: customer.id } : {};
      ids.unshift((await stripe.paymentIntents.create({ amount: 100 + index, currency: "usd", ...more })).id);
    }
    const list = async (params: object) => (await stripe.paymentIntents.list(params)).data.map(({ id }) => id);
    assert.deepEqual(await list({}), ids);
    assert.deepEqual(await list({ customer: customer.id }), [ids[0], ids[2], ids[4]]);
    assert.deepEqual(await list({ limit: 2, starting_after: ids[1] }), [ids[2], ids[3]]);
    assert.deepEqual(await list({ limit: 2, ending_before: ids[3] }), [ids[1], ids[2]]);
    assert.deepEqual(await list({ created: { gt: Math.floor(Date.now() / 1_000) + 100 } }), []);
  }));

test("two confirmations of one intent at a time charge it once", () =>
  simulated(async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd", payment_method: "pm_card_visa", automatic_payment_methods: NO_REDIRECTS });
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => stripe.paymentIntents.confirm(id)));
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal((await stripe.charges.list({ payment_intent: id })).data.length, 1);
  }));

test("a repeated key gives the first answer again, word for word", () =>
  simulated(async ({ stripe }) => {
    const first = await stripe.paymentIntents.create(PAID, { idempotencyKey: "order-1" });
    const again = await stripe.paymentIntents.create(PAID, { idempotencyKey: "order-1" });
    assert.equal(JSON.stringify(again), JSON.stringify(first));
    assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
    assert.equal((await stripe.charges.list()).data.length, 1);
    const other = await refused(stripe.paymentIntents.create({ ...PAID, amount: 2_000 }, { idempotencyKey: "order-1" }));
    assert.deepEqual([other.type, other.statusCode], ["StripeIdempotencyError", 400]);
  }));
