/** Cards that are refused, and how a payment goes on after that. */

import assert from "node:assert/strict";

import Stripe from "stripe";

import { category, refused, type Lab } from "./lab.js";

/** Method, `code`, `decline_code`. */
const DECLINES = [
  ["pm_card_visa_chargeDeclined", "card_declined", "generic_decline"],
  ["pm_card_chargeDeclined", "card_declined", "generic_decline"],
  ["pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
  ["pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"],
  ["pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"],
  ["pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"],
  ["pm_card_chargeDeclinedExpiredCard", "expired_card", undefined],
  ["pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", undefined],
  ["pm_card_chargeDeclinedProcessingError", "processing_error", undefined],
] as const;

const DECLINING = "pm_card_visa_chargeDeclined";

/** An intent whose card was refused. */
async function declined(lab: Lab, payment_method: string = DECLINING): Promise<Stripe.PaymentIntent> {
  const error = await refused(lab.pay(1_000, { payment_method }), { status: 402 });
  assert.ok(error.payment_intent);
  return error.payment_intent as Stripe.PaymentIntent;
}

category("declines", (check) => {
  for (const [method, code, declineCode] of DECLINES) {
    check(`${method} is refused as ${declineCode ?? code}`, async (lab) => {
      const error = await refused(lab.pay(1_000, { payment_method: method }), { status: 402, type: "card_error", code });
      if (declineCode !== undefined) assert.equal(error.decline_code, declineCode);
      assert.ok(error instanceof Stripe.errors.StripeCardError);
      assert.ok(error.message.length > 10);
    });
  }

  check("a refusal holds the intent as it is now", async (lab) => {
    const intent = await declined(lab);
    assert.equal(intent.status, "requires_payment_method");
    assert.equal(intent.payment_method, null);
    assert.equal(intent.amount_received, 0);
    assert.equal(JSON.stringify(await lab.stripe.paymentIntents.retrieve(intent.id)), JSON.stringify(intent));
  });

  check("the intent remembers its last error", async (lab) => {
    const { last_payment_error: error } = await declined(lab);
    assert.equal(error?.type, "card_error");
    assert.equal(error?.code, "card_declined");
    assert.equal(error?.decline_code, "generic_decline");
    assert.match(error?.charge ?? "", /^ch_/);
    assert.equal(error?.payment_method?.card?.last4, "0002");
    assert.ok(error?.message);
  });

  check("a refusal names the charge that failed", async (lab) => {
    const error = await refused(lab.pay(1_000, { payment_method: DECLINING }), { status: 402 });
    assert.match(error.charge ?? "", /^ch_/);
    assert.equal(error.payment_intent?.latest_charge, error.charge);
  });

  check("a refusal points at the documentation of its code", async (lab) => {
    const error = await refused(lab.pay(1_000, { payment_method: DECLINING }), { status: 402 });
    assert.match(error.doc_url ?? "", /\/error-codes\/card-declined$/);
  });

  check("a refusal of the issuer carries a network code and advice", async (lab) => {
    const intent = await declined(lab, "pm_card_visa_chargeDeclinedInsufficientFunds");
    const charge = await lab.charge(intent);
    assert.equal(charge.outcome?.network_status, "declined_by_network");
    assert.equal(charge.outcome?.type, "issuer_declined");
    assert.equal(charge.outcome?.reason, "insufficient_funds");
  });

  check("the failed charge is kept and says why", async (lab) => {
    const charge = await lab.charge(await declined(lab));
    assert.deepEqual([charge.status, charge.paid, charge.captured], ["failed", false, false]);
    assert.equal(charge.failure_code, "card_declined");
    assert.equal(typeof charge.failure_message, "string");
    assert.equal(charge.balance_transaction, null);
  });

  check("a refusal is told of the charge, then of the intent", async (lab) => {
    const intent = await declined(lab);
    assert.deepEqual(await lab.told(intent.id), ["payment_intent.created", "payment_intent.payment_failed"]);
    assert.deepEqual(await lab.told(intent.latest_charge as string), ["charge.failed"]);
  });

  check("a refused card moves no money", async (lab) => {
    const intent = await declined(lab);
    await lab.advance(3_600);
    const { data } = await lab.stripe.balanceTransactions.list({ source: intent.latest_charge as string });
    assert.deepEqual(data, []);
  });

  check("a second card pays what the first could not", async (lab) => {
    const { id, latest_charge: failed } = await declined(lab);
    const intent = await lab.stripe.paymentIntents.confirm(id, { payment_method: "pm_card_visa" });
    assert.equal(intent.status, "succeeded");
    assert.equal(intent.last_payment_error, null);
    assert.notEqual(intent.latest_charge, failed);
    const { data } = await lab.stripe.charges.list({ payment_intent: id });
    assert.deepEqual(data.map(({ status }) => status), ["succeeded", "failed"]);
  });

  check("a refused intent is canceled as any other", async (lab) => {
    const { id } = await declined(lab);
    assert.equal((await lab.stripe.paymentIntents.cancel(id)).status, "canceled");
  });

  check("a refused intent is not confirmed without another card", async (lab) => {
    const { id } = await declined(lab);
    await refused(lab.stripe.paymentIntents.confirm(id), { status: 400, code: "payment_intent_unexpected_state" });
  });

  check("a declining card is not even attached", async ({ stripe }) => {
    const { id } = await stripe.customers.create();
    await refused(stripe.paymentMethods.attach(DECLINING, { customer: id }), { status: 402, code: "card_declined" });
    assert.deepEqual((await stripe.customers.listPaymentMethods(id)).data, []);
  });

  check("a card that declines only charges is attached, and declines every charge", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    const method = await lab.stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: id });
    assert.equal(method.customer, id);
    for (let turn = 0; turn < 2; turn += 1) {
      const call = lab.pay(1_000, { customer: id, payment_method: method.id });
      await refused(call, { status: 402, code: "card_declined" });
    }
  });

  check("a blocked payment has the outcome of a block", async (lab) => {
    const intent = await declined(lab, "pm_card_radarBlock");
    const { outcome } = await lab.charge(intent);
    assert.equal(outcome?.type, "blocked");
    assert.equal(outcome?.network_status, "not_sent_to_network");
  });

  check("cards are known by the names the documentation had for them before", async (lab) => {
    const { outcome } = await lab.charge(await declined(lab, "pm_card_chargeDeclinedFraudulent"));
    assert.deepEqual([outcome?.type, outcome?.risk_level], ["blocked", "highest"]);
    for (const name of ["avsUnchecked", "domesticPricing"]) {
      assert.equal((await lab.pay(1_000, { payment_method: `pm_card_${name}` })).status, "succeeded");
    }
  });

  check("a payment of elevated risk succeeds and says so", async (lab) => {
    const { outcome } = await lab.charge(await lab.pay(1_000, { payment_method: "pm_card_riskLevelElevated" }));
    assert.equal(outcome?.risk_level, "elevated");
  });

  check("a card that needs authentication declines off session", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    const method = await lab.stripe.paymentMethods.attach("pm_card_authenticationRequired", { customer: id });
    const call = lab.pay(1_000, { customer: id, payment_method: method.id, off_session: true });
    const error = await refused(call, { status: 402, type: "card_error", code: "authentication_required" });
    assert.equal(error.payment_intent?.status, "requires_payment_method");
    assert.equal(error.payment_intent?.last_payment_error?.code, "authentication_required");
  });

  check("a declining token declines as its method does", async (lab) => {
    const call = lab.pay(1_000, {
      payment_method: undefined,
      payment_method_data: { type: "card", card: { token: "tok_chargeDeclined" } } as never,
    } as never);
    await refused(call, { status: 402, code: "card_declined" });
  });

  check("a refusal at confirmation is a refusal at creation", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd", payment_method: DECLINING });
    const confirm = stripe.paymentIntents.confirm(id, { return_url: "https://example.com" });
    const error = await refused(confirm, { status: 402, code: "card_declined" });
    assert.equal(error.payment_intent?.id, id);
  });

  check("a declined authorization is no authorization", async (lab) => {
    const call = lab.pay(1_000, { payment_method: DECLINING, capture_method: "manual" });
    const error = await refused(call, { status: 402 });
    assert.equal(error.payment_intent?.amount_capturable, 0);
  });
});
