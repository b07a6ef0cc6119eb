/** Provider profiles at the door: what is built in, what a merchant writes himself, and a payment through each. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createPayments, providerProfiles } from "../../pkg/src/payments/own-profiles.js";
import type { PaymentsOptions, ProfileDocument } from "../../pkg/src/payments/own-profiles.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

const MINE: ProfileDocument = {
  name: "mine",
  key: { header: "X-Request-Id", quoted: true, form: "uuid", length: [36, 36] },
  window_ms: 3_600_000,
  margin_ms: 60_000,
  quarantine_ms: 60_000,
  error: { codes: ["code"] },
  answers: [
    { status: 402, means: "declined" },
    { status: [400, 499], means: "refused" },
    { status: [500, 599], header: { name: "x-final", value: "yes" }, means: "unknown_for_ever" },
    { status: [500, 599], means: "unknown" },
  ],
  dialect: {
    encoding: "json",
    answer: { id: "id", state: "state", reference: "order", states: { settled: ["PAID"], failed: ["NO"] } },
    operations: {
      charge: {
        path: "/pay",
        body: { order: "$reference", cents: "$amount", tags: { "...": "$metadata", shop: "$merchant" } },
        query: { path: "/pay?order={reference}", items: "list" },
      },
    },
  },
};

interface Heard {
  readonly method: string;
  readonly path: string;
  readonly key: string | null;
  readonly body: string;
}

/** A client whose wire answers from the script, and what it sent. */
function client(profile: string | ProfileDocument, script: (() => Response)[], options: Partial<PaymentsOptions> = {}) {
  const heard: Heard[] = [];
  const header = typeof profile === "string" ? "idempotency-key" : "x-request-id";
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    heard.push({ method: request.method, path: pathname + search, key: request.headers.get(header), body: await request.text() });
    const next = script.shift();
    assert.ok(next, `nothing is scripted for ${request.method} ${pathname}${search}`);
    return next();
  };
  const payments = createPayments({
    provider: { profile, baseUrl: "https://provider.test", merchantId: "shop" },
    store: memoryStore(),
    secret: "sixteen bytes and more",
    retry: { baseMs: 1, capMs: 2 },
    fetch,
    ...options,
  });
  return { payments, heard };
}

const lost = (): Response => {
  throw new TypeError("fetch failed", { cause: { code: "ECONNRESET", syscall: "read" } });
};

test("every profile shows each promise with its source and the date of its last check", () => {
  const profiles = providerProfiles();
  const wanted = ["stripe", "stripe-v2", "adyen", "paypal", "square", "mollie", "checkout", "gocardless", "razorpay", "native"];
  const names = profiles.map(({ name }) => name);
  for (const name of wanted) assert.ok(names.includes(name), name);
  for (const { name, title: _title, sources, ...promises } of profiles) {
    assert.deepEqual(Object.keys(sources).sort(), Object.keys(promises).sort(), name);
    for (const [field, { source, checked }] of Object.entries(sources)) {
      assert.ok(source.length > 10, `${name}.${field}`);
      assert.match(checked, /^20\d\d-\d\d-\d\d$/, `${name}.${field}`);
    }
  }
  const paypal = profiles.find(({ name }) => name === "paypal");
  assert.equal(new Set(paypal?.windows?.map((row) => row.window_ms)).size, 4, "PayPal has four windows");
});

test("a payment through a profile of one's own goes out in its words and comes back in ours", async () => {
  const { payments, heard } = client(MINE, [lost, () => Response.json({ id: "p1", state: "PAID", order: "order_1" })]);
  const outcome = await payments.charge({ reference: "order_1", amount: 1_050, currency: "EUR", metadata: { table: 7, shop: "no" } });
  assert.equal(outcome.status === "settled" && outcome.providerReference, "p1");
  const [first, second] = heard;
  assert.deepEqual(first, second, "the same request with the same key");
  assert.equal(`${first?.method} ${first?.path}`, "POST /pay");
  assert.match(first?.key ?? "", /^"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/);
  assert.deepEqual(JSON.parse(first?.body ?? ""), { order: "order_1", cents: 1050, tags: { table: 7, shop: "shop" } });
});

test("a rule of one's own decides: after a final server error the key is not sent again but asked about", async () => {
  const { payments, heard } = client(MINE, [
    () => new Response("", { status: 500, headers: { "x-final": "YES" } }),
    () => Response.json({ list: [{ id: "p1", state: "PAID", order: "order_1" }] }),
  ]);
  const outcome = await payments.charge({ reference: "order_1", amount: 1, currency: "EUR" });
  assert.equal(outcome.status === "settled" && outcome.evidence, "query");
  assert.deepEqual(heard.map(({ method, path }) => `${method} ${path}`), ["POST /pay", "GET /pay?order=order_1"]);
});

test("Stripe is spoken to in forms, and a lost answer is fetched with the same key", async () => {
  const intent = { id: "pi_1", object: "payment_intent", status: "succeeded", amount: 1_050, currency: "eur" };
  const answer = (): Response => Response.json({ ...intent, metadata: { tillproof_reference: "order_1" } });
  const { payments, heard } = client("stripe", [lost, answer]);
  const outcome = await payments.charge({
    reference: "order_1",
    amount: 1_050n,
    currency: "EUR",
    providerFields: { payment_method: "pm_card_visa" },
  });
  assert.equal(outcome.status === "settled" && outcome.providerReference, "pi_1");
  assert.equal(new Set(heard.map(({ key }) => key)).size, 1);
  const form = new URLSearchParams(heard[0]?.body);
  assert.deepEqual(Object.fromEntries(form), {
    amount: "1050",
    currency: "eur",
    confirm: "true",
    capture_method: "automatic",
    "metadata[tillproof_reference]": "order_1",
    payment_method: "pm_card_visa",
  });
});

test("Stripe's stored 500 is never sent again but searched for", async () => {
  const { payments, heard } = client("stripe", [
    () => Response.json({ error: { type: "api_error" } }, { status: 500, headers: { "idempotent-replayed": "true" } }),
    () =>
      Response.json({
        object: "search_result",
        has_more: false,
        data: [{ id: "pi_1", status: "succeeded", amount: 1_050, currency: "eur", metadata: { tillproof_reference: "order_1" } }],
      }),
  ]);
  const outcome = await payments.charge({ reference: "order_1", amount: 1_050, currency: "EUR" });
  assert.equal(outcome.status === "settled" && outcome.evidence, "query");
  assert.match(heard[1]?.path ?? "", /^\/v1\/payment_intents\/search\?/);
});

test("a declined card is failed with the provider's own code", async () => {
  const error = { code: "card_declined", type: "card_error", message: "Your card was declined.", payment_intent: { id: "pi_1" } };
  const { payments } = client("stripe", [() => Response.json({ error }, { status: 402 })]);
  const outcome = await payments.charge({ reference: "order_1", amount: 1_050, currency: "EUR" });
  assert.deepEqual(outcome.status === "failed" && [outcome.code, outcome.message], ["card_declined", "Your card was declined."]);
});

test("a profile that cannot work is refused when the client is made", () => {
  const refused = (profile: unknown, headers: Record<string, string> = {}) => {
    try {
      createPayments({
        provider: { profile: profile as string, baseUrl: "https://provider.test", merchantId: "shop", headers },
        store: memoryStore(),
        secret: "sixteen bytes and more",
      });
      return "made";
    } catch (error) {
      assert.ok(isTillproofError(error), String(error));
      return `${error.code}: ${error.message}`;
    }
  };
  assert.equal(refused(MINE), "made");
  assert.match(refused("strype"), /^profile_unknown: no provider profile is called "strype": expected .*stripe.*or a profile of your own$/);
  assert.match(refused(7), /^argument_invalid: provider\.profile/);
  assert.match(refused({ ...MINE, name: "stripe" }), /^profile_invalid: provider\.profile\.name: "?stripe"? is the name of a built-in profile/);
  assert.match(refused({ ...MINE, margin_ms: 3_600_000 }), /^profile_invalid: .*`mine`.*`margin_ms` is as long as a window/);
  assert.match(refused({ ...MINE, windowMs: 1 }), /^profile_invalid: .*`windowMs` is not known here/);
  assert.match(refused({ ...MINE, answers: [] }), /^profile_invalid: .*`answers` does not say/);
  assert.match(refused({ ...MINE, window_ms: Number.NaN }), /^number_not_finite: profile\.window_ms/);
  assert.match(refused(MINE, { "x-request-id": "mine" }), /^headers_invalid: provider\.headers: the idempotency key is derived/);
  assert.match(refused("razorpay", { "X-Refund-Idempotency": "mine" }), /^headers_invalid/);
});

test("what a profile has no words for is refused before anything is stored", async () => {
  const store = memoryStore();
  const { payments } = client("adyen", [], { store });
  await assert.rejects(payments.charge({ reference: "order_1", amount: 1, currency: "EUR" }), { code: "operation_unsupported" });
  assert.deepEqual(await store.scan("", null, 10), []);
});

test("an intent is finished by the profile it was opened with, also by a client that was given another since", async () => {
  const store = memoryStore();
  const first = client("stripe", [lost], { store, retry: { baseMs: 500, capMs: 1_000 } });
  assert.equal((await first.payments.charge({ reference: "order_1", amount: 1_050, currency: "EUR" }, { waitMs: 0 })).status, "pending_confirmation");
  const metadata = { tillproof_reference: "order_1" };
  const paid = { id: "pi_1", status: "succeeded", amount: 1_050, currency: "eur", metadata };
  // It may be of an older copy, so it is asked about before it is sent.
  const none = (): Response => Response.json({ data: [], has_more: false });
  const second = client(MINE, [none, () => Response.json(paid)], { store });
  const outcome = await second.payments.charge({ reference: "order_1", amount: 1_050, currency: "EUR" });
  assert.equal(outcome.status, "settled");
  const paths = second.heard.map(({ path }) => path.split("?")[0]);
  assert.deepEqual(paths, ["/v1/payment_intents/search", "/v1/payment_intents"], "in Stripe's words");
});
