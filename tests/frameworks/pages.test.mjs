/** What the pages promise about themselves. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { SECRET } from "./delivery.mjs";
import { page, pages, paste, pastes } from "./pages.mjs";
import { applied, heard, project, start } from "./server.mjs";

const { exports } = JSON.parse(readFileSync(join(import.meta.dirname, "node_modules/tillproof/package.json"), "utf8"));

test("every adapter has a page, and every page is in the index", () => {
  const adapters = Object.keys(exports).filter((name) => name.startsWith("./adapters/")).map((name) => name.slice("./adapters/".length));
  assert.deepEqual(pages().sort(), adapters.sort());
  for (const name of pages()) {
    assert.ok(page("README").includes(`(${name}.md)`), `README.md leads nowhere for ${name}`);
    assert.ok(pastes(name).some(({ code }) => code.includes(`"tillproof/adapters/${name}"`)), `${name}.md does not import its adapter`);
  }
});

test("ten lines are ten lines, and fit on a screen", () => {
  for (const { name, file, code } of ["README", ...pages()].flatMap((name) => pastes(name).map((block) => ({ name, ...block })))) {
    const lines = code.trimEnd().split("\n");
    assert.ok(lines.length <= 10, `${name}.md: ${file} has ${lines.length} lines`);
    assert.deepEqual(lines.filter((line) => line.length > 120), [], `${name}.md: ${file}`);
  }
});

test("every page names the trap and how to try it", () => {
  for (const name of pages()) {
    assert.match(page(name), /\*\*The trap\.\*\* \S/, name);
    assert.match(page(name), /\*\*Try it\.\*\* \S/, name);
  }
});

test("the delivery of the index is accepted by the server of a page, twice, and applied once", async () => {
  const folder = project("send", { "server.mjs": paste("node", "server.mjs"), "send.mjs": paste("README", "send.mjs") });
  const server = await start({ command: [process.execPath, "server.mjs"], folder });
  try {
    const { stdout, stderr } = await run(folder, ["send.mjs", `${server.url}/webhooks/stripe`]);
    assert.equal(stdout.trim(), "200 200", stderr);
    await heard(server, /applied charge\.succeeded evt_/);
    assert.equal(applied(server, "evt_"), 1);
  } finally {
    await server.stop();
  }
});

test("the call on the page of Lambda does what its comment says", async () => {
  const folder = project("lambda-try", { "index.mjs": paste("lambda", "index.mjs"), "try.mjs": paste("lambda", "try.mjs") });
  const { stdout, stderr } = await run(folder, ["try.mjs"]);
  assert.equal(stdout.trim().split("\n").join(" "), "applied charge.succeeded evt_1 200", stderr);
});

function run(folder, args) {
  const env = { ...process.env, STRIPE_WEBHOOK_SECRET: SECRET };
  return spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
}
