import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { Redis } from "ioredis";
import pg from "pg";

import { postgresMigrations } from "../../pkg/src/stores/postgres.js";
import { server } from "./servers.js";

/** The programs of docs/inbox.md, run as they stand there, with the package built from the sources beside them. */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/inbox-docs");
const SECRET = "whsec_docs";
const SCHEMA = "inbox_docs";
const page = readFileSync(join(ROOT, "docs/inbox.md"), "utf8");
const programs = new Map([...page.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]));

/** Receives one event twice, and prints what became of it. */
const DRIVER = `
import { receive } from "./PROGRAM";
const { body, headers } = JSON.parse(process.env.DELIVERY);
const bytes = new TextEncoder().encode(body);
console.log(JSON.stringify([await receive(bytes, headers), await receive(bytes, headers)]));
process.exit(0);
`;

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(join(ROOT, "tests/services/node_modules"), join(FOLDER, "node_modules"));
  mkdirSync(join(FOLDER, "built/node_modules"), { recursive: true });
  symlinkSync(join(ROOT, "pkg/node_modules/node-sqlite3-wasm"), join(FOLDER, "built/node_modules/node-sqlite3-wasm"));
  for (const [name, code] of programs) {
    writeFileSync(join(FOLDER, name), code);
    writeFileSync(join(FOLDER, `run-${name}`), DRIVER.replace("PROGRAM", name));
  }
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [...programs.keys()].map((name) => join(FOLDER, `run-${name}`)), outdir: join(FOLDER, "built"), external: ["pg", "ioredis", "node-sqlite3-wasm"] });
});

function delivery(id: string): string {
  const body = JSON.stringify({ id, type: "charge.succeeded", created: 1_770_000_000, data: { object: { id: "ch_1", amount: 990 } } });
  const time = Math.floor(Date.now() / 1_000);
  const signature = createHmac("sha256", SECRET).update(`${time}.${body}`).digest("hex");
  return JSON.stringify({ body, headers: { "stripe-signature": `t=${time},v1=${signature}` } });
}

/** Runs a program of the page beside the servers of this run. */
async function output(name: string): Promise<string> {
  const database = new URL(server("POSTGRES_URL"));
  database.searchParams.set("options", `-c search_path=${SCHEMA}`);
  const child = spawn(server("MODERN_NODE"), [join(FOLDER, "built", `run-${name}`)], {
    env: {
      ...process.env,
      NODE_TEST_CONTEXT: undefined,
      WEBHOOK_SECRET: SECRET,
      DELIVERY: delivery(`evt_${name}`),
      DATABASE: join(FOLDER, `${name}.db`),
      POSTGRES_URL: database.href,
      REDIS_URL: server("REDIS_URL"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  return text;
}

const ONCE = '[{"status":"applied","httpStatus":200},{"status":"duplicate","httpStatus":200}]\n';

test("docs/inbox.md: sqlite.mjs applies an event once", async () => {
  assert.equal(await output("sqlite.mjs"), ONCE);
});

test("docs/inbox.md: sqlite-wasm.mjs applies an event once, whole, also over the lock of a killed process", async () => {
  const file = join(FOLDER, "sqlite-wasm.mjs.db");
  mkdirSync(`${file}.lock`);
  assert.equal(await output("sqlite-wasm.mjs"), ONCE);
  const { Database } = createRequire(join(ROOT, "pkg/package.json"))("node-sqlite3-wasm") as {
    Database: new (path: string) => { all(sql: string): unknown; close(): void };
  };
  const database = new Database(file);
  assert.deepEqual(database.all("SELECT * FROM sales"), [{ charge: "ch_1", amount: 990 }]);
  database.close();
});

test("docs/inbox.md: postgres.mjs applies an event once, in the same transaction as the sale", async () => {
  const client = new pg.Client({ connectionString: server("POSTGRES_URL") });
  await client.connect();
  try {
    await client.query(`CREATE SCHEMA ${SCHEMA}; CREATE TABLE ${SCHEMA}.sales (charge text, amount int)`);
    assert.equal(await output("postgres.mjs"), ONCE);
    assert.deepEqual((await client.query(`SELECT * FROM ${SCHEMA}.sales`)).rows, [{ charge: "ch_1", amount: 990 }]);
  } finally {
    await client.end();
  }
});

test("docs/inbox.md: redis.mjs applies an event once", async () => {
  const redis = new Redis(server("REDIS_URL"));
  try {
    assert.equal(await output("redis.mjs"), ONCE);
    assert.deepEqual(await redis.smembers("sales"), ["stripe-v1/evt_redis.mjs"]);
  } finally {
    await redis.quit();
  }
});

test("docs/inbox.md: the migration on the page is the one that is run", () => {
  const [, shown = ""] = /^```sql\n([^]*?)^```$/m.exec(page) ?? [];
  assert.equal(shown, postgresMigrations().map((statement) => `${statement};\n`).join(""));
});

test("docs/inbox.md: no block of code goes without a test", () => {
  assert.deepEqual([...programs.keys()], ["sqlite.mjs", "sqlite-wasm.mjs", "postgres.mjs", "redis.mjs"]);
  assert.equal((page.match(/^```/gm) ?? []).length, 2 * (programs.size + 1));
});
