/** The store in SQLite on the driver that only Bun has. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
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
