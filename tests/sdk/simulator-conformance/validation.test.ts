/** What is wrong with a request is said by name, and nothing of it happens. */

import assert from "node:assert/strict";

import { category, refused, type Expected, type Lab } from "./lab.js";

type Call = (lab: Lab) => Promise<unknown>;

/** A creation of an intent from what the types do not allow. */
const intent =
  (params: object): Call =>
  ({ stripe }) =>
    stripe.paymentIntents.create({ amount: 1_000, currency: "usd", ...params } as never);

const customer =
  (params: object): Call =>
  ({ stripe }) =>
    stripe.customers.create(params as never);

const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, "x"]));

/** What is sent, and what is said of it. All are 400 and `invalid_request_error` where nothing else stands. */
const REFUSED: readonly [string, Call, Expected][] = [
  ["an amount that is missing", intent({ amount: undefined }), { code: "parameter_missing", param: "amount" }],
  ["a currency that is missing", intent({ currency: undefined }), { code: "parameter_missing", param: "currency" }],
  ["an amount that is no number", intent({ amount: "ten" }), { code: "parameter_invalid_integer", param: "amount" }],
  ["an amount with a fraction", intent({ amount: 10.5 }), { code: "parameter_invalid_integer", param: "amount" }],
  ["an amount below zero", intent({ amount: -1 }), { code: "parameter_invalid_integer", param: "amount" }],
  ["an amount of zero", intent({ amount: 0 }), { param: "amount" }],
  ["an amount that is empty", intent({ amount: "" }), { code: "parameter_invalid_empty", param: "amount" }],
  ["a currency that is empty", intent({ currency: "" }), { code: "parameter_invalid_empty", param: "currency" }],
  ["a customer that is empty", intent({ customer: "" }), { code: "parameter_invalid_empty", param: "customer" }],
  ["an amount below the least of dollars", intent({ amount: 49 }), { code: "amount_too_small", param: "amount" }],
  ["an amount below the least of pounds", intent({ amount: 29, currency: "gbp" }), { code: "amount_too_small" }],
  ["an amount below the least of yen", intent({ amount: 49, currency: "jpy" }), { code: "amount_too_small" }],
  ["an amount above the most", intent({ amount: 100_000_000 }), { code: "amount_too_large", param: "amount" }],
  ["an amount beyond all integers", intent({ amount: "99999999999999999999999999" }), { param: "amount" }],
  ["a currency that is none", intent({ currency: "xxx" }), { param: "currency", message: /[Ii]nvalid currency/ }],
  ["a currency of two letters", intent({ currency: "us" }), { param: "currency" }],
  ["a parameter nobody knows", intent({ colour: "red" }), { code: "parameter_unknown", param: "colour" }],
  [
    "a parameter nobody knows inside another",
    intent({ shipping: { name: "Ada", address: { line1: "x" }, planet: "Mars" } }),
    { code: "parameter_unknown", param: "shipping[planet]" },
  ],
  [
    "a parameter that is missing inside another",
    intent({ shipping: { address: { line1: "x" } } }),
    { code: "parameter_missing", param: "shipping[name]" },
  ],
  ["a boolean that is none", intent({ confirm: "maybe" }), { param: "confirm", message: /boolean/ }],
  ["a choice that is none", intent({ capture_method: "later" }), { param: "capture_method", message: /one of/ }],
  ["a method nobody knows", intent({ payment_method: "pm_nobody" }), { code: "resource_missing", param: "payment_method" }],
  ["a customer nobody knows", intent({ customer: "cus_nobody" }), { code: "resource_missing", param: "customer" }],
  ["an email that is none", intent({ receipt_email: "nobody" }), { code: "email_invalid", param: "receipt_email" }],
  ["an email of a customer that is none", customer({ email: "nobody" }), { code: "email_invalid", param: "email" }],
  ["fifty-one keys of metadata", customer({ metadata: keys(51) }), { param: "metadata" }],
  ["a value of metadata that is too long", customer({ metadata: { a: "x".repeat(501) } }), { param: "metadata[a]" }],
  ["a key of metadata that is too long", customer({ metadata: { ["k".repeat(41)]: "x" } }), {}],
  ["metadata that is a text", customer({ metadata: "text" }), { param: "metadata" }],
  ["a text where an object belongs", customer({ address: "Street 1" }), { param: "address" }],
  ["an object where a text belongs", customer({ name: { first: "Ada" } }), { param: "name" }],
  ["a name that is too long", customer({ name: "x".repeat(257) }), { param: "name" }],
  [
    "a card number that is none",
    ({ stripe }) =>
      stripe.paymentMethods.create({ type: "card", card: { number: "4242424242424241", exp_month: 12, exp_year: 2040, cvc: "123" } }),
    { status: 402, type: "card_error", code: "incorrect_number" },
  ],
  [
    "a month that is none",
    ({ stripe }) =>
      stripe.paymentMethods.create({ type: "card", card: { number: "4242424242424242", exp_month: 13, exp_year: 2040 } }),
    { status: 402, type: "card_error", code: "invalid_expiry_month" },
  ],
  [
    "a year that is over",
    ({ stripe }) =>
      stripe.paymentMethods.create({ type: "card", card: { number: "4242424242424242", exp_month: 12, exp_year: 1999 } }),
    { status: 402, type: "card_error", code: "invalid_expiry_year" },
  ],
  ["a kind of method that is missing", ({ stripe }) => stripe.paymentMethods.create({} as never), { code: "parameter_missing", param: "type" }],
  [
    "attaching to nobody",
    ({ stripe }) => stripe.paymentMethods.attach("pm_card_visa", {} as never),
    { message: /customer/ },
  ],
];

category("validation", (check) => {
  for (const [what, call, expected] of REFUSED) {
    check(`${what} is refused`, async (lab) => {
      const error = await refused(call(lab), { status: 400, type: "invalid_request_error", ...expected });
      assert.ok(error.message.length > 10, error.message);
    });
  }

  check("the least amount of each currency is taken", async ({ stripe }) => {
    for (const [amount, currency] of [[50, "usd"], [50, "eur"], [30, "gbp"], [50, "jpy"]] as const) {
      assert.equal((await stripe.paymentIntents.create({ amount, currency })).amount, amount);
    }
  });

  check("the most that eight digits hold is taken", async ({ stripe }) => {
    assert.equal((await stripe.paymentIntents.create({ amount: 99_999_999, currency: "usd" })).amount, 99_999_999);
  });

  check("fifty keys of metadata with values of 500 are taken", async ({ stripe }) => {
    const metadata = { ...keys(49), long: "x".repeat(500) };
    assert.deepEqual({ ...(await stripe.customers.create({ metadata })).metadata }, metadata);
  });

  check("a refusal of a parameter points at the documentation of its code", async ({ stripe }) => {
    const error = await refused(stripe.paymentIntents.create({ currency: "usd" } as never), { code: "parameter_missing" });
    assert.match(error.doc_url ?? "", /\/error-codes\/parameter-missing$/);
    assert.match(error.message, /Missing required param: amount/);
  });

  check("the message about an unknown parameter names it", async ({ stripe }) => {
    const call = stripe.paymentIntents.create({ amount: 1_000, currency: "usd", colour: "red" } as never);
    await refused(call, { message: /Received unknown parameter: colour/ });
  });

  check("the message about an integer shows what was sent", async ({ stripe }) => {
    const call = stripe.paymentIntents.create({ amount: "ten" as never, currency: "usd" });
    await refused(call, { message: /Invalid integer: ten/ });
  });

  check("what is missing in the path is 404, and what is missing in the body is 400", async (lab) => {
    await refused(lab.stripe.paymentIntents.retrieve("pi_nobody"), { status: 404, code: "resource_missing", message: /No such payment_intent: 'pi_nobody'/ });
    await refused(lab.pay(1_000, { customer: "cus_nobody" }), { status: 400, code: "resource_missing" });
  });

  check("the id of another kind of object is not found", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    await refused(lab.stripe.paymentIntents.retrieve(id), { status: 404, code: "resource_missing" });
  });

  check("a GET takes no parameter that it does not know", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    await refused(lab.stripe.customers.retrieve(id, { colour: "red" } as never), { status: 400, code: "parameter_unknown" });
  });

  check("a refused update changes nothing of what it names rightly", async ({ stripe }) => {
    const { id } = await stripe.customers.create({ name: "Ada" });
    await refused(stripe.customers.update(id, { name: "Grace", colour: "red" } as never), { code: "parameter_unknown" });
    assert.equal(((await stripe.customers.retrieve(id)) as { name?: string | null }).name, "Ada");
  });

  check("a card without its parts is refused", async ({ stripe }) => {
    const call = stripe.paymentMethods.create({ type: "card" } as never);
    await refused(call, { status: 400, type: "invalid_request_error" });
  });
});
