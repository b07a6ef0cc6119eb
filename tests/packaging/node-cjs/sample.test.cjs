// The package as a CommonJS project has it.
"use strict";

const assert = require("node:assert/strict");
const { createHmac } = require("node:crypto");
const { test } = require("node:test");

const { isTillproofError, TillproofError } = require("tillproof");
const manifest = require("tillproof/package.json");
const { createVerifier } = require("tillproof/webhooks");

const NOW = 1_770_000_000_000;
const SECRET = "whsec_test";
const BODY = '{"id":"evt_1","object":"event","type":"charge.succeeded","created":1770000000}';

for (const name of Object.keys(manifest.exports).filter((name) => !/\.(wasm|json)$/.test(name))) {
  test(`${name} can be required and exports something`, () => {
    assert.ok(Object.keys(require(`tillproof${name.slice(1)}`)).length > 0);
  });
}

test("a webhook is verified, and a changed one is not", () => {
  const signature = createHmac("sha256", SECRET).update(`${NOW / 1000}.${BODY}`).digest("hex");
  const headers = { "Stripe-Signature": `t=${NOW / 1000},v1=${signature}` };
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: [SECRET] });
  assert.equal(verifier.verify({ body: Buffer.from(BODY), headers, now: NOW }).ok, true);
  assert.equal(verifier.verify({ body: Buffer.from(`${BODY} `), headers, now: NOW }).ok, false);
});

test("errors of the entries are of the class the package exports", () => {
  assert.throws(
    () => createVerifier({ scheme: "no-such-scheme", secrets: SECRET }),
    (error) => error instanceof TillproofError && isTillproofError(error),
  );
});
