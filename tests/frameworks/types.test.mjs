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
  import type { APIGatewayProxyHandler, APIGatewayProxyHandlerV2, LambdaFunctionURLHandler } from "aws-lambda";
  import Fastify from "fastify";
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
