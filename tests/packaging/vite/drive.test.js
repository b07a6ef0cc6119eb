// Builds the page with Vite, opens it in Chromium and reports what the page found.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "puppeteer-core";
import { build, createServer, preview } from "vite";

/** Against hanging, and no measure of how fast a machine has to be. */
const PATIENCE_MS = 600_000;
const SHARED = { root: import.meta.dirname, logLevel: "warn", configFile: false };

let browser;
before(async () => {
  browser = await launch({
    timeout: PATIENCE_MS,
    protocolTimeout: PATIENCE_MS,
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
});
after(() => browser?.close());

/** What the page at an address found, and what it complained of. */
async function findings(url) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(url);
  await page.waitForFunction("globalThis.results !== undefined");
  const results = await page.evaluate("globalThis.results");
  await page.close();
  return { results, complaints };
}

function expectFine({ results, complaints }) {
  assert.deepEqual(results.filter(({ problem }) => problem !== null), []);
  assert.equal(results.length, 5);
  assert.deepEqual(complaints, []);
}

test("the built page runs every check", async () => {
  await build(SHARED);
  const server = await preview({ ...SHARED, preview: { port: 0, host: "127.0.0.1" } });
  try {
    expectFine(await findings(server.resolvedUrls.local[0]));
  } finally {
    await server.close();
  }
});

test("the page of the development server runs every check", async () => {
  const server = await createServer({ ...SHARED, server: { port: 0, host: "127.0.0.1" } });
  await server.listen();
  try {
    expectFine(await findings(server.resolvedUrls.local[0]));
  } finally {
    await server.close();
  }
});
