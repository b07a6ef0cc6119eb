// The package as a CommonJS project has it.
"use strict";

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
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

test("a scheme with a public key loads its file by itself", () => {
  const signed = {
    body: '{"test": 2432232314}',
    headers: {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
    },
    now: 1_614_265_330_000,
  };
  // A process of its own: the entries that were required above have loaded the file already.
  const script = `
    const { createVerifier } = require("tillproof/webhooks");
    const verifier = createVerifier({ scheme: "standard-webhooks-v1a", secrets: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=" });
    const signed = ${JSON.stringify(signed)};
    console.log(verifier.verify(signed).ok, verifier.verify({ ...signed, body: "{}" }).code);
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=commonjs", "--eval", script], { encoding: "utf8", cwd: __dirname });
  assert.deepEqual([stdout, stderr], ["true signature_mismatch\n", ""]);
});

test("whatever entry webhooks are required by, they are the same, and what claims ids is read when it is asked for", () => {
  const { createDedup, createVerifier } = require("tillproof/webhooks");
  assert.equal(require("tillproof").createVerifier, createVerifier);
  const claims = () => Object.keys(require.cache).filter((file) => /[\\/]wasm[\\/]inbox\./.test(file));
  assert.deepEqual(claims(), []);
  const dedup = createDedup({ capacity: 100, ttl: 1000 });
  assert.deepEqual([dedup.claim("evt_1", NOW), dedup.claim("evt_1", NOW)], [true, false]);
  assert.equal(claims().length, 1);
});

test("errors of the entries are of the class the package exports", () => {
  assert.throws(
    () => createVerifier({ scheme: "no-such-scheme", secrets: SECRET }),
    (error) => error instanceof TillproofError && isTillproofError(error),
  );
});
