// What a visitor waits for: little, and nothing jumps.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { done, visit } from "./browser.js";
import { openSite } from "./site.js";

/** Bytes of the first view, uncompressed; a server that compresses sends a third of it. */
const FIRST_VIEW_BYTES_MAX = 100_000;

let site;
before(async () => {
  site = await openSite();
});
after(() => site?.close());

test("the first view is small, and wasm comes after it", async () => {
  const { page, leave } = await visit(site.url);
  await done(page, "order");
  const firstWorker = site.asked.findIndex(({ path }) => path.includes(".worker-"));
  const first = site.asked.slice(0, firstWorker);
  assert.ok(first.length >= 3, "document, style and script");
  assert.deepEqual(first.filter(({ path }) => path.endsWith(".wasm")), []);
  const bytes = first.reduce((sum, one) => sum + one.bytes, 0);
  assert.ok(bytes < FIRST_VIEW_BYTES_MAX, `the first view takes ${bytes} bytes`);
  assert.deepEqual(site.asked.filter((one) => one.bytes === 0), []);
  await leave();
});

test("what nobody scrolls to is not fetched", async () => {
  const from = site.asked.length;
  const { page, leave } = await visit(site.url);
  await done(page, "order");
  const names = site.asked.slice(from).map(({ path }) => path).join(" ");
  assert.match(names, /simulator-/);
  assert.doesNotMatch(names, /webhooks-full|chart-|storm/);
  await leave();
});

for (const [name, width, height] of [["a desktop", 1280, 900], ["a phone", 390, 844]]) {
  test(`nothing moves on ${name} when the first story arrives`, async () => {
    const { page, leave } = await visit(site.url, { width, height });
    await done(page, "order");
    const shift = await page.evaluate(() => globalThis.shifts.reduce((sum, one) => sum + one, 0));
    assert.ok(shift < 0.01, `the layout shifted by ${shift}`);
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
