// hostile where merchants run it: in vitest, in jest, and in a page that was bundled for browsers.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { build } from "esbuild";
import { launch } from "puppeteer-core";

import { hostile } from "tillproof/testing";
import shop from "./shop/native.cjs";

/** Against hanging, and no measure of how fast a machine has to be. */
const PATIENCE_MS = 600_000;

const require = createRequire(import.meta.url);
const program = (name, file) => join(dirname(require.resolve(`${name}/package.json`)), file);

const RUNNERS = {
  vitest: [program("vitest", "vitest.mjs"), "run", "--no-color"],
  jest: [program("jest", "bin/jest.js"), "--colors=false"],
};

/** Runs a suite in a runner. */
function suite(name, file) {
  const { CI: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, RUNNERS[name], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    env: { ...env, SUITE: file },
  });
  return { status, output: `${stdout}${stderr}` };
}

for (const name of Object.keys(RUNNERS)) {
  test(`a careful shop passes in ${name}, also with the official client`, () => {
    const { status, output } = suite(name, "hostile");
    assert.equal(status, 0, output);
    assert.match(output, /Tests:? .*3 passed/, output);
  });

  test(`a naive shop fails in ${name}, and the report is the story`, () => {
    const { status, output } = suite(name, "naive");
    assert.equal(status, 1, output);
    for (const part of ["breaks this integration", "was charged 2 times", "[charged_once]", "to see it again: hostile("]) {
      assert.ok(output.includes(part), `${part}: ${output}`);
    }
  });
}

test("in a page the same seed fails with the same story as in Node", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-page-"));
  const bundle = join(folder, "page.js");
  await build({ entryPoints: [join(import.meta.dirname, "page.js")], bundle: true, format: "esm", target: "es2022", outfile: bundle, logLevel: "error" });
  const types = { "/": ["text/html", readFileSync(join(import.meta.dirname, "page.html"))], "/page.js": ["text/javascript", readFileSync(bundle)] };
  const server = createServer((request, response) => {
    const [type, body] = types[request.url] ?? [];
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type ?? "text/plain" }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await launch({ timeout: PATIENCE_MS, protocolTimeout: PATIENCE_MS, executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction("globalThis.outcome !== undefined");
    const seen = await page.evaluate("globalThis.outcome");
    assert.equal(seen.problem, undefined, seen.problem);
    assert.ok(seen.requests > 100 && seen.struck > 0, JSON.stringify(seen));
    const here = await hostile(shop.naive, { seeds: 50, faults: shop.FAULTS }).catch((error) => error);
    assert.deepEqual([seen.seed, seen.story], [here.seed, here.story]);
  } finally {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
