/** The runtimes that are not Node: workerd under wrangler, Deno and Bun. */

import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { SECRET } from "../delivery.mjs";
import { keepsKeys } from "../keyed.mjs";
import { paste } from "../pages.mjs";
import { holds } from "../suite.mjs";
import { HERE, installed } from "./build.mjs";

const READ_FIRST = [/body_already_read/, /request\.clone\(\)/];

holds({
  name: "workers",
  root: HERE,
  files: {
    "wrangler.jsonc": JSON.stringify({ name: "shop", main: "src/index.js", compatibility_date: "2026-01-01" }),
    ".dev.vars": `STRIPE_WEBHOOK_SECRET=${SECRET}\n`,
    "src/index.js": paste("workers", "src/index.js"),
  },
  env: { WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "log", CI: "1" },
  command: (port) => [
    process.execPath, installed("wrangler/bin/wrangler.js"), "dev", "--port", String(port), "--ip", "127.0.0.1",
  ],
  mistakes: [
    {
      name: "a router that read the request",
      edits: [
        ["src/index.js", "const fetch = webhook(", "const receive = webhook("],
        ["src/index.js", "export default", "const fetch = async (request, env) => (await request.text(), receive(request, env));\nexport default"],
      ],
      says: READ_FIRST,
    },
  ],
});

holds({
  name: "deno",
  root: HERE,
  files: {
    "server.js": paste("deno", "server.js"),
    "package.json": '{ "type": "module", "dependencies": { "tillproof": "*" } }',
    "deno.json": '{ "nodeModulesDir": "manual" }',
  },
  prepare(folder) {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(installed("tillproof"), join(folder, "node_modules/tillproof"));
  },
  env: { DENO_NO_UPDATE_CHECK: "1" },
  command: [process.execPath, installed("deno/bin.cjs"), "run", "--allow-net", "--allow-env", "server.js"],
  mistakes: [
    {
      name: "a logger that read the request",
      edits: [["server.js", "(request) => (ours(request)", "async (request) => (await request.text(), ours(request)"]],
      says: READ_FIRST,
    },
  ],
});

holds({
  name: "bun",
  root: HERE,
  files: { "server.js": paste("bun", "server.js") },
  // What the install script of the package would copy to its place.
  command: [installed(`@oven/bun-${process.platform}-${process.arch}/bin/bun`), "server.js"],
  mistakes: [
    {
      name: "a logger that read the request",
      edits: [["server.js", "{ POST: receive }", "{ POST: async (request) => (await request.text(), receive(request)) }"]],
      says: READ_FIRST,
    },
  ],
});

keepsKeys({
  name: "workers",
  root: HERE,
  files: {
    "wrangler.jsonc": JSON.stringify({ name: "shop", main: "src/orders.js", compatibility_date: "2026-01-01" }),
    "src/orders.js": paste("workers", "src/orders.js"),
  },
  env: { WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "log", CI: "1" },
  command: (port) => [
    process.execPath, installed("wrangler/bin/wrangler.js"), "dev", "--port", String(port), "--ip", "127.0.0.1",
  ],
});

keepsKeys({
  name: "deno",
  root: HERE,
  files: {
    "server.js": paste("deno", "orders.js"),
    "package.json": '{ "type": "module", "dependencies": { "tillproof": "*" } }',
    "deno.json": '{ "nodeModulesDir": "manual" }',
  },
  prepare(folder) {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(installed("tillproof"), join(folder, "node_modules/tillproof"));
  },
  env: { DENO_NO_UPDATE_CHECK: "1" },
  command: [process.execPath, installed("deno/bin.cjs"), "run", "--allow-net", "--allow-env", "server.js"],
});

keepsKeys({
  name: "bun",
  root: HERE,
  files: { "server.js": paste("bun", "orders.js") },
  command: [installed(`@oven/bun-${process.platform}-${process.arch}/bin/bun`), "server.js"],
});
