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
    // What the policy forbids may be tried and caught in silence.
    globalThis.refused = [];
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => globalThis.refused.push(`${violatedDirective}: ${blockedURI}`));
    const told = ({ node, previousRect, currentRect }) => `${node?.id || node?.className || node?.textContent} from ${previousRect.y} to ${currentRect.y}`;
    new PerformanceObserver((list) => {
      globalThis.shifts.push(...list.getEntries().map(({ value, sources }) => ({ value, moved: sources.map(told) })));
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(url);
  const leave = async () => {
    complaints.push(...(await page.evaluate(() => globalThis.refused)));
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

/** Scrolls to a part, and waits until the browser shows it: of what is far away it gives no text. */
export async function goTo(page, part) {
  await page.$eval(`#${part}`, (element) => element.scrollIntoView());
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

export async function textOf(page, selector) {
  return page.$eval(selector, (element) => element.innerText);
}

/** Fails where more than this moved without having been asked to, and says what. */
export async function expectStill(page, most) {
  const shifts = await page.evaluate(() => globalThis.shifts);
  const sum = shifts.reduce((total, { value }) => total + value, 0);
  assert.ok(sum < most, `the layout shifted by ${sum}: ${shifts.flatMap(({ moved }) => moved).join(" | ")}`);
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
  const path = join(SCREENSHOTS, `${name}.png`);
  if (part === undefined) return page.screenshot({ path });
  // What the browser leaves out far above takes its full height at once, and not between the measuring and the picture.
  const style = await page.evaluateHandle(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(".section { content-visibility: visible !important }");
    document.adoptedStyleSheets.push(sheet);
    return sheet;
  });
  await (await page.$(`#${part}`)).screenshot({ path });
  await page.evaluate((sheet) => document.adoptedStyleSheets.splice(document.adoptedStyleSheets.indexOf(sheet), 1), style);
}
