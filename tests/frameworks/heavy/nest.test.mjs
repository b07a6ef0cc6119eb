/** NestJS, compiled by TypeScript with decorators as its own template has them, on both of its platforms. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { keepsKeys } from "../keyed.mjs";
import { paste } from "../pages.mjs";
import { holds } from "../suite.mjs";
import { attemptBuild, HERE } from "./build.mjs";

const MAIN = "src/main.ts";
const MODULE = `
  import { Module } from "@nestjs/common";
  import { WebhooksController } from "./webhooks.controller.js";
  @Module({ controllers: [WebhooksController] }) export class AppModule {}
`;

const NEST = {
  root: HERE,
  command: [process.execPath, "dist/main.js"],
  prepare(folder) {
    const compilerOptions = {
      target: "es2023", module: "nodenext", strict: true, skipLibCheck: true, types: ["node"],
      experimentalDecorators: true, emitDecoratorMetadata: true, rootDir: "src", outDir: "dist",
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    attemptBuild("typescript/bin/tsc", ["-p", "."], folder);
  },
};

const FILES = {
  "src/app.module.ts": MODULE,
  "src/webhooks.controller.ts": paste("nest", "src/webhooks.controller.ts"),
  [MAIN]: paste("nest", MAIN),
};

const MISTAKES = [
  {
    name: "no rawBody",
    edits: [[MAIN, ", { rawBody: true }", ""]],
    says: [/body_already_parsed/, /NestFactory\.create\(AppModule, \{ rawBody: true \}\)/],
  },
];

holds({
  ...NEST,
  name: "nest on express",
  files: FILES,
  // What calls itself JSON and is none, Nest refuses by itself.
  bytesType: "application/octet-stream",
  mistakes: MISTAKES,
});

holds({
  ...NEST,
  name: "nest on fastify",
  files: {
    ...FILES,
    [MAIN]: FILES[MAIN]
      .replace("import { AppModule }", 'import { FastifyAdapter } from "@nestjs/platform-fastify";\nimport { AppModule }')
      .replace("create(AppModule", "create(AppModule, new FastifyAdapter()"),
  },
  // Fastify under Nest lets JSON, forms and texts through, and of texts keeps no bytes.
  bytesType: null,
  types: ["application/x-www-form-urlencoded"],
  mistakes: MISTAKES,
});

const ORDERS = {
  "src/app.module.ts": MODULE.replaceAll("WebhooksController", "OrdersController").replace("webhooks.controller", "orders.controller"),
  "src/orders.controller.ts": paste("nest", "src/orders.controller.ts"),
  [MAIN]: paste("nest", MAIN).replace(", { rawBody: true }", ""),
};

keepsKeys({ ...NEST, name: "nest on express", files: ORDERS, log: false });

keepsKeys({
  ...NEST,
  name: "nest on fastify",
  files: {
    ...ORDERS,
    [MAIN]: ORDERS[MAIN]
      .replace("import { AppModule }", 'import { FastifyAdapter } from "@nestjs/platform-fastify";\nimport { AppModule }')
      .replace("create(AppModule", "create(AppModule, new FastifyAdapter()"),
  },
  log: false,
});
