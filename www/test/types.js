// The sources of the page, held against the types of the package as it is shipped.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

test("the sources type-check against the packed package", () => {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "--project", "."], { cwd: join(import.meta.dirname, ".."), encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
