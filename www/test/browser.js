/** A visitor: a window of some width in some colours, and what the page complained of while it was open. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { launch } from "puppeteer-core";

const SCREENSHOTS = join(import.meta.dirname, "../screenshots");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Against hanging, and no measure of how fast a machine has to be. */
export const PATIENCE_MS = 600_000;

/** The same for a browser that starts, and for each word with it. */
export const PATIENT = { timeout: PATIENCE_MS, protocolTimeout: PATIENCE_MS };

let browser;

export async function openBrowser() {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser ??= await launch({ ...PATIENT, executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  return browser;
}

export async function closeBrowser() {
  await browser?.close();
  browser = undefined;
}

/** Opens a window on the page. `expected` are complaints that belong to the test. */
export async function visit(url, { width = 1280, height = 900, scheme = "light", expected = [] } = {}) {
  const page = await (await openBrowser()).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(message.text());
  });
  await page.setViewport({ width, height });
  // Without smooth scrolling a click lands where it was aimed at.
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.evaluateOnNewDocument(() => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => globalThis.shifts.push(...list.getEntries().map(({ value }) => value))).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(url);
  const leave = async () => {
    await page.close();
    assert.deepEqual(complaints.filter((line) => !expected.some((pattern) => pattern.test(line))), []);
  };
  return { page, leave };
}

/** Waits until the whole page is there, and the work of a part of it is done. */
export async function done(page, part) {
  await page.waitForSelector("footer");
  await page.waitForSelector(`#${part} .status[data-state="done"]`);
}

export async function textOf(page, selector) {
  return page.$eval(selector, (element) => element.innerText);
}

/** Clicks the button that says this, in a part of the page. */
export async function press(page, part, label) {
  const buttons = await page.$$(`#${part} button`);
  for (const button of buttons) {
    if ((await button.evaluate((element) => element.innerText)).startsWith(label)) return button.click();
  }
  assert.fail(`there is no button ${label} in ${part}`);
}

/** Lays a file on one side of the desk, and waits until the page has looked at it. */
export async function drop(page, side, name, content) {
  const path = join(SCREENSHOTS, name);
  writeFileSync(path, content);
  await (await page.$(`#files input[name="${side}"]`)).uploadFile(path);
  await page.waitForSelector(`#files [aria-label="${name}"]`);
}

/** Fails with everything axe finds wrong. */
export async function expectAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(told, []);
}

/** Keeps a picture of a part of the page, or of the whole window. */
export async function keepPicture(page, name, part) {
  const target = part === undefined ? page : await page.$(`#${part}`);
  await target.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}
