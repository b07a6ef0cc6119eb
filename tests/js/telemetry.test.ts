import assert from "node:assert/strict";
import { test } from "node:test";

import { createOutbox } from "../../pkg/src/outbox/index.js";
import { createGovernor, createPayments } from "../../pkg/src/payments/index.js";
import { defineSaga, refused } from "../../pkg/src/saga/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { byLabel, single, written } from "../../pkg/src/telemetry/exposition.js";
import { factsOf, type PaymentChange } from "../../pkg/src/telemetry/facts.js";
import { Histogram } from "../../pkg/src/telemetry/histogram.js";
import { createTelemetry, openTelemetry } from "../../pkg/src/telemetry/index.js";

test("families are written with help and type once, and words that need it are escaped", () => {
  const text = written([single("a_seconds", 'One \\ two\n"three"', 0.5), byLabel("counter", "b_total", "B.", "state", { 'x"\\\n': 2, y: Number.POSITIVE_INFINITY })], { queue: "q" });
  assert.equal(
    text,
    '# HELP a_seconds One \\\\ two\\n"three"\n# TYPE a_seconds gauge\na_seconds{queue="q"} 0.5\n' +
      '# HELP b_total B.\n# TYPE b_total counter\nb_total{queue="q",state="x\\"\\\\\\n"} 2\nb_total{queue="q",state="y"} +Inf\n',
  );
  assert.equal(written([]), "");
});

test("an observation is in the first bucket it does not exceed, and quantiles are those of histogram_quantile", () => {
  const histogram = new Histogram([1, 2, 4]);
  assert.equal(histogram.quantile(0.5), null);
  for (const value of [0.5, 1, 1.5, 3, 9]) histogram.observe(value);
  const series = histogram.samples({ a: "b" }).map(({ labels, value, suffix }) => [suffix, labels["le"], value]);
  assert.deepEqual(series, [
    ["_bucket", "1", 2], ["_bucket", "2", 3], ["_bucket", "4", 4], ["_bucket", "+Inf", 5], ["_sum", undefined, 15], ["_count", undefined, 5],
  ]);
  // As `histogram_quantile` gives them: linear within a bucket, and the highest finite bound beyond.
  assert.deepEqual([0, 0.2, 0.4, 0.5, 0.6, 0.8, 0.99].map((q) => histogram.quantile(q)), [0, 0.5, 1, 1.5, 2, 4, 4]);
});

const change = (earlier: object[], entries: object[], before: string | null = "in_flight"): PaymentChange => ({
  reference: "order_1",
  earlier: earlier as never,
  entries: entries as never,
  before: before === null ? null : { state: before },
  after: { state: "settled", profile: "stripe", operation: "charge", attempts: 2 },
});

test("facts hold nothing but stable words", () => {
  const opened = { type: "opened", at: 1_000 };
  const facts = factsOf(change([opened], [
    { type: "send_authorised", at: 1_500 },
    { type: "ambiguous", at: 2_000, reason: "timeout" },
    { type: "queried_empty", at: 2_500 },
    { type: "settled", at: 3_000, provider_reference: "pay_secret" },
  ]));
  assert.deepEqual(facts, [
    { type: "sent" }, { type: "setback", reason: "timeout" }, { type: "setback", reason: "queried_empty" },
    { type: "end", end: "settled", seconds: 2, attempts: 2 },
  ]);
  assert.deepEqual(factsOf(change([], [opened], null)), [{ type: "opened" }]);
  assert.deepEqual(factsOf(change([opened], [{ type: "action_required", at: 2_000 }], "awaiting_customer")), []);
});

test("a scrape shows payments, sagas, governors, the store and outboxes", async () => {
  const store = memoryStore();
  const clock = { now: 1_790_000_000_000 };
  const outbox = createOutbox({ store, now: () => clock.now, name: "mails" });
  const governor = createGovernor();
  const telemetry = createTelemetry({ store, outboxes: [outbox], governors: [governor], now: () => clock.now });
  const script: (() => Promise<Response>)[] = [() => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }))];
  const payments = createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store, outbox, governor, secret: "a secret of sixteen bytes or more", now: () => clock.now, onTransition: telemetry.payment,
    fetch: async (request) => {
      const { reference } = (await request.json()) as { reference: string };
      return script.shift()?.() ?? Response.json({ id: `pay_${reference}`, merchantId: "shop", amount: 1_000, currency: "EUR", reference, state: "completed" }, { status: 201 });
    },
  });
  const order = { amount: 1_000, currency: "EUR" };
  await payments.charge({ ...order, reference: "order_lost" }, { waitMs: 0 });
  clock.now += 300;
  await payments.charge({ ...order, reference: "order_1" });
  const saga = defineSaga({ name: "order", store, now: () => clock.now, onTransition: telemetry.saga, steps: [{ name: "a", run: () => refused("no") }] });
  await saga.run("1", {});
  clock.now += 5_000;
  const text = await telemetry.prometheus();
  for (const line of [
    'tillproof_payments_opened_total{profile="native",operation="charge"} 2',
    'tillproof_payments_attempts_total{profile="native",operation="charge"} 2',
    'tillproof_payments_ends_total{profile="native",operation="charge",end="settled"} 1',
    'tillproof_payments_setbacks_total{profile="native",operation="charge",reason="connection_lost"} 1',
    'tillproof_payments_duration_seconds_count{profile="native",operation="charge"} 1',
    'tillproof_sagas_ends_total{saga="order",end="compensated"} 1',
    'tillproof_governor_breaker{profile="native",operation="charge",state="closed"} 1',
    "tillproof_payments_open 1",
    "tillproof_payments_oldest_open_seconds 5.3",
    'tillproof_outbox_messages{outbox="mails",state="ready"} 2',
  ]) assert.ok(text.includes(`${line}\n`), `${line} is missing in\n${text}`);
  assert.doesNotMatch(text, /order_1|order_lost|pay_|sixteen/, "no reference, no id of the provider, no secret");
  const [figures] = telemetry.figures();
  assert.deepEqual([figures?.opened, figures?.attempts, figures?.ends.settled], [2, 2, 1]);
  assert.equal(typeof figures?.p99Ms, "number");
});

test("what cannot work is refused when it is asked for", () => {
  const cases: [() => unknown, string][] = [
    [() => createTelemetry({ store: {} as never }), "store_invalid"],
    [() => createTelemetry({ stores: [] } as never), "unknown_option"],
    [() => createTelemetry({ outboxes: [{} as never] }), "argument_invalid"],
    [() => createTelemetry({ governors: [{} as never] }), "argument_invalid"],
    [() => openTelemetry({ references: "secret" as never }), "option_invalid"],
    [() => openTelemetry({ references: "hashed" }), "bytes_expected"],
    [() => openTelemetry({ references: "hashed", secret: "short" }), "option_invalid"],
    [() => openTelemetry({ meter: {} as never }), "argument_invalid"],
  ];
  for (const [call, code] of cases) assert.throws(call, { code }, code);
});
