import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import pg from "pg";

import { PostgresLedger } from "../../pkg/src/ledger/postgres.js";
import { server } from "./servers.js";

const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/ledger-postgres-docs");
const page = readFileSync(join(ROOT, "docs/ledger-postgres.md"), "utf8");

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

test("shop.mjs of the page posts in the transaction of an order, and its books hold", async () => {
  const [, code = ""] = /^```js shop\.mjs\n([^]*?)^```$/m.exec(page) ?? [];
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  symlinkSync(join(ROOT, "tests/services/node_modules"), join(FOLDER, "node_modules"));
  writeFileSync(join(FOLDER, "shop.mjs"), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [join(FOLDER, "shop.mjs")], outdir: join(FOLDER, "built"), external: ["pg"] });
  const schema = `docs_${process.pid}`;
  const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 1 });
  await pool.query(`CREATE SCHEMA ${schema}`);
  await pool.end();
  const url = `${server("POSTGRES_URL")}?options=-csearch_path%3D${schema}`;
  const { stdout, stderr } = spawnSync(process.execPath, [join(FOLDER, "built/shop.mjs")], { encoding: "utf8", env: { ...process.env, DATABASE_URL: url } });
  assert.equal(stdout, "created 10000n\nthe books hold 1\n", stderr);
});

test("the page names every method of the books", () => {
  const methods = Object.getOwnPropertyNames(PostgresLedger.prototype).filter((name) => name !== "constructor" && name !== "migrate");
  assert.deepEqual(methods.filter((name) => !page.includes(`\`${name}(`)), []);
});
