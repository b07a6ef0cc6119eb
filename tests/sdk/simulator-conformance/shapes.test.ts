/** Objects have every field that the client's types promise, and none that they do not know. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { category, type Lab } from "./lab.js";

/** What the types say of an object: each field and whether it may be missing. */
type Fields = ReadonlyMap<string, { readonly isOptional: boolean }>;

const TYPES = join(dirname(createRequire(import.meta.url).resolve("stripe")), "resources");

/**
 * The fields of an interface at the top of a file of the client's types. They are written by a program, one field a line,
 * indented by four, so a line is enough to read one.
 */
function fieldsOf(file: string, name: string): Fields {
  const text = readFileSync(join(TYPES, `${file}.d.ts`), "utf8");
  const start = text.search(new RegExp(`^(export )?(declare )?interface ${name} \\{`, "m"));
  assert.ok(start >= 0, `${file}.d.ts has no ${name}`);
  const body = text.slice(start, text.indexOf("\n}", start));
  const fields = [...body.matchAll(/^ {4}(\w+)(\??): (.*)$/gm)].filter(([, , , type]) => type !== "void;");
  return new Map(fields.map(([, field = "", mark]) => [field, { isOptional: mark === "?" }]));
}

/** Kinds of objects: where their type stands, and how one is had. */
const KINDS: readonly [string, string, (lab: Lab) => Promise<object>][] = [
  ["PaymentIntents", "PaymentIntent", (lab) => lab.pay()],
  ["PaymentIntents", "PaymentIntent", ({ stripe }) => stripe.paymentIntents.create({ amount: 1_000, currency: "usd" })],
  ["Charges", "Charge", async (lab) => lab.charge(await lab.pay())],
  ["Customers", "Customer", ({ stripe }) => stripe.customers.create()],
  ["PaymentMethods", "PaymentMethod", ({ stripe }) => stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } })],
  ["SetupIntents", "SetupIntent", ({ stripe }) => stripe.setupIntents.create()],
  ["Refunds", "Refund", async (lab) => lab.stripe.refunds.create({ payment_intent: (await lab.pay()).id })],
  ["Disputes", "Dispute", async (lab) => (await lab.disputed())[1]],
  ["BalanceTransactions", "BalanceTransaction", async (lab) => lab.booked(await lab.pay())],
  ["Balance", "Balance", ({ stripe }) => stripe.balance.retrieve()],
  [
    "Payouts",
    "Payout",
    async (lab) => {
      await lab.booked(await lab.pay(1_000_000, { payment_method: "pm_card_bypassPending" }));
      return lab.stripe.payouts.create({ amount: 100, currency: "usd" });
    },
  ],
  [
    "WebhookEndpoints",
    "WebhookEndpoint",
    async ({ stripe }) => {
      const endpoint = await stripe.webhookEndpoints.create({ url: "https://example.com/hook", enabled_events: ["*"] });
      await stripe.webhookEndpoints.del(endpoint.id);
      return endpoint;
    },
  ],
  [
    "Events",
    "EventBase",
    async ({ stripe }) => {
      await stripe.customers.create();
      const [event] = (await stripe.events.list({ limit: 1 })).data;
      assert.ok(event);
      return event;
    },
  ],
  ["Products", "Product", ({ stripe }) => stripe.products.create({ name: "Lamp" })],
  [
    "Prices",
    "Price",
    async ({ stripe }) => {
      const product = await stripe.products.create({ name: "Lamp" });
      return stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 1_000 });
    },
  ],
];

category("shapes", (check) => {
  for (const [at, [file, name, make]] of KINDS.entries()) {
    const which = at === 1 ? `a new ${name}` : `a ${name}`;

    check(`${which} has every field that its type promises`, async (lab) => {
      const found = await make(lab);
      const missing = [...fieldsOf(file, name)].filter(([field, { isOptional }]) => !isOptional && !(field in found));
      assert.deepEqual(missing.map(([field]) => field), []);
    });

    check(`${which} has no field that its type does not know`, async (lab) => {
      const fields = fieldsOf(file, name);
      assert.deepEqual(Object.keys(await make(lab)).filter((field) => !fields.has(field)), []);
    });
  }
});
