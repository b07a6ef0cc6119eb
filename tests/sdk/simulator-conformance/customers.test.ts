/** Customers, what they pay with, and how it is saved. */

import assert from "node:assert/strict";

import { category, refused } from "./lab.js";

category("customers", (check) => {
  check("a customer keeps what is said of it", async ({ stripe }) => {
    const said = { name: "Ada", email: "ada@example.com", phone: "+4712345678", description: "First", metadata: { a: "1" } };
    const customer = await stripe.customers.create(said);
    assert.match(customer.id, /^cus_[A-Za-z0-9]{8,}$/);
    assert.equal(customer.object, "customer");
    for (const [name, value] of Object.entries(said)) assert.deepEqual({ value: (customer as never)[name] }, { value }, name);
  });

  check("a customer of whom nothing is said has nothing", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    for (const field of ["name", "email", "phone", "description", "address", "shipping", "default_source", "discount"] as const) {
      assert.equal(customer[field], null, field);
    }
    assert.deepEqual([customer.balance, customer.delinquent, customer.livemode, customer.tax_exempt], [0, false, false, "none"]);
    assert.deepEqual(customer.preferred_locales, []);
    assert.equal(customer.invoice_settings.default_payment_method, null);
  });

  check("an address is kept, and what it lacks is null", async ({ stripe }) => {
    const customer = await stripe.customers.create({ address: { city: "Oslo", country: "NO" } });
    assert.deepEqual(
      { ...customer.address },
      { city: "Oslo", country: "NO", line1: null, line2: null, postal_code: null, state: null },
    );
  });

  check("shipping of a customer is kept", async ({ stripe }) => {
    const customer = await stripe.customers.create({ shipping: { name: "Ada", address: { line1: "Street 1" } } });
    assert.equal(customer.shipping?.name, "Ada");
    assert.equal(customer.shipping?.address?.line1, "Street 1");
  });

  check("a change leaves what it does not name", async ({ stripe }) => {
    const { id } = await stripe.customers.create({ name: "Ada", email: "ada@example.com" });
    const customer = await stripe.customers.update(id, { name: "Grace" });
    assert.deepEqual([customer.name, customer.email], ["Grace", "ada@example.com"]);
  });

  check("an empty text unsets a field", async ({ stripe }) => {
    const { id } = await stripe.customers.create({ name: "Ada", metadata: { a: "1", b: "2" } });
    const customer = await stripe.customers.update(id, { name: "", metadata: { a: null } as never });
    assert.equal(customer.name, null);
    assert.deepEqual({ ...customer.metadata }, { b: "2" });
  });

  check("a deleted customer says so, and answers that from then on", async ({ stripe }) => {
    const { id } = await stripe.customers.create({ name: "Ada" });
    const deleted = await stripe.customers.del(id);
    assert.deepEqual({ ...deleted }, { id, object: "customer", deleted: true });
    assert.deepEqual({ ...(await stripe.customers.retrieve(id)) }, { id, object: "customer", deleted: true });
  });

  check("a deleted customer is not changed", async ({ stripe }) => {
    const { id } = await stripe.customers.create();
    await stripe.customers.del(id);
    await refused(stripe.customers.update(id, { name: "x" }), { status: 404, code: "resource_missing" });
  });

  check("a deleted customer is not deleted again", async ({ stripe }) => {
    const { id } = await stripe.customers.create();
    await stripe.customers.del(id);
    await refused(stripe.customers.del(id), { status: 404, code: "resource_missing" });
  });

  check("a deleted customer pays nothing", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    await lab.stripe.customers.del(id);
    await refused(lab.pay(1_000, { customer: id }), { status: 400, code: "resource_missing", param: "customer" });
  });

  check("a deleted customer is not listed", async ({ stripe }) => {
    const email = "gone@example.com";
    const { id } = await stripe.customers.create({ email });
    await stripe.customers.del(id);
    assert.deepEqual((await stripe.customers.list({ email })).data, []);
  });

  check("customers are listed by email", async ({ stripe }) => {
    const { id } = await stripe.customers.create({ email: "only@example.com" });
    await stripe.customers.create({ email: "other@example.com" });
    assert.deepEqual((await stripe.customers.list({ email: "only@example.com" })).data.map((found) => found.id), [id]);
  });

  check("a customer nobody knows is a 404 that names it", async ({ stripe }) => {
    await refused(stripe.customers.retrieve("cus_nobody"), {
      status: 404,
      type: "invalid_request_error",
      code: "resource_missing",
      param: "id",
      message: /No such customer: 'cus_nobody'/,
    });
  });

  check("a customer nobody knows pays nothing", async (lab) => {
    await refused(lab.pay(1_000, { customer: "cus_nobody" }), { status: 400, code: "resource_missing", param: "customer" });
  });

  check("a method is attached to a customer", async ({ stripe }) => {
    const { id } = await stripe.customers.create();
    const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: id });
    assert.equal(method.object, "payment_method");
    assert.equal(method.customer, id);
    assert.deepEqual([method.type, method.card?.brand, method.card?.last4], ["card", "visa", "4242"]);
  });

  check("the methods of a customer are listed both ways, newest first", async ({ stripe }) => {
    const { id } = await stripe.customers.create();
    const ids: string[] = [];
    for (const method of ["pm_card_visa", "pm_card_mastercard"]) {
      ids.unshift((await stripe.paymentMethods.attach(method, { customer: id })).id);
    }
    assert.deepEqual((await stripe.customers.listPaymentMethods(id)).data.map((method) => method.id), ids);
    assert.deepEqual((await stripe.paymentMethods.list({ customer: id, type: "card" })).data.map((method) => method.id), ids);
  });

  check("a method is retrieved through its customer and through no other", async ({ stripe }) => {
    const [one, other] = [await stripe.customers.create(), await stripe.customers.create()];
    const { id } = await stripe.paymentMethods.attach("pm_card_visa", { customer: one.id });
    assert.equal((await stripe.customers.retrievePaymentMethod(one.id, id)).id, id);
    await refused(stripe.customers.retrievePaymentMethod(other.id, id), { status: 404, code: "resource_missing" });
  });

  check("a method that was detached has no customer", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    const { id } = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    assert.equal((await stripe.paymentMethods.detach(id)).customer, null);
    assert.deepEqual((await stripe.customers.listPaymentMethods(customer.id)).data, []);
  });

  check("a method that was detached is gone for good", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    const { id } = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    await stripe.paymentMethods.detach(id);
    await refused(stripe.paymentMethods.attach(id, { customer: customer.id }), { status: 400, type: "invalid_request_error" });
  });

  check("a method without a customer is not detached", async ({ stripe }) => {
    const { id } = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
    await refused(stripe.paymentMethods.detach(id), { status: 400, type: "invalid_request_error" });
  });

  check("a method belongs to one customer", async ({ stripe }) => {
    const [one, other] = [await stripe.customers.create(), await stripe.customers.create()];
    const { id } = await stripe.paymentMethods.attach("pm_card_visa", { customer: one.id });
    await refused(stripe.paymentMethods.attach(id, { customer: other.id }), { status: 400, type: "invalid_request_error" });
    assert.equal((await stripe.paymentMethods.retrieve(id)).customer, one.id);
  });

  check("a method is made from a token", async ({ stripe }) => {
    const method = await stripe.paymentMethods.create({
      type: "card",
      card: { token: "tok_mastercard" },
      billing_details: { name: "Ada", address: { city: "Oslo" } },
    });
    assert.match(method.id, /^pm_/);
    assert.equal(method.card?.brand, "mastercard");
    assert.equal(method.billing_details.name, "Ada");
    assert.equal(method.billing_details.address?.city, "Oslo");
    assert.equal(method.customer, null);
  });

  check("a card has a fingerprint that is the same for the same number", async ({ stripe }) => {
    const make = () => stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
    const [one, other] = [await make(), await make()];
    assert.equal(typeof one.card?.fingerprint, "string");
    assert.equal(one.card?.fingerprint, other.card?.fingerprint);
  });

  check("a default method must be the customer's own", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    const own = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    const set = (id: string) => stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } });
    assert.equal((await set(own.id)).invoice_settings.default_payment_method, own.id);
    const foreign = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
    await refused(set(foreign.id), { status: 400, type: "invalid_request_error" });
  });

  check("an attached method may be changed", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    const { id } = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    const method = await stripe.paymentMethods.update(id, {
      billing_details: { name: "Ada" },
      card: { exp_month: 11, exp_year: 2041 },
      metadata: { a: "1" },
    });
    assert.deepEqual(
      [method.billing_details.name, method.card?.exp_month, method.card?.exp_year, method.metadata?.["a"]],
      ["Ada", 11, 2041, "1"],
    );
  });

  check("deleting a customer detaches its methods", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    const { id } = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    await stripe.customers.del(customer.id);
    assert.equal((await stripe.paymentMethods.retrieve(id)).customer, null);
  });

  check("what happens to a customer is told", async (lab) => {
    const { id } = await lab.stripe.customers.create({ name: "Ada" });
    await lab.stripe.customers.update(id, { name: "Grace" });
    await lab.stripe.customers.del(id);
    assert.deepEqual(await lab.told(id), ["customer.created", "customer.updated", "customer.deleted"]);
  });

  check("attaching and detaching are told", async (lab) => {
    const customer = await lab.stripe.customers.create();
    const { id } = await lab.stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    await lab.stripe.paymentMethods.detach(id);
    assert.deepEqual(await lab.told(id), ["payment_method.attached", "payment_method.detached"]);
  });

  check("a setup intent saves a method for later", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    const intent = await stripe.setupIntents.create({
      customer: customer.id,
      payment_method: "pm_card_visa",
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    });
    assert.match(intent.id, /^seti_/);
    assert.deepEqual([intent.status, intent.usage], ["succeeded", "off_session"]);
    assert.equal((await stripe.paymentMethods.retrieve(intent.payment_method as string)).customer, customer.id);
  });

  check("a setup intent waits for a method, and is canceled", async ({ stripe }) => {
    const intent = await stripe.setupIntents.create();
    assert.equal(intent.status, "requires_payment_method");
    assert.match(intent.client_secret ?? "", new RegExp(`^${intent.id}_secret_`));
    assert.equal((await stripe.setupIntents.cancel(intent.id)).status, "canceled");
  });

  check("a setup intent refuses a declining card", async ({ stripe }) => {
    const customer = await stripe.customers.create();
    const call = stripe.setupIntents.create({
      customer: customer.id,
      payment_method: "pm_card_visa_chargeDeclined",
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    });
    const error = await refused(call, { status: 402, code: "card_declined" });
    assert.equal(error.setup_intent?.status, "requires_payment_method");
  });

  check("a card of a token is kept by the older door, and charged", async ({ stripe }) => {
    const { id } = await stripe.customers.create();
    const card = await stripe.customers.createSource(id, { source: "tok_visa" });
    assert.ok(card.object === "card");
    assert.deepEqual([card.brand, card.last4, card.funding, card.customer], ["Visa", "4242", "credit", id]);
    assert.equal((await stripe.customers.retrieve(id) as { default_source: unknown }).default_source, card.id);
    const charge = await stripe.charges.create({ amount: 500, currency: "usd", customer: id });
    assert.deepEqual([charge.paid, charge.customer], [true, id]);
    assert.deepEqual({ ...(await stripe.customers.retrieveSource(id, card.id)) }, { ...card });
  });

  check("the first card stays the default, and the list tells of all, the newest first", async ({ stripe }) => {
    const { id } = await stripe.customers.create();
    const first = await stripe.customers.createSource(id, { source: "tok_visa" });
    const second = await stripe.customers.createSource(id, { source: "tok_mastercard" });
    assert.equal((await stripe.customers.retrieve(id) as { default_source: unknown }).default_source, first.id);
    const { data, has_more: hasMore } = await stripe.customers.listSources(id, { object: "card" });
    assert.deepEqual([data.map((card) => card.id), hasMore], [[second.id, first.id], false]);
    assert.deepEqual((await stripe.customers.listSources(id, { object: "bank_account" })).data, []);
    const charge = await stripe.charges.create({ amount: 500, currency: "usd", customer: id, source: second.id });
    assert.equal((charge.source as { last4?: string }).last4, "4444");
  });

  check("a card that was deleted is no one's", async ({ stripe }) => {
    const { id } = await stripe.customers.create({ source: "tok_visa" });
    const { data } = await stripe.customers.listSources(id);
    const card = data[0]?.id ?? "";
    assert.deepEqual({ ...(await stripe.customers.deleteSource(id, card)) }, { id: card, object: "card", deleted: true });
    assert.equal((await stripe.customers.retrieve(id) as { default_source: unknown }).default_source, null);
    await refused(stripe.customers.retrieveSource(id, card), { status: 404, code: "resource_missing" });
    await refused(stripe.charges.create({ amount: 500, currency: "usd", customer: id }), { status: 402, code: "missing" });
  });

  check("a source that is no token, a declined one and none at all are refused", async ({ stripe }) => {
    const { id } = await stripe.customers.create();
    await refused(stripe.customers.createSource(id, { source: "tok_nobody" }), { status: 400, code: "resource_missing", param: "source" });
    await refused(stripe.customers.createSource(id, { source: "tok_chargeDeclined" }), { status: 402, code: "card_declined" });
    await refused(stripe.customers.createSource(id, {} as never), { status: 400, code: "parameter_missing", param: "source" });
    await refused(stripe.customers.createSource("cus_nobody", { source: "tok_visa" }), { status: 404, code: "resource_missing" });
    assert.deepEqual((await stripe.customers.listSources(id)).data, []);
  });
});
