/** Lists, their pages and filters, and fields that are expanded. */

import assert from "node:assert/strict";

import type Stripe from "stripe";

import { category, refused, type Lab } from "./lab.js";

/** A customer with so many unconfirmed intents; ids newest first. */
async function shelf(lab: Lab, count: number): Promise<[string, string[]]> {
  const { id: customer } = await lab.stripe.customers.create();
  const ids: string[] = [];
  for (let amount = 100; amount < 100 + count; amount += 1) {
    ids.unshift((await lab.stripe.paymentIntents.create({ amount, currency: "usd", customer })).id);
  }
  return [customer, ids];
}

/** Every list, with where it is from; each has a member once {@link stock} was called. */
const LISTS: readonly [string, (stripe: Stripe, params: object) => Stripe.ApiListPromise<{ id: string; created?: number }>][] = [
  ["/v1/customers", (stripe, params) => stripe.customers.list(params)],
  ["/v1/payment_intents", (stripe, params) => stripe.paymentIntents.list(params)],
  ["/v1/charges", (stripe, params) => stripe.charges.list(params)],
  ["/v1/refunds", (stripe, params) => stripe.refunds.list(params)],
  ["/v1/disputes", (stripe, params) => stripe.disputes.list(params)],
  ["/v1/payouts", (stripe, params) => stripe.payouts.list(params)],
  ["/v1/balance_transactions", (stripe, params) => stripe.balanceTransactions.list(params)],
  ["/v1/setup_intents", (stripe, params) => stripe.setupIntents.list(params)],
  ["/v1/events", (stripe, params) => stripe.events.list(params)],
  ["/v1/products", (stripe, params) => stripe.products.list(params)],
];

/** Something of everything that is listed. */
async function stock(lab: Lab): Promise<void> {
  await lab.disputed();
  await lab.booked(await lab.pay(1_000_000, { payment_method: "pm_card_bypassPending" }));
  await lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id });
  await lab.stripe.payouts.create({ amount: 100, currency: "usd" });
  await lab.stripe.customers.create();
  await lab.stripe.setupIntents.create();
  await lab.stripe.products.create({ name: "Lamp" });
}

/** A list, a field of its members, and the kind of object that is there. */
const REFERENCES: readonly [string, string, string][] = [
  ["/v1/payment_intents", "latest_charge", "charge"],
  ["/v1/payment_intents", "payment_method", "payment_method"],
  ["/v1/charges", "balance_transaction", "balance_transaction"],
  ["/v1/charges", "payment_intent", "payment_intent"],
  ["/v1/refunds", "charge", "charge"],
  ["/v1/refunds", "payment_intent", "payment_intent"],
  ["/v1/refunds", "balance_transaction", "balance_transaction"],
  ["/v1/disputes", "charge", "charge"],
  ["/v1/disputes", "payment_intent", "payment_intent"],
  ["/v1/payouts", "balance_transaction", "balance_transaction"],
  ["/v1/payouts", "destination", "bank_account"],
];

const idsOf = (list: { data: readonly { id: string }[] }) => list.data.map(({ id }) => id);

category("lists and expansion", (check) => {
  for (const [url, list] of LISTS) {
    check(`${url} is a list, newest first, of which a part may be asked for`, async (lab) => {
      await stock(lab);
      const all = await list(lab.stripe, { limit: 100 });
      assert.deepEqual([all.object, all.url], ["list", url]);
      assert.equal(new Set(idsOf(all)).size, all.data.length);
      const moments = all.data.map(({ created }) => created ?? 0);
      assert.deepEqual(moments, [...moments].sort((one, other) => other - one));
      const [newest] = (await list(lab.stripe, { limit: 1 })).data;
      assert.equal(newest?.id, all.data[0]?.id);
    });

    check(`${url} is filtered by moment`, async (lab) => {
      await stock(lab);
      const created = { gte: 4_102_444_800 };
      assert.deepEqual((await list(lab.stripe, { created })).data, []);
      assert.ok((await list(lab.stripe, { created: { lt: created.gte } })).data.length > 0);
    });
  }

  for (const [url, field, kind] of REFERENCES) {
    check(`${field} of the members of ${url} is expanded`, async (lab) => {
      await stock(lab);
      await lab.advance(10);
      const list = LISTS.find(([found]) => found === url)?.[1] ?? assert.fail();
      const { data } = await list(lab.stripe, { limit: 3, expand: [`data.${field}`] });
      const found = data.map((member) => (member as Record<string, unknown>)[field] as { object?: string } | null);
      assert.ok(found.some((expanded) => expanded?.object === kind), JSON.stringify(found).slice(0, 200));
      assert.ok(found.every((expanded) => expanded === null || expanded.object === kind));
    });
  }

  check("a list says what it is and where it is from", async (lab) => {
    const [customer, ids] = await shelf(lab, 2);
    const list = await lab.stripe.paymentIntents.list({ customer });
    assert.deepEqual([list.object, list.url, list.has_more], ["list", "/v1/payment_intents", false]);
    assert.deepEqual(idsOf(list), ids);
  });

  check("a list without members is empty and ends", async ({ stripe }) => {
    const { id: customer } = await stripe.customers.create();
    const list = await stripe.paymentIntents.list({ customer });
    assert.deepEqual([list.data, list.has_more], [[], false]);
  });

  check("a page holds ten when nothing is said", async (lab) => {
    const [customer, ids] = await shelf(lab, 11);
    const list = await lab.stripe.paymentIntents.list({ customer });
    assert.deepEqual(idsOf(list), ids.slice(0, 10));
    assert.equal(list.has_more, true);
  });

  check("a page that holds exactly all has no more", async (lab) => {
    const [customer] = await shelf(lab, 3);
    assert.equal((await lab.stripe.paymentIntents.list({ customer, limit: 3 })).has_more, false);
    assert.equal((await lab.stripe.paymentIntents.list({ customer, limit: 2 })).has_more, true);
  });

  check("starting_after gives what is older", async (lab) => {
    const [customer, ids] = await shelf(lab, 5);
    const list = await lab.stripe.paymentIntents.list({ customer, limit: 2, starting_after: ids[1] as string });
    assert.deepEqual(idsOf(list), ids.slice(2, 4));
    assert.equal(list.has_more, true);
  });

  check("ending_before gives the page just before, in the same order", async (lab) => {
    const [customer, ids] = await shelf(lab, 5);
    const list = await lab.stripe.paymentIntents.list({ customer, limit: 2, ending_before: ids[4] as string });
    assert.deepEqual(idsOf(list), ids.slice(2, 4));
    assert.equal(list.has_more, true);
  });

  check("ending_before the first gives nothing", async (lab) => {
    const [customer, ids] = await shelf(lab, 2);
    const list = await lab.stripe.paymentIntents.list({ customer, ending_before: ids[0] as string });
    assert.deepEqual([list.data, list.has_more], [[], false]);
  });

  check("all pages are walked forwards", async (lab) => {
    const [customer, ids] = await shelf(lab, 7);
    const found = await lab.stripe.paymentIntents.list({ customer, limit: 3 }).autoPagingToArray({ limit: 100 });
    assert.deepEqual(found.map(({ id }) => id), ids);
  });

  check("all pages are walked backwards", async (lab) => {
    const [customer, ids] = await shelf(lab, 7);
    const list = lab.stripe.paymentIntents.list({ customer, limit: 3, ending_before: ids[6] as string });
    const found: string[] = [];
    for await (const { id } of list) found.push(id);
    assert.deepEqual(found, ids.slice(0, 6).reverse());
  });

  check("what is new while somebody walks is neither repeated nor in the way", async (lab) => {
    const [customer, ids] = await shelf(lab, 6);
    const found: string[] = [];
    for await (const { id } of lab.stripe.paymentIntents.list({ customer, limit: 2 })) {
      found.push(id);
      await lab.stripe.paymentIntents.create({ amount: 500, currency: "usd", customer });
    }
    assert.deepEqual(found, ids);
  });

  for (const limit of [0, 101, -1]) {
    check(`a limit of ${limit} is refused`, async ({ stripe }) => {
      await refused(stripe.customers.list({ limit }), { status: 400, type: "invalid_request_error", param: "limit" });
    });
  }

  check("a limit of one and of a hundred are taken", async ({ stripe }) => {
    for (const limit of [1, 100]) assert.ok((await stripe.customers.list({ limit })).data.length <= limit);
  });

  check("a cursor that is nobody's is refused", async ({ stripe }) => {
    await refused(stripe.customers.list({ starting_after: "cus_nobody" }), { code: "resource_missing", param: "starting_after" });
  });

  check("both cursors at once are refused", async (lab) => {
    const [, ids] = await shelf(lab, 2);
    const call = lab.stripe.paymentIntents.list({ starting_after: ids[0] as string, ending_before: ids[1] as string });
    await refused(call, { status: 400, type: "invalid_request_error" });
  });

  check("an unknown filter is refused", async ({ stripe }) => {
    await refused(stripe.customers.list({ colour: "red" } as never), { status: 400, code: "parameter_unknown", param: "colour" });
  });

  check("created filters by moment, with each of its bounds", async (lab) => {
    await lab.advance(10);
    const { id, created, email } = await lab.stripe.customers.create({ email: `at-${Date.now()}@example.com` });
    const has = async (bounds: Stripe.RangeQueryParam | number) =>
      idsOf(await lab.stripe.customers.list({ email: email as string, created: bounds })).includes(id);
    assert.deepEqual(
      [await has({ gte: created }), await has({ lte: created }), await has({ gt: created }), await has({ lt: created }), await has(created)],
      [true, true, false, false, true],
    );
    assert.ok(await has({ gt: created - 1, lt: created + 1 }));
  });

  check("charges are listed by customer and by intent", async (lab) => {
    const customer = (await lab.stripe.customers.create()).id;
    const payment = await lab.pay(1_000, { customer });
    for (const filter of [{ customer }, { payment_intent: payment.id }]) {
      assert.deepEqual(idsOf(await lab.stripe.charges.list(filter)), [payment.latest_charge]);
    }
  });

  check("a reference is an id until it is expanded", async (lab) => {
    const payment = await lab.pay();
    assert.equal(typeof payment.latest_charge, "string");
    const expanded = await lab.stripe.paymentIntents.retrieve(payment.id, { expand: ["latest_charge"] });
    assert.equal((expanded.latest_charge as Stripe.Charge).id, payment.latest_charge);
  });

  check("several fields are expanded at once", async (lab) => {
    const customer = (await lab.stripe.customers.create({ name: "Ada" })).id;
    const payment = await lab.pay(1_000, { customer, expand: ["customer", "payment_method", "latest_charge"] });
    assert.equal((payment.customer as Stripe.Customer).name, "Ada");
    assert.equal((payment.payment_method as Stripe.PaymentMethod).object, "payment_method");
    assert.equal((payment.latest_charge as Stripe.Charge).object, "charge");
  });

  check("a field of an expanded field is expanded", async (lab) => {
    const payment = await lab.pay(1_000, { capture_method: "automatic" });
    const found = await lab.stripe.paymentIntents.retrieve(payment.id, { expand: ["latest_charge.balance_transaction"] });
    const charge = found.latest_charge as Stripe.Charge;
    assert.equal((charge.balance_transaction as Stripe.BalanceTransaction).object, "balance_transaction");
  });

  check("a field that is null stays null when it is expanded", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 1_000, currency: "usd", expand: ["customer", "latest_charge"] });
    assert.deepEqual([intent.customer, intent.latest_charge], [null, null]);
  });

  check("members of a list are expanded through data", async (lab) => {
    const customer = (await lab.stripe.customers.create({ name: "Ada" })).id;
    await lab.pay(1_000, { customer });
    const { data } = await lab.stripe.paymentIntents.list({ customer, expand: ["data.customer"] });
    assert.equal((data[0]?.customer as Stripe.Customer).name, "Ada");
  });

  check("a member of a list is not expanded without data", async ({ stripe }) => {
    await refused(stripe.paymentIntents.list({ expand: ["customer"] }), { status: 400, type: "invalid_request_error" });
  });

  check("a field that is no reference is not expanded", async (lab) => {
    const { id } = await lab.pay();
    const call = lab.stripe.paymentIntents.retrieve(id, { expand: ["amount"] });
    await refused(call, { status: 400, type: "invalid_request_error", message: /cannot be expanded/ });
  });

  check("a field that is none is not expanded", async ({ stripe }) => {
    const call = stripe.customers.create({ expand: ["nothing"] });
    await refused(call, { status: 400, type: "invalid_request_error", message: /cannot be expanded/ });
  });

  check("five levels are too many", async (lab) => {
    const { id } = await lab.pay();
    const path = "latest_charge.payment_intent.latest_charge.payment_intent.customer";
    const call = lab.stripe.paymentIntents.retrieve(id, { expand: [path] });
    await refused(call, { status: 400, code: "property_expansion_max_depth" });
  });

  check("in a list, data is one of the levels", async (lab) => {
    const payment = await lab.pay();
    await lab.stripe.refunds.create({ payment_intent: payment.id, amount: 100 });
    const list = (path: string) => lab.stripe.refunds.list({ limit: 1, expand: [path] });
    const [refund] = (await list("data.charge.payment_intent.latest_charge")).data;
    assert.equal(typeof (refund?.charge as Stripe.Charge).payment_intent, "object");
    await refused(list("data.charge.payment_intent.latest_charge.payment_intent"), { status: 400, code: "property_expansion_max_depth" });
  });

  check("four levels are not too many", async (lab) => {
    const { id } = await lab.pay();
    const path = "latest_charge.payment_intent.latest_charge.payment_intent";
    const found = await lab.stripe.paymentIntents.retrieve(id, { expand: [path] });
    const deep = ((found.latest_charge as Stripe.Charge).payment_intent as Stripe.PaymentIntent).latest_charge as Stripe.Charge;
    assert.equal((deep.payment_intent as Stripe.PaymentIntent).id, id);
  });

  check("a refused expansion carries nothing out", async (lab) => {
    const payment = await lab.pay();
    await refused(lab.stripe.refunds.create({ payment_intent: payment.id, expand: ["nothing"] }), { status: 400 });
    assert.equal((await lab.charge(payment)).amount_refunded, 0);
  });

  check("what a deleted customer left is expanded as deleted", async (lab) => {
    const customer = (await lab.stripe.customers.create()).id;
    const payment = await lab.pay(1_000, { customer });
    await lab.stripe.customers.del(customer);
    const found = await lab.stripe.paymentIntents.retrieve(payment.id, { expand: ["customer"] });
    assert.deepEqual({ ...(found.customer as object) }, { id: customer, object: "customer", deleted: true });
  });

  check("the source of a balance transaction is expanded, whatever it is", async (lab) => {
    const { id } = await lab.booked(await lab.pay());
    const found = await lab.stripe.balanceTransactions.retrieve(id, { expand: ["source"] });
    assert.equal((found.source as Stripe.Charge).object, "charge");
  });

  check("a refund shows its charge and its payment", async (lab) => {
    const payment = await lab.pay();
    const refund = await lab.stripe.refunds.create({ payment_intent: payment.id, expand: ["charge", "payment_intent"] });
    assert.equal((refund.charge as Stripe.Charge).refunded, true);
    assert.equal((refund.payment_intent as Stripe.PaymentIntent).id, payment.id);
  });
});
