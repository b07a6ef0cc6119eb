/** The doctor's look at stores, on real servers and through each driver it knows. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Redis } from "ioredis";
import pg from "pg";

import type { Finding } from "../../pkg/src/cli/doctor/finding.js";
import { checkStore } from "../../pkg/src/cli/doctor/store.js";
import { postgresMigrations } from "../../pkg/src/stores/postgres.js";
import { server } from "./servers.js";

const POSTGRES = server("POSTGRES_URL");
/** The cluster: the settings of the other server are what tests beside this one rely on, and one of them looks at them. */
const REDIS = server("REDIS_CLUSTER_URL");
const SCHEMA = "doctor_looks";

const client = new pg.Client({ connectionString: POSTGRES });
const redis = new Redis(REDIS);
await client.connect();
await client.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}; SET search_path TO ${SCHEMA}`);
const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "tillproof-"));
after(async () => {
  process.chdir(home);
  await client.query(`DROP SCHEMA ${SCHEMA} CASCADE`);
  await client.end();
  redis.disconnect();
  rmSync(folder, { recursive: true, force: true });
});

/** The folder of a shop that has one driver installed. */
function shopWith(driver: string): string {
  const shop = join(folder, driver);
  mkdirSync(join(shop, "node_modules"), { recursive: true });
  const modules = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
  symlinkSync(join(modules, driver), join(shop, "node_modules", driver));
  assert.ok(createRequire(join(shop, "package.json")).resolve(driver));
  return shop;
}

const told = (findings: readonly Finding[]): string[] => findings.map(({ standing, found }) => `${standing}: ${found}`);

/** The server's address, where unqualified names are those of the schema. */
function inSchema(parameter: string, value: string): string {
  const url = new URL(POSTGRES);
  url.searchParams.set(parameter, value);
  return url.href;
}

test("PostgreSQL: the table, its version and the settings, through both drivers", async () => {
  const drivers = [
    ["pg", inSchema("options", `-c search_path=${SCHEMA}`)],
    ["postgres", inSchema("search_path", SCHEMA)],
  ] as const;
  for (const [driver, address] of drivers) {
    process.chdir(shopWith(driver));
    await client.query("DROP TABLE IF EXISTS tillproof_records");
    const [none] = await checkStore("store", address);
    assert.deepEqual([none?.standing, none?.found], ["broken", "PostgreSQL answers, and has no table tillproof_records"], driver);
    assert.match(none?.fix ?? "", /await store\.migrate\(\)/);

    for (const statement of postgresMigrations()) await client.query(statement);
    const found = told(await checkStore("store", address));
    assert.equal(found[0], "fine: PostgreSQL answers, and tillproof_records is of this version", driver);
    assert.match(found[1] ?? "", /synchronous_commit is \w+|fsync is/, driver);

    await client.query("ALTER TABLE tillproof_records DROP COLUMN expires_at");
    const [old] = await checkStore("store", address);
    assert.match(old?.found ?? "", /of an earlier version: it has no expires_at/, driver);
    // What it says to do is what helps.
    await client.query(/^(ALTER TABLE .*), and then/.exec(old?.fix ?? "")?.[1] ?? "");
    for (const statement of postgresMigrations()) await client.query(statement);
    assert.equal((await checkStore("store", address))[0]?.standing, "fine", driver);
  }
});

test("PostgreSQL: a refusal of the server is told without the password", async () => {
  process.chdir(join(folder, "pg"));
  const url = new URL(POSTGRES);
  url.password = "geheim";
  url.pathname = "/no_such_database";
  const [refused] = await checkStore("store", url.href);
  assert.equal(refused?.standing, "broken");
  assert.match(refused?.found ?? "", /^cannot be used: /);
  assert.doesNotMatch(JSON.stringify(refused), /geheim/);
});

/** A setting, what is wrong with it, what it was, and what is said. */
const SETTINGS = [
  ["maxmemory-policy", "allkeys-lru", "noeviction", /^broken: maxmemory-policy is allkeys-lru: an evicted claim is applied again$/],
  ["appendfsync", "everysec", "always", /^doubtful: appendonly is yes and appendfsync everysec: a crash takes back/],
] as const;

test("Redis: what it keeps and what it evicts, through both clients", async () => {
  for (const driver of ["ioredis", "redis"]) {
    process.chdir(shopWith(driver));
    const fine = ["fine: Redis answers; it needs no tables", "fine: appendonly with appendfsync always, nothing is evicted"];
    assert.deepEqual(told(await checkStore("store", REDIS)), fine, driver);
    // No memory limit is set, so that nothing is evicted meanwhile from under other tests.
    for (const [setting, value, kept, lasting] of SETTINGS) {
      await redis.config("SET", setting, value);
      const found = told(await checkStore("store", REDIS));
      await redis.config("SET", setting, kept);
      assert.match(found[1] ?? "", lasting, driver);
    }
  }
});
