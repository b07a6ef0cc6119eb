import assert from "node:assert/strict";
import { test } from "node:test";

import { idOf, refusalOf, withStripe } from "./simulated-stripe.js";

test("a refund without an amount returns all that is left of the charge", () =>
  withStripe(async ({ stripe, pay }) => {
    const intent = await pay(1_000);
    const refund = await stripe.refunds.create({ payment_intent: intent.id });
    assert.equal(refund.object, "refund");
    assert.match(refund.id, /^re_/);
    assert.equal(refund.amount, 1_000);
    assert.equal(refund.currency, "usd");
    assert.equal(refund.status, "succeeded");
    assert.equal(refund.charge, idOf(intent.latest_charge));
    assert.equal(refund.payment_intent, intent.id);
    assert.equal(refund.payment_method, intent.payment_method);
    assert.equal(refund.reason, null);
    assert.deepEqual(refund.metadata, {});
    assert.equal(refund.receipt_number, null);
    assert.equal(refund.customer, null);
    assert.equal(refund.source_transfer_reversal, null);
    assert.equal(refund.transfer_reversal, null);
    assert.equal(refund.destination_details?.type, "card");
    assert.deepEqual(refund.destination_details?.card, {
      reference_status: "pending",
      reference_type: "acquirer_reference_number",
      type: "refund",
    });
    assert.match(idOf(refund.balance_transaction), /^txn_/);
    const charge = await stripe.charges.retrieve(idOf(intent.latest_charge));
    assert.equal(charge.amount_refunded, 1_000);
    assert.equal(charge.refunded, true);
    assert.equal(charge.status, "succeeded");
    assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, "succeeded");
  }));

test("several refunds add up, and the charge is refunded when nothing is left", () =>
  withStripe(async ({ stripe, pay }) => {
    const charge = idOf((await pay(1_000)).latest_charge);
    const state = async () => {
      const { amount_refunded, refunded } = await stripe.charges.retrieve(charge);
      return { amount_refunded, refunded };
    };
    await stripe.refunds.create({ charge, amount: 300 });
    assert.deepEqual(await state(), { amount_refunded: 300, refunded: false });
    await stripe.refunds.create({ charge, amount: 200 });
    assert.deepEqual(await state(), { amount_refunded: 500, refunded: false });
    assert.equal((await stripe.refunds.create({ charge })).amount, 500);
    assert.deepEqual(await state(), { amount_refunded: 1_000, refunded: true });
  }));

test("more than is left is refused and changes nothing", () =>
  withStripe(async ({ stripe, pay }) => {
    const charge = idOf((await pay(1_000)).latest_charge);
    assert.deepEqual(await refusalOf(stripe.refunds.create({ charge, amount: 1_001 })), {
      statusCode: 400,
      type: "StripeInvalidRequestError",
      code: "amount_too_large",
      param: "amount",
      message: "Refund amount ($10.01) is greater than charge amount ($10.00)",
    });
    await stripe.refunds.create({ charge, amount: 600 });
    const more = await refusalOf(stripe.refunds.create({ charge, amount: 600 }));
    assert.equal(more.message, "Refund amount ($6.00) is greater than unrefunded amount on charge ($4.00)");
    assert.equal(more.param, "amount");
    assert.equal((await stripe.charges.retrieve(charge)).amount_refunded, 600);
    assert.equal((await stripe.refunds.list({ charge })).data.length, 1);
  }));

test("a charge that was refunded whole is refused as such", () =>
  withStripe(async ({ stripe, pay }) => {
    const intent = await pay(1_000);
    await stripe.refunds.create({ payment_intent: intent.id });
    const refusal = await refusalOf(stripe.refunds.create({ payment_intent: intent.id, amount: 1 }));
    assert.equal(refusal.statusCode, 400);
    assert.equal(refusal.code, "charge_already_refunded");
    assert.equal(refusal.message, `Charge ${idOf(intent.latest_charge)} has already been refunded.`);
  }));

test("of four racing refunds of 600 on 1,000 exactly one succeeds", () =>
  withStripe(async ({ stripe, pay }) => {
    const intent = await pay(1_000);
    const races = [1, 2, 3, 4].map(() => stripe.refunds.create({ payment_intent: intent.id, amount: 600 }));
    const ends = await Promise.allSettled(races);
    assert.equal(ends.filter((end) => end.status === "fulfilled").length, 1);
    assert.equal((await stripe.charges.retrieve(idOf(intent.latest_charge))).amount_refunded, 600);
  }));

test("an amount below one is refused by name", () =>
  withStripe(async ({ stripe, pay }) => {
    const charge = idOf((await pay(1_000)).latest_charge);
    for (const amount of [0, -5]) {
      const refusal = await refusalOf(stripe.refunds.create({ charge, amount }));
      assert.equal(refusal.statusCode, 400);
      assert.equal(refusal.code, "parameter_invalid_integer");
      assert.equal(refusal.param, "amount");
    }
  }));

test("a refund names a charge or a payment intent that exists and was paid", () =>
  withStripe(async ({ stripe, pay }) => {
    const neither = await refusalOf(stripe.refunds.create({ amount: 100 }));
    assert.equal(neither.statusCode, 400);
    assert.match(neither.message, /payment_intent or charge/);

    const missing = await refusalOf(stripe.refunds.create({ payment_intent: "pi_missing" }));
    assert.equal(missing.code, "resource_missing");
    assert.equal(missing.param, "payment_intent");
    assert.equal(missing.message, "No such payment_intent: 'pi_missing'");
    assert.equal((await refusalOf(stripe.refunds.create({ charge: "ch_missing" }))).code, "resource_missing");

    const unpaid = await stripe.paymentIntents.create({ amount: 900, currency: "usd" });
    const refusal = await refusalOf(stripe.refunds.create({ payment_intent: unpaid.id }));
    assert.equal(refusal.message, `This PaymentIntent (${unpaid.id}) does not have a successful charge to refund.`);

    const held = await pay(900, "pm_card_visa", { capture_method: "manual" });
    assert.equal((await refusalOf(stripe.refunds.create({ payment_intent: held.id }))).statusCode, 400);
  }));

test("reason and metadata are kept, and only metadata can be changed", () =>
  withStripe(async ({ stripe, pay }) => {
    const charge = idOf((await pay(1_000)).latest_charge);
    const refund = await stripe.refunds.create({
      charge,
      amount: 100,
      reason: "requested_by_customer",
      metadata: { order: "7", box: "a" },
    });
    assert.equal(refund.reason, "requested_by_customer");
    assert.deepEqual(refund.metadata, { order: "7", box: "a" });
    const changed = await stripe.refunds.update(refund.id, { metadata: { order: "8", box: "" } });
    assert.deepEqual(changed.metadata, { order: "8" });
    assert.deepEqual((await stripe.refunds.retrieve(refund.id)).metadata, { order: "8" });
    const unknown = await refusalOf(stripe.refunds.update(refund.id, { amount: 5 } as never));
    assert.equal(unknown.code, "parameter_unknown");
    assert.equal(unknown.param, "amount");
    const reason = await refusalOf(stripe.refunds.create({ charge, reason: "expired_uncaptured_charge" }));
    assert.equal(reason.param, "reason");
  }));

test("refunds are listed newest first and filtered by charge and by payment intent", () =>
  withStripe(async ({ stripe, pay }) => {
    const [one, two] = [await pay(1_000), await pay(2_000)];
    const first = await stripe.refunds.create({ payment_intent: one.id, amount: 100 });
    const second = await stripe.refunds.create({ payment_intent: one.id, amount: 200 });
    const third = await stripe.refunds.create({ payment_intent: two.id });
    const ids = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);
    assert.deepEqual(ids(await stripe.refunds.list()), [third.id, second.id, first.id]);
    assert.deepEqual(ids(await stripe.refunds.list({ payment_intent: one.id })), [second.id, first.id]);
    assert.deepEqual(ids(await stripe.refunds.list({ charge: idOf(two.latest_charge) })), [third.id]);
    const page = await stripe.refunds.list({ limit: 1, starting_after: third.id });
    assert.deepEqual(ids(page), [second.id]);
    assert.equal(page.has_more, true);
  }));

test("a charge shows its refunds only when asked to", () =>
  withStripe(async ({ stripe, pay }) => {
    const charge = idOf((await pay(1_000)).latest_charge);
    const refund = await stripe.refunds.create({ charge, amount: 100 });
    assert.equal("refunds" in (await stripe.charges.retrieve(charge)), false);
    const { refunds } = await stripe.charges.retrieve(charge, { expand: ["refunds"] });
    assert.equal(refunds?.object, "list");
    assert.equal(refunds?.url, `/v1/charges/${charge}/refunds`);
    assert.equal(refunds?.has_more, false);
    assert.deepEqual(refunds?.data.map(({ id }) => id), [refund.id]);
  }));

test("a refund expands to its charge, its payment intent and its balance transaction", () =>
  withStripe(async ({ stripe, pay }) => {
    const intent = await pay(1_000);
    const expand = ["charge", "payment_intent", "balance_transaction"];
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 250, expand });
    assert.ok(typeof refund.charge === "object" && refund.charge?.amount_refunded === 250);
    assert.ok(typeof refund.payment_intent === "object" && refund.payment_intent?.id === intent.id);
    const entry = refund.balance_transaction;
    assert.ok(typeof entry === "object" && entry !== null);
    assert.deepEqual(
      [entry.amount, entry.fee, entry.net, entry.type, entry.reporting_category, entry.source],
      [-250, 0, -250, "refund", "refund", refund.id],
    );
  }));

test("a refund is announced by itself and by its charge, and once more when the bank has its reference", () =>
  withStripe(async ({ stripe, pay, advance, eventTypes }) => {
    const intent = await pay(1_000);
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 400 });
    assert.deepEqual((await eventTypes("refund.", "charge.refund")).slice(0, 2), ["refund.created", "charge.refunded"]);
    const [event] = (await stripe.events.list({ type: "charge.refunded" })).data;
    assert.equal((event?.data.object as { amount_refunded: number }).amount_refunded, 400);
    assert.deepEqual(event?.data.previous_attributes, { amount_refunded: 0 });
    await advance(86_400);
    assert.deepEqual((await eventTypes("refund.", "charge.refund")).slice(2), ["refund.updated", "charge.refund.updated"]);
    const card = (await stripe.refunds.retrieve(refund.id)).destination_details?.card;
    assert.equal(card?.reference_status, "available");
    assert.ok(card?.reference);
  }));

test("an asynchronous refund is pending, then succeeds", () =>
  withStripe(async ({ stripe, pay, advance, eventTypes }) => {
    const intent = await pay(1_000, "pm_card_pendingRefund");
    const refund = await stripe.refunds.create({ payment_intent: intent.id });
    assert.equal(refund.status, "pending");
    assert.equal(refund.pending_reason, "processing");
    // What is pending is spoken for.
    assert.equal((await refusalOf(stripe.refunds.create({ payment_intent: intent.id }))).code, "charge_already_refunded");
    await advance(7 * 86_400);
    const later = await stripe.refunds.retrieve(refund.id);
    assert.equal(later.status, "succeeded");
    assert.equal(later.pending_reason, undefined);
    assert.ok((await eventTypes("refund.")).includes("refund.updated"));
    assert.match(idOf(later.balance_transaction), /^txn_/);
  }));

test("a refund that succeeded may fail later: the charge is whole again and the money is back", () =>
  withStripe(async ({ stripe, pay, advance, eventTypes }) => {
    const intent = await pay(1_000, "pm_card_refundFail");
    const refund = await stripe.refunds.create({ payment_intent: intent.id });
    assert.equal(refund.status, "succeeded");
    await advance(7 * 86_400);
    const later = await stripe.refunds.retrieve(refund.id, { expand: ["failure_balance_transaction"] });
    assert.equal(later.status, "failed");
    assert.equal(later.failure_reason, "expired_or_canceled_card");
    const back = later.failure_balance_transaction;
    assert.ok(typeof back === "object");
    assert.deepEqual([back.amount, back.fee, back.type], [1_000, 0, "refund_failure"]);
    const charge = await stripe.charges.retrieve(idOf(intent.latest_charge));
    assert.deepEqual([charge.amount_refunded, charge.refunded], [0, false]);
    assert.ok((await eventTypes("refund.")).includes("refund.failed"));
    // What came back can be refunded again.
    assert.equal((await stripe.refunds.create({ payment_intent: intent.id })).amount, 1_000);
  }));

test("a pending refund can be canceled, a finished one cannot", () =>
  withStripe(async ({ stripe, pay }) => {
    const done = await stripe.refunds.create({ payment_intent: (await pay(1_000)).id });
    const refusal = await refusalOf(stripe.refunds.cancel(done.id));
    assert.equal(refusal.statusCode, 400);
    assert.equal(refusal.message, "Canceling this refund is unsupported.");
    const intent = await pay(1_000, "pm_card_pendingRefund");
    const pending = await stripe.refunds.create({ payment_intent: intent.id });
    assert.equal((await stripe.refunds.cancel(pending.id)).status, "canceled");
    assert.equal((await stripe.charges.retrieve(idOf(intent.latest_charge))).amount_refunded, 0);
  }));

test("a retried refund with one key refunds once", () =>
  withStripe(async ({ stripe, pay }) => {
    const intent = await pay(1_000);
    const twice = () =>
      stripe.refunds.create({ payment_intent: intent.id, amount: 100 }, { idempotencyKey: "refund-7" });
    const [first, second] = [await twice(), await twice()];
    assert.equal(JSON.stringify(first), JSON.stringify(second));
    assert.equal(second.lastResponse.headers["idempotent-replayed"], "true");
    assert.equal((await stripe.charges.retrieve(idOf(intent.latest_charge))).amount_refunded, 100);
  }));

test("a refund that does not exist is not found, by name", () =>
  withStripe(async ({ stripe }) => {
    const refusal = await refusalOf(stripe.refunds.retrieve("re_missing"));
    assert.equal(refusal.statusCode, 404);
    assert.equal(refusal.code, "resource_missing");
    assert.equal(refusal.message, "No such refund: 're_missing'");
  }));
