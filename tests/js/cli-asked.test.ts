import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, linkSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { reconcile } from "../../pkg/src/reconcile/index.js";
import { beProgram } from "./cli-program.js";

await beProgram();

const folder = mkdtempSync(join(tmpdir(), "tillproof-asked-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

const HEADER = "id,reference,amount_minor,currency,occurred_at\n";
const BOOKS = `${HEADER}1,order_1,1000,EUR,2026-03-01T00:00:00Z\n`;
put("ledger.csv", BOOKS);
put("settlement.csv", BOOKS);
put("bank.csv", "id,reference,amount_minor,currency,booked_at\n");
put("root.json", JSON.stringify({ root: "a".repeat(64), day: "2026-03-01", to: 4 }));
put("proof.json", "{}");
put("names.json", JSON.stringify({ reference: "order" }));

function tillproof(argv: readonly string[], input = ""): { status: number | null; out: string; err: string } {
  const env = { ...process.env, TILLPROOF_TEST_CLI: "1", KEY: "a secret", USER: "" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, ...argv], { cwd: folder, env, input, encoding: "utf8", timeout: 600_000 });
  return { status, out: stdout, err: stderr };
}

/** Each of these is one line and status 2, and leaves no file. */
function refused(table: readonly (readonly [args: readonly string[], line: RegExp, input?: string])[]): void {
  for (const [args, line, input] of table) {
    const before = readdirSync(folder);
    const { status, out, err } = tillproof(args, input);
    assert.deepEqual([status, out], [2, ""], `${args.join(" ")}: ${err}`);
    assert.match(err, /^tillproof: [^\n]+\n$/, args.join(" "));
    assert.match(err.trimEnd(), line, args.join(" "));
    assert.deepEqual(readdirSync(folder), before);
  }
}

const RUN = ["reconcile", "--ledger", "ledger.csv", "--settlement", "settlement.csv"];

test("a flag of reconcile that would say nothing is refused, with what it is for", () => {
  refused([
    [[...RUN, "--sign-env", "KEY"], /: --sign-env signs proof\.json: it goes with --out, which writes that, or with --verify-proof$/],
    [[...RUN, "--ledger-root", "root.json"], /: --ledger-root is named in proof\.json: it goes with --out/],
    [[...RUN, "--bank-format", "camt.053"], /: --bank-format says how the files of --bank are written, and none is given$/],
    [[...RUN, "--bank-format", "banana"], /: --bank-format "banana": expected one of csv, camt\.053, camt\.054, mt940, bai2, ofx$/],
    [["reconcile", "--settlement", "settlement.csv", "--ledger-format", "stripe"], /--ledger is missing|none is given/],
    [[...RUN, "--settlement-format", "camt.053"], /: --settlement-format "camt\.053": expected one of csv, stripe, /],
    [["reconcile", "--verify-proof", "proof.json", "--sign-env", "KEY", "--out", "there"], /: --out goes without --verify-proof, which compares nothing$/],
    [["reconcile", "--verify-proof", "proof.json", "--sign-env", "KEY", "--as-of", "2026-03-20T00:00:00Z"], /: --as-of goes without --verify-proof/],
    [["read", "--file", "bank.csv", "--format", "csv", "--json"], /: --json goes without --format/],
  ]);
});

test("standard input is read once, and the second flag that asks for it is told which has it", () => {
  refused([
    [["reconcile", "--ledger", "-", "--settlement", "-"], /: --settlement -: standard input can be read once, and it is that of --ledger$/, BOOKS],
    [["reconcile", "--ledger", "-", "-", "--settlement", "settlement.csv"], /: --ledger -: standard input can be read once, and this flag has it already$/, BOOKS],
    [[...RUN, "--mapping", "-", "--rules", "-"], /: --rules -: standard input can be read once, and it is that of --mapping$/, "{}"],
    [["verify", "--scheme", "stripe-v1", "--secret-env", "KEY", "--headers", "-", "--body", "-"], /: --body -: standard input can be read once, and it is that of --headers$/, "{}"],
  ]);
  assert.deepEqual(tillproof(["reconcile", "--ledger", "-", "--settlement", "settlement.csv"], BOOKS).status, 0);
});

test("one file under two names is not held against itself, unless each side has columns of its own in it", () => {
  symlinkSync(join(folder, "ledger.csv"), join(folder, "link.csv"));
  linkSync(join(folder, "ledger.csv"), join(folder, "hard.csv"));
  copyFileSync(join(folder, "ledger.csv"), join(folder, "copy.csv"));
  const ours = ["reconcile", "--ledger", "ledger.csv", "--settlement"];
  refused([
    [[...ours, "ledger.csv"], /: --settlement "ledger\.csv": this is the file of --ledger "ledger\.csv", and agrees with itself whatever it holds$/],
    [[...ours, "copy.csv", "./link.csv"], /--settlement "\.\/link\.csv": this is the file of --ledger/],
    [[...ours, "hard.csv", "--json"], /--settlement "hard\.csv": this is the file of --ledger/],
    [[...ours, "copy.csv", "--bank", "copy.csv"], /--bank "copy\.csv": this is the file of --settlement "copy\.csv"/],
    [[...ours, "ledger.csv", "--ledger-format", "stripe", "--settlement-format", "stripe"], /this is the file of --ledger/],
  ]);
  assert.equal(tillproof([...ours, "copy.csv"]).status, 0);
  put("both.csv", "order,ours,theirs,currency\norder_1,1000,990,EUR\n");
  put("both.json", JSON.stringify({ ledger: { reference: "order", amount_minor: "ours" }, settlement: { reference: "order", amount_minor: "theirs" } }));
  const { status, out } = tillproof(["reconcile", "--ledger", "both.csv", "--settlement", "both.csv", "--mapping", "both.json"]);
  assert.equal(status, 1);
  assert.match(out, /amount_mismatch/);
});

test("a mapping that was read is not written over by what it made", () => {
  put("bank.json", JSON.stringify({ columns: { amount: "amount_minor", reference: "reference", booked_at: "booked_at" }, currency: "EUR" }));
  refused([[["read", "--file", "bank.csv", "--format", "csv", "--mapping", "bank.json", "--out", "bank.json"], /--out "bank\.json": this is a file that was read/]]);
});

test("an action of the queue takes the flags that say something to it, and words that there are", () => {
  const queue = (action: string, ...more: string[]): string[] => ["queue", action, "--store", "sqlite:shop.db", ...more];
  refused([
    [queue("list", "--text", "x"), /: --text says nothing to list: it belongs to comment$/],
    [queue("list", "--reason", "x"), /: --reason says nothing to list: it belongs to propose, accept, reject, reopen$/],
    [queue("show", "--id", "1", "--state", "open"), /: --state says nothing to show: it belongs to list$/],
    [queue("sync", "--report", "x.json", "--run", "x", "--two-eyes"), /: --two-eyes says nothing to sync: it belongs to approve$/],
    [queue("propose", "--id", "1", "--entry", "e.json", "--gateway", "stripe"), /: --entry and --gateway: give one of them/],
    [queue("list", "--kind", "banana"), /: --kind "banana": expected file_duplicate, .*, value_date_shift$/],
    [queue("list", "--kind", "fee_mismach"), /: --kind "fee_mismach": did you mean fee_mismatch\? expected /],
    [queue("list", "--state", "banana"), /: --state "banana": expected open, proposed, approved, resolved, gone, all$/],
  ]);
});

test("what is no report is not taken over, and the refusal names the flag and the member", () => {
  // A folder with a driver of SQLite.
  symlinkSync(join(process.cwd(), "pkg/node_modules"), join(folder, "node_modules"));
  put("package.json", "{}");
  const queue = (action: string, ...more: string[]): ReturnType<typeof tillproof> => tillproof(["queue", action, "--store", "sqlite:queue.db", ...more]);
  const whole = reconcile({ ledger: BOOKS, settlement: `${HEADER}1,order_1,900,EUR,2026-03-01T00:00:00Z\n` });
  put("whole.json", JSON.stringify(whole));
  const made = queue("sync", "--report", "whole.json", "--run", "monday");
  assert.deepEqual([made.status, made.err], [0, ""]);
  const [found] = whole.breaks;
  const table: [unknown, RegExp][] = [
    [{ breaks: [] }, /report\.version: undefined is no version/],
    [{ version: 1, breaks: [] }, /report\.summary: undefined is not an object/],
    [{ ...whole, breaks: [] }, /report\.summary\.breaks: 1 is not the number of its breaks: there are 0/],
    [{ ...whole, breaks: [7] }, /report\.breaks\[0\]: 7 is not an object/],
    [{ ...whole, breaks: [{ ...found, id: 7 }] }, /report\.breaks\[0\]\.id: 7 is no text/],
    [{ ...whole, breaks: [{ ...found, kind: "banana" }] }, /report\.breaks\[0\]\.kind: "banana" is no kind of break/],
    [{ ...whole, breaks: [{ ...found, found_minor: "9.00" }] }, /report\.breaks\[0\]\.found_minor: "9\.00" is no amount/],
    [[], /report: .* is not an object/],
  ];
  for (const [document, line] of table) {
    put("other.json", JSON.stringify(document));
    const { status, out, err } = queue("sync", "--report", "other.json", "--run", "tuesday");
    assert.deepEqual([status, out], [2, ""], err);
    assert.match(err, /^tillproof: --report "other\.json": this is no report of tillproof reconcile --json: [^\n]+\n$/);
    assert.match(err, line);
  }
  assert.equal((JSON.parse(queue("list", "--json").out) as unknown[]).length, 1, "nothing was closed");
  put("entry.json", JSON.stringify({ postings: "none" }));
  const entry = queue("propose", "--id", found?.id ?? "", "--by", "ann", "--reason", "x", "--entry", "entry.json");
  assert.match(entry.err, /^tillproof: --entry "entry\.json": this is no entry of the ledger: entry\.postings: "none" is not an array\n$/);
});
