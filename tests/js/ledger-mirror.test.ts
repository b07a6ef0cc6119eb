import assert from "node:assert/strict";
import { test } from "node:test";

import { adyenMapping, Ledger, Mirror, nativeMapping, paypalMapping, stripeLists, stripeMapping, toComparable, type Document } from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { createGateway } from "../../pkg/src/simulator/index.js";

const DAY = 86_400_000;

/** All two hundred take a minute or two: `LEDGER_ORDERS=200`. */
const ORDERS = Number(process.env.LEDGER_ORDERS ?? 10);

interface Month {
  readonly events: readonly Document[];
  readonly lists: readonly (readonly Document[])[];
  /** What the gateway itself says stands on the account, by currency. */
  readonly balance: ReadonlyMap<string, { readonly available: bigint; readonly pending: bigint }>;
}

/** Thirty days of a shop at the simulator: sales, holds, refunds, disputes, payouts. */
async function simulated(): Promise<Month> {
  const gateway = createGateway({ seed: 11, dialect: "stripe", clock: "virtual" });
  let keys = 0;
  const call = async (method: string, path: string, fields: Record<string, string> = {}): Promise<Document> => {
    const body = method === "GET" ? null : new URLSearchParams(fields).toString();
    const headers = { authorization: "Bearer sk_test_books", "content-type": "application/x-www-form-urlencoded", "idempotency-key": `k${(keys += 1)}` };
    const answer = await gateway.fetch(new Request(`http://stripe.test${path}`, { method, body, headers }));
    const document = (await answer.json()) as Document;
    assert.ok(answer.status < 500, JSON.stringify(document));
    return document;
  };
  const pay = (day: number, number: number, more: Record<string, string> = {}): Promise<Document> =>
    call("POST", "/v1/payment_intents", {
      amount: String(1_000 + day * 100 + number),
      currency: number % 3 === 0 ? "usd" : "eur",
      payment_method: "pm_card_visa",
      confirm: "true",
      "metadata[reference]": `order_${day}_${number}`,
      "automatic_payment_methods[enabled]": "true",
      "automatic_payment_methods[allow_redirects]": "never",
      ...more,
    });
  for (let day = 0; day < 30; day += 1) {
    const sale = await pay(day, 1);
    await pay(day, 3);
    if (day % 3 === 0) await call("POST", "/v1/refunds", { payment_intent: String(sale.id), amount: "400" });
    if (day % 5 === 0) await pay(day, 2, { payment_method: "pm_card_createDispute" });
    if (day % 9 === 4) {
      const failing = await pay(day, 6, { payment_method: "pm_card_refundFail" });
      await call("POST", "/v1/refunds", { payment_intent: String(failing.id) });
    }
    if (day % 6 === 1) await pay(day, 4, { payment_method: "pm_card_chargeDeclined" });
    if (day % 4 === 0) {
      const held = await pay(day, 5, { capture_method: "manual" });
      const path = `/v1/payment_intents/${String(held.id)}`;
      if (day % 8 === 0) await call("POST", `${path}/capture`);
      else await call("POST", `${path}/cancel`);
    }
    if (day % 7 === 6) await call("POST", "/v1/payouts", { amount: "2000", currency: "eur" });
    await gateway.advance(DAY);
  }
  await gateway.advance(10 * DAY);
  const get = (path: string): Promise<Document> => call("GET", path);
  const events: Document[] = [];
  let after = "";
  for (;;) {
    const page = await get(`/v1/events?limit=100${after}`);
    events.push(...(page.data as Document[]));
    if (page.has_more !== true) break;
    after = `&starting_after=${String(events.at(-1)?.id)}`;
  }
  const lists: Document[][] = [];
  for await (const page of stripeLists(get)) lists.push(page as Document[]);
  const { available, pending } = (await get("/v1/balance")) as unknown as Record<"available" | "pending", { amount: number; currency: string }[]>;
  const balance = new Map(
    available.map(({ amount, currency }) => [
      currency.toUpperCase(),
      { available: BigInt(amount), pending: BigInt(pending.find((row) => row.currency === currency)?.amount ?? 0) },
    ]),
  );
  await gateway.close();
  return { events, lists, balance };
}

/** The same order for the same seed. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const order = [...items];
  let state = seed * 2_654_435_761 + 1;
  for (let index = order.length - 1; index > 0; index -= 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (index + 1));
    [order[index], order[other]] = [order[other] as T, order[index] as T];
  }
  return order;
}

test("a month in many orders, with events twice and events lost, gives the same books to the byte", async () => {
  const { events, lists, balance } = await simulated();
  const kinds = new Set(events.map(({ type }) => String(type)));
  for (const kind of ["charge.succeeded", "charge.captured", "charge.refunded", "charge.dispute.created", "payout.created", "payout.paid", "refund.created"]) {
    assert.ok(kinds.has(kind), `the month has no ${kind}: ${[...kinds].join(", ")}`);
  }
  const mapping = stripeMapping({ bank: "main" });
  const booked = events.filter((payload) => mapping.steps(mapping.objectsOf(payload)[0] ?? {}, { cause: "probe", known: () => null }).length > 0);
  assert.ok(booked.length > 100, `${booked.length} of ${events.length} events are booked`);

  let first: string | undefined;
  for (let seed = 1; seed <= ORDERS; seed += 1) {
    const ledger = await Ledger.open({ now: () => 1_800_000_000_000 + seed });
    const mirror = new Mirror({ ledger, mapping });
    // One in seven is lost, one in three comes twice.
    const kept = booked.filter((_, index) => (index + seed) % 7 !== 0);
    const twice = kept.filter((_, index) => (index * 7 + seed) % 3 === 0);
    for (const event of shuffled([...kept, ...twice], seed)) {
      const { differing } = await mirror.apply({ id: String(event.id), payload: event });
      assert.deepEqual(differing, [], `order ${seed}: ${String(event.id)}`);
    }
    const { differing } = await mirror.backfill(shuffled(lists, seed));
    assert.deepEqual(differing, []);
    const again = await mirror.backfill(lists);
    assert.deepEqual(again, { created: [], differing: [] });
    const books = toComparable(ledger);
    first ??= books;
    assert.equal(books, first, `order ${seed}`);
    assert.equal(ledger.balance("Memo:Auth:Open", "EUR").pendingDebits, 0n);
    if (seed > 1) continue;
    // The gateway says the same of itself.
    for (const [currency, { available, pending }] of balance) {
      const at = (place: string): bigint => ledger.balance(`Assets:Gateway:stripe:${place}:${currency}`, currency).balance;
      assert.deepEqual([at("Available"), at("Pending")], [available, pending], `${currency} at the gateway`);
    }
    assert.ok(ledger.audit().balanced);
  }
});

test("an older snapshot after a newer one changes nothing, and a payout that came back is undone", async () => {
  const mapping = stripeMapping();
  const payout = { object: "payout", id: "po_1", amount: 500, currency: "eur", created: 1_772_366_400, arrival_date: 1_772_452_800 };
  const snapshots = ["pending", "paid", "failed"].map((status) => ({ ...payout, status }));
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  const books = new Set<string>();
  for (const order of orders) {
    const ledger = await Ledger.open();
    const mirror = new Mirror({ ledger, mapping });
    for (const index of order) await mirror.take(snapshots[index], `evt_${index}`);
    assert.equal(ledger.balance("Assets:Bank:main:EUR", "EUR").balance, 0n, order.join());
    books.add(toComparable(ledger));
  }
  assert.equal(books.size, 1);
});

test("an amount the provider changed is reported, and not booked", async () => {
  const ledger = await Ledger.open();
  const mirror = new Mirror({ ledger, mapping: stripeMapping() });
  const refund = { object: "refund", id: "re_1", amount: 500, currency: "eur", created: 1_772_366_400, status: "succeeded", charge: "ch_1" };
  assert.deepEqual(await mirror.take(refund, "evt_1"), { created: ["stripe:refund:re_1"], differing: [] });
  assert.deepEqual(await mirror.take({ ...refund, amount: 501 }, "evt_2"), { created: [], differing: [{ id: "stripe:refund:re_1", field: "postings" }] });
  assert.deepEqual(await mirror.take({ object: "customer", id: "cus_1" }, "evt_3"), { created: [], differing: [] });
  assert.throws(() => new Mirror({ ledger: {} as Ledger, mapping: stripeMapping() }), (error) => isTillproofError(error) && error.code === "argument_invalid");
});

test("the native gateway's events in many orders, with some lost, come to the books its payments say", async () => {
  const gateway = createGateway({ seed: 5, dialect: "native", clock: "virtual" });
  let keys = 0;
  const call = async (method: string, path: string, body?: object): Promise<Document> => {
    const headers = { "content-type": "application/json", "idempotency-key": `k${(keys += 1)}` };
    const answer = await gateway.fetch(new Request(`http://native.test${path}`, { method, body: body === undefined ? null : JSON.stringify(body), headers }));
    return (await answer.json()) as Document;
  };
  const ids: string[] = [];
  for (let number = 0; number < 12; number += 1) {
    const payment = await call("POST", "/api/payments", { merchantId: "shop", amount: 1_000 + number, currency: "EUR", reference: `order_${number}`, capture: number % 3 === 0 });
    const path = `/api/payments/${String(payment.id)}`;
    await gateway.advance(DAY / 24);
    if (number % 3 === 1) await call("POST", `${path}/capture`, { amount: 600 });
    if (number % 3 === 2 && number % 2 === 0) await call("POST", `${path}/void`);
    if (number % 3 === 0) await call("POST", `${path}/refund`, { amount: 100 });
    if (number % 6 === 0) await call("POST", `${path}/refund`, { amount: 900 + number });
    ids.push(String(payment.id));
  }
  await gateway.advance(10 * DAY);
  const { data: events } = (await call("GET", "/api/events")) as unknown as { readonly data: readonly Document[] };
  const payments = await Promise.all(ids.map((id) => call("GET", `/api/payments/${id}`)));
  assert.ok(events.length > 30, `${events.length} events`);
  await gateway.close();

  const books = new Set<string>();
  for (let seed = 1; seed <= 12; seed += 1) {
    const ledger = await Ledger.open();
    const mirror = new Mirror({ ledger, mapping: nativeMapping() });
    const kept = events.filter((_, index) => (index + seed) % 5 !== 0);
    for (const event of shuffled([...kept, ...kept], seed)) {
      assert.deepEqual((await mirror.apply({ id: String(event.id), payload: event })).differing, []);
    }
    assert.deepEqual((await mirror.backfill([shuffled(payments, seed)])).differing, []);
    books.add(toComparable(ledger));
    assert.equal(ledger.balance("Memo:Auth:Open", "EUR").pendingDebits, 0n, `order ${seed}`);
    const captured = payments.reduce((sum, { amountCaptured }) => sum + BigInt(String(amountCaptured)), 0n);
    assert.equal(ledger.balance("Income:Sales", "EUR").balance, captured);
  }
  assert.equal(books.size, 1);
});

test("Adyen's items in any order come to the same books, also a failure that overtakes what failed", async () => {
  const item = (pspReference: string, eventCode: string, value: number, more: object = {}): Document => ({
    notificationItems: [
      {
        NotificationRequestItem: {
          pspReference,
          eventCode,
          success: "true",
          merchantReference: "order_1",
          amount: { currency: "EUR", value },
          eventDate: `2026-03-0${(pspReference.length % 5) + 1}T12:00:00+01:00`,
          ...more,
        },
      },
    ],
  });
  const of = { originalReference: "PSP1" };
  const events = [
    item("PSP1", "AUTHORISATION", 10_000),
    item("CAPT22", "CAPTURE", 10_000, of),
    item("CAPT333", "CAPTURE", 10_000, { ...of, success: "false" }),
    item("REF4444", "REFUND", 3_000, of),
    item("REF55555", "REFUND", 2_000, of),
    item("REF55555", "REFUND_FAILED", 2_000, { ...of, eventDate: "2026-03-09T12:00:00+01:00" }),
    item("DIS666666", "CHARGEBACK", 7_000, of),
    item("DIS666666", "CHARGEBACK_REVERSED", 7_000, { ...of, eventDate: "2026-03-20T12:00:00+01:00" }),
    item("REP7", "REPORT_AVAILABLE", 0),
  ];
  const books = new Set<string>();
  for (let seed = 1; seed <= 40; seed += 1) {
    const ledger = await Ledger.open();
    const mirror = new Mirror({ ledger, mapping: adyenMapping() });
    for (const [index, payload] of shuffled([...events, ...events], seed).entries()) {
      assert.deepEqual((await mirror.apply({ id: `evt_${index}`, payload })).differing, []);
    }
    books.add(toComparable(ledger));
    const at = (account: string): bigint => ledger.balance(account, "EUR").balance;
    assert.deepEqual([at("Income:Sales"), at("Income:Refunds"), at("Assets:Disputed:adyen:EUR")], [10_000n, -3_000n, 0n]);
    const immediate = new Mirror({ ledger: await Ledger.open(), mapping: adyenMapping({ capture: "immediate" }) });
    assert.deepEqual((await immediate.apply({ id: "e", payload: events[0] })).created, ["adyen:charge:PSP1"]);
  }
  assert.equal(books.size, 1);
});

test("PayPal's resources and orders come to the same books in any order", async () => {
  const eur = (value: string) => ({ currency_code: "EUR", value });
  const capture = (status: string) => ({
    id: "CAP1",
    status,
    amount: eur("100.00"),
    create_time: "2026-03-01T12:00:00Z",
    invoice_id: "order_1",
    seller_receivable_breakdown: { gross_amount: eur("100.00"), paypal_fee: eur("3.20"), net_amount: eur("96.80") },
  });
  const refund = (id: string, status: string, value: string) => ({
    id,
    status,
    amount: eur(value),
    create_time: "2026-03-02T12:00:00Z",
    supplementary_data: { related_ids: { capture_id: "CAP1" } },
  });
  const dispute = { dispute_id: "PP-D-1", dispute_amount: eur("50"), create_time: "2026-03-03T12:00:00Z", disputed_transactions: [{ seller_transaction_id: "CAP1" }] };
  const events = [
    { event_type: "PAYMENT.CAPTURE.PENDING", resource: capture("PENDING") },
    { event_type: "PAYMENT.CAPTURE.COMPLETED", resource: capture("COMPLETED") },
    { event_type: "PAYMENT.CAPTURE.REFUNDED", resource: refund("REF1", "COMPLETED", "30.5") },
    { event_type: "PAYMENT.CAPTURE.REFUNDED", resource: refund("REF2", "COMPLETED", "9.99") },
    { event_type: "PAYMENT.REFUND.FAILED", resource: refund("REF2", "FAILED", "9.99") },
    { event_type: "CUSTOMER.DISPUTE.CREATED", resource: { ...dispute, status: "OPEN" } },
    {
      event_type: "CUSTOMER.DISPUTE.RESOLVED",
      resource: { ...dispute, status: "RESOLVED", update_time: "2026-03-09T12:00:00Z", dispute_outcome: { outcome_code: "RESOLVED_BUYER_FAVOUR" } },
    },
    { event_type: "BILLING.SUBSCRIPTION.CREATED", resource: { id: "I-1" } },
  ];
  const order = { id: "O1", purchase_units: [{ payments: { captures: [capture("PARTIALLY_REFUNDED")], refunds: [refund("REF1", "COMPLETED", "30.50")] } }] };
  const books = new Set<string>();
  for (let seed = 1; seed <= 30; seed += 1) {
    const ledger = await Ledger.open();
    const mirror = new Mirror({ ledger, mapping: paypalMapping() });
    for (const [index, payload] of shuffled([...events, ...events], seed).entries()) {
      assert.deepEqual((await mirror.apply({ id: `WH-${index}`, payload })).differing, []);
    }
    assert.deepEqual(await mirror.take(order, "fetched"), { created: [], differing: [] });
    books.add(toComparable(ledger));
    const at = (account: string): bigint => ledger.balance(account, "EUR").balance;
    assert.deepEqual(
      [at("Income:Sales"), at("Expenses:GatewayFee"), at("Income:Refunds"), at("Expenses:Chargeback"), at("Assets:Gateway:paypal:Available:EUR")],
      [10_000n, 320n, -3_050n, 5_000n, 9_680n - 3_050n - 5_000n],
    );
  }
  assert.equal(books.size, 1);
  const mirror = new Mirror({ ledger: await Ledger.open(), mapping: paypalMapping() });
  for (const amount of [eur("1,00"), eur("1.005"), { currency_code: "JPY", value: "1.50" }, { currency_code: "KWD", value: "1.00" }]) {
    const payload = { event_type: "PAYMENT.CAPTURE.COMPLETED", resource: { ...capture("COMPLETED"), amount } };
    await assert.rejects(mirror.apply({ id: "WH", payload }), (error) => isTillproofError(error) && error.code === "amount_not_decimal");
  }
});
