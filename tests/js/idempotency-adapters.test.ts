import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { idempotent as lambda } from "../../pkg/src/adapters/lambda.js";
import { idempotent as node } from "../../pkg/src/adapters/node.js";
import { idempotent as web } from "../../pkg/src/adapters/web.js";
import { idempotent as workers } from "../../pkg/src/adapters/workers.js";
import type { IdempotentOptions } from "../../pkg/src/adapters/idempotent.js";
import { createIdempotency, type Reply } from "../../pkg/src/idempotency/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

const IMAGE = Uint8Array.from([0, 255, 128, 10]);

/** Options that remember what went wrong. */
function options(reply: Reply | (() => Reply | Promise<Reply>) = { status: 201 }, change: object = {}) {
  const errors: unknown[] = [];
  const given = {
    idempotency: createIdempotency({ store: memoryStore() }),
    operation: "order",
    principal: () => "ann",
    handler: () => (typeof reply === "function" ? reply() : reply),
    recover: "repeat" as const,
    onError: (error: unknown): void => void errors.push(error),
    ...change,
  };
  return { errors, given };
}

function request(body: BodyInit = "{}", headers: Record<string, string> = {}): Request {
  return new Request("https://shop.example/orders?a=1", {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "idempotency-key": "k-1", ...headers },
  });
}

test("what goes wrong on this side is told to the merchant, and its sender that the outcome is open", async () => {
  const { errors, given } = options(() => Promise.reject(new Error("the bank is closed")));
  const answer = await web(given)(request());
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [500, "1"]);
  const { code, detail } = (await answer.json()) as { code: string; detail: string };
  assert.equal(code, "idempotency_failed");
  assert.ok(!detail.includes("bank"));
  assert.match(String(errors[0]), /the bank is closed/);
});

test("a hook that fails changes no answer", async (context) => {
  const said = context.mock.method(console, "error", () => undefined);
  const { given } = options(() => Promise.reject(new Error("closed")), { onError: () => Promise.reject(new Error("the log is full")) });
  assert.equal((await web(given)(request())).status, 500);
  assert.equal(said.mock.callCount(), 1);
});

test("a body is bounded, and one that is gone is asked for by name", async () => {
  const { errors, given } = options({ status: 201 }, { maxBytes: 10 });
  assert.equal((await web(given)(request('{"item":"book"}'))).status, 413);
  const read = request();
  await read.text();
  assert.equal((await web(given)(read)).status, 500);
  assert.ok(isTillproofError(errors[0]) && errors[0].code === "body_already_read");
  assert.match(String(errors[0]), /put the route above what reads the request/);
});

test("the handler gets the body as bytes and as JSON, and broken JSON is its own to answer", async () => {
  const seen: unknown[] = [];
  const { given } = options({}, {
    handler: ({ body, json, header, method, target }: Parameters<IdempotentOptions<Request>["handler"]>[0]) => {
      try {
        seen.push(json());
      } catch (error) {
        return { status: 400, json: (error as Error).name };
      }
      return { status: 201, json: [body.length, header("content-type"), method, target] };
    },
  });
  const post = web(given);
  assert.deepEqual(await (await post(request('{"item":7}'))).json(), [10, "application/json", "POST", "/orders?a=1"]);
  assert.deepEqual(seen, [{ item: 7 }]);
  const broken = await post(request("{", { "idempotency-key": "k-2" }));
  assert.deepEqual([broken.status, await broken.json()], [400, "SyntaxError"]);
  assert.equal((await post(request("{", { "idempotency-key": "k-2" }))).headers.get("idempotent-replayed"), "true");
});

test("statuses without a body have none, whatever the handler gives", async () => {
  for (const status of [204, 205, 304]) {
    const answer = await web(options({ status, body: "x" }).given)(request());
    assert.deepEqual([answer.status, await answer.text()], [status, ""]);
  }
});

test("options that depend on the environment are made once for each", async () => {
  const made: string[] = [];
  const { given } = options();
  const fetch = workers((env: { readonly shop: string }) => (made.push(env.shop), given));
  const env = { shop: "a" };
  for (let time = 0; time < 2; time += 1) assert.equal((await fetch(request(), env)).status, 201);
  assert.equal((await fetch(request(), { shop: "b" })).status, 201);
  assert.deepEqual(made, ["a", "b"]);
});

test("over node:http bytes and repeated headers arrive as they were given", async () => {
  const { given } = options({ status: 200, headers: { "content-type": "image/png", "set-cookie": ["a=1", "b=2"] }, body: IMAGE });
  const listener = node(given);
  const server = createServer((asked, answer) => void listener(asked, answer)).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`;
    const ask = (): Promise<Response> => fetch(url, { method: "POST", headers: { "idempotency-key": "k-1" } });
    const [first, again] = [await ask(), await ask()];
    assert.deepEqual(first.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.deepEqual(again.headers.getSetCookie(), []);
    for (const answer of [first, again]) {
      assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), IMAGE);
      assert.equal(answer.headers.get("content-length"), "4");
    }
  } finally {
    server.close();
  }
});

test("Lambda's answers have bytes as base64, and cookies where each gateway looks for them", async () => {
  const reply = { status: 200, headers: { "set-cookie": ["a=1", "b=2"], link: ["</a>", "</b>"] }, body: IMAGE };
  const headers = { "idempotency-key": "k-1" };
  const second = await lambda(options(reply).given)({ version: "2.0", rawPath: "/orders", headers, body: "{}", requestContext: { http: { method: "POST" } } } as never);
  assert.deepEqual([second.body, second.isBase64Encoded], ["AP+ACg==", true]);
  assert.deepEqual([second.cookies, second.headers["link"], second.headers["set-cookie"]], [["a=1", "b=2"], "</a>, </b>", undefined]);
  const event = { httpMethod: "POST", path: "/orders", headers, multiValueHeaders: { "Idempotency-Key": ["k-1"] }, body: "{}", requestContext: {} };
  const first = await lambda(options({ ...reply, body: "done" }).given)(event);
  assert.deepEqual([first.body, first.isBase64Encoded], ["done", false]);
  assert.deepEqual([first.multiValueHeaders?.["set-cookie"], first.cookies], [["a=1", "b=2"], undefined]);
  const parsed = await lambda(options(reply).given)({ ...event, body: { item: "book" } } as never);
  assert.equal(parsed.statusCode, 200);
});

test("a key that came twice is refused, wherever the platform keeps the second", async () => {
  const headers = new Headers({ "idempotency-key": "k-1" });
  headers.append("idempotency-key", "k-2");
  const asked = new Request("https://shop.example/orders", { method: "POST", body: "{}", headers });
  assert.equal((await web(options().given)(asked)).status, 400);
  const event = { httpMethod: "POST", path: "/orders", multiValueHeaders: { "idempotency-key": ["k-1", "k-2"] }, body: "{}", requestContext: {} };
  assert.equal((await lambda(options().given)(event)).statusCode, 400);
});

test("options that are wrong are refused when the endpoint is made", () => {
  const table: readonly [object, string][] = [
    [{ idempotency: undefined }, "argument_invalid"],
    [{ idempotency: {} }, "argument_invalid"],
    [{ operation: undefined }, "text_expected"],
    [{ operation: "" }, "argument_invalid"],
    [{ principal: "ann" }, "argument_invalid"],
    [{ handler: undefined }, "argument_invalid"],
    [{ recover: undefined }, "recover_missing"],
    [{ recover: "retry" }, "argument_invalid"],
    [{ required: 1 }, "argument_invalid"],
    [{ maxBytes: 0 }, "option_invalid"],
    [{ onError: 1 }, "argument_invalid"],
    [{ onErrors: () => undefined }, "unknown_option"],
  ];
  for (const [change, code] of table) {
    const make = (): unknown => web(options({}, change).given);
    assert.throws(make, (error) => isTillproofError(error) && error.code === code, `${JSON.stringify(change)} ${code}`);
  }
});
