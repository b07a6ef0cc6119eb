import assert from "node:assert/strict";
import { test } from "node:test";

import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store, Write } from "../../pkg/src/stores/store.js";
import { ORDER, ORIGIN, ShopAtGateway } from "./shop-at-gateway.js";

/** The simulated gateway, which refuses as many requests as it is told to before it has looked at their keys. */
class World extends ShopAtGateway {
  readonly requests: string[] = [];
  refusals = 0;

  readonly fetch = async (request: Request): Promise<Response> => {
    this.requests.push(request.method);
    if (request.method === "GET" || this.refusals === 0) return this.gateway.fetch(request);
    this.refusals -= 1;
    return Response.json({ error: { code: "card_number_malformed", message: "no" } }, { status: 422 });
  };

  /** Charges that stand at the provider. */
  async charges(): Promise<number> {
    return (await this.payments()).filter(({ state }) => state === "completed").length;
  }

  /** What was asked for since the last look. */
  seen(): string {
    return this.requests.splice(0).join(" ");
  }
}

/** A copy of a store, made record by record. */
async function copyOf(store: Store, keys: readonly string[]): Promise<Store> {
  const copy = memoryStore();
  for (const key of keys) {
    const record = (await store.get(key)) ?? assert.fail(`no record ${key}`);
    assert.ok(await copy.commit([{ key, expected: 0, value: record.value }]));
  }
  return copy;
}

test("an older copy that has forgotten a new key does not charge a second time with the old one", async () => {
  for (const forgets of ["the whole payment", "the new key"]) {
    const world = new World();
    // The first key is refused before the provider takes note of it: sent again, it would be executed.
    world.refusals = 1;
    const keys: string[] = [];
    const first = world.process({ onTransition: ({ key }) => keys.push(key) });
    assert.equal((await first.charge(ORDER)).status, "failed");
    const older = forgets === "the new key" ? await copyOf(world.store, keys.slice(0, 1)) : memoryStore();
    assert.equal((await first.charge(ORDER, { retryFailed: true })).status, "settled");
    first.close();
    assert.equal(world.seen(), "POST POST");

    world.store = older;
    world.clock += 3_600_000;
    const second = world.process({ restoredAt: world.clock });
    world.clock += 1_000;
    const outcome = await second.charge(ORDER, { retryFailed: true });
    assert.equal(world.seen(), "GET", forgets);
    assert.equal(outcome.status, "settled", forgets);
    assert.equal(await world.charges(), 1, forgets);
    // What was first wanted since then is as new as ever.
    await second.charge({ ...ORDER, reference: "order_2" }, { since: world.clock });
    assert.equal(world.seen(), "POST");
  }
});

test("a process that begins asks once about what another one left, and then sends the same key", async () => {
  const world = new World();
  const retry = { baseMs: 10_000, capMs: 20_000 };
  const lost = world.process({ retry, fetch: () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } })) });
  assert.equal((await lost.charge(ORDER, { waitMs: 0 })).status, "pending_confirmation");
  lost.close();
  world.clock += 60_000;
  const second = world.process();
  await second.sweep();
  assert.equal(world.seen(), "GET");
  world.clock += 60_000;
  await second.sweep();
  assert.equal((await second.find("order_1"))?.status, "settled");
  assert.equal(world.seen(), "POST");
});

test("moments that cannot be meant are refused", async () => {
  const world = new World();
  const payments = world.process();
  const tomorrow = world.clock + 86_400_000;
  await assert.rejects(payments.charge(ORDER, { since: tomorrow }), { code: "time_in_future" });
  assert.throws(() => world.process({ restoredAt: tomorrow }), { code: "time_in_future" });
  assert.throws(() => world.process({ deadlineMs: 0 }), { code: "option_invalid" });
  assert.throws(() => world.process({ provider: { profile: null as never, baseUrl: ORIGIN, merchantId: "shop" } }), {
    code: "argument_invalid",
  });
  assert.equal(world.seen(), "");
  // The clock of whoever took the order may be a little ahead of ours.
  assert.equal((await payments.charge(ORDER, { since: world.clock + 1_000 })).status, "settled");
});

test("an object that bears our reference and is no payment is none of ours", async () => {
  const payments = new World().process();
  await payments.charge(ORDER);
  for (const object of [{ reference: "order_1" }, { id: "re_1", reference: "order_1", amount: "x" }, { id: 7, reference: "order_1" }]) {
    assert.equal(await payments.noteWebhook(object), false, JSON.stringify(object));
  }
});

test("writes that never fit their versions end in an error that names them, with nothing sent", async () => {
  const world = new World();
  let commits = 0;
  const extraWrites = (): Write[] => {
    commits += 1;
    return [{ key: "mine", expected: 7, value: "x" }];
  };
  await assert.rejects(world.process({ extraWrites }).charge(ORDER), { code: "extra_writes_conflict" });
  assert.equal(world.seen(), "");
  assert.ok(commits <= 20, `${commits} commits`);
});
