/** Requests that race: each does what it would have done alone, one after the other. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import Stripe from "stripe";

import { CARD_AT_ONCE, category, type Lab, type Refusal } from "./lab.js";

/** How the calls ended. */
async function race<T>(calls: readonly Promise<T>[]): Promise<{ won: T[]; lost: Refusal[] }> {
  const ended = await Promise.allSettled(calls);
  const lost = ended.flatMap((end) => (end.status === "rejected" ? [end.reason as Refusal] : []));
  for (const error of lost) assert.ok(error instanceof Stripe.errors.StripeError, String(error));
  return { won: ended.flatMap((end) => (end.status === "fulfilled" ? [end.value] : [])), lost };
}

const times = <T>(count: number, call: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => call(at));

const order = (extra: object = {}) => ({ amount: 1_000, payment_method: "pm_card_visa", ...CARD_AT_ONCE, ...extra });

async function chargesOf(lab: Lab, customer: string): Promise<Stripe.Charge[]> {
  return (await lab.stripe.charges.list({ customer, limit: 100 })).data;
}

category("concurrency", (check) => {
  check("five racing requests with one key make one payment", async (lab) => {
    const customer = (await lab.stripe.customers.create()).id;
    const idempotencyKey = randomUUID();
    const { won, lost } = await race(
      times(5, () => lab.stripe.paymentIntents.create(order({ customer }), { idempotencyKey })),
    );
    assert.ok(won.length >= 1);
    assert.equal(new Set(won.map(({ id }) => id)).size, 1);
    for (const error of lost) assert.deepEqual([error.statusCode, error.code], [409, "idempotency_key_in_use"]);
    assert.equal((await chargesOf(lab, customer)).length, 1);
  });

  check("five racing requests with one key all end well with retries", async (lab) => {
    const stripe = lab.client({ maxNetworkRetries: 3 });
    const idempotencyKey = randomUUID();
    const { won, lost } = await race(times(5, () => stripe.paymentIntents.create(order(), { idempotencyKey })));
    assert.deepEqual(lost, []);
    assert.equal(new Set(won.map((payment) => JSON.stringify(payment))).size, 1);
  });

  check("of racing requests with one key and other parameters only one is carried out", async (lab) => {
    const idempotencyKey = randomUUID();
    const { won, lost } = await race(
      times(4, (at) => lab.stripe.customers.create({ name: `name ${at}` }, { idempotencyKey })),
    );
    assert.equal(won.length, 1);
    for (const error of lost) assert.ok([400, 409].includes(error.statusCode ?? 0));
  });

  check("of four racing refunds of 600 on 1,000 exactly one succeeds", async (lab) => {
    const payment = await lab.pay();
    const { won, lost } = await race(
      times(4, () => lab.stripe.refunds.create({ payment_intent: payment.id, amount: 600 })),
    );
    assert.deepEqual([won.length, lost.length], [1, 3]);
    for (const error of lost) assert.equal(error.statusCode, 400);
    assert.equal((await lab.charge(payment)).amount_refunded, 600);
  });

  check("of eleven racing refunds of 100 on 1,000 exactly ten succeed", async (lab) => {
    const payment = await lab.pay();
    const { won } = await race(times(11, () => lab.stripe.refunds.create({ payment_intent: payment.id, amount: 100 })));
    assert.equal(won.length, 10);
    const charge = await lab.charge(payment);
    assert.deepEqual([charge.amount_refunded, charge.refunded], [1_000, true]);
  });

  check("of racing captures exactly one succeeds", async (lab) => {
    const payment = await lab.pay(1_000, { capture_method: "manual" });
    const { won, lost } = await race(times(4, () => lab.stripe.paymentIntents.capture(payment.id, { amount_to_capture: 600 })));
    assert.deepEqual([won.length, lost.length], [1, 3]);
    for (const error of lost) assert.equal(error.code, "payment_intent_unexpected_state");
    assert.equal((await lab.stripe.paymentIntents.retrieve(payment.id)).amount_received, 600);
  });

  check("of racing confirmations exactly one charges", async (lab) => {
    const { id } = await lab.stripe.paymentIntents.create({ amount: 1_000, currency: "usd", payment_method: "pm_card_visa" });
    const confirm = () => lab.stripe.paymentIntents.confirm(id, { return_url: "https://example.com" });
    const { won } = await race(times(4, confirm));
    assert.equal(won.length, 1);
    assert.equal((await lab.stripe.charges.list({ payment_intent: id })).data.length, 1);
  });

  check("of a confirmation and a cancellation exactly one happens", async (lab) => {
    for (let turn = 0; turn < 4; turn += 1) {
      const { id } = await lab.stripe.paymentIntents.create({ amount: 1_000, currency: "usd", payment_method: "pm_card_visa" });
      const confirm = () => lab.stripe.paymentIntents.confirm(id, { return_url: "https://example.com" });
      const cancel = () => lab.stripe.paymentIntents.cancel(id);
      const { won, lost } = await race(turn % 2 === 0 ? [confirm(), cancel()] : [cancel(), confirm()]);
      assert.deepEqual([won.length, lost.length], [1, 1]);
      const after = await lab.stripe.paymentIntents.retrieve(id);
      assert.equal(after.status, won[0]?.status);
      assert.equal(after.amount_received, after.status === "succeeded" ? 1_000 : 0);
    }
  });

  check("of a capture and a cancellation exactly one happens", async (lab) => {
    const { id } = await lab.pay(1_000, { capture_method: "manual" });
    const { won, lost } = await race([lab.stripe.paymentIntents.capture(id), lab.stripe.paymentIntents.cancel(id)]);
    assert.deepEqual([won.length, lost.length], [1, 1]);
    assert.equal((await lab.stripe.paymentIntents.retrieve(id)).status, won[0]?.status);
  });

  check("forty racing payments are forty payments", async (lab) => {
    const customer = (await lab.stripe.customers.create()).id;
    const { won } = await race(times(40, () => lab.pay(1_000, { customer })));
    assert.equal(new Set(won.map(({ id }) => id)).size, 40);
    assert.equal(new Set((await chargesOf(lab, customer)).map(({ id }) => id)).size, 40);
  });

  check("racing payouts never pay more than there is", async (lab) => {
    await lab.booked(await lab.pay(1_000_000, { payment_method: "pm_card_bypassPending" }));
    const usd = async () => (await lab.stripe.balance.retrieve()).available.find(({ currency }) => currency === "usd")?.amount ?? 0;
    const before = await usd();
    const amount = Math.floor(before / 2) + 1;
    const { won, lost } = await race(times(3, () => lab.stripe.payouts.create({ amount, currency: "usd" })));
    assert.deepEqual([won.length, lost.length], [1, 2]);
    assert.equal(await usd(), before - amount);
  });

  check("racing changes of metadata are all kept", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    await race(times(10, (at) => lab.stripe.customers.update(id, { metadata: { [`key${at}`]: "x" } })));
    const found = (await lab.stripe.customers.retrieve(id)) as Stripe.Customer;
    assert.equal(Object.keys(found.metadata).length, 10);
  });

  check("a list that is walked while payments race is complete and repeats nothing", async (lab) => {
    const customer = (await lab.stripe.customers.create()).id;
    const before = await Promise.all(times(12, () => lab.pay(1_000, { customer })));
    const racing = race(times(12, () => lab.pay(1_000, { customer })));
    const found: string[] = [];
    for await (const { id } of lab.stripe.paymentIntents.list({ customer, limit: 3 })) found.push(id);
    await racing;
    assert.equal(new Set(found).size, found.length);
    for (const { id } of before) assert.ok(found.includes(id));
  });

  check("a customer that is deleted while it is charged ends as one or the other", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    const { won, lost } = await race<unknown>([lab.pay(1_000, { customer: id }), lab.stripe.customers.del(id)]);
    assert.ok(won.length >= 1);
    for (const error of lost) assert.equal(error.code, "resource_missing");
  });
});
