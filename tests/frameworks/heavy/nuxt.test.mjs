/** Nuxt, built for Node. */

import { keepsKeys } from "../keyed.mjs";
import { paste } from "../pages.mjs";
import { holds } from "../suite.mjs";
import { attemptBuild, HERE } from "./build.mjs";

const ROUTE = "server/routes/webhooks/stripe.js";
const MIDDLEWARE = "server/middleware/early.js";

holds({
  name: "nuxt",
  root: HERE,
  files: {
    "package.json": '{ "type": "module" }',
    "nuxt.config.js": "export default { telemetry: false, compatibilityDate: '2026-01-01', ssr: false };",
    "app.vue": "<template><p>shop</p></template>",
    [ROUTE]: paste("nuxt", ROUTE),
  },
  command: [process.execPath, ".output/server/index.mjs"],
  prepare: (folder) => attemptBuild("nuxt/bin/nuxt.mjs", ["build"], folder, { NUXT_TELEMETRY_DISABLED: "1" }),
  mistakes: [
    {
      name: "a middleware that called readBody",
      edits: [[MIDDLEWARE, "", 'import { defineEventHandler, readBody } from "h3";\nexport default defineEventHandler(async (event) => void (await readBody(event)));']],
      harmless: true,
    },
    {
      name: "a middleware that read the stream",
      edits: [[MIDDLEWARE, "", `
        import { defineEventHandler } from "h3";
        export default defineEventHandler(async (event) => { for await (const chunk of event.node.req) String(chunk); });
      `]],
      says: [/body_already_read/],
    },
  ],
});

keepsKeys({
  name: "nuxt",
  root: HERE,
  path: "/api/orders",
  files: {
    "package.json": '{ "type": "module" }',
    "nuxt.config.js": "export default { telemetry: false, compatibilityDate: '2026-01-01', ssr: false };",
    "app.vue": "<template><p>shop</p></template>",
    "server/api/orders.post.js": paste("nuxt", "server/api/orders.post.js"),
  },
  command: [process.execPath, ".output/server/index.mjs"],
  prepare: (folder) => attemptBuild("nuxt/bin/nuxt.mjs", ["build"], folder, { NUXT_TELEMETRY_DISABLED: "1" }),
});
