import assert from "node:assert/strict";
import { test } from "node:test";

import { createPayments, type Payments } from "../../pkg/src/payments/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store } from "../../pkg/src/stores/store.js";

test("who waits while another process sends has its answer soon after it, and not at the end of its lease", async () => {
  const memory = memoryStore();
  let looks = 0;
  // A look at the store by somebody who waits, while the request is under way.
  const store: Store = { ...memory, get: async (key) => (posts > 0 && (looks += 1), memory.get(key)) };
  let posts = 0;
  const answer = { id: "pay_1", merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1", state: "completed" };
  const merchant = (): Payments =>
    createPayments({
      provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
      store,
      secret: "sixteen bytes and more",
      // The lease is that of a request of an hour, and nobody waits for half of that.
      timeoutMs: 3_600_000,
      async fetch(request) {
        posts += 1;
        while (looks < 6 && !request.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
        return Response.json(answer, { status: 201 });
      },
    });
  const order = { reference: "order_1", amount: 1_000, currency: "EUR" };
  const merchants = [merchant(), merchant(), merchant()];
  const outcomes = await Promise.all(merchants.map((payments) => payments.charge(order, { waitMs: 600_000 })));
  for (const payments of merchants) payments.close();
  assert.equal(posts, 1);
  // Whoever looks at the end of the lease only knows nothing when his patience is over.
  assert.deepEqual(outcomes.map(({ status }) => status), ["settled", "settled", "settled"]);
});
