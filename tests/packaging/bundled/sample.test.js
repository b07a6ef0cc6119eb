// The package inside of a bundle for Node, where a file that is not imported is not there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { build } from "esbuild";

// Far from the sample, so that nothing is found beside the bundle either.
const folder = mkdtempSync(join(tmpdir(), "tillproof-bundled-"));
after(() => rmSync(folder, { recursive: true }));

const VERIFY = `
  const verifier = createVerifier({ scheme: "standard-webhooks-v1a", secrets: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=" });
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
  };
  console.log(verifier.verify({ body: '{"test": 2432232314}', headers, now: 1_614_265_330_000 }).ok);
`;

/** Bundles a program, runs the bundle, and gives what it printed, what it complained of, and its size. */
async function run(contents, format) {
  const outfile = join(folder, `bundle.${format === "esm" ? "mjs" : "cjs"}`);
  const { warnings } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    platform: "node",
    format,
    outfile,
    logLevel: "silent",
  });
  assert.deepEqual(warnings.map(({ text }) => text), []);
  const { stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: "utf8", cwd: folder });
  return { stdout, stderr, bytes: readFileSync(outfile).length };
}

for (const format of ["esm", "cjs"]) {
  test(`as ${format}, a scheme with a public key names the line to add, and with it verifies`, async () => {
    const without = await run(`import { createVerifier } from "tillproof/webhooks";${VERIFY}`, format);
    assert.match(without.stderr, /scheme_not_loaded/);
    assert.match(without.stderr, /import "tillproof\/webhooks\/full";/);
    assert.equal(without.stdout, "");

    const line = 'import "tillproof/webhooks/full";';
    const added = await run(`import { createVerifier } from "tillproof/webhooks";${line}${VERIFY}`, format);
    assert.deepEqual([added.stdout, added.stderr], ["true\n", ""]);
    assert.ok(added.bytes > without.bytes + 50_000, `${without.bytes} bytes without the line, ${added.bytes} with it`);
  });
}

const MAKE = `
  const profile = { name: "mine", key: { header: "X-Request-Id", length: [1, 64] }, window_ms: 0, margin_ms: 0, quarantine_ms: 0,
    error: { codes: ["code"] }, answers: [{ status: [400, 599], means: "unknown" }] };
  const provider = { profile, baseUrl: "https://gateway.test", merchantId: "shop" };
  console.log(createPayments({ provider, store: memoryStore(), secret: "sixteen bytes and more" }) instanceof Payments);
`;

for (const format of ["esm", "cjs"]) {
  test(`as ${format}, a profile of the merchant's own names the line to add, and with it is checked`, async () => {
    const imports = 'import { createPayments, Payments } from "tillproof/payments"; import { memoryStore } from "tillproof/stores/memory";';
    const without = await run(`${imports}${MAKE}`, format);
    assert.match(without.stderr, /profile_check_not_loaded/);
    assert.match(without.stderr, /import "tillproof\/payments\/profiles";/);
    assert.equal(without.stdout, "");

    const added = await run(`${imports}import "tillproof/payments/profiles";${MAKE}`, format);
    assert.deepEqual([added.stdout, added.stderr], ["true\n", ""]);
    assert.ok(added.bytes > without.bytes + 25_000, `${without.bytes} bytes without the line, ${added.bytes} with it`);
  });
}
