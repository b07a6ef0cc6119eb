import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { webhook } from "../../pkg/src/adapters/node.js";
import { freePort } from "../../pkg/src/cli/demo/processes.js";
import { judgeClock } from "../../pkg/src/cli/doctor/clock.js";
import { checkEndpoint } from "../../pkg/src/cli/doctor/endpoint.js";
import type { Finding } from "../../pkg/src/cli/doctor/finding.js";
import { checkSecrets, type NamedSecret } from "../../pkg/src/cli/doctor/secrets.js";
import { sqliteStore } from "../../pkg/src/stores/sqlite.js";
import { createVerifier, type VerifiedEvent } from "../../pkg/src/webhooks/index.js";
import { beProgram, type Ended, tillproofOf } from "./cli-program.js";

await beProgram();

const PKG = join(process.cwd(), "pkg");
const folder = mkdtempSync(join(tmpdir(), "tillproof-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const doctor = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  // From a folder that has a driver of SQLite, as a merchant's has.
  tillproofOf(fileURLToPath(import.meta.url), ["doctor", ...args], { env, cwd: PKG });

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`;
}

const SCHEME = "stripe-v1";
const SECRET = "whsec_kept-by-the-merchant";
const verifier = createVerifier({ scheme: SCHEME, secrets: SECRET });

const told = (findings: readonly Finding[]): string[] => findings.map(({ check, standing }) => `${check}: ${standing}`);

async function bodyOf(request: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test("an endpoint of an adapter passes, and its handler sees one event of an unknown type", async () => {
  const seen: VerifiedEvent[] = [];
  const url = new URL(await served(webhook({ verifier, handler: (event) => void seen.push(event), onRefused: () => undefined })));
  const findings = await checkEndpoint({ url, scheme: SCHEME, secret: SECRET });
  assert.deepEqual(told(findings), ["endpoint: fine", "endpoint: unsigned: fine", "endpoint: raw body: fine", "endpoint: changed body: fine"]);
  assert.deepEqual(seen.map(({ type }) => type), ["tillproof.probe"]);
});

test("each way to get an endpoint wrong is told with what to do", async () => {
  const answer = (status: number, headers: Record<string, string> = {}): RequestListener => (_, response) => response.writeHead(status, headers).end();
  /** As an endpoint that verifies what a parser made of the body. */
  const parsed: RequestListener = async (request, response) => {
    const text = (await bodyOf(request)).toString();
    const { ok } = verifier.verify({ headers: request.headers, body: JSON.stringify(JSON.parse(text)) });
    response.writeHead(ok ? 200 : 400).end();
  };
  /** Looks whether there is a signature, and not whether it holds. */
  const credulous: RequestListener = async (request, response) => {
    await bodyOf(request);
    response.writeHead(request.headers["stripe-signature"] === undefined ? 400 : 200).end();
  };
  /** Verifies, and then throws at what it does not know. */
  const strict: RequestListener = async (request, response) => {
    const { ok } = verifier.verify({ headers: request.headers, body: await bodyOf(request) });
    response.writeHead(ok ? 500 : 400).end();
  };
  const other = webhook({
    verifier: createVerifier({ scheme: SCHEME, secrets: "whsec_of-another-endpoint" }),
    handler: () => undefined,
    onRefused: () => undefined,
    expose: "code",
  });
  const table: [name: string, listener: RequestListener, last: string, found: RegExp, fix: RegExp][] = [
    ["no route", answer(404), "endpoint: broken", /answers 404: there is no such route/, /mend the path/],
    ["no POST", answer(405), "endpoint: broken", /takes no POST/, /mount the route for POST/],
    ["a redirect", answer(308, { location: "https://www.shop.example/webhooks" }), "endpoint: broken", /leads to www\.shop\.example$/, /final URL/],
    ["an error", answer(500), "endpoint: broken", /answers 500/, /log of the server/],
    ["a parser", parsed, "endpoint: raw body: broken", /written by JSON\.stringify passes: the body is parsed/, /docs\/frameworks/],
    ["no check", credulous, "endpoint: changed body: broken", /changed after signing is answered 200: signatures are not checked/, /verify every delivery/],
    ["a strict handler", strict, "endpoint: raw body: broken", /signed probe is answered 500/, /unknown type of event/],
    ["another secret", other, "endpoint: raw body: broken", /answered 400 \(signature_mismatch\), however it is written/, /compare the secret/],
  ];
  for (const [name, listener, last, found, fix] of table) {
    const findings = await checkEndpoint({ url: new URL(await served(listener)), scheme: SCHEME, secret: SECRET });
    assert.equal(told(findings).at(-1), last, name);
    assert.match(findings.at(-1)?.found ?? "", found, name);
    assert.match(findings.at(-1)?.fix ?? "", fix, name);
    assert.doesNotMatch(JSON.stringify(findings), /kept-by-the-merchant/, name);
  }
});

test("an endpoint that takes everything is told so at the first delivery", async () => {
  const url = new URL(await served((_, response) => response.end()));
  const findings = await checkEndpoint({ url });
  assert.deepEqual(told(findings), ["endpoint: fine", "endpoint: unsigned: broken", "endpoint: raw body: skipped"]);
});

test("a clock is judged by the middle of the exchange", () => {
  const sentAt = Date.UTC(2026, 10, 22, 12, 0, 0);
  const table: [headers: Record<string, string>, standing: string, found: RegExp][] = [
    [{ date: "Sun, 22 Nov 2026 12:00:00 GMT" }, "fine", /agrees with api\.example to within 3 s/],
    [{ date: "Sun, 22 Nov 2026 11:59:40 GMT" }, "doubtful", /20 s ahead of api\.example/],
    [{ date: "Sun, 22 Nov 2026 12:07:00 GMT" }, "broken", /7 min behind api\.example/],
    [{ date: "Sun, 22 Nov 2026 10:00:00 GMT" }, "broken", /2 h ahead of api\.example/],
    [{ date: "Sun, 22 Nov 2026 10:00:00 GMT", age: "7200" }, "doubtful", /comes from a cache/],
    [{ date: "yesterday" }, "doubtful", /says no time/],
    [{}, "doubtful", /says no time/],
  ];
  for (const [headers, standing, found] of table) {
    const finding = judgeClock("api.example", { headers: new Headers(headers), sentAt, answeredAt: sentAt + 200 });
    assert.equal(finding.standing, standing, JSON.stringify(headers));
    assert.match(finding.found, found);
    assert.equal(finding.fix === null, standing === "fine");
  }
});

test("secrets are known by their shape, and never shown", () => {
  const one = (role: NamedSecret["role"], value: string, scheme?: string): Finding | undefined =>
    checkSecrets([{ role, variable: "S" }], scheme, { S: value, NODE_ENV: "test" })[0];
  const table: [role: NamedSecret["role"], value: string, scheme: string | undefined, standing: string, found: RegExp][] = [
    ["webhook", "whsec_Zm9vYmFyYmF6cXV4Zm9vYmFy", "standard-webhooks-v1", "fine", /a verifier of standard-webhooks-v1 takes it/],
    ["webhook", "whsec_&&&&&", "standard-webhooks-v1", "broken", /./],
    ["webhook", "whsec_anything", undefined, "fine", /a webhook signing secret \(whsec_…\)/],
    ["webhook", "sk_test_anything", SCHEME, "broken", /a secret key of test mode \(sk_test_…\), where a webhook secret belongs/],
    ["webhook", "whsec_anything\n", SCHEME, "broken", /a line feed at its beginning or end/],
    ["webhook", '"whsec_anything"', SCHEME, "broken", /stands in quotes/],
    ["webhook", "whsec_...", SCHEME, "broken", /a placeholder/],
    ["webhook", "", SCHEME, "broken", /no such variable/],
    ["api_key", "sk_test_anything", undefined, "fine", /a secret key of test mode/],
    ["api_key", "pk_test_anything", undefined, "broken", /a publishable key of test mode \(pk_test_…\), where an API key belongs/],
    ["api_key", "whsec_anything", undefined, "broken", /where an API key belongs/],
    ["key_secret", "0123456789abcdef", undefined, "fine", /16 bytes/],
    ["key_secret", "short", undefined, "broken", /5 bytes, at least 16 are needed/],
    ["key_secret", "aaaaaaaaaaaaaaaaaaaaaa", undefined, "broken", /not random/],
    ["key_secret", "whsec_0123456789abcdef", undefined, "broken", /where the secret that idempotency keys are made from belongs/],
  ];
  for (const [role, value, scheme, standing, found] of table) {
    const finding = one(role, value, scheme);
    assert.equal(finding?.standing, standing, `${role} ${value}`);
    assert.match(finding?.found ?? "", found, `${role} ${value}`);
    assert.doesNotMatch(JSON.stringify(finding), /anything/);
  }
});

test("secrets that do not belong together are found", () => {
  const together = (env: Record<string, string>): string[] => {
    const roles = { HOOK: "webhook", KEY: "api_key", PAGE: "api_key", OWN: "key_secret" } as const;
    const named = Object.entries(roles).flatMap(([variable, role]) => (env[variable] === undefined ? [] : [{ variable, role }]));
    return checkSecrets(named, undefined, env).filter(({ check }) => check === "secrets together").map(({ standing, found }) => `${standing}: ${found}`);
  };
  const table: [env: Record<string, string>, found: RegExp | undefined][] = [
    [{ KEY: "sk_live_1", PAGE: "rk_test_1", NODE_ENV: "production" }, /^broken: KEY of live mode and PAGE of test mode$/],
    [{ KEY: "sk_test_1", NODE_ENV: "production" }, /^broken: KEY of test mode, and NODE_ENV is production$/],
    [{ KEY: "sk_live_1" }, /^doubtful: KEY of live mode, and NODE_ENV is not production$/],
    [{ KEY: "sk_test_1" }, /^fine: all keys that say so are of test mode$/],
    [{ HOOK: "one-for-all-of-them", OWN: "one-for-all-of-them" }, /^broken: HOOK and OWN are the same$/],
    [{ HOOK: "whsec_1" }, undefined],
  ];
  for (const [env, found] of table) {
    const [first = "", ...rest] = together(env);
    assert.deepEqual(rest, []);
    if (found === undefined) assert.equal(first, "");
    else assert.match(first, found);
  }
});

test("a whole setup is reported in words and as one document, with the status that belongs to it", async () => {
  const endpoint = await served(webhook({ verifier, handler: () => undefined, onRefused: () => undefined }));
  const file = join(folder, "shop.db");
  const { Database } = createRequire(join(PKG, "package.json"))("node-sqlite3-wasm") as {
    Database: new (file: string) => Parameters<typeof sqliteStore>[0] & { close(): void };
  };
  const args = ["--endpoint", endpoint, "--scheme", SCHEME, "--secret-env", "HOOK", "--key-secret-env", "OWN", "--store", `sqlite:${file}`, "--provider-url", new URL("/", endpoint).href];
  const env = { HOOK: SECRET, OWN: "0123456789abcdef", NODE_ENV: "test", NO_PROXY: "*" };

  const before = await doctor(args, env);
  assert.equal(before.status, 1, before.err);
  assert.match(before.out, /^FIX {2}store +there is no such SQLite file\n +fix: mend the path/m);

  new Database(file).close();
  const empty = await doctor(args, env);
  assert.match(empty.out, /^FIX {2}store +SQLite answers, and has no table tillproof_records\n +fix: open it once/m);

  const database = new Database(file);
  database.exec("PRAGMA journal_mode = DELETE");
  sqliteStore(database);
  database.close();
  const words = await doctor(args, env);
  assert.deepEqual([words.status, words.err], [0, ""], words.out);
  assert.match(words.out, /^ok {3}store +SQLite answers, and tillproof_records is of this version$/m);
  assert.match(words.out, /^ok {3}clock +this clock agrees with 127\.0\.0\.1:\d+ to within 3 s$/m);
  assert.match(words.out, /^ok {3}endpoint: raw body +a signed probe with unusual spaces/m);
  assert.match(words.out, /^10 fine, 1 to look at, 0 to fix, 0 not asked for$/m);
  assert.doesNotMatch(words.out, /\u001b|kept-by-the-merchant|0123456789abcdef/);

  const document = await doctor([...args, "--json"], env);
  const report = JSON.parse(document.out) as { version: number; ok: boolean; checks: { check: string; status: string; found: string; fix: string | null }[] };
  assert.deepEqual([document.status, report.version, report.ok], [0, 1, true]);
  assert.deepEqual(Object.keys(report.checks[0] ?? {}), ["check", "status", "found", "fix"]);
});

test("what cannot be reached is told, and a password is not", async () => {
  const port = await freePort();
  const gone = `http://127.0.0.1:${port}/`;
  const found = await doctor(["--provider-url", gone, "--endpoint", gone, "--store", `redis://user:geheim@127.0.0.1:${port}`]);
  assert.equal(found.status, 1);
  assert.match(found.out, new RegExp(`^FIX {2}provider +nothing listens at 127\\.0\\.0\\.1:${port}\\n +fix: start the server`, "m"));
  assert.match(found.out, /^FIX {2}endpoint /m);
  assert.match(found.out, /^FIX {2}store +no driver of Redis is installed in this folder$/m);
  assert.doesNotMatch(found.out, /geheim/);
});

test("nothing named is nothing broken: every check says how to ask for it", async () => {
  const { status, out } = await doctor([]);
  assert.equal(status, 0);
  assert.match(out, /^ok {3}runtime +Node .*; the module runs and knows \d+ schemes$/m);
  for (const check of ["clock", "secrets", "store", "endpoint", "provider"]) assert.match(out, new RegExp(`^- {4}${check} .*\\n +add --`, "m"));
});

test("wrong usage ends with 2 and one line that shows no address", async () => {
  const table: [args: string[], line: RegExp][] = [
    [["--endpoint", "shop.example/key"], /^tillproof: --endpoint: expected a URL that begins with https:\/\/ or http:\/\/\n$/],
    [["--scheme", "stripe"], /^tillproof: --scheme "stripe": no such scheme; did you mean stripe-v1\? expected .*stripe-v1/],
    [["--store", "mysql://u:geheim@h"], /^tillproof: --store: expected sqlite:FILE, postgres:\/\/… or redis:\/\/…\n$/],
    [["--store-env", "NOBODY_HAS_IT"], /^tillproof: --store-env "NOBODY_HAS_IT": the environment has no such variable/],
    [["--store-env", "PATH", "--store", "sqlite:x"], /^tillproof: --store and --store-env: give one of them\n$/],
  ];
  for (const [args, line] of table) {
    const { status, out, err } = await doctor(args);
    assert.deepEqual([status, out], [2, ""], args.join(" "));
    assert.match(err, line);
  }
});
