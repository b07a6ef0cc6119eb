import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { webhook as node } from "../../pkg/src/adapters/node.js";
import { type EndpointSettings, webhook } from "../../pkg/src/adapters/web.js";
import { webhook as workers } from "../../pkg/src/adapters/workers.js";
import { isTillproofError, type TillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { createInbox, createVerifier, type Delivery, type RefusedDelivery } from "../../pkg/src/webhooks/index.js";
import { signWebhook } from "../../pkg/src/webhooks/sign.js";

const SECRET = "whsec_test_secret";
const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
const inbox = createInbox({ verifier, store: memoryStore() });
const handler = (): void => {};

interface Sent {
  readonly id?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly url?: string;
}

/** A delivery as a `Request`; signed as Stripe does, unless told otherwise. */
function request({ id = "evt_1", method = "POST", body, headers, url = "https://inner.example/hook?a=1" }: Sent = {}): Request {
  const sent = body ?? JSON.stringify({ id, type: "charge.succeeded" });
  const signed = headers ?? signWebhook({ scheme: "stripe-v1", secret: SECRET, body: sent });
  return new Request(url, { method, headers: signed, ...(method === "GET" ? {} : { body: sent }) });
}

/** Hooks that remember, and settings with them. */
function watched(settings: EndpointSettings = {}) {
  const refused: RefusedDelivery[] = [];
  const errors: unknown[] = [];
  const hooks = {
    onRefused: (refusal: RefusedDelivery): void => void refused.push(refusal),
    onError: (error: unknown): void => void errors.push(error),
  };
  return { refused, errors, settings: { ...hooks, ...settings } };
}

test("a delivery comes in through an inbox, a verifier or a receiver, and each says how to answer", async () => {
  const seen: string[] = [];
  const deliveries: Delivery[] = [];
  const receiver = {
    receive: async (delivery: Delivery): Promise<{ httpStatus: number }> => (deliveries.push(delivery), { httpStatus: 202 }),
  };
  const table = [
    [webhook({ inbox, handler: (event) => void seen.push(`inbox ${event.id}`) }), 200],
    [webhook({ verifier, handler: async (event) => void seen.push(`verifier ${event.id}`) }), 200],
    [webhook({ receiver }), 202],
  ] as const;
  for (const [receive, status] of table) {
    const response = await receive(request());
    assert.equal(response.status, status);
    assert.equal(await response.text(), "");
    await receive(request());
  }
  // An inbox applies once; without a store the handler runs again.
  assert.deepEqual(seen, ["inbox evt_1", "verifier evt_1", "verifier evt_1"]);
  assert.equal(deliveries.length, 2);
  assert.ok(deliveries[0]?.body instanceof Uint8Array);
});

test("a refusal tells the sender a status, and the log the reason", async () => {
  // What comes in, and what is answered and told.
  const table: [string, Sent, number, string][] = [
    ["another method", { method: "GET" }, 405, "method_not_allowed"],
    ["a body beyond the limit", { body: "x".repeat(101), headers: {} }, 413, "body_too_large"],
    ["a forged signature", { headers: { "stripe-signature": `t=${Math.floor(Date.now() / 1000)},v1=${"0".repeat(64)}` } }, 400, "signature_mismatch"],
    ["no signature", { headers: {} }, 400, "missing_header"],
  ];
  for (const [what, sent, status, code] of table) {
    for (const expose of [undefined, "code"] as const) {
      const { refused, errors, settings } = watched({ maxBytes: 100, ...(expose === undefined ? {} : { expose }) });
      const response = await webhook({ inbox, handler, ...settings })(request(sent));
      assert.equal(response.status, status, what);
      assert.equal(await response.text(), expose === undefined ? "" : code, what);
      assert.equal(response.headers.get("allow"), status === 405 ? "POST" : null);
      assert.deepEqual(refused.map((refusal) => refusal.code), [code]);
      assert.ok((refused[0]?.message.length ?? 0) > 20);
      assert.deepEqual(errors, []);
    }
  }
});

test("the order is method, size, signature", async () => {
  const all = { method: "PUT", body: "x".repeat(101), headers: {} };
  const code = async (sent: Sent): Promise<string> => (await webhook({ inbox, handler, maxBytes: 100, expose: "code" })(request(sent))).text();
  assert.equal(await code(all), "method_not_allowed");
  assert.equal(await code({ ...all, method: "POST" }), "body_too_large");
  assert.equal(await code({ ...all, method: "POST", body: "x" }), "missing_header");
});

test("the limit is a number of bytes, and a body of exactly that many passes", async () => {
  const body = JSON.stringify({ id: "evt_limit", type: "größer" });
  const bytes = new TextEncoder().encode(body).length;
  const sent = { body };
  assert.equal((await webhook({ verifier, handler, maxBytes: bytes })(request(sent))).status, 200);
  assert.equal((await webhook({ verifier, handler, maxBytes: bytes - 1 })(request(sent))).status, 413);
});

test("an error of the handler is a 500, and the provider may try again", async () => {
  const failure = new Error("out of stock");
  const broken = (): never => {
    throw failure;
  };
  for (const source of [{ inbox, handler: broken }, { verifier, handler: broken }, { receiver: { receive: async () => broken() } }]) {
    const { errors, refused, settings } = watched();
    const response = await webhook({ ...source, ...settings })(request({ id: "evt_failing" }));
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "");
    assert.deepEqual(errors, [failure]);
    assert.deepEqual(refused, []);
  }
  assert.equal((await webhook({ inbox, handler })(request({ id: "evt_failing" }))).status, 200);
});

test("a hook that fails changes no answer", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  const broken = (): never => {
    throw new Error("the log is full");
  };
  const hooks = { onError: broken, onRefused: async () => broken() };
  assert.equal((await webhook({ inbox, handler, ...hooks })(request({ headers: {} }))).status, 400);
  assert.equal((await webhook({ inbox, handler: broken, ...hooks })(request({ id: "evt_hooks" }))).status, 500);
  assert.equal(said.mock.callCount(), 2);
});

test("a refusal is one line of the log for those who set no hook, and none for those who want none", async (t) => {
  const said = t.mock.method(console, "warn", () => {});
  const reread = JSON.stringify({ id: "evt_1", type: "charge.succeeded" }, null, 2);
  const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: JSON.stringify(JSON.parse(reread)) });
  const receive = webhook({ verifier, handler });
  const response = await receive(request({ body: reread, headers }));
  assert.deepEqual([response.status, await response.text()], [400, ""]);
  assert.equal((await receive(request({ method: "GET" }))).status, 405);
  const lines = said.mock.calls.map(({ arguments: [line] }) => String(line));
  assert.match(lines[0] ?? "", /^tillproof: delivery refused \(signature_mismatch\): \S/);
  assert.match(lines[1] ?? "", /^tillproof: delivery refused \(method_not_allowed\): \S/);
  assert.ok(lines.every((line) => !/\p{Cc}/u.test(line)));
  assert.equal((await webhook({ verifier, handler, onRefused: () => {} })(request({ headers: {} }))).status, 400);
  assert.equal(lines.length, said.mock.callCount());
});

test("what is wrong on this side is told even to those who set no hook", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  const square = createVerifier({ scheme: "square", secrets: SECRET });
  const body = JSON.stringify({ event_id: "sq_1", type: "payment.updated" });
  const headers = signWebhook({ scheme: "square", secret: SECRET, body, url: "https://shop.example/hook" });
  const response = await webhook({ verifier: square, handler })(request({ body, headers }));
  assert.equal(response.status, 500);
  const error: unknown = said.mock.calls[0]?.arguments[0];
  assert.ok(isTillproofError(error) && error.code === "missing_url");
});

test("the public URL is the one that was set, or the forwarded one where proxies are trusted", async () => {
  const square = createVerifier({ scheme: "square", secrets: SECRET });
  const body = JSON.stringify({ event_id: "sq_1", type: "payment.updated" });
  const url = "https://shop.example/hook?a=1";
  const signature = signWebhook({ scheme: "square", secret: SECRET, body, url });
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "shop.example" };
  const chain = { "x-forwarded-proto": "https, http", "x-forwarded-host": "shop.example, inner.example" };
  const table: [string, EndpointSettings, Record<string, string>, number][] = [
    ["set", { url }, {}, 200],
    ["set wins", { url, trustProxy: true }, { ...forwarded, "x-forwarded-host": "evil.example" }, 200],
    ["set to another", { url: "https://shop.example/" }, forwarded, 400],
    ["forwarded, trusted", { trustProxy: true }, forwarded, 200],
    ["forwarded by two, trusted", { trustProxy: true }, chain, 200],
    ["forwarded by http", { trustProxy: true }, { ...forwarded, "x-forwarded-proto": "http" }, 400],
    ["forwarded, not trusted", {}, forwarded, 500],
    ["no host to be had", { trustProxy: true }, { ...forwarded, "x-forwarded-host": "shop.example/hook?x=" }, 500],
    ["no scheme to be had", { trustProxy: true }, { ...forwarded, "x-forwarded-proto": "gopher" }, 500],
  ];
  for (const [what, settings, headers, status] of table) {
    const receive = webhook({ verifier: square, handler, onError: () => {}, ...settings });
    assert.equal((await receive(request({ body, headers: { ...signature, ...headers } }))).status, status, what);
  }
});

test("a request that was read or is being read is explained", async () => {
  const { errors, settings } = watched();
  const receive = webhook({ inbox, handler, ...settings });
  const used = request();
  await used.text();
  const locked = request();
  locked.body?.getReader();
  for (const broken of [used, locked]) assert.equal((await receive(broken)).status, 500);
  for (const error of errors as TillproofError[]) {
    assert.equal(error.code, "body_already_read");
    assert.equal(error.advice, "fix_call");
    assert.equal(
      error.message,
      "the body was read before the webhook could read it, and a stream gives its bytes only once: call the webhook " +
        "before anything that reads the request, or give that a copy with request.clone()",
    );
  }
});

test("a body that is cut off, dropped or stopped by a limit elsewhere is told apart", async () => {
  const failing = (error: unknown): ReadableStream => new ReadableStream({ start: (controller) => controller.error(error) });
  const streamed = (body: ReadableStream): Request =>
    new Request("https://shop.example/", { method: "POST", body, duplex: "half" } as RequestInit);
  const { errors, refused, settings } = watched();
  const receive = webhook({ inbox, handler, ...settings });
  assert.equal((await receive(streamed(failing(new Error("aborted"))))).status, 400);
  assert.equal((await receive(streamed(failing(Object.assign(new Error("too much"), { status: 413 }))))).status, 413);
  assert.deepEqual(refused.map(({ code }) => code), ["body_cut_off", "body_too_large"]);
  const dropped = new Request("https://shop.example/", { method: "POST", headers: { "content-length": "12" } });
  assert.equal((await receive(dropped)).status, 500);
  assert.ok(isTillproofError(errors[0]) && errors[0].code === "body_dropped");
});

test("options are checked when the adapter is made", () => {
  const table: [string, unknown, string, RegExp][] = [
    ["nothing", {}, "argument_invalid", /one of `inbox`, `verifier` and `receiver`/],
    ["two ways", { inbox, verifier, handler }, "argument_invalid", /inbox and verifier/],
    ["no handler", { inbox }, "argument_invalid", /handler/],
    ["no function", { verifier, handler: "log" }, "argument_invalid", /handler/],
    ["no receiver", { receiver: {} }, "argument_invalid", /receiver\.receive/],
    ["a misspelt option", { inbox, handler, maxbytes: 1 }, "unknown_option", /maxBytes/],
    ["no size", { inbox, handler, maxBytes: "1mb" }, "option_invalid", /maxBytes/],
    ["a relative URL", { inbox, handler, url: "/webhooks" }, "endpoint_url_invalid", /https:\/\/shop\.example/],
    ["too much exposed", { inbox, handler, expose: "message" }, "argument_invalid", /expose/],
    ["no hook", { inbox, handler, onError: "console" }, "argument_invalid", /onError/],
  ];
  for (const [what, options, code, pattern] of table) {
    assert.throws(
      () => webhook(options as never),
      (error) => isTillproofError(error) && error.code === code && pattern.test(error.message),
      what,
    );
  }
});

test("a receiver that forgets to answer is a mistake of ours", async () => {
  for (const answer of [undefined, {}, { httpStatus: 0 }, { httpStatus: "200" }]) {
    const { errors, settings } = watched();
    const response = await webhook({ receiver: { receive: async () => answer as never }, ...settings })(request());
    assert.equal(response.status, 500);
    assert.ok(isTillproofError(errors[0]) && errors[0].code === "receiver_answer_invalid");
  }
});

test("options that depend on the environment are made at its first request, and once", async () => {
  let made = 0;
  const receive = workers((env: { readonly SECRET: string }) => {
    made += 1;
    return { verifier: createVerifier({ scheme: "stripe-v1", secrets: env.SECRET }), handler };
  });
  assert.equal(made, 0);
  const env = { SECRET };
  assert.equal((await receive(request(), env)).status, 200);
  assert.equal((await receive(request(), env)).status, 200);
  assert.equal(made, 1);
  assert.equal((await receive(request(), { SECRET: "whsec_other" })).status, 400);
  assert.equal(made, 2);
});

test("a sender who goes away is a refusal, whether anybody was listening yet or not", { timeout: 300_000 }, async () => {
  for (const late of [false, true]) {
    const { errors, refused, settings } = watched();
    const receive = node({ inbox, handler, ...settings });
    let done = (): void => {};
    const answered = new Promise<void>((resolve) => (done = resolve));
    const server = createServer(async (incoming, response) => {
      if (late) {
        // A middleware that looks something up first.
        const gone = new Promise<unknown>((resolve) => incoming.on("close", resolve));
        sending.destroy();
        await gone;
      }
      const answer = receive(incoming, response);
      sending.destroy();
      await answer;
      done();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const sending = httpRequest({ port, host: "127.0.0.1", method: "POST", headers: { "content-length": "1000" } });
    sending.on("error", () => {});
    sending.write("{");
    await answered;
    assert.deepEqual(refused.map(({ code }) => code), ["body_cut_off"]);
    assert.deepEqual(errors, []);
    server.close();
  }
});

test("a refusal without a store is answered as the provider expects", async () => {
  const gocardless = createVerifier({ scheme: "gocardless", secrets: SECRET });
  const headers = { "webhook-signature": "0".repeat(64) };
  assert.equal((await webhook({ verifier: gocardless, handler })(request({ body: '{"events":[]}', headers }))).status, 498);
});
