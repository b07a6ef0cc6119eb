import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { verifyProof, type Proof, type Report } from "../../pkg/src/reconcile/index.js";
import { beProgram, tillproofOf, type Ended } from "./cli-program.js";

await beProgram();

const folder = mkdtempSync(join(tmpdir(), "tillproof-out-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const HEADER = "id,reference,amount_minor,currency,occurred_at\n";
writeFileSync(join(folder, "ledger.csv"), `${HEADER}1,order_1,1000,EUR,2026-03-01T00:00:00Z\n2,order_2,2000,EUR,2026-03-01T00:00:00Z\n`);
writeFileSync(join(folder, "settlement.csv"), "payment,order_ref,total,currency,occurred_at\n1,order_1,1000,EUR,2026-03-02T00:00:00Z\n");
writeFileSync(join(folder, "bank.csv"), "id,reference,amount_minor,currency,booked_at\nb1,po_1,1000,EUR,2026-03-03\n");
writeFileSync(join(folder, "mapping.json"), JSON.stringify({ settlement: { reference: "order_ref", id: "payment", amount_minor: "total" } }));
const file = (name: string): string => readFileSync(join(folder, "out", name), "utf8");

const run = (env: Record<string, string> = {}, ...more: string[]): Promise<Ended> =>
  tillproofOf(
    fileURLToPath(import.meta.url),
    ["reconcile", "--ledger", "ledger.csv", "--settlement", "settlement.csv", "--bank", "bank.csv", "--mapping", "mapping.json", "--as-of", "2026-03-20T00:00:00Z", "--out", "out", ...more],
    { cwd: folder, env },
  );

test("--out leaves the report for programs, people, spreadsheets and auditors, and a proof of the files as they lie on the disk", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  const { status, err } = await run({ PROOF_KEY: pem }, "--sign-env", "PROOF_KEY");
  assert.deepEqual([status, err], [1, ""], "no bar where no terminal is");
  assert.deepEqual(readdirSync(join(folder, "out")).sort(), ["breaks.csv", "proof.json", "report.html", "report.json", "report.txt"]);
  const report = JSON.parse(file("report.json")) as Report;
  assert.equal(file("breaks.csv").trimEnd().split("\r\n").length, report.breaks.length + 1);
  assert.match(file("report.html"), /From your books to the settlement, EUR[^]*From the settlement to the bank, EUR/);
  const proof = JSON.parse(file("proof.json")) as Proof;
  const digest = (name: string): string => createHash("sha256").update(readFileSync(join(folder, name))).digest("hex");
  assert.deepEqual(proof.statement.inputs.map(({ side, sha256 }) => [side, sha256]), [
    ["ledger", digest("ledger.csv")], ["settlement", digest("settlement.csv")], ["bank", digest("bank.csv")], ["columns", digest("mapping.json")],
  ]);
  assert.deepEqual(proof.statement.totals?.settlement["EUR"], { rows: 1, gross_minor: "1000", fee_minor: "0", net_minor: "1000" });
  const key = await crypto.subtle.importKey("spki", Uint8Array.from(publicKey.export({ type: "spki", format: "der" })), "Ed25519", true, ["verify"]);
  assert.equal((await verifyProof(proof, { key, report })).valid, true);
});

test("a secret signs too, and what is no key is refused without being shown", async () => {
  assert.equal((await run({ PROOF_KEY: "a secret" }, "--sign-env", "PROOF_KEY")).status, 1);
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("a secret"), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  assert.equal((await verifyProof(JSON.parse(file("proof.json")) as Proof, { key })).valid, true);
  for (const [value, expected] of [["", /the environment has no such variable/], ["-----BEGIN SECRET", /no Ed25519 private key in PEM/]] as const) {
    const { status, err } = await run({ PROOF_KEY: value }, "--sign-env", "PROOF_KEY");
    assert.equal(status, 2);
    assert.match(err, expected);
    assert.ok(!err.includes("SECRET\n") && !err.includes("BEGIN"));
  }
});

test("--verify-proof checks the signature, the files and the root again, and says which of them is another", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = (key: typeof privateKey, type: "pkcs8" | "spki"): string => String(key.export({ type, format: "pem" }));
  const root = (hex: string): string => JSON.stringify({ root: hex.repeat(64), day: "2026-03-01", to: 4 });
  writeFileSync(join(folder, "root.json"), root("a"));
  writeFileSync(join(folder, "other-root.json"), root("b"));
  writeFileSync(join(folder, "rules.json"), JSON.stringify({ rules: "shop", version: 2, tolerances: { EUR: { minor: 1 } } }));
  const made = await run({ PROOF_KEY: pem(privateKey, "pkcs8") }, "--sign-env", "PROOF_KEY", "--ledger-root", "root.json", "--rules", "rules.json");
  assert.deepEqual([made.status, made.err], [1, ""]);
  const { statement } = JSON.parse(file("proof.json")) as Proof;
  assert.deepEqual([statement.rules.name, statement.ledger?.to, statement.inputs.at(-1)?.side], ["shop@2", 4, "rules"]);

  const key = { PROOF_KEY: pem(publicKey, "spki") };
  const all = ["--ledger", "ledger.csv", "--settlement", "settlement.csv", "--bank", "bank.csv", "--mapping", "mapping.json", "--rules", "rules.json", "--ledger-root", "root.json"];
  const check = (env: Record<string, string>, ...more: string[]): Promise<Ended> =>
    tillproofOf(fileURLToPath(import.meta.url), ["reconcile", "--verify-proof", "out/proof.json", "--sign-env", "PROOF_KEY", ...more], { cwd: folder, env });
  const other = generateKeyPairSync("ed25519").publicKey;
  const table: [Record<string, string>, string[], number, RegExp][] = [
    [key, [], 0, /^proven: made at .* by the rules shop@2; matched 1, breaks 1; "out\/report\.json" is its report\n$/],
    [key, all, 0, /^proven: /],
    [key, all.map((name) => (name === "bank.csv" ? "ledger.csv" : name)), 1, /^not proven: ledger\.csv is none of the files that the statement speaks of/],
    [key, all.slice(0, -4), 1, /^not proven: the statement speaks of 5 files, and 4 were given/],
    [key, [...all.slice(0, -1), "other-root.json"], 1, /^not proven: the statement speaks of the root a+, and not of b+/],
    [{ PROOF_KEY: pem(other, "spki") }, all, 1, /^not proven: the signature is not that of this statement by this key/],
    [{ PROOF_KEY: "a secret" }, all, 1, /^not proven: it is signed with Ed25519/],
    [key, all.map((name) => (name === "ledger.csv" ? "gone.csv" : name)), 2, /^tillproof: --ledger gone\.csv: no such file or folder\n$/],
    [key, all.map((name) => (name === "mapping.json" ? "." : name)), 2, /^tillproof: --mapping \.: this is a folder\n$/],
  ];
  for (const [env, more, status, out] of table) {
    const found = await check(env, ...more);
    assert.match(`${found.out}${found.err}`, out, more.join(" "));
    assert.equal(found.status, status);
  }
  const json = await check(key, "--json");
  assert.equal((JSON.parse(json.out) as { valid: boolean }).valid, true);
  const changed = JSON.parse(file("proof.json")) as { statement: { result: { breaks: number } } };
  changed.statement.result.breaks = 0;
  writeFileSync(join(folder, "out", "proof.json"), JSON.stringify(changed));
  assert.equal((await check(key, ...all)).status, 1);
  writeFileSync(join(folder, "out", "proof.json"), "{}");
  const unsigned = await check(key);
  assert.deepEqual([unsigned.status, unsigned.out], [1, "not proven: the statement bears no signature, and proves nothing\n"]);
  writeFileSync(join(folder, "out", "proof.json"), '{"statement":{},"signature":{"algorithm":"Ed25519","value":""}}');
  assert.equal((await check(key)).status, 1);
});

test("--verify-proof holds the report beside the proof against it, and says so where there is none", async () => {
  assert.equal((await run({ PROOF_KEY: "a secret" }, "--sign-env", "PROOF_KEY")).status, 1);
  const check = (path: string, ...more: string[]): Promise<Ended> =>
    tillproofOf(fileURLToPath(import.meta.url), ["reconcile", "--verify-proof", path, "--sign-env", "PROOF_KEY", ...more], { cwd: folder, env: { PROOF_KEY: "a secret" } });
  const report = file("report.json");
  const changed = JSON.stringify({ ...(JSON.parse(report) as Report), breaks: [] });
  // White space says nothing, and neither does the order of members.
  const sorted = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(report) as Report).reverse()));
  for (const [content, status, line] of [
    [sorted, 0, /; "out\/report\.json" is its report\n$/],
    [changed, 1, /^not proven: "out\/report\.json": the report is not the one that the statement speaks of\n$/],
    [report.slice(0, -9), 1, /^not proven: "out\/report\.json": the report is not/],
    ["", 1, /^not proven: "out\/report\.json": /],
  ] as const) {
    writeFileSync(join(folder, "out", "report.json"), content);
    const found = await check(join("out", "proof.json"));
    assert.deepEqual([found.status, found.err], [status, ""]);
    assert.match(found.out, line);
  }
  assert.deepEqual((JSON.parse((await check(join("out", "proof.json"), "--json")).out) as { report: string; code: string }), {
    valid: false, code: "proof_report_differs", message: "the report is not the one that the statement speaks of", report: join("out", "report.json"),
  });
  mkdirSync(join(folder, "alone"));
  writeFileSync(join(folder, "alone", "proof.json"), file("proof.json"));
  assert.match((await check(join("alone", "proof.json"))).out, /^proven: .*; no report\.json lies beside it\n$/);
});

test("--matches writes each match, --rules is refused by its path, and the provider of the format has its window", async () => {
  writeFileSync(join(folder, "bad.json"), JSON.stringify({ rules: "shop", version: 1, in_flight: { days: 999 } }));
  const bad = await run({}, "--rules", "bad.json");
  assert.equal(bad.status, 2);
  assert.match(bad.err, /rules\.in_flight\.days: found 999, expected a whole number from 0 to 366/);
  const { err } = await run({}, "--matches", "matches.jsonl");
  assert.equal(err, "");
  const lines = readFileSync(join(folder, "matches.jsonl"), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as { pass: string; rules: string; reference: string });
  assert.deepEqual(lines.map(({ pass, rules, reference }) => [pass, rules, reference]), [["by_reference@1", "tillproof-default@1", "order_1"]]);
});

test("no file that was read is written over", async () => {
  mkdirSync(join(folder, "inputs"));
  writeFileSync(join(folder, "inputs", "breaks.csv"), readFileSync(join(folder, "ledger.csv")));
  copyFileSync(join(folder, "ledger.csv"), join(folder, "copy.csv"));
  symlinkSync(join(folder, "ledger.csv"), join(folder, "other-name.csv"));
  const table: [string[], string][] = [
    [["reconcile", "--ledger", "ledger.csv", "--settlement", "copy.csv", "--matches", "other-name.csv"], '--matches "other-name.csv"'],
    [["reconcile", "--ledger", join("inputs", "breaks.csv"), "--settlement", "copy.csv", "--out", "inputs"], `--out ${JSON.stringify(join("inputs", "breaks.csv"))}`],
    [["read", "--file", "bank.csv", "--format", "csv", "--out", "bank.csv"], '--out "bank.csv"'],
  ];
  const before = ["ledger.csv", "bank.csv", join("inputs", "breaks.csv")].map((name) => readFileSync(join(folder, name), "utf8"));
  for (const [argv, flag] of table) {
    const { status, out, err } = await tillproofOf(fileURLToPath(import.meta.url), argv, { cwd: folder });
    assert.deepEqual([status, out, err], [2, "", `tillproof: ${flag}: this is a file that was read: give another name\n`]);
  }
  assert.deepEqual(["ledger.csv", "bank.csv", join("inputs", "breaks.csv")].map((name) => readFileSync(join(folder, name), "utf8")), before);
  assert.deepEqual(readdirSync(join(folder, "inputs")), ["breaks.csv"]);
});
