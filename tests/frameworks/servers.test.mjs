/** The frameworks that start within a blink, each with the code of its page. */

import { symlinkSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { paste } from "./pages.mjs";
import { holds } from "./suite.mjs";

const NODE = [process.execPath, "server.mjs"];

/** Somebody's middleware that reads the request, as loggers do. */
const READS_STREAM = "for await (const chunk of STREAM) String(chunk);";

holds({
  name: "node",
  files: { "server.mjs": paste("node", "server.mjs") },
  command: NODE,
  mistakes: [
    {
      name: "a stream that was read before",
      edits: [["server.mjs", "createServer((req, res) => (", `createServer(async (req, res) => (await drain(req), `],
        ["server.mjs", "const inbox", `async function drain(stream) { ${READS_STREAM.replace("STREAM", "stream")} }\nconst inbox`]],
      says: [/body_already_read/, /call the webhook before anything that reads the request/],
    },
    {
      name: "a stream that was told an encoding",
      edits: [["server.mjs", "createServer((req, res) => (", `createServer((req, res) => (req.setEncoding("utf8"), `]],
      says: [/body_already_read/],
    },
  ],
});

const EXPRESS = {
  files: { "server.mjs": paste("express", "server.mjs") },
  command: NODE,
  mistakes: [
    {
      name: "express.json() above the route",
      edits: [["server.mjs", "const app = express();", "const app = express();\napp.use(express.json());"]],
      says: [/body_already_parsed/, /move app\.post\("\/webhooks\/stripe", webhook\(…\)\) above app\.use\(express\.json\(\)\)/],
    },
    {
      name: "express.text() above the route",
      edits: [["server.mjs", "const app = express();", 'const app = express();\napp.use(express.text({ type: "*/*" }));']],
      says: [/body_already_parsed/, /a decoded string/, /app\.use\(express\.text\(\)\) stands above the route/],
    },
    {
      name: "a middleware that read the stream",
      edits: [["server.mjs", "const app = express();",
        `const app = express();\napp.use(async (req, res, next) => { ${READS_STREAM.replace("STREAM", "req")} next(); });`]],
      says: [/body_already_read/],
    },
    {
      name: "express.raw() above the route",
      edits: [["server.mjs", "const app = express();", 'const app = express();\napp.use(express.raw({ type: "*/*" }));']],
      harmless: true,
    },
    {
      name: "express.json() that keeps the bytes",
      edits: [["server.mjs", "const app = express();",
        "const app = express();\napp.use(express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes; } }));"]],
      harmless: true,
    },
    {
      name: "express.urlencoded() for other content types",
      edits: [["server.mjs", "const app = express();", "const app = express();\napp.use(express.urlencoded());"]],
      harmless: true,
    },
  ],
};

holds({ name: "express 5", ...EXPRESS });

/** `import express from "express"` finds version 4 here. */
holds({
  name: "express 4",
  ...EXPRESS,
  prepare(folder) {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(import.meta.dirname, "node_modules/express4"), join(folder, "node_modules/express"));
  },
});

holds({
  name: "fastify",
  files: { "server.mjs": paste("fastify", "server.mjs") },
  command: NODE,
  // Fastify itself answers 415 to a header that names no type, before any parser.
  types: ["application/x-www-form-urlencoded", "text/plain", undefined, "json", ""],
  mistakes: [
    {
      name: "the handler without the plugin",
      edits: [
        ["server.mjs", "webhookRoute }", "webhook }"],
        ["server.mjs", 'app.register(webhookRoute("/webhooks/stripe", ', 'app.post("/webhooks/stripe", webhook('],
      ],
      says: [/body_already_parsed/, /app\.register\(webhookRoute\(/],
    },
    {
      name: "a hook that read the stream",
      edits: [["server.mjs", "app.register", `app.addHook("onRequest", async (request) => { ${READS_STREAM.replace("STREAM", "request.raw")} });\napp.register`]],
      says: [/body_already_read/],
    },
    {
      name: "parsers of the application",
      edits: [["server.mjs", "app.register", `app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, { body }));\napp.register`]],
      harmless: true,
    },
  ],
});

holds({
  name: "koa",
  files: { "server.mjs": paste("koa", "server.mjs") },
  command: NODE,
  mistakes: [
    {
      name: "koa-body above the webhook",
      edits: [["server.mjs", "const app = new Koa();", 'const app = new Koa();\nconst { koaBody } = await import("koa-body");\napp.use(koaBody());']],
      says: [/body_already_parsed/, /above app\.use\(bodyParser\(\)\)/],
    },
    {
      name: "@koa/bodyparser above the webhook",
      edits: [["server.mjs", "const app = new Koa();", 'const app = new Koa();\nconst { bodyParser } = await import("@koa/bodyparser");\napp.use(bodyParser());']],
      harmless: true,
    },
  ],
});

holds({
  name: "hono",
  files: { "server.mjs": paste("hono", "server.mjs") },
  command: NODE,
  mistakes: [
    {
      name: "a middleware that read c.req.raw",
      edits: [["server.mjs", "const app = new Hono();", "const app = new Hono();\napp.use(async (c, next) => { await c.req.raw.json(); await next(); });"]],
      says: [/body_already_read/, /above the app\.use/],
    },
    {
      name: "a middleware that read a form",
      edits: [["server.mjs", "const app = new Hono();",
        "const app = new Hono();\napp.use(async (c, next) => { c.req.bodyCache.formData = Promise.resolve(new FormData()); await c.req.raw.text(); await next(); });"]],
      says: [/body_already_parsed/, /formData/],
    },
    {
      name: "a middleware that called c.req.json()",
      edits: [["server.mjs", "const app = new Hono();", "const app = new Hono();\napp.use(async (c, next) => { await c.req.json(); await next(); });"]],
      harmless: true,
    },
  ],
});

holds({
  name: "h3 2",
  files: { "server.mjs": paste("h3", "server.mjs") },
  command: NODE,
  mistakes: [
    {
      name: "a middleware that called readBody",
      edits: [
        ["server.mjs", "import { H3, serve }", "import { H3, readBody, serve }"],
        ["server.mjs", "const app = new H3();", "const app = new H3();\napp.use(async (event, next) => { await readBody(event); return next(); });"],
      ],
      says: [/body_already_read/, /event\.req\.clone\(\)/],
    },
  ],
});

holds({
  name: "h3 1",
  files: {
    "server.mjs": `
      import { createServer } from "node:http";
      import { createApp, createRouter, defineEventHandler, readBody, toNodeListener } from "h3v1";
      import { webhook } from "tillproof/adapters/h3";
      import { memoryStore } from "tillproof/stores/memory";
      import { createInbox, createVerifier } from "tillproof/webhooks";
      const verifier = createVerifier({ scheme: "stripe-v1", secrets: process.env.STRIPE_WEBHOOK_SECRET });
      const inbox = createInbox({ verifier, store: memoryStore() });
      const app = createApp();
      const handler = (event) => console.log("applied", event.type, event.id);
      app.use(createRouter().post("/webhooks/stripe", defineEventHandler(webhook({ inbox, handler }))));
      createServer(toNodeListener(app)).listen(process.env.PORT);
    `,
  },
  command: NODE,
  mistakes: [
    {
      name: "a middleware that called readBody",
      edits: [["server.mjs", "const app = createApp();", "const app = createApp();\napp.use(defineEventHandler(async (event) => void (await readBody(event))));"]],
      harmless: true,
    },
    {
      name: "a middleware that left a parsed body",
      edits: [["server.mjs", "const app = createApp();", "const app = createApp();\napp.use(defineEventHandler((event) => void (event.node.req.body = {})));"]],
      says: [/body_already_parsed/],
    },
  ],
});

/** A function from `Request` to `Response`, on a server that has these. */
holds({
  name: "web",
  files: {
    "webhook.mjs": paste("web", "webhook.mjs"),
    "server.mjs": `
      import { serve } from "@hono/node-server";
      import { POST } from "./webhook.mjs";
      serve({ port: Number(process.env.PORT), fetch: (request) => POST(request) });
    `,
  },
  command: NODE,
  mistakes: [
    {
      name: "a request that was read before",
      edits: [["server.mjs", "(request) => POST(request)", "async (request) => (await request.json(), POST(request))"]],
      says: [/body_already_read/, /request\.clone\(\)/],
    },
    {
      name: "a request of which a copy was read",
      edits: [["server.mjs", "(request) => POST(request)", "async (request) => (await request.clone().json(), POST(request))"]],
      harmless: true,
    },
  ],
});
