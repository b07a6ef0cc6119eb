import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { createPayments, type Payments } from "../../pkg/src/payments/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

test("who waits while another process sends has its answer soon after it, and not at the end of its lease", async () => {
  const store = memoryStore();
  let posts = 0;
  const answer = { id: "pay_1", merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1", state: "completed" };
  const merchant = (): Payments =>
    createPayments({
      provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
      store,
      secret: "sixteen bytes and more",
      async fetch() {
        posts += 1;
        await sleep(300);
        return Response.json(answer, { status: 201 });
      },
    });
  const started = performance.now();
  const clicks = [merchant(), merchant(), merchant()].map((payments) => payments.charge({ reference: "order_1", amount: 1_000, currency: "EUR" }));
  const outcomes = await Promise.all(clicks);
  assert.equal(posts, 1);
  assert.deepEqual(outcomes.map(({ status }) => status), ["settled", "settled", "settled"]);
  // The lease is that of a request of ten seconds; a look at the store comes at least once a second.
  assert.ok(performance.now() - started < 5_000, `${Math.round(performance.now() - started)} ms`);
});
