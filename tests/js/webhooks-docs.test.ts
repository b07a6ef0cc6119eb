import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { refusals } from "../../pkg/wasm/refusals.full.js";
import { createVerifier, diagnose, schemes, type SchemeInfo } from "../../pkg/src/webhooks/full.js";
import { signWebhook } from "../../pkg/src/webhooks/sign.js";

/** The code and the table of docs/webhooks.md, with the package built from the sources beside them. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/webhooks-docs");
const SECRET = "whsec_docs";
const BODY = JSON.stringify({ id: "evt_1", object: "event", type: "charge.succeeded", data: { object: { amount: 990 } } });
const page = readFileSync(join(ROOT, "docs/webhooks.md"), "utf8");
const programs = new Map([...page.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]));

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

before(async () => {
  process.env.STRIPE_WEBHOOK_SECRET = SECRET;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, code] of programs) writeFileSync(join(FOLDER, name), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [...programs.keys()].map((name) => join(FOLDER, name)), outdir: join(FOLDER, "built") });
});

const built = (name: string): string => join(FOLDER, "built", name);

/** What a program of the page exports. */
async function exported<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(built(name)).href)) as T;
}

/** Runs what prints, and gives its lines instead. */
async function printed<T>(run: () => T): Promise<{ value: T; lines: string[] }> {
  const lines: string[] = [];
  const { log, warn } = console;
  console.log = console.warn = (...words: unknown[]): void => void lines.push(words.join(" "));
  try {
    return { value: run(), lines };
  } finally {
    Object.assign(console, { log, warn });
  }
}

type Headers = Record<string, string>;

test("docs/webhooks.md: verify.mjs accepts what is genuine, and logs why it refuses", async () => {
  const { accept } = await exported<{ accept(body: string, headers: Headers): number }>("verify.mjs");
  const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: BODY });
  assert.deepEqual(await printed(() => accept(BODY, headers)), { value: 200, lines: ["evt_1 charge.succeeded 990"] });
  const refused = await printed(() => accept(JSON.stringify(JSON.parse(BODY), null, 2), headers));
  assert.equal(refused.value, 400);
  assert.match(refused.lines.join(), /^signature_mismatch \S/);
});

test("docs/webhooks.md: diagnose.mjs names the cause", async () => {
  const { explain } = await exported<{ explain(delivery: object): string }>("diagnose.mjs");
  const pretty = JSON.stringify(JSON.parse(BODY), null, 2);
  const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: pretty });
  assert.match(explain({ body: BODY, headers }), /^body_reserialised \(proven\): \S[^;]*; \S/);
  assert.equal(explain({ body: pretty, headers }), "genuine, or nothing more to tell");
});

test("docs/webhooks.md: a hint is read by name, and is in nothing that copies the refusal", () => {
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: JSON.stringify(JSON.parse(BODY), null, 2) });
  const result = verifier.verify({ body: BODY, headers });
  assert.ok(!result.ok && result.hint !== undefined);
  assert.ok(!("hint" in { ...result }));
  assert.doesNotMatch(JSON.stringify(result), /hint/);
  assert.deepEqual(Object.keys(diagnose(verifier, { body: BODY, headers }) ?? {}).slice(0, 4), [
    "code", "confidence", "sentence", "fix",
  ]);
});

test("docs/webhooks.md: the codes on the page are those of refusals", () => {
  const [, row = ""] = /^\| `code` \| stable: (.*) \|$/m.exec(page) ?? [];
  const named = [...row.matchAll(/`([a-z_]+)`/g)].map(([, code = ""]) => code);
  assert.ok(named.length > 3);
  const codes = [...refusals.map(([code]) => code), "body_not_bytes"];
  assert.deepEqual(named.filter((code) => !codes.includes(code)), []);
});

test("docs/webhooks.md: toleranceSeconds: 0 switches the window off, and strict makes it exact", () => {
  const now = 1_700_000_000_000;
  const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: BODY, timestamp: now - 86_400_000 });
  const accepts = (options: object): boolean =>
    createVerifier({ scheme: "stripe-v1", secrets: SECRET, ...options }).verify({ body: BODY, headers, now }).ok;
  assert.deepEqual([accepts({}), accepts({ toleranceSeconds: 0 }), accepts({ toleranceSeconds: 0, strict: true })], [false, true, false]);
});

test("docs/webhooks.md: secretIndex says which of several secrets signed", () => {
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: ["whsec_next", SECRET] });
  const result = verifier.verify({ body: BODY, headers: signWebhook({ scheme: "stripe-v1", secret: SECRET, body: BODY }) });
  assert.ok(result.ok);
  assert.equal(result.secretIndex, 1);
});

test("docs/webhooks.md: paypal.mjs asks nobody but PayPal for a certificate", async () => {
  type Accept = (body: string, headers: Headers, options: object) => Promise<number>;
  const { accept } = await exported<{ accept: Accept }>("paypal.mjs");
  const options = { webhookId: "WH-1", accessToken: "token", handle: () => assert.fail("nothing was verified") };
  assert.equal(await accept(BODY, { "paypal-cert-url": "https://paypal.example/v1/notifications/certs/c" }, options), 400);
});

test("docs/webhooks.md: plaid.mjs asks for the key that a delivery names, and verifies with it", async () => {
  type Endpoint = (plaid: object, handle: () => void) => (body: string, headers: Headers) => Promise<number>;
  const { plaidEndpoint } = await exported<{ plaidEndpoint: Endpoint }>("plaid.mjs");
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const key = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), alg: "ES256", use: "sig", kid: "key-1" };
  const asked: string[] = [];
  const plaid = {
    webhookVerificationKeyGet: async ({ key_id: keyId }: { key_id: string }) => (asked.push(keyId), { data: { key } }),
  };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(BODY))).toString("hex");
  const claims = { iat: Math.floor(Date.now() / 1_000), request_body_sha256: digest };
  const text = `${part({ alg: "ES256", kid: "key-1", typ: "JWT" })}.${part(claims)}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, Buffer.from(text));
  const headers = { "plaid-verification": `${text}.${Buffer.from(signature).toString("base64url")}` };
  let handled = 0;
  const accept = plaidEndpoint(plaid, () => void (handled += 1));
  assert.equal(await accept(BODY, headers), 200);
  assert.equal(await accept(`${BODY} `, headers), 400);
  assert.deepEqual([handled, asked], [1, ["key-1"]]);
});

test("docs/webhooks.md: signed.test.mjs passes", () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout, status } = spawnSync(process.execPath, ["--test-reporter=tap", built("signed.test.mjs")], { env, encoding: "utf8" });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^# pass 2$/m);
});

const PROVES = { signed_body: "body", signed_fields: "fields", token: "token" };

function row(scheme: SchemeInfo): string {
  const { name, provider, algorithm, strength, eventIdIsSigned, signsTime, toleranceSeconds, signsUrl } = scheme;
  const window = signsTime ? (toleranceSeconds ?? "off") : "none";
  return `| \`${name}\` | ${provider} | ${algorithm} | ${PROVES[strength]}${signsUrl ? ", URL" : ""} | ${eventIdIsSigned ? "yes" : "no"} | ${window} |\n`;
}

test("docs/webhooks.md: the table is that of schemes()", () => {
  const head = "| Scheme | Provider | Algorithm | Proves | Id signed | Window |\n| --- | --- | --- | --- | --- | --- |\n";
  const [, shown = ""] = /<!-- schemes:.*-->\n([^]*)<!-- end -->/.exec(page) ?? [];
  assert.equal(shown.trim(), `${head}${schemes().map(row).join("")}`.trim());
});

test("docs/webhooks.md: no block of code goes without a test", () => {
  assert.deepEqual([...programs.keys()], ["verify.mjs", "diagnose.mjs", "paypal.mjs", "plaid.mjs", "signed.test.mjs"]);
  const nameless = [...page.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, code]) => code);
  assert.deepEqual(nameless, ['import "tillproof/webhooks/full";\n']);
});
