/** Authorization and capture, by hand and by itself. */

import assert from "node:assert/strict";

import { category, refused, soon, type Lab } from "./lab.js";

const DAY = 86_400;

category("capture", (check) => {
  const authorized = (lab: Lab, amount = 1_000) => lab.pay(amount, { capture_method: "manual" });

  check("an authorized payment requires capture of its whole amount", async (lab) => {
    const payment = await authorized(lab);
    assert.equal(payment.status, "requires_capture");
    assert.deepEqual([payment.amount_capturable, payment.amount_received], [1_000, 0]);
  });

  check("the charge of an authorized payment is paid and not captured", async (lab) => {
    const charge = await lab.charge(await authorized(lab));
    assert.deepEqual([charge.status, charge.paid, charge.captured], ["succeeded", true, false]);
    assert.deepEqual([charge.amount, charge.amount_captured], [1_000, 0]);
  });

  check("the charge of an authorized payment says until when it can be captured", async (lab) => {
    const charge = await lab.charge(await authorized(lab));
    const capture_before = charge.payment_method_details?.card?.capture_before ?? 0;
    assert.ok(Math.abs(capture_before - charge.created - 7 * DAY) <= DAY, String(capture_before));
  });

  check("an authorization moves no money", async (lab) => {
    const payment = await authorized(lab);
    await lab.advance(3_600);
    assert.equal((await lab.charge(payment)).balance_transaction, null);
  });

  check("a capture takes the whole amount when nothing is said", async (lab) => {
    const { id } = await authorized(lab);
    const payment = await lab.stripe.paymentIntents.capture(id);
    assert.equal(payment.status, "succeeded");
    assert.deepEqual([payment.amount_capturable, payment.amount_received], [0, 1_000]);
  });

  check("a captured charge says so", async (lab) => {
    const payment = await lab.stripe.paymentIntents.capture((await authorized(lab)).id);
    const charge = await lab.charge(payment);
    assert.deepEqual([charge.captured, charge.amount_captured], [true, 1_000]);
  });

  check("a part may be captured, and the rest is released", async (lab) => {
    const { id } = await authorized(lab);
    const payment = await lab.stripe.paymentIntents.capture(id, { amount_to_capture: 600 });
    assert.equal(payment.status, "succeeded");
    assert.deepEqual([payment.amount, payment.amount_capturable, payment.amount_received], [1_000, 0, 600]);
    assert.equal((await lab.charge(payment)).amount_captured, 600);
  });

  check("only the captured part is booked", async (lab) => {
    const { id } = await authorized(lab);
    const payment = await lab.stripe.paymentIntents.capture(id, { amount_to_capture: 600 });
    const { amount, fee, net } = await lab.booked(payment);
    assert.deepEqual([amount, fee, net], [600, 47, 553]);
  });

  check("more than was authorized is not captured", async (lab) => {
    const { id } = await authorized(lab);
    await refused(lab.stripe.paymentIntents.capture(id, { amount_to_capture: 1_001 }), {
      status: 400,
      type: "invalid_request_error",
      code: "amount_too_large",
      param: "amount_to_capture",
    });
    assert.equal((await lab.stripe.paymentIntents.retrieve(id)).status, "requires_capture");
  });

  check("nothing is not captured", async (lab) => {
    const { id } = await authorized(lab);
    await refused(lab.stripe.paymentIntents.capture(id, { amount_to_capture: 0 }), { status: 400, param: "amount_to_capture" });
  });

  check("a payment is captured once", async (lab) => {
    const { id } = await authorized(lab);
    await lab.stripe.paymentIntents.capture(id);
    await refused(lab.stripe.paymentIntents.capture(id), { status: 400, code: "payment_intent_unexpected_state" });
  });

  check("the rest of a payment cannot be captured afterwards", async (lab) => {
    const { id } = await authorized(lab);
    await lab.stripe.paymentIntents.capture(id, { amount_to_capture: 600 });
    await refused(lab.stripe.paymentIntents.capture(id, { amount_to_capture: 400 }), {
      status: 400,
      code: "payment_intent_unexpected_state",
    });
  });

  check("what captured itself is not captured again", async (lab) => {
    const { id } = await lab.pay();
    const error = await refused(lab.stripe.paymentIntents.capture(id), { status: 400, code: "payment_intent_unexpected_state" });
    assert.equal(error.payment_intent?.id, id);
  });

  check("what was not confirmed is not captured", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd", capture_method: "manual" });
    await refused(stripe.paymentIntents.capture(id), { status: 400, code: "payment_intent_unexpected_state" });
  });

  check("a canceled authorization is released, and its charge refunded without money", async (lab) => {
    const payment = await authorized(lab);
    const canceled = await lab.stripe.paymentIntents.cancel(payment.id);
    assert.equal(canceled.status, "canceled");
    assert.equal(canceled.amount_capturable, 0);
    await lab.advance(3_600);
    const charge = await lab.charge(payment);
    assert.deepEqual([charge.refunded, charge.captured, charge.balance_transaction], [true, false, null]);
  });

  check("a canceled authorization is not captured", async (lab) => {
    const { id } = await authorized(lab);
    await lab.stripe.paymentIntents.cancel(id);
    await refused(lab.stripe.paymentIntents.capture(id), { status: 400, code: "payment_intent_unexpected_state" });
  });

  check("an authorization that nobody captures ends after seven days", async (lab) => {
    const { id } = await authorized(lab);
    await lab.advance(8 * DAY);
    const payment = await lab.stripe.paymentIntents.retrieve(id);
    assert.equal(payment.status, "canceled");
    assert.equal(payment.cancellation_reason, "automatic");
  });

  check("an authorization lives for six days", async (lab) => {
    const { id } = await authorized(lab);
    await lab.advance(6 * DAY);
    assert.equal((await lab.stripe.paymentIntents.capture(id)).status, "succeeded");
  });

  check("the end of an authorization is told", async (lab) => {
    const payment = await authorized(lab);
    await lab.advance(8 * DAY);
    assert.ok((await lab.told(payment.latest_charge as string)).includes("charge.expired"));
    assert.ok((await lab.told(payment.id)).includes("payment_intent.canceled"));
  });

  check("an authorization is told, then its capture", async (lab) => {
    const payment = await authorized(lab);
    await lab.stripe.paymentIntents.capture(payment.id);
    assert.deepEqual(await lab.told(payment.id), [
      "payment_intent.created",
      "payment_intent.amount_capturable_updated",
      "payment_intent.succeeded",
    ]);
    const told = await lab.told(payment.latest_charge as string);
    assert.deepEqual(told.slice(0, 2), ["charge.succeeded", "charge.captured"]);
  });

  check("asynchronous capture has no balance transaction in its answer", async (lab) => {
    const payment = await lab.pay(1_000, { expand: ["latest_charge"] });
    assert.equal((payment.latest_charge as { balance_transaction?: unknown }).balance_transaction, null);
  });

  check("asynchronous capture is booked a little later, and told as charge.updated", async (lab) => {
    const payment = await lab.pay();
    await lab.advance(3_600);
    const charge = await lab.charge(payment);
    assert.match(charge.balance_transaction as string, /^txn_/);
    const updated = (await lab.events(charge.id)).find(({ type }) => type === "charge.updated");
    const { object, previous_attributes: previous } = updated?.data as { object: typeof charge; previous_attributes: object };
    assert.equal(object.balance_transaction, charge.balance_transaction);
    assert.deepEqual({ ...previous, receipt_url: null }, { balance_transaction: null, receipt_url: null });
  });

  check("asynchronous capture is booked by itself where time passes by itself", async (lab) => {
    if (!lab.isTimed) return;
    const payment = await lab.pay();
    await soon(async () => (await lab.charge(payment)).balance_transaction !== null, "the booking");
  });

  check("charge.succeeded of an asynchronous capture knows no balance transaction", async (lab) => {
    const payment = await lab.pay();
    await lab.advance(3_600);
    const [succeeded] = await lab.events(payment.latest_charge as string);
    assert.equal(succeeded?.type, "charge.succeeded");
    assert.equal((succeeded?.data.object as { balance_transaction?: unknown }).balance_transaction, null);
  });

  check("synchronous capture has its balance transaction in the answer", async (lab) => {
    const payment = await lab.pay(1_000, { capture_method: "automatic", expand: ["latest_charge"] });
    assert.match((payment.latest_charge as { balance_transaction?: string }).balance_transaction ?? "", /^txn_/);
  });
});
