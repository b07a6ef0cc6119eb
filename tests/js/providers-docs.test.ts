import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { createPayments } from "../../pkg/src/payments/index.js";
import type { ProfileDocument } from "../../pkg/src/payments/profiles.js";
import * as rules from "../../pkg/src/shell/payments-tables-parts.js";
import { provideProfileCheck } from "../../pkg/src/shell/profile-check.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

const ROOT = process.cwd();
const FOLDER = join(ROOT, "target/providers-docs");
const page = readFileSync(join(ROOT, "docs/providers.md"), "utf8");

/** scripts/pages.mjs, which has no types. */
interface Pages {
  buildPrograms(of: { entryPoints: string[]; outdir: string; external?: string[] }): Promise<void>;
}

test("docs/providers.md: profiles.mjs prints what the comment below it says", async () => {
  const [, code = ""] = /^```js profiles\.mjs\n([^]*?)^```$/m.exec(page) ?? [];
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "profiles.mjs"), code);
  const { buildPrograms } = (await import(pathToFileURL(join(ROOT, "scripts/pages.mjs")).href)) as Pages;
  await buildPrograms({ entryPoints: [join(FOLDER, "profiles.mjs")], outdir: join(FOLDER, "built") });
  const { stdout, stderr } = spawnSync(process.execPath, [join(FOLDER, "built/profiles.mjs")], { encoding: "utf8" });
  assert.equal(stderr, "");
  const [, said = ""] = /^\/\/ (.*) …" \}$/m.exec(code) ?? [];
  const plain = (text: string): string => text.replaceAll(/['"]/g, "").replaceAll(/\s+/g, " ");
  assert.ok(said.length > 40 && plain(stdout).startsWith(plain(said)), stdout);
});

test("docs/providers.md: the profile of one's own is taken as it stands there", () => {
  provideProfileCheck(rules);
  const [, text = ""] = /^```json\n([^]*?)^```$/m.exec(page) ?? [];
  const profile = JSON.parse(text) as ProfileDocument;
  const options = (given: ProfileDocument) => ({
    provider: { profile: given, baseUrl: "https://gateway.example", merchantId: "shop" },
    store: memoryStore(),
    secret: "a secret of sixteen bytes or more",
  });
  createPayments(options(profile)).close();
  // The rules are there: without its answers the same document is refused.
  assert.throws(() => createPayments(options({ ...profile, answers: [] })), { code: "profile_invalid" });
});
