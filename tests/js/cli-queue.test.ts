import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import type { Case } from "../../pkg/src/investigation/index.js";
import { reconcile } from "../../pkg/src/reconcile/index.js";
import { beProgram, tillproofOf, type Ended } from "./cli-program.js";

await beProgram();

/** The folder of a shop that has a driver of SQLite installed. */
const folder = mkdtempSync(join(tmpdir(), "tillproof-queue-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "node_modules"));
symlinkSync(join(process.cwd(), "pkg/node_modules/node-sqlite3-wasm"), join(folder, "node_modules/node-sqlite3-wasm"));
writeFileSync(join(folder, "package.json"), "{}");

const HEADER = "id,reference,amount_minor,fee_minor,currency,occurred_at\n";
const books = `${HEADER}1,order_1,1000,30,EUR,2026-03-01T00:00:00Z\n3,order_3,500,15,EUR,2026-03-01T00:00:00Z\n`;
const report = reconcile({ ledger: books, settlement: books.replace(",30,", ",35,") });
writeFileSync(join(folder, "report.json"), JSON.stringify(report));
writeFileSync(join(folder, "none.json"), JSON.stringify(reconcile({ ledger: books, settlement: books })));
const id = report.breaks[0]?.id ?? "";

const queue = (...args: string[]): Promise<Ended> =>
  tillproofOf(fileURLToPath(import.meta.url), ["queue", ...args, "--store", "sqlite:shop.db"], { cwd: folder, env: { USER: "" } });

test("a break goes from a report to a posted entry, by two people and in one file", async () => {
  assert.deepEqual(await queue("list"), { status: 2, out: "", err: "tillproof: --store sqlite:shop.db: no such file\n" });
  const synced = await queue("sync", "--report", "report.json", "--run", "monday");
  assert.deepEqual([synced.status, synced.out, synced.err], [0, "monday: 1 opened, 0 changed, 0 returned, 0 gone, 0 unchanged\n", ""]);
  const listed = await queue("list");
  assert.equal(listed.status, 1);
  assert.match(listed.out, new RegExp(`^${id.slice(0, 8)}  open +\\S+  fee_mismatch +order_1 +5 EUR minor  -\\n$`));
  assert.equal((await queue("assign", "--id", id.slice(0, 6), "--by", "ann", "--to", "ann")).status, 0);
  assert.equal((await queue("comment", "--id", id, "--by", "ann", "--text", "a card from abroad")).status, 0);
  const proposed = await queue("propose", "--id", id, "--by", "ann", "--gateway", "stripe", "--reason", "price list");
  assert.match(proposed.out, /proposal 1 by ann: price list\n {4}debit {2}Expenses:GatewayFee {2}5 EUR minor\n {4}credit Assets:Gateway:stripe:Pending:EUR {2}5 EUR minor\n/);
  const own = await queue("approve", "--id", id, "--by", "ann", "--ledger", "main");
  assert.deepEqual([own.status, own.err], [2, "tillproof: ann made this proposal, and somebody else has to approve it\n"]);
  const approved = await queue("approve", "--id", id, "--by", "bob", "--json");
  assert.equal((JSON.parse(approved.out) as Case).state, "approved");
  assert.deepEqual((await queue("settle", "--ledger", "main")).out, "1 posted, 0 refused\n");
  const shown = JSON.parse((await queue("show", "--id", id, "--json")).out) as Case;
  assert.deepEqual(shown.history.map(({ type }) => type), ["opened", "assigned", "commented", "proposed", "approved", "posted"]);
  assert.deepEqual([shown.state, shown.proposals[0]?.position], ["resolved", 1]);
  assert.deepEqual(await queue("list"), { status: 0, out: "nothing waits\n", err: "" });
  assert.equal((await queue("sync", "--report", "none.json", "--run", "tuesday")).out, "tuesday: 0 opened, 0 changed, 0 returned, 1 gone, 0 unchanged\n");
  assert.match((await queue("reopen", "--id", id, "--by", "bob", "--reason", "once more")).out, /reopened: bob, once more\n$/);
});

test("what the command cannot do is said in one line", async () => {
  await queue("sync", "--report", "report.json", "--run", "wednesday");
  const table: [string[], RegExp][] = [
    [["forget"], /there is no action "forget": expected sync, list, /],
    [["list", "--state", "closed"], /--state "closed": expected open, /],
    [["show"], /--id is missing/],
    [["show", "--id", "zz"], /--id "zz": no break of this queue begins so/],
    [["comment", "--id", id, "--text", "x"], /`by` has 0 bytes/],
    [["approve", "--id", id, "--by", "bob", "--proposal", "7"], /proposal 7 does not wait for a decision/],
    [["settle"], /--ledger is missing/],
    [["sync", "--report", "package.json", "--run", "x"], /report\.breaks: undefined is not an array/],
    [["sync", "--report", "report.json", "--run", "x", "--at", "2020-01-01T00:00:00Z"], /the files of run "x" were read before/],
  ];
  for (const [args, expected] of table) {
    const { status, out, err } = await queue(...args);
    assert.deepEqual([status, out], [2, ""], args.join(" "));
    assert.match(err, expected);
    assert.match(err, /^[^\n]+\n$/);
  }
});
