// Large files through the threads of the installed program: whatever becomes of a thread, the report is the same.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("node_modules/.bin/tillproof", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tillproof-threads-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name) => join(folder, name);

/** Rows enough for the report to be told by five threads, a stretch each. */
const ROWS = 30_000;

function written() {
  const header = "reference,type,amount_minor,currency,fee_minor,status,occurred_at,note";
  const [ledger, settlement] = [[header], [header]];
  for (let row = 0; row < ROWS; row += 1) {
    const line = (amount) => `order_${row},charge,${amount},EUR,30,paid,2026-03-${String((row % 28) + 1).padStart(2, "0")}T10:00:00Z,"Öl, ${row}"`;
    ledger.push(line(1000 + row));
    if (row % 10 !== 0) settlement.push(line(row % 10 === 5 ? 999 + row : 1000 + row));
  }
  writeFileSync(at("ledger.csv"), `${ledger.join("\n")}\n`);
  writeFileSync(at("settlement.csv"), `${settlement.join("\n")}\n`);
}
written();

/** The same, of which each row names its payout: one thread reads them all. */
function withPayouts() {
  const named = (name) => readFileSync(at(name), "utf8").trimEnd().split("\n").map((line, row) => (row === 0 ? `${line},payout_id` : `${line},po_${row % 28}`));
  writeFileSync(at("payouts.csv"), `${named("settlement.csv").join("\n")}\n`);
}
withPayouts();

/** The same with a refund now and then in both files, and with line feeds in cells of the ledger. */
function withMore() {
  for (const name of ["ledger", "settlement"]) {
    const [head, ...rows] = readFileSync(at(`${name}.csv`), "utf8").trimEnd().split("\n");
    const refund = (row) => `refund_${row},refund,${100 + row},EUR,0,paid,2026-03-29T10:00:00Z,`;
    writeFileSync(at(`${name}-refunds.csv`), `${[head, ...rows.flatMap((line, row) => (row % 100 === 99 ? [line, refund(row)] : [line]))].join("\n")}\n`);
    writeFileSync(at(`${name}-feeds.csv`), `${[head, ...rows.map((line) => line.replace("Öl, ", "Öl,\n"))].join("\n")}\n`);
  }
}
withMore();

function reconciled(args, preload, settlement = "settlement.csv", ledger = "ledger.csv") {
  const env = { ...process.env, NODE_OPTIONS: preload === undefined ? "" : `--import=${preload}` };
  const { status, stdout, stderr } = spawnSync(PROGRAM, ["reconcile", "--ledger", ledger, "--settlement", settlement, ...args], { cwd: folder, env, encoding: "utf8", maxBuffer: 1 << 28 });
  assert.equal(status, 1, stderr);
  return stdout;
}

/** A module that `deed` is done by in each of the other threads, which note there that it was; and `first` in the first one. */
function inEachThread(name, deed, first = "") {
  const notes = at(`${name}.txt`);
  writeFileSync(at(`${name}.mjs`), `
import { appendFileSync } from "node:fs";
import { isMainThread, parentPort, threadId, workerData } from "node:worker_threads";
// The loader of modules has a thread too.
if (!isMainThread && workerData?.document !== undefined) {
  const note = () => appendFileSync(${JSON.stringify(notes)}, threadId + "\\n");
  ${deed}
}
if (isMainThread) {
  ${first}
}
`);
  return { preload: at(`${name}.mjs`), noted: () => (existsSync(notes) ? readFileSync(notes, "utf8").trimEnd().split("\n").length : 0) };
}

/** Notes each thread that is handed a stretch of the report, once. */
const TELLS = 'let tells = false; parentPort.on("message", (order) => { if (order?.kind === "stretch" && !tells) { tells = true; note(); } });';

test("threads print what one prints, as JSON and as lines, and really take part", () => {
  for (const form of [["--json"], []]) {
    const alone = reconciled(form);
    assert.ok(alone.length > 1_000_000, `${alone.length} bytes`);
    const spy = inEachThread(`spy${form.length}`, TELLS);
    for (const workers of ["2", "3", "5", "16"]) assert.equal(reconciled([...form, "--workers", workers], spy.preload), alone, workers);
    // Of sixteen, five are handed something: for more there is too little.
    assert.equal(spy.noted(), 1 + 2 + 4 + 5);
  }
});

test("files whose rows have more to say to each other are read by one thread, and told by several", () => {
  const alone = reconciled(["--json"], undefined, "payouts.csv");
  const spy = inEachThread("payouts", TELLS);
  assert.equal(reconciled(["--json", "--workers", "4"], spy.preload, "payouts.csv"), alone);
  assert.equal(spy.noted(), 3);
});

test("what is not for threads is told whole, however many there are", () => {
  for (const more of ["refunds", "feeds"]) {
    const told = (...workers) => reconciled(["--json", ...workers], undefined, `settlement-${more}.csv`, `ledger-${more}.csv`);
    const alone = told();
    assert.ok(alone.length > 1_000_000, `${alone.length} bytes`);
    for (const workers of ["2", "4", "5", "8"]) assert.equal(told("--workers", workers), alone, `${more}, ${workers}`);
  }
});

test("one thread of several that dies is made up for", () => {
  const alone = reconciled(["--json"]);
  const { preload, noted } = inEachThread("one_dies", "if (workerData.lane === 2) { note(); parentPort.postMessage = () => process.exit(1); }");
  for (const workers of ["3", "4", "5"]) assert.equal(reconciled(["--json", "--workers", workers], preload), alone, workers);
  assert.equal(noted(), 3);
});

test("what a thread reads may end within quotes, or hold more rows than are told at once", () => {
  const [head, ...rows] = readFileSync(at("settlement.csv"), "utf8").trimEnd().split("\n");
  // Half of all line feeds stand in a cell.
  writeFileSync(at("broken.csv"), `${[head, ...rows.map((row) => row.replace("Öl, ", "Öl,\n"))].join("\n")}\n`);
  const alone = reconciled(["--json"], undefined, "broken.csv");
  for (const workers of ["2", "3", "4", "5", "9"]) assert.equal(reconciled(["--json", "--workers", workers], undefined, "broken.csv"), alone, workers);
  const spy = inEachThread("lanes", 'parentPort.on("message", (order) => { if (order?.kind === "staying") note(); });');
  const many = Array.from({ length: 300_000 }, (_, row) => `order_${row % 24_000}x${row % 13},,${1000 + row},EUR,,,,`);
  writeFileSync(at("many.csv"), `${[head, ...rows, ...many].join("\n")}\n`);
  assert.equal(reconciled(["--workers", "3"], spy.preload, "many.csv"), reconciled([], undefined, "many.csv"));
  assert.equal(spy.noted(), 2, "both threads were told which of their rows stay");
});

test("a thread that dies at once, in its share, while it hands over or while it tells its stretch is made up for", () => {
  const alone = reconciled(["--json"]);
  const deaths = {
    at_once: "note(); process.exit(1);",
    in_its_share: 'note(); parentPort.postMessage = () => process.exit(1);',
    while_handing_over: 'parentPort.on("message", (order) => { if (order?.kind === "staying") { note(); process.exit(1); } });',
    before_telling: 'parentPort.on("message", (order) => { if (order?.kind === "stretch") { note(); process.exit(1); } });',
    thrown: 'parentPort.on("message", (order) => { if (order?.kind === "stretch") { note(); throw new Error("out of luck"); } });',
  };
  for (const [name, deed] of Object.entries(deaths)) {
    const { preload, noted } = inEachThread(name, deed);
    assert.equal(reconciled(["--json", "--workers", "4"], preload), alone, name);
    assert.equal(noted(), 3, name);
  }
});

test("of what a thread has told before it dies nothing is missing, and nothing is there twice", () => {
  // The first pieces arrive, and what comes then does not.
  const deed = `
  const post = parentPort.postMessage.bind(parentPort);
  let pieces = 0;
  parentPort.postMessage = (answer, given) => {
    if (answer.kind === "piece") pieces += 1;
    if (pieces <= 2) post(answer, given);
    else if (pieces === 3) {
      pieces += 1;
      note();
      setTimeout(() => process.exit(1), 200);
    }
  };`;
  for (const form of [["--json"], []]) {
    const { preload, noted } = inEachThread(`in_the_middle${form.length}`, deed);
    assert.equal(reconciled([...form, "--workers", "2"], preload), reconciled(form));
    assert.equal(noted(), 1);
  }
});

test("what a thread has said before it throws is heard to its end, and answers for nothing else", () => {
  // The first thread is busy while another tells its stretch and throws, so that it sees both at once; what the third has to
  // tell comes last of all.
  const busy = "setInterval(() => { const end = Date.now() + 60; while (Date.now() < end); }, 1).unref();";
  const deed = `
  const post = parentPort.postMessage.bind(parentPort);
  const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  let pieces = 0;
  parentPort.postMessage = (answer, given) => {
    if (answer.kind === "piece" && (pieces += 1) === 1) wait(workerData.lane === 1 ? 1000 : 1500);
    post(answer, given);
    if (answer.kind === "told" && workerData.lane === 1) {
      note();
      throw new Error("out of luck");
    }
  };`;
  const { preload, noted } = inEachThread("thrown_late", deed, busy);
  const alone = reconciled(["--json"]);
  for (const time of [1, 2, 3]) assert.equal(reconciled(["--json", "--workers", "3"], preload), alone, `${time}`);
  assert.equal(noted(), 3);
});

test("a file that another is renamed to while threads start is read as it was opened", () => {
  const [head, ...rows] = readFileSync(at("settlement.csv"), "utf8").trimEnd().split("\n");
  writeFileSync(at("moved.csv"), readFileSync(at("settlement.csv")));
  const expected = reconciled(["--json"], undefined, "moved.csv");
  writeFileSync(at("other.csv"), `${[head, ...rows.map((line) => line.replace(/charge,\d/, "charge,9"))].join("\n")}\n`);
  const { preload, noted } = inEachThread("renamed", 'note(); (await import("node:fs")).renameSync("other.csv", "moved.csv");');
  assert.equal(reconciled(["--json", "--workers", "2"], preload, "moved.csv"), expected);
  assert.equal(noted(), 1);
});

test("a file that is written to between two looks at it is read once more, as it is then", () => {
  const [head, ...rows] = readFileSync(at("settlement.csv"), "utf8").trimEnd().split("\n");
  const wrong = (place) => `${[head, ...rows.map((line, row) => (row === place ? line.replace(/charge,\d/, "charge,9") : line))].join("\n")}\n`;
  writeFileSync(at("now.csv"), wrong(70));
  writeFileSync(at("before.csv"), wrong(7_000));
  writeFileSync(at("right.csv"), `${[head, ...rows].join("\n")}\n`);
  const told = (preload) => reconciled([], preload, "right.csv", "changing.csv");
  writeFileSync(at("changing.csv"), readFileSync(at("now.csv")));
  const expected = told();
  // As soon as both files were passed, and before the row that differs is looked at again, another one differs.
  writeFileSync(at("writer.mjs"), `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const { readSync } = fs;
let left = ${2 * readFileSync(at("now.csv")).length};
fs.readSync = (...args) => {
  const read = readSync(...args);
  left -= read;
  if (left <= 0) {
    left = Infinity;
    fs.writeFileSync("changing.csv", fs.readFileSync("now.csv"));
  }
  return read;
};
syncBuiltinESMExports();
`);
  writeFileSync(at("changing.csv"), readFileSync(at("before.csv")));
  assert.equal(told(at("writer.mjs")), expected);
});
