import assert from "node:assert/strict";
import { test } from "node:test";

import type Stripe from "stripe";

import { idOf, refusalOf, withStripe, type SimulatedStripe } from "./simulated-stripe.js";

const DAY = 86_400;
/** 2026-01-31T12:00:00Z: the month after has no such day. */
const JANUARY_31 = 1_769_860_800;
const FEBRUARY_28 = 1_772_280_000;
const MARCH_31 = 1_774_958_400;

/** A product with a price of 20.00 a month. */
async function monthly(stripe: Stripe, more: Partial<Stripe.PriceCreateParams> = {}): Promise<Stripe.Price> {
  const product = await stripe.products.create({ name: "Tea club" });
  return stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 2_000,
    recurring: { interval: "month" },
    ...more,
  });
}

/** A customer who pays with a test method by default, on a test clock where one is given. */
async function subscriber(stripe: Stripe, method = "pm_card_visa", clock?: string): Promise<Stripe.Customer> {
  const customer = await stripe.customers.create({
    email: "ada@example.com",
    name: "Ada",
    ...(clock === undefined ? {} : { test_clock: clock }),
  });
  const attached = await stripe.paymentMethods.attach(method, { customer: customer.id });
  return stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: attached.id } });
}

/** A customer on a clock with a monthly subscription that began on the 31st of January. */
async function subscribed({ stripe }: SimulatedStripe, method = "pm_card_visa") {
  const price = await monthly(stripe);
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: JANUARY_31 });
  const customer = await subscriber(stripe, method, clock.id);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    expand: ["latest_invoice"],
  });
  return { price, clock, customer, subscription };
}

const invoiceOf = (subscription: Stripe.Subscription): Stripe.Invoice => {
  const invoice = subscription.latest_invoice;
  assert.ok(typeof invoice === "object" && invoice !== null);
  return invoice;
};

test("a product is created, updated, listed and deleted", () =>
  withStripe(async ({ stripe, eventTypes }) => {
    const product = await stripe.products.create({ name: "Tea", description: "Green", metadata: { a: "1" } });
    assert.match(product.id, /^prod_/);
    assert.deepEqual(
      [product.object, product.active, product.name, product.description, product.default_price, product.type],
      ["product", true, "Tea", "Green", null, "service"],
    );
    assert.deepEqual([product.images, product.marketing_features, product.updated], [[], [], product.created]);
    const changed = await stripe.products.update(product.id, { name: "Black tea", description: "" });
    assert.deepEqual([changed.name, changed.description, changed.metadata], ["Black tea", null, { a: "1" }]);
    assert.deepEqual((await stripe.products.list()).data.map(({ id }) => id), [product.id]);
    assert.equal((await stripe.products.list({ active: false })).data.length, 0);
    assert.deepEqual(await stripe.products.del(product.id), { id: product.id, object: "product", deleted: true });
    assert.equal((await refusalOf(stripe.products.retrieve(product.id))).code, "resource_missing");
    assert.deepEqual(await eventTypes("product."), ["product.created", "product.updated", "product.deleted"]);
    const own = await stripe.products.create({ id: "tea_1", name: "Own id" });
    assert.equal(own.id, "tea_1");
    assert.equal((await refusalOf(stripe.products.create({ id: "tea_1", name: "Again" }))).code, "resource_already_exists");
    const price = await stripe.prices.create({ product: "tea_1", currency: "usd", unit_amount: 5 });
    assert.equal(price.product, "tea_1");
    assert.equal((await refusalOf(stripe.products.create({} as never))).param, "name");
  }));

test("a price is of one product, once or recurring, and its amount never changes", () =>
  withStripe(async ({ stripe, eventTypes }) => {
    const price = await monthly(stripe, { lookup_key: "club", nickname: "Club" });
    assert.match(price.id, /^price_/);
    assert.deepEqual(
      [price.object, price.type, price.currency, price.unit_amount, `${price.unit_amount_decimal}`, price.billing_scheme],
      ["price", "recurring", "usd", 2_000, "2000", "per_unit"],
    );
    assert.deepEqual(price.recurring, {
      interval: "month",
      interval_count: 1,
      meter: null,
      trial_period_days: null,
      usage_type: "licensed",
    });
    assert.deepEqual(
      [price.active, price.lookup_key, price.nickname, price.tiers_mode, price.tax_behavior],
      [true, "club", "Club", null, "unspecified"],
    );
    const once = await stripe.prices.create({ product: idOf(price.product), currency: "eur", unit_amount: 500 });
    assert.deepEqual([once.type, once.recurring], ["one_time", null]);
    const made = await stripe.prices.create({ product_data: { name: "Cup" }, currency: "usd", unit_amount: 900 });
    assert.equal((await stripe.products.retrieve(idOf(made.product))).name, "Cup");
    const off = await stripe.prices.update(once.id, { active: false, nickname: "old" });
    assert.deepEqual([off.active, off.nickname], [false, "old"]);
    const refusal = await refusalOf(stripe.prices.update(once.id, { unit_amount: 1 } as never));
    assert.deepEqual([refusal.code, refusal.param], ["parameter_unknown", "unit_amount"]);
    const ids = async (params: Stripe.PriceListParams) => (await stripe.prices.list(params)).data.map(({ id }) => id);
    assert.deepEqual(await ids({}), [made.id, once.id, price.id]);
    assert.deepEqual(await ids({ lookup_keys: ["club"] }), [price.id]);
    assert.deepEqual(await ids({ type: "one_time", active: true }), [made.id]);
    assert.deepEqual(await ids({ product: idOf(price.product), currency: "usd" }), [price.id]);
    assert.equal((await eventTypes("price.created")).length, 3);
  }));

test("a subscription is paid at once: active, with a paid invoice and a payment behind it", () =>
  withStripe(async ({ stripe, eventTypes }) => {
    const price = await monthly(stripe);
    const customer = await subscriber(stripe);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id, quantity: 2 }],
      metadata: { plan: "club" },
      expand: ["latest_invoice.payments"],
    });
    assert.match(subscription.id, /^sub_/);
    assert.equal(subscription.status, "active");
    assert.equal(subscription.customer, customer.id);
    assert.equal(subscription.currency, "usd");
    assert.equal(subscription.collection_method, "charge_automatically");
    assert.equal(subscription.cancel_at_period_end, false);
    assert.equal(subscription.billing_cycle_anchor, subscription.created);
    assert.equal("current_period_end" in subscription, false);
    const [item] = subscription.items.data;
    assert.match(item?.id ?? "", /^si_/);
    assert.deepEqual([item?.quantity, item?.price.id, item?.subscription], [2, price.id, subscription.id]);
    assert.equal(item?.current_period_start, subscription.created);
    assert.ok((item?.current_period_end ?? 0) > subscription.created + 27 * DAY);

    const invoice = invoiceOf(subscription);
    assert.match(invoice.id, /^in_/);
    assert.deepEqual(
      [invoice.status, invoice.billing_reason, invoice.total, invoice.amount_due, invoice.amount_paid, invoice.amount_remaining],
      ["paid", "subscription_create", 4_000, 4_000, 4_000, 0],
    );
    assert.deepEqual([invoice.attempted, invoice.attempt_count, invoice.auto_advance], [true, 1, false]);
    assert.equal(invoice.parent?.type, "subscription_details");
    assert.equal(invoice.parent?.subscription_details?.subscription, subscription.id);
    assert.deepEqual(invoice.parent?.subscription_details?.metadata, { plan: "club" });
    assert.equal("payment_intent" in invoice, false);
    assert.equal("subscription" in invoice, false);
    assert.match(invoice.number ?? "", /^[A-Z0-9]{8}-0001$/);
    const [line] = invoice.lines.data;
    assert.deepEqual([line?.amount, line?.quantity, line?.pricing?.price_details?.price], [4_000, 2, price.id]);
    assert.equal(line?.parent?.subscription_item_details?.subscription_item, item?.id);
    assert.equal(line?.description, "2 × Tea club (at $20.00 / month)");
    const [payment] = invoice.payments?.data ?? [];
    assert.deepEqual([payment?.status, payment?.amount_paid, payment?.is_default], ["paid", 4_000, true]);
    const intent = await stripe.paymentIntents.retrieve(idOf(payment?.payment.payment_intent));
    assert.deepEqual([intent.status, intent.amount, intent.customer], ["succeeded", 4_000, customer.id]);
    assert.deepEqual(await eventTypes("customer.subscription", "invoice", "charge.succeeded", "payment_intent"), [
      "customer.subscription.created",
      "invoice.created",
      "invoice.finalized",
      "payment_intent.created",
      "charge.succeeded",
      "payment_intent.succeeded",
      "invoice_payment.paid",
      "invoice.paid",
      "invoice.payment_succeeded",
      "customer.subscription.updated",
    ]);
  }));

test("a subscription whose first payment fails is incomplete, and expires after a day", () =>
  withStripe(async (simulated) => {
    const { stripe, eventTypes } = simulated;
    const { subscription, clock } = await subscribed(simulated, "pm_card_chargeCustomerFail");
    assert.equal(subscription.status, "incomplete");
    assert.equal(invoiceOf(subscription).status, "open");
    assert.ok((await eventTypes("invoice")).includes("invoice.payment_failed"));
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: JANUARY_31 + DAY });
    const expired = await stripe.subscriptions.retrieve(subscription.id, { expand: ["latest_invoice"] });
    assert.equal(expired.status, "incomplete_expired");
    assert.equal(invoiceOf(expired).status, "void");
  }));

test("a failed first payment can be made good with another card", () =>
  withStripe(async (simulated) => {
    const { stripe } = simulated;
    const { subscription, customer } = await subscribed(simulated, "pm_card_chargeCustomerFail");
    const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    const invoice = await stripe.invoices.pay(invoiceOf(subscription).id, { payment_method: card.id });
    assert.equal(invoice.status, "paid");
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).status, "active");
  }));

test("error_if_incomplete refuses the subscription and leaves nothing behind", () =>
  withStripe(async ({ stripe }) => {
    const price = await monthly(stripe);
    const customer = await subscriber(stripe, "pm_card_chargeCustomerFail");
    const call = stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      payment_behavior: "error_if_incomplete",
    });
    assert.equal((await refusalOf(call)).statusCode, 402);
    assert.equal((await stripe.subscriptions.list({ status: "all" })).data.length, 0);
    assert.equal((await stripe.invoices.list()).data.length, 0);
  }));

test("default_incomplete waits for the payment intent of the first invoice", () =>
  withStripe(async ({ stripe }) => {
    const price = await monthly(stripe);
    const customer = await stripe.customers.create({});
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      payment_behavior: "default_incomplete",
      expand: ["latest_invoice.confirmation_secret", "latest_invoice.payments"],
    });
    assert.equal(subscription.status, "incomplete");
    const invoice = invoiceOf(subscription);
    assert.equal(invoice.status, "open");
    const secret = invoice.confirmation_secret?.client_secret ?? "";
    const intent = idOf(invoice.payments?.data[0]?.payment.payment_intent);
    assert.ok(secret.startsWith(`${intent}_secret_`));
    const paid = await stripe.paymentIntents.confirm(intent, {
      payment_method: "pm_card_visa",
      return_url: "https://shop.example/back",
    });
    assert.equal(paid.status, "succeeded");
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).status, "active");
    assert.equal((await stripe.invoices.retrieve(invoice.id)).status, "paid");
  }));

test("a subscription renews on its day, an hour after the invoice was drafted", () =>
  withStripe(async (simulated) => {
    const { stripe } = simulated;
    const { subscription, clock } = await subscribed(simulated);
    const advance = (frozen_time: number) => stripe.testHelpers.testClocks.advance(clock.id, { frozen_time });
    assert.equal(subscription.items.data[0]?.current_period_end, FEBRUARY_28);
    await advance(FEBRUARY_28 + 60);
    const draft = await stripe.subscriptions.retrieve(subscription.id, { expand: ["latest_invoice"] });
    assert.deepEqual([invoiceOf(draft).status, invoiceOf(draft).billing_reason], ["draft", "subscription_cycle"]);
    assert.equal(draft.items.data[0]?.current_period_start, FEBRUARY_28);
    assert.equal(draft.items.data[0]?.current_period_end, MARCH_31);
    await advance(FEBRUARY_28 + 3_700);
    const renewed = await stripe.subscriptions.retrieve(subscription.id, { expand: ["latest_invoice"] });
    assert.deepEqual([renewed.status, invoiceOf(renewed).status], ["active", "paid"]);
    assert.equal((await stripe.invoices.list({ subscription: subscription.id, status: "paid" })).data.length, 2);
    assert.deepEqual((await simulated.eventTypes("customer.subscription", "invoice.")).slice(-5), [
      "customer.subscription.updated",
      "invoice.created",
      "invoice.finalized",
      "invoice.paid",
      "invoice.payment_succeeded",
    ]);
    assert.equal((await stripe.testHelpers.testClocks.retrieve(clock.id)).status, "ready");
  }));

test("a renewal that fails makes the subscription past due, and after the last retry it is canceled", () =>
  withStripe(async (simulated) => {
    const { stripe } = simulated;
    const { subscription, clock, customer } = await subscribed(simulated);
    const broken = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: customer.id });
    await stripe.subscriptions.update(subscription.id, { default_payment_method: broken.id });
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: FEBRUARY_28 + 2 * 3_600 });
    const late = await stripe.subscriptions.retrieve(subscription.id, { expand: ["latest_invoice"] });
    assert.equal(late.status, "past_due");
    const invoice = invoiceOf(late);
    assert.deepEqual([invoice.status, invoice.attempted, invoice.attempt_count], ["open", true, 1]);
    assert.ok((invoice.next_payment_attempt ?? 0) > FEBRUARY_28 + 3_600);
    assert.ok((await simulated.eventTypes("invoice.payment_failed")).length > 0);
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: FEBRUARY_28 + 29 * DAY });
    const ended = await stripe.subscriptions.retrieve(subscription.id);
    assert.equal(ended.status, "canceled");
    assert.equal(ended.cancellation_details?.reason, "payment_failed");
  }));

test("a subscription is canceled at once, or at the end of its period", () =>
  withStripe(async (simulated) => {
    const { stripe, eventTypes } = simulated;
    const one = await subscribed(simulated);
    const canceled = await stripe.subscriptions.cancel(one.subscription.id);
    assert.equal(canceled.status, "canceled");
    assert.equal(canceled.ended_at, JANUARY_31);
    assert.equal(canceled.canceled_at, JANUARY_31);
    assert.equal(canceled.cancellation_details?.reason, "cancellation_requested");
    assert.equal((await eventTypes("customer.subscription.deleted")).length, 1);
    assert.equal((await refusalOf(stripe.subscriptions.cancel(one.subscription.id))).code, "resource_missing");

    const two = await subscribed(simulated);
    const ending = await stripe.subscriptions.update(two.subscription.id, { cancel_at_period_end: true });
    assert.deepEqual(
      [ending.status, ending.cancel_at_period_end, ending.cancel_at, ending.canceled_at],
      ["active", true, FEBRUARY_28, JANUARY_31],
    );
    await stripe.testHelpers.testClocks.advance(two.clock.id, { frozen_time: FEBRUARY_28 + 60 });
    const ended = await stripe.subscriptions.retrieve(two.subscription.id);
    assert.deepEqual([ended.status, ended.ended_at], ["canceled", FEBRUARY_28]);
    assert.equal((await stripe.invoices.list({ subscription: two.subscription.id })).data.length, 1);
    const live = await stripe.subscriptions.list({ customer: two.customer.id });
    assert.equal(live.data.length, 0, "canceled subscriptions are listed only when asked for");
    assert.equal((await stripe.subscriptions.list({ customer: two.customer.id, status: "canceled" })).data.length, 1);
  }));

test("a trial costs nothing until it ends", () =>
  withStripe(async ({ stripe, eventTypes }) => {
    const price = await monthly(stripe);
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: JANUARY_31 });
    const customer = await subscriber(stripe, "pm_card_visa", clock.id);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      trial_period_days: 14,
      expand: ["latest_invoice"],
    });
    const end = JANUARY_31 + 14 * DAY;
    assert.deepEqual(
      [subscription.status, subscription.trial_start, subscription.trial_end],
      ["trialing", JANUARY_31, end],
    );
    assert.deepEqual([invoiceOf(subscription).status, invoiceOf(subscription).total], ["paid", 0]);
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: end + 2 * 3_600 });
    const after = await stripe.subscriptions.retrieve(subscription.id, { expand: ["latest_invoice"] });
    assert.deepEqual([after.status, invoiceOf(after).status, invoiceOf(after).total], ["active", "paid", 2_000]);
    assert.ok((await eventTypes()).includes("customer.subscription.trial_will_end"));
  }));

test("an invoice of the merchant's own: items, draft, finalize, pay", () =>
  withStripe(async ({ stripe, eventTypes }) => {
    const customer = await subscriber(stripe);
    const item = await stripe.invoiceItems.create({
      customer: customer.id,
      amount: 1_500,
      currency: "usd",
      description: "A day of work",
    });
    assert.match(item.id, /^ii_/);
    assert.deepEqual([item.object, item.amount, item.quantity, item.invoice], ["invoiceitem", 1_500, 1, null]);
    const draft = await stripe.invoices.create({
      customer: customer.id,
      pending_invoice_items_behavior: "include",
      auto_advance: false,
    });
    assert.deepEqual(
      [draft.status, draft.number, draft.total, draft.billing_reason, draft.parent, draft.customer_email],
      ["draft", null, 1_500, "manual", null, "ada@example.com"],
    );
    assert.equal((await stripe.invoiceItems.retrieve(item.id)).invoice, draft.id);
    assert.equal((await refusalOf(stripe.invoices.voidInvoice(draft.id))).statusCode, 400);
    const open = await stripe.invoices.finalizeInvoice(draft.id);
    assert.equal(open.status, "open");
    assert.ok(open.number);
    assert.ok(open.hosted_invoice_url?.startsWith("https://"));
    assert.equal((await refusalOf(stripe.invoices.del(draft.id))).statusCode, 400);
    const paid = await stripe.invoices.pay(draft.id);
    assert.deepEqual([paid.status, paid.amount_paid, paid.amount_remaining], ["paid", 1_500, 0]);
    assert.ok(paid.status_transitions.paid_at);
    assert.equal((await refusalOf(stripe.invoices.pay(draft.id))).statusCode, 400);
    assert.deepEqual(await eventTypes("invoice"), [
      "invoiceitem.created",
      "invoice.created",
      "invoice.finalized",
      "invoice_payment.paid",
      "invoice.paid",
      "invoice.payment_succeeded",
    ]);
  }));

test("an invoice that is not paid is voided, given up, or paid elsewhere", () =>
  withStripe(async ({ stripe }) => {
    const customer = await stripe.customers.create({ email: "bob@example.com" });
    const open = async () => {
      const draft = await stripe.invoices.create({ customer: customer.id, collection_method: "send_invoice", days_until_due: 30 });
      await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 700, currency: "usd" });
      return stripe.invoices.finalizeInvoice(draft.id);
    };
    const first = await open();
    assert.equal(first.amount_due, 700);
    assert.ok(first.due_date !== null && first.due_date > first.created);
    assert.equal((await stripe.invoices.voidInvoice(first.id)).status, "void");
    assert.equal((await stripe.invoices.markUncollectible((await open()).id)).status, "uncollectible");
    const elsewhere = await stripe.invoices.pay((await open()).id, { paid_out_of_band: true });
    assert.deepEqual([elsewhere.status, elsewhere.amount_paid], ["paid", 700]);
    const draft = await stripe.invoices.create({ customer: customer.id });
    assert.deepEqual(await stripe.invoices.del(draft.id), { id: draft.id, object: "invoice", deleted: true });
    assert.equal((await refusalOf(stripe.invoices.retrieve(draft.id))).statusCode, 404);
  }));

test("an invoice that cannot be paid says why", () =>
  withStripe(async ({ stripe }) => {
    const customer = await subscriber(stripe, "pm_card_chargeCustomerFail");
    await stripe.invoiceItems.create({ customer: customer.id, amount: 900, currency: "usd" });
    const draft = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: "include" });
    await stripe.invoices.finalizeInvoice(draft.id);
    const refusal = await refusalOf(stripe.invoices.pay(draft.id));
    assert.deepEqual([refusal.statusCode, refusal.code], [402, "card_declined"]);
    const still = await stripe.invoices.retrieve(draft.id);
    assert.deepEqual([still.status, still.attempted, still.attempt_count], ["open", true, 1]);
  }));

test("a test clock moves forward only, and takes its customers with it", () =>
  withStripe(async ({ stripe, eventTypes }) => {
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: JANUARY_31, name: "January" });
    assert.match(clock.id, /^clock_/);
    assert.deepEqual(
      [clock.object, clock.status, clock.frozen_time, clock.name],
      ["test_helpers.test_clock", "ready", JANUARY_31, "January"],
    );
    const customer = await stripe.customers.create({ test_clock: clock.id });
    assert.equal(customer.test_clock, clock.id);
    const moved = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: JANUARY_31 + DAY });
    assert.equal(moved.status, "advancing");
    assert.equal((await stripe.testHelpers.testClocks.retrieve(clock.id)).status, "ready");
    const back = await refusalOf(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: JANUARY_31 }));
    assert.deepEqual([back.statusCode, back.param], [400, "frozen_time"]);
    const gone = await stripe.testHelpers.testClocks.del(clock.id);
    assert.deepEqual(gone, { id: clock.id, object: "test_helpers.test_clock", deleted: true });
    assert.equal(((await stripe.customers.retrieve(customer.id)) as Stripe.DeletedCustomer).deleted, true);
    assert.deepEqual(await eventTypes("test_helpers"), [
      "test_helpers.test_clock.created",
      "test_helpers.test_clock.advancing",
      "test_helpers.test_clock.ready",
      "test_helpers.test_clock.deleted",
    ]);
  }));

test("without a test clock, subscriptions renew as the gateway's own time passes", () =>
  withStripe(async ({ stripe, advance }) => {
    const price = await monthly(stripe, { recurring: { interval: "week" } });
    const customer = await subscriber(stripe);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    await advance(15 * DAY);
    const paid = await stripe.invoices.list({ subscription: subscription.id, status: "paid" });
    assert.equal(paid.data.length, 3);
    assert.deepEqual(
      paid.data.map(({ billing_reason }) => billing_reason),
      ["subscription_cycle", "subscription_cycle", "subscription_create"],
    );
  }));
