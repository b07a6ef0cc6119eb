import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Entitlements,
  paddleSubscriptions,
  paypalSubscriptions,
  stripeSubscriptions,
  SubscriptionFeed,
  type Grants,
  type SubscriptionChange,
  type SubscriptionMapping,
} from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store } from "../../pkg/src/stores/store.js";

const DAY = 86_400_000;
const START = Date.parse("2026-03-10T00:00:00Z");
const PLANS: Readonly<Record<string, Grants>> = {
  free: { projects: { limit: 1 }, calls: { metered: 10, per: "day" } },
  pro: { projects: { limit: 50 }, calls: { metered: 1_000, per: "month" }, sso: true },
  big: { projects: { limit: "unlimited" }, calls: { metered: "unlimited", per: "term" }, sso: true },
};

function of(store: Store = memoryStore()): Entitlements {
  return new Entitlements({ store, plans: PLANS, now: () => START });
}

function change(id: string, changes: Partial<SubscriptionChange>): SubscriptionChange {
  return { id, customer: "anna", subscription: "sub_1", plan: "pro", from: START, occurredAt: START, ...changes };
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => isTillproofError(error) && error.code === code;
}

test("features are asked for, and what is not granted is not there", async () => {
  const entitlements = of();
  await entitlements.apply(change("1", {}));
  assert.equal(await entitlements.can("anna", "sso"), true);
  assert.equal(await entitlements.can("anna", "audit_log"), false);
  assert.equal(await entitlements.can("anna", "constructor"), false);
  assert.equal(await entitlements.can("ben", "sso"), false);
  assert.equal(await entitlements.limit("anna", "projects"), 50);
  assert.equal(await entitlements.limit("ben", "projects"), 0);
  assert.equal(await entitlements.can("anna", "projects", { used: 49 }), true);
  assert.equal(await entitlements.can("anna", "projects", { used: 50 }), false);
  assert.equal(await entitlements.can("anna", "sso", { now: START - 1 }), false);
});

test("changes may come in any order and twice: the terms are the same", async () => {
  const changes = [
    change("1", { plan: "free" }),
    change("2", { plan: "pro", occurredAt: START + 1 }),
    change("3", { plan: "big", from: START + 10 * DAY, occurredAt: START + 2, until: START + 40 * DAY, graceMs: 3 * DAY }),
    change("4", { plan: null, from: START + 60 * DAY, occurredAt: START + 3 }),
    change("5", { subscription: "addon", plan: { seats: { limit: 5 }, projects: { limit: 60 } }, until: START + 2 * DAY }),
  ];
  // day, projects, seats
  const expected: [number, number | "unlimited", number][] = [
    [-1, 0, 0],
    [0, 60, 5],
    [2, 50, 0],
    [10, "unlimited", 0],
    [42, "unlimited", 0],
    [43, 0, 0],
    [61, 0, 0],
  ];
  for (let order = 0; order < 24; order += 1) {
    const entitlements = of();
    const shuffled = [...changes, ...changes].sort((a, b) => Math.sin(Number(a.id) * 7 + order) - Math.sin(Number(b.id) * 7 + order));
    for (const each of shuffled) await entitlements.apply(each);
    assert.equal(await entitlements.apply(changes[0] as SubscriptionChange), false);
    for (const [day, projects, seats] of expected) {
      const now = START + day * DAY;
      assert.equal(await entitlements.limit("anna", "projects", { now }), projects, `order ${order}, day ${day}`);
      assert.equal(await entitlements.limit("anna", "seats", { now }), seats, `order ${order}, day ${day}`);
    }
  }
});

test("a metered amount is used up once for each key, and comes back with its period", async () => {
  const entitlements = of();
  await entitlements.apply(change("1", { plan: "free" }));
  assert.deepEqual(await entitlements.consume("anna", "calls", 7, { key: "a" }), { ok: true, used: 7, remaining: 3 });
  assert.deepEqual(await entitlements.consume("anna", "calls", 7, { key: "a" }), { ok: true, used: 7, remaining: 3 });
  assert.deepEqual(await entitlements.consume("anna", "calls", 4), { ok: false, reason: "used_up", used: 7, remaining: 3 });
  await assert.rejects(entitlements.consume("anna", "calls", 1, { key: "a" }), hasCode("consumption_differs"));
  assert.deepEqual(await entitlements.consume("anna", "calls", 3), { ok: true, used: 10, remaining: 0 });
  assert.equal(await entitlements.can("anna", "calls"), false);
  assert.equal(await entitlements.can("anna", "calls", { now: START + DAY }), true);
  assert.deepEqual(await entitlements.consume("anna", "projects", 1), { ok: false, reason: "not_granted", used: 0, remaining: 0 });
  assert.deepEqual(await entitlements.consume("ben", "calls", 1), { ok: false, reason: "not_granted", used: 0, remaining: 0 });
  await entitlements.apply(change("2", { plan: "big", occurredAt: START + 1 }));
  assert.deepEqual(await entitlements.consume("anna", "calls", 5), { ok: true, used: 5, remaining: "unlimited" });
});

test("thirty who ask at once use up no more than there is", async () => {
  const store = memoryStore();
  await of(store).apply(change("1", { plan: "free" }));
  const answers = await Promise.all(Array.from({ length: 30 }, () => of(store).consume("anna", "calls", 1)));
  assert.equal(answers.filter(({ ok }) => ok).length, 10);
});

test("what is no plan, feature or amount is refused by name", async () => {
  const entitlements = of();
  await assert.rejects(entitlements.apply(change("1", { plan: "prp" })), hasCode("plan_unknown"));
  await assert.rejects(entitlements.apply(change("1", { plan: { "a b": true } })), hasCode("feature_invalid"));
  await assert.rejects(entitlements.apply({ ...change("1", {}), untl: 7 } as SubscriptionChange), hasCode("unknown_option"));
  await assert.rejects(entitlements.can("anna", ""), hasCode("feature_invalid"));
  await assert.rejects(entitlements.consume("anna", "calls", 0), hasCode("option_invalid"));
  const plans = { pro: { calls: { metered: 1, per: "year" } } } as unknown as Readonly<Record<string, Grants>>;
  assert.throws(() => new Entitlements({ store: memoryStore(), plans }), hasCode("grant_invalid"));
  const store = memoryStore();
  await of(store).apply(change("1", {}));
  const without = new Entitlements({ store, plans: {} });
  await assert.rejects(without.can("anna", "sso", { now: START }), hasCode("plan_unknown"));
});

/** An application that asks what a customer may do at times, given events in every order. */
async function limits(mapping: SubscriptionMapping, events: readonly { readonly id: string; readonly payload: object }[], feature: string, times: readonly number[]): Promise<readonly (readonly (number | "unlimited")[])[]> {
  const found = new Set<string>();
  for (let order = 0; order < 24; order += 1) {
    const entitlements = of();
    const feed = new SubscriptionFeed({ entitlements, mapping });
    const shuffled = [...events, ...events].map((event, index) => ({ event, at: order === 0 ? index : Math.sin((index + 1) * 7 + order) })).sort((a, b) => a.at - b.at);
    for (const { event } of shuffled) await feed.apply(event);
    found.add(JSON.stringify(await Promise.all(times.map((now) => entitlements.limit("anna", feature, { now })))));
  }
  return [...found].map((text) => JSON.parse(text) as (number | "unlimited")[]);
}

test("subscriptions of Paddle and PayPal grant what they say, in every order of their events", async () => {
  const iso = (day: number): string => new Date(START + day * DAY).toISOString();
  const days = (...numbers: number[]): number[] => numbers.map((day) => START + day * DAY);
  const paddle = (id: string, day: number, status: string, more: object = {}) => ({
    id,
    payload: {
      event_id: id, event_type: "subscription.updated", occurred_at: iso(day),
      data: { id: "sub_1", status, customer_id: "anna", items: [{ price: { id: "pri_1", product_id: "pro_1" }, quantity: 2 }], current_billing_period: { starts_at: iso(0), ends_at: iso(30) }, ...more },
    },
  });
  const events = [
    paddle("e1", 0, "active"),
    paddle("e2", 30, "past_due", { current_billing_period: { starts_at: iso(30), ends_at: iso(60) } }),
    paddle("e3", 40, "active", { current_billing_period: { starts_at: iso(30), ends_at: iso(60) } }),
    paddle("e4", 45, "active", { current_billing_period: { starts_at: iso(30), ends_at: iso(60) }, scheduled_change: { action: "cancel", effective_at: iso(60) } }),
    paddle("e5", 60, "canceled", { current_billing_period: null, canceled_at: iso(60) }),
    { id: "e6", payload: { event_type: "transaction.paid", occurred_at: iso(1), data: {} } },
  ];
  const mapping = paddleSubscriptions({ plans: { pro_1: (quantity) => ({ seats: { limit: quantity } }) }, graceMs: 3 * DAY });
  assert.deepEqual(await limits(mapping, events, "seats", days(-1, 1, 31, 34, 41, 59, 60)), [[0, 2, 2, 0, 2, 2, 0]]);

  const paypal = (id: string, day: number, status: string, more: object = {}) => ({
    id,
    payload: {
      event_type: `BILLING.SUBSCRIPTION.${status}`, create_time: iso(day),
      resource: { id: "I-1", plan_id: "P-1", status, custom_id: "anna", quantity: "1", billing_info: { next_billing_time: iso(day + 30) }, ...more },
    },
  });
  const told = [paypal("w1", 0, "ACTIVE"), paypal("w2", 30, "ACTIVE"), paypal("w3", 65, "SUSPENDED"), paypal("w4", 70, "ACTIVE"), paypal("w5", 80, "CANCELLED")];
  assert.deepEqual(await limits(paypalSubscriptions({ plans: { "P-1": "pro" } }), told, "projects", days(-1, 1, 31, 62, 64, 66, 71, 81)), [[0, 50, 50, 50, 0, 0, 50, 0]]);
});

test("what came in the same second at Stripe is told apart, and an invoice does not bring back what has ended", async () => {
  const second = START / 1_000;
  const event = (id: string, type: string, object: object, previous?: object) => ({
    id,
    payload: { id, type, created: second, data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) } },
  });
  const subscription = (status: string, more: object = {}) => ({
    object: "subscription", id: "sub_1", customer: "anna", status, ended_at: null, cancel_at: null,
    items: { data: [{ price: { id: "price_1" }, quantity: 1, current_period_start: second, current_period_end: second + 30 * 86_400 }] }, ...more,
  });
  const invoice = (status: string, reason: string) => ({
    object: "invoice", customer: "anna", status, billing_reason: reason, parent: { subscription_details: { subscription: "sub_1" } },
    lines: { data: [{ quantity: 1, period: { start: second, end: second + 30 * 86_400 }, pricing: { price_details: { price: "price_1" } } }] },
  });
  const mapping = stripeSubscriptions({ plans: { price_1: "pro" }, graceMs: DAY });
  const created = event("z", "customer.subscription.created", subscription("incomplete"));
  // the events of one second, and what is granted then, after the period, and after the grace
  const table: [string, ReturnType<typeof event>[], number[]][] = [
    ["not paid", [created, event("y", "invoice.payment_failed", invoice("open", "subscription_create"))], [0, 0, 0]],
    ["paid", [created, event("y", "invoice.paid", invoice("paid", "subscription_create"))], [50, 50, 0]],
    ["active", [created, event("a", "customer.subscription.updated", subscription("active"), { status: "incomplete" })], [50, 50, 0]],
    ["made good", [event("z", "customer.subscription.updated", subscription("past_due"), { status: "active" }), event("a", "customer.subscription.updated", subscription("active"), { status: "past_due" })], [50, 50, 0]],
    ["ended", [event("z", "invoice.paid", invoice("paid", "subscription_cycle")), event("a", "customer.subscription.deleted", subscription("canceled", { ended_at: second }))], [0, 0, 0]],
    ["given up", [created, event("a", "customer.subscription.updated", subscription("active", { cancel_at: second + 30 * 86_400 }), { cancel_at: null })], [50, 0, 0]],
  ];
  for (const [name, events, expected] of table) {
    assert.deepEqual(await limits(mapping, events, "projects", [START + 1_000, START + 30 * DAY, START + 32 * DAY]), [expected], name);
  }
  assert.throws(() => new SubscriptionFeed({ entitlements: {} as Entitlements, mapping }), hasCode("argument_invalid"));
  const feed = new SubscriptionFeed({ entitlements: of(), mapping: stripeSubscriptions({ plans: {} }) });
  await assert.rejects(feed.take(subscription("active"), START), hasCode("price_unknown"));
});
