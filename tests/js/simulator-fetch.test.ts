import assert from "node:assert/strict";
import { test } from "node:test";

import { createGateway } from "../../pkg/src/simulator/index.js";

const ORIGIN = "http://gateway.test";
const CUSTOMERS = `${ORIGIN}/v1/customers`;
const KEY = "Bearer sk_test_tillproof";
const FORM = "application/x-www-form-urlencoded";
const BODY = "name=Jenny%20Rosen&metadata[order]=1";

/** What a gateway of its own answers, or the class of what it rejects with. */
async function told(ask: (fetch: ReturnType<typeof createGateway>["fetch"]) => Promise<Response>): Promise<string> {
  const gateway = createGateway({ seed: 7, dialect: "stripe" });
  try {
    const response = await ask(gateway.fetch);
    return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
  } catch (error) {
    return `${(error as Error).name}`;
  } finally {
    await gateway.close();
  }
}

test("a request means the same as what the platform makes of it, by whatever way it comes", async () => {
  const record = { Authorization: KEY, "Content-Type": FORM, "Idempotency-Key": "k" };
  const table: [name: string, address: string, init: RequestInit, expected: number][] = [
    ["a record of headers", CUSTOMERS, { method: "POST", headers: record, body: BODY }, 200],
    ["a list of headers", CUSTOMERS, { method: "POST", headers: Object.entries(record), body: BODY }, 200],
    ["headers of the platform", CUSTOMERS, { method: "POST", headers: new Headers(record), body: BODY }, 200],
    ["bytes", CUSTOMERS, { method: "POST", headers: record, body: new TextEncoder().encode(BODY) }, 200],
    ["parameters of the platform", CUSTOMERS, { method: "POST", headers: record, body: new URLSearchParams("name=J") }, 200],
    ["a method in small letters", CUSTOMERS, { method: "post", headers: record, body: BODY }, 200],
    ["a text without a type", CUSTOMERS, { method: "POST", headers: { Authorization: KEY }, body: BODY }, 200],
    ["an empty body", CUSTOMERS, { method: "POST", headers: record, body: "" }, 200],
    ["half a character", CUSTOMERS, { method: "POST", headers: record, body: "name=\ud800" }, 200],
    ["a query and a fragment", `${CUSTOMERS}?limit=1#top`, { method: "GET", headers: { authorization: KEY } }, 200],
    ["spaces and umlauts in the address", `${ORIGIN}/v1/customers/a b/ü`, { method: "GET", headers: record }, 404],
    ["a header that stands twice", CUSTOMERS, { method: "GET", headers: [["authorization", KEY], ["Authorization", KEY]] }, 200],
    ["a header that is empty", CUSTOMERS, { method: "GET", headers: { Authorization: KEY, "X-Empty": "" } }, 200],
    ["spaces around a header", CUSTOMERS, { method: "GET", headers: { Authorization: `  ${KEY} ` } }, 200],
    ["no way in", CUSTOMERS, { method: "GET" }, 401],
  ];
  for (const [name, address, init, expected] of table) {
    const direct = await told((fetch) => fetch(address, init));
    assert.equal(direct, await told((fetch) => fetch(new Request(address, init))), name);
    assert.ok(direct.startsWith(`${expected} `), `${name}: ${direct}`);
  }
});

test("what a platform refuses to send is refused alike", async () => {
  const signal = AbortSignal.abort();
  const table: [name: string, address: string, init: RequestInit, expected: string][] = [
    ["a line break in a header", CUSTOMERS, { method: "GET", headers: { Authorization: "a\nb" } }, "TypeError"],
    ["a header without a name", CUSTOMERS, { method: "GET", headers: { "": "a" } }, "TypeError"],
    ["a name with a space", CUSTOMERS, { method: "GET", headers: [["a b", "c"]] }, "TypeError"],
    ["a body of a GET", CUSTOMERS, { method: "GET", body: BODY }, "TypeError"],
    ["no address", "/v1/customers", { method: "GET" }, "TypeError"],
    ["a password in the address", "http://me:secret@gateway.test/v1/customers", { method: "GET" }, "TypeError"],
    ["a method that is no word", CUSTOMERS, { method: "GE T" }, "TypeError"],
    ["one that was given up", CUSTOMERS, { method: "GET", signal }, "AbortError"],
  ];
  for (const [name, address, init, expected] of table) {
    assert.equal(await told((fetch) => fetch(address, init)), expected, name);
  }
});

/** What a response says, or the class of what it throws or rejects with. */
async function outcome(ask: (response: Response) => unknown, response: Response): Promise<string> {
  try {
    return JSON.stringify(await ask(response)) ?? "undefined";
  } catch (error) {
    return (error as Error).name;
  }
}

/** Reads a stream to its end. */
async function drained(body: Response["body"]): Promise<number> {
  let bytes = 0;
  for await (const chunk of body ?? []) bytes += (chunk as Uint8Array).length;
  return bytes;
}

const ASKED: Record<string, (response: Response) => unknown> = {
  "plain members": ({ status, ok, statusText, type, url, redirected, bodyUsed }) => [status, ok, statusText, type, url, redirected, bodyUsed],
  "its class": (response) => [response instanceof Response, response.headers instanceof Headers, String(response), String(response.headers)],
  "its members": (response) => Object.getOwnPropertyNames(Response.prototype).map((name) => [name, typeof Reflect.get(response, name)]),
  "members of its headers": ({ headers }) => Object.getOwnPropertyNames(Headers.prototype).map((name) => typeof Reflect.get(headers, name)),
  "headers in a loop": ({ headers }) => [...headers],
  "headers by their iterators": ({ headers }) => [[...headers.entries()], [...headers.keys()], [...headers.values()]],
  "headers by name": ({ headers }) => [headers.get("Request-Id"), headers.has("x-other"), headers.get("x-other"), headers.getSetCookie()],
  "headers one by one": ({ headers }) => {
    const seen: string[] = [];
    headers.forEach((value, name) => seen.push(`${name}: ${value}`));
    return seen;
  },
  "headers that are changed": ({ headers }) => {
    headers.set("x-own", "1");
    headers.append("X-Own", "2");
    headers.delete("request-id");
    return [...headers];
  },
  "headers that are changed in a loop": ({ headers }) => {
    const seen: string[] = [];
    for (const [name] of headers) {
      seen.push(name);
      if (seen.length === 1) headers.delete("idempotency-key");
      if (seen.length === 2) headers.set("zebra", "last");
    }
    return seen;
  },
  "headers that nobody may send": ({ headers }) => headers.set("a b", "c"),
  "headers copied": ({ headers }) => [...new Headers(headers)],
  text: (response) => response.text(),
  json: (response) => response.json(),
  "text, twice": async (response) => [await response.text(), response.bodyUsed, await response.text()],
  "json after text": async (response) => [await response.text(), await response.json()],
  "bytes after text": async (response) => [await response.text(), await response.arrayBuffer()],
  "whether it was read": async (response) => [response.bodyUsed, await response.json(), response.bodyUsed, response.body?.locked],
  "an array buffer": async (response) => (await response.arrayBuffer()).byteLength,
  "a blob": async (response) => {
    const blob = await response.blob();
    return [blob.size, blob.type, await blob.text()];
  },
  "a form, which it is not": (response) => response.formData(),
  "its stream": async (response) => [await drained(response.body), response.bodyUsed],
  "its stream after text": async (response) => [await response.text(), response.bodyUsed, await drained(response.body)],
  "its text after its stream": async (response) => [await drained(response.body), await response.text()],
  "the same stream each time": (response) => response.body === response.body,
  "a copy": async (response) => {
    const copy = response.clone();
    return [await copy.text(), await response.text(), copy.status, [...copy.headers]];
  },
  "a copy of what was read": async (response) => [await response.text(), response.clone()],
  "a copy with other headers": (response) => {
    response.headers.set("x-own", "1");
    return [...response.clone().headers];
  },
  "another one made of it": async (response) => {
    const other = new Response(response.body, response);
    return [other.status, [...other.headers], await other.text()];
  },
  "the later bytes": async (response) => ("bytes" in response ? (await (response.bytes as () => Promise<Uint8Array>)()).length : "none"),
};

test("what the official client is answered is a response of the platform in all that may be asked of it", async () => {
  const headers = { Authorization: KEY, "Content-Type": FORM, "Idempotency-Key": "k", "X-Stripe-Client-User-Agent": "{}" };
  for (const [body, status] of [[BODY, 200], ["nonsense=1", 400]] as const) {
    const init = { method: "POST", headers, body };
    // Gateways of one seed answer alike.
    const answered = (input: string | Request, options?: RequestInit): Promise<Response> =>
      createGateway({ seed: 7, dialect: "stripe" }).fetch(input, options);
    const plain = await answered(new Request(CUSTOMERS, init));
    const [text, list] = [await plain.text(), [...plain.headers]];
    for (const [name, ask] of Object.entries(ASKED)) {
      const ours = await answered(CUSTOMERS, init);
      assert.notEqual(Object.getPrototypeOf(ours), Object.getPrototypeOf(plain), "the platform made it after all, and nothing is tried");
      const expected = await outcome(ask, new Response(text, { status, headers: list }));
      assert.equal(await outcome(ask, ours), expected, `${status}: ${name}`);
    }
  }
});
