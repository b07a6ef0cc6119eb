import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { DuckDBInstance } from "@duckdb/node-api";

import { readers, reconcile, type Report } from "../../pkg/src/reconcile/index.js";
import { SQL_KINDS } from "../../pkg/src/reconcile/sql.js";
import { shop, STRIPE_REFERENCE } from "../js/reconcile-formats.js";
import { AS_OF, COLUMNS, csv, month } from "../js/reconcile-rows.js";
import { server } from "./servers.js";

/** The programs of docs/reconcile-large.md, run as they stand there, with the package built from the sources beside them. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/reconcile-docs");
const page = readFileSync(join(ROOT, "docs/reconcile-large.md"), "utf8");
const programs = new Map([...page.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]));
const shopFiles = shop(12);
const [shopBooks, stripe, camt] = [join(FOLDER, "shop.csv"), join(FOLDER, "stripe.csv"), join(FOLDER, "camt.xml")];
const running = new Set<ChildProcess>();
const { ledger, settlement } = month(6, 600);
const [books, report] = [join(FOLDER, "ledger.csv"), join(FOLDER, "settlement.csv")];

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(join(ROOT, "tests/services/node_modules"), join(FOLDER, "node_modules"));
  for (const [name, code] of programs) writeFileSync(join(FOLDER, name), code);
  writeFileSync(books, csv(ledger, COLUMNS));
  writeFileSync(report, csv(settlement, COLUMNS));
  for (const [path, content] of [[shopBooks, shopFiles.ledger], [stripe, shopFiles.stripe], [camt, shopFiles.bank["camt.053"]]] as const) writeFileSync(path, content);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [...programs.keys()].map((name) => join(FOLDER, name)), outdir: join(FOLDER, "built"), external: ["bullmq", "pg-boss"] });
});

after(() => running.forEach((child) => child.kill("SIGKILL")));

const built = (name: string): Promise<unknown> => import(pathToFileURL(join(FOLDER, "built", name)).href);

function program(name: string, env: Record<string, string>, argv: readonly string[]): Promise<{ status: number | null; output: string }> {
  const child = spawn(server("MODERN_NODE"), [join(FOLDER, "built", name), ...argv], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.once("exit", (status) => (running.delete(child), resolve({ status, output }))));
}

const single = (): Report => reconcile({ ledger: { name: books, data: csv(ledger, COLUMNS) }, settlement: { name: report, data: csv(settlement, COLUMNS) } });

test("parts.mjs makes the bytes of one run", async () => {
  const { inParts } = (await built("parts.mjs")) as { inParts(files: object, of: number): Report };
  const files = { ledger: { name: books, data: csv(ledger, COLUMNS) }, settlement: { name: report, data: csv(settlement, COLUMNS) } };
  assert.equal(JSON.stringify(inParts(files, 5)), JSON.stringify(single()));
});

const ofShop = (): Report =>
  reconcile({
    ledger: { name: shopBooks, data: shopFiles.ledger },
    settlement: readers.source(shopFiles.stripe, { format: "stripe", name: stripe, referenceColumn: STRIPE_REFERENCE }),
    bank: readers.source(shopFiles.bank["camt.053"], { format: "camt.053", name: camt }),
  });

const PROGRAMS: readonly (readonly [name: string, paths: readonly string[], report: () => Report])[] = [
  ["bullmq.mjs", [shopBooks, stripe, camt], ofShop],
  ["pgboss.mjs", [books, report], single],
];

for (const [name, paths, expected] of PROGRAMS) {
  test(`${name} works in two processes and answers in a third`, { timeout: 900_000 }, async () => {
    const url = new URL(server("POSTGRES_URL"));
    const env = { REDIS_URL: server("REDIS_URL"), DATABASE_URL: url.href };
    const workers = [program(name, env, ["work"]), program(name, env, ["work"])];
    const { status, output } = await program(name, env, ["run", "2026-03", ...paths]);
    assert.equal(status, 0, output);
    assert.ok(output.startsWith(`${expected().summary.breaks} breaks`), output);
    for (const child of running) child.kill("SIGTERM");
    for (const worker of workers) assert.equal((await worker).status, 0, "ends cleanly");
  });
}

test("warehouse.mjs tells breaks, what is in flight, and what the engine has to look at", async () => {
  const { breaksOf } = (await built("warehouse.mjs")) as {
    breaksOf(connection: unknown, of: { ledger: string; settlement: string; asOf: number }): Promise<Record<"breaks" | "inFlight" | "undecided", unknown[]>>;
  };
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const found = await breaksOf(connection, { ledger: books, settlement: report, asOf: AS_OF });
  connection.closeSync();
  instance.closeSync();
  assert.ok(found.breaks.length > 60, `${found.breaks.length} breaks`);
  assert.ok(found.inFlight.length > 0 && found.undecided.length > 0);
});

test("the page names every kind that the query tells, and every kind that it leaves to the engine", () => {
  const [, table = ""] = /\| Told by the query([^]*?)\n\n/.exec(page) ?? [];
  const cells = (column: number): string[] => table.split("\n").flatMap((row) => [...(row.split("|")[column] ?? "").matchAll(/`([a-z_]+)`/g)].map(([, name = ""]) => name));
  assert.deepEqual(cells(1).filter((name) => name !== "in_flight").sort(), [...SQL_KINDS].sort());
  assert.deepEqual(cells(2).filter((name) => (SQL_KINDS as readonly string[]).includes(name)), []);
});
