/** Charges without a payment intent: the older way, from tokens and the default source of a customer. */

import assert from "node:assert/strict";

import type Stripe from "stripe";

import { category, refused } from "./lab.js";

category("charges", (check) => {
  check("a charge from a token is paid, booked and shows its card", async ({ stripe }) => {
    const charge = await stripe.charges.create({ amount: 2_000, currency: "usd", source: "tok_visa", description: "Cups", metadata: { order: "1" } });
    assert.deepEqual([charge.paid, charge.captured, charge.status, charge.payment_intent], [true, true, "succeeded", null]);
    const card = charge.source as Stripe.Card;
    assert.deepEqual([card.object, card.brand, card.last4], ["card", "Visa", "4242"]);
    assert.equal(typeof charge.balance_transaction, "string");
    assert.deepEqual([charge.description, charge.metadata], ["Cups", { order: "1" }]);
  });

  check("a hold is captured in part", async ({ stripe }) => {
    const held = await stripe.charges.create({ amount: 2_000, currency: "usd", source: "tok_visa", capture: false });
    assert.deepEqual([held.captured, held.balance_transaction], [false, null]);
    const taken = await stripe.charges.capture(held.id, { amount: 500 });
    assert.deepEqual([taken.captured, taken.amount_captured, taken.amount], [true, 500, 2_000]);
    await refused(stripe.charges.capture(held.id), { status: 400, code: "charge_already_captured" });
  });

  check("a declined token throws a card error that names the charge", async ({ stripe }) => {
    const call = stripe.charges.create({ amount: 2_000, currency: "usd", source: "tok_chargeDeclinedInsufficientFunds" });
    const error = await refused(call, { status: 402, code: "card_declined", declineCode: "insufficient_funds" });
    const failed = await stripe.charges.retrieve(error.charge ?? "");
    assert.deepEqual([failed.paid, failed.status, failed.failure_code], [false, "failed", "card_declined"]);
  });

  check("a customer with a source is charged by name alone", async ({ stripe }) => {
    const customer = await stripe.customers.create({ source: "tok_mastercard" });
    assert.equal(typeof customer.default_source, "string");
    const charge = await stripe.charges.create({ amount: 2_000, currency: "usd", customer: customer.id });
    assert.deepEqual([charge.customer, (charge.source as Stripe.Card).last4], [customer.id, "4444"]);
    const refund = await stripe.refunds.create({ charge: charge.id });
    assert.deepEqual([refund.amount, refund.payment_intent], [2_000, null]);
  });

  check("nothing to charge is said", async ({ stripe }) => {
    await refused(stripe.charges.create({ amount: 2_000, currency: "usd" }), { status: 400, code: "parameter_missing", param: "source" });
    const { id } = await stripe.customers.create({ name: "Ada" });
    await refused(stripe.charges.create({ amount: 2_000, currency: "usd", customer: id }), { status: 402, code: "missing" });
  });
});
