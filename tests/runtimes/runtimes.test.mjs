/**
 * One scenario in every runtime and from every bundler, each from the packed tarball; and the table of README.
 *
 * `CHROMIUM` and `FIREFOX` name the browsers. What was seen is left in `table.md` beside this file.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { launch } from "puppeteer-core";

import { BUNDLERS, bundled, folderOf, inBrowser, inBun, inCommonJs, inDeno, inNext, inNode, inWorkerd, nodeOf, versionOf } from "./programs.mjs";

/** What of the scenario held, row by row of the table. */
const rows = [];

/** As far as a version says what is compatible: `8` of 8.3.8, and `0.28` of 0.28.2. */
const shortened = (version) => (/^0\.\d+|^[^.]+/.exec(version) ?? [version])[0];

/** The faults of the gateway follow from its seed, so every runtime finds the same. */
function holds(name, version, how, run) {
  test(`${name} ${version}: ${how}`, async () => {
    const found = await run(folderOf(`${name} ${version} ${how}`));
    assert.deepEqual(found, { orders: 12, breaks: 2, problems: [] });
    rows.push({ name, version: shortened(version), how });
  });
}

for (const major of [20, 22, 24]) {
  const node = nodeOf(major);
  if (node === undefined) {
    test(`Node ${major}`, { skip: "there is no such Node for this machine" }, () => undefined);
    continue;
  }
  holds("Node", String(major), "`import`", (folder) => inNode(node, folder));
  holds("Node", String(major), "`require`", (folder) => inCommonJs(node, folder));
}
holds("Bun", versionOf("bun"), "`import`", inBun);
holds("Deno", versionOf("deno"), "`import`", inDeno);
holds("Cloudflare Workers", "workerd", "Miniflare, wasm as modules", inWorkerd);

const browsers = new Map();
async function browserOf(name) {
  const settings = {
    Chromium: { executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] },
    Firefox: { browser: "firefox", executablePath: process.env.FIREFOX },
  };
  const found = browsers.get(name) ?? (await launch(settings[name]));
  browsers.set(name, found);
  return found;
}
after(async () => {
  for (const browser of browsers.values()) await browser.close();
});

for (const bundler of Object.keys(BUNDLERS)) {
  const version = versionOf({ Vite: "vite", Rollup: "rollup" }[bundler] ?? bundler);
  holds(bundler, version, "a page in Chromium, strict CSP", async (folder) => inBrowser(await browserOf("Chromium"), await bundled(bundler, folder)));
}
holds("Firefox", "ESR", "the page of Vite, strict CSP", async (folder) => inBrowser(await browserOf("Firefox"), await bundled("Vite", folder)));
holds("Next.js", versionOf("next"), "a route, built for production", inNext);

after(() => {
  const lines = rows.map(({ name, version, how }) => `| ${name} ${version} | ${how} | passed |`);
  writeFileSync(join(import.meta.dirname, "table.md"), `| Where | How | The scenario |\n| --- | --- | --- |\n${lines.join("\n")}\n`);
});
