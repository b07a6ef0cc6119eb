/** Payments that a cardholder disputes. */

import assert from "node:assert/strict";

import type Stripe from "stripe";

import { category, refused, type Lab } from "./lab.js";

const DAY = 86_400;

/** The dispute once its status is one of these. */
function decided(lab: Lab, id: string, ...statuses: string[]): Promise<Stripe.Dispute> {
  return lab.eventually(async () => {
    const dispute = await lab.stripe.disputes.retrieve(id);
    return statuses.includes(dispute.status) ? dispute : undefined;
  }, DAY, 100);
}

/** Hands evidence in that decides as it says. */
function submit(lab: Lab, id: string, uncategorized_text: string): Promise<Stripe.Dispute> {
  return lab.stripe.disputes.update(id, { evidence: { uncategorized_text }, submit: true });
}

category("disputes", (check) => {
  check("a disputed payment has a dispute that names it", async (lab) => {
    const [payment, dispute] = await lab.disputed();
    assert.match(dispute.id, /^(du|dp)_/);
    assert.deepEqual(
      [dispute.object, dispute.amount, dispute.currency, dispute.livemode],
      ["dispute", 1_000, "usd", false],
    );
    assert.deepEqual([dispute.payment_intent, dispute.charge], [payment.id, payment.latest_charge]);
  });

  check("a payment that will be disputed succeeds first", async (lab) => {
    const payment = await lab.pay(1_000, { payment_method: "pm_card_createDispute" });
    assert.equal(payment.status, "succeeded");
  });

  check("a fraudulent dispute needs a response", async (lab) => {
    const [, dispute] = await lab.disputed();
    assert.deepEqual([dispute.reason, dispute.status], ["fraudulent", "needs_response"]);
  });

  check("the card decides the reason", async (lab) => {
    const [, dispute] = await lab.disputed("pm_card_createDisputeProductNotReceived");
    assert.equal(dispute.reason, "product_not_received");
  });

  check("a dispute says until when evidence is taken", async (lab) => {
    const [, { evidence_details: details, created }] = await lab.disputed();
    assert.ok((details.due_by ?? 0) > created);
    assert.deepEqual([details.has_evidence, details.past_due, details.submission_count], [false, false, 0]);
  });

  check("a new dispute has no evidence but all its fields", async (lab) => {
    const [, { evidence }] = await lab.disputed();
    for (const field of ["uncategorized_text", "product_description", "customer_name", "receipt", "shipping_date"] as const) {
      assert.equal(evidence[field], null, field);
    }
  });

  check("a disputed charge says so and is not refunded", async (lab) => {
    const [payment] = await lab.disputed();
    const charge = await lab.charge(payment);
    assert.deepEqual([charge.disputed, charge.refunded, charge.status], [true, false, "succeeded"]);
  });

  check("a dispute takes the amount and a fee from the balance", async (lab) => {
    const [, dispute] = await lab.disputed();
    const [withdrawn, ...more] = dispute.balance_transactions;
    assert.equal(more.length, 0);
    assert.deepEqual(
      [withdrawn?.type, withdrawn?.reporting_category, withdrawn?.amount, withdrawn?.fee, withdrawn?.net],
      ["adjustment", "dispute", -1_000, 1_500, -2_500],
    );
    assert.equal(withdrawn?.source, dispute.id);
  });

  check("what a dispute took is among the bookings", async (lab) => {
    const [, dispute] = await lab.disputed();
    const { data } = await lab.stripe.balanceTransactions.list({ source: dispute.id });
    assert.deepEqual(data.map(({ id }) => id), dispute.balance_transactions.map(({ id }) => id));
  });

  check("a dispute is told, then what it took", async (lab) => {
    const [, dispute] = await lab.disputed();
    assert.deepEqual(await lab.told(dispute.id), ["charge.dispute.created", "charge.dispute.funds_withdrawn"]);
  });

  check("a disputed charge is not refunded", async (lab) => {
    const [payment] = await lab.disputed();
    await refused(lab.stripe.refunds.create({ payment_intent: payment.id }), { status: 400, code: "charge_disputed" });
  });

  check("disputes are listed by payment and by charge", async (lab) => {
    const [payment, dispute] = await lab.disputed();
    for (const filter of [{ payment_intent: payment.id }, { charge: payment.latest_charge as string }]) {
      assert.deepEqual((await lab.stripe.disputes.list(filter)).data.map(({ id }) => id), [dispute.id]);
    }
  });

  check("evidence is staged until it is submitted", async (lab) => {
    const [, { id }] = await lab.disputed();
    const dispute = await lab.stripe.disputes.update(id, { evidence: { product_description: "A lamp" }, submit: false });
    assert.equal(dispute.status, "needs_response");
    assert.equal(dispute.evidence.product_description, "A lamp");
    assert.deepEqual([dispute.evidence_details.has_evidence, dispute.evidence_details.submission_count], [true, 0]);
    assert.ok((await lab.told(id)).includes("charge.dispute.updated"));
  });

  check("evidence that was submitted is counted", async (lab) => {
    const [, { id }] = await lab.disputed();
    const dispute = await submit(lab, id, "Here is what happened");
    assert.equal(dispute.evidence_details.submission_count, 1);
    assert.equal(dispute.status, "under_review");
  });

  check("winning evidence wins, and the money comes back without the fee", async (lab) => {
    const [, { id }] = await lab.disputed();
    await submit(lab, id, "winning_evidence");
    const dispute = await decided(lab, id, "won");
    const back = dispute.balance_transactions.find(({ amount }) => amount > 0);
    assert.deepEqual([back?.type, back?.amount, back?.fee, back?.reporting_category], ["adjustment", 1_000, 0, "dispute_reversal"]);
  });

  check("a win is told, with the money", async (lab) => {
    const [, { id }] = await lab.disputed();
    await submit(lab, id, "winning_evidence");
    await decided(lab, id, "won");
    const told = await lab.told(id);
    assert.ok(told.includes("charge.dispute.closed"), told.join());
    assert.ok(told.includes("charge.dispute.funds_reinstated"), told.join());
  });

  check("losing evidence loses, and nothing comes back", async (lab) => {
    const [, { id }] = await lab.disputed();
    await submit(lab, id, "losing_evidence");
    const dispute = await decided(lab, id, "lost");
    assert.ok(dispute.balance_transactions.every(({ amount }) => amount < 0));
    const told = await lab.told(id);
    assert.ok(told.includes("charge.dispute.closed"));
    assert.ok(!told.includes("charge.dispute.funds_reinstated"));
  });

  check("a dispute that is closed is lost at once", async (lab) => {
    const [, { id }] = await lab.disputed();
    assert.equal((await lab.stripe.disputes.close(id)).status, "lost");
    assert.equal((await lab.told(id)).at(-1), "charge.dispute.closed");
  });

  check("a dispute that was decided takes no evidence and is not closed again", async (lab) => {
    const [, { id }] = await lab.disputed();
    await lab.stripe.disputes.close(id);
    await refused(submit(lab, id, "winning_evidence"), { status: 400, type: "invalid_request_error" });
    await refused(lab.stripe.disputes.close(id), { status: 400, type: "invalid_request_error" });
    assert.equal((await lab.stripe.disputes.retrieve(id)).status, "lost");
  });

  check("a dispute nobody answers is lost when its time is over", async (lab) => {
    const [, { id }] = await lab.disputed();
    assert.equal((await decided(lab, id, "lost")).status, "lost");
  });

  check("an inquiry takes no money", async (lab) => {
    const [payment, dispute] = await lab.disputed("pm_card_createDisputeInquiry");
    assert.equal(dispute.status, "warning_needs_response");
    assert.deepEqual(dispute.balance_transactions, []);
    assert.equal(dispute.is_charge_refundable, true);
    assert.ok(!(await lab.told(dispute.id)).includes("charge.dispute.funds_withdrawn"));
    assert.equal((await lab.stripe.refunds.create({ payment_intent: payment.id })).status, "succeeded");
  });

  check("an answered inquiry is under review", async (lab) => {
    const [, { id }] = await lab.disputed("pm_card_createDisputeInquiry");
    assert.equal((await submit(lab, id, "Here is what happened")).status, "warning_under_review");
  });

  check("an inquiry may escalate, and takes its money then", async (lab) => {
    const [, { id }] = await lab.disputed("pm_card_createDisputeInquiry");
    await submit(lab, id, "escalate_inquiry_evidence");
    const dispute = await decided(lab, id, "needs_response");
    assert.equal(dispute.balance_transactions[0]?.amount, -1_000);
    assert.ok((await lab.told(id)).includes("charge.dispute.funds_withdrawn"));
  });

  check("metadata of a dispute is kept", async (lab) => {
    const [, { id }] = await lab.disputed();
    const dispute = await lab.stripe.disputes.update(id, { metadata: { case: "7" } });
    assert.deepEqual([dispute.metadata["case"], dispute.status], ["7", "needs_response"]);
  });

  check("evidence that is none is refused", async (lab) => {
    const [, { id }] = await lab.disputed();
    const call = lab.stripe.disputes.update(id, { evidence: { horoscope: "x" } as never });
    await refused(call, { status: 400, code: "parameter_unknown", param: "evidence[horoscope]" });
  });

  check("a dispute nobody knows is a 404", async ({ stripe }) => {
    await refused(stripe.disputes.retrieve("du_nobody"), { status: 404, code: "resource_missing" });
  });
});
