/** The balance, what moves it, and when it can be used. */

import assert from "node:assert/strict";

import type Stripe from "stripe";

import { category, refused, type Lab } from "./lab.js";

const DAY = 86_400;

/** What the balance holds in a currency: available, pending. */
async function holds(lab: Lab, currency = "usd"): Promise<[number, number]> {
  const balance = await lab.stripe.balance.retrieve();
  const of = (part: readonly { amount: number; currency: string }[]) =>
    part.find((found) => found.currency === currency)?.amount ?? 0;
  return [of(balance.available), of(balance.pending)];
}

/** Lets everything ripen, so that nothing of other checks moves. */
const quiet = (lab: Lab) => lab.advance(15 * DAY);

category("balance", (check) => {
  check("a balance has what is available and what is pending, by currency", async (lab) => {
    await lab.booked(await lab.pay());
    const balance = await lab.stripe.balance.retrieve();
    assert.deepEqual([balance.object, balance.livemode], ["balance", false]);
    for (const part of [balance.available, balance.pending]) {
      assert.ok(Array.isArray(part));
      const usd = part.find(({ currency }) => currency === "usd");
      assert.equal(usd?.source_types?.card, usd?.amount);
    }
  });

  check("a charge costs 2.9 percent and 30", async (lab) => {
    const { amount, fee, net } = await lab.booked(await lab.pay(10_000));
    assert.deepEqual([amount, fee, net], [10_000, 320, 9_680]);
  });

  check("a fee is rounded to the cent", async (lab) => {
    for (const [amount, fee] of [[1_000, 59], [1_234, 66], [999, 59], [50, 31]] as const) {
      assert.equal((await lab.booked(await lab.pay(amount))).fee, fee, String(amount));
    }
  });

  check("a fee is told in parts that add up", async (lab) => {
    const { fee, fee_details } = await lab.booked(await lab.pay());
    assert.equal(fee_details.reduce((sum, { amount }) => sum + amount, 0), fee);
    const [detail] = fee_details;
    assert.deepEqual([detail?.type, detail?.currency, detail?.application], ["stripe_fee", "usd", null]);
  });

  check("the booking of a charge says what it is", async (lab) => {
    const payment = await lab.pay();
    const booking = await lab.booked(payment);
    assert.match(booking.id, /^txn_/);
    assert.deepEqual(
      [booking.object, booking.type, booking.reporting_category, booking.currency, booking.status, booking.exchange_rate],
      ["balance_transaction", "charge", "charge", "usd", "pending", null],
    );
    assert.equal(booking.source, payment.latest_charge);
    assert.ok(booking.available_on > booking.created);
  });

  check("net is what is left of the amount, always", async (lab) => {
    const payment = await lab.pay();
    await lab.booked(payment);
    await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 100 });
    for await (const { amount, fee, net } of lab.stripe.balanceTransactions.list({ limit: 100 })) {
      assert.equal(net, amount - fee);
    }
  });

  check("a charge is pending first", async (lab) => {
    await quiet(lab);
    const [available, pending] = await holds(lab);
    await lab.booked(await lab.pay());
    assert.deepEqual(await holds(lab), [available, pending + 941]);
  });

  check("a charge is available some days later", async (lab) => {
    await quiet(lab);
    const [available, pending] = await holds(lab);
    const booking = await lab.booked(await lab.pay());
    await quiet(lab);
    assert.deepEqual(await holds(lab), [available + 941, pending]);
    assert.equal((await lab.stripe.balanceTransactions.retrieve(booking.id)).status, "available");
  });

  check("that funds became available is told", async (lab) => {
    await lab.booked(await lab.pay());
    await quiet(lab);
    const { data } = await lab.stripe.events.list({ type: "balance.available", limit: 1 });
    assert.equal((data[0]?.data.object as Stripe.Balance | undefined)?.object, "balance");
  });

  check("a card that bypasses pending is available at once", async (lab) => {
    await quiet(lab);
    const [available, pending] = await holds(lab);
    const payment = await lab.pay(1_000, { payment_method: "pm_card_bypassPending" });
    assert.equal((await lab.booked(payment)).status, "available");
    assert.deepEqual(await holds(lab), [available + 941, pending]);
  });

  check("a refund leaves the balance at once", async (lab) => {
    const payment = await lab.pay();
    await lab.booked(payment);
    await quiet(lab);
    const [available, pending] = await holds(lab);
    await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 400 });
    assert.deepEqual(await holds(lab), [available - 400, pending]);
  });

  check("a refund of what is still pending takes nothing twice", async (lab) => {
    await quiet(lab);
    const total = (await holds(lab)).reduce((sum, part) => sum + part, 0);
    const payment = await lab.pay();
    await lab.booked(payment);
    await lab.stripe.refunds.create({ payment_intent: payment.id });
    const after = (await holds(lab)).reduce((sum, part) => sum + part, 0);
    assert.equal(after - total, -59);
  });

  check("a dispute leaves the balance at once, with its fee", async (lab) => {
    await quiet(lab);
    const [available, pending] = await holds(lab);
    const [payment] = await lab.disputed();
    await lab.booked(payment);
    assert.deepEqual(await holds(lab), [available - 2_500, pending + 941]);
  });

  check("an authorization is not in the balance", async (lab) => {
    await quiet(lab);
    const before = await holds(lab);
    await lab.pay(1_000, { capture_method: "manual" });
    await lab.advance(3_600);
    assert.deepEqual(await holds(lab), before);
  });

  check("all bookings add up to the balance", async (lab) => {
    await lab.booked(await lab.pay());
    await quiet(lab);
    let sum = 0;
    for await (const { net, currency } of lab.stripe.balanceTransactions.list({ limit: 100 })) if (currency === "usd") sum += net;
    assert.equal((await holds(lab)).reduce((total, part) => total + part, 0), sum);
  });

  check("bookings are listed by source", async (lab) => {
    const booking = await lab.booked(await lab.pay());
    const { data } = await lab.stripe.balanceTransactions.list({ source: booking.source as string });
    assert.deepEqual(data.map(({ id }) => id), [booking.id]);
  });

  check("bookings are listed by type", async (lab) => {
    const payment = await lab.pay();
    await lab.booked(payment);
    await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 100 });
    for (const type of ["charge", "refund"]) {
      const { data } = await lab.stripe.balanceTransactions.list({ type });
      assert.ok(data.length > 0 && data.every((found) => found.type === type), type);
    }
  });

  check("bookings are listed by currency", async (lab) => {
    await lab.booked(await lab.pay());
    const { data } = await lab.stripe.balanceTransactions.list({ currency: "usd" });
    assert.ok(data.length > 0 && data.every(({ currency }) => currency === "usd"));
  });

  check("a booking is retrieved as it was listed", async (lab) => {
    const booking = await lab.booked(await lab.pay());
    assert.equal(JSON.stringify(await lab.stripe.balanceTransactions.retrieve(booking.id)), JSON.stringify(booking));
  });

  check("a booking nobody knows is a 404", async ({ stripe }) => {
    await refused(stripe.balanceTransactions.retrieve("txn_nobody"), { status: 404, code: "resource_missing" });
  });

  check("a declined payment leaves the balance as it is", async (lab) => {
    await quiet(lab);
    const before = await holds(lab);
    await refused(lab.pay(1_000, { payment_method: "pm_card_visa_chargeDeclined" }), { status: 402 });
    await lab.advance(3_600);
    assert.deepEqual(await holds(lab), before);
  });

  check("the description of a payment is that of its booking", async (lab) => {
    assert.equal((await lab.booked(await lab.pay(1_000, { description: "Order 9" }))).description, "Order 9");
  });
});
