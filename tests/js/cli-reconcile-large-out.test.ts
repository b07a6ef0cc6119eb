/** `--out` of large files: told by the sieve, which adds up as it reads, and to the byte what all rows, looked at one by one, come to. */

import assert from "node:assert/strict";
import { appendFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { opened, piecesAsRead, type Opened } from "../../pkg/src/cli/reconcile-files.js";
import { toldToFiles, type Given, type Question } from "../../pkg/src/cli/reconcile-large-out.js";
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
    isUnchanged: () => true,
    reading: (read) => read(),
  };
  return [{ out: of("direct"), json: true }, question];
}

test("a file that is written to before its digest is made is refused, and nothing of the run is left", async () => {
  const pieces: Uint8Array[] = [];
  const print = (piece: Uint8Array): number => pieces.push(piece.slice());
  const undisturbed = asked(() => undefined);
  assert.equal(await toldToFiles(...undisturbed, print), 1);
  const [given] = undisturbed;
  assert.ok(Buffer.concat(pieces).equals(readFileSync(join(given.out, "report.json"))));
  rmSync(given.out, { recursive: true });
  await assert.rejects(() => toldToFiles(...asked(() => appendFileSync(of("ledger.csv"), "\n")), print), {
    message: `--ledger "${of("ledger.csv")}": somebody has written to it since it was read: run this again`,
  });
  assert.deepEqual(readdirSync(given.out), []);
});

test("a file that is there already keeps its rights, and lies where it lay", async () => {
  mkdirSync(of("again"));
  writeFileSync(of("elsewhere.csv"), "", { mode: 0o640 });
  symlinkSync(of("elsewhere.csv"), join(of("again"), "breaks.csv"));
  assert.equal((await run("--out", "again")).status, 1);
  assert.ok(lstatSync(join(of("again"), "breaks.csv")).isSymbolicLink());
  assert.equal(statSync(of("elsewhere.csv")).mode & 0o777, 0o640);
  assert.ok(readFileSync(of("elsewhere.csv")).equals(readFileSync(join(of("large"), "breaks.csv"))));
});

test("rows count as what they were judged to be, in large files and in small ones", async () => {
  const rows = (count: number): string => Array.from({ length: count }, (_, row) => `order_${row},Charge,1000,EUR,1,2026-03-01T10:00:00Z\n`).join("");
  const header = "Reference,TYPE,Amount_Minor,Currency,Fee_Minor,Occurred_At\n";
  const nets: string[][] = [];
  for (const count of [3, 12_000]) {
    writeFileSync(of("case.csv"), `${header}${rows(count)}r1,Refund,700,EUR,5,2026-03-02T10:00:00Z\np1,PAYOUT,90,EUR,,2026-03-02T10:00:00Z\n`);
    writeFileSync(of("other.csv"), `${header}${rows(count)}`);
    const { status, err } = await tillproofOf(import.meta.filename, ["reconcile", "--ledger", of("case.csv"), "--settlement", of("other.csv"), "--as-of", "2026-03-20T00:00:00Z", "--out", of(`case-${count}`)]);
    assert.equal(status, 1, err);
    const { statement } = JSON.parse(readFileSync(join(of(`case-${count}`), "proof.json"), "utf8")) as Proof;
    nets.push(["ledger", "settlement"].map((side) => String(BigInt(statement.totals?.[side as "ledger"]["EUR"]?.net_minor ?? "") - 999n * BigInt(count))));
  }
  assert.deepEqual(nets, [["-705", "0"], ["-705", "0"]]);
});

test("a report of a provider goes the same way, and its rows are told by its own lines", async () => {
  const header = "automatic_payout_id,automatic_payout_effective_at_utc,balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,customer_facing_amount,customer_facing_currency,charge_id,payment_intent_id,payment_metadata[order_id]";
  const lines = [header];
  const books = ["reference,type,amount_minor,currency,fee_minor,occurred_at"];
  for (let row = 0; row < 4_000; row += 1) {
    const time = `2026-03-${String((row % 28) + 1).padStart(2, "0")}`;
    const [gross, type] = row % 41 === 0 ? ["-5.00", "refund"] : [`${10 + (row % 50)}.${row % 37 === 0 ? "51" : "50"}`, "charge"];
    const net = (Number(gross) - 0.3).toFixed(2);
    if (row % 43 !== 0) lines.push(`po_${row % 5},2026-04-01 00:00:00,txn_${row},${time} 10:00:00,2026-04-01 00:00:00,eur,${gross},0.30,${net},${type},ch_${row},"Order ${row}\nwith a break",${gross},${row % 47 === 0 ? "usd" : "eur"},ch_${row},pi_${row},order_${row}`);
    if (row % 53 !== 0) books.push(`order_${row},${type},${type === "refund" ? 500 : 1_050 + (row % 50) * 100},EUR,30,${time}T10:00:00Z`);
  }
  writeFileSync(of("stripe.csv"), `${lines.join("\n")}\n`);
  writeFileSync(of("books.csv"), `${books.join("\n")}\n`);
  const told = (...more: string[]): Promise<Ended> => tillproofOf(import.meta.filename, ["reconcile", "--ledger", "books.csv", "--settlement", "stripe.csv", "--settlement-format", "stripe", "--as-of", "2026-04-09T00:00:00Z", ...more], { cwd: folder });
  for (const form of [["--json"], []]) {
    const whole = await told(...form, "--out", "stripe-whole", "--matches", "matches.jsonl");
    assert.deepEqual(await told(...form), whole);
    assert.deepEqual(await told(...form, "--out", "stripe-large"), whole);
    assert.match(whole.out, /stripe\.csv/);
    for (const name of FILES.filter((name) => name !== "proof.json")) {
      assert.ok(readFileSync(join(of("stripe-large"), name)).equals(readFileSync(join(of("stripe-whole"), name))), name);
    }
    const [ours, theirs] = ["stripe-large", "stripe-whole"].map((name) => (JSON.parse(readFileSync(join(of(name), "proof.json"), "utf8")) as Proof).statement);
    assert.deepEqual(ours, { ...theirs, made_at: ours?.made_at });
  }
  writeFileSync(of("stripe.csv"), `${lines.join("\n")}\npo_1,cut`);
  const cut = await told();
  assert.deepEqual([cut.status, cut.out], [2, ""]);
  assert.match(cut.err, /stripe\.csv, line \d+/);
});

test("where a file cannot get its name, the refusal says so and nothing without a name is left", async () => {
  mkdirSync(join(of("taken"), "report.html"), { recursive: true });
  writeFileSync(join(of("taken"), "proof.json"), "of a former run");
  const { status, out, err } = await run("--out", "taken");
  assert.deepEqual([status, out, err], [2, "", `tillproof: --out "${join("taken", "report.html")}": this is a folder\n`]);
  assert.deepEqual(readdirSync(of("taken")), ["report.html"], "nor does a proof stand there that speaks of another report");
  const none = await run("--out", "ledger.csv/below");
  assert.deepEqual([none.status, none.out, none.err], [2, "", "tillproof: --out \"ledger.csv/below\": a file stands where a folder is needed\n"]);
  const keyless = await run("--out", "keyless", "--sign-env", "NO_SUCH_KEY");
  assert.deepEqual([keyless.status, keyless.out], [2, ""]);
  assert.ok(!readdirSync(folder).includes("keyless"));
});
