/**
 * The same seed gives the same decisions, byte for byte, in Bun, Deno and workerd. Natively, in Node and in Chromium:
 * tests/world.rs, tests/js/torture.test.ts, tests/border.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { project, start } from "../server.mjs";
import { HERE, installed } from "./build.mjs";

/** As in tests/seeds/trace.sha256; a test in tests/js compares the two. */
const PUBLISHED = "887e12ce13861d92c66a888f78db04b23a6fa8bf31e155244504cccaf4273f35";

/** Finds the sum of the published seeds, with what every runtime has. */
const SUM = `
import { trace } from "tillproof/torture";

export async function sum() {
  let text = "";
  for (let seed = 0; seed < 40; seed += 1) text += trace({ seed }).trace;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
`;

const PRINT = 'import { sum } from "./sum.js";\nconsole.log(await sum());\n';

function printed(folder, program, args, env = {}) {
  const { stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8", env: { ...process.env, ...env } });
  return { sum: stdout.trim(), stderr };
}

test("Bun finds the published sum", () => {
  const folder = project("trace bun", { "sum.js": SUM, "print.js": PRINT }, HERE);
  const { sum, stderr } = printed(folder, installed(`@oven/bun-${process.platform}-${process.arch}/bin/bun`), ["print.js"]);
  assert.equal(sum, PUBLISHED, stderr);
});

test("Deno finds the published sum", () => {
  const files = {
    "sum.js": SUM,
    "print.js": PRINT,
    "package.json": '{ "type": "module", "dependencies": { "tillproof": "*" } }',
    "deno.json": '{ "nodeModulesDir": "manual" }',
  };
  const folder = project("trace deno", files, HERE);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(installed("tillproof"), join(folder, "node_modules/tillproof"));
  const args = [installed("deno/bin.cjs"), "run", "--allow-env", "print.js"];
  const { sum, stderr } = printed(folder, process.execPath, args, { DENO_NO_UPDATE_CHECK: "1" });
  assert.equal(sum, PUBLISHED, stderr);
});

test("workerd finds the published sum", async () => {
  const files = {
    "wrangler.jsonc": JSON.stringify({ name: "trace", main: "src/index.js", compatibility_date: "2026-01-01" }),
    "src/sum.js": SUM,
    "src/index.js": 'import { sum } from "./sum.js";\nexport default { fetch: async () => new Response(await sum()) };\n',
  };
  const server = await start({
    folder: project("trace workers", files, HERE),
    env: { WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "log", CI: "1" },
    command: (port) => [
      process.execPath, installed("wrangler/bin/wrangler.js"), "dev", "--port", String(port), "--ip", "127.0.0.1",
    ],
  });
  try {
    const answer = await fetch(server.url);
    assert.equal(await answer.text(), PUBLISHED, server.said.err);
  } finally {
    await server.stop();
  }
});
