/** The store in SQLite on the driver that only Bun has. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { HERE, installed } from "./build.mjs";

test("bun:sqlite keeps every promise of the contract of stores", () => {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-bun-"));
  try {
    const bun = installed(`@oven/bun-${process.platform}-${process.arch}/bin/bun`);
    const { status, stdout, stderr } = spawnSync(bun, [join(HERE, "conformance.mjs"), folder], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const { count, broken } = JSON.parse(stdout);
    assert.deepEqual(broken, []);
    assert.ok(count >= 30, `${count} checks`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A file of a page of docs/stores, as the package ships it. */
const paste = (page, file) => {
  const text = readFileSync(join(HERE, "node_modules/tillproof/docs/stores", page), "utf8");
  const found = [...text.matchAll(/^```js (\S+)\n([^]*?)^```$/gm)].find(([, name]) => name === file);
  assert.ok(found, `${page} has no block for ${file}`);
  return found[2];
};

test("docs/stores/sqlite.md: bun-sqlite.mjs remembers", () => {
  // Beside the packages, where its imports are found.
  const folder = mkdtempSync(join(HERE, "bun-store-"));
  try {
    writeFileSync(join(folder, "bun-sqlite.mjs"), paste("sqlite.md", "bun-sqlite.mjs"));
    writeFileSync(join(folder, "try.mjs"), paste("README.md", "try.mjs"));
    const bun = installed(`@oven/bun-${process.platform}-${process.arch}/bin/bun`);
    for (const expected of ["applied duplicate\n", "duplicate duplicate\n"]) {
      const { stdout, stderr } = spawnSync(bun, ["try.mjs", join(folder, "bun-sqlite.mjs")], { cwd: folder, encoding: "utf8" });
      assert.equal(stdout, expected, stderr);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
