// The declarations as compilers with every check switched on see them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const SETTINGS = [
  ["node16 and CommonJS or ES modules by extension", ["--module", "node16", "--moduleResolution", "node16"], ["consumer.mts", "consumer.cts"]],
  ["a bundler", ["--module", "esnext", "--moduleResolution", "bundler"], ["consumer.mts"]],
];

for (const [name, settings, files] of SETTINGS) {
  test(`the declarations compile without skipLibCheck for ${name}`, () => {
    const args = [
      "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "false", "--exactOptionalPropertyTypes",
      "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", "node", ...settings, ...files,
    ];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(stdout, "");
    assert.equal(status, 0);
  });
}
