import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import * as parts from "../../pkg/src/shell/webhooks-full-parts.js";
import { provideFullWebhooks } from "../../pkg/src/shell/webhooks-full.js";
import { signWebhook } from "../../pkg/src/testing/index.js";
import { Child, databaseDriver, freePort, json } from "../../pkg/src/cli/demo/processes.js";

/** With this in the environment the file is the program under test: an exit status belongs to a process. */
const CHILD = "TILLPROOF_TEST_CLI";
if (process.env[CHILD] !== undefined) {
  // What the installed program finds beside itself, and this bundle does not.
  provideFullWebhooks(parts);
  await import("../../pkg/src/cli/main.js");
  // The program ends by itself; what goes wrong with its output is told late.
  await new Promise((resolve) => process.once("beforeExit", resolve));
  process.exit();
}

function tillproof(...args: string[]): { status: number | null; out: string; err: string } {
  const env = { ...process.env, [CHILD]: "1", SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
  const program = [fileURLToPath(import.meta.url), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { env, encoding: "utf8", input: "", timeout: 600_000 });
  return { status, out: stdout, err: stderr };
}

const folder = mkdtempSync(join(tmpdir(), "tillproof-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("every command explains itself, in both spellings", () => {
  for (const command of ["verify", "reconcile", "read", "simulate", "torture", "demo", "doctor", "completion"]) {
    const [short, long] = [tillproof(command, "-h"), tillproof(command, "--help")];
    assert.deepEqual(short, long);
    assert.equal(short.status, 0);
    assert.match(short.out, new RegExp(`^tillproof ${command}: .*--help`, "s"));
  }
});

test("wrong usage and unreadable input end with 2 and one line that helps", () => {
  const ledger = file("ledger.csv", "reference,amount_minor,currency\n");
  const settled = file("settled.csv", "reference,amount_minor,currency\n");
  const body = file("body.json", "{}");
  const plan = (text: string): string => file(`plan-${text.length}.json`, text);
  const reconcile = ["reconcile", "--settlement", settled, "--ledger"];
  const verify = ["verify", "--secret-env", "SECRET", "--headers", body, "--body", body, "--scheme"];
  const latin = join(folder, "latin.csv");
  writeFileSync(latin, Buffer.from("Begünstigter;Betrag\n", "latin1"));
  const table: [args: string[], line: RegExp][] = [
    [["x".repeat(200)], /there is no command "x{80}…"/],
    [["simulate", "--port"], /--port has no value$/],
    [["simulate", "--port", "-1"], /--port "-1": expected a whole number in plain digits$/],
    [["simulate", "--port", "--seed", "1"], /--port is followed by what looks like a flag: .* write --port=VALUE$/],
    [["simulate", "--port", "1", "--port", "2"], /--port stands twice: give it once$/],
    [["simulate", "--prot", "1"], /there is no flag --prot: did you mean --port\? expected --port, --seed/],
    [["simulate", "-p", "1"], /there is no flag -p: expected --port/],
    [["simulate", "4010"], /"4010" belongs to no flag/],
    [["simulate", "--", "4010"], /-- is not used here/],
    [["simulate", "--faults", plan("null")], /faults: null is no fault plan: expected none, gentle, hostile, blackout, month-end or an object/],
    [["simulate", "--faults", plan("[ ]")], /faults: a value of type Array is no fault plan/],
    [["simulate", "--faults", plan(JSON.stringify("y".repeat(200)))], /there is no fault preset "y{80}": expected/],
    [["simulate", "--faults", "y".repeat(300)], /--faults y{80}…: the name is too long$/],
    [[...reconcile, ledger, "--json=yes"], /--json takes no value$/],
    [[...reconcile, ledger, "--as-of", "2026-02-30T00:00:00Z"], /--as-of "2026-02-30T00:00:00Z": expected RFC 3339/],
    [[...reconcile, ledger, "--as-of", "2026-02-28T24:00:00Z"], /expected RFC 3339/],
    [[...reconcile, ledger, "--as-of", "2026-02-28T00:00:00+24:00"], /expected RFC 3339/],
    [[...reconcile, "/dev/zero"], /--ledger \/dev\/zero: this is no regular file/],
    [[...reconcile, folder], /--ledger .*: this is a folder$/],
    [[...reconcile, join(folder, "nofile")], /--ledger .*: no such file or folder$/],
    [[...reconcile, join(ledger, "x")], /--ledger .*: a file stands where a folder is needed$/],
    [[...reconcile, "-"], /the file is empty: expected a header row$/],
    [[...reconcile, ledger, "--bank", latin], /latin\.csv, line 1.*utf-8/i],
    [[...reconcile, ledger, "--out", "/dev/null/x"], /--out "\/dev\/null\/x": a file stands where a folder is needed$/],
    [[...reconcile, ledger, "--out", ledger], /--out .*: a file stands where a folder is needed$/],
    [[...reconcile, ledger, "--out", "/proc/nowhere/x"], /--out "\/proc\/nowhere\/x": (?:no such file or folder|nothing can be written there)$/],
    [[...verify, "stripe"], /--scheme "stripe": no such scheme; expected one of .*stripe-v1.*standard-webhooks-v1|--scheme "stripe": .*standard-webhooks-v1.*stripe-v1/],
    [[...verify, "stripe-v1", "--option", "foo=@nofile"], /--option foo nofile: no such file or folder$/],
    [[...verify, "stripe-v1", "--option", "foo"], /--option "foo": expected NAME=VALUE or NAME=@FILE$/],
    [[...verify, "stripe-v1", "--body", body], /--body stands twice/],
    [[...verify, "stripe-v1", "--now", "1700000000000"], /--now "1700000000000": looks like milliseconds: expected seconds since 1970, as date \+%s prints$/],
    [[...verify, "paypal-rsa-crc32"], /needs the option `certificatePem` beside the secret$/],
    [["verify", "--headers", body, "--body", body, "--scheme", "stripe-v1"], /a secret is missing: give --secret S or --secret-env NAME$/],
    [[...verify, "stripe-v1", "--now", "-5"], /--now "-5": expected a whole number/],
  ];
  for (const [args, line] of table) {
    const { status, out, err } = tillproof(...args);
    assert.deepEqual([status, out], [2, ""], `${args.join(" ")}: ${err}`);
    assert.match(err, /^tillproof: [^\n]+\n$/, args.join(" "));
    assert.match(err.trimEnd(), line, args.join(" "));
    assert.doesNotMatch(err, /whsec_/);
  }
});

test("a flag that may stand several times does, and a value may begin with a dash when it is joined", () => {
  const [ledger, settled] = ["books.csv", "settled.csv"].map((name) => file(name, "reference,amount_minor,currency\na,100,EUR\n")) as [string, string];
  const both = tillproof("reconcile", "--ledger", ledger, "--settlement", settled, "--settlement", settled, "--json");
  assert.equal(both.status, 1);
  assert.match(both.out, /"settlement": 2/);
  // As a shell writes several files.
  const listed = tillproof("reconcile", "--settlement", settled, settled, "--ledger", ledger, "--json");
  assert.equal(listed.out, both.out);
  const dash = tillproof("reconcile", `--ledger=${ledger}`, "--settlement", settled, `--out=${join(folder, "-out")}`, "--as-of", "2024-02-29T23:59:59+05:30");
  assert.deepEqual([dash.status, dash.err], [0, ""]);
});

test("reconcile takes the bank, a mapping and a file of holidays", () => {
  const ledger = file("mirror.csv", "reference,amount_minor,currency,occurred_at\na,100,EUR,2026-03-06T00:00:00Z\nb,5,EUR,2026-03-10T00:00:00Z\n");
  const settlement = file("named.csv", "Order,amount_minor,currency\nb,5,EUR\n");
  const bank = file("bank.csv", "id,reference,amount,currency,booked_at\nb1,,1.00,EUR,2026-03-07\n");
  const mapping = file("mapping.json", JSON.stringify({ settlement: { reference: "Order" } }));
  const holidays = file("holidays.txt", "# moved\n2026-03-09\n");
  const base = ["reconcile", "--ledger", ledger, "--settlement", settlement, "--mapping", mapping, "--json"];
  const kinds = (...args: string[]): string[] => {
    const { out, err } = tillproof(...base, ...args);
    assert.equal(err, "");
    return (JSON.parse(out) as { breaks: { kind: string }[] }).breaks.map(({ kind }) => kind);
  };
  assert.deepEqual(kinds("--bank", bank), ["missing_in_settlement"]);
  assert.deepEqual(kinds("--in-flight-business-days", "2"), []);
  assert.deepEqual(kinds("--in-flight-business-days", "1"), ["missing_in_settlement"]);
  assert.deepEqual(kinds("--in-flight-business-days", "1", "--holidays", holidays), []);
  const wrong: [string[], RegExp][] = [
    [["--holidays", holidays], /--holidays goes with --in-flight-business-days/],
    [["--in-flight-days", "1", "--in-flight-business-days", "1"], /give one of the two/],
    [["--in-flight-business-days", "1", "--holidays", ledger], /line 1: expected a day such as 2026-12-25/],
    [["--bank", bank, "--bank-format", "camt"], /--bank-format "camt": expected one of csv, camt\.053, /],
    [["--ledger-format", "books"], /--ledger-format "books": expected one of csv, /],
  ];
  for (const [args, expected] of wrong) assert.match(tillproof(...base, ...args).err, expected);
  for (const [text, expected] of [["[", /this is no JSON/], ["7", /expected an object/], ['{"bank":1}', /a name for each column/], ['{"bank":{},"x":{}}', /"x" is no side/]] as const) {
    const args = ["reconcile", "--ledger", ledger, "--settlement", settlement, "--mapping", file("wrong.json", text)];
    assert.match(tillproof(...args).err, expected);
  }
});

test("a reader that stops reading is no failure", async () => {
  const books = file("many.csv", `reference,amount_minor,currency\n${Array.from({ length: 5_000 }, (_, row) => `o${row},1,EUR\n`).join("")}`);
  const none = file("none.csv", "reference,amount_minor,currency\n");
  const program = [fileURLToPath(import.meta.url), "reconcile", "--ledger", none, "--settlement", books, "--json"];
  const child = spawn(process.execPath, program, { env: { ...process.env, [CHILD]: "1" }, stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (chunk) => (complaint += String(chunk)));
  child.stdout.once("data", () => child.stdout.destroy());
  const status = await new Promise((resolve) => child.once("close", resolve));
  assert.deepEqual([status, complaint], [1, ""]);
});

test("an exchange that fails says which and why", async () => {
  const port = await freePort();
  await assert.rejects(json("GET", `http://127.0.0.1:${port}/health`), (error: Error) => {
    return error.constructor === Error && /^GET http:\/\/127\.0\.0\.1:\d+\/health: .*ECONNREFUSED/.test(error.message);
  });
});

test("the database driver is the one this Node has, or the one the merchant's program can reach", () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const own = major > 22 || (major === 22 && minor >= 13) ? "node:sqlite" : undefined;
  const program = file("merchant.mjs", "");
  assert.equal(databaseDriver(program), own);
  mkdirSync(join(folder, "node_modules/node-sqlite3-wasm"), { recursive: true });
  file("node_modules/node-sqlite3-wasm/index.js", "");
  assert.equal(databaseDriver(program), own ?? "node-sqlite3-wasm");
});

test("a process that ends before it is ready says why in one line", async () => {
  const table: [program: string, line: RegExp][] = [
    ["throw new TypeError('no database\\nat all')", /^the shop ended before it was ready: TypeError: no database$/],
    ["console.error('\\n  out of milk\\n'); process.exit(3)", /^the shop ended before it was ready: out of milk$/],
    ["process.exit(0)", /^the shop ended before it was ready: no message$/],
  ];
  for (const [program, line] of table) {
    const shop = new Child("shop", ["--eval", program], {});
    await assert.rejects(shop.ready(/ready/), (error: Error) => error.constructor === Error && line.test(error.message), program);
  }
});

test("verify explains a refusal: what happened, and what to do", () => {
  const event = JSON.stringify({ id: "evt_1", type: "charge.succeeded", livemode: false }, null, 2);
  const secret = "whsec_test";
  const now = 1_700_000_000;
  const signed = signWebhook({ scheme: "stripe-v1", secret, body: event, timestamp: now * 1000 });
  const compact = JSON.stringify(JSON.parse(event));
  const args = (body: string, headers: object, secretGiven: string, ...rest: string[]): string[] => [
    ...["verify", "--scheme", "stripe-v1", "--secret", secretGiven],
    ...["--headers", file("headers.json", JSON.stringify(headers)), "--body", file("event.json", body)],
    ...(rest.includes("--now") ? rest : ["--now", String(now), ...rest]),
  ];
  // body, headers, secret, further flags, what is printed
  const table: [body: string, headers: object, secret: string, rest: string[], expected: RegExp][] = [
    [compact, signed, secret, [], /^cause \(body_reserialised, proven\): .* indented by two spaces\nfix: give this route the body as bytes/m],
    [`${event}\n`, signed, secret, [], /^cause \(body_whitespace, proven\): the signature holds without the line feed at the end/m],
    [Buffer.from(event).toString("base64"), signed, secret, [], /^cause \(body_not_decoded, proven\): /m],
    ["", signed, secret, [], /^cause \(body_empty, likely\): /m],
    [event, signed, '"whsec_test"', [], /^cause \(bad_secret, proven\): .* without the quotes around it/m],
    [event, signed, "sk_live_1", [], /^cause \(wrong_secret_kind, likely\): the secret at `secrets\[0\]` looks like an API key of Stripe/m],
    [event, signed, "whsec_other", [], /^cause \(wrong_secret, likely\): .* from test mode\nfix: use the signing secret of the test mode endpoint; events forwarded by `stripe listen`/m],
    [event, signed, secret, ["--now", String(now + 400)], /^cause \(timestamp_too_old, proven\): .* signed 400 s before the time of this host/m],
    [event, signed, secret, ["--now", String(now + 3600)], /^cause \(clock_time_zone, likely\): .* signed 1 h almost exactly \(3600 s\) before .* it came late .* or a local time was taken for UTC/m],
    [event, {}, secret, [], /^cause \(missing_header, proven\): the delivery has no headers at all/m],
    [event, { via: "1.1 proxy" }, secret, [], /^cause \(missing_header, likely\): .* came through a proxy \(`via` is there\)/m],
    [event, { HTTP_STRIPE_SIGNATURE: signed["stripe-signature"] }, secret, [], /^cause \(header_renamed, proven\): /m],
    [event, { "paddle-signature": "ts=1;h1=00" }, secret, [], /^cause \(other_provider, likely\): .* `paddle-signature` of Paddle/m],
  ];
  for (const [body, headers, given, rest, expected] of table) {
    const { status, out, err } = tillproof(...args(body, headers, given, ...rest));
    assert.deepEqual([status, err], [1, ""], out);
    assert.match(out, /^not genuine \([a-z_]+\): .*\n/);
    assert.match(out, expected);
    assert.doesNotMatch(out, /whsec_test|evt_1/);
  }
  const genuine = tillproof(...args(event, signed, secret));
  assert.deepEqual(genuine, { status: 0, out: "genuine: stripe-v1, secret 0\n  evt_1  charge.succeeded\n", err: "" });

  const told = tillproof(...args(compact, signed, secret, "--json"));
  assert.equal(told.status, 1);
  const document = JSON.parse(told.out) as { ok: boolean; code: string; hint: string; diagnosis: { code: string; confidence: string } };
  assert.deepEqual(Object.keys(document), ["ok", "code", "message", "hint", "diagnosis"]);
  assert.deepEqual([document.ok, document.code], [false, "signature_mismatch"]);
  assert.deepEqual([document.diagnosis.code, document.diagnosis.confidence], ["body_reserialised", "proven"]);

  // No verifier can be made of such a secret; the delivery shows what it should have been.
  const standard = signWebhook({ scheme: "standard-webhooks-v1", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body: event, timestamp: now * 1000, id: "msg_1" });
  const unusable = args(event, standard, "'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'").map((arg) => (arg === "stripe-v1" ? "standard-webhooks-v1" : arg));
  const refused = tillproof(...unusable);
  assert.deepEqual([refused.status, refused.out], [2, ""]);
  assert.match(refused.err, /^tillproof: the secret at `secrets\[0\]` is not written as it was issued: the signature holds without the quotes around it; copy the secret again/);
  assert.doesNotMatch(refused.err, /MfKQ9/);

  // Nor can one be made here, but the answer is known: genuine, by another scheme.
  const plain = "whsec_no-base64";
  const byStripe = signWebhook({ scheme: "stripe-v1", secret: plain, body: event, timestamp: now * 1000 });
  const asStandard = (...rest: string[]): string[] =>
    args(event, byStripe, plain, ...rest).map((arg) => (arg === "stripe-v1" ? "standard-webhooks-v1" : arg));
  const other = tillproof(...asStandard("--json"));
  assert.deepEqual([other.status, other.err], [1, ""]);
  const answer = JSON.parse(other.out) as { ok: boolean; code: string; diagnosis: { code: string; details: { found: string } } };
  assert.deepEqual([answer.ok, answer.code, answer.diagnosis.code, answer.diagnosis.details.found], [false, "bad_secret", "wrong_scheme", "stripe-v1"]);
  const words = tillproof(...asStandard());
  assert.deepEqual([words.status, words.err], [1, ""]);
  assert.match(words.out, /^not genuine \(bad_secret\): .*\ncause \(wrong_scheme, proven\): the delivery is genuine as stripe-v1/);

  const sized = tillproof(...args(event, signed, secret, "--option", "strict=yes"));
  assert.deepEqual([sized.status, sized.err], [2, "tillproof: --option strict: expected true or false\n"]);
});

test("verify refuses what it would have to guess: a field that is a flag, an option twice", () => {
  const start = ["verify", "--scheme", "stripe-v1", "--secret", "whsec_test"];
  const files = ["--headers", file("headers.json", "{}"), "--body", file("event.json", "{}")];
  const table: [string[], RegExp][] = [
    [[...start, ...files, "--option", "scheme=gocardless"], /^tillproof: --option scheme: this is a flag of its own: give --scheme\n$/],
    [[...start, ...files, "--option", "secrets=x"], /^tillproof: --option secrets: this is a flag of its own: give --secret\n$/],
    [[...start, ...files, "--option", "tolerance-seconds=5"], /^tillproof: --option tolerance-seconds: .* give --tolerance\n$/],
    [[...start, ...files, "--option", "strict=true", "--option", "strict=false"], /^tillproof: --option strict stands twice: give it once\n$/],
    [[...start, ...files, "--option", "publicKeyId=a", "--option", "public-key-id=b"], /^tillproof: --option public-key-id stands twice/],
  ];
  for (const [args, message] of table) {
    const { status, out, err } = tillproof(...args);
    assert.deepEqual([status, out], [2, ""], args.join(" "));
    assert.match(err, message);
  }
});

test("verify prints a genuine event on one line, whatever its sender wrote into its type", () => {
  const body = JSON.stringify({ id: "evt_1", type: "a\u001b[2J\n  evt_2  charge.succeeded\u009b" });
  const now = 1_700_000_000;
  const headers = signWebhook({ scheme: "stripe-v1", secret: "whsec_test", body, timestamp: now * 1000 });
  const { status, out } = tillproof(
    ...["verify", "--scheme", "stripe-v1", "--secret", "whsec_test", "--now", String(now)],
    ...["--headers", file("headers.json", JSON.stringify(headers)), "--body", file("event.json", body)],
  );
  assert.deepEqual([status, out], [0, "genuine: stripe-v1, secret 0\n  evt_1  a\\u001b[2J\\u000a  evt_2  charge.succeeded\\u009b\n"]);
});
