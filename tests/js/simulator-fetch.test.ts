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
