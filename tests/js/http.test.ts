import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";

import { serve, type GatewayServer } from "../../pkg/src/simulator/server.js";

const GOOD = '{"merchantId":"shop","amount":1000,"currency":"EUR"}';

async function withServer(use: (server: GatewayServer) => Promise<void>): Promise<void> {
  const server = await serve({ gateway: { seed: 7 } });
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

/** Writes these bytes and gives what comes back until the connection ends. */
function raw(server: GatewayServer, ...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true }, () => {
      for (const part of parts) socket.write(part);
    });
    let seen = "";
    socket.on("data", (chunk) => (seen += chunk.toString()));
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(seen));
    socket.on("error", (error) => reject(new Error(`${error.message} after ${JSON.stringify(seen)}`)));
  });
}

/** The status and the code in the envelope, which every answer must have. */
function essence(answer: string): string {
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? [];
  const [, body = ""] = answer.split("\r\n\r\n");
  assert.match(answer, /\r\ncontent-type: application\/json\r\n/i);
  assert.match(answer, new RegExp(`\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`, "i"));
  const { error } = JSON.parse(body) as { error: { code: string; message: string; advice: string; details: object } };
  assert.ok(error.message !== "" && error.advice === "fix_call" && typeof error.details === "object", body);
  return `${status} ${error.code}`;
}

test("what HTTP itself refuses comes in the same envelope as everything else", () =>
  withServer(async (server) => {
    const end = "Connection: close\r\n\r\n";
    const table: [request: string, expected: string][] = [
      [`GET /health HTTP/1.1\r\n${end}`, "400 host_missing"],
      [`GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n${end}`, "400 host_missing"],
      [`POST /api/payments HTTP/1.1\r\nContent-Length: 5\r\n${end}hello`, "400 host_missing"],
      [`GET /health HTTP/1.1\r\nHost: a\r\nExpect: foo\r\n${end}`, "417 expectation_failed"],
      [`POST /api/payments HTTP/1.1\r\nHost: a\r\nExpect: foo\r\nContent-Length: 5\r\n${end}hello`, "417 expectation_failed"],
      ["CONNECT shop:443 HTTP/1.1\r\nHost: shop:443\r\n\r\n", "405 method_not_allowed"],
      [`GET /health HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(100_000)}\r\n${end}`, "431 headers_too_large"],
      [`GET /nowhere HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n\r\n`, "404 route_not_found"],
      ["hello?\r\n\r\n", "400 not_http"],
    ];
    for (const [request, expected] of table) {
      assert.equal(essence(await raw(server, request)), expected, request.slice(0, 120));
    }
    // HTTP/1.0 knows no Host.
    assert.match(await raw(server, "GET /health HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 OK\r\n.*\{"status":"ok"\}$/s);
    const continued = `POST /api/reconcile HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n${end}{}`;
    assert.match(await raw(server, continued), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  }));

test("HEAD is answered as GET, without the body", () =>
  withServer(async (server) => {
    for (const path of ["/health", "/nowhere", "/_tillproof/settlement.csv"]) {
      const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => fetch(server.url + path, { method })));
      assert.equal(head?.status, get?.status, path);
      for (const name of ["content-type", "content-length"]) assert.equal(head?.headers.get(name), get?.headers.get(name));
      assert.equal(await head?.text(), "");
      const inProcess = await server.gateway.fetch(`http://gateway${path}`, { method: "HEAD" });
      assert.deepEqual([inProcess.status, await inProcess.text()], [get?.status, ""]);
    }
    const head = await fetch(`${server.url}/api/reconcile`, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("allow")], [405, "POST"]);
  }));

test("a body that is far too long gets its answer, also from a client that writes all of it first", () =>
  withServer(async (server) => {
    const size = 20_000_000;
    const head = `POST /api/payments HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\nContent-Length: ${size}\r\n\r\n`;
    assert.equal(essence(await raw(server, head, Buffer.alloc(size, 32))), "413 body_too_large");
    // The rest never comes: the answer does not wait for it.
    const socket = connect(server.port, "127.0.0.1", () => socket.write(head + " ".repeat(300_000)));
    const answer = await new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(chunk.toString())));
    assert.match(answer, /^HTTP\/1\.1 413 /);
    socket.destroy();
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  }));

test("two keys on one request are refused, over a socket and in process", () =>
  withServer(async (server) => {
    const lines = (...keys: string[]): string => keys.map((key) => `Idempotency-Key: ${key}\r\n`).join("");
    const request = (keys: string): string =>
      `POST /api/payments HTTP/1.1\r\nHost: a\r\n${keys}Content-Length: ${GOOD.length}\r\nConnection: close\r\n\r\n${GOOD}`;
    for (const keys of [lines("one", "two"), lines("one", "one"), lines("one, two"), lines("", "one")]) {
      assert.equal(essence(await raw(server, request(keys))), "400 idempotency_key_invalid", keys);
    }
    const headers = new Headers([["idempotency-key", "one"], ["Idempotency-Key", "two"]]);
    const joined = await server.gateway.fetch("http://gateway/api/payments", { method: "POST", headers, body: GOOD });
    assert.deepEqual([joined.status, ((await joined.json()) as { error: { code: string } }).error.code], [400, "idempotency_key_invalid"]);
    const paid = (await (await fetch(`${server.url}/api/payments`)).json()) as { data: unknown[] };
    assert.equal(paid.data.length, 0);
  }));

test("a body in another encoding is refused, and its media type does not matter", () =>
  withServer(async (server) => {
    const table: [headers: Record<string, string>, status: number][] = [
      [{ "content-type": "application/json; charset=utf-16" }, 415],
      [{ "content-encoding": "gzip" }, 415],
      [{ "content-type": "application/x-www-form-urlencoded" }, 201],
      [{ "content-type": "text/plain;charset=UTF-8" }, 201],
    ];
    for (const [index, [headers, status]] of table.entries()) {
      const init = { method: "POST", headers: { ...headers, "idempotency-key": `k${index}` }, body: GOOD };
      for (const send of [fetch, server.gateway.fetch]) {
        const answer = await send(`${server.url}/api/payments`, init);
        const { error } = (await answer.json()) as { error?: { code: string } };
        assert.deepEqual([answer.status, error?.code], [status, status === 415 ? "encoding_refused" : undefined]);
      }
    }
  }));
