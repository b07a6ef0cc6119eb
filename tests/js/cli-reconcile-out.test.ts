import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
    ["ledger", digest("ledger.csv")], ["settlement", digest("settlement.csv")], ["bank", digest("bank.csv")],
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
