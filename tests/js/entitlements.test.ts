import assert from "node:assert/strict";
import { test } from "node:test";

import { Entitlements, type Grants, type SubscriptionChange } from "../../pkg/src/ledger/index.js";
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
