import assert from "node:assert/strict";
import { test } from "node:test";

import { adyenMapping, Ledger, Mirror, nativeMapping, stripeMapping, templates, type Document, type EntryInput, type Payment, type PaymentState } from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { createGateway } from "../../pkg/src/simulator/index.js";

const NOON = Date.parse("2026-03-01T12:00:00Z");
const HOUR = 3_600_000;

/** Everything that can be said of a payment, by a short word. Hours after noon give the order in which it happened. */
function vocabulary(): Readonly<Record<string, (hour: number) => EntryInput>> {
  const base = (id: string, hour: number) => ({ id, gateway: "x", currency: "EUR", occurredAt: NOON + hour * HOUR, cause: `evt of ${id}` });
  const money = (id: string, hour: number) => {
    const { gateway, ...rest } = base(id, hour);
    return rest;
  };
  const sale = { reference: "order_1", paymentId: "pay_1" };
  const charge = (hour: number): EntryInput => templates.charge({ ...base("charge", hour), ...sale, amount: 1_000, fee: 30 });
  const refund = (id: string, amount: number) => (hour: number) => templates.refund({ ...base(id, hour), reference: id, amount, follows: "charge" });
  return {
    initiated: (hour) => templates.paymentInitiated({ ...money("initiated", hour), payment: "order_1", amount: 1_000 }),
    failed: (hour) => templates.paymentFailed({ ...money("failed", hour), payment: "order_1", amount: 1_000, of: "initiated" }),
    hold: (hour) => templates.authorization({ ...money("hold", hour), authorization: "pay_1", amount: 1_000 }),
    void: (hour) => templates.authorizationVoided({ ...money("void", hour), authorization: "pay_1", amount: 1_000, of: "hold" }),
    capture: (hour) => templates.capture({ ...base("capture", hour), ...sale, authorization: "pay_1", of: "hold", amount: 600 }),
    captureRest: (hour) => templates.capture({ ...base("captureRest", hour), ...sale, paymentId: "capture_2", authorization: "pay_1", of: "hold", amount: 400 }),
    charge,
    second: (hour) => templates.charge({ ...base("second", hour), ...sale, amount: 1_000 }),
    undone: (hour) => templates.reversal(charge(0), { id: "undone", occurredAt: NOON + hour * HOUR, cause: "clerk" }),
    refund: refund("refund", 400),
    refundRest: refund("refundRest", 600),
    refundMore: refund("refundMore", 601),
    refundBack: (hour) => templates.reversal(refund("refund", 400)(0), { id: "refundBack", occurredAt: NOON + hour * HOUR, cause: "evt" }),
    loose: (hour) => templates.refund({ ...base("loose", hour), reference: "re_9", parentReference: "order_1", amount: 100 }),
    dispute: (hour) => templates.disputeOpened({ ...base("dispute", hour), disputeId: "dp", amount: 1_000, fee: 15, follows: "charge" }),
    won: (hour) => templates.disputeWon({ ...base("won", hour), disputeId: "dp", amount: 1_000, follows: "dispute" }),
    lost: (hour) => templates.disputeLost({ ...base("lost", hour), disputeId: "dp", amount: 1_000, follows: "dispute" }),
    fee: (hour) => templates.chargeFee({ ...base("fee", hour), amount: 7, follows: "charge" }),
  };
}

async function after(words: string, order?: readonly number[]): Promise<Payment | null> {
  const said = vocabulary();
  const ledger = await Ledger.open();
  const entries = words.split(" ").map((word, hour) => (said[word] ?? assert.fail(word))(hour));
  for (const index of order ?? entries.keys()) await ledger.post(entries[index] as EntryInput);
  return ledger.payment("order_1");
}

test("the state of a payment follows from its entries", async () => {
  // what happened, the states it went through, held, charged, returned, disputed, issues
  const table: [string, string, bigint, bigint, bigint, bigint, string][] = [
    ["initiated", "initiated", 0n, 0n, 0n, 0n, ""],
    ["initiated failed", "initiated failed", 0n, 0n, 0n, 0n, ""],
    ["initiated charge", "initiated settled", 0n, 1_000n, 0n, 0n, ""],
    ["initiated failed charge", "initiated failed settled", 0n, 1_000n, 0n, 0n, "moved_after_failure:charge"],
    ["charge fee", "settled", 0n, 1_000n, 0n, 0n, ""],
    ["hold capture", "pending settled", 400n, 600n, 0n, 0n, ""],
    ["initiated hold capture captureRest", "initiated pending settled", 0n, 1_000n, 0n, 0n, ""],
    ["charge refund", "settled", 0n, 1_000n, 400n, 0n, ""],
    ["charge refund refundRest", "settled reversed", 0n, 1_000n, 1_000n, 0n, ""],
    ["charge refund refundRest refundBack", "settled reversed settled", 0n, 1_000n, 600n, 0n, ""],
    ["charge refund refundMore", "settled reversed", 0n, 1_000n, 1_001n, 0n, "returned_too_much:refundMore"],
    ["charge loose", "settled", 0n, 1_000n, 100n, 0n, ""],
    ["loose charge", "settled", 0n, 1_000n, 100n, 0n, "returned_before:loose"],
    ["charge undone", "settled reversed", 0n, 0n, 0n, 0n, ""],
    ["charge dispute", "settled", 0n, 1_000n, 0n, 1_000n, ""],
    ["charge dispute won", "settled", 0n, 1_000n, 0n, 0n, ""],
    ["charge dispute lost", "settled reversed", 0n, 1_000n, 1_000n, 0n, ""],
    ["charge second", "settled", 0n, 2_000n, 0n, 0n, "charged_again:second"],
  ];
  for (const [words, states, held, charged, returned, disputed, issues] of table) {
    const payment = await after(words);
    assert.ok(payment !== null, words);
    assert.deepEqual(payment.steps.map(({ state }) => state).join(" "), states, words);
    assert.equal(payment.state, states.split(" ").at(-1), words);
    assert.deepEqual([payment.held, payment.charged, payment.returned, payment.disputed], [held, charged, returned, disputed], words);
    assert.equal(payment.issues.map(({ kind, entry }) => `${kind}:${entry}`).join(" "), issues, words);
    assert.deepEqual([...payment.entries].sort(), words.split(" ").sort(), words);
    for (const { cause, entry, at } of payment.steps) assert.ok((cause.endsWith(entry) || cause === "clerk" || cause === "evt") && at >= NOON, words);
  }
});

test("the order in which the news came changes nothing, as far as the books allow the order", async () => {
  const orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1], [3, 0, 2, 1]];
  for (const words of ["initiated charge refund refundRest", "charge dispute lost fee", "charge fee refund loose"]) {
    const told = new Set<string>();
    for (const order of orders) {
      const payment = await after(words, order);
      assert.ok(payment !== null);
      const { entries, ...rest } = payment;
      told.add(JSON.stringify({ ...rest, entries: [...entries].sort() }, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
    }
    assert.equal(told.size, 1, words);
  }
});

test("what may not be is refused by the books, and never becomes a state", async () => {
  // what happened, what is refused then, why
  const table: [string, string, string][] = [
    ["hold void", "capture", "hold_closed"],
    ["hold capture captureRest", "void", "hold_closed"],
    ["initiated failed", "failed", "hold_closed"],
    ["charge undone", "undone", "already_reversed"],
    ["charge", "capture", "hold_unknown"],
  ];
  for (const [words, refused, code] of table) {
    const ledger = await Ledger.open();
    const said = vocabulary();
    for (const [hour, word] of words.split(" ").entries()) await ledger.post((said[word] ?? assert.fail())(hour));
    const before = ledger.payments();
    const entry = { ...(said[refused] ?? assert.fail())(9), id: "again" };
    await assert.rejects(ledger.post(entry), (error) => isTillproofError(error) && error.code === code, `${words}, ${refused}`);
    assert.deepEqual(ledger.payments(), before);
  }
});

test("payments are found by the gateway's id, and by a reference that only one has", async () => {
  const ledger = await Ledger.open();
  const event = { gateway: "x", currency: "EUR", occurredAt: NOON, cause: "evt" };
  await ledger.post(templates.charge({ ...event, id: "c1", reference: "order_1", paymentId: "pay_1", amount: 5 }));
  await ledger.post(templates.payout({ ...event, id: "po", payoutId: "po_1", amount: 5 }));
  assert.equal(ledger.payment("pay_1")?.reference, "order_1");
  assert.equal(ledger.payment("order_1")?.id, "pay_1");
  assert.equal(ledger.payment("po_1"), null);
  await ledger.post(templates.charge({ ...event, id: "c2", reference: "order_1", paymentId: "pay_2", amount: 6 }));
  assert.equal(ledger.payment("order_1"), null);
  assert.deepEqual(ledger.payments().map(({ id, charged }) => [id, charged]), [["pay_1", 5n], ["pay_2", 6n]]);
  assert.throws(() => ledger.payment(7 as never), (error) => isTillproofError(error) && error.code === "text_expected");
});

test("a note that nobody came back to counts as failed once its time is over", async () => {
  const ledger = await Ledger.open();
  const note = templates.paymentInitiated({ id: "i", payment: "order_1", amount: 5, currency: "EUR", occurredAt: NOON, cause: "key", expiresAt: NOON + HOUR });
  await ledger.post(note);
  assert.equal(await ledger.expireHolds({ now: NOON + HOUR - 1 }), 0);
  assert.equal(ledger.payment("order_1")?.state, "initiated");
  assert.equal(await ledger.expireHolds({ now: NOON + HOUR }), 1);
  assert.deepEqual(ledger.payment("order_1")?.steps.map(({ state, at }) => [state, at]), [["initiated", NOON], ["failed", NOON + HOUR]]);
});

test("payments of the gateways end as the gateways say", async () => {
  const gateway = createGateway({ seed: 3, dialect: "native", clock: "virtual" });
  let keys = 0;
  const call = async (method: string, path: string, body?: object): Promise<Document> => {
    const headers = { "content-type": "application/json", "idempotency-key": `k${(keys += 1)}` };
    return (await (await gateway.fetch(new Request(`http://native.test${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) }))).json()) as Document;
  };
  const ledger = await Ledger.open();
  const mirror = new Mirror({ ledger, mapping: nativeMapping() });
  const expected: Readonly<Record<string, PaymentState>> = { authorized: "pending", completed: "settled", partially_refunded: "settled", refunded: "reversed", voided: "failed", expired: "failed" };
  const ways = [[], [["capture", {}]], [["void", {}]], [["capture", {}], ["refund", { amount: 100 }]], [["capture", { amount: 600 }], ["refund", { amount: 600 }]]] as [string, object][][];
  const seen = new Set<unknown>();
  for (const [number, way] of ways.entries()) {
    const { id } = await call("POST", "/api/payments", { merchantId: "shop", amount: 1_000 + number, currency: "EUR", reference: `order_${number}`, capture: false });
    await gateway.advance(HOUR);
    for (const [action, body] of way) {
      await call("POST", `/api/payments/${String(id)}/${action}`, body);
      await gateway.advance(HOUR);
    }
    const payment = await call("GET", `/api/payments/${String(id)}`);
    await mirror.take(payment, "fetched");
    seen.add(payment.state);
    const told = ledger.payment(String(id));
    assert.equal(told?.state, expected[String(payment.state)], String(payment.state));
    assert.deepEqual(told?.issues, []);
  }
  assert.ok(seen.size >= 4, [...seen].join());
  await gateway.close();
});

test("a payment of Stripe is one from its hold to its refund, and one of Adyen from its capture to its chargeback", async () => {
  const ledger = await Ledger.open();
  const stripe = new Mirror({ ledger, mapping: stripeMapping() });
  const charge = { object: "charge", id: "ch_1", amount: 1_000, amount_captured: 0, amount_refunded: 0, captured: false, refunded: false, currency: "eur", created: NOON / 1_000, payment_intent: "pi_1", metadata: { order_id: "order_1" }, status: "succeeded" };
  await stripe.take(charge, "evt_1");
  assert.equal(ledger.payment("ch_1")?.state, "pending");
  await stripe.take({ ...charge, captured: true, amount_captured: 1_000 }, "evt_2");
  assert.equal(ledger.payment("order_1")?.state, "settled");
  await stripe.take({ object: "refund", id: "re_1", amount: 1_000, currency: "eur", created: NOON / 1_000 + 60, charge: "ch_1", status: "succeeded" }, "evt_3");
  assert.deepEqual(ledger.payment("order_1")?.steps.map(({ state }) => state).slice(-2), ["settled", "reversed"]);

  const adyen = new Mirror({ ledger, mapping: adyenMapping() });
  const item = (pspReference: string, eventCode: string, originalReference: string): Document => ({
    pspReference, eventCode, originalReference, success: "true", merchantReference: "order_2", amount: { currency: "EUR", value: 700 }, eventDate: "2026-03-02T12:00:00+01:00",
  });
  await adyen.take(item("CAPT", "CAPTURE", "PSP1"), "n1");
  await adyen.take({ ...item("DIS", "CHARGEBACK", "CAPT"), eventDate: "2026-03-03T12:00:00+01:00" }, "n2");
  assert.deepEqual([ledger.payment("PSP1")?.state, ledger.payment("PSP1")?.disputed], ["settled", 700n]);
});
