import assert from "node:assert/strict";
import { test } from "node:test";

import type { Payments, Transition } from "../../pkg/src/payments/index.js";
import { Batch, type Store } from "../../pkg/src/stores/store.js";
import { ORDER, ORIGIN, ShopAtGateway } from "./shop-at-gateway.js";

/** What a wire does with a request instead of delivering it. */
type Trick = (deliver: () => Promise<Response>) => Promise<Response>;

/** The simulated gateway behind a wire that plays tricks, one for each POST as long as there are some. */
class World extends ShopAtGateway {
  readonly posts: string[] = [];
  readonly #tricks: Trick[];

  constructor(...tricks: Trick[]) {
    super();
    this.#tricks = tricks;
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    // A request is read once, and a trick may deliver it later, or twice.
    const body = request.method === "GET" ? undefined : await request.text();
    const { method, url, headers } = request;
    const deliver = (): Promise<Response> =>
      this.gateway.fetch(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
    if (method === "GET") return deliver();
    this.posts.push(new URL(url).pathname);
    return (this.#tricks.shift() ?? ((deliver) => deliver()))(deliver);
  };

  /** The only payment of a reference, whole. */
  async payment(): Promise<Record<string, unknown> & { id: string }> {
    const { id } = (await this.payments())[0] ?? assert.fail("no payment");
    return (await (await this.gateway.fetch(`${ORIGIN}/api/payments/${id}`)).json()) as { id: string };
  }

  /** Sweeps as often as it takes until nothing is due, as time goes by. */
  async settle(payments: Payments): Promise<void> {
    for (let round = 0; round < 50; round += 1) {
      await payments.sweep();
      this.clock += 60_000;
    }
  }
}

/** A proxy answers for the gateway, and lets the request through only when it is told to. */
function heldBack(status: number): { trick: Trick; release: () => Promise<Response> } {
  let deliver: (() => Promise<Response>) | undefined;
  return {
    trick: (through) => {
      deliver = through;
      return Promise.resolve(Response.json({ error: { code: "card_declined", message: "no" } }, { status }));
    },
    release: async () => (await deliver?.()) ?? assert.fail("nothing was held back"),
  };
}

const lost: Trick = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }));
const answerLost: Trick = async (deliver) => {
  await deliver();
  return lost(deliver);
};

test("a success after a failure is given back by itself, and only then is the payment called failed", async () => {
  const late = heldBack(402);
  const world = new World(late.trick);
  const payments = world.process();
  assert.equal((await payments.charge(ORDER)).status, "failed");
  await late.release();
  assert.equal(await payments.noteWebhook(await world.payment()), true);

  const reversing = await payments.find("order_1");
  assert.equal(reversing?.status, "pending_confirmation", "never failed while money is away");
  assert.equal(reversing.status === "pending_confirmation" && reversing.reason, "reversing");
  await payments.sweep();
  const reversed = await payments.find("order_1");
  assert.ok(reversed?.status === "failed");
  assert.equal(reversed.proof, "reversed");
  const { charge, status, refund, reference } = reversed.reversals[0] ?? assert.fail("no reversal");
  assert.equal(status, "reversed");
  assert.equal((await world.payment())["state"], "refunded");
  const child = await payments.find(reference);
  assert.equal(child?.status === "settled" && child.providerReference, refund);
  assert.equal(child?.operation, "refund");
  assert.equal(reference, `order_1/refund/${charge}`);
  assert.deepEqual(world.posts, ["/api/payments", `/api/payments/${charge}/refund`]);
});

test("a second charge is given back while the first one stays settled", async () => {
  const world = new World();
  const payments = world.process();
  const settled = await payments.charge(ORDER);
  // The same order by a system of the merchant's that does not know the keys.
  await world.gateway.fetch(`${ORIGIN}/api/payments`, {
    method: "POST",
    headers: { "idempotency-key": "foreign", "content-type": "application/json" },
    body: JSON.stringify({ merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1" }),
  });
  const books = await world.payments();
  const second = books.find(({ id }) => settled.status === "settled" && id !== settled.providerReference);
  const whole = (await (await world.gateway.fetch(`${ORIGIN}/api/payments/${second?.id}`)).json()) as unknown;
  await payments.noteWebhook(whole);
  await payments.sweep();
  const outcome = await payments.find("order_1");
  assert.equal(outcome?.status, "settled");
  assert.deepEqual(outcome.reversals.map(({ charge, status }) => [charge, status]), [[second?.id, "reversed"]]);
  const states = (await world.payments()).map(({ state }) => state);
  assert.deepEqual(states.sort(), ["completed", "refunded"]);
});

test("a process that dies between a refund and its storage is followed by one that refunds nothing more", async () => {
  const late = heldBack(402);
  const world = new World(late.trick, async (deliver) => {
    await deliver();
    return new Promise<Response>(() => undefined);
  });
  const dying = world.process();
  await dying.charge(ORDER);
  await late.release();
  await dying.noteWebhook(await world.payment());
  void dying.sweep().catch(() => undefined);
  while (world.posts.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  dying.close();

  world.clock += 3_600_000;
  const next = world.process();
  await world.settle(next);
  const outcome = await next.find("order_1");
  assert.equal(outcome?.status === "failed" && outcome.proof, "reversed");
  const refunds = (await world.payment())["refunds"] as unknown[];
  assert.equal(refunds.length, 1, "one refund, told by a replay of the same key");
});

test("an intent and the refund it asks for are stored in one commit, with what others add to it", async () => {
  const late = heldBack(402);
  const world = new World(late.trick);
  const commits: string[][] = [];
  const watched: Store = {
    ...world.store,
    commit: (writes) => {
      commits.push(writes.map(({ key }) => key));
      return world.store.commit(writes);
    },
  };
  const told: Transition[] = [];
  let written = 0;
  const payments = world.process({
    store: watched,
    onTransition: (transition) => void told.push(transition),
    extraWrites: ({ key, position }) => [{ key: `outbox/${key}/${position}`, expected: 0, value: `${(written += 1)}` }],
  });
  await payments.charge(ORDER);
  await late.release();
  commits.length = 0;
  const { id } = await world.payment();
  const batch = new Batch();
  batch.add({ key: "ours", expected: 0, value: "with it" });
  assert.equal(await payments.noteWebhook(await world.payment(), { batch }), true);
  const before = told.length;
  assert.equal(await batch.commit(watched), true);
  const parent = "intent/shop//order_1";
  const child = `intent/shop//${encodeURIComponent(`order_1/refund/${id}`)}`;
  assert.deepEqual(commits, [["ours", parent, child, `outbox/${parent}/3`, `outbox/${child}/0`]]);
  const heard = told.slice(before).map(({ reference, before, after }) => [reference, before?.state ?? null, after.state]);
  assert.deepEqual(heard, [
    ["order_1", "failed", "reversing"],
    [`order_1/refund/${id}`, null, "initiated"],
  ]);
});

test("what was never sent is cancelled at once, and what has moved is given back", async () => {
  const unsent = new World();
  const left = new AbortController();
  const first = unsent.process();
  const stored = first.charge(ORDER, { signal: left.signal });
  left.abort();
  await stored;
  const cancelled = await first.cancel("order_1");
  assert.equal(cancelled.status === "failed" && cancelled.proof, "never_sent");
  assert.deepEqual(unsent.posts, []);

  const moved = new World(answerLost);
  const second = moved.process({ retry: { baseMs: 20_000, capMs: 20_000, jitter: "equal" } });
  assert.equal((await second.charge(ORDER, { waitMs: 0 })).status, "pending_confirmation");
  assert.equal((await second.cancel("order_1", { waitMs: 0 })).status, "pending_confirmation", "a wish, not an outcome");
  await moved.settle(second);
  const outcome = await second.find("order_1");
  assert.equal(outcome?.status === "failed" && outcome.proof, "reversed");
  assert.equal((await moved.payment())["state"], "refunded");
  assert.equal(moved.posts.filter((path) => path === "/api/payments").length, 1, "it is asked for, not sent again");

  const settled = new World();
  const third = settled.process();
  await third.charge(ORDER);
  assert.equal((await third.cancel("order_1")).status, "settled", "too late: a refund is a decision of its own");
  await assert.rejects(third.cancel("order_2"), { code: "intent_unknown" });
});

test("a person ends a review, and only where nothing can move any more", async () => {
  const mismatch: Trick = () =>
    Promise.resolve(Response.json({ error: { code: "idempotency_key_mismatch", message: "no" } }, { status: 422 }));
  const world = new World(mismatch);
  const payments = world.process();
  const review = await payments.charge(ORDER);
  assert.equal(review.status === "pending_confirmation" && review.needsReview, true);
  await assert.rejects(payments.resolve("order_1", { as: "failed", note: "ann: nothing there" }), {
    code: "intent_copy_under_way",
    advice: "wait",
  });
  world.clock += 3_600_000;
  const failed = await payments.resolve("order_1", { as: "failed", note: "ann: nothing there" });
  assert.equal(failed.status === "failed" && failed.proof, "decided");
  assert.match(await payments.trace("order_1"), /resolved note="ann: nothing there"/);
  await assert.rejects(payments.resolve("order_1", { as: "failed", note: "again" }), { code: "intent_not_in_review" });
  for (const [decision, code] of [
    [{ as: "settled", note: "x" }, "decision_invalid"],
    [{ as: "failed", providerReference: "pay_1", note: "x" }, "decision_invalid"],
    [{ as: "lost", note: "x" }, "decision_invalid"],
    [{ as: "failed" }, "text_expected"],
    [{ as: "failed", notes: "x" }, "unknown_option"],
  ] as const) {
    await assert.rejects(payments.resolve("order_1", decision as never), { code }, JSON.stringify(decision));
  }
});

test("what is done with a payment afterwards is an intent of its own, and safe to repeat", async () => {
  const world = new World();
  const payments = world.process();
  const authorized = await payments.authorize(ORDER);
  assert.ok(authorized.status === "settled");
  const target = authorized.providerReference;
  for (let repeat = 0; repeat < 2; repeat += 1) {
    const captured = await payments.capture({ reference: "order_1/capture", target });
    assert.equal(captured.status, "settled");
    const refund = { reference: "order_1/refund/1", target, amount: 300, currency: "EUR" };
    const refunded = await payments.refund(refund);
    assert.equal(refunded.status, "settled");
    assert.equal(refunded.amount, 300n);
  }
  assert.deepEqual(world.posts, ["/api/payments", `/api/payments/${target}/capture`, `/api/payments/${target}/refund`]);
  assert.equal((await world.payment())["state"], "partially_refunded");
  await assert.rejects(payments.refund({ reference: "order_1/refund/1", target, amount: 301, currency: "EUR" }), {
    code: "intent_mismatch",
  });
  await assert.rejects(payments.void({ reference: "order_1/void" } as never), { code: "field_missing" });
  await assert.rejects(payments.void({ reference: "order_1/void", target, amount: 5 } as never), { code: "unknown_option" });

  const second = new World();
  const other = second.process();
  const held = await other.authorize(ORDER);
  const voided = await other.void({ reference: "order_1/void", target: held.status === "settled" ? held.providerReference : "" });
  assert.equal(voided.status, "settled");
  assert.equal((await second.payment())["state"], "voided");
});
