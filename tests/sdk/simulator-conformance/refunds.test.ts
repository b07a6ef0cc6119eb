/** Money that goes back. */

import assert from "node:assert/strict";

import type Stripe from "stripe";

import { category, refused } from "./lab.js";

category("refunds", (check) => {
  check("a refund gives the whole payment back when nothing is said", async (lab) => {
    const payment = await lab.pay();
    const refund = await lab.stripe.refunds.create({ payment_intent: payment.id });
    assert.match(refund.id, /^re_/);
    assert.equal(refund.object, "refund");
    assert.deepEqual([refund.amount, refund.currency, refund.status], [1_000, "usd", "succeeded"]);
    assert.deepEqual([refund.payment_intent, refund.charge], [payment.id, payment.latest_charge]);
  });

  check("a new refund has nothing of what was not said", async (lab) => {
    const refund = await lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id });
    assert.equal(refund.reason, null);
    assert.deepEqual({ ...refund.metadata }, {});
    assert.equal(refund.receipt_number, null);
    assert.equal(refund.transfer_reversal, null);
    assert.equal(refund.source_transfer_reversal, null);
  });

  check("a refund to a card says where it went", async (lab) => {
    const refund = await lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id });
    assert.equal(refund.destination_details?.type, "card");
    assert.equal(refund.destination_details?.card?.type, "refund");
  });

  check("a refund may name the charge", async (lab) => {
    const payment = await lab.pay();
    const refund = await lab.stripe.refunds.create({ charge: payment.latest_charge as string });
    assert.equal(refund.payment_intent, payment.id);
  });

  check("a charge that was refunded says so", async (lab) => {
    const payment = await lab.pay();
    await lab.stripe.refunds.create({ payment_intent: payment.id });
    const charge = await lab.charge(payment);
    assert.deepEqual([charge.refunded, charge.amount_refunded, charge.status], [true, 1_000, "succeeded"]);
  });

  check("a payment that was refunded has succeeded all the same", async (lab) => {
    const payment = await lab.pay();
    await lab.stripe.refunds.create({ payment_intent: payment.id });
    const found = await lab.stripe.paymentIntents.retrieve(payment.id);
    assert.deepEqual([found.status, found.amount_received], ["succeeded", 1_000]);
  });

  check("a part may be refunded, and the charge is then not refunded", async (lab) => {
    const payment = await lab.pay();
    const refund = await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 400 });
    assert.equal(refund.amount, 400);
    const charge = await lab.charge(payment);
    assert.deepEqual([charge.refunded, charge.amount_refunded], [false, 400]);
  });

  check("parts add up until nothing is left", async (lab) => {
    const payment = await lab.pay();
    for (const amount of [300, 300]) await lab.stripe.refunds.create({ payment_intent: payment.id, amount });
    const rest = await lab.stripe.refunds.create({ payment_intent: payment.id });
    assert.equal(rest.amount, 400);
    const charge = await lab.charge(payment);
    assert.deepEqual([charge.refunded, charge.amount_refunded], [true, 1_000]);
  });

  check("more than was paid is not refunded", async (lab) => {
    const payment = await lab.pay();
    await refused(lab.stripe.refunds.create({ payment_intent: payment.id, amount: 1_001 }), {
      status: 400,
      type: "invalid_request_error",
      param: "amount",
      message: /greater than/,
    });
    assert.equal((await lab.charge(payment)).amount_refunded, 0);
  });

  check("more than is left is not refunded", async (lab) => {
    const payment = await lab.pay();
    await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 600 });
    const call = lab.stripe.refunds.create({ payment_intent: payment.id, amount: 401 });
    await refused(call, { status: 400, type: "invalid_request_error" });
    assert.equal((await lab.charge(payment)).amount_refunded, 600);
  });

  check("what was refunded is not refunded again", async (lab) => {
    const payment = await lab.pay();
    await lab.stripe.refunds.create({ payment_intent: payment.id });
    const call = lab.stripe.refunds.create({ payment_intent: payment.id });
    await refused(call, { status: 400, code: "charge_already_refunded" });
  });

  check("nothing is not refunded", async (lab) => {
    const payment = await lab.pay();
    await refused(lab.stripe.refunds.create({ payment_intent: payment.id, amount: 0 }), { status: 400, param: "amount" });
  });

  check("a negative amount is not refunded", async (lab) => {
    const payment = await lab.pay();
    await refused(lab.stripe.refunds.create({ payment_intent: payment.id, amount: -5 }), { status: 400, param: "amount" });
  });

  check("a refund needs something that it refunds", async ({ stripe }) => {
    await refused(stripe.refunds.create({}), { status: 400, type: "invalid_request_error", message: /payment_intent|charge/ });
  });

  check("a payment that did not succeed is not refunded", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd" });
    await refused(stripe.refunds.create({ payment_intent: id }), { status: 400, type: "invalid_request_error" });
  });

  check("a payment that nobody knows is not refunded", async ({ stripe }) => {
    await refused(stripe.refunds.create({ payment_intent: "pi_nobody" }), { status: 404, code: "resource_missing", param: "payment_intent" });
  });

  check("a part of what was captured is all that can be refunded", async (lab) => {
    const { id } = await lab.pay(1_000, { capture_method: "manual" });
    await lab.stripe.paymentIntents.capture(id, { amount_to_capture: 600 });
    await refused(lab.stripe.refunds.create({ payment_intent: id, amount: 601 }), { status: 400 });
    assert.equal((await lab.stripe.refunds.create({ payment_intent: id })).amount, 600);
  });

  check("the reason of a refund is kept", async (lab) => {
    for (const reason of ["duplicate", "fraudulent", "requested_by_customer"] as const) {
      const refund = await lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id, reason });
      assert.equal(refund.reason, reason);
    }
  });

  check("a reason that is none is refused", async (lab) => {
    const call = lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id, reason: "bored" as never });
    await refused(call, { status: 400, param: "reason" });
  });

  check("metadata of a refund is kept and changed, and nothing else is", async (lab) => {
    const { id } = await lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id, metadata: { a: "1" } });
    const refund = await lab.stripe.refunds.update(id, { metadata: { b: "2" } });
    assert.deepEqual({ ...refund.metadata }, { a: "1", b: "2" });
    await refused(lab.stripe.refunds.update(id, { amount: 5 } as never), { status: 400, code: "parameter_unknown" });
  });

  check("a refund that is retrieved is the one that was made", async (lab) => {
    const refund = await lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id });
    const found = await lab.stripe.refunds.retrieve(refund.id);
    assert.deepEqual([found.id, found.amount, found.status], [refund.id, refund.amount, refund.status]);
  });

  check("refunds are listed by payment and by charge, newest first", async (lab) => {
    const payment = await lab.pay();
    const ids: string[] = [];
    for (const amount of [100, 200]) ids.unshift((await lab.stripe.refunds.create({ payment_intent: payment.id, amount })).id);
    const by = [{ payment_intent: payment.id }, { charge: payment.latest_charge as string }];
    for (const params of by) {
      assert.deepEqual((await lab.stripe.refunds.list(params)).data.map(({ id }) => id), ids);
    }
  });

  check("a charge has its refunds only when they are asked for", async (lab) => {
    const payment = await lab.pay();
    const refund = await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 100 });
    assert.equal((await lab.charge(payment)).refunds, undefined);
    const charge = await lab.stripe.charges.retrieve(payment.latest_charge as string, { expand: ["refunds"] });
    assert.equal(charge.refunds?.object, "list");
    assert.deepEqual(charge.refunds?.data.map(({ id }) => id), [refund.id]);
  });

  check("a refund is booked at once, without its fee", async (lab) => {
    const payment = await lab.pay();
    await lab.booked(payment);
    const refund = await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 400, expand: ["balance_transaction"] });
    const transaction = refund.balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual([transaction.type, transaction.reporting_category], ["refund", "refund"]);
    assert.deepEqual([transaction.amount, transaction.fee, transaction.net], [-400, 0, -400]);
    assert.equal(transaction.source, refund.id);
  });

  check("a refund is told of itself and of its charge", async (lab) => {
    const payment = await lab.pay();
    const refund = await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 400 });
    assert.equal((await lab.told(refund.id))[0], "refund.created");
    const refunded = (await lab.events(payment.latest_charge as string)).find(({ type }) => type === "charge.refunded");
    const charge = refunded?.data.object as Stripe.Charge;
    assert.deepEqual([charge.amount_refunded, charge.refunded], [400, false]);
  });

  check("a refund may be pending, and succeeds later", async (lab) => {
    const payment = await lab.pay(1_000, { payment_method: "pm_card_pendingRefund" });
    const { id, status } = await lab.stripe.refunds.create({ payment_intent: payment.id });
    assert.equal(status, "pending");
    await lab.eventually(async () => (await lab.stripe.refunds.retrieve(id)).status === "succeeded", 86_400);
    assert.ok((await lab.told(id)).includes("refund.updated"));
  });

  check("a refund may succeed and fail later, and the money comes back", async (lab) => {
    const payment = await lab.pay(1_000, { payment_method: "pm_card_refundFail" });
    const { id, status } = await lab.stripe.refunds.create({ payment_intent: payment.id });
    assert.equal(status, "succeeded");
    await lab.eventually(async () => (await lab.stripe.refunds.retrieve(id)).status === "failed", 86_400);
    const refund = await lab.stripe.refunds.retrieve(id, { expand: ["failure_balance_transaction"] });
    assert.equal(typeof refund.failure_reason, "string");
    const back = refund.failure_balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual([back.type, back.amount, back.fee], ["refund_failure", 1_000, 0]);
    assert.ok((await lab.told(id)).includes("refund.failed"));
  });

  check("a charge whose refund failed is not refunded", async (lab) => {
    const payment = await lab.pay(1_000, { payment_method: "pm_card_refundFail" });
    const { id } = await lab.stripe.refunds.create({ payment_intent: payment.id });
    await lab.eventually(async () => (await lab.stripe.refunds.retrieve(id)).status === "failed", 86_400);
    const charge = await lab.charge(payment);
    assert.deepEqual([charge.refunded, charge.amount_refunded], [false, 0]);
  });

  check("a refund that succeeded is not canceled", async (lab) => {
    const { id } = await lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id });
    await refused(lab.stripe.refunds.cancel(id), { status: 400, type: "invalid_request_error" });
  });

  check("a refund in a currency without minor units is whole", async (lab) => {
    const payment = await lab.pay(500, { currency: "jpy" });
    const refund = await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 123 });
    assert.deepEqual([refund.amount, refund.currency], [123, "jpy"]);
  });
});
