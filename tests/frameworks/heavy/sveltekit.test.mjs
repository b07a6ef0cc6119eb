/** SvelteKit, built for Node. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { genuine, send, signed } from "../delivery.mjs";
import { keepsKeys } from "../keyed.mjs";
import { paste } from "../pages.mjs";
import { heard, project, start } from "../server.mjs";
import { holds } from "../suite.mjs";
import { attemptBuild, HERE } from "./build.mjs";

const ROUTE = "src/routes/webhooks/stripe/+server.js";

const FILES = {
  "package.json": '{ "type": "module" }',
  "svelte.config.js": 'import adapter from "@sveltejs/adapter-node";\nexport default { kit: { adapter: adapter() } };',
  "vite.config.js": 'import { sveltekit } from "@sveltejs/kit/vite";\nexport default { plugins: [sveltekit()] };',
  "src/app.html": "<!doctype html><head>%sveltekit.head%</head><body>%sveltekit.body%</body>",
  "src/hooks.server.js": "export const handle = ({ event, resolve }) => resolve(event);",
  [ROUTE]: paste("sveltekit", ROUTE),
};

const KIT = {
  root: HERE,
  files: FILES,
  command: [process.execPath, "build/index.js"],
  prepare: (folder) => attemptBuild("vite/bin/vite.js", ["build"], folder),
};

holds({
  ...KIT,
  name: "sveltekit",
  env: { BODY_SIZE_LIMIT: "4M" },
  types: [],
  mistakes: [
    {
      name: "a hook that read the request",
      edits: [["src/hooks.server.js", "({ event, resolve }) => resolve(event)", "async ({ event, resolve }) => (await event.request.json(), resolve(event))"]],
      says: [/body_already_read/, /let hooks\.server\.js pass this path on/],
    },
  ],
});

test("what the page says of forms, of large bodies and of none is so", async () => {
  const folder = project("sveltekit-defaults", FILES, HERE);
  KIT.prepare(folder);
  const server = await start({ ...KIT, folder });
  try {
    const url = `${server.url}/webhooks/stripe`;
    const body = genuine("evt_form");
    const headers = { ...signed(body), "content-type": "application/x-www-form-urlencoded" };
    assert.equal((await send({ url, headers, body })).status, 403);
    const { "content-type": _, ...untyped } = signed(body);
    assert.equal((await send({ url, headers: untyped, body })).status, 500);
    await heard(server, /body_dropped/, "err");
    const large = Buffer.alloc(600 * 1024, "x");
    assert.equal((await send({ url, headers: signed(large), body: large })).status, 413);
  } finally {
    await server.stop();
  }
});

const { [ROUTE]: _, ...WITHOUT_ROUTE } = FILES;
const ORDERS = "src/routes/orders/+server.js";
keepsKeys({ ...KIT, name: "sveltekit", files: { ...WITHOUT_ROUTE, [ORDERS]: paste("sveltekit", ORDERS) } });
