/**
 * What users do to a delivery before they verify it, done by the frameworks themselves; each time the reason is told.
 *
 * The handlers here are wrong on purpose: the adapters of the package refuse or avoid all of this.
 */

import assert from "node:assert/strict";
import { createServer, request as proxied } from "node:http";
import { test } from "node:test";

import koaBodyparser from "@koa/bodyparser";
import middyJsonBodyParser from "@middy/http-json-body-parser";
import middy from "@middy/core";
import { serve } from "@hono/node-server";
import express from "express";
import express4 from "express4";
import Fastify from "fastify";
import { createApp, createRouter, defineEventHandler, readBody, toNodeListener } from "h3v1";
import { Hono } from "hono";
import Koa from "koa";
import { createVerifier, diagnose } from "tillproof/webhooks";
import { signWebhook } from "tillproof/testing";

import { genuine, SECRET, send, signed } from "./delivery.mjs";

/** What the handlers under test answer with: nobody should, but here it is what is asked for. */
function verdict(body, headers, options = {}) {
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET, ...options });
  const delivery = { body, headers, now: Date.now() };
  const result = verifier.verify(delivery);
  if (result.ok) return { ok: true };
  const found = result.code === "body_not_bytes" ? undefined : diagnose(verifier, delivery);
  return { code: result.code, hint: result.hint, cause: found?.code, proven: found?.confidence === "proven", sentence: found?.sentence };
}

/** Serves an application on a free port while `use` runs. */
async function served(listener, use) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function answer(url, headers, body) {
  const { status, text } = await send({ url: `${url}/hook`, headers, body });
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

const RESERIALISED = /^the body was parsed and written again before it was verified: the signature holds for the same document indented by two spaces$/;

for (const [name, framework] of [["Express 5", express], ["Express 4", express4]]) {
  test(`${name}: express.json() and JSON.stringify`, async () => {
    const app = framework();
    app.use(framework.json());
    app.post("/hook", (req, res) => res.json(verdict(JSON.stringify(req.body), req.headers)));
    const body = genuine("evt_1");
    const found = await served(app, (url) => answer(url, signed(body), body));
    assert.equal(found.cause, "body_reserialised");
    assert.ok(found.proven);
    assert.match(found.sentence, RESERIALISED);
  });

  test(`${name}: the parsed object itself`, async () => {
    const app = framework();
    app.use(framework.json());
    app.post("/hook", (req, res) => res.json(verdict(req.body, req.headers)));
    const body = genuine("evt_1");
    const found = await served(app, (url) => answer(url, signed(body), body));
    assert.equal(found.code, "body_not_bytes");
    assert.match(found.hint, /^The body was parsed before it was verified\. .* express\.raw\(\{ type: "\*\/\*" \}\)/);
  });

  test(`${name}: express.text() in another character set`, async () => {
    const app = framework();
    app.use(framework.text({ type: "*/*", defaultCharset: "latin1" }));
    app.post("/hook", (req, res) => res.json(verdict(req.body, req.headers)));
    const body = genuine("evt_1");
    const headers = { ...signed(body), "content-type": "application/json" };
    const found = await served(app, (url) => answer(url, headers, body));
    assert.equal(found.cause, "body_charset");
    assert.ok(found.proven);
    assert.match(found.sentence, /^the signature holds for the bytes read as (Latin-1|Windows-1252) and written as UTF-8/);
  });

  test(`${name}: a body that an earlier handler has read`, async () => {
    const app = framework();
    app.use((req, _res, next) => req.resume().once("end", next));
    app.post("/hook", async (req, res) => {
      const chunks = [];
      if (!req.readableEnded) for await (const chunk of req) chunks.push(chunk);
      res.json(verdict(Buffer.concat(chunks), req.headers));
    });
    const body = genuine("evt_1");
    const found = await served(app, (url) => answer(url, signed(body), body));
    assert.equal(found.cause, "body_empty");
    assert.ok(found.proven);
    assert.equal(
      found.sentence,
      `the body is empty, but the request announced ${body.length} bytes: a body parser or an earlier handler has read it already`,
    );
  });

  test(`${name}: a form that was parsed and encoded again`, async () => {
    const app = framework();
    app.use(framework.urlencoded({ extended: false }));
    app.post("/hook", (req, res) => {
      const again = new URLSearchParams(req.body).toString();
      res.json(verdict(again, req.headers, { scheme: "slack-v0", secrets: "slack" }));
    });
    const body = Buffer.from("command=%2Fpay&text=10%20EUR%20%28now%29&user=Zo%C3%AB");
    const signature = signWebhook({ scheme: "slack-v0", secret: "slack", body });
    const headers = { "content-type": "application/x-www-form-urlencoded", ...signature };
    const found = await served(app, (url) => answer(url, headers, body));
    assert.equal(found.cause, "body_reserialised");
    assert.match(found.sentence, /^the form was parsed and encoded again/);
  });
}

test("Express 5: an order of a shop whose id JavaScript cannot hold", async () => {
  const app = express();
  app.use(express.json());
  app.post("/hook", (req, res) => {
    res.json(verdict(JSON.stringify(req.body), req.headers, { scheme: "shopify", secrets: "hush" }));
  });
  const body = Buffer.from('{"id":820982911946154508,"total_price":"403.00"}');
  const headers = { "content-type": "application/json", ...signWebhook({ scheme: "shopify", secret: "hush", body }) };
  const found = await served(app, (url) => answer(url, headers, body));
  assert.equal(found.cause, "body_reserialised");
  assert.match(found.sentence, /and its numbers changed on the way/);
});

test("Fastify: the parser it comes with", async () => {
  const app = Fastify();
  app.post("/hook", async (request) => verdict(JSON.stringify(request.body), request.headers));
  await app.ready();
  const body = genuine("evt_1");
  const found = await served((req, res) => app.routing(req, res), (url) => answer(url, signed(body), body));
  await app.close();
  assert.equal(found.cause, "body_reserialised");
  assert.match(found.sentence, RESERIALISED);
});

test("Koa: @koa/bodyparser", async () => {
  const app = new Koa();
  app.use(koaBodyparser.bodyParser?.() ?? koaBodyparser());
  app.use((ctx) => (ctx.body = verdict(JSON.stringify(ctx.request.body), ctx.headers)));
  const body = genuine("evt_1");
  const found = await served(app.callback(), (url) => answer(url, signed(body), body));
  assert.match(found.sentence, RESERIALISED);
});

test("Hono: await c.req.json()", async () => {
  const app = new Hono();
  app.post("/hook", async (c) => c.json(verdict(JSON.stringify(await c.req.json()), c.req.raw.headers)));
  const body = genuine("evt_1");
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  const found = await answer(`http://127.0.0.1:${server.address().port}`, signed(body), body);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.match(found.sentence, RESERIALISED);
});

test("h3: readBody", async () => {
  const handler = defineEventHandler(async (event) => verdict(JSON.stringify(await readBody(event)), event.node.req.headers));
  const app = createApp().use(createRouter().post("/hook", handler));
  const body = genuine("evt_1");
  const found = await served(toNodeListener(app), (url) => answer(url, signed(body), body));
  assert.match(found.sentence, RESERIALISED);
});

test("AWS Lambda: a body that is base64 and taken as it is", () => {
  const body = genuine("evt_1");
  const found = verdict(body.toString("base64"), signed(body));
  assert.equal(found.cause, "body_not_decoded");
  assert.equal(found.sentence, "the body is still base64: the signature holds for the decoded bytes");
});

test("AWS Lambda: middy's JSON parser", async () => {
  const body = genuine("evt_1");
  const handler = middy((event) => verdict(JSON.stringify(event.body), event.headers)).use(middyJsonBodyParser());
  const headers = { ...signed(body), "Content-Type": "application/json" };
  const found = await handler({ body: body.toString(), headers, isBase64Encoded: false }, {});
  assert.match(found.sentence, RESERIALISED);
});

test("behind a proxy: the URL of the inner request", async () => {
  const registered = "https://shop.example/hook";
  const options = { scheme: "square", secrets: "key" };
  const inner = (req, res) => {
    const chunks = [];
    req.on("data", (chunk) => chunks.push(chunk));
    req.on("end", () => {
      const url = `http://${req.headers.host}${req.url}`;
      res.end(JSON.stringify(verdict(Buffer.concat(chunks), req.headers, { ...options, url })));
    });
  };
  const body = genuine("evt_1");
  const signature = signWebhook({ scheme: "square", secret: "key", body, url: registered });
  const found = await served(inner, (backend) =>
    // A proxy as nginx is with its usual lines: the host of the backend, and the outer one beside.
    served(
      (req, res) => {
        const headers = {
          ...req.headers,
          host: new URL(backend).host,
          "x-forwarded-host": "shop.example",
          "x-forwarded-proto": "https",
          "x-forwarded-for": "203.0.113.7",
        };
        req.pipe(proxied(backend + req.url, { method: req.method, headers }, (answered) => answered.pipe(res)));
      },
      (url) => answer(url, signature, body),
    ),
  );
  assert.equal(found.cause, "url_mismatch");
  assert.equal(found.sentence, "the signature holds for the URL with https instead of http and with the host of X-Forwarded-Host");
});
