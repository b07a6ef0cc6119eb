/** Test cards of the simulator as the official client sees them: docs.stripe.com/testing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type Stripe from "stripe";

import { fault, NO_REDIRECTS, PAID, refused, simulated } from "./simulator-shop.js";

const CARD = "StripeCardError";

interface Declined {
  readonly payment_intent?: Stripe.PaymentIntent;
  readonly setup_intent?: Stripe.SetupIntent;
  readonly charge?: string;
}

test("a card that succeeds shows its brand and last four digits", () =>
  simulated(async ({ stripe }) => {
    const table = [
      ["pm_card_visa", "visa", "4242"],
      ["pm_card_visa_debit", "visa", "5556"],
      ["pm_card_mastercard", "mastercard", "4444"],
      ["pm_card_amex", "amex", "0005"],
      ["pm_card_discover", "discover", "1117"],
      ["pm_card_diners", "diners", "0004"],
      ["pm_card_jcb", "jcb", "0505"],
      ["pm_card_unionpay", "unionpay", "0005"],
      ["pm_card_gb", "visa", "0000"],
    ] as const;
    for (const [name, brand, last4] of table) {
      const { status, latest_charge } = await stripe.paymentIntents.create({ ...PAID, payment_method: name, expand: ["latest_charge"] });
      assert.equal(status, "succeeded", name);
      const card = (latest_charge as Stripe.Charge).payment_method_details?.card;
      assert.equal(card?.brand, brand, name);
      assert.equal(card?.last4, last4, name);
    }
  }));

test("each declining card declines with its code and decline code", () =>
  simulated(async ({ stripe }) => {
    const table = [
      ["pm_card_visa_chargeDeclined", "card_declined", "generic_decline"],
      ["pm_card_chargeDeclined", "card_declined", "generic_decline"],
      ["pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
      ["pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
      ["pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"],
      ["pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"],
      ["pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"],
      ["pm_card_chargeDeclinedExpiredCard", "expired_card", ""],
      ["pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", ""],
      ["pm_card_chargeDeclinedProcessingError", "processing_error", ""],
      ["pm_card_radarBlock", "card_declined", "fraudulent"],
    ] as const;
    for (const [name, code, decline] of table) {
      const error = await refused(stripe.paymentIntents.create({ ...PAID, payment_method: name }));
      const { type, statusCode } = error;
      assert.deepEqual([type, statusCode, error.code, error.decline_code], [CARD, 402, code, decline], name);
    }
  }));

test("a decline leaves the intent open, with the error and the failed charge to read", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const error = await refused(stripe.paymentIntents.create({ ...PAID, payment_method: "pm_card_visa_chargeDeclined" }));
    assert.equal(error.message, "Your card was declined.");
    const { payment_intent: embedded, charge } = error.raw as Declined;
    assert.ok(embedded !== undefined && charge !== undefined);
    assert.deepEqual([embedded.status, embedded.payment_method, embedded.latest_charge], ["requires_payment_method", null, charge]);
    const intent = await stripe.paymentIntents.retrieve(embedded.id);
    const last = intent.last_payment_error;
    assert.deepEqual([last?.type, last?.code, last?.decline_code, last?.charge], ["card_error", "card_declined", "generic_decline", charge]);
    assert.match(last?.payment_method?.id ?? "", /^pm_/);
    const failed = await stripe.charges.retrieve(charge);
    assert.deepEqual([failed.status, failed.paid, failed.captured, failed.failure_code], ["failed", false, false, "card_declined"]);
    assert.equal(failed.failure_message, "Your card was declined.");
    const { outcome } = failed;
    assert.deepEqual([outcome?.network_status, outcome?.type, outcome?.reason], ["declined_by_network", "issuer_declined", "generic_decline"]);
    assert.deepEqual(await eventsOf(charge), ["charge.failed"]);
    assert.deepEqual(await eventsOf(intent.id), ["payment_intent.created", "payment_intent.payment_failed"]);
    const types = (await stripe.events.list()).data.map(({ type }) => type).reverse();
    assert.ok(types.indexOf("charge.failed") < types.indexOf("payment_intent.payment_failed"));
  }));

test("after a decline a second card pays, and both charges are listed", () =>
  simulated(async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd", automatic_payment_methods: NO_REDIRECTS });
    await refused(stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa_chargeDeclinedInsufficientFunds" }));
    const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa" });
    assert.deepEqual([paid.status, paid.last_payment_error], ["succeeded", null]);
    const charges = await stripe.charges.list({ payment_intent: intent.id });
    assert.deepEqual(charges.data.map(({ status }) => status), ["succeeded", "failed"]);
  }));

test("a declined confirmation is replayed under its key", () =>
  simulated(async ({ stripe }) => {
    const pay = () => refused(stripe.paymentIntents.create({ ...PAID, payment_method: "pm_card_visa_chargeDeclined" }, { idempotencyKey: "k" }));
    const [first, again] = [await pay(), await pay()];
    assert.deepEqual(again.raw, { ...(first.raw as object), headers: (again.raw as { headers: unknown }).headers, requestId: again.requestId });
    assert.equal((await stripe.paymentIntents.list()).data.length, 1);
  }));

test("a card blocked by Radar is not sent to the network", () =>
  simulated(async ({ stripe }) => {
    const error = await refused(stripe.paymentIntents.create({ ...PAID, payment_method: "pm_card_radarBlock" }));
    const { outcome } = await stripe.charges.retrieve(String((error.raw as Declined).charge));
    assert.deepEqual([outcome?.type, outcome?.network_status, outcome?.risk_level, outcome?.reason], ["blocked", "not_sent_to_network", "highest", "highest_risk_level"]);
  }));

test("declining cards cannot be attached; the one for customers can, and then declines", () =>
  simulated(async ({ stripe }) => {
    const customer = await stripe.customers.create({});
    const attach = (name: string) => stripe.paymentMethods.attach(name, { customer: customer.id });
    assert.deepEqual(fault(await refused(attach("pm_card_visa_chargeDeclined"))), { type: CARD, statusCode: 402, code: "card_declined", decline_code: "generic_decline" });
    const { id } = await attach("pm_card_chargeCustomerFail");
    const error = await refused(stripe.paymentIntents.create({ ...PAID, customer: customer.id, payment_method: id }));
    assert.deepEqual([error.code, error.decline_code], ["card_declined", "generic_decline"]);
  }));

test("3D Secure asks for an action, which the customer completes or fails over HTTP", () =>
  simulated(async ({ stripe, eventsOf }) => {
    const ask = () =>
      stripe.paymentIntents.create({ amount: 1_000, currency: "usd", payment_method: "pm_card_authenticationRequired", confirm: true, return_url: "https://example.com/back" });
    const asked = await ask();
    assert.equal(asked.status, "requires_action");
    assert.equal(asked.next_action?.type, "redirect_to_url");
    assert.equal(asked.next_action?.redirect_to_url?.return_url, "https://example.com/back");
    assert.deepEqual(await eventsOf(asked.id), ["payment_intent.created", "payment_intent.requires_action"]);
    const done = await fetch(String(asked.next_action?.redirect_to_url?.url), { redirect: "manual" });
    assert.equal(done.status, 303);
    assert.match(done.headers.get("location") ?? "", new RegExp(`^https://example\\.com/back\\?payment_intent=${asked.id}&`));
    assert.equal((await stripe.paymentIntents.retrieve(asked.id)).status, "succeeded");

    const second = await ask();
    await fetch(`${String(second.next_action?.redirect_to_url?.url)}?outcome=fail`, { redirect: "manual" });
    const failed = await stripe.paymentIntents.retrieve(second.id);
    assert.deepEqual([failed.status, failed.last_payment_error?.code], ["requires_payment_method", "payment_intent_authentication_failure"]);
    assert.deepEqual((await eventsOf(second.id)).at(-1), "payment_intent.payment_failed");
  }));

test("without a return_url the action is for the client SDK", () =>
  simulated(async ({ stripe }) => {
    const asked = await stripe.paymentIntents.create({ ...PAID, payment_method: "pm_card_threeDSecure2Required" });
    assert.deepEqual([asked.status, asked.next_action?.type], ["requires_action", "use_stripe_sdk"]);
    assert.equal((await stripe.paymentIntents.cancel(asked.id)).status, "canceled");
  }));

test("off session, and with error_on_requires_action, authentication is a decline", () =>
  simulated(async ({ stripe }) => {
    const customer = await stripe.customers.create({});
    const { id } = await stripe.paymentMethods.attach("pm_card_authenticationRequired", { customer: customer.id });
    const error = await refused(stripe.paymentIntents.create({ ...PAID, customer: customer.id, payment_method: id, off_session: true }));
    assert.deepEqual([error.type, error.statusCode, error.code, error.decline_code], [CARD, 402, "authentication_required", "authentication_required"]);
    assert.equal((error.raw as Declined).payment_intent?.status, "requires_payment_method");
    const eager = await refused(stripe.paymentIntents.create({ ...PAID, payment_method: "pm_card_authenticationRequired", error_on_requires_action: true }));
    assert.equal(eager.code, "authentication_required");
  }));

test("a card set up for off-session use needs no authentication off session", () =>
  simulated(async ({ stripe }) => {
    const customer = await stripe.customers.create({});
    const { id } = await stripe.paymentMethods.attach("pm_card_authenticationRequiredSetupForOffSession", { customer: customer.id });
    const paid = await stripe.paymentIntents.create({ ...PAID, customer: customer.id, payment_method: id, off_session: true });
    assert.equal(paid.status, "succeeded");
  }));

test("the checks of a card show what its issuer said", () =>
  simulated(async ({ stripe }) => {
    const { latest_charge } = await stripe.paymentIntents.create({ ...PAID, payment_method: "pm_card_cvcCheckFail", expand: ["latest_charge"] });
    assert.equal((latest_charge as Stripe.Charge).payment_method_details?.card?.checks?.cvc_check, "fail");
    const risky = await stripe.paymentIntents.create({ ...PAID, payment_method: "pm_card_riskLevelElevated", expand: ["latest_charge"] });
    assert.equal((risky.latest_charge as Stripe.Charge).outcome?.risk_level, "elevated");
  }));
