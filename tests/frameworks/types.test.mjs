/** The pasted code against the types of the frameworks themselves: the adapters know these only by their shape. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { paste } from "./pages.mjs";
import { project } from "./server.mjs";

const PASTED = ["node", "express", "fastify", "koa", "hono", "h3", "web", "lambda"];

/** What the pages do not show: the plain handlers where they are passed on, and the real types of what comes in. */
const BESIDE = `
  import { createServer, type IncomingMessage } from "node:http";
  import type { APIGatewayProxyEventV2, APIGatewayProxyHandler, APIGatewayProxyHandlerV2, LambdaFunctionURLHandler } from "aws-lambda";
  import express, { type Request } from "express";
  import Fastify, { type FastifyRequest } from "fastify";
  import { H3, type H3Event } from "h3";
  import { Hono, type Context } from "hono";
  import Koa from "koa";
  import { idempotent as keysInExpress } from "tillproof/adapters/express";
  import { idempotent as keysInFastify } from "tillproof/adapters/fastify";
  import { idempotent as keysInH3 } from "tillproof/adapters/h3";
  import { idempotent as keysInHono } from "tillproof/adapters/hono";
  import { idempotent as keysInKoa } from "tillproof/adapters/koa";
  import { idempotent as keysInLambda } from "tillproof/adapters/lambda";
  import { idempotent as keysInNode } from "tillproof/adapters/node";
  import { idempotent as keysOfWeb } from "tillproof/adapters/web";
  import { createIdempotency, notExecuted, pending } from "tillproof/idempotency";
  import { createApp, createRouter, defineEventHandler } from "h3v1";
  import { webhook as fastify } from "tillproof/adapters/fastify";
  import { webhook as h3 } from "tillproof/adapters/h3";
  import { webhook as lambda } from "tillproof/adapters/lambda";
  import { webhook as web } from "tillproof/adapters/web";
  import { webhook as workers } from "tillproof/adapters/workers";
  import { memoryStore } from "tillproof/stores/memory";
  import { createInbox, createVerifier, type VerifiedEvent } from "tillproof/webhooks";
  import { createReceiver, type Queue } from "tillproof/worker";

  const verifier = createVerifier({ scheme: "stripe-v1", secrets: "whsec_x" });
  const store = memoryStore();
  const inbox = createInbox({ verifier, store });

  // The handler is typed by what receives: an inbox hands a batch over too, a bare verifier the event alone.
  const handlers = {
    inbox: { inbox, handler: (event: VerifiedEvent) => void event.id },
    verifier: { verifier, handler: async (event: VerifiedEvent) => void event.id },
  };
  web({ inbox, handler: (event, batch) => void batch.add({ key: event.id, expected: 0, value: event.type }) });
  web({ verifier, handler: (event) => void event.payload });
  web({ receiver: { receive: async (delivery) => ({ httpStatus: delivery.body.length > 0 ? 200 : 400 }) } });
  export const receiving = (queue: Queue) => web({ receiver: createReceiver({ verifier, queue }) });
  workers((env: { SECRET: string }) => ({ inbox, handler: (event) => void [env.SECRET, event.occurredAt] }));

  // @ts-expect-error: neither an inbox nor a verifier nor a receiver
  web({ handler: () => {} });
  // @ts-expect-error: an inbox without a handler
  web({ inbox });
  // @ts-expect-error: two ways at once
  web({ inbox, verifier, handler: () => {} });

  // Endpoints with keys: the framework's own request reaches principal and the handler with its own type.
  const idempotency = createIdempotency({ store });
  const keyed = { idempotency, operation: "order", recover: "repeat", handler: () => ({ status: 201 }) } as const;
  express().post("/", express.json(), keysInExpress({ ...keyed, principal: (request: Request) => request.get("x-account") }));
  Fastify().post("/", keysInFastify({ ...keyed, principal: (request: FastifyRequest) => request.routeOptions.url }));
  new Koa().use(keysInKoa({ ...keyed, principal: (context: Koa.Context) => context.get("x-account") }));
  new Hono().post("/", keysInHono({ ...keyed, principal: (context: Context) => context.req.header("x-account") }));
  new H3().post("/", keysInH3({ ...keyed, principal: (event: H3Event) => event.req.headers.get("x-account") }));
  createServer(keysInNode({ ...keyed, principal: (request: IncomingMessage) => request.headers.host }));
  export const fourth = keysInLambda({ ...keyed, principal: (event: APIGatewayProxyEventV2) => event.requestContext.accountId });
  export const fifth: (request: globalThis.Request) => Promise<Response> = keysOfWeb({
    ...keyed,
    principal: async (request) => request.headers.get("x-account"),
    handler: ({ json, native }, { id, signal }) => (signal.aborted ? notExecuted() : { json: [json(), native.url, id] }),
    recover: ({ body }, { attempt }) => (attempt > 3 ? { status: 410 } : pending({ status: 202, body })),
  });
  // @ts-expect-error: nobody asks
  keysOfWeb({ ...keyed });
  // @ts-expect-error: no such answer
  keysOfWeb({ ...keyed, principal: () => "ann", handler: () => ({ statusCode: 201 }) });

  Fastify().post("/", fastify(handlers.inbox));
  createApp().use(createRouter().post("/", defineEventHandler(h3(handlers.verifier))));
  export const first: APIGatewayProxyHandler = async (event) => lambda(handlers.inbox)(event);
  export const second: APIGatewayProxyHandlerV2 = async (event) => lambda(handlers.inbox)(event);
  export const third: LambdaFunctionURLHandler = async (event) => lambda(handlers.inbox)(event);
`;

test("the pages compile in strict mode against the frameworks' own types", () => {
  const pasted = PASTED.flatMap((name) => {
    const file = { web: "webhook.mjs", lambda: "index.mjs" }[name] ?? "server.mjs";
    return [[`${name}.mjs`, paste(name, file)]];
  });
  const folder = project("types", { ...Object.fromEntries(pasted), "beside.mts": BESIDE });
  const compilerOptions = {
    allowJs: true, checkJs: true, strict: true, noEmit: true, skipLibCheck: true,
    target: "es2022", module: "nodenext", types: ["node"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const tsc = join(import.meta.dirname, "node_modules/typescript/bin/tsc");
  const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", folder], { cwd: folder, encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});
