import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Payments, createPayments } from "../../pkg/src/payments/index.js";
import { createGateway } from "../../pkg/src/simulator/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

const page = readFileSync("docs/payments.md", "utf8");

test("the page names every method of a client", () => {
  const methods = Object.getOwnPropertyNames(Payments.prototype).filter((name) => name !== "constructor");
  // `call` is the door of createFetch, which has a page of its own.
  const missing = methods.filter((name) => name !== "call" && !page.includes(`\`${name}(`));
  assert.deepEqual(missing, []);
});

test("the trace the page shows is that of this payment, byte for byte", async () => {
  let clock = 1_700_000_000_000;
  const gateway = createGateway({ seed: 7 });
  let sent = 0;
  const payments = createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store: memoryStore(),
    secret: "sixteen bytes and more",
    now: () => clock,
    random: (bytes) => void bytes.fill(0),
    governor: false,
    fetch: async (request) => {
      const answer = await gateway.fetch(request);
      if ((sent += 1) > 1) return answer;
      throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
    },
  });
  await payments.charge({ reference: "order_1", amount: 4_999n, currency: "EUR" }, { waitMs: 0 });
  clock += 5_000;
  await payments.sweep();
  const trace = await payments.trace("order_1");
  assert.ok(page.includes(trace), trace);
});
