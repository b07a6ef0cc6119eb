// The package as an ES module project has it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { isTillproofError, TillproofError } from "tillproof";
import { provideWasm } from "tillproof/slim";
import * as slim from "tillproof/slim/webhooks";
import * as webhooks from "tillproof/webhooks";

const require = createRequire(import.meta.url);
const manifest = require("tillproof/package.json");
const NOW = 1_770_000_000_000;
const SECRET = "whsec_test";
const BODY = '{"id":"evt_1","object":"event","type":"charge.succeeded","created":1770000000,"data":{"amount":9007199254740993}}';

function delivery(body = BODY, secret = SECRET) {
  const timestamp = NOW / 1000;
  const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return { body, headers: { "stripe-signature": `t=${timestamp},v1=${signature}` }, now: NOW };
}

for (const name of Object.keys(manifest.exports).filter((name) => !/\.(wasm|json)$/.test(name))) {
  test(`${name} can be imported and exports something`, async () => {
    const entry = await import(`tillproof${name.slice(1)}`);
    assert.ok(Object.keys(entry).length > 0);
  });
}

test("a genuine webhook is verified without any initialisation", () => {
  const verifier = webhooks.createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  const result = verifier.verify(delivery());
  assert.equal(result.ok, true, JSON.stringify(result));
  assert.equal(result.events[0].id, "evt_1");
  assert.equal(result.events[0].payload.data.amount, 9007199254740993n);
});

test("a forged webhook is a value that says no", () => {
  const verifier = webhooks.createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  const result = verifier.verify(delivery(BODY, "another secret"));
  assert.equal(result.ok, false);
  assert.equal(typeof result.code, "string");
});

test("wrong options are a TillproofError, and CommonJS code recognises it", () => {
  let caught;
  try {
    webhooks.createVerifier({ scheme: "no-such-scheme", secrets: SECRET });
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof TillproofError);
  assert.equal(caught.advice, "fix_call");
  const commonJs = require("tillproof");
  assert.ok(isTillproofError(caught) && commonJs.isTillproofError(caught));
  assert.notEqual(commonJs.TillproofError, TillproofError);
});

test("the slim entry runs on the module it was given and not before", () => {
  const create = () => slim.createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  assert.throws(create, { code: "module_not_provided" });
  provideWasm("webhooks", new WebAssembly.Module(readFileSync(require.resolve("tillproof/wasm/webhooks.wasm"))));
  assert.equal(create().verify(delivery()).ok, true);
});

test("the package brings no dependency and no install script", () => {
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.scripts, undefined);
  assert.equal(manifest.sideEffects, false);
});

const PROGRAM = fileURLToPath(new URL("node_modules/.bin/tillproof", import.meta.url));
const tillproof = (...args) => spawnSync(PROGRAM, args, { encoding: "utf8" });

test("the program prints its version and its help", () => {
  assert.equal(tillproof("--version").stdout, `${manifest.version}\n`);
  const help = tillproof("--help");
  assert.equal(help.status, 0);
  for (const command of ["verify", "reconcile"]) assert.match(help.stdout, new RegExp(`^ +tillproof ${command} --`, "m"));
});

test("wrong usage is status 2 and one line on standard error", () => {
  for (const args of [[], ["nonsense"], ["verify"], ["verify", "--nonsense"], ["reconcile", "--ledger", "/no/such/file"]]) {
    const { status, stderr, stdout } = tillproof(...args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /^tillproof: .+\n$/);
    assert.equal(stdout, "");
  }
});
