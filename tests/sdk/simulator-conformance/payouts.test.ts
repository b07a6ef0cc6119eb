/** Money that goes to the bank. */

import assert from "node:assert/strict";

import type Stripe from "stripe";

import { category, refused, type Lab } from "./lab.js";

const DAY = 86_400;

/** Puts money into the balance that may be used at once. */
async function fund(lab: Lab, amount = 1_000_000): Promise<void> {
  await lab.booked(await lab.pay(amount, { payment_method: "pm_card_bypassPending" }));
}

async function available(lab: Lab): Promise<number> {
  const balance = await lab.stripe.balance.retrieve();
  return balance.available.find(({ currency }) => currency === "usd")?.amount ?? 0;
}

/** A payout of its own money. */
async function payout(lab: Lab, params: Partial<Stripe.PayoutCreateParams> = {}): Promise<Stripe.Payout> {
  await fund(lab);
  return lab.stripe.payouts.create({ amount: 1_000, currency: "usd", ...params });
}

category("payouts", (check) => {
  check("a payout says what it is", async (lab) => {
    const made = await payout(lab);
    assert.match(made.id, /^po_/);
    assert.deepEqual(
      [made.object, made.amount, made.currency, made.automatic, made.method, made.type, made.source_type, made.livemode],
      ["payout", 1_000, "usd", false, "standard", "bank_account", "card", false],
    );
    assert.equal(made.status, "pending");
    assert.match(made.destination as string, /^ba_/);
    assert.ok(made.arrival_date > made.created);
  });

  check("a new payout has nothing of what comes later", async (lab) => {
    const made = await payout(lab);
    for (const field of ["failure_balance_transaction", "failure_code", "failure_message", "original_payout", "reversed_by"] as const) {
      assert.equal(made[field], null, field);
    }
    assert.equal(made.reconciliation_status, "not_applicable");
  });

  check("what is said of a payout is kept", async (lab) => {
    const made = await payout(lab, { description: "Week 7", statement_descriptor: "SHOP W7", metadata: { week: "7" } });
    assert.deepEqual([made.description, made.statement_descriptor, made.metadata?.["week"]], ["Week 7", "SHOP W7", "7"]);
  });

  check("a payout leaves the balance at once", async (lab) => {
    await fund(lab);
    const before = await available(lab);
    await lab.stripe.payouts.create({ amount: 1_000, currency: "usd" });
    assert.equal(await available(lab), before - 1_000);
  });

  check("a payout is booked with its own sign and no fee", async (lab) => {
    const made = await payout(lab, { expand: ["balance_transaction"] });
    const booking = made.balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual(
      [booking.type, booking.reporting_category, booking.amount, booking.fee, booking.net, booking.source],
      ["payout", "payout", -1_000, 0, -1_000, made.id],
    );
  });

  check("more than is available is not paid out", async (lab) => {
    await fund(lab);
    const amount = (await available(lab)) + 1;
    await refused(lab.stripe.payouts.create({ amount, currency: "usd" }), {
      status: 400,
      type: "invalid_request_error",
      code: "balance_insufficient",
    });
    assert.equal(await available(lab), amount - 1);
  });

  check("what is only pending is not paid out", async (lab) => {
    await lab.booked(await lab.pay(50_000));
    const amount = (await available(lab)) + 100;
    await refused(lab.stripe.payouts.create({ amount, currency: "usd" }), { code: "balance_insufficient" });
  });

  check("a currency in which there is nothing is not paid out", async ({ stripe }) => {
    await refused(stripe.payouts.create({ amount: 100, currency: "nok" }), { status: 400, type: "invalid_request_error" });
  });

  check("nothing and less than nothing are not paid out", async ({ stripe }) => {
    for (const amount of [0, -100]) {
      await refused(stripe.payouts.create({ amount, currency: "usd" }), { status: 400, param: "amount" });
    }
  });

  check("a payout needs an amount and a currency", async ({ stripe }) => {
    await refused(stripe.payouts.create({ currency: "usd" } as never), { status: 400, code: "parameter_missing", param: "amount" });
    await refused(stripe.payouts.create({ amount: 100 } as never), { status: 400, code: "parameter_missing", param: "currency" });
  });

  check("a payout is paid some days later", async (lab) => {
    const { id } = await payout(lab);
    await lab.advance(10 * DAY);
    const paid = await lab.stripe.payouts.retrieve(id);
    assert.deepEqual([paid.status, paid.failure_code], ["paid", null]);
  });

  check("the way of a payout is told", async (lab) => {
    const { id } = await payout(lab);
    await lab.advance(10 * DAY);
    const told = await lab.told(id);
    assert.equal(told[0], "payout.created");
    assert.equal(told.at(-1), "payout.paid");
    assert.ok(told.slice(1, -1).every((type) => type === "payout.updated"), told.join());
  });

  check("a pending payout is canceled, and the money is back", async (lab) => {
    const { id } = await payout(lab);
    const before = await available(lab);
    const canceled = await lab.stripe.payouts.cancel(id);
    assert.equal(canceled.status, "canceled");
    assert.equal(await available(lab), before + 1_000);
    assert.ok((await lab.told(id)).includes("payout.canceled"));
  });

  check("a canceled payout is booked as such", async (lab) => {
    const { id } = await payout(lab);
    await lab.stripe.payouts.cancel(id);
    const { data } = await lab.stripe.balanceTransactions.list({ source: id });
    assert.deepEqual(data.map(({ type, amount }) => [type, amount]), [["payout_cancel", 1_000], ["payout", -1_000]]);
  });

  check("a payout that was paid is not canceled", async (lab) => {
    const { id } = await payout(lab);
    await lab.advance(10 * DAY);
    await refused(lab.stripe.payouts.cancel(id), { status: 400, type: "invalid_request_error" });
    assert.equal((await lab.stripe.payouts.retrieve(id)).status, "paid");
  });

  check("metadata of a payout is changed, and nothing else is", async (lab) => {
    const { id } = await payout(lab);
    assert.equal((await lab.stripe.payouts.update(id, { metadata: { a: "1" } })).metadata?.["a"], "1");
    await refused(lab.stripe.payouts.update(id, { amount: 5 } as never), { status: 400, code: "parameter_unknown" });
  });

  check("payouts are listed newest first, and by status", async (lab) => {
    const [one, other] = [await payout(lab), await payout(lab)];
    const { data } = await lab.stripe.payouts.list({ limit: 2 });
    assert.deepEqual(data.map(({ id }) => id), [other.id, one.id]);
    await lab.stripe.payouts.cancel(other.id);
    const canceled = await lab.stripe.payouts.list({ status: "canceled", limit: 1 });
    assert.deepEqual(canceled.data.map(({ id }) => id), [other.id]);
  });

  check("a payout nobody knows is a 404", async ({ stripe }) => {
    await refused(stripe.payouts.retrieve("po_nobody"), { status: 404, code: "resource_missing" });
  });

  check("the transactions of a payout by hand are not told", async (lab) => {
    const { id } = await payout(lab);
    await refused(lab.stripe.balanceTransactions.list({ payout: id }), { status: 400, type: "invalid_request_error" });
  });

  check("an instant payout arrives within the hour", async (lab) => {
    const made = await payout(lab, { method: "instant" });
    assert.equal(made.method, "instant");
    await lab.advance(3_600);
    assert.equal((await lab.stripe.payouts.retrieve(made.id)).status, "paid");
  });

  check("a retried payout is one payout", async (lab) => {
    await fund(lab);
    const before = await available(lab);
    const idempotencyKey = `payout-${before}-${Date.now()}`;
    const make = () => lab.stripe.payouts.create({ amount: 500, currency: "usd" }, { idempotencyKey });
    assert.equal((await make()).id, (await make()).id);
    assert.equal(await available(lab), before - 500);
  });

  check("daily payouts pay what became available, and tell which bookings are in them", async (lab) => {
    const schedule = (interval: "daily" | "manual") =>
      lab.stripe.balanceSettings.update({ payments: { payouts: { schedule: { interval } } } });
    const settings = await schedule("daily");
    assert.equal(settings.payments.payouts?.schedule?.interval, "daily");
    const booking = await lab.booked(await lab.pay(7_700));
    await lab.advance(15 * DAY);
    await schedule("manual");
    const found = await lab.stripe.payouts.list({ limit: 100 });
    for (const made of found.data.filter(({ automatic }) => automatic)) {
      const lines = await lab.stripe.balanceTransactions.list({ payout: made.id, limit: 100 });
      const inside = lines.data.filter(({ type }) => type !== "payout");
      assert.equal(inside.reduce((sum, { net }) => sum + net, 0), made.amount);
      if (inside.some(({ id }) => id === booking.id)) {
        assert.deepEqual([made.status, made.reconciliation_status], ["paid", "completed"]);
        return;
      }
    }
    assert.fail("no automatic payout has the booking in it");
  });
});
