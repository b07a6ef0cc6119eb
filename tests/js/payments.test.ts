import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { createPayments, deriveKey, printSchedule, providerProfiles, randomKey, retrySchedule } from "../../pkg/src/payments/index.js";
import type { ChargeRequest, Payments, PaymentsOptions } from "../../pkg/src/payments/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { Batch, type Store } from "../../pkg/src/stores/store.js";

const ORDER: ChargeRequest = { reference: "order_1", amount: 1_000n, currency: "EUR" };

type Answer = (charge: () => Response) => Response | Promise<Response>;

/** A gateway that keeps keys as it should, and whose wire does what the script says, call by call. */
class ScriptedGateway {
  readonly keys: string[] = [];
  readonly charges: { reference: string; state: string }[] = [];
  readonly #stored = new Map<string, string>();
  readonly #script: Answer[];

  constructor(...script: Answer[]) {
    this.#script = script;
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    if (request.method === "GET") {
      const reference = new URL(request.url).searchParams.get("reference");
      const data = this.charges.map((_, index) => this.#payment(index)).filter((each) => each["reference"] === reference);
      return Response.json({ object: "list", data: data.reverse(), hasMore: false });
    }
    const key = request.headers.get("idempotency-key") ?? "";
    const body = (await request.json()) as Record<string, unknown>;
    this.keys.push(key);
    const charge = (): Response => {
      let answer = this.#stored.get(key);
      if (answer === undefined) {
        const declined = (body["metadata"] as { simulate?: string } | undefined)?.simulate === "decline";
        this.charges.push({ reference: String(body["reference"]), state: declined ? "failed" : "completed" });
        answer = JSON.stringify(this.#payment(this.charges.length - 1));
        this.#stored.set(key, answer);
      }
      return new Response(answer, { status: 201 });
    };
    return (this.#script.shift() ?? ((charge) => charge()))(charge);
  };

  #payment(index: number): Record<string, unknown> {
    const { reference, state } = this.charges[index] as { reference: string; state: string };
    const failure = state === "failed" ? { code: "card_declined", message: "The card was declined." } : null;
    return { id: `pay_${index + 1}`, merchantId: "shop", amount: 1_000, currency: "EUR", reference, state, failure };
  }
}

const lost: Answer = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }));
const refused: Answer = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED", syscall: "connect" } }));
const lostAfterwards: Answer = (charge) => {
  charge();
  return lost(charge);
};
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  () =>
    Response.json({ error: { code: "scripted", message: "scripted" } }, { status: code, headers });

function client(gateway: ScriptedGateway, options: Partial<PaymentsOptions> = {}) {
  return createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store: memoryStore(),
    secret: "sixteen bytes and more",
    retry: { baseMs: 1, capMs: 2 },
    fetch: gateway.fetch,
    ...options,
  });
}

/** Against hanging, and no measure of how fast a machine has to be. */
const GUARD_MS = 300_000;

/** A charge whose caller leaves when its request is under way. */
async function sentAndLeft(payments: Payments, gateway: ScriptedGateway): Promise<void> {
  const leaving = new AbortController();
  const call = payments.charge(ORDER, { signal: leaving.signal, waitMs: GUARD_MS });
  await until(() => gateway.keys.length > 0);
  leaving.abort();
  assert.equal((await call).status, "pending_confirmation");
}

/** Waits for what must come, however slow the machine is. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Why the order is unknown, as far as it is. */
async function reasonOf(payments: Payments): Promise<string | undefined> {
  const outcome = await payments.find("order_1");
  return outcome?.status === "pending_confirmation" ? outcome.reason : undefined;
}

test("whatever the wire does, the order is charged once and the outcome is a value", async () => {
  const stories: Record<string, Answer[]> = {
    "no fault": [],
    "the request is lost": [lost],
    "the answer is lost": [lostAfterwards],
    "the answer is lost three times": [lostAfterwards, lostAfterwards, lostAfterwards],
    "the connection is refused": [refused, refused],
    "a server error before the charge": [status(503)],
    "a server error after the charge": [(charge) => (charge(), new Response("", { status: 500 }))],
    "an answer that is cut short": [(charge) => (charge(), new Response('{"id":"pay_', { status: 201 }))],
    "success without a body": [(charge) => (charge(), new Response(null, { status: 204 }))],
    "an HTML error page": [() => new Response("<html>Bad gateway</html>", { status: 502 })],
    "too many requests": [status(429, { "retry-after": "0" })],
    "in flight elsewhere": [status(409)],
    "wrong credentials for a while": [status(401)],
  };
  for (const [story, script] of Object.entries(stories)) {
    const gateway = new ScriptedGateway(...script);
    const outcome = await client(gateway).charge(ORDER);
    assert.equal(outcome.status, "settled", story);
    assert.deepEqual(gateway.charges, [{ reference: "order_1", state: "completed" }], story);
    assert.equal(new Set(gateway.keys).size, 1, `${story}: one key for one purchase`);
    assert.equal(outcome.amount, 1_000n);
  }
});

test("fifty concurrent calls with one reference make one charge and fifty equal answers", async () => {
  const gateway = new ScriptedGateway(lostAfterwards);
  const payments = client(gateway);
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => payments.charge(ORDER)));
  assert.equal(gateway.charges.length, 1);
  assert.equal(outcomes[0]?.status, "settled");
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
});

test("two purchases that are alike and both intended are two", async () => {
  const gateway = new ScriptedGateway();
  const payments = client(gateway);
  const [first, second] = await Promise.all([payments.charge(ORDER), payments.charge({ ...ORDER, reference: "order_2" })]);
  assert.deepEqual([first.status, second.status], ["settled", "settled"]);
  assert.equal(gateway.charges.length, 2);
  assert.equal(new Set(gateway.keys).size, 2);
});

test("two processes on one store make one charge", async () => {
  const gateway = new ScriptedGateway(lostAfterwards);
  const store = memoryStore();
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, () => client(gateway, { store, timeoutMs: 1 }).charge(ORDER, { waitMs: GUARD_MS })),
  );
  assert.equal(gateway.charges.length, 1);
  assert.deepEqual([...new Set(outcomes.map((outcome) => outcome.status))], ["settled"]);
});

test("a process that dies between send and answer is followed by one that finds the charge", async () => {
  const store = memoryStore();
  let clock = 1_700_000_000_000;
  const now = (): number => clock;
  // The first process never hears an answer: it dies with the request on the wire.
  const gateway = new ScriptedGateway((charge) => (charge(), new Promise<Response>(() => undefined)));
  const dying = client(gateway, { store, now });
  const leaving = new AbortController();
  const telling = dying.charge(ORDER, { signal: leaving.signal });
  await until(() => gateway.keys.length === 1);
  leaving.abort();
  assert.equal((await telling).status, "pending_confirmation");

  const restarted = client(gateway, { store, now });
  assert.equal(await restarted.sweep(), 0, "the lease of the dead process still holds");
  clock += 60_000;
  assert.equal(await restarted.sweep(), 1);
  assert.equal((await restarted.find("order_1"))?.status, "settled");
  assert.equal(gateway.charges.length, 1);
  assert.equal(new Set(gateway.keys).size, 1, "the same key before and after the crash");
});

test("nothing is sent that the store did not take", async () => {
  const gateway = new ScriptedGateway();
  const store = memoryStore();
  const failing: Store = { ...store, commit: () => Promise.reject(new Error("disk full")) };
  await assert.rejects(client(gateway, { store: failing }).charge(ORDER), /disk full/);
  assert.deepEqual(gateway.keys, []);
});

test("an abort ends the wait with a value, and the payment goes on", async () => {
  const gateway = new ScriptedGateway(status(503), status(503));
  const payments = client(gateway, { retry: { baseMs: 100_000, capMs: 100_000, jitter: "equal" } });
  const abort = new AbortController();
  const waiting = payments.charge(ORDER, { signal: abort.signal });
  await until(async () => (await reasonOf(payments)) === "server_error");
  abort.abort();
  const outcome = await waiting;
  assert.equal(outcome.status, "pending_confirmation");
  assert.equal(gateway.keys.length, 1, "no extra send");
  assert.equal(outcome.status === "pending_confirmation" && outcome.reason, "server_error");
});

test("the same reference with other content is refused before anything is sent, and the field is named", async () => {
  const gateway = new ScriptedGateway();
  const payments = client(gateway);
  await payments.charge({ ...ORDER, metadata: { b: 1, a: { d: 2, c: 3 } } });
  const sent = gateway.keys.length;
  // Reordered arguments, as an agent that calls again would send them, are the same purchase.
  const again = await payments.charge({ currency: "EUR", metadata: { a: { c: 3, d: 2 }, b: 1 }, amount: 1_000, reference: "order_1" });
  assert.equal(again.status, "settled");
  for (const [change, field] of [
    [{ amount: 1_001 }, "amount"],
    [{ currency: "USD" }, "currency"],
    [{ description: "other" }, "description"],
    [{ metadata: { b: 2 } }, "metadata.a"],
  ] as const) {
    await assert.rejects(payments.charge({ ...ORDER, metadata: { b: 1, a: { d: 2, c: 3 } }, ...change }), (error) => {
      assert.ok(isTillproofError(error));
      assert.equal(error.code, "intent_mismatch");
      assert.equal(error.details["field"], field);
      return true;
    });
  }
  assert.equal(gateway.keys.length, sent);
});

test("bad input is a typed error, nothing is stored and nothing is sent", async () => {
  const gateway = new ScriptedGateway();
  const store = memoryStore();
  const payments = client(gateway, { store });
  const table: [Partial<Record<keyof ChargeRequest, unknown>>, string][] = [
    [{ amount: -1 }, "amount_not_an_integer"],
    [{ amount: 1.5 }, "amount_not_an_integer"],
    [{ amount: 2 ** 53 }, "amount_unsafe_number"],
    [{ amount: Number.NaN }, "amount_not_an_integer"],
    [{ amount: Number.POSITIVE_INFINITY }, "amount_not_an_integer"],
    [{ amount: "1e3" }, "amount_not_an_integer"],
    [{ amount: "-1" }, "amount_not_an_integer"],
    [{ amount: { toString: () => "5" } }, "amount_not_an_integer"],
    [{ amount: null }, "amount_not_an_integer"],
    [{ amount: 0 }, "amount_zero"],
    [{ amount: 2n ** 64n + 7n }, "amount_too_large"],
    [{ amount: 2n ** 53n }, "amount_unsafe_number"],
    [{ currency: "XXZ" }, "currency_unknown"],
    [{ currency: "eur" }, "currency_unknown"],
    [{ currency: 978 }, "text_expected"],
    [{ reference: "" }, "field_invalid"],
    [{ reference: 7 }, "text_expected"],
    [{ reference: "x".repeat(201) }, "reference_invalid"],
    [{ reference: "a\nb" }, "reference_invalid"],
    [{ metadata: [1] }, "field_invalid"],
    [{ metadata: { amount: Number.NaN } }, "number_not_finite"],
  ];
  for (const [change, code] of table) {
    await assert.rejects(payments.charge({ ...ORDER, ...change } as ChargeRequest), (error) => {
      assert.ok(isTillproofError(error), `${JSON.stringify(change, (_, value) => (typeof value === "bigint" ? `${value}n` : value))}: ${String(error)}`);
      assert.equal(error.code, code);
      return true;
    });
  }
  assert.deepEqual(await store.scan("", null, 10), []);
  assert.deepEqual(gateway.keys, []);
  assert.throws(() => client(gateway, { secret: "short" }), { code: "key_secret_too_short" });
  assert.throws(() => client(gateway, { provider: { profile: "strype", baseUrl: "http://x.test", merchantId: "s" } }), {
    code: "profile_unknown",
  });
  assert.throws(() => client(gateway, { provider: { baseUrl: "http://x.test/path", merchantId: "s" } }), {
    code: "base_url_invalid",
  });
  assert.throws(() => client(gateway, { retry: { baseMs: 0 } }), (error) => isTillproofError(error));
});

test("a store that breaks its contract gets an error that says so, and nothing is sent", async () => {
  const gateway = new ScriptedGateway();
  const record = { key: "k", version: 1, wakeAt: null };
  const table: readonly [code: string, store: Partial<Store>][] = [
    ["intent_unreadable", { get: async () => ({ ...record, value: '{"v":1,"journal":[{"type":"ope' }) }],
    ["intent_unreadable", { get: async () => ({ ...record, value: "null" }) }],
    ["store_contended", { get: async () => null, commit: async () => false }],
  ];
  for (const [code, broken] of table) {
    const sound = memoryStore();
    const store: Store = {
      get: (key) => sound.get(key),
      commit: (writes) => sound.commit(writes),
      due: (prefix, now, limit) => sound.due(prefix, now, limit),
      scan: (prefix, after, limit) => sound.scan(prefix, after, limit),
      ...broken,
    };
    // Draws of zero: no pause after a lost race.
    await assert.rejects(client(gateway, { store, random: (bytes) => void bytes.fill(0) }).charge(ORDER), { code });
  }
  assert.deepEqual(gateway.keys, []);
});

test("a declined payment is tried again with a new key only when it is asked for", async () => {
  const gateway = new ScriptedGateway();
  const payments = client(gateway);
  const order = { ...ORDER, metadata: { simulate: "decline" } };
  const failed = await payments.charge(order);
  assert.equal(failed.status, "failed");
  assert.equal(failed.status === "failed" && failed.code, "card_declined");
  assert.equal((await payments.charge(order)).epoch, 1, "the same answer again");
  assert.equal(gateway.keys.length, 1);
  assert.equal((await payments.charge(order, { retryFailed: true })).epoch, 2);
  assert.equal(new Set(gateway.keys).size, 2);
});

test("a webhook settles an intent together with the caller's own writes", async () => {
  const gateway = new ScriptedGateway(() => new Promise<Response>(() => undefined));
  const store = memoryStore();
  const payments = client(gateway, { store });
  await sentAndLeft(payments, gateway);
  const payment = { id: "pay_9", merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order_1", state: "completed" };
  const batch = new Batch();
  batch.add({ key: "ours", expected: 0, value: "with it" });
  assert.equal(await payments.noteWebhook(payment, { batch }), true);
  assert.equal((await payments.find("order_1"))?.status, "pending_confirmation", "not before the commit");
  assert.equal(await batch.commit(store), true);
  const outcome = await payments.find("order_1");
  assert.equal(outcome?.status === "settled" && outcome.evidence, "webhook");
  const unknown = ["unknown", "x".repeat(5_000), "half \ud800", " ", "\u0000"].map((reference) => ({ ...payment, reference }));
  for (const foreign of [null, 7, {}, { reference: "unknown" }, ...unknown]) assert.equal(await payments.noteWebhook(foreign), false);
});

test("a webhook is recognised by where the provider's objects bear our reference", async () => {
  // It cannot read what is sent to Stripe, so nobody knows what became of it.
  const gateway = new ScriptedGateway();
  const provider = { profile: "stripe", baseUrl: "http://stripe.test", merchantId: "acct_1" } as const;
  const payments = client(gateway, { provider });
  await payments.charge(ORDER, { waitMs: 0 });
  const intent = { id: "pi_1", object: "payment_intent", status: "succeeded", amount: 1_000, amount_received: 1_000, currency: "eur" };
  assert.equal(await payments.noteWebhook({ ...intent, reference: "order_1", metadata: {} }), false, "not where it stands");
  assert.equal(await payments.noteWebhook({ ...intent, metadata: { tillproof_reference: "order_2" } }), false, "unknown");
  assert.equal(await payments.noteWebhook({ ...intent, metadata: { tillproof_reference: "order_1" } }), true);
  const outcome = await payments.find("order_1");
  assert.equal(outcome?.status === "settled" && outcome.providerReference, "pi_1");
  // Stripe copies the metadata of a payment intent to its charge: the same money under another name.
  const charge = { ...intent, id: "ch_1", object: "charge", metadata: { tillproof_reference: "order_1" } };
  assert.equal(await payments.noteWebhook(charge), false);
  const still = await payments.find("order_1");
  assert.deepEqual([still?.status, still?.reversals, still?.extraCharges], ["settled", [], []], "the good payment is not given back");
});

test("keys, profiles and schedules can be looked at without sending anything", () => {
  const identity = { secret: "0123456789abcdef", merchant: "shop", account: "eu", operation: "charge", reference: "order_1" } as const;
  // The value the Rust tests and an independent HMAC give.
  assert.equal(deriveKey(identity), "d771c918f3fd0678ef44289c74a44cd7");
  assert.notEqual(deriveKey({ ...identity, epoch: 2 }), deriveKey(identity));
  assert.match(randomKey(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(randomKey({ version: 7, now: 0 }), /^00000000-0000-7/);
  const native = providerProfiles().find((profile) => profile.name === "native");
  assert.equal(native?.window_ms, 24 * 3_600_000);
  const schedule = retrySchedule({ attempts: 4, jitter: "full", entropy: new Uint8Array(16) });
  assert.deepEqual(
    schedule.map(({ attempt, earliestMs, latestMs }) => [attempt, earliestMs, latestMs]),
    [
      [1, 0, 0],
      [2, 0, 1_000],
      [3, 0, 2_000],
      [4, 0, 4_000],
    ],
  );
  assert.ok(schedule.every((row) => row.exactMs !== undefined && row.exactMs <= row.latestMs));
});

test("a schedule has an end, floors, and a table for people", () => {
  const options = { jitter: "equal", attempts: 1_000, deadlineMs: 120_000 } as const;
  const ended = retrySchedule(options);
  assert.ok(ended.length < 20 && ended.every((row) => row.beginsEarliestMs <= 120_000));
  const hinted = retrySchedule({ ...options, retryAfterMs: 20_000 });
  assert.deepEqual([hinted[1]?.earliestMs, hinted[1]?.latestMs], [20_500, 22_250]);
  const unknown = retrySchedule({ ...options, deadlineMs: 6 * 3_600_000, unknown: true });
  assert.ok((unknown.at(-1)?.earliestMs ?? 0) > 900_000, "after hours it waits at least a quarter of one");
  const drawn = retrySchedule({ attempts: 3, jitter: "decorrelated_v2", entropy: new Uint8Array(16) });
  assert.deepEqual(drawn.map((row) => row.beginsLatestMs), [0, drawn[1]?.exactMs, (drawn[1]?.exactMs ?? 0) + (drawn[2]?.exactMs ?? 0)]);
  assert.equal(
    printSchedule(retrySchedule({ jitter: "equal", attempts: 3 })),
    "attempt  wait                      begins after\n" +
      "      1  0.000 s                   0.000 s\n" +
      "      2  0.500 s to 1.000 s        0.500 s to 1.000 s\n" +
      "      3  1.000 s to 2.000 s        1.500 s to 3.000 s\n",
  );
});

test("a frozen process does not send after its lease, and one that failed to store sends nothing", async () => {
  const gateway = new ScriptedGateway();
  const store = memoryStore();
  let clock = 1_700_000_000_000;
  const freezing: Store = {
    ...store,
    async commit(writes) {
      const taken = await store.commit(writes);
      // The machine sleeps between the store's answer and the send.
      if (writes.some((write) => write.value.includes("send_authorised"))) clock += 3_600_000;
      return taken;
    },
  };
  const outcome = await client(gateway, { store: freezing, now: () => clock }).charge(ORDER, { waitMs: 20 });
  assert.equal(outcome.status, "pending_confirmation");
  assert.deepEqual(gateway.keys, []);
});

test("one record that cannot be driven does not keep the sweep from the others, and the sweeper lives on", async () => {
  const gateway = new ScriptedGateway();
  const store = memoryStore();
  const errors: unknown[] = [];
  const payments = client(gateway, { store, onError: (error) => void errors.push(error) });
  await store.commit([
    { key: "intent/shop//a-poison", expected: 0, value: '{"v":1,"journal":[{"type":"from the future"}]}', wakeAt: 1 },
    { key: "intent/shop//later", expected: 0, value: '{"v":2}', wakeAt: 1 },
  ]);
  const leaving = new AbortController();
  const opened = payments.charge(ORDER, { signal: leaving.signal });
  leaving.abort();
  assert.equal((await opened).status, "pending_confirmation");
  assert.deepEqual(gateway.keys, [], "nothing is sent for a caller who left before it was");
  assert.equal(await payments.sweep(), 3);
  assert.equal((await payments.find("order_1"))?.status, "settled");
  const codes = errors.map((error) => isTillproofError(error) && error.code);
  assert.deepEqual(codes.sort(), ["field_missing", "intent_of_later_version"], "in an order of its own");

  let asked = 0;
  const failing: Store = { ...store, due: () => ((asked += 1), Promise.reject(new Error("database is locked"))) };
  const stop = new AbortController();
  const sweeper = client(gateway, { store: failing, onError: () => asked >= 3 && stop.abort() });
  await sweeper.run({ everyMs: 1, signal: stop.signal });
  assert.ok(asked >= 3, "a failing store is asked again");
  await assert.rejects(sweeper.run({ everyMs: Number.NaN }), { code: "option_invalid" });
});

test("one caller's abort does not touch another's payment, and a closed client begins nothing", async () => {
  let answer: (() => void) | undefined;
  const gateway = new ScriptedGateway((charge) => new Promise((resolve) => (answer = () => resolve(charge()))));
  const store = memoryStore();
  const payments = client(gateway, { store });
  const impatient = new AbortController();
  const first = payments.charge(ORDER, { signal: impatient.signal });
  const second = payments.charge(ORDER);
  await until(() => answer !== undefined);
  impatient.abort();
  assert.equal((await first).status, "pending_confirmation");
  answer?.();
  assert.equal((await second).status, "settled");
  assert.equal(gateway.keys.length, 1);
  payments.close();
  await assert.rejects(payments.charge({ ...ORDER, reference: "order_2" }), { code: "payments_closed" });
  assert.equal(await store.get("intent/shop//order_2"), null);
});

test("one reference is one purchase, whatever is done with it", async () => {
  const gateway = new ScriptedGateway();
  const payments = client(gateway);
  await payments.authorize(ORDER);
  await assert.rejects(payments.charge(ORDER), { code: "intent_mismatch" });
  assert.equal(gateway.charges.length, 1);
});

test("an established connection that breaks is never taken for one that was not made", async () => {
  const table: [cause: object, notSent: boolean][] = [
    [{ code: "ECONNREFUSED", syscall: "connect" }, true],
    [{ code: "ENOTFOUND", syscall: "getaddrinfo" }, true],
    [{ code: "UND_ERR_CONNECT_TIMEOUT" }, true],
    [{ code: "ECONNREFUSED", errors: [{ code: "ECONNREFUSED", syscall: "connect" }, { code: "EHOSTUNREACH", syscall: "connect" }] }, true],
    [{ code: "ECONNREFUSED", errors: [{ code: "ECONNREFUSED", syscall: "connect" }, { code: "ECONNRESET", syscall: "read" }] }, false],
    [{ code: "EHOSTUNREACH", syscall: "read" }, false],
    [{ code: "ECONNREFUSED" }, false],
    [{ code: "ECONNRESET", syscall: "read" }, false],
    [{ code: "ECONNRESET", cause: { code: "ECONNREFUSED", syscall: "connect" } }, false],
    [{}, false],
  ];
  for (const [cause, notSent] of table) {
    const gateway = new ScriptedGateway(() => Promise.reject(new TypeError("fetch failed", { cause })), status(400));
    const outcome = await client(gateway).charge(ORDER, { waitMs: notSent ? 30_000 : 100 });
    // After "not sent" a refusal is proof; after "unknown" it proves nothing about the first attempt.
    assert.equal(outcome.status, notSent ? "failed" : "pending_confirmation", JSON.stringify(cause));
  }
});

test("a listener that throws neither ends the sweeper nor keeps a payment from being sent", async () => {
  const throwing = (): never => {
    throw new Error("the listener is broken");
  };
  const rejecting = async (): Promise<never> => throwing();
  const base = memoryStore();
  const gateway = new ScriptedGateway();
  for (const [index, listener] of [throwing, rejecting].entries()) {
    const paying = client(gateway, { store: base, onError: listener, onTransition: listener });
    assert.equal((await paying.charge({ ...ORDER, reference: `order_${index}` })).status, "settled");
  }
  let asked = 0;
  const due = async (): Promise<never> => {
    asked += 1;
    throw new Error("the store is away");
  };
  const sweeping = client(gateway, { store: { ...base, due }, onError: throwing });
  const running = sweeping.run({ everyMs: 1 });
  await Promise.race([until(() => asked >= 2), running]);
  sweeping.close();
  await running;
});

test("a time-out comes, and a caller is let go, also when the host collects its garbage meanwhile", { timeout: GUARD_MS }, async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const collecting = setInterval(collect, 5);
  try {
    const gateway = new ScriptedGateway(() => new Promise<Response>(() => undefined));
    assert.equal((await client(gateway, { timeoutMs: 60 }).charge(ORDER, { waitMs: GUARD_MS })).status, "settled", "sent again");
    const deaf = new ScriptedGateway(() => new Promise<Response>(() => undefined));
    // Who is not let go waits for an hour.
    const payments = client(deaf);
    const left = await payments.charge(ORDER, { waitMs: 3_600_000, signal: AbortSignal.timeout(60) });
    assert.equal(left.status, "pending_confirmation");
    payments.close();
  } finally {
    clearInterval(collecting);
  }
});

test("a fetch that ignores its time-out, and an answer without end, do not hold a payment up", async () => {
  const endless = (): Response =>
    new Response(new ReadableStream({ pull: (sink) => sink.enqueue(new Uint8Array(65_536).fill(32)) }), { status: 502 });
  const gateway = new ScriptedGateway(() => new Promise<Response>(() => undefined), endless);
  const outcome = await client(gateway, { timeoutMs: 30 }).charge(ORDER);
  assert.equal(outcome.status, "settled");
  // Two that came to nothing, and one or, on a machine that stood still meanwhile, more that were answered.
  assert.ok(gateway.keys.length >= 3, `${gateway.keys.length} requests`);
});

test("a call whose signal is aborted already begins nothing", async () => {
  const gateway = new ScriptedGateway();
  const payments = client(gateway);
  const left = new Error("the customer closed the page");
  await assert.rejects(payments.charge(ORDER, { signal: AbortSignal.abort(left) }), left);
  assert.equal(await payments.find(ORDER.reference), null);
  assert.equal(await payments.sweep(), 0);
  assert.deepEqual(gateway.keys, []);
});
