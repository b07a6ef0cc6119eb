import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { Redis } from "ioredis";
import pg from "pg";

import { redisOverHttp, type Bridge } from "./redis-over-http.mjs";
import { server } from "./servers.js";

/**
 * The files of docs/stores, each tried by the program of docs/stores/README.md. That of IndexedDB runs in a browser
 * (tests/packaging/indexeddb), that of bun:sqlite in Bun (tests/frameworks/heavy).
 */
const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/stores-docs");
const PAGES = ["docs/stores/README.md", "docs/stores/memory.md", "docs/stores/sqlite.md", "docs/stores/postgres.md", "docs/stores/redis.md"];
const ELSEWHERE = ["bun-sqlite.mjs"];
const DRIVERS = ["pg", "postgres", "ioredis", "redis", "@upstash/redis", "better-sqlite3", "node-sqlite3-wasm"];

/** What a file prints at its first try and at its second. */
const KEPT = ["applied duplicate\n", "duplicate duplicate\n"] as const;
const FORGOTTEN = ["applied duplicate\n", "applied duplicate\n"] as const;

const programs = new Map<string, string>();
for (const page of PAGES) {
  const text = readFileSync(join(ROOT, page), "utf8");
  for (const [, name = "", code = ""] of text.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)) if (!ELSEWHERE.includes(name)) programs.set(name, code);
}

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

const redis = new Redis(server("REDIS_URL"));
let bridge: Bridge;

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(join(ROOT, "tests/services/node_modules"), join(FOLDER, "node_modules"));
  for (const [name, code] of programs) writeFileSync(join(FOLDER, name), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [...programs.keys()].map((name) => join(FOLDER, name)), outdir: join(FOLDER, "built"), external: DRIVERS });
  bridge = await redisOverHttp(redis, "token");
});

after(async () => {
  await bridge?.close();
  await redis.quit();
});

/** A program with a store of its own to keep its records in. */
async function tried(name: string, variables: Record<string, string | undefined>): Promise<string> {
  const { status, stdout, stderr } = await ran(["try.mjs", name], variables);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** The bundled program, in its folder, with what the page says in the environment. */
function ran([program = "", file]: [string, string?], variables: Record<string, string | undefined>): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const built = join(FOLDER, "built");
  const child = spawn(server("MODERN_NODE"), [join(built, program), ...(file === undefined ? [] : [join(built, file)])], {
    env: { ...process.env, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, stdout, stderr })));
}

/** A database of PostgreSQL for one program. */
async function database(name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server("POSTGRES_URL") });
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${name}`);
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return Object.assign(new URL(server("POSTGRES_URL")), { pathname: `/${name}` }).href;
}

/** A numbered database of Redis for one program, empty. */
async function numbered(number: number): Promise<string> {
  const url = Object.assign(new URL(server("REDIS_URL")), { pathname: `/${number}` }).href;
  const client = new Redis(url);
  await client.flushdb();
  await client.quit();
  return url;
}

const overHttp = async (): Promise<Record<string, string>> => {
  await redis.select(4);
  await redis.flushdb();
  return { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: "token" };
};

const STORES: readonly (readonly [name: string, says: readonly [string, string], variables: () => Promise<Record<string, string>>])[] = [
  ["memory.mjs", FORGOTTEN, async () => ({})],
  ["node-sqlite.mjs", KEPT, async () => ({ DATABASE: join(FOLDER, "node.db") })],
  ["better-sqlite3.mjs", KEPT, async () => ({ DATABASE: join(FOLDER, "better.db") })],
  ["sqlite3-wasm.mjs", KEPT, async () => ({ DATABASE: join(FOLDER, "wasm.db") })],
  ["pg.mjs", KEPT, async () => ({ DATABASE_URL: await database("docs_pg") })],
  ["postgres-js.mjs", KEPT, async () => ({ DATABASE_URL: await database("docs_postgres_js") })],
  ["ioredis.mjs", KEPT, async () => ({ REDIS_URL: await numbered(2) })],
  ["node-redis.mjs", KEPT, async () => ({ REDIS_URL: await numbered(3) })],
  ["upstash.mjs", KEPT, overHttp],
];

for (const [name, [first, second], variables] of STORES) {
  test(`docs/stores: ${name} ${second === first ? "forgets" : "remembers"}`, async () => {
    const env = await variables();
    assert.equal(await tried(name, env), first);
    assert.equal(await tried(name, env), second);
  });
}

test("docs/stores/postgres.md: migrations.mjs prints what makes the table", async () => {
  const { status, stdout, stderr } = await ran(["migrations.mjs"], {});
  assert.equal(status, 0, stderr);
  const client = new pg.Client({ connectionString: await database("docs_migrations") });
  await client.connect();
  try {
    await client.query(stdout);
    assert.deepEqual((await client.query("SELECT * FROM tillproof_records")).rows, []);
  } finally {
    await client.end();
  }
});

test("every file of these pages is tried here, in a browser or in Bun", () => {
  assert.deepEqual([...programs.keys()].sort(), [...STORES.map(([name]) => name), "try.mjs", "migrations.mjs"].sort());
});
