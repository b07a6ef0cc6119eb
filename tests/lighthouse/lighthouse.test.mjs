/**
 * What Lighthouse makes of the page as static files without compression: a slow phone on a slow network, the median of runs.
 *
 * A loaded machine lowers the figure of performance: run it on one that has nothing else to do.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const RUNS = 5;
const LEAST = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const TIMES = { "first-contentful-paint": "FCP ms", "largest-contentful-paint": "LCP ms", "total-blocking-time": "TBT ms", "cumulative-layout-shift": "CLS" };

let site;
let chrome;
before(async () => {
  const { openSite } = await import(pathToFileURL(join(process.env.WWW, "test/site.js")).href);
  site = await openSite();
  chrome = await launch({ chromePath: process.env.CHROMIUM, chromeFlags: ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"] });
});
after(async () => {
  chrome?.kill();
  await site?.close();
});

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** The medians of some runs, by category and by measure. */
async function seen(method) {
  const reports = [];
  for (let run = 0; run < RUNS; run += 1) {
    const { lhr } = await lighthouse(site.url, { port: chrome.port, logLevel: "error", onlyCategories: CATEGORIES, throttlingMethod: method });
    reports.push(lhr);
  }
  const scores = CATEGORIES.map((name) => [name, Math.round(median(reports.map(({ categories }) => categories[name].score)) * 100)]);
  const times = Object.entries(TIMES).map(([audit, name]) => [name, Number(median(reports.map(({ audits }) => audits[audit].numericValue)).toFixed(3))]);
  return Object.fromEntries([...scores, ...times]);
}

// The first is what the tool does by itself, with a calculated phone; the second slows the browser down for real.
for (const method of ["simulate", "devtools"]) {
  test(`performance, accessibility and best practices are at least ${LEAST}, throttled by ${method}`, async (context) => {
    const found = await seen(method);
    context.diagnostic(Object.entries(found).map(([name, value]) => `${name} ${value}`).join(", "));
    for (const name of CATEGORIES) assert.ok(found[name] >= LEAST, `${name} is ${found[name]}`);
  });
}
