/** Money at rest as the official client sees it: balance, balance transactions, payouts, transfers, reports. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type Stripe from "stripe";

import { idOf, refusalOf, withStripe, type SimulatedStripe } from "./simulated-stripe.js";

const DAY = 86_400;

/** The sum of an array of the balance in US dollars. */
function inDollars(amounts: readonly { readonly amount: number; readonly currency: string }[]): number {
  return amounts.filter(({ currency }) => currency === "usd").reduce((sum, { amount }) => sum + amount, 0);
}

/** The balance transaction of the latest charge, once it is told. */
async function transactionOf({ stripe, advance }: SimulatedStripe, intent: Stripe.PaymentIntent) {
  await advance(60);
  const charge = await stripe.charges.retrieve(idOf(intent.latest_charge), { expand: ["balance_transaction"] });
  const transaction = charge.balance_transaction;
  assert.ok(transaction !== null && typeof transaction === "object", "the charge has its balance transaction by now");
  return transaction;
}

test("a charge of 100 dollars costs 2.9 % and 30 cents, and its net is pending for two business days", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance, eventTypes } = simulated;
    const transaction = await transactionOf(simulated, await pay(10_000));
    const { amount, fee, net, type, status, currency, reporting_category, exchange_rate } = transaction;
    assert.deepEqual(
      { amount, fee, net, type, status, currency, reporting_category, exchange_rate },
      {
        amount: 10_000,
        fee: 320,
        net: 9_680,
        type: "charge",
        status: "pending",
        currency: "usd",
        reporting_category: "charge",
        exchange_rate: null,
      },
    );
    assert.deepEqual(
      transaction.fee_details.map(({ amount, type }) => ({ amount, type })),
      [{ amount: 320, type: "stripe_fee" }],
    );
    const before = await stripe.balance.retrieve();
    assert.deepEqual([inDollars(before.available), inDollars(before.pending)], [0, 9_680]);
    await advance(5 * DAY);
    const after = await stripe.balance.retrieve();
    assert.deepEqual([inDollars(after.available), inDollars(after.pending)], [9_680, 0]);
    assert.equal((await stripe.balanceTransactions.retrieve(transaction.id)).status, "available");
    assert.deepEqual(await eventTypes("balance."), ["balance.available"]);
  }));

test("a card that bypasses the delay funds the balance at once", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance } = simulated;
    await pay(10_000, "pm_card_bypassPending");
    await advance(60);
    assert.equal(inDollars((await stripe.balance.retrieve()).available), 9_680);
  }));

test("a refund takes the whole amount and no fee comes back, so that available money can be owed", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance } = simulated;
    const intent = await pay(10_000);
    await advance(60);
    const refund = await stripe.refunds.create({ payment_intent: intent.id }, {});
    const transaction = await stripe.balanceTransactions.retrieve(idOf(refund.balance_transaction), { expand: ["source"] });
    assert.deepEqual([transaction.amount, transaction.fee, transaction.net, transaction.type], [-10_000, 0, -10_000, "refund"]);
    assert.equal(idOf(transaction.source as { id: string }), refund.id);
    assert.equal(inDollars((await stripe.balance.retrieve()).available), -10_000);
    await advance(5 * DAY);
    assert.equal(inDollars((await stripe.balance.retrieve()).available), -320);
  }));

test("balance transactions are found by source, type and currency, newest first", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance } = simulated;
    const intent = await pay(10_000);
    await pay(2_000, "pm_card_visa", { currency: "eur" });
    await advance(60);
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
    const all = await stripe.balanceTransactions.list();
    assert.deepEqual(all.data.map(({ type }) => type), ["refund", "charge", "charge"]);
    const bySource = await stripe.balanceTransactions.list({ source: idOf(intent.latest_charge) });
    assert.deepEqual(bySource.data.map(({ amount }) => amount), [10_000]);
    assert.deepEqual((await stripe.balanceTransactions.list({ type: "refund" })).data.map(({ source }) => source), [refund.id]);
    assert.deepEqual((await stripe.balanceTransactions.list({ currency: "eur" })).data.map(({ net }) => net), [1_912]);
    const seen: string[] = [];
    for await (const { id } of stripe.balanceTransactions.list({ limit: 1 })) seen.push(id);
    assert.deepEqual(seen, all.data.map(({ id }) => id));
  }));

test("the sum of the net amounts is what is available and pending, per currency", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance } = simulated;
    for (const [amount, currency] of [[10_000, "usd"], [777, "usd"], [5_000, "eur"], [12_345, "jpy"]] as const) {
      const intent = await pay(amount, "pm_card_visa", { currency });
      await advance(60);
      if (amount > 1_000) await stripe.refunds.create({ payment_intent: intent.id, amount: 300 });
    }
    await pay(3_000, "pm_card_bypassPending");
    await advance(60);
    const check = async () => {
      const sums = new Map<string, number>();
      for await (const { currency, net } of stripe.balanceTransactions.list({ limit: 100 })) {
        sums.set(currency, (sums.get(currency) ?? 0) + net);
      }
      const { available, pending } = await stripe.balance.retrieve();
      for (const [currency, sum] of sums) {
        const found = [...available, ...pending].filter((one) => one.currency === currency);
        assert.equal(found.reduce((total, { amount }) => total + amount, 0), sum, currency);
      }
    };
    await check();
    await advance(DAY * 3);
    await check();
    await stripe.payouts.create({ amount: 1_000, currency: "usd" });
    await check();
  }));

test("a payout is refused beyond the available balance, and draws on it otherwise", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance, eventTypes } = simulated;
    await pay(10_000, "pm_card_bypassPending");
    await advance(60);
    const refused = await refusalOf(stripe.payouts.create({ amount: 9_681, currency: "usd" }));
    assert.deepEqual([refused.statusCode, refused.code], [400, "balance_insufficient"]);
    const payout = await stripe.payouts.create({ amount: 9_000, currency: "usd", metadata: { run: "1" } });
    assert.deepEqual([payout.status, payout.automatic, payout.reconciliation_status], ["pending", false, "not_applicable"]);
    assert.equal(inDollars((await stripe.balance.retrieve()).available), 680);
    const transaction = await stripe.balanceTransactions.retrieve(idOf(payout.balance_transaction), { expand: ["source"] });
    assert.deepEqual([transaction.amount, transaction.type, (transaction.source as Stripe.Payout).id], [-9_000, "payout", payout.id]);
    await advance(4 * DAY);
    const paid = await stripe.payouts.retrieve(payout.id);
    assert.deepEqual([paid.status, paid.trace_id?.status, paid.metadata?.["run"]], ["paid", "supported", "1"]);
    assert.deepEqual(await eventTypes("payout."), ["payout.created", "payout.updated", "payout.paid"]);
    assert.equal((await refusalOf(stripe.balanceTransactions.list({ payout: payout.id }))).statusCode, 400);
    assert.deepEqual((await stripe.payouts.list({ status: "paid" })).data.map(({ id }) => id), [payout.id]);
    assert.deepEqual((await stripe.payouts.list({ status: "pending" })).data, []);
  }));

test("a pending payout is canceled and its money is back; afterwards it cannot be canceled again", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance, eventTypes } = simulated;
    await pay(10_000, "pm_card_bypassPending");
    await advance(60);
    const payout = await stripe.payouts.create({ amount: 9_680, currency: "usd" });
    const canceled = await stripe.payouts.cancel(payout.id, { expand: ["failure_balance_transaction"] });
    assert.equal(canceled.status, "canceled");
    assert.equal((canceled.failure_balance_transaction as Stripe.BalanceTransaction).type, "payout_cancel");
    assert.equal(inDollars((await stripe.balance.retrieve()).available), 9_680);
    assert.equal((await refusalOf(stripe.payouts.cancel(payout.id))).type, "StripeInvalidRequestError");
    assert.deepEqual(await eventTypes("payout."), ["payout.created", "payout.canceled"]);
  }));

test("a payout to a bank account that is closed fails, says why and gives the money back", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance, eventTypes } = simulated;
    await pay(10_000, "pm_card_bypassPending");
    await advance(60);
    const own = await stripe.accounts.retrieve(null);
    const bank = await stripe.accounts.createExternalAccount(own.id, {
      external_account: {
        object: "bank_account",
        country: "US",
        currency: "usd",
        account_number: "000111111113",
        routing_number: "110000000",
      },
    });
    const payout = await stripe.payouts.create({ amount: 5_000, currency: "usd", destination: bank.id });
    await advance(4 * DAY);
    const failed = await stripe.payouts.retrieve(payout.id, { expand: ["destination", "failure_balance_transaction"] });
    assert.deepEqual([failed.status, failed.failure_code], ["failed", "account_closed"]);
    assert.equal((failed.destination as Stripe.BankAccount).last4, "1113");
    const back = failed.failure_balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual([back.type, back.amount], ["payout_failure", 5_000]);
    assert.equal(inDollars((await stripe.balance.retrieve()).available), 9_680);
    assert.equal((await eventTypes("payout.")).at(-1), "payout.failed");
  }));

test("paid out every day, an account's payouts are the sums of their transactions, and the bank agrees", () =>
  withStripe(async (simulated) => {
    const { stripe, server, pay, advance, eventTypes } = simulated;
    await stripe.balanceSettings.update({ payments: { payouts: { schedule: { interval: "daily" } } } });
    for (const amount of [10_000, 2_500, 4_321]) {
      await pay(amount);
      await advance(DAY);
    }
    await advance(10 * DAY);
    const payouts = (await stripe.payouts.list()).data;
    assert.ok(payouts.length > 0 && payouts.every(({ automatic, status }) => automatic && status === "paid"));
    for (const payout of payouts) {
      const lines = (await stripe.balanceTransactions.list({ payout: payout.id, limit: 100 })).data;
      const net = lines.filter(({ type }) => type !== "payout").reduce((sum, { net }) => sum + net, 0);
      assert.equal(net, payout.amount);
      assert.equal(payout.reconciliation_status, "completed");
    }
    const { available, pending } = await stripe.balance.retrieve();
    assert.deepEqual([inDollars(available), inDollars(pending)], [0, 0]);
    assert.equal((await eventTypes("payout.reconciliation_completed")).length, payouts.length);
    const csv = await (await fetch(`${server.url}/_tillproof/statement.xml?format=csv`)).text();
    const credits = csv.trim().split("\n").slice(1).map((line) => line.split(",")[2]);
    assert.deepEqual(credits.map(Number).sort(), payouts.map(({ amount }) => amount).sort());
  }));

test("a transfer moves available money to a connected account, which is asked through its header", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance } = simulated;
    await pay(10_000, "pm_card_bypassPending");
    await advance(60);
    const account = await stripe.accounts.create({ type: "express", country: "US", capabilities: { transfers: { requested: true } } });
    const transfer = await stripe.transfers.create({ amount: 1_000, currency: "usd", destination: account.id, transfer_group: "g" });
    assert.deepEqual([transfer.amount, transfer.reversed, transfer.destination], [1_000, false, account.id]);
    const theirs = await stripe.balance.retrieve({}, { stripeAccount: account.id });
    assert.equal(inDollars(theirs.available), 1_000);
    assert.equal(inDollars((await stripe.balance.retrieve()).available), 8_680);
    const reversal = await stripe.transfers.createReversal(transfer.id, { amount: 400 });
    assert.equal(reversal.amount, 400);
    assert.equal((await stripe.transfers.retrieve(transfer.id)).amount_reversed, 400);
    assert.deepEqual((await stripe.transfers.list({ transfer_group: "g" })).data.map(({ id }) => id), [transfer.id]);
    assert.equal((await refusalOf(stripe.transfers.create({ amount: 999_999, currency: "usd", destination: account.id }))).code, "balance_insufficient");
  }));

test("a payment on a connected account earns the platform its application fee, which can be given back", () =>
  withStripe(async (simulated) => {
    const { stripe, advance } = simulated;
    const account = await stripe.accounts.create({ type: "standard", country: "US" });
    await stripe.paymentIntents.create(
      {
        amount: 10_000,
        currency: "usd",
        payment_method: "pm_card_visa",
        confirm: true,
        automatic_payment_methods: { enabled: true, allow_redirects: "never" },
        application_fee_amount: 1_000,
      },
      { stripeAccount: account.id },
    );
    await advance(60);
    const [booked] = (await stripe.balanceTransactions.list({}, { stripeAccount: account.id })).data;
    assert.deepEqual([booked?.fee, booked?.net], [1_320, 8_680]);
    assert.deepEqual(booked?.fee_details.map(({ type }) => type).sort(), ["application_fee", "stripe_fee"]);
    const [fee] = (await stripe.applicationFees.list()).data;
    assert.deepEqual([fee?.amount, fee?.account], [1_000, account.id]);
    assert.equal(inDollars((await stripe.balance.retrieve()).pending), 1_000);
    const refund = await stripe.applicationFees.createRefund(idOf(fee), { amount: 250 });
    assert.equal(refund.amount, 250);
    assert.equal((await stripe.applicationFees.retrieve(idOf(fee))).amount_refunded, 250);
  }));

test("fields that can be expanded are, and others are refused", () =>
  withStripe(async (simulated) => {
    const { stripe, pay, advance } = simulated;
    const intent = await pay(10_000, "pm_card_bypassPending");
    await advance(60);
    const [transaction] = (await stripe.balanceTransactions.list({ expand: ["data.source"] })).data;
    assert.equal((transaction?.source as Stripe.Charge).id, idOf(intent.latest_charge));
    const payout = await stripe.payouts.create({ amount: 100, currency: "usd", expand: ["balance_transaction", "destination"] });
    assert.equal((payout.balance_transaction as Stripe.BalanceTransaction).net, -100);
    assert.equal((payout.destination as Stripe.BankAccount).object, "bank_account");
    assert.equal((await refusalOf(stripe.payouts.list({ expand: ["data.amount"] }))).statusCode, 400);
  }));
