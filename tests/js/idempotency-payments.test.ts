import assert from "node:assert/strict";
import { test } from "node:test";

import { createIdempotency, pending, type Handler, type IdempotencyResult } from "../../pkg/src/idempotency/index.js";
import { createPayments } from "../../pkg/src/payments/index.js";
import { createGateway } from "../../pkg/src/simulator/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

test("a customer whose payment is in doubt is told 202 until it is known, and is charged once however often he asks", async () => {
  const gateway = createGateway({ seed: 7 });
  const charged = new Set<unknown>();
  let answersAreLost = true;
  const payments = createPayments({
    store: memoryStore(),
    secret: "sixteen bytes and more",
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    retry: { baseMs: 1, capMs: 2 },
    fetch: async (request) => {
      const answer = await gateway.fetch(request);
      if (request.method === "POST" && answer.ok) charged.add(((await answer.clone().json()) as { id: unknown }).id);
      if (answersAreLost) throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
      return answer;
    },
  });
  // The merchant has two servers.
  const store = memoryStore();
  const servers = [0, 1].map(() => createIdempotency({ store, leaseMs: 300_000 }));
  let asked = 0;
  const handler: Handler = async ({ id }) => {
    const outcome = await payments.charge({ reference: id, amount: 2_500, currency: "EUR" }, { waitMs: 30 });
    if (outcome.status === "failed") return { status: 402, json: { error: outcome.code } };
    if (outcome.status !== "settled") return pending({ status: 202, json: { status: outcome.status } }, { refreshMs: 20 });
    return { status: 201, json: { payment: outcome.providerReference } };
  };
  const checkout = (): Promise<IdempotencyResult> =>
    servers[(asked += 1) % 2]!.run(
      { operation: "checkout", principal: "ann", key: '"one"', method: "POST", target: "/checkout", body: "{}" },
      handler,
      { recover: "repeat" },
    );
  for (let time = 0; time < 4; time += 1) {
    const { status, answer } = await checkout();
    assert.deepEqual([status, answer.status], ["pending", 202]);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  answersAreLost = false;
  let last = await checkout();
  for (const deadline = Date.now() + 300_000; last.answer.status === 202 && Date.now() < deadline; last = await checkout()) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.equal(last.answer.status, 201);
  const again = await checkout();
  assert.deepEqual([again.status, again.answer.body], ["replayed", last.answer.body]);
  assert.equal(charged.size, 1);
  payments.close();
});
