/** What has to hold before a version is published, and that it cannot be published without provenance. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";

import { at } from "../../scripts/command.mjs";

const folders = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const MANIFEST = { name: "tillproof", version: "1.2.3", repository: { url: "https://example.invalid/tillproof.git" } };

/** A repository of one commit, in which only the script is ours. */
function repository({ manifest = MANIFEST, tags = ["v1.2.3"], changelog = "## [1.2.3] - 2027-01-01\n", dirty = false }) {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-release-"));
  folders.push(folder);
  mkdirSync(join(folder, ".ci"));
  mkdirSync(join(folder, "pkg"));
  copyFileSync(at(".ci/publish"), join(folder, ".ci/publish"));
  writeFileSync(join(folder, "pkg/package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "CHANGELOG.md"), changelog);
  const git = (...args) => {
    const { status, stderr } = spawnSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.invalid", ...args], { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, stderr);
  };
  git("init", "--quiet");
  git("add", "-A");
  git("commit", "--quiet", "-m", "Begin");
  for (const tag of tags) git("tag", tag);
  if (dirty) writeFileSync(join(folder, "stray"), "");
  return folder;
}

for (const [words, state, expected] of [
  ["a clean commit with its tag may be published", {}, undefined],
  ["a changed work tree may not", { dirty: true }, /the work tree has changes/],
  ["a commit without a tag may not", { tags: [] }, /no tag v1\.2\.3/],
  ["a commit with the tag of another version may not", { tags: ["v1.2.4"] }, /no tag v1\.2\.3/],
  ["a commit with two tags may not", { tags: ["v1.2.3", "v1.2.4"] }, /another one beside it/],
  ["a version without a section in the changelog may not", { changelog: "## [Unreleased]\n" }, /no section \[1\.2\.3\]/],
  ["a manifest without a repository may not", { manifest: { ...MANIFEST, repository: undefined } }, /names no repository/],
]) {
  test(words, () => {
    const { status, stderr } = spawnSync(".ci/publish", ["--check"], { cwd: repository(state), encoding: "utf8" });
    assert.equal(status, expected === undefined ? 0 : 1, stderr);
    assert.match(stderr, expected ?? /^$/);
  });
}

test("what is published has provenance, wherever it is published from", () => {
  const { publishConfig } = JSON.parse(readFileSync(at("pkg/package.json"), "utf8"));
  assert.deepEqual(publishConfig, { access: "public", provenance: true });
});

test("the runner lends an identity for a tag, and no secret", () => {
  const text = readFileSync(at(".github/workflows/publish.yml"), "utf8");
  const { on, permissions, jobs } = parse(text);
  assert.deepEqual(on, { push: { tags: ["v*"] } });
  assert.deepEqual(permissions, { contents: "read", "id-token": "write" });
  assert.equal(jobs.publish.steps.at(-1).run, ".ci/publish");
  assert.doesNotMatch(text, /secrets\./);
});
