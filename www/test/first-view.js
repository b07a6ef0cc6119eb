// What a visitor waits for: little, and nothing jumps.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { done, expectStill, keepPicture, openBrowser, PATIENCE_MS, textOf, visit } from "./browser.js";
import { openSite } from "./site.js";

/** What a visitor who does nothing may cost, headers included, over a connection that compresses nothing. */
const FIRST_VIEW_BYTES_MAX = 100_000;

/** How long nothing may be asked for before a page counts as at rest. */
const REST_MS = 2_000;

/** Also a window that shows the whole page at once, in which nothing need be scrolled to. */
const WINDOWS = [
  ["a desktop", 1280, 900],
  ["a phone", 390, 844],
  ["a wall", 1920, 12_000],
];

let site;
before(async () => {
  site = await openSite();
});
after(() => site?.close());

/** The bytes that arrive from now on, as the browser itself counts them, workers included. */
async function counted(page) {
  const arrived = { bytes: 0 };
  const count = (session) => session.on("Network.loadingFinished", ({ encodedDataLength }) => void (arrived.bytes += encodedDataLength));
  const session = await page.createCDPSession();
  count(session);
  await session.send("Network.enable");
  return arrived;
}

for (const [name, width, height] of WINDOWS) {
  test(`a visitor with ${name} who does nothing sees the first story, and gets no wasm`, async (context) => {
    const { page, leave } = await visit("about:blank", { width, height });
    const arrived = await counted(page);
    const from = site.asked.length;
    await page.goto(site.url);
    await done(page, "order");
    assert.match(await textOf(page, "#order .status"), /^Recorded when/);
    await page.waitForNetworkIdle({ idleTime: REST_MS });
    const asked = site.asked.slice(from);
    assert.deepEqual(asked.filter((one) => one.bytes === 0 || /\.wasm$|\.worker-|chart-/.test(one.path)), []);
    assert.ok(asked.length >= 3, "document, style and script");
    context.diagnostic(`${arrived.bytes} bytes transferred, uncompressed`);
    assert.ok(arrived.bytes > asked.reduce((sum, one) => sum + one.bytes, 0), "the browser counted everything that the server sent");
    assert.ok(arrived.bytes < FIRST_VIEW_BYTES_MAX, `the first view takes ${arrived.bytes} bytes`);
    await leave();
  });
}

test("the document itself says what the page shows, before a script has run", async () => {
  const { page, leave } = await visit(site.url);
  await done(page, "order");
  const parts = ["header.masthead", "#order"];
  const shown = await Promise.all(parts.map((part) => textOf(page, part)));
  await leave();
  const still = await (await openBrowser()).newPage();
  still.setDefaultTimeout(PATIENCE_MS);
  await still.setJavaScriptEnabled(false);
  await still.setViewport({ width: 1280, height: 900 });
  await still.goto(site.url);
  assert.deepEqual(await Promise.all(parts.map((part) => textOf(still, part))), shown);
  assert.match(shown[1], /charged twice\s+1 · €53\.90/);
  await keepPicture(still, "desktop-light-without-script");
  await still.close();
});

test("the recording is what the page tells once it runs, word for word", async () => {
  const { page, leave } = await visit(site.url);
  await done(page, "order");
  const steps = () => page.$$eval("#order .step, #order .score", (all) => all.map(({ textContent }) => textContent));
  const recorded = await steps();
  assert.ok(recorded.length > 12);
  await page.keyboard.press("Shift");
  await page.waitForFunction(() => /^Both shops ran in/.test(document.querySelector("#order .status").textContent));
  assert.deepEqual(await steps(), recorded);
  await leave();
});

test("who steps back in the recording stays there when the page runs it", async () => {
  const { page, leave } = await visit(site.url);
  await done(page, "order");
  const hidden = () => page.$$eval('#order .step[data-hidden="true"]', (steps) => steps.length);
  await page.click('#order [aria-label="One step back"]');
  const before = await hidden();
  assert.ok(before > 0);
  await page.waitForFunction(() => /^Both shops ran in/.test(document.querySelector("#order .status").textContent));
  assert.equal(await hidden(), before);
  await leave();
});

test("what nobody scrolls to is not fetched", async () => {
  const from = site.asked.length;
  const { page, leave } = await visit(site.url);
  await done(page, "order");
  await page.keyboard.press("Shift");
  await page.waitForFunction(() => /^Both shops ran in/.test(document.querySelector("#order .status").textContent));
  const names = site.asked.slice(from).map(({ path }) => path).join(" ");
  assert.match(names, /simulator-/);
  assert.doesNotMatch(names, /webhooks-full|chart-|storm/);
  await leave();
});

for (const [name, width, height] of WINDOWS.slice(0, 2)) {
  test(`nothing moves on ${name} when the first story arrives, and when it runs`, async () => {
    const { page, leave } = await visit(site.url, { width, height });
    await done(page, "order");
    // The browser forgives what moves after a click or a key; of a scroll it does not.
    await page.evaluate(() => dispatchEvent(new Event("scroll")));
    await page.waitForFunction(() => /^Both shops ran in/.test(document.querySelector("#order .status").textContent));
    await expectStill(page, 0.01);
    await leave();
  });
}

test("a keyboard alone places an order", async () => {
  const { page, leave } = await visit(site.url);
  await done(page, "order");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.name), "answer-lost");
  await page.keyboard.press("Space");
  // The other mishaps, and the choice of what the shop relies on.
  for (let stop = 0; stop < 9; stop += 1) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector('[data-shop="tillproof"] .steps').innerText.includes("Order 2"));
  await leave();
});
