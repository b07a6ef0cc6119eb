import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import { server } from "./servers.js";

/** The programs of docs/worker.md, run as they stand there, with the package built from the sources beside them. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/worker-docs");
const SECRET = "whsec_docs";
const EVENT = `evt_${Date.now()}`;
const page = readFileSync(join(ROOT, "docs/worker.md"), "utf8");
const programs = new Map([...page.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]));
const running = new Set<ChildProcess>();

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
  await buildPrograms({ entryPoints: [...programs.keys()].map((name) => join(FOLDER, name)), outdir: join(FOLDER, "built"), external: ["pg", "bullmq", "pg-boss"] });
});

/** scripts/ports.mjs, which has no types. */
const { freePort } = (await import(pathToFileURL(join(ROOT, "scripts/ports.mjs")).href)) as { freePort(): Promise<number> };

after(() => running.forEach((child) => child.kill("SIGKILL")));

function program(name: string, env: Record<string, string>, argv: readonly string[] = []): { child: ChildProcess; output: () => string } {
  const args = [...(name.includes(".test.") ? ["--test-reporter=tap"] : []), join(FOLDER, "built", name), ...argv];
  const child = spawn(server("MODERN_NODE"), args, {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, STRIPE_WEBHOOK_SECRET: SECRET, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

/** The answer of a program that may still be starting. */
async function send(port: number, id: string): Promise<number> {
  const body = JSON.stringify({ id, object: "event", type: "charge.succeeded", created: 1_770_000_000, data: { object: { id: "ch_1" } } });
  const time = Math.floor(Date.now() / 1_000);
  const signature = createHmac("sha256", SECRET).update(`${time}.${body}`).digest("hex");
  for (const deadline = Date.now() + 300_000; ; await sleep(50)) {
    try {
      const headers = { "stripe-signature": `t=${time},v1=${signature}` };
      return (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body, headers })).status;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

const ended = (child: ChildProcess): Promise<NodeJS.Signals | number | null> =>
  new Promise((resolve) => child.once("close", (status, signal) => resolve(signal ?? status)));

const file = join(FOLDER, "shop.db");
const database = { DATABASE_URL: server("POSTGRES_URL"), DATABASE_FILE: file, REDIS_URL: server("REDIS_URL") };

/** How often the event was applied, where another process can see that. */
const APPLIED: Record<string, ((output: string) => number | Promise<number>) | undefined> = {
  "postgres.mjs": () => counted("paid"),
  "bullmq.mjs": (output) => output.split(`applied ${EVENT} stripe-v1%2F${EVENT} 1\n`).length - 1,
  "pgboss.mjs": () => counted("paid_by_boss"),
};

for (const name of ["sqlite.mjs", "postgres.mjs", "bullmq.mjs", "pgboss.mjs"]) {
  test(`docs/worker.md: ${name} answers, applies once and drains`, async () => {
    const port = await freePort();
    const { child, output } = program(name, { ...database, PORT: String(port) });
    const applied = async (): Promise<number> => (await APPLIED[name]?.(output())) ?? 1;
    try {
      assert.equal(await send(port, EVENT), 200);
      assert.equal(await send(port, EVENT), 200);
      for (const deadline = Date.now() + 300_000; (await applied()) === 0 && Date.now() < deadline; ) await sleep(50);
      const end = ended(child);
      child.kill("SIGTERM");
      assert.equal(await end, "SIGTERM", output());
    } finally {
      child.kill("SIGKILL");
    }
    assert.equal(await applied(), 1, output());
    if (name !== "bullmq.mjs") assert.equal(output(), "");
  });
}

async function counted(table: string): Promise<number> {
  const { Client } = (await import("pg")).default;
  const client = new Client({ connectionString: server("POSTGRES_URL") });
  await client.connect();
  try {
    const { rows } = await client.query<{ applied: string }>(`SELECT count(*) AS applied FROM ${table} WHERE event = $1`, [EVENT]);
    return Number(rows[0]?.applied);
  } finally {
    await client.end();
  }
}

test("docs/worker.md: operate.mjs shows what the SQLite program did, and acts only when it is told to", async () => {
  const said = async (...args: string[]): Promise<string> => {
    const { child, output } = program("operate.mjs", database, args);
    assert.equal(await ended(child), 0, output());
    return output();
  };
  assert.match(await said(), /ready: 0,[^]*quarantined: 0,/);
  assert.match(await said(), /ready: 0,[^]*quarantined: 0,/);
  assert.equal(await said("release", "nobody"), "no such job is put aside\n");
  assert.equal(await said("replay", new Date(Date.now() - 3_600_000).toISOString()), "replayed: 1\n");
  assert.match(await said(), /ready: 1,/);
});

test("docs/worker.md: conformance.test.mjs passes", async () => {
  const { child, output } = program("conformance.test.mjs", {});
  assert.equal(await ended(child), 0, output());
  assert.match(output(), /^# pass 17$/m);
});

test("docs/worker.md: no block of code goes without a test", () => {
  assert.deepEqual([...programs.keys()].sort(), [
    "bullmq.mjs", "conformance.test.mjs", "operate.mjs", "pgboss.mjs", "postgres.mjs", "sqlite.mjs",
  ]);
  assert.equal((page.match(/^```js/gm) ?? []).length, programs.size);
});
