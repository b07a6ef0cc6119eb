import assert from "node:assert/strict";
import { test } from "node:test";

import type Stripe from "stripe";

import { idOf, refusalOf, withStripe, type SimulatedStripe } from "./simulated-stripe.js";

const DAY = 86_400;

/** A disputed payment: the dispute, its charge and its payment intent. */
async function disputed(simulated: SimulatedStripe, method = "pm_card_createDispute", amount = 3_000) {
  const { stripe, pay, advance } = simulated;
  const intent = await pay(amount, method);
  assert.equal(intent.status, "succeeded");
  await advance(60);
  const [dispute, ...more] = (await stripe.disputes.list({ payment_intent: intent.id })).data;
  assert.ok(dispute !== undefined, "there is a dispute");
  return { dispute, more, charge: idOf(intent.latest_charge), intent };
}

test("a payment with the dispute card succeeds and is charged back at once", () =>
  withStripe(async (simulated) => {
    const { dispute, charge, intent } = await disputed(simulated);
    assert.match(dispute.id, /^du_/);
    assert.equal(dispute.object, "dispute");
    assert.equal(dispute.amount, 3_000);
    assert.equal(dispute.currency, "usd");
    assert.equal(dispute.charge, charge);
    assert.equal(dispute.payment_intent, intent.id);
    assert.equal(dispute.reason, "fraudulent");
    assert.equal(dispute.status, "needs_response");
    assert.equal(dispute.is_charge_refundable, false);
    assert.equal(dispute.livemode, false);
    assert.deepEqual(dispute.metadata, {});
    assert.deepEqual(dispute.payment_method_details, {
      card: { brand: "visa", case_type: "chargeback", network: "visa", network_reason_code: "10.4" },
      type: "card",
    });
    const { due_by, has_evidence, past_due, submission_count } = dispute.evidence_details;
    assert.deepEqual([has_evidence, past_due, submission_count], [false, false, 0]);
    assert.ok(due_by !== null && due_by > dispute.created);
    const { enhanced_evidence, ...texts } = dispute.evidence;
    assert.deepEqual(enhanced_evidence, {});
    assert.equal(Object.keys(texts).length, 27);
    assert.ok(Object.values(texts).every((text) => text === null));
    assert.equal((await simulated.stripe.charges.retrieve(charge)).disputed, true);
  }));

test("the chargeback takes the amount and a fee of 1500 from the balance, and says so", () =>
  withStripe(async (simulated) => {
    const { dispute, charge } = await disputed(simulated);
    const [entry, ...more] = dispute.balance_transactions;
    assert.equal(more.length, 0);
    assert.deepEqual(
      [entry?.amount, entry?.fee, entry?.net, entry?.type, entry?.reporting_category, entry?.source],
      [-3_000, 1_500, -4_500, "adjustment", "dispute", dispute.id],
    );
    assert.equal(entry?.description, `Chargeback withdrawal for ${charge}`);
    assert.deepEqual(await simulated.eventTypes("charge.dispute"), [
      "charge.dispute.created",
      "charge.dispute.funds_withdrawn",
    ]);
  }));

test("each dispute card has its reason, and an inquiry takes no money", () =>
  withStripe(async (simulated) => {
    const received = await disputed(simulated, "pm_card_createDisputeProductNotReceived");
    assert.equal(received.dispute.reason, "product_not_received");
    assert.equal(received.dispute.status, "needs_response");
    const inquiry = await disputed(simulated, "pm_card_createDisputeInquiry");
    assert.equal(inquiry.dispute.status, "warning_needs_response");
    assert.equal(inquiry.dispute.is_charge_refundable, true);
    assert.deepEqual(inquiry.dispute.balance_transactions, []);
    assert.equal(inquiry.dispute.payment_method_details?.card?.case_type, "inquiry");
    const several = await disputed(simulated, "pm_card_createMultipleDisputes");
    assert.equal(several.more.length, 1);
  }));

test("a payment that was held is disputed after its capture, not before", () =>
  withStripe(async ({ stripe, pay, advance }) => {
    const held = await pay(3_000, "pm_card_createDispute", { capture_method: "manual" });
    await advance(60);
    assert.equal((await stripe.disputes.list()).data.length, 0);
    await stripe.paymentIntents.capture(held.id);
    await advance(60);
    assert.equal((await stripe.disputes.list({ payment_intent: held.id })).data.length, 1);
  }));

test("evidence is staged until it is submitted", () =>
  withStripe(async (simulated) => {
    const { stripe } = simulated;
    const { dispute } = await disputed(simulated);
    const staged = await stripe.disputes.update(dispute.id, {
      evidence: { customer_name: "Ada", product_description: "A tea pot" },
      submit: false,
    });
    assert.equal(staged.status, "needs_response");
    assert.equal(staged.evidence.customer_name, "Ada");
    assert.equal(staged.evidence_details.has_evidence, true);
    assert.equal(staged.evidence_details.submission_count, 0);
    const submitted = await stripe.disputes.update(dispute.id, { evidence: { product_description: "A kettle" }, submit: true });
    assert.equal(submitted.status, "under_review");
    assert.equal(submitted.evidence.customer_name, "Ada");
    assert.equal(submitted.evidence.product_description, "A kettle");
    assert.equal(submitted.evidence_details.submission_count, 1);
    const events = await simulated.eventTypes("charge.dispute.updated");
    assert.equal(events.length, 2);
  }));

test("winning evidence brings the money back, without the fee", () =>
  withStripe(async (simulated) => {
    const { stripe, advance, eventTypes } = simulated;
    const { dispute, charge } = await disputed(simulated);
    const answer = await stripe.disputes.update(dispute.id, {
      evidence: { uncategorized_text: "winning_evidence" },
      submit: true,
    });
    assert.equal(answer.status, "under_review");
    await advance(60);
    const won = await stripe.disputes.retrieve(dispute.id);
    assert.equal(won.status, "won");
    assert.equal(won.is_charge_refundable, true);
    const [, back] = won.balance_transactions;
    assert.deepEqual(
      [back?.amount, back?.fee, back?.net, back?.type, back?.reporting_category],
      [3_000, 0, 3_000, "adjustment", "dispute_reversal"],
    );
    assert.deepEqual((await eventTypes("charge.dispute")).slice(2), [
      "charge.dispute.updated",
      "charge.dispute.closed",
      "charge.dispute.funds_reinstated",
    ]);
    const after = await stripe.charges.retrieve(charge);
    assert.equal(after.disputed, true);
    assert.equal((await stripe.refunds.create({ charge })).status, "succeeded");
  }));

test("losing evidence loses, and so does closing the dispute", () =>
  withStripe(async (simulated) => {
    const { stripe, advance, eventTypes } = simulated;
    const one = await disputed(simulated);
    await stripe.disputes.update(one.dispute.id, { evidence: { uncategorized_text: "losing_evidence" } });
    await advance(60);
    const lost = await stripe.disputes.retrieve(one.dispute.id);
    assert.equal(lost.status, "lost");
    assert.equal(lost.balance_transactions.length, 1);
    assert.deepEqual((await eventTypes("charge.dispute")).slice(2), ["charge.dispute.updated", "charge.dispute.closed"]);
    const two = await disputed(simulated);
    const closed = await stripe.disputes.close(two.dispute.id);
    assert.equal(closed.status, "lost");
    assert.equal(closed.is_charge_refundable, false);
    const again = await refusalOf(stripe.disputes.close(two.dispute.id));
    assert.equal(again.statusCode, 400);
    assert.equal(again.message, "This dispute is already closed");
    const evidence = { evidence: { uncategorized_text: "too late" } };
    assert.equal((await refusalOf(stripe.disputes.update(one.dispute.id, evidence))).statusCode, 400);
  }));

test("an inquiry can be escalated, and then it takes the money", () =>
  withStripe(async (simulated) => {
    const { stripe, advance, eventTypes } = simulated;
    const { dispute } = await disputed(simulated, "pm_card_createDisputeInquiry");
    const answer = await stripe.disputes.update(dispute.id, {
      evidence: { uncategorized_text: "escalate_inquiry_evidence" },
      submit: true,
    });
    assert.equal(answer.status, "warning_under_review");
    await advance(60);
    const escalated = await stripe.disputes.retrieve(dispute.id);
    assert.equal(escalated.status, "needs_response");
    assert.equal(escalated.is_charge_refundable, false);
    assert.equal(escalated.balance_transactions[0]?.net, -4_500);
    assert.ok((await eventTypes("charge.dispute")).includes("charge.dispute.funds_withdrawn"));
  }));

test("an inquiry that is answered well closes as a warning", () =>
  withStripe(async (simulated) => {
    const { stripe, advance } = simulated;
    for (const text of ["winning_evidence", "losing_evidence"]) {
      const { dispute } = await disputed(simulated, "pm_card_createDisputeInquiry");
      await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: text } });
      await advance(60);
      const closed = await stripe.disputes.retrieve(dispute.id);
      assert.equal(closed.status, "warning_closed", text);
      assert.deepEqual(closed.balance_transactions, []);
    }
  }));

test("a charge that was charged back cannot be refunded, one under inquiry can", () =>
  withStripe(async (simulated) => {
    const { stripe } = simulated;
    const { charge } = await disputed(simulated);
    const refusal = await refusalOf(stripe.refunds.create({ charge }));
    assert.equal(refusal.statusCode, 400);
    assert.equal(refusal.code, "charge_disputed");
    assert.equal(refusal.message, `Charge ${charge} has been charged back; cannot issue a refund.`);
    const inquiry = await disputed(simulated, "pm_card_createDisputeInquiry");
    assert.equal((await stripe.refunds.create({ charge: inquiry.charge })).status, "succeeded");
  }));

test("who does not respond in time loses", () =>
  withStripe(async (simulated) => {
    const { stripe, advance } = simulated;
    const { dispute } = await disputed(simulated);
    await advance(30 * DAY);
    const late = await stripe.disputes.retrieve(dispute.id);
    assert.equal(late.status, "lost");
    assert.equal(late.evidence_details.past_due, true);
  }));

test("disputes are listed newest first and filtered by charge, payment intent and time", () =>
  withStripe(async (simulated) => {
    const { stripe } = simulated;
    const [one, two] = [await disputed(simulated), await disputed(simulated)];
    const ids = async (params: Stripe.DisputeListParams) => (await stripe.disputes.list(params)).data.map(({ id }) => id);
    assert.deepEqual(await ids({}), [two.dispute.id, one.dispute.id]);
    assert.deepEqual(await ids({ charge: one.charge }), [one.dispute.id]);
    assert.deepEqual(await ids({ payment_intent: two.intent.id }), [two.dispute.id]);
    assert.deepEqual(await ids({ created: { gt: two.dispute.created } }), []);
    assert.deepEqual(await ids({ limit: 1 }), [two.dispute.id]);
  }));

test("metadata of a dispute can be changed alone, and nothing unknown is taken", () =>
  withStripe(async (simulated) => {
    const { stripe } = simulated;
    const { dispute } = await disputed(simulated);
    const changed = await stripe.disputes.update(dispute.id, { metadata: { case: "9" } });
    assert.deepEqual(changed.metadata, { case: "9" });
    assert.equal(changed.status, "needs_response");
    assert.equal(changed.evidence_details.submission_count, 0);
    const unknown = await refusalOf(stripe.disputes.update(dispute.id, { evidence: { poem: "x" } } as never));
    assert.equal(unknown.code, "parameter_unknown");
    assert.equal(unknown.param, "evidence[poem]");
    const missing = await refusalOf(stripe.disputes.retrieve("du_missing"));
    assert.deepEqual([missing.statusCode, missing.code, missing.message], [404, "resource_missing", "No such dispute: 'du_missing'"]);
  }));

test("a dispute expands to its charge and its payment intent", () =>
  withStripe(async (simulated) => {
    const { dispute, charge, intent } = await disputed(simulated);
    const whole = await simulated.stripe.disputes.retrieve(dispute.id, { expand: ["charge", "payment_intent"] });
    assert.ok(typeof whole.charge === "object" && whole.charge.id === charge && whole.charge.disputed);
    assert.ok(typeof whole.payment_intent === "object" && whole.payment_intent?.id === intent.id);
  }));

test("a file is uploaded and becomes evidence", () =>
  withStripe(async (simulated) => {
    const { stripe } = simulated;
    const data = Buffer.from("%PDF-1.4 a receipt\r\n--not a boundary\r\n");
    const file = await stripe.files.create({
      purpose: "dispute_evidence",
      file: { data, name: "receipt.pdf", type: "application/pdf" },
    });
    assert.match(file.id, /^file_/);
    assert.equal(file.object, "file");
    assert.equal(file.purpose, "dispute_evidence");
    assert.equal(file.size, data.length);
    assert.equal(file.filename, "receipt.pdf");
    assert.equal(file.type, "pdf");
    assert.equal((await stripe.files.retrieve(file.id)).id, file.id);
    assert.deepEqual((await stripe.files.list({ purpose: "dispute_evidence" })).data.map(({ id }) => id), [file.id]);
    const { dispute } = await disputed(simulated);
    const evidence = { receipt: file.id };
    const submitted = await stripe.disputes.update(dispute.id, { evidence, expand: ["evidence.receipt"] });
    assert.ok(typeof submitted.evidence.receipt === "object" && submitted.evidence.receipt?.id === file.id);
    const wrong = await refusalOf(stripe.disputes.update(dispute.id, { evidence: { receipt: "file_missing" } }));
    assert.deepEqual([wrong.code, wrong.param], ["resource_missing", "evidence[receipt]"]);
  }));
