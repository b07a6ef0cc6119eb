import assert from "node:assert/strict";
import { test } from "node:test";

import { createOutbox, type OutboxMessage, type PaymentMessage } from "../../pkg/src/outbox/index.js";
import { messagesOf } from "../../pkg/src/outbox/payments.js";
import { createPayments, type PaymentsOptions, type Transition } from "../../pkg/src/payments/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { Batch, type Store, type Write } from "../../pkg/src/stores/store.js";
import { createGateway } from "../../pkg/src/simulator/index.js";

const ORDER = { reference: "order_1", amount: 1_000n, currency: "EUR" };

type Answer = () => Response | Promise<Response>;

/** A payment client with an outbox, whose provider answers by a script and then with a payment. */
function setting(options: { readonly script?: Answer[]; readonly store?: Store } & Partial<PaymentsOptions> = {}) {
  const { script = [], store = memoryStore(), ...further } = options;
  const clock = { now: 1_790_000_000_000 };
  const told: OutboxMessage<PaymentMessage>[] = [];
  const outbox = createOutbox({ store, now: () => clock.now, deliver: (message) => void told.push(message as OutboxMessage<PaymentMessage>) });
  const paid = (): Response => Response.json({ id: "pay_1", merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1", state: "completed" }, { status: 201 });
  const payments = createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store,
    outbox,
    secret: "a secret of sixteen bytes or more",
    fetch: async () => (script.shift() ?? paid)(),
    now: () => clock.now,
    onError: () => undefined,
    ...further,
  });
  return { store, clock, told, outbox, payments };
}

const types = (told: readonly OutboxMessage[]): string[] => told.map(({ type }) => type);

test("what became of a payment is told once, with a stable id, however often it is asked for", async () => {
  const { payments, outbox, told } = setting();
  await payments.charge(ORDER);
  await payments.charge(ORDER);
  await outbox.sweep();
  await outbox.sweep();
  assert.deepEqual(types(told), ["payment.settled"]);
  const [message] = told;
  assert.ok(message);
  const { at, ...payload } = message.payload;
  assert.equal(typeof at, "number");
  assert.deepEqual(payload, {
    reference: "order_1", operation: "charge", profile: "native", amount: "1000", currency: "EUR", status: "settled", epoch: 1, attempts: 1, providerReference: "pay_1",
  });
  assert.match(message.id, /^[0-9a-f]{32}-0000000000000002-[0-9a-f]{8}$/, "the place of its entry in the journal, and its digest");
});

test("a payment nobody knows the outcome of is told as pending once, and then as what it became", async () => {
  const lost: Answer = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }));
  const { payments, outbox, told, clock } = setting({ script: [lost, lost, lost] });
  await payments.charge(ORDER, { waitMs: 0 });
  for (let round = 0; round < 6; round += 1) {
    clock.now += 60_000;
    await payments.sweep();
  }
  await outbox.sweep();
  assert.deepEqual(types(told), ["payment.pending", "payment.settled"]);
  assert.equal(told[0]?.payload.code, "connection_lost");
});

test("a refusal is told as failed with its proof, and a second try begins to tell anew", async () => {
  const declined: Answer = () => Response.json({ error: { code: "card_declined", message: "No." } }, { status: 402 });
  const { payments, outbox, told } = setting({ script: [declined] });
  await payments.charge(ORDER);
  await payments.charge(ORDER, { retryFailed: true });
  await outbox.sweep();
  assert.deepEqual(types(told), ["payment.failed", "payment.settled"]);
  assert.deepEqual([told[0]?.payload.code, told[0]?.payload.proof], ["card_declined", "refused"]);
});

test("whatever commit fails, outcome and message are both there or neither is", async () => {
  for (let fails = 1; fails <= 4; fails += 1) {
    const memory = memoryStore();
    let commits = 0;
    const dying: Store = {
      ...memory,
      commit: async (writes: readonly Write[]) => {
        commits += 1;
        if (commits >= fails) throw new Error("SIGKILL");
        return memory.commit(writes);
      },
    };
    const { payments } = setting({ store: dying });
    await payments.charge(ORDER, { waitMs: 0 }).catch(() => undefined);
    const after = setting({ store: memory });
    const known = await after.payments.find("order_1");
    const messages = await after.outbox.list();
    assert.equal(messages.length, known?.status === "settled" ? 1 : 0, `commit ${fails}`);
  }
});

test("a webhook's news and its message become true with the caller's own batch", async () => {
  const down: Answer = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }));
  const { payments, outbox, told, store } = setting({ script: [down] });
  await payments.charge(ORDER, { waitMs: 0 });
  const batch = new Batch();
  const payment = { id: "pay_7", merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1", state: "completed" };
  await payments.noteWebhook(payment, { batch });
  await outbox.sweep();
  assert.deepEqual(types(told), ["payment.pending"]);
  assert.equal(await batch.commit(store), true);
  await outbox.sweep();
  assert.deepEqual(types(told), ["payment.pending", "payment.settled"]);
});

test("each kind of entry is told as the table says", () => {
  const at = 5;
  const table: [earlier: object[], entry: object, told: string | undefined][] = [
    [[], { type: "settled", provider_reference: "p" }, "payment.settled"],
    [[], { type: "failed", code: "x", proof: "refused" }, "payment.failed"],
    [[], { type: "ambiguous", reason: "timeout" }, "payment.pending"],
    [[{ type: "ambiguous" }], { type: "ambiguous", reason: "timeout" }, undefined],
    [[{ type: "ambiguous" }, { type: "reopened" }], { type: "ambiguous", reason: "timeout" }, "payment.pending"],
    [[], { type: "action_required", provider_reference: "p" }, "payment.awaiting_customer"],
    [[{ type: "action_required" }], { type: "action_required", provider_reference: "p" }, undefined],
    [[], { type: "needs_review", reason: "deadline_passed" }, "payment.needs_review"],
    [[], { type: "reversed", charge: "c", refund: "r" }, "payment.reversed"],
    [[], { type: "resolved", charge: "c", note: "seen at the bank" }, "payment.settled"],
    [[], { type: "resolved", note: "nothing at the bank" }, "payment.failed"],
    [[], { type: "opened" }, undefined],
    [[], { type: "send_authorised" }, undefined],
    [[], { type: "queried_empty" }, undefined],
    [[], { type: "reversal_due", charge: "c" }, undefined],
  ];
  for (const [earlier, entry, told] of table) {
    const after = { reference: "r", operation: "charge", profile: "native", status: "settled", epoch: 1, attempts: 1 };
    const transition = { key: "k", reference: "r", position: earlier.length, earlier, entries: [{ ...entry, at }], before: null, after } as unknown as Transition;
    const [message] = messagesOf(transition);
    assert.equal(message?.type, told, JSON.stringify(entry));
    if (message !== undefined) assert.equal(message.position, earlier.length);
  }
});

test("when a restored backup leads to another entry at the same place, its message has another id", async () => {
  const ids: string[] = [];
  for (const state of ["completed", "failed"]) {
    const clock = 1_790_000_000_000;
    const store = memoryStore();
    const outbox = createOutbox({ store, now: () => clock, deliver: ({ id }) => void ids.push(id) });
    const payment = { id: "pay_1", merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1", state };
    const payments = createPayments({
      provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
      store, outbox, secret: "a secret of sixteen bytes or more", now: () => clock,
      fetch: async () => Response.json(payment, { status: 201 }),
    });
    await payments.charge(ORDER, { waitMs: 0 });
    await outbox.sweep();
  }
  const [first = "", second = ""] = ids;
  assert.equal(first.slice(0, 50), second.slice(0, 50));
  assert.notEqual(first, second);
});

test("an outbox of another store is refused: the two would not be one commit", () => {
  const outbox = createOutbox({ store: memoryStore() });
  assert.throws(() => setting({ outbox }), { code: "outbox_of_another_store" });
});

test("payments through the real simulator under faults: each reference is told its end exactly once, in order", async () => {
  const gateway = createGateway({ seed: 11, dialect: "native", faults: "gentle", clock: "real" } as never);
  const store = memoryStore();
  const told: OutboxMessage<PaymentMessage>[] = [];
  const outbox = createOutbox({ store, deliver: (message) => void told.push(message as OutboxMessage<PaymentMessage>) });
  const payments = createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store, outbox, secret: "a secret of sixteen bytes or more", retry: { baseMs: 1, capMs: 20 }, timeoutMs: 5_000,
    fetch: (request) => gateway.fetch(request),
    onError: () => undefined,
  });
  const references = Array.from({ length: 30 }, (_, index) => `order_${index}`);
  const outcomes = await Promise.all(references.map((reference) => payments.charge({ ...ORDER, reference }, { waitMs: 15_000 })));
  await outbox.sweep();
  const ended = outcomes.filter(({ status }) => status === "settled" || status === "failed");
  assert.ok(ended.length >= 20, `${ended.length} of 30 ended`);
  for (const { reference, status } of ended) {
    const mine = told.filter(({ payload }) => payload.reference === reference);
    assert.equal(mine.filter(({ type }) => type === `payment.${status}`).length, 1, reference);
    assert.equal(mine.at(-1)?.type, `payment.${status}`, reference);
    assert.deepEqual(mine.map(({ position }) => position), mine.map(({ position }) => position).sort((a, b) => a - b));
  }
});
