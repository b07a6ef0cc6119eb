// The package as an ES module project has it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
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

test("whatever entry webhooks are imported by, they are the same, in one file and in many", async () => {
  const [root, full] = [await import("tillproof"), await import("tillproof/webhooks/full")];
  assert.equal(root.createVerifier, webhooks.createVerifier);
  assert.equal(root.createInbox, webhooks.createInbox);
  assert.equal(full.createDedup, webhooks.createDedup);
  const split = await import(new URL("webhooks.js", import.meta.resolve("tillproof/webhooks")).href);
  assert.deepEqual(Object.keys(split), Object.keys(webhooks));
  assert.notEqual(split.createVerifier, webhooks.createVerifier);
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

test("a profile of the merchant's own is checked by a file that is loaded by itself", () => {
  const script = `
    const count = () => Object.getOwnPropertySymbols(globalThis).filter((symbol) => String(symbol).endsWith("payments-tables)")).length;
    const { createPayments } = await import("tillproof/payments");
    const { memoryStore } = await import("tillproof/stores/memory");
    const made = (profile) => {
      try {
        createPayments({ provider: { profile, baseUrl: "https://gateway.test", merchantId: "shop" }, store: memoryStore(), secret: "sixteen bytes and more" });
        return [count(), "made"];
      } catch ({ code, message }) {
        return [count(), code, message.includes("\`answers\`")];
      }
    };
    const mine = { name: "mine", key: { header: "X-Request-Id", length: [1, 64] }, window_ms: 0, margin_ms: 0, quarantine_ms: 0, error: { codes: [] }, answers: [] };
    console.log(JSON.stringify([made("stripe"), made(mine)]));
  `;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8", cwd });
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), [[0, "made"], [1, "profile_invalid", true]]);
});

/** Signed by the sender of the specification's examples, whose public key this is. */
const SIGNED = {
  secret: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
  body: '{"test": 2432232314}',
  headers: {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
  },
  now: 1_614_265_330_000,
};
const loaded = () => Object.getOwnPropertySymbols(globalThis).filter((symbol) => /^Symbol\(tillproof\/.*\/webhooks-full\)$/.test(String(symbol)));

test("a scheme with a public key loads its file by itself, and only then, once for both kinds of modules", () => {
  // Every entry of the package was imported above, so this starts from nothing.
  const script = `
    const count = () => Object.getOwnPropertySymbols(globalThis).filter((symbol) => String(symbol).endsWith("webhooks-full)")).length;
    const signed = ${JSON.stringify(SIGNED)};
    const webhooks = await import("tillproof/webhooks");
    const { createRequire } = await import("node:module");
    const commonJs = createRequire(import.meta.url)("tillproof/webhooks");
    webhooks.createVerifier({ scheme: "stripe-v1", secrets: "whsec_a" });
    const before = count();
    const answers = [webhooks, commonJs].map(({ createVerifier }) => {
      const verifier = createVerifier({ scheme: "standard-webhooks-v1a", secrets: signed.secret });
      return [verifier.verify(signed).ok, verifier.verify({ ...signed, body: "{}" }).code];
    });
    console.log(JSON.stringify([before, answers, count()]));
  `;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8", cwd });
  assert.equal(stderr, "");
  const answer = [true, "signature_mismatch"];
  assert.deepEqual(JSON.parse(stdout), [0, [answer, answer], 1]);
});

test("the entry with all schemes verifies like the other and provides its file", async () => {
  const { createVerifier } = await import("tillproof/webhooks/full");
  assert.equal(createVerifier, webhooks.createVerifier);
  assert.equal(createVerifier({ scheme: "standard-webhooks-v1a", secrets: SIGNED.secret }).verify(SIGNED).ok, true);
  assert.equal(loaded().length, 1);
});

test("the package brings no dependency and no install script", () => {
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.scripts, undefined);
  // Importing these is what they are for; everything else may be left out of a bundle.
  const files = ["webhooks/full", "payments/profiles"].flatMap((entry) => [`./dist/${entry}`, `./dist/slim/${entry}`]);
  assert.deepEqual(new Set(manifest.sideEffects.map((file) => file.replace(/\.c?js$/, ""))), new Set(files));
});

const PROGRAM = fileURLToPath(new URL("node_modules/.bin/tillproof", import.meta.url));
const tillproof = (...args) => spawnSync(PROGRAM, args, { encoding: "utf8", env: { ...process.env, SECRET } });

const folder = mkdtempSync(join(tmpdir(), "tillproof-sample-"));
after(() => rmSync(folder, { recursive: true }));

/** Writes a file and gives its path. */
function file(name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("the program prints its version and its help", () => {
  assert.equal(tillproof("--version").stdout, `${manifest.version}\n`);
  const help = tillproof("--help");
  assert.equal(help.status, 0);
  for (const command of ["verify", "reconcile", "simulate", "torture", "demo", "doctor", "completion"]) {
    assert.match(help.stdout, new RegExp(`^  ${command} +\\w`, "m"));
    const own = tillproof("help", command);
    assert.equal(own.status, 0, command);
    assert.match(own.stdout, new RegExp(`^ +tillproof ${command}\\b`, "m"));
  }
});

test("wrong usage is status 2 and one line on standard error", () => {
  for (const args of [["nonsense"], ["verify"], ["verify", "--nonsense"], ["reconcile", "--ledger", "/no/such/file"]]) {
    const { status, stderr, stdout } = tillproof(...args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /^tillproof: .+\n$/);
    assert.equal(stdout, "");
  }
  const nothing = tillproof();
  assert.equal(nothing.status, 2);
  assert.match(nothing.stderr, /^tillproof: .+\n$/);
  assert.equal(nothing.stdout, tillproof("--help").stdout, "who asks for nothing is shown what there is");
});

test("verify answers for a delivery in files, and its status is the answer", () => {
  const { body, headers } = delivery();
  const flags = [
    "verify", "--scheme", "stripe-v1", "--secret-env", "SECRET", "--headers", file("headers.json", JSON.stringify(headers)),
    "--body", file("body.json", body), "--now", String(NOW / 1000), "--json",
  ];
  const genuine = tillproof(...flags);
  assert.equal(genuine.status, 0, genuine.stderr);
  assert.deepEqual(JSON.parse(genuine.stdout), {
    ok: true,
    scheme: "stripe-v1",
    secret_index: 0,
    timestamp: NOW,
    events: [{ id: "evt_1", id_is_signed: true, type: "charge.succeeded", occurred_at: NOW }],
  });
  file("body.json", `${body} `);
  const forged = tillproof(...flags);
  assert.equal(forged.status, 1);
  assert.equal(JSON.parse(forged.stdout).code, "signature_mismatch");
  assert.equal(tillproof(...flags.filter((flag) => flag !== "--json")).stdout.split(":")[0], "not genuine (signature_mismatch)");
});

test("verify reports late deliveries, and a tolerance can be given", () => {
  const { body, headers } = delivery();
  const flags = [
    "verify", "--scheme", "stripe-v1", "--secret", SECRET, "--headers", file("headers.json", JSON.stringify(Object.entries(headers))),
    "--body", file("body.json", body), "--now", String(NOW / 1000 + 900),
  ];
  assert.equal(tillproof(...flags).status, 1);
  assert.equal(tillproof(...flags, "--tolerance", "1000").status, 0);
});

const LEDGER = "reference,id,type,amount_minor,currency,fee_minor,status,occurred_at\n";

test("reconcile answers for files, and its status is the answer", () => {
  const row = "order_1,m1,charge,1000,EUR,59,settled,2026-03-01T10:00:00Z\n";
  const ledger = file("ledger.csv", LEDGER + row);
  const same = file("same.csv", LEDGER + row);
  const other = file("other.csv", LEDGER + row.replace(",1000,", ",750,"));
  const fine = tillproof("reconcile", "--ledger", ledger, "--settlement", same, "--json");
  assert.equal(fine.status, 0, fine.stderr);
  assert.equal(JSON.parse(fine.stdout).summary.matched, 1);
  const broken = tillproof("reconcile", "--ledger", ledger, "--settlement", other, "--json", "--out", join(folder, "out"));
  assert.equal(broken.status, 1, broken.stderr);
  const report = JSON.parse(broken.stdout);
  assert.deepEqual(report.breaks.map(({ kind, difference_minor }) => [kind, difference_minor]), [["amount_mismatch", "-250"]]);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, "out/report.json"), "utf8")), report);
  assert.match(readFileSync(join(folder, "out/report.txt"), "utf8"), /^breaks +1$/m);
});

test("a file reconcile cannot read exactly is status 2 with file and line, and no report", () => {
  const ledger = file("ledger.csv", LEDGER);
  const bad = file("bad.csv", `${LEDGER}order_1,m1,charge,10.5,EUR,59,settled,2026-03-01T10:00:00Z\n`);
  const { status, stderr, stdout } = tillproof("reconcile", "--ledger", ledger, "--settlement", bad, "--json");
  assert.equal(status, 2);
  assert.match(stderr, /^tillproof: .*bad\.csv.*2.*\n$/);
  assert.equal(stdout, "");
});

test("the example of docs/stores.md runs as it stands", () => {
  const page = readFileSync(join(dirname(require.resolve("tillproof/package.json")), "docs/stores.md"), "utf8");
  const [, program] = /```js conformance\.test\.mjs\n(.*?)```/s.exec(page);
  writeFileSync("conformance.test.mjs", program);
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", "conformance.test.mjs"], { encoding: "utf8", env });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ℹ pass \d\d$/m);
});

test("torture lives seeds alike in one thread and in two, and its status is the answer", () => {
  const [alone, together] = ["1", "2"].map((workers) => tillproof("torture", "--seeds", "1..200", "--workers", workers, "--json"));
  assert.deepEqual([alone.status, together.status], [0, 0], together.stderr);
  assert.deepEqual(JSON.parse(together.stdout), JSON.parse(alone.stdout));
  const { version, seeds, intents, charges, doubles, losses, unresolved, failures } = JSON.parse(alone.stdout);
  assert.deepEqual({ version, count: seeds.count, doubles, losses, unresolved, failures }, {
    version: 1, count: 200, doubles: 0, losses: 0, unresolved: 0, failures: [],
  });
  assert.ok(intents >= charges - 5 && charges > 100, `${intents} intents, ${charges} charges`);
});

test("torture names the seed that breaks an invariant, and the command that lives it again", () => {
  const broken = tillproof("torture", "--seeds", "1..300", "--without", "parking");
  assert.equal(broken.status, 1, broken.stderr);
  const [, seed, invariant] = /^seed (\d+) broke (I\d+) after/m.exec(broken.stdout) ?? [];
  const command = `tillproof torture --seed ${seed} --trace --without parking`;
  assert.ok(broken.stdout.includes(`  again: ${command}\n`), broken.stdout);
  const again = tillproof(...command.split(" ").slice(1));
  assert.equal(again.status, 1);
  assert.ok(again.stdout.includes(`seed ${seed} broke ${invariant}`), again.stdout);
});

test("torture refuses what it does not know, in one line", () => {
  for (const args of [["--seeds", "5..1"], ["--seeds", "x"], ["--profile", "paradise"], ["--without", "luck"], ["--crash", "101"], ["--trace"], ["--workers", "0"]]) {
    const { status, stderr, stdout } = tillproof("torture", ...args);
    assert.deepEqual([status, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^tillproof: .+\n$/, args.join(" "));
  }
});
