/** Payment intents from creation to success, without capture by hand and without refusals of cards. */

import assert from "node:assert/strict";

import { CARD_AT_ONCE, category, refused } from "./lab.js";

category("intents", (check) => {
  check("an intent without a method requires one", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    assert.equal(intent.object, "payment_intent");
    assert.equal(intent.status, "requires_payment_method");
    assert.equal(intent.amount, 2_000);
    assert.equal(intent.livemode, false);
  });

  check("an intent has an id and a client secret that begins with it", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    assert.match(intent.id, /^pi_[A-Za-z0-9]{10,}$/);
    assert.match(intent.client_secret ?? "", new RegExp(`^${intent.id}_secret_[A-Za-z0-9]+$`));
  });

  check("a new intent has nothing of what comes later", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    for (const field of [
      "canceled_at", "cancellation_reason", "customer", "description", "last_payment_error", "latest_charge", "next_action",
      "payment_method", "processing", "receipt_email", "review", "setup_future_usage", "shipping", "statement_descriptor",
      "statement_descriptor_suffix", "transfer_data", "transfer_group", "on_behalf_of", "application", "application_fee_amount",
    ] as const) {
      assert.equal(intent[field], null, field);
    }
    assert.equal(intent.amount_capturable, 0);
    assert.equal(intent.amount_received, 0);
    assert.deepEqual(intent.metadata, {});
  });

  check("capture is automatic and asynchronous when nothing is said", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    assert.equal(intent.capture_method, "automatic_async");
    assert.equal(intent.confirmation_method, "automatic");
  });

  check("payment methods are automatic when nothing is said, and cards are among them", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    assert.equal(intent.automatic_payment_methods?.enabled, true);
    assert.ok(intent.payment_method_types.includes("card"));
  });

  check("whether redirects are allowed is kept", async ({ stripe }) => {
    const automatic_payment_methods = { enabled: true, allow_redirects: "never" } as const;
    const intent = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd", automatic_payment_methods });
    assert.deepEqual({ ...intent.automatic_payment_methods }, automatic_payment_methods);
  });

  check("an intent with a method requires confirmation", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd", payment_method: "pm_card_visa" });
    assert.equal(intent.status, "requires_confirmation");
    assert.match(intent.payment_method as string, /^pm_[A-Za-z0-9]{10,}$/);
  });

  check("a confirmed intent succeeds and has received the amount", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd", payment_method: "pm_card_visa" });
    const intent = await stripe.paymentIntents.confirm(id, { return_url: "https://example.com/done" });
    assert.equal(intent.status, "succeeded");
    assert.equal(intent.amount_received, 2_000);
    assert.match(intent.latest_charge as string, /^ch_/);
  });

  check("a method may be given at confirmation", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    const intent = await stripe.paymentIntents.confirm(id, {
      payment_method: "pm_card_mastercard",
      return_url: "https://example.com/done",
    });
    assert.equal(intent.status, "succeeded");
  });

  check("an intent may be confirmed as it is created", async (lab) => {
    const intent = await lab.pay(1_234);
    assert.equal(intent.status, "succeeded");
    assert.equal(intent.amount_received, 1_234);
    assert.equal(intent.amount_capturable, 0);
  });

  check("a server's confirmation that might redirect needs a return_url", async ({ stripe }) => {
    const call = stripe.paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      confirm: true,
      payment_method: "pm_card_visa",
      automatic_payment_methods: { enabled: true },
    });
    await refused(call, { status: 400, type: "invalid_request_error", message: /return_url/ });
  });

  check("return_url at creation is for confirmation only", async ({ stripe }) => {
    const call = stripe.paymentIntents.create({ amount: 2_000, currency: "usd", return_url: "https://example.com" });
    await refused(call, { status: 400, message: /return_url/ });
  });

  check("what is retrieved is what was created", async (lab) => {
    const intent = await lab.pay();
    assert.equal(JSON.stringify(await lab.stripe.paymentIntents.retrieve(intent.id)), JSON.stringify(intent));
  });

  check("a test method becomes another one at every use", async (lab) => {
    const [first, second] = [await lab.pay(), await lab.pay()];
    assert.notEqual(first.payment_method, second.payment_method);
  });

  check("what is said of an intent is kept", async ({ stripe }) => {
    const said = {
      amount: 2_000,
      currency: "usd",
      description: "Order 7",
      receipt_email: "ada@example.com",
      statement_descriptor_suffix: "ORDER 7",
      transfer_group: "group-7",
      setup_future_usage: "off_session",
      metadata: { order: "7" },
    } as const;
    const intent = await stripe.paymentIntents.create(said);
    for (const [name, value] of Object.entries(said)) {
      assert.deepEqual({ value: (intent as never)[name] }, { value }, name);
    }
  });

  check("shipping is kept whole", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      shipping: { name: "Ada", phone: "+47 1", address: { line1: "Street 1", city: "Oslo", country: "NO", postal_code: "0150" } },
    });
    assert.equal(intent.shipping?.name, "Ada");
    assert.equal(intent.shipping?.address?.city, "Oslo");
    assert.equal(intent.shipping?.address?.line2, null);
    assert.equal(intent.shipping?.tracking_number, null);
  });

  check("a currency in upper case is answered in lower case", async ({ stripe }) => {
    assert.equal((await stripe.paymentIntents.create({ amount: 2_000, currency: "EUR" })).currency, "eur");
  });

  check("a currency without minor units is taken as it is", async (lab) => {
    const intent = await lab.pay(500, { currency: "jpy" });
    assert.equal(intent.currency, "jpy");
    assert.equal(intent.amount_received, 500);
  });

  check("amount, description and metadata may be changed before confirmation", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd", metadata: { a: "1", b: "2" } });
    const intent = await stripe.paymentIntents.update(id, { amount: 3_000, description: "New", metadata: { b: "3" } });
    assert.equal(intent.amount, 3_000);
    assert.equal(intent.description, "New");
    assert.deepEqual({ ...intent.metadata }, { a: "1", b: "3" });
  });

  check("an empty value takes a key of metadata away", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd", metadata: { a: "1", b: "2" } });
    const intent = await stripe.paymentIntents.update(id, { metadata: { a: "" } });
    assert.deepEqual({ ...intent.metadata }, { b: "2" });
  });

  check("metadata as a whole is taken away by an empty value", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd", metadata: { a: "1" } });
    const intent = await stripe.paymentIntents.update(id, { metadata: "" });
    assert.deepEqual({ ...intent.metadata }, {});
  });

  check("the method of an update must be confirmed again", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    const intent = await stripe.paymentIntents.update(id, { payment_method: "pm_card_visa" });
    assert.equal(intent.status, "requires_confirmation");
  });

  check("the amount of a payment that succeeded stays", async (lab) => {
    const { id } = await lab.pay();
    await refused(lab.stripe.paymentIntents.update(id, { amount: 5_000 }), { status: 400, code: "payment_intent_unexpected_state" });
    assert.equal((await lab.stripe.paymentIntents.retrieve(id)).amount, 1_000);
  });

  check("metadata of a payment that succeeded may be changed", async (lab) => {
    const { id } = await lab.pay();
    const intent = await lab.stripe.paymentIntents.update(id, { metadata: { shipped: "yes" } });
    assert.equal(intent.metadata["shipped"], "yes");
    assert.equal(intent.status, "succeeded");
  });

  check("confirming twice is refused and shows the intent", async (lab) => {
    const { id } = await lab.pay();
    const error = await refused(lab.stripe.paymentIntents.confirm(id), {
      status: 400,
      type: "invalid_request_error",
      code: "payment_intent_unexpected_state",
    });
    assert.equal(error.payment_intent?.id, id);
    assert.equal(error.payment_intent?.status, "succeeded");
  });

  check("confirming without a method is refused", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    await refused(stripe.paymentIntents.confirm(id, { return_url: "https://example.com" }), {
      status: 400,
      code: "payment_intent_unexpected_state",
      message: /payment method/,
    });
  });

  check("a canceled intent says when and why", async ({ stripe }) => {
    const { id, created } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    const intent = await stripe.paymentIntents.cancel(id, { cancellation_reason: "requested_by_customer" });
    assert.equal(intent.status, "canceled");
    assert.equal(intent.cancellation_reason, "requested_by_customer");
    assert.ok((intent.canceled_at ?? 0) >= created);
  });

  check("an intent is canceled without a reason too", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd", payment_method: "pm_card_visa" });
    const intent = await stripe.paymentIntents.cancel(id);
    assert.equal(intent.status, "canceled");
    assert.equal(intent.cancellation_reason, null);
  });

  check("a reason that is none is refused", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    const cancel = stripe.paymentIntents.cancel(id, { cancellation_reason: "bored" as never });
    await refused(cancel, { status: 400, param: "cancellation_reason" });
  });

  check("a payment that succeeded is not canceled", async (lab) => {
    const { id } = await lab.pay();
    await refused(lab.stripe.paymentIntents.cancel(id), { status: 400, code: "payment_intent_unexpected_state" });
    assert.equal((await lab.stripe.paymentIntents.retrieve(id)).status, "succeeded");
  });

  check("an intent is canceled once", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    await stripe.paymentIntents.cancel(id);
    await refused(stripe.paymentIntents.cancel(id), { status: 400, code: "payment_intent_unexpected_state" });
  });

  check("a canceled intent is not confirmed", async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd", payment_method: "pm_card_visa" });
    await stripe.paymentIntents.cancel(id);
    const confirm = stripe.paymentIntents.confirm(id, { return_url: "https://example.com" });
    await refused(confirm, { status: 400, code: "payment_intent_unexpected_state" });
  });

  check("the charge of a payment says what was paid and how", async (lab) => {
    const payment = await lab.pay(1_500, { description: "Order 8", metadata: { order: "8" } });
    const charge = await lab.charge(payment);
    assert.equal(charge.object, "charge");
    assert.equal(charge.payment_intent, payment.id);
    assert.equal(charge.payment_method, payment.payment_method);
    assert.deepEqual(
      [charge.amount, charge.amount_captured, charge.amount_refunded, charge.currency],
      [1_500, 1_500, 0, "usd"],
    );
    assert.deepEqual([charge.status, charge.paid, charge.captured, charge.refunded, charge.disputed], ["succeeded", true, true, false, false]);
    assert.equal(charge.description, "Order 8");
    assert.deepEqual({ ...charge.metadata }, { order: "8" });
  });

  check("the charge of a payment knows the card", async (lab) => {
    const { payment_method_details: details } = await lab.charge(await lab.pay());
    assert.equal(details?.type, "card");
    assert.deepEqual([details?.card?.brand, details?.card?.last4, details?.card?.funding, details?.card?.country], ["visa", "4242", "credit", "US"]);
    assert.equal(typeof details?.card?.exp_month, "number");
    assert.equal(details?.card?.network, "visa");
  });

  check("the charge of a payment has the outcome of an approval", async (lab) => {
    const { outcome, failure_code, failure_message } = await lab.charge(await lab.pay());
    assert.equal(outcome?.network_status, "approved_by_network");
    assert.equal(outcome?.type, "authorized");
    assert.equal(outcome?.risk_level, "normal");
    assert.equal(outcome?.seller_message, "Payment complete.");
    assert.deepEqual([failure_code, failure_message], [null, null]);
  });

  check("what is said of a charge is changed, and told", async (lab) => {
    const id = (await lab.pay(1_000, { capture_method: "automatic" })).latest_charge as string;
    const charge = await lab.stripe.charges.update(id, { description: "Order 10", metadata: { order: "10" } });
    assert.deepEqual([charge.description, charge.metadata["order"]], ["Order 10", "10"]);
    assert.ok((await lab.told(id)).includes("charge.updated"));
  });

  check("each brand has its test method", async (lab) => {
    for (const brand of ["mastercard", "amex", "discover", "diners", "jcb", "unionpay"]) {
      const charge = await lab.charge(await lab.pay(900, { payment_method: `pm_card_${brand}` }));
      assert.equal(charge.payment_method_details?.card?.brand, brand);
    }
  });

  check("a method may be described instead of named", async (lab) => {
    const { payment_method: _, ...rest } = { payment_method: undefined, ...CARD_AT_ONCE };
    const intent = await lab.stripe.paymentIntents.create({
      amount: 1_000,
      ...rest,
      payment_method_data: { type: "card", card: { token: "tok_visa" } } as never,
    });
    assert.equal(intent.status, "succeeded");
  });

  check("a card that needs authentication requires an action", async (lab) => {
    const intent = await lab.pay(1_000, { payment_method: "pm_card_threeDSecure2Required" });
    assert.equal(intent.status, "requires_action");
    assert.ok(intent.next_action);
    assert.equal(intent.amount_received, 0);
  });

  check("with a return_url the action is a redirect that comes back there", async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({
      amount: 1_000,
      currency: "usd",
      confirm: true,
      payment_method: "pm_card_threeDSecure2Required",
      return_url: "https://example.com/done",
    });
    assert.equal(intent.next_action?.type, "redirect_to_url");
    assert.equal(intent.next_action?.redirect_to_url?.return_url, "https://example.com/done");
    assert.match(intent.next_action?.redirect_to_url?.url ?? "", /^https?:\/\//);
  });

  check("an intent that waits for authentication may be canceled", async (lab) => {
    const { id } = await lab.pay(1_000, { payment_method: "pm_card_threeDSecure2Required" });
    assert.equal((await lab.stripe.paymentIntents.cancel(id)).status, "canceled");
  });

  check("an action may be asked to be an error", async (lab) => {
    const call = lab.pay(1_000, { payment_method: "pm_card_authenticationRequired", error_on_requires_action: true });
    await refused(call, { status: 402, type: "card_error", code: "authentication_required" });
  });

  check("an intent that saves its method attaches it to the customer", async (lab) => {
    const customer = await lab.stripe.customers.create();
    const intent = await lab.pay(1_000, { customer: customer.id, setup_future_usage: "off_session" });
    const method = await lab.stripe.paymentMethods.retrieve(intent.payment_method as string);
    assert.equal(method.customer, customer.id);
  });

  check("an intent that does not save its method leaves the customer without it", async (lab) => {
    const customer = await lab.stripe.customers.create();
    const intent = await lab.pay(1_000, { customer: customer.id });
    const method = await lab.stripe.paymentMethods.retrieve(intent.payment_method as string);
    assert.equal(method.customer, null);
  });

  check("a saved method pays again, off session", async (lab) => {
    const customer = await lab.stripe.customers.create();
    const { payment_method } = await lab.pay(1_000, { customer: customer.id, setup_future_usage: "off_session" });
    const again = await lab.pay(700, { customer: customer.id, payment_method: payment_method as string, off_session: true });
    assert.equal(again.status, "succeeded");
    assert.equal(again.payment_method, payment_method);
  });

  check("the method of a customer needs the customer", async (lab) => {
    const customer = await lab.stripe.customers.create();
    const method = await lab.stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    await refused(lab.pay(1_000, { payment_method: method.id }), { status: 400, message: /[Cc]ustomer/ });
  });

  check("a method that was used without a customer is used up", async (lab) => {
    const { payment_method } = await lab.pay();
    await refused(lab.pay(1_000, { payment_method: payment_method as string }), { status: 400 });
  });

  check("intents are listed by customer", async (lab) => {
    const customer = await lab.stripe.customers.create();
    const mine = await lab.pay(1_000, { customer: customer.id });
    await lab.pay();
    const { data } = await lab.stripe.paymentIntents.list({ customer: customer.id });
    assert.deepEqual(data.map(({ id }) => id), [mine.id]);
  });

  check("payment_method_types is refused by name since endive", async ({ stripe }) => {
    const call = stripe.paymentIntents.create({ amount: 1_000, currency: "usd", payment_method_types: ["card"] } as never);
    await refused(call, { status: 400, type: "invalid_request_error", code: "payment_method_types_no_longer_supported" });
  });

  check("payment_method_types is taken by an older version", async ({ stripe }) => {
    const options = { apiVersion: "2025-03-31.basil" } as never;
    const params = { amount: 1_000, currency: "usd", payment_method_types: ["card"] } as never;
    const intent = await stripe.paymentIntents.create(params, options);
    assert.deepEqual([...intent.payment_method_types], ["card"]);
  });
});
