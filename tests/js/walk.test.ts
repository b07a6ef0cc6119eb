import assert from "node:assert/strict";
import { test } from "node:test";

import { createPayments } from "../../pkg/src/payments/index.js";
import { createGateway } from "../../pkg/src/simulator/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { createInbox, createVerifier } from "../../pkg/src/webhooks/index.js";

const SEEDS = 12;
const ORDERS = 30;

/** The truth of the gateway: completed payments by reference. */
async function charges(gateway: ReturnType<typeof createGateway>): Promise<Map<string, Set<string>>> {
  gateway.setFaults("none");
  const counts = new Map<string, Set<string>>();
  for (let after = ""; ; ) {
    const response = await gateway.fetch(`http://gateway/api/events?limit=100${after && `&after=${after}`}`);
    const page = (await response.json()) as {
      data: { id: string; type: string; data: { payment: { id: string; reference: string } } }[];
      hasMore: boolean;
    };
    for (const event of page.data) {
      if (event.type !== "payment.completed") continue;
      const { reference, id } = event.data.payment;
      // One charge may be announced by two events.
      counts.set(reference, (counts.get(reference) ?? new Set()).add(id));
    }
    after = page.data.at(-1)?.id ?? "";
    if (!page.hasMore) return counts;
  }
}

for (let seed = 1; seed <= SEEDS; seed += 1) {
  test(`seed ${seed}: payments, webhooks and gateway in one process agree on every order`, async () => {
    const store = memoryStore();
    const applied: string[] = [];
    let inbox: ReturnType<typeof createInbox> | undefined;
    const gateway = createGateway({
      seed,
      faults: "hostile",
      deliver: async (request) => {
        const body = new Uint8Array(await request.arrayBuffer());
        const receipt = await inbox?.receive({ body, headers: request.headers, now: gateway.now() }, async (event, batch) => {
          const { payment } = (event.payload as { data: { payment: { id: string } } }).data;
          await payments.noteWebhook(payment, { batch });
          // A lost race runs the handler again, so what counts is what was committed.
          batch.add(
            { key: `effect/${event.id}/${applied.length}`, expected: 0, value: payment.id },
            { committed: () => void applied.push(event.id) },
          );
        });
        return new Response(null, { status: receipt?.httpStatus ?? 500 });
      },
    });
    const payments = createPayments({
      provider: { profile: "native", baseUrl: "http://gateway", merchantId: "shop" },
      store,
      secret: "sixteen bytes and more",
      retry: { baseMs: 1, capMs: 4 },
      fetch: (request) => gateway.fetch(request),
    });
    const endpoint = await gateway.fetch("http://gateway/api/webhook_endpoints", {
      method: "POST",
      body: JSON.stringify({ url: "http://shop/webhooks" }),
    });
    const { secret } = (await endpoint.json()) as { secret: string };
    inbox = createInbox({ store, verifier: createVerifier({ scheme: "standard-webhooks-v1", secrets: secret }) });

    const orders = Array.from({ length: ORDERS }, (_, index) => ({
      reference: `order_${index}`,
      amount: 100 + index,
      currency: "EUR",
      ...(index % 10 === 9 ? { metadata: { simulate: "decline" } } : {}),
    }));
    const outcomes = await Promise.all(orders.map((order) => payments.charge(order)));
    await gateway.advance(120_000);

    const truth = await charges(gateway);
    for (const [index, order] of orders.entries()) {
      const declined = "metadata" in order;
      assert.equal(truth.get(order.reference)?.size ?? 0, declined ? 0 : 1, `${order.reference} at the gateway`);
      assert.equal(outcomes[index]?.status, declined ? "failed" : "settled", `${order.reference} in the shop`);
      assert.deepEqual(outcomes[index]?.extraCharges, []);
    }
    assert.equal(new Set(applied).size, applied.length, "no event was applied twice");
    assert.ok(gateway.groundTruth().length > 10, "the world was hostile");
  });
}
