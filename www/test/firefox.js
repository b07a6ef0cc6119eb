// The main story in Firefox, which reads, compiles and schedules in another way and must come to the same.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "puppeteer-core";

import { done, keepPicture, PATIENCE_MS, PATIENT, press, textOf, visit } from "./browser.js";
import { openSite } from "./site.js";

let site;
let firefox;
before(async () => {
  site = await openSite();
  firefox = await launch({ ...PATIENT, browser: "firefox", executablePath: process.env.FIREFOX, headless: true });
});
after(async () => {
  await firefox?.close();
  await site?.close();
});

test("Firefox tells the same story as Chromium, to the hundredth of a second", async () => {
  const query = "?seed=19&orders=answer-lost.slow~webhook-twice.webhook-late~webhook-forged";
  const { page: chromium, leave } = await visit(site.url + query);
  await done(chromium, "order");
  const expected = await chromium.$$eval("#order .step", (steps) => steps.map(({ textContent }) => textContent));
  await leave();
  const { page, complaints } = await openIn(query);
  const told = await page.$$eval("#order .step", (steps) => steps.map(({ textContent }) => textContent));
  assert.ok(told.length > 40);
  assert.deepEqual(told, expected);
  await keepPicture(page, "firefox-first-view");
  await press(page, "order", "Place order 4");
  await page.waitForFunction(() => document.querySelector('[data-shop="tillproof"] .steps').innerText.includes("Order 4"));
  assert.match(await textOf(page, '[data-shop="tillproof"] .total'), /€0\.00/);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("Firefox finds what was put into the settlement, and draws the storm", async () => {
  const { page, complaints } = await openIn("");
  await page.$eval("#day", (part) => part.scrollIntoView());
  await page.waitForFunction(() => /2 of 2 injected mistakes found, 0 false alarms/.test(document.querySelector("#day .status").textContent));
  await page.$eval("#storm", (part) => part.scrollIntoView());
  await page.waitForSelector("#storm .uplot canvas");
  assert.deepEqual(complaints, []);
  await page.close();
});

/** A window of Firefox on the page, with its first story told. */
async function openIn(query) {
  const page = await firefox.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(message.text());
  });
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(site.url + query);
  await done(page, "order");
  return { page, complaints };
}
