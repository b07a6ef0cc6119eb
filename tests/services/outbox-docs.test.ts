import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import { server } from "./servers.js";

/** The programs of three pages, run as they stand there, with the package built from the sources beside them. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/outbox-docs");
const PAGES = ["outbox", "saga", "telemetry"] as const;
const programs = new Map<string, string>();
const running = new Set<ChildProcess>();
const order = `order_${randomBytes(4).toString("hex")}`;

for (const page of PAGES) {
  const text = readFileSync(join(ROOT, `docs/${page}.md`), "utf8");
  for (const [, name = "", code = ""] of text.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)) programs.set(`${page}-${name}`, code);
}

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(join(ROOT, "tests/services/node_modules"), join(FOLDER, "node_modules"));
  for (const [name, code] of programs) writeFileSync(join(FOLDER, name), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [...programs.keys()].map((name) => join(FOLDER, name)), outdir: join(FOLDER, "built"), external: ["pg", "bullmq", "pg-boss", "nats", "@opentelemetry/api"] });
});

after(() => running.forEach((child) => child.kill("SIGKILL")));

function begun(name: string, ...args: string[]): { child: ChildProcess; output: () => string; ended: Promise<number | NodeJS.Signals | null> } {
  const child = spawn(server("MODERN_NODE"), [join(FOLDER, "built", name), ...args], {
    env: {
      ...process.env,
      DATABASE_URL: server("POSTGRES_URL"), REDIS_URL: server("REDIS_URL"), NATS_URL: server("NATS_URL"),
      PAYMENTS_SECRET: "a secret of sixteen bytes or more", ORDER: order,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.once("close", (status, signal) => resolve(signal ?? status)));
  return { child, output: () => output, ended };
}

async function said(name: string, ...args: string[]): Promise<string> {
  const { output, ended } = begun(name, ...args);
  assert.equal(await ended, 0, output());
  return output();
}

test("docs/outbox.md: payments.mjs tells of a payment, once", async () => {
  assert.equal(await said("outbox-payments.mjs"), `payment.settled ${order} 1250 EUR\n`);
  assert.equal(await said("outbox-payments.mjs"), "");
});

test("docs/outbox.md: transaction.mjs writes row and message together", async () => {
  assert.equal(await said("outbox-transaction.mjs"), `order.placed ${order}\n`);
});

test("docs/outbox.md: queues.mjs hands on to all three", async () => {
  assert.equal(await said("outbox-queues.mjs"), "bullmq bullmq 1\npgboss pgboss 1\njetstream jetstream 1\n");
});

test("docs/outbox.md: operate.mjs shows how the outbox stands", async () => {
  assert.match(await said("outbox-operate.mjs"), /ready: 0,[^]*quarantined: 0,/);
});

test("docs/saga.md: order.mjs completes one order and takes the other back", async () => {
  const output = await said("saga-order.mjs");
  assert.match(output, new RegExp(`^paid ${order}-good pay_`));
  assert.match(output, /status: 'completed'/);
  assert.match(output, /status: 'compensated',[^]*reason: 'period_closed'/);
});

test("docs/saga.md: worker.mjs runs until it is told to stop", async () => {
  const { child, output, ended } = begun("saga-worker.mjs");
  for (const deadline = Date.now() + 300_000; !output().includes("sent") && Date.now() < deadline; ) await sleep(20);
  child.kill("SIGTERM");
  assert.equal(await ended, 0, output());
  assert.equal(output(), `sent step:mails:${order}:send ada@example.com\n`);
});

test("docs/telemetry.md: prometheus.mjs is scraped, and every metric of the page is there", async () => {
  const output = await said("telemetry-prometheus.mjs");
  const page = readFileSync(join(ROOT, "docs/telemetry.md"), "utf8");
  const rows = [...page.matchAll(/^\| (`tillproof_[^|]*)\|/gm)].map(([, cell = ""]) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, name = ""]) => name));
  assert.ok(rows.length > 15);
  const sources = ["telemetry", "ledgers", "reconciliation"].map((name) => `telemetry/${name}.ts`).map((file) => readFileSync(join(ROOT, "pkg/src", file), "utf8")).join("");
  for (const [first = "", ...others] of rows) {
    const base = /^tillproof_(?:[a-z]+)/.exec(first)?.[0] ?? "";
    for (const name of [first, ...others.map((suffix) => base + suffix)]) {
      assert.ok(sources.includes(`"${name}"`), `${name} is no metric`);
      assert.ok(output.includes(`# TYPE ${name} `), `${name} was not scraped`);
    }
  }
  assert.match(output, /p99Ms: \d+/);
});

test("docs/telemetry.md: otel.mjs runs with the API alone", async () => {
  assert.equal(await said("telemetry-otel.mjs"), "settled\n");
});

test("no block of code on the three pages goes without a test", () => {
  assert.equal(programs.size, 8);
  const blocks = PAGES.map((page) => readFileSync(join(ROOT, `docs/${page}.md`), "utf8").match(/^```js/gm)?.length ?? 0);
  assert.equal(blocks.reduce((sum, count) => sum + count, 0), programs.size);
});
