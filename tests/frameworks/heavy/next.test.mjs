/** Next.js, built and started as in production: the app router and the pages router in one application. */

import { attemptBuild, HERE } from "./build.mjs";
import { keepsKeys } from "../keyed.mjs";
import { paste } from "../pages.mjs";
import { holds } from "../suite.mjs";

const CONFIG = `
  import { fileURLToPath } from "node:url";
  export default { turbopack: { root: fileURLToPath(new URL("../..", import.meta.url)) } };
`;
const PAGES = "pages/api/webhooks/stripe.js";

const NEXT = {
  root: HERE,
  env: { NEXT_TELEMETRY_DISABLED: "1" },
  prepare: (folder) => attemptBuild("next/dist/bin/next", ["build"], folder, { NEXT_TELEMETRY_DISABLED: "1" }),
  command: (port) => [process.execPath, `${HERE}/node_modules/next/dist/bin/next`, "start", "-p", String(port), "-H", "127.0.0.1"],
};

holds({
  ...NEXT,
  name: "next app router",
  files: {
    "next.config.mjs": CONFIG,
    "app/webhooks/stripe/route.js": paste("next", "app/webhooks/stripe/route.js"),
    "app/layout.js": "export default ({ children }) => children;",
  },
  mistakes: [
    {
      name: "a route that read the request first",
      edits: [["app/webhooks/stripe/route.js", "export const POST = webhook(", `
        export const POST = async (request) => { await request.json(); return receive(request); };
        const receive = webhook(`]],
      says: [/body_already_read/, /let nothing in the route call request\.json\(\)/],
    },
  ],
});

holds({
  ...NEXT,
  name: "next pages router",
  path: "/api/webhooks/stripe",
  files: { "next.config.mjs": CONFIG, [PAGES]: paste("next", PAGES), "pages/index.js": "export default () => null;" },
  mistakes: [
    {
      name: "no config",
      edits: [[PAGES, "export const config = { api: { bodyParser: false } };", ""]],
      says: [/body_already_parsed/, /export const config = \{ api: \{ bodyParser: false \} \};/],
    },
  ],
});

keepsKeys({
  ...NEXT,
  name: "next app router",
  files: {
    "next.config.mjs": CONFIG,
    "app/orders/route.js": paste("next", "app/orders/route.js"),
    "app/layout.js": "export default ({ children }) => children;",
  },
});

keepsKeys({
  ...NEXT,
  name: "next pages router",
  path: "/api/orders",
  files: {
    "next.config.mjs": CONFIG,
    "pages/api/orders.js": paste("next", "pages/api/orders.js"),
    "pages/index.js": "export default () => null;",
  },
});
