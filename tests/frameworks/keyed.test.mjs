/** Requests with an `Idempotency-Key` in the frameworks that start within a blink, each with the code of its page. */

import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { keepsKeys } from "./keyed.mjs";
import { paste } from "./pages.mjs";

const NODE = [process.execPath, "server.mjs"];
const ORDERS = (page) => ({ "server.mjs": paste(page, "orders.mjs") });

keepsKeys({ name: "node", files: ORDERS("node"), command: NODE });

const EXPRESS = {
  files: ORDERS("express"),
  command: NODE,
  variants: [
    { name: "express.json() above", edits: [["server.mjs", "const app = express();", "const app = express();\napp.use(express.json());"]] },
  ],
};
keepsKeys({ name: "express 5", ...EXPRESS });
keepsKeys({
  name: "express 4",
  ...EXPRESS,
  prepare(folder) {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(import.meta.dirname, "node_modules/express4"), join(folder, "node_modules/express"));
  },
});

keepsKeys({ name: "fastify", files: ORDERS("fastify"), command: NODE });

keepsKeys({
  name: "koa",
  files: ORDERS("koa"),
  command: NODE,
  variants: [
    { name: "koa-body above", edits: [["server.mjs", "new Koa()", 'new Koa().use((await import("koa-body")).koaBody())']] },
    { name: "@koa/bodyparser above", edits: [["server.mjs", "new Koa()", 'new Koa().use((await import("@koa/bodyparser")).bodyParser())']] },
  ],
});

keepsKeys({
  name: "hono",
  files: ORDERS("hono"),
  command: NODE,
  variants: [
    {
      name: "c.req.json() above",
      edits: [["server.mjs", "new Hono()", "new Hono().use(async (c, next) => { await c.req.json(); await next(); })"]],
    },
  ],
});

keepsKeys({ name: "h3 2", files: ORDERS("h3"), command: NODE });

keepsKeys({
  name: "h3 1",
  files: {
    "server.mjs": `
      import { createServer } from "node:http";
      import { createApp, createRouter, defineEventHandler, getHeader, readBody, toNodeListener } from "h3v1";
      import { idempotent } from "tillproof/adapters/h3";
      import { createIdempotency } from "tillproof/idempotency";
      import { memoryStore } from "tillproof/stores/memory";
      const idempotency = createIdempotency({ store: memoryStore() });
      const principal = (event) => getHeader(event, "x-account");
      const handler = ({ json }, { id }) => (console.log("ordered", json().item), { status: 201, json: { order: id } });
      const order = idempotent({ idempotency, operation: "order", principal, handler, recover: "repeat" });
      const app = createApp();
      app.use(createRouter().post("/orders", defineEventHandler(order)));
      createServer(toNodeListener(app)).listen(process.env.PORT);
    `,
  },
  command: NODE,
  variants: [
    {
      name: "readBody above",
      edits: [["server.mjs", "const app = createApp();", "const app = createApp();\napp.use(defineEventHandler(async (event) => void (await readBody(event))));"]],
    },
  ],
});

/** A function from `Request` to `Response`, on a server that has these. */
keepsKeys({
  name: "web",
  files: {
    "orders.mjs": paste("web", "orders.mjs"),
    "server.mjs": `
      import { serve } from "@hono/node-server";
      import { POST } from "./orders.mjs";
      serve({ port: Number(process.env.PORT), fetch: (request) => POST(request) });
    `,
  },
  command: NODE,
});

/** Lambda's two kinds of event, made of what comes in as the gateways do. */
for (const version of ["1.0", "2.0"]) {
  keepsKeys({
    name: `lambda ${version}`,
    files: {
      "orders.mjs": paste("lambda", "orders.mjs"),
      "server.mjs": `
        import { createServer } from "node:http";
        import { handler } from "./orders.mjs";
        createServer(async (request, response) => {
          const chunks = [];
          for await (const chunk of request) chunks.push(chunk);
          const body = Buffer.concat(chunks).toString("base64");
          const common = { headers: request.headers, body, isBase64Encoded: true };
          const event = ${JSON.stringify(version)} === "2.0"
            ? { ...common, version: "2.0", rawPath: request.url, rawQueryString: "", requestContext: { http: { method: request.method } } }
            : { ...common, multiValueHeaders: request.headersDistinct, httpMethod: request.method, path: request.url, requestContext: {} };
          const { statusCode, headers, multiValueHeaders, body: text, isBase64Encoded } = await handler(event);
          response.writeHead(statusCode, { ...headers, ...multiValueHeaders });
          response.end(Buffer.from(text, isBase64Encoded ? "base64" : "utf8"));
        }).listen(process.env.PORT);
      `,
    },
    command: NODE,
  });
}
