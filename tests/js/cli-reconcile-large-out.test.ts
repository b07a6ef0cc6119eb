/** `--out` of large files: told by the sieve, which adds up as it reads, and to the byte what all rows, looked at one by one, come to. */

import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { opened, piecesAsRead, type Opened } from "../../pkg/src/cli/reconcile-files.js";
import { written, type Given, type Question } from "../../pkg/src/cli/reconcile-large-out.js";
import type { Original } from "../../pkg/src/cli/reconcile-out.js";
import { documentOf, termsOf } from "../../pkg/src/reconcile/asked.js";
import type { Proof } from "../../pkg/src/reconcile/index.js";
import { packTerms } from "../../pkg/src/reconcile/terms.js";
import { beProgram, tillproofOf, type Ended } from "./cli-program.js";

await beProgram();

const folder = mkdtempSync(join(tmpdir(), "tillproof-large-out-"));
after(() => rmSync(folder, { recursive: true }));

/** Rows enough for the sieve: payments with all that adds up otherwise among them, and of every kind some that disagree. */
function files(rows: number): { readonly ledger: string; readonly settlement: string; readonly bank: string } {
  const ledger = ["reference,type,amount_minor,currency,fee_minor,status,occurred_at,note"];
  const settlement = ["order,type,total,currency,fee_minor,status,occurred_at,payout_id"];
  const bank = ["id,reference,amount_minor,currency,booked_at"];
  for (let row = 0; row < rows; row += 1) {
    const currency = ["EUR", "JPY", "KWD"][row % 3] ?? "";
    const type = row % 17 === 0 ? "refund" : row % 101 === 0 ? "dispute" : row % 211 === 0 ? "adjustment" : "charge";
    const name = row % 97 === 0 ? `"=cmd|${row} <b>, Übergrößé"` : `order_${row}`;
    const amount = type === "adjustment" ? -row - 1 : 1_000 + row;
    const line = (more: number, status: string, last: string): string => `${name},${type},${amount + more},${currency},${row % 29 === 0 ? "" : row % 31 === 0 ? -5 : 30},${status},2026-03-${String((row % 28) + 1).padStart(2, "0")}T10:00:00Z,${last}`;
    if (row % 61 !== 0) ledger.push(line(0, "paid", row % 301 === 0 ? '"two\nlines"' : ""));
    if (row % 53 === 0) continue;
    const payout = `po_${currency}_${row % 20}`;
    settlement.push(line(row % 59 === 0 ? 7 : 0, row % 67 === 0 ? "failed" : "paid", payout));
    if (row % 71 === 0) settlement.push(line(0, "paid", payout));
  }
  for (let payout = 0; payout < 60; payout += 1) {
    const currency = ["EUR", "JPY", "KWD"][payout % 3] ?? "";
    settlement.push(`po_${currency}_${payout % 20},payout,${payout * 1_000},${currency},,paid,2026-04-01T00:00:00Z,po_${currency}_${payout % 20}`);
    bank.push(`b${payout},po_${currency}_${payout % 20},${payout * (payout % 7 === 0 ? 999 : 1_000)},${currency},2026-04-02`);
  }
  return { ledger: `${ledger.join("\n")}\n`, settlement: settlement.join("\r\n"), bank: `${bank.join("\n")}\n` };
}

const { ledger, settlement, bank } = files(12_000);
const of = (name: string): string => join(folder, name);
writeFileSync(of("ledger.csv"), ledger);
writeFileSync(of("settlement.csv"), settlement);
writeFileSync(of("bank.csv"), bank);
writeFileSync(of("mapping.json"), JSON.stringify({ settlement: { reference: "order", amount_minor: "total" } }));
writeFileSync(of("root.json"), JSON.stringify({ root: "a".repeat(64), day: "2026-03-01", to: 4 }));
writeFileSync(of("holidays.txt"), "2026-04-03 # Good Friday\n");

const run = (...more: string[]): Promise<Ended> =>
  tillproofOf(
    import.meta.filename,
    ["reconcile", "--ledger", "ledger.csv", "--settlement", "settlement.csv", "--mapping", "mapping.json", "--as-of", "2026-04-09T00:00:00Z", ...more],
    { cwd: folder, env: { PROOF_KEY: "a secret" } },
  );
const FILES = ["breaks.csv", "proof.json", "report.html", "report.json", "report.txt"];

for (const more of [["--bank", "bank.csv", "--json"], ["--in-flight-business-days", "3", "--holidays", "holidays.txt", "--ledger-root", "root.json"]]) {
  test(`what is left behind with ${more.join(" ")} is the same as where every row is looked at`, async () => {
    const asked = [...more, "--sign-env", "PROOF_KEY"];
    // Matches are told of every row.
    const whole = await run(...asked, "--out", "whole", "--matches", "matches.jsonl");
    const large = await run(...asked, "--out", "large", "--workers", "2");
    assert.deepEqual([large.status, large.err, large.out === whole.out], [1, "", true], whole.err);
    assert.deepEqual(readdirSync(of("large")).sort(), FILES);
    for (const name of FILES.filter((name) => name !== "proof.json")) {
      assert.ok(readFileSync(join(of("large"), name)).equals(readFileSync(join(of("whole"), name))), name);
    }
    const [ours, theirs] = ["large", "whole"].map((name) => (JSON.parse(readFileSync(join(of(name), "proof.json"), "utf8")) as Proof).statement);
    assert.deepEqual(ours, { ...theirs, made_at: ours?.made_at });
    assert.deepEqual(Object.keys(ours?.totals?.settlement ?? {}), ["EUR", "JPY", "KWD"]);
    const checked = await tillproofOf(import.meta.filename, ["reconcile", "--verify-proof", join("large", "proof.json"), "--sign-env", "PROOF_KEY"], { cwd: folder, env: { PROOF_KEY: "a secret" } });
    assert.equal(checked.status, 0, checked.out);
  });
}

/** The run as the command puts it together, with what is done when the ledger is read for the third time: for its digest. */
function asked(onDigest: () => void): [Given, Question] {
  const [ours, theirs] = [opened([of("ledger.csv")]) ?? [], opened([of("settlement.csv")]) ?? []];
  const how = { columns: { settlement: { reference: "order", amount_minor: "total" } } };
  const terms = termsOf(how, []);
  let ends = 0;
  const watched = ours.map((file): Opened => ({
    ...file,
    read(target, offset) {
      const read = file.read(target, offset);
      // Once looked through, once for the rows that stay, and then whole.
      if (offset === 0) ends += 1;
      if (ends === 3) onDigest();
      return read;
    },
  }));
  const sized = (files: readonly Opened[]): { name: string; length: number }[] => files.map(({ name, length }) => ({ name, length }));
  const document = documentOf(how, terms, { ledger: sized(ours), settlement: sized(theirs), bank: [] });
  const question: Question = {
    document,
    terms: packTerms(terms),
    ledger: watched,
    settlement: theirs,
    bank: { data: new Uint8Array(), files: [], columns: undefined },
    places: { ledger: new Map(), settlement: new Map(), bank: new Map() },
    window: {},
    originals: () => watched.map((file): Original => ({ side: "ledger", name: file.name, data: piecesAsRead("ledger", file) })),
    isAsItWas: () => true,
    reading: (read) => read(),
  };
  return [{ out: of("direct"), json: true }, question];
}

test("a file that is written to before its digest is made is refused, and nothing of the run is left", async () => {
  const pieces: Uint8Array[] = [];
  const print = (piece: Uint8Array): number => pieces.push(piece.slice());
  const undisturbed = asked(() => undefined);
  assert.equal(await written(...undisturbed, print), 1);
  const [given] = undisturbed;
  assert.ok(Buffer.concat(pieces).equals(readFileSync(join(given.out, "report.json"))));
  rmSync(given.out, { recursive: true });
  await assert.rejects(() => written(...asked(() => appendFileSync(of("ledger.csv"), "\n")), print), {
    message: `--ledger "${of("ledger.csv")}": somebody has written to it since it was read: run this again`,
  });
  assert.deepEqual(readdirSync(given.out), []);
});

test("where a file cannot get its name, the refusal says so and nothing without a name is left", async () => {
  mkdirSync(join(of("taken"), "report.html"), { recursive: true });
  const { status, err } = await run("--out", "taken");
  assert.equal(status, 2);
  assert.equal(err, `tillproof: --out "${join("taken", "report.html")}": this is a folder\n`);
  assert.deepEqual(readdirSync(of("taken")).filter((name) => name.startsWith(".")), []);
  const none = await run("--out", "ledger.csv/below");
  assert.deepEqual([none.status, none.out, none.err], [2, "", "tillproof: --out \"ledger.csv/below\": a file stands where a folder is needed\n"]);
  const keyless = await run("--out", "keyless", "--sign-env", "NO_SUCH_KEY");
  assert.deepEqual([keyless.status, keyless.out], [2, ""]);
  assert.ok(!readdirSync(folder).includes("keyless"));
});
