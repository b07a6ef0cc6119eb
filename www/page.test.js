// The page, built and used in Chromium the way a visitor would.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "puppeteer-core";
import { build, preview } from "vite";

const SHARED = { root: import.meta.dirname, logLevel: "warn", configFile: false };

let browser;
let page;
let server;

before(async () => {
  await build(SHARED);
  server = await preview({ ...SHARED, preview: { port: 0, host: "127.0.0.1" } });
  browser = await launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  page = await browser.newPage();
  page.on("pageerror", (error) => assert.fail(String(error)));
  await page.goto(server.resolvedUrls.local[0]);
  await page.waitForFunction("document.querySelector('[name=body]').value !== ''", { timeout: 20_000 });
});

after(async () => {
  await browser?.close();
  await server?.close();
});

async function answer() {
  await page.click("button");
  return page.$eval("output", (output) => output.textContent);
}

test("the example is genuine", async () => {
  assert.equal(await answer(), "Genuine. charge.succeeded evt_1");
});

test("the example with one letter changed is not", async () => {
  await page.$eval("[name=body]", (body) => {
    body.value = body.value.replace("1050", "1051");
  });
  assert.match(await answer(), /^Not genuine: ./);
});

test("an empty secret is explained and not thrown", async () => {
  await page.$eval("[name=secret]", (secret) => {
    secret.value = "";
  });
  assert.match(await answer(), /^Cannot be checked: ./);
});
