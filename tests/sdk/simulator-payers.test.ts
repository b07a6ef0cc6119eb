/** Customers, payment methods and tokens of the simulator as the official client sees them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type Stripe from "stripe";

import { fault, PAID, refused, simulated } from "./simulator-shop.js";

const INVALID = "StripeInvalidRequestError";
const YEAR = new Date().getUTCFullYear() + 2;

test("a customer has every documented field", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const { id, created, invoice_prefix, lastResponse, ...rest } = await stripe.customers.create({ email: "a@example.com", name: "Ada", metadata: { k: "v" } });
    assert.match(id, /^cus_/);
    assert.ok(created > 0 && lastResponse.statusCode === 200);
    assert.match(invoice_prefix ?? "", /^[A-Z0-9]{8}$/);
    assert.deepEqual(rest, {
      object: "customer",
      address: null,
      balance: 0,
      currency: null,
      customer_account: null,
      default_source: null,
      delinquent: false,
      description: null,
      discount: null,
      email: "a@example.com",
      invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
      livemode: false,
      metadata: { k: "v" },
      name: "Ada",
      next_invoice_sequence: 1,
      phone: null,
      preferred_locales: [],
      shipping: null,
      tax_exempt: "none",
      test_clock: null,
    });
    assert.deepEqual(await eventsOf(id), ["customer.created"]);
  }));

test("a customer is updated, and the event says what was before", () =>
  simulated(async ({ stripe }) => {
    const { id } = await stripe.customers.create({ name: "Ada", metadata: { a: "1" } });
    const updated = await stripe.customers.update(id, { name: "Grace", phone: "+1", metadata: { b: "2" }, address: { city: "X", country: "US" } });
    assert.deepEqual([updated.name, updated.phone, updated.metadata, updated.address?.city], ["Grace", "+1", { a: "1", b: "2" }, "X"]);
    const [event] = (await stripe.events.list({ type: "customer.updated" })).data;
    const before = event?.data.previous_attributes as Partial<Stripe.Customer>;
    assert.deepEqual([before.name, before.phone, before.address], ["Ada", null, null]);
    assert.equal((await stripe.customers.update(id, { phone: "" })).phone, null);
    const bad = await refused(stripe.customers.update(id, { email: "nobody" }));
    assert.deepEqual(fault(bad), { type: INVALID, statusCode: 400, code: "email_invalid", param: "email" });
  }));

test("a deleted customer is still answered for, and can do nothing", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const { id } = await stripe.customers.create({});
    const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: id });
    const { lastResponse: _, ...deleted } = await stripe.customers.del(id);
    assert.deepEqual(deleted, { id, object: "customer", deleted: true });
    const { lastResponse: __, ...found } = await stripe.customers.retrieve(id);
    assert.deepEqual(found, { id, object: "customer", deleted: true });
    assert.deepEqual((await stripe.customers.list()).data, []);
    const pay = await refused(stripe.paymentIntents.create({ ...PAID, customer: id }));
    assert.deepEqual(fault(pay), { type: INVALID, statusCode: 400, code: "resource_missing", param: "customer" });
    assert.equal((await refused(stripe.customers.update(id, { name: "x" }))).code, "resource_missing");
    assert.equal((await stripe.paymentMethods.retrieve(method.id)).customer, null);
    assert.deepEqual(await eventsOf(id), ["customer.created", "customer.deleted"]);
    assert.equal((await refused(stripe.customers.retrieve("cus_missing"))).statusCode, 404);
  }));

test("customers are listed by email", () =>
  simulated(async ({ stripe }) => {
    const { id } = await stripe.customers.create({ email: "a@example.com" });
    await stripe.customers.create({ email: "b@example.com" });
    assert.deepEqual((await stripe.customers.list({ email: "a@example.com" })).data.map((customer) => customer.id), [id]);
  }));

test("a payment method is made from a number or a token, and never shows the number", () =>
  simulated(async ({ stripe }) => {
    const byNumber = await stripe.paymentMethods.create({
      type: "card",
      card: { number: "4242424242424242", exp_month: 8, exp_year: YEAR, cvc: "314" },
      billing_details: { name: "Ada", address: { postal_code: "12345" } },
    });
    const { id, created, lastResponse, card, ...rest } = byNumber;
    assert.match(id, /^pm_/);
    assert.ok(created > 0 && lastResponse.statusCode === 200 && !JSON.stringify(byNumber).includes("4242424242424242"));
    const { fingerprint, ...shown } = card ?? {};
    assert.match(fingerprint ?? "", /^[0-9a-zA-Z]{16}$/);
    assert.deepEqual(shown, {
      brand: "visa",
      checks: { address_line1_check: null, address_postal_code_check: "unchecked", cvc_check: "unchecked" },
      country: "US",
      display_brand: "visa",
      exp_month: 8,
      exp_year: YEAR,
      funding: "credit",
      generated_from: null,
      last4: "4242",
      networks: { available: ["visa"], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    });
    assert.deepEqual(rest, {
      object: "payment_method",
      allow_redisplay: "unspecified",
      billing_details: {
        address: { city: null, country: null, line1: null, line2: null, postal_code: "12345", state: null },
        email: null,
        name: "Ada",
        phone: null,
        tax_id: null,
      },
      customer: null,
      customer_account: null,
      livemode: false,
      metadata: {},
      type: "card",
    });
    const byToken = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
    assert.deepEqual([byToken.card?.last4, byToken.card?.fingerprint], ["4242", fingerprint]);
    assert.equal((await stripe.paymentMethods.create({ type: "card", card: { token: "tok_mastercard" } })).card?.brand, "mastercard");
  }));

test("what is wrong with a card number is said in the documented words", () =>
  simulated(async ({ stripe }) => {
    const card = { number: "4242424242424242", exp_month: 8, exp_year: YEAR, cvc: "314" };
    const table: [object, string, string][] = [
      [{ number: "4242424242424241" }, "incorrect_number", "number"],
      [{ exp_month: 13 }, "invalid_expiry_month", "exp_month"],
      [{ exp_year: 1970 }, "invalid_expiry_year", "exp_year"],
      [{ cvc: "99" }, "invalid_cvc", "cvc"],
    ];
    for (const [wrong, code, param] of table) {
      const error = await refused(stripe.paymentMethods.create({ type: "card", card: { ...card, ...wrong } }));
      assert.deepEqual(fault(error), { type: "StripeCardError", statusCode: 402, code, param }, code);
    }
  }));

test("a payment method is attached, listed, updated and detached", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const customer = await stripe.customers.create({});
    const { id } = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
    const attached = await stripe.paymentMethods.attach(id, { customer: customer.id });
    assert.equal(attached.customer, customer.id);
    assert.deepEqual((await stripe.paymentMethods.list({ customer: customer.id, type: "card" })).data.map((method) => method.id), [id]);
    const ownList = await stripe.customers.listPaymentMethods(customer.id);
    assert.deepEqual([ownList.url, ownList.data.length], [`/v1/customers/${customer.id}/payment_methods`, 1]);
    assert.equal((await stripe.customers.retrievePaymentMethod(customer.id, id)).id, id);
    const updated = await stripe.paymentMethods.update(id, { billing_details: { name: "Ada" }, card: { exp_month: 1, exp_year: YEAR }, metadata: { a: "b" } });
    assert.deepEqual([updated.billing_details.name, updated.card?.exp_month, updated.metadata], ["Ada", 1, { a: "b" }]);
    const detached = await stripe.paymentMethods.detach(id);
    assert.equal(detached.customer, null);
    const again = await refused(stripe.paymentMethods.attach(id, { customer: customer.id }));
    assert.equal(again.statusCode, 400);
    assert.match(again.message, /detached/);
    assert.deepEqual(await eventsOf(id), ["payment_method.attached", "payment_method.updated", "payment_method.detached"]);
  }));

test("a test method is a new method each time", () =>
  simulated(async ({ stripe }) => {
    const customer = await stripe.customers.create({});
    const first = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    const second = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    assert.notEqual(first.id, second.id);
    assert.equal(first.card?.fingerprint, second.card?.fingerprint);
  }));

test("a default payment method belongs to its customer", () =>
  simulated(async ({ stripe }) => {
    const customer = await stripe.customers.create({});
    const { id } = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    const updated = await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } });
    assert.equal(updated.invoice_settings.default_payment_method, id);
    const expanded = await stripe.customers.retrieve(customer.id, { expand: ["invoice_settings.default_payment_method"] });
    assert.equal(((expanded as Stripe.Customer).invoice_settings.default_payment_method as Stripe.PaymentMethod).id, id);
    await stripe.paymentMethods.detach(id);
    const after = (await stripe.customers.retrieve(customer.id)) as Stripe.Customer;
    assert.equal(after.invoice_settings.default_payment_method, null);
  }));

test("a method that belongs to a customer pays only for that customer", () =>
  simulated(async ({ stripe }) => {
    const [owner, other] = [await stripe.customers.create({}), await stripe.customers.create({})];
    const { id } = await stripe.paymentMethods.attach("pm_card_visa", { customer: owner.id });
    for (const customer of [undefined, other.id]) {
      const error = await refused(stripe.paymentIntents.create({ ...PAID, payment_method: id, ...(customer === undefined ? {} : { customer }) }));
      assert.equal(error.statusCode, 400);
    }
    const paid = await stripe.paymentIntents.create({ ...PAID, payment_method: id, customer: owner.id, expand: ["customer", "payment_method"] });
    assert.equal((paid.customer as Stripe.Customer).id, owner.id);
    assert.equal((paid.payment_method as Stripe.PaymentMethod).id, id);
  }));

test("a method used without a customer cannot be used again; setup_future_usage keeps it", () =>
  simulated(async ({ stripe }) => {
    const { payment_method } = await stripe.paymentIntents.create(PAID);
    const again = await refused(stripe.paymentIntents.create({ ...PAID, payment_method: String(payment_method) }));
    assert.equal(again.statusCode, 400);
    assert.match(again.message, /previously used/);
    const customer = await stripe.customers.create({});
    const kept = await stripe.paymentIntents.create({ ...PAID, customer: customer.id, setup_future_usage: "off_session" });
    assert.equal((await stripe.paymentMethods.retrieve(String(kept.payment_method))).customer, customer.id);
    const second = await stripe.paymentIntents.create({ ...PAID, customer: customer.id, payment_method: String(kept.payment_method), off_session: true });
    assert.equal(second.status, "succeeded");
  }));

test("a token is made from a card, used once, and test tokens are there without being made", () =>
  simulated(async ({ stripe }) => {
    const token = await stripe.tokens.create({ card: { number: "4242424242424242", exp_month: "8", exp_year: String(YEAR), cvc: "314" } });
    assert.match(token.id, /^tok_/);
    assert.deepEqual([token.object, token.type, token.used, token.card?.last4, token.card?.object], ["token", "card", false, "4242", "card"]);
    await stripe.paymentMethods.create({ type: "card", card: { token: token.id } });
    assert.equal((await stripe.tokens.retrieve(token.id)).used, true);
    const again = await refused(stripe.paymentMethods.create({ type: "card", card: { token: token.id } }));
    assert.deepEqual(fault(again), { type: INVALID, statusCode: 400, code: "token_already_used" });
  }));

test("a charge is retrieved, listed, updated, and knows its intent", () =>
  simulated(async ({ stripe }) => {
    const customer = await stripe.customers.create({});
    const intent = await stripe.paymentIntents.create({ ...PAID, customer: customer.id, description: "d", metadata: { order: "1" }, statement_descriptor_suffix: "ORDER" });
    const charge = await stripe.charges.retrieve(String(intent.latest_charge), { expand: ["payment_intent"] });
    assert.equal((charge.payment_intent as Stripe.PaymentIntent).id, intent.id);
    assert.deepEqual([charge.customer, charge.description, charge.metadata, charge.payment_method], [customer.id, "d", { order: "1" }, intent.payment_method]);
    const { outcome } = charge;
    assert.deepEqual(outcome, {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: "approved_by_network",
      reason: null,
      risk_level: "normal",
      risk_score: outcome?.risk_score,
      seller_message: "Payment complete.",
      type: "authorized",
    });
    const list = async (params: object) => (await stripe.charges.list(params)).data.map(({ id }) => id);
    assert.deepEqual(await list({ payment_intent: intent.id }), [charge.id]);
    assert.deepEqual(await list({ customer: customer.id }), [charge.id]);
    assert.deepEqual(await list({ customer: (await stripe.customers.create({})).id }), []);
    const updated = await stripe.charges.update(charge.id, { description: "new", metadata: { more: "2" }, fraud_details: { user_report: "safe" } });
    assert.deepEqual([updated.description, updated.metadata, updated.fraud_details], ["new", { order: "1", more: "2" }, { user_report: "safe" }]);
    const error = await refused(stripe.charges.retrieve("ch_missing"));
    assert.deepEqual([error.statusCode, error.code, error.message], [404, "resource_missing", "No such charge: 'ch_missing'"]);
    assert.equal(charge.refunds, undefined, "refunds are there only when expanded");
  }));
