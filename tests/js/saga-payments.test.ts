import assert from "node:assert/strict";
import { test } from "node:test";

import { createPayments, type Payments } from "../../pkg/src/payments/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { defineSaga, ofOutcome, refused, takeBack } from "../../pkg/src/saga/index.js";
import { createGateway } from "../../pkg/src/simulator/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store } from "../../pkg/src/stores/store.js";

interface Order {
  readonly amount: number;
}

/** A shop at the simulated provider, whose wire may lose answers. */
function shop(store: Store = memoryStore(), lose: (request: Request) => boolean = () => false) {
  const gateway = createGateway({ seed: 5, dialect: "native" });
  const payments = createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store,
    secret: "a secret of sixteen bytes or more",
    retry: { baseMs: 1, capMs: 5 },
    fetch: async (request) => {
      const lost = lose(request);
      const answer = await gateway.fetch(request);
      if (lost) throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
      return answer;
    },
    onError: () => undefined,
  });
  return { gateway, payments, store };
}

const order = (store: Store, payments: Payments, ledger: () => unknown) =>
  defineSaga<Order>({
    name: "order",
    store,
    backoff: { baseMs: 1, capMs: 5 },
    onError: () => undefined,
    attemptsMax: 2,
    steps: [
      {
        name: "charge",
        run: async ({ key, input }) => ofOutcome(await payments.charge({ reference: key, amount: input.amount, currency: "EUR" })),
        undo: (context) => takeBack(payments, context),
      },
      { name: "ledger", run: ledger },
    ],
  });

/** What the provider has of an order: states and refunded amounts. */
async function truth(gateway: ReturnType<typeof createGateway>, reference: string): Promise<unknown> {
  const response = await gateway.fetch(new Request(`http://gateway.test/api/payments?reference=${encodeURIComponent(reference)}`));
  const { data } = (await response.json()) as { data: { state: string }[] };
  return data.map(({ state }) => state);
}

test("the ledger refuses, and the charge is refunded once, whatever answers are lost", async () => {
  for (const loses of [false, true]) {
    let calls = 0;
    const { gateway, payments, store } = shop(memoryStore(), () => loses && (calls += 1) % 2 === 1);
    const outcome = await order(store, payments, () => refused("period_closed")).run("42", { amount: 1_000 });
    assert.deepEqual([outcome.status, outcome.status === "compensated" && outcome.reason], ["compensated", "period_closed"]);
    assert.deepEqual(await truth(gateway, "step:order:42:charge"), ["refunded"]);
    assert.equal((await payments.find("undo:order:42:charge"))?.status, "settled", "the refund is an intent of its own");
  }
});

test("everything goes well, and nothing is given back", async () => {
  const { gateway, payments, store } = shop();
  const outcome = await order(store, payments, () => ({ entry: 7 })).run("42", { amount: 1_000 });
  assert.equal(outcome.status, "completed");
  assert.deepEqual(await truth(gateway, "step:order:42:charge"), ["completed"]);
});

test("a step that was begun and never heard of again is looked up before anything is given back", async () => {
  const { payments } = shop();
  const context = { key: "undo:order:42:charge", stepKey: "step:order:42:charge" };
  assert.equal(await takeBack(payments, context), null, "it was never begun");
  await payments.charge({ reference: context.stepKey, amount: 5, currency: "EUR" });
  const back = (await takeBack(payments, context)) as { providerReference: string };
  assert.equal((await payments.find(context.key))?.status, "settled");
  assert.deepEqual(await takeBack(payments, context), back, "the second time is the same refund");
  const declined = shop();
  const other = { key: "undo:order:43:charge", stepKey: "step:order:43:charge" };
  await declined.payments.charge({ reference: other.stepKey, amount: 5, currency: "EUR", metadata: { simulate: "decline" } });
  assert.equal(await takeBack(declined.payments, other), null, "it is proven that no money moved");
});

test("a step that was given up before it began its charge cannot begin it after it was taken back", async () => {
  const { gateway, payments, store } = shop();
  let late: Promise<unknown> = Promise.resolve();
  let goOn = (): void => undefined;
  const slow = new Promise<void>((resolve) => (goOn = resolve));
  const orders = defineSaga<Order>({
    name: "order",
    store,
    timeoutMs: 500,
    attemptsMax: 1,
    onError: () => undefined,
    steps: [
      {
        name: "charge",
        run: ({ key, input }) => (late = slow.then(() => payments.charge({ reference: key, amount: input.amount, currency: "EUR" }))),
        undo: (context) => takeBack(payments, context),
      },
    ],
  });
  assert.equal((await orders.run("42", { amount: 1_000 })).status, "compensated");
  goOn();
  await assert.rejects(late, (error) => isTillproofError(error) && error.code === "intent_mismatch");
  assert.deepEqual(await truth(gateway, "step:order:42:charge"), []);
});

test("what was charged at a provider whose refunds name an amount is given back, and a refund that was refused is tried again", async () => {
  const asked: unknown[] = [];
  const payments = createPayments({
    provider: { profile: "square", baseUrl: "http://square.test", merchantId: "shop" },
    store: memoryStore(),
    secret: "a secret of sixteen bytes or more",
    fetch: async (request) => {
      const { amount_money: amount, reference_id: reference } = (await request.json()) as Record<string, unknown>;
      if (!request.url.endsWith("/v2/refunds")) {
        return Response.json({ payment: { id: "pay_1", status: "COMPLETED", amount_money: amount, reference_id: reference } });
      }
      asked.push(amount);
      if (asked.length > 1) return Response.json({ refund: { id: "refund_1", status: "PENDING", amount_money: amount } });
      return Response.json({ errors: [{ category: "REFUND_ERROR", code: "INSUFFICIENT_PERMISSIONS_FOR_REFUND" }] }, { status: 422 });
    },
  });
  const context = { key: "undo:order:42:charge", stepKey: "step:order:42:charge" };
  assert.equal((await payments.charge({ reference: context.stepKey, amount: 500, currency: "EUR" })).status, "settled");
  await takeBack(payments, context);
  assert.equal((await payments.find(context.key))?.status, "failed", "the merchant's balance was too low, say");
  const back = (await takeBack(payments, context)) as { providerReference: string };
  assert.equal(back.providerReference, "refund_1");
  assert.deepEqual(await takeBack(payments, context), back, "once it is back, it is only looked up");
  assert.deepEqual(asked, [{ amount: 500, currency: "EUR" }, { amount: 500, currency: "EUR" }]);
  payments.close();
});
