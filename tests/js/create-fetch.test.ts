import assert from "node:assert/strict";
import { test } from "node:test";

import { createFetch, withReference, type FetchOptions, type SafeFetch } from "../../pkg/src/payments/index.js";
import { isTillproofError, type TillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store } from "../../pkg/src/stores/store.js";

const ORIGIN = "https://gateway.test";
const CHARGE = `${ORIGIN}/v1/charges`;

/** What the provider saw of one request. */
interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly bytes: Uint8Array;
}

type Answer = (seen: Seen, number: number) => Response | Promise<Response>;

const paid: Answer = (_, number) => Response.json({ id: `ch_${number}` }, { headers: { "request-id": `req_${number}` } });

/** A door to a provider that answers what the test says, and remembers what it was sent. */
function door(options: Partial<FetchOptions> = {}, answer: Answer = paid) {
  const seen: Seen[] = [];
  const store = options.store ?? memoryStore();
  const safe = createFetch({
    provider: { profile: "native", baseUrl: ORIGIN, merchantId: "shop" },
    secret: "sixteen bytes and more",
    retry: { baseMs: 1, capMs: 2 },
    ...options,
    store,
    fetch: async (request) => {
      const { url, method, headers } = request;
      const bytes = new Uint8Array(await request.arrayBuffer());
      seen.push({ url, method, headers: Object.fromEntries(headers), body: new TextDecoder().decode(bytes), bytes });
      return answer(seen[seen.length - 1] as Seen, seen.length);
    },
  });
  return { safe, seen, store };
}

const form = (text: string, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: text,
  headers: { "content-type": "application/x-www-form-urlencoded", authorization: "Bearer sk_live_1", ...headers },
});

const named = (reference: string, text = "amount=1000"): RequestInit => form(text, { "Tillproof-Reference": reference });

async function rejection(call: Promise<unknown>): Promise<TillproofError> {
  const error: unknown = await call.then(
    () => assert.fail("it should have been rejected"),
    (reason: unknown) => reason,
  );
  assert.ok(isTillproofError(error), String(error));
  return error;
}

async function everything(store: Store): Promise<string> {
  return (await store.scan("", null, 1_000)).map(({ key, value }) => key + value).join("\n");
}

const key = ({ headers }: Seen): string => headers["idempotency-key"] ?? "none";

test("the name of a call comes from the option, the header, the context or the key, in this order", async () => {
  const { safe, seen } = door({ reference: ({ body }) => new URLSearchParams(body).get("metadata[order]") ?? undefined });
  const ask = (text: string, headers: Record<string, string> = {}): Promise<Response> => safe(CHARGE, form(text, headers));
  const table: readonly [name: string, call: () => Promise<Response>][] = [
    ["option", () => withReference("context", () => ask("metadata[order]=option", { "tillproof-reference": "header", "idempotency-key": "key" }))],
    ["header", () => withReference("context", () => ask("a=1", { "tillproof-reference": "header", "idempotency-key": "key" }))],
    ["context", () => withReference("context", () => ask("a=2", { "idempotency-key": "key" }))],
    ["key", () => ask("a=3", { "idempotency-key": "key" })],
  ];
  for (const [name, call] of table) {
    await call();
    assert.equal((await safe.payments.find(name))?.status, "settled", name);
  }
  assert.equal(new Set(seen.map(key)).size, 4);
  assert.equal(key(seen[3] as Seen), "key", "the caller's own key is sent as it is");
  assert.ok(seen.slice(0, 3).every((each) => key(each) !== "key"), "where another name decides, the caller's key is replaced");
  assert.ok(seen.every(({ headers }) => !("tillproof-reference" in headers)), "the name never leaves");
});

test("a call without a name is refused with what to write, or sent as it is where that was chosen", async () => {
  const refusing = door();
  const error = await rejection(refusing.safe(CHARGE, form("amount=1000")));
  assert.equal(error.code, "reference_missing");
  assert.match(error.message, /withReference\(orderId/);
  assert.equal(refusing.seen.length, 0);

  const passing = door({ unnamed: "pass" });
  assert.equal((await passing.safe(CHARGE, form("amount=1000"))).status, 200);
  assert.deepEqual(passing.seen.map(({ body, headers }) => [body, headers["authorization"], key({ headers } as Seen)]), [
    ["amount=1000", "Bearer sk_live_1", "none"],
  ]);
});

test("a repeated call gets an equal answer, and nothing is sent", async () => {
  const { safe, seen, store } = door();
  const first = await safe(CHARGE, named("order_1"));
  const facts = async (response: Response) => ({ status: response.status, body: await response.text(), headers: [...response.headers] });
  const told = await facts(first);
  assert.equal(told.body, '{"id":"ch_1"}');
  assert.deepEqual(await facts(await safe(CHARGE, named("order_1"))), told);
  // Another process, with nothing but the store.
  const restarted = door({ store });
  assert.deepEqual(await facts(await restarted.safe(CHARGE, named("order_1"))), told);
  assert.equal(seen.length + restarted.seen.length, 1);
});

test("fifty calls at once under one name are one request and fifty equal answers", async () => {
  const { safe, seen } = door();
  const answers = await Promise.all(Array.from({ length: 50 }, async () => (await safe(CHARGE, named("order_1"))).text()));
  assert.equal(seen.length, 1);
  assert.deepEqual([...new Set(answers)], ['{"id":"ch_1"}']);
});

test("eight processes on one store make one request of one name", async () => {
  const store = memoryStore();
  const slow: Answer = async (seen, number) => (await new Promise((resolve) => setTimeout(resolve, 20)), paid(seen, number));
  const doors = Array.from({ length: 8 }, () => door({ store }, slow));
  const answers = await Promise.all(doors.map(async ({ safe }) => (await safe(CHARGE, named("order_1"))).text()));
  assert.equal(doors.flatMap(({ seen }) => seen).length, 1);
  assert.deepEqual([...new Set(answers)], ['{"id":"ch_1"}']);
});

test("another call under a known name is refused before it is sent, and the error says in what it differs", async () => {
  const { safe, seen } = door();
  await safe(CHARGE, named("order_1", "amount=1000&currency=eur"));
  const others: Record<string, [string, RequestInit]> = {
    "call.body.amount": [CHARGE, named("order_1", "amount=2000&currency=eur")],
    "call.path": [`${ORIGIN}/v1/refunds`, named("order_1", "amount=1000&currency=eur")],
    "call.scope": [CHARGE, form("amount=1000&currency=eur", { "tillproof-reference": "order_1", authorization: "Bearer sk_live_2" })],
  };
  for (const [field, [url, init]] of Object.entries(others)) {
    const error = await rejection(safe(url, init));
    assert.equal(error.code, "intent_mismatch", field);
    assert.equal(error.details["field"], field);
  }
  // The same in other words.
  await safe(CHARGE, named("order_1", "currency=eur&amount=1000"));
  assert.equal(seen.length, 1);
});

test("what nobody knows yet is a rejection that says so, and a repeated call waits on", async () => {
  let answer: (() => void) | undefined;
  const slow: Answer = (seen, number) => new Promise((resolve) => (answer = () => resolve(paid(seen, number) as Response)));
  const { safe, seen } = door({ waitMs: 20 }, slow);
  const pending = async (): Promise<void> => {
    const error = await rejection(safe(CHARGE, named("order_1")));
    assert.equal(error.code, "pending_confirmation");
    assert.equal(error.advice, "wait");
    assert.equal(error.details["reference"], "order_1");
  };
  // Twenty milliseconds may pass before anything was sent.
  do await pending();
  while (answer === undefined);
  setTimeout(answer, 5);
  let patient: Response | undefined;
  while (patient === undefined) patient = await safe(CHARGE, named("order_1")).catch(() => undefined);
  assert.equal(await patient.text(), '{"id":"ch_1"}');
  assert.equal(seen.length, 1);
});

test("an abort is answered at once with its reason, and nothing more is sent for the caller who left", async () => {
  const reset: Answer = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }));
  for (const answer of [reset, () => new Promise<Response>(() => undefined)]) {
    const reason = new Error("the customer left");
    const leaving = new AbortController();
    // He leaves while the request is under way, and not when a machine gets round to it.
    const left: Answer = (seen, number) => (leaving.abort(reason), answer(seen, number));
    const { safe, seen } = door({ retry: { baseMs: 20, capMs: 40 } }, left);
    const call = safe(CHARGE, { ...named("order_1"), signal: leaving.signal });
    await assert.rejects(call, reason);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(seen.length, 1);
    await assert.rejects(safe(CHARGE, { ...named("order_2"), signal: AbortSignal.abort(reason) }), reason);
    assert.equal(await safe.payments.find("order_2"), null, "what was aborted before it began never was");
    safe.payments.close();
  }
});

test("where the provider can be asked, an answer that will never come is found by the name of the call", async () => {
  const made: Record<string, unknown>[] = [];
  const stored500: Answer = ({ method, body, url }) => {
    if (method === "GET") {
      const reference = new URL(url).searchParams.get("reference");
      return Response.json({ data: made.filter((each) => each["reference"] === reference), hasMore: false });
    }
    if (made.length === 0) made.push({ id: "pay_1", merchantId: "shop", state: "completed", ...(JSON.parse(body) as object) });
    return Response.json({ error: { code: "internal" } }, { status: 500, headers: { "idempotent-replayed": "true" } });
  };
  const { safe, seen } = door({}, stored500);
  const init = { method: "POST", body: '{"amount":1000,"currency":"EUR"}', headers: { "content-type": "application/json", "tillproof-reference": "order 1" } };
  const pay = async (): Promise<unknown> => (await safe(`${ORIGIN}/api/payments`, init)).json();
  const payment = await pay();
  assert.deepEqual(payment, { id: "pay_1", merchantId: "shop", state: "completed", amount: 1_000, currency: "EUR", reference: "order 1" });
  assert.deepEqual(await pay(), payment);
  assert.deepEqual(seen.map(({ method }) => method), ["POST", "GET"]);

  // A reference of the caller's own stays, and then nobody can ask by ours.
  const own = door({ waitMs: 30 }, stored500);
  const call = (): Promise<Response> => own.safe(`${ORIGIN}/api/payments`, { ...init, body: '{"amount":1000,"currency":"EUR","reference":"mine"}' });
  // Thirty milliseconds may pass before the answer is there.
  let reason: unknown;
  do reason = (await rejection(call())).details["reason"];
  while (reason !== "stored_server_error");
  assert.ok(own.seen.every(({ method, body }) => method === "POST" && body.includes('"mine"')));
});

test("what a webhook shows is the answer that never came", async () => {
  const { safe, seen, store } = door({ waitMs: 10, retry: { baseMs: 60_000, capMs: 60_000 } }, () => Response.json({}, { status: 500 }));
  const init = { method: "POST", body: '{"amount":1000,"currency":"EUR"}', headers: { "content-type": "application/json", "tillproof-reference": "order_1" } };
  const pay = (): Promise<Response> => safe(`${ORIGIN}/api/payments`, init);
  do assert.equal((await rejection(pay())).code, "pending_confirmation");
  while (seen.length === 0 || !(await everything(store)).includes("ambiguous"));
  const shown = { id: "pay_1", merchantId: "shop", reference: "order_1", amount: 1_000, currency: "EUR", state: "completed" };
  assert.equal(await safe.payments.noteWebhook(shown), true);
  const answer = await pay();
  assert.deepEqual([answer.status, await answer.json()], [200, shown]);
  assert.equal(seen.length, 1);
});

test("refused credentials are told at once, and the call is tried again when they are mended", async () => {
  const { safe, seen } = door({ provider: { profile: "native", baseUrl: ORIGIN, merchantId: "shop", account: "eu" } }, (each, number) =>
    each.headers["authorization"] === "Bearer good" ? (paid(each, number) as Response) : Response.json({ error: { code: "unauthorised" } }, { status: 401 }),
  );
  const pay = (key: string): Promise<Response> => safe(CHARGE, form("amount=1", { "tillproof-reference": "order_1", authorization: `Bearer ${key}` }));
  assert.equal((await pay("bad")).status, 401);
  assert.equal((await pay("bad")).status, 401);
  assert.equal((await pay("good")).status, 200);
  assert.equal((await pay("bad")).status, 200, "what is settled stays settled");
  assert.equal(seen.length, 3);
});

test("neither credentials nor the caller's drawn keys reach the store", async () => {
  const { safe, store, seen } = door();
  const secrets = { authorization: "Bearer s3cret-1", "x-api-key": "s3cret-2", cookie: "s3cret-3", "paypal-auth-assertion": "s3cret-4", "ocp-apim-subscription-key": "s3cret-5" };
  await safe(CHARGE, form("amount=1", { ...secrets, "tillproof-reference": "order_1", "stripe-version": "2026-09-30" }));
  const stored = await everything(store);
  assert.doesNotMatch(stored, /s3cret/);
  assert.match(stored, /2026-09-30/);
  for (const [name, value] of Object.entries(secrets)) assert.equal(seen[0]?.headers[name], value, name);
  assert.ok(Object.keys(seen[0]?.headers ?? {}).every((name) => !name.startsWith("tillproof-")));
});

test("a sweep sends a call again with the credentials it came with, or not at all", async () => {
  const store = memoryStore();
  let clock = 1_700_000_000_000;
  const now = (): number => clock;
  // Its second attempt is seconds away: whoever waits for none leaves before it.
  const dying = door({ store, now, waitMs: 0, retry: { baseMs: 10_000, capMs: 20_000 } }, () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } })));
  await rejection(dying.safe(CHARGE, named("order_1")));
  assert.equal(dying.seen.length, 1);
  const sweep = async ({ safe }: { safe: SafeFetch }): Promise<void> => {
    clock += 60_000;
    await safe.payments.sweep();
  };

  const stranger = door({ store, now });
  await sweep(stranger);
  await stranger.safe(CHARGE, form("amount=7", { authorization: "Bearer sk_live_2", "tillproof-reference": "order_2" }));
  await sweep(stranger);
  assert.deepEqual(stranger.seen.map(({ body }) => body), ["amount=7"], "credentials of another call are not those of this one");

  const told = door({ store, now, provider: { profile: "native", baseUrl: ORIGIN, merchantId: "shop", headers: { authorization: "Bearer sk_live_1" } } });
  await sweep(told);
  assert.deepEqual(told.seen.map(({ body, headers }) => [body, headers["authorization"]]), [["amount=1000", "Bearer sk_live_1"]]);
  assert.equal(key(told.seen[0] as Seen), key(dying.seen[0] as Seen));
});

test("credentials of the options stand in the place of the client's, and then tell no accounts apart", async () => {
  const provider = { profile: "native", baseUrl: ORIGIN, merchantId: "shop", headers: { authorization: "Bearer sk_ours" } };
  const { safe, seen } = door({ provider });
  await safe(CHARGE, named("order_1"));
  await safe(CHARGE, form("amount=1000", { "tillproof-reference": "order_1", authorization: "Bearer sk_changed" }));
  assert.deepEqual(seen.map(({ headers }) => headers["authorization"]), ["Bearer sk_ours"]);
});

test("access tokens that are renewed are one account where the options name it", async () => {
  const { safe, seen } = door({ provider: { profile: "native", baseUrl: ORIGIN, merchantId: "shop", account: "eu" } });
  await safe(CHARGE, named("order_1"));
  await safe(CHARGE, form("amount=1000", { "tillproof-reference": "order_1", authorization: "Bearer sk_renewed" }));
  assert.equal(seen.length, 1);
  const other = safe(CHARGE, form("amount=1000", { "tillproof-reference": "order_1", "stripe-account": "acct_2" }));
  assert.equal((await rejection(other)).details["field"], "call.scope");
});

test("bodies of every kind are kept up to the limit, and refused beyond it", async () => {
  const { safe, seen } = door({ bodyBytesMax: 1_000 });
  const ask = (reference: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> =>
    safe(CHARGE, { method: "POST", body, headers: { ...headers, "tillproof-reference": reference } });
  const streamed = (text: string): ReadableStream => new Blob([text]).stream();
  const parts = (): FormData => {
    const data = new FormData();
    data.set("amount", "1000");
    data.set("file", new Blob([Uint8Array.of(0, 255, 254, 10)]), "proof.bin");
    return data;
  };
  await ask("stream", streamed("amount=1000"));
  await ask("search", new URLSearchParams({ amount: "1000" }));
  await ask("bytes", Uint8Array.of(0, 255, 128));
  await ask("form", parts());
  await ask("form", parts());
  assert.deepEqual(seen.map(({ body }) => body).slice(0, 2), ["amount=1000", "amount=1000"]);
  assert.deepEqual(seen[2]?.bytes, Uint8Array.of(0, 255, 128));
  assert.equal(seen.length, 4, "a form made twice is the same form, whatever boundary was drawn");
  const form = await new Response(seen[3]?.bytes.slice() ?? null, { headers: { "content-type": seen[3]?.headers["content-type"] ?? "" } }).formData();
  assert.equal(form.get("amount"), "1000");
  assert.deepEqual(new Uint8Array(await (form.get("file") as File).arrayBuffer()), Uint8Array.of(0, 255, 254, 10));

  for (const body of ["x".repeat(1_001), streamed("x".repeat(2_000))]) {
    const error = await rejection(ask("large", body));
    assert.equal(error.code, "body_too_large");
  }
  assert.equal(seen.length, 4);
});

test("reads, tokens and what is said to move nothing pass as they are", async () => {
  const { safe, seen, store } = door({ guards: ({ url }) => url.pathname !== "/v1/customers" });
  await safe(`${ORIGIN}/v1/charges/ch_1`, { headers: { "tillproof-reference": "order_1" } });
  await safe(new Request(`${ORIGIN}/v1/customers`, form("name=Ada")));
  await safe("https://files.test/v1/customers", form("name=Ada"));
  assert.equal(seen.length, 3);
  assert.ok(seen.every(({ headers }) => headers["tillproof-reference"] === undefined && headers["idempotency-key"] === undefined));
  assert.equal(await everything(store), "");
  assert.equal((await rejection(safe("https://files.test/v1/files", named("file_1")))).code, "origin_not_guarded");
  assert.equal(seen.length, 3);

  const plain = door();
  await plain.safe(`${ORIGIN}/oauth2/token`, form("grant_type=client_credentials"));
  assert.equal(await everything(plain.store), "");
});

test("options that cannot work are refused when the fetch is made", async () => {
  const table: readonly [string, object][] = [
    ["argument_invalid", { reference: "order" }],
    ["argument_invalid", { guards: true }],
    ["option_invalid", { unnamed: "maybe" }],
    ["option_invalid", { waitMs: -1 }],
    ["option_invalid", { bodyBytesMax: 1 << 20 }],
    ["unknown_option", { refrence: () => "order" }],
    ["base_url_invalid", { provider: { profile: "native", baseUrl: `${ORIGIN}/v1`, merchantId: "shop" } }],
    ["store_invalid", { store: {} }],
  ];
  for (const [code, options] of table) {
    const error = await rejection((async () => door(options as Partial<FetchOptions>))());
    assert.equal(error.code, code, JSON.stringify(options));
    if (code === "unknown_option") assert.match(error.message, /provider, .*reference, unnamed, guards, waitMs, bodyBytesMax/);
  }
});

test("a body arrives whole where requests have no streams, as in Firefox, and its limit holds", async () => {
  const stream = Object.getOwnPropertyDescriptor(Request.prototype, "body") as PropertyDescriptor;
  Object.defineProperty(Request.prototype, "body", { configurable: true, get: () => undefined });
  try {
    const { safe, seen } = door({ bodyBytesMax: 20 });
    assert.equal((await safe(CHARGE, named("order_1"))).status, 200);
    assert.deepEqual(seen.map(({ body }) => body), ["amount=1000"]);
    assert.equal((await rejection(safe(CHARGE, named("order_2", `amount=1000&note=${"x".repeat(20)}`)))).code, "body_too_large");
    assert.equal(seen.length, 1);
  } finally {
    Object.defineProperty(Request.prototype, "body", stream);
  }
});
