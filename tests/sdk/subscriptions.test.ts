import assert from "node:assert/strict";
import { test } from "node:test";

import type Stripe from "stripe";

import { Entitlements, stripeSubscriptions, SubscriptionFeed, type SubscriptionMapping } from "../../pkg/src/ledger/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { createVerifier } from "../../pkg/src/webhooks/index.js";
import { withStripe, type SimulatedStripe } from "./simulated-stripe.js";

const DAY = 86_400_000;
const START = Date.parse("2026-01-31T12:00:00Z");
const FEBRUARY = Date.parse("2026-02-28T12:00:00Z");
const MARCH = Date.parse("2026-03-31T12:00:00Z");
const APRIL = Date.parse("2026-04-30T12:00:00Z");
const SECRET = "whsec_dGVzdCBvZiBzdWJzY3JpcHRpb25z";

const PLANS = {
  basic: { projects: { limit: 5 } },
  pro: { projects: { limit: 50 }, sso: true },
} as const;

interface Life {
  readonly customer: string;
  readonly mapping: SubscriptionMapping;
  readonly events: readonly Stripe.Event[];
  readonly subscription: Stripe.Subscription;
}

/** A subscription that renews, is upgraded, fails, is made good, and is given up for the end of its period. */
async function life({ stripe, advance }: SimulatedStripe): Promise<Life> {
  let now = Date.parse("2026-01-01T00:00:00Z");
  // Stripe lists events for thirty days.
  const events = new Map<string, Stripe.Event>();
  const to = async (ms: number): Promise<void> => {
    await advance((ms - now) / 1_000);
    now = ms;
    const page: Stripe.Event[] = [];
    for await (const event of stripe.events.list({ limit: 100 })) page.push(event);
    for (const event of page.reverse()) events.set(event.id, event);
  };
  await to(START);
  const product = await stripe.products.create({ name: "Club" });
  const price = (amount: number) => stripe.prices.create({ product: product.id, currency: "usd", unit_amount: amount, recurring: { interval: "month" } });
  const [basic, pro, seats] = [await price(1_000), await price(5_000), await price(300)];
  const { id: customer } = await stripe.customers.create({ email: "ada@example.com" });
  const payWith = async (card: string): Promise<void> => {
    const method = await stripe.paymentMethods.attach(card, { customer });
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: method.id } });
  };
  await payWith("pm_card_visa");
  const created = await stripe.subscriptions.create({ customer, items: [{ price: basic.id }, { price: seats.id, quantity: 3 }], metadata: { user: "ada" } });
  await to(START + 10 * DAY);
  await stripe.subscriptions.update(created.id, { items: [{ id: created.items.data[0]?.id ?? "", price: pro.id }], proration_behavior: "none" });
  await to(FEBRUARY + 2 * 3_600_000);
  await payWith("pm_card_chargeCustomerFail");
  await to(MARCH + 2 * 3_600_000);
  assert.equal((await stripe.subscriptions.retrieve(created.id)).status, "past_due");
  await to(MARCH + 5 * DAY);
  await payWith("pm_card_visa");
  const open = (await stripe.invoices.list({ subscription: created.id, status: "open" })).data[0];
  if (open !== undefined) await stripe.invoices.pay(open.id ?? "");
  await to(MARCH + 6 * DAY);
  await stripe.subscriptions.update(created.id, { cancel_at_period_end: true });
  await to(APRIL + DAY);
  const mapping = stripeSubscriptions({
    plans: { [basic.id]: "basic", [pro.id]: "pro", [seats.id]: (quantity) => ({ seats: { limit: quantity } }) },
    graceMs: 3 * DAY,
    customer: ({ metadata }) => String((metadata as Stripe.Metadata).user),
  });
  return { customer, mapping, events: [...events.values()], subscription: await stripe.subscriptions.retrieve(created.id) };
}

/** The events as they arrive at a webhook: signed by Stripe's own client, verified, in an order of their own. */
async function arriving(stripe: Stripe, events: readonly Stripe.Event[], seed: number, lose: (type: string) => boolean = () => false) {
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  const kept = events.filter(({ type }) => !lose(type));
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const order = [...kept, ...kept.filter(() => random() < 0.3)].map((event) => ({ event, at: seed === 1 ? 0 : random() })).sort((a, b) => a.at - b.at);
  return order.map(({ event }) => {
    const body = JSON.stringify(event);
    const header = stripe.webhooks.generateTestHeaderString({ payload: body, secret: SECRET });
    const verified = verifier.verify({ body, headers: { "stripe-signature": header } });
    assert.ok(verified.ok, JSON.stringify(verified));
    return verified.events[0] ?? assert.fail();
  });
}

/** When somebody asks, and what he may: projects, seats, single sign-on. */
const EXPECTED: readonly (readonly [at: number, projects: number, seats: number, sso: boolean])[] = [
  [START - 1, 0, 0, false],
  [START + DAY, 5, 3, false],
  [START + 11 * DAY, 50, 3, true],
  // The renewal is paid.
  [FEBRUARY + 10 * DAY, 50, 3, true],
  // It fails, and is awaited for three days of grace.
  [MARCH + 2 * DAY, 50, 3, true],
  [MARCH + 4 * DAY, 0, 0, false],
  // It is made good, and later given up for the end of the period: no grace follows.
  [MARCH + 5 * DAY + 3_600_000, 50, 3, true],
  [APRIL - 3_600_000, 50, 3, true],
  [APRIL, 0, 0, false],
  [APRIL + DAY, 0, 0, false],
];

async function asked(entitlements: Entitlements, from = 0): Promise<void> {
  for (const [now, projects, seats, sso] of EXPECTED) {
    if (now < from) continue;
    const found = [await entitlements.limit("ada", "projects", { now }), await entitlements.limit("ada", "seats", { now }), await entitlements.can("ada", "sso", { now })];
    assert.deepEqual(found, [projects, seats, sso], new Date(now).toISOString());
  }
}

test("a subscription of Stripe grants what was paid, renewed, failed and given up, in every order of its events", () =>
  withStripe(async (simulated) => {
    const { mapping, events } = await life(simulated);
    const types = new Set(events.map(({ type }) => type));
    for (const type of ["customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted", "invoice.paid", "invoice.payment_failed"] as const) assert.ok(types.has(type), type);
    for (let seed = 1; seed <= 30; seed += 1) {
      const entitlements = new Entitlements({ store: memoryStore(), plans: PLANS });
      const feed = new SubscriptionFeed({ entitlements, mapping });
      for (const event of await arriving(simulated.stripe, events, seed)) await feed.apply(event);
      await asked(entitlements);
    }
  }));

test("an invoice renews, and begins the grace, where the event of its subscription was lost", () =>
  withStripe(async (simulated) => {
    const { mapping, events } = await life(simulated);
    const entitlements = new Entitlements({ store: memoryStore(), plans: PLANS });
    const feed = new SubscriptionFeed({ entitlements, mapping });
    let updates = 0;
    // Of the updates only the upgrade and the cancellation come.
    for (const event of await arriving(simulated.stripe, events, 1)) {
      const { type, data } = event.payload as { readonly type: string; readonly data: { readonly previous_attributes?: object } };
      const changed = Object.keys(data.previous_attributes ?? {});
      const renewed = type === "customer.subscription.updated" && !changed.includes("cancel_at_period_end") && (changed.includes("status") || changed.includes("latest_invoice"));
      updates += Number(renewed);
      if (!renewed) await feed.apply(event);
    }
    assert.ok(updates >= 3, `${updates} updates were lost`);
    await asked(entitlements);
  }));

test("a subscription that was fetched decides, whatever events were lost, and events of before change nothing", () =>
  withStripe(async (simulated) => {
    const { mapping, events, subscription } = await life(simulated);
    const entitlements = new Entitlements({ store: memoryStore(), plans: PLANS });
    const feed = new SubscriptionFeed({ entitlements, mapping });
    assert.equal(await feed.backfill([[subscription, { object: "customer", id: "cus_1" }]], APRIL + DAY), 1);
    for (const event of await arriving(simulated.stripe, events, 5, (type) => type === "customer.subscription.deleted")) await feed.apply(event);
    await asked(entitlements, APRIL);
    const unknown = stripeSubscriptions({ plans: {} });
    const first = events.find(({ type }) => type === "customer.subscription.created") ?? assert.fail();
    const lonely = new SubscriptionFeed({ entitlements, mapping: unknown });
    await assert.rejects(lonely.apply({ id: first.id, payload: { ...first, data: { object: { ...first.data.object, status: "active" } } } }), { code: "price_unknown" });
  }));
