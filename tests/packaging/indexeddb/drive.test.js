// Builds the checkout with Vite, pays in Chromium against the gateway over HTTP, and kills the tab in the middle.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { launch } from "puppeteer-core";
import { build } from "vite";

import { openCheckout } from "./checkout.js";

const ROOT = import.meta.dirname;
/** Against hanging, and no measure of how fast a machine has to be. */
const PATIENCE_MS = 600_000;
const profile = mkdtempSync(join(tmpdir(), "tillproof-browser-"));

let browser;
let checkout;
let gateway;
let gatewayUrl;

const start = () =>
  launch({
    timeout: PATIENCE_MS,
    protocolTimeout: PATIENCE_MS,
    executablePath: process.env.CHROMIUM,
    userDataDir: profile,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });

/** The file of docs/stores/indexeddb.md, as the package ships it. */
function browserStore() {
  const page = readFileSync(join(ROOT, "node_modules/tillproof/docs/stores/indexeddb.md"), "utf8");
  const [, code] = /^```js browser-store\.js\n([^]*?)^```$/m.exec(page) ?? [];
  assert.ok(code, "the page has no block for browser-store.js");
  return code;
}

before(async () => {
  writeFileSync(join(ROOT, "browser-store.js"), browserStore());
  await build({ root: ROOT, logLevel: "warn", configFile: false });
  gateway = spawn(join(ROOT, "node_modules/.bin/tillproof"), ["simulate", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  gatewayUrl = await new Promise((resolve, reject) => {
    gateway.stdout.once("data", (chunk) => resolve(/http:\S+/.exec(chunk.toString())[0]));
    gateway.once("exit", (status) => reject(new Error(`the gateway ended with ${status}`)));
  });
  checkout = await openCheckout(join(ROOT, "dist"), gatewayUrl);
  browser = await start();
});

after(async () => {
  await browser?.close();
  checkout?.close();
  gateway?.kill();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

async function tab(url = checkout.url) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("error", () => undefined);
  await page.goto(url);
  await page.waitForFunction("globalThis.ready === true");
  return page;
}

const ask = (page, name, ...values) => page.evaluate((name, values) => globalThis.shop[name](...values), name, values);

/** In a tab of its own. */
async function once(name, ...values) {
  const page = await tab();
  try {
    return await ask(page, name, ...values);
  } finally {
    await page.close();
  }
}

/** Payments with a reference, asked of the gateway itself. */
async function truth(reference) {
  const answer = await fetch(`${gatewayUrl}/api/payments?reference=${reference}`);
  return (await answer.json()).data;
}

test("IndexedDB keeps every promise of the contract of stores", async () => {
  const { count, broken } = await once("conformance");
  assert.deepEqual(broken, []);
  assert.ok(count >= 10, `${count} checks`);
});

test("docs/stores/indexeddb.md: browser-store.js remembers, in another tab", async () => {
  assert.deepEqual(await once("documented", "seen"), { ready: "boolean", version: 1 });
  assert.deepEqual(await once("documented", "seen"), { ready: "boolean", version: 2 });
});

const DEATHS = {
  "the tab is closed": async (page) => page.close({ runBeforeUnload: false }),
  "the renderer of the tab crashes": async (page) => {
    const client = await page.createCDPSession();
    const crashed = new Promise((resolve) => page.once("error", resolve));
    client.send("Page.crash").catch(() => undefined);
    await crashed;
    await page.close();
  },
  "the browser is killed": async () => {
    const gone = new Promise((resolve) => browser.process().once("exit", resolve));
    browser.process().kill("SIGKILL");
    await gone;
    browser = await start();
  },
};

for (const [death, die] of Object.entries(DEATHS)) {
  test(`a payment goes on in another tab when ${death} while its answer is under way: one charge`, async () => {
    const reference = death.replaceAll(" ", "-");
    const page = await tab();
    const died = new Promise((resolve, reject) => {
      checkout.insteadOfAnswer = () => die(page).then(resolve, reject);
    });
    ask(page, "charge", reference).catch(() => undefined);
    await died;
    const [charge, ...others] = await truth(reference);
    assert.deepEqual([charge?.state, others], ["completed", []], "charged before the page could know");
    const resumed = await once("resume", reference);
    assert.equal(resumed?.status, "settled");
    assert.equal(resumed.providerReference, charge.id);
    assert.equal((await truth(reference)).length, 1, "charges");
    assert.deepEqual(await once("charge", reference), resumed, "the answer to a repeated call");
  });
}

test("a payment that was begun and never left the page is made when it is opened again", async () => {
  const page = await tab();
  await page.setOfflineMode(true);
  ask(page, "charge", "offline").catch(() => undefined);
  await page.waitForFunction("globalThis.shop.keys('intent/').then((keys) => keys.some((key) => key.endsWith('offline')))");
  await page.close();
  assert.deepEqual(await truth("offline"), []);
  assert.equal((await once("resume", "offline"))?.status, "settled");
  assert.equal((await truth("offline")).length, 1);
});

test("a hundred clicks in two tabs are one charge with one answer", async () => {
  const tabs = await Promise.all([tab(), tab()]);
  const answers = (await Promise.all(tabs.map((page) => ask(page, "clicks", "double")))).flat();
  await Promise.all(tabs.map((page) => page.close()));
  const charges = await truth("double");
  assert.equal(charges.length, 1);
  assert.deepEqual(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1);
  assert.deepEqual([answers[0].status, answers[0].providerReference], ["settled", charges[0].id]);
});

test("of three tabs that race for the same records exactly one wins each", async () => {
  const tabs = await Promise.all([tab(), tab(), tab()]);
  const won = await Promise.all(tabs.map((page) => ask(page, "race", 100)));
  assert.equal(won[0] + won[1] + won[2], 100);
  assert.equal((await ask(tabs[0], "keys", "effect/")).length, 100);
  await Promise.all(tabs.map((page) => page.close()));
});

test("what a browser refuses is a typed error that says what to do", async () => {
  assert.deepEqual(await once("blocked"), { code: "indexeddb_blocked", advice: "wait" });
  assert.deepEqual(await once("outdated"), { code: "indexeddb_of_later_version", advice: "fix_call" });
  assert.equal(await once("reopened"), "one");
});

test("in a frame that may store nothing, the store says so before an order is taken", async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${checkout.url}/frame.html`);
  const frame = await page.waitForFrame((one) => one.url().endsWith("/index.html"));
  await frame.waitForFunction("globalThis.ready === true");
  assert.deepEqual(await ask(frame, "unavailable"), { code: "indexeddb_unavailable", advice: "fix_call" });
  await page.close();
});

test("without room nothing is written, and the error says so", async () => {
  // A site of its own: what Chromium found out about the room of a site, it believes for a while.
  const small = await openCheckout(join(ROOT, "dist"), gatewayUrl);
  try {
    const page = await tab(small.url);
    const client = await page.createCDPSession();
    await client.send("Storage.overrideQuotaForOrigin", { origin: small.url, quotaSize: 100_000 });
    assert.deepEqual(await ask(page, "full"), { refused: { code: "indexeddb_full", advice: "fix_call" }, kept: 0 });
    await page.close();
  } finally {
    small.close();
  }
});
