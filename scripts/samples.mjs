/**
 * Projects as merchants have them, in which the packed tarball is installed and tried.
 *
 * Invariant: a sample sees the package only as npm unpacked it, without install scripts, in a folder of its own, so
 * that nothing can be found by accident in the repository.
 */

import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { at, run } from "./command.mjs";
import { TARBALL } from "./package.mjs";

/** The page: what it is built with, what of it is shipped, and what its tests drive it with. */
export const WWW = {
  name: "www",
  test: "page.test.js",
  tools: ["vite", "typescript", "preact", "preact-render-to-string", "comlink", "uplot", "puppeteer-core", "axe-core"],
  browser: true,
  firefox: true,
  project: "www",
};

/**
 * `test` is the file node runs, or several, `tools` are packages of ours it needs, `browser` says that it drives Chromium,
 * `firefox` that it drives Firefox as well, and `project` is where its sources are when they are not in tests/packaging.
 */
export const SAMPLES = [
  { name: "node-esm", test: ["sample.test.js", "threads.test.js"], tools: [] },
  { name: "node-cjs", test: "sample.test.cjs", tools: [] },
  { name: "bundled", test: "sample.test.js", tools: ["esbuild"] },
  { name: "types", test: "sample.test.js", tools: ["typescript", "@types/node"] },
  { name: "vite", test: "drive.test.js", tools: ["vite", "puppeteer-core"], browser: true },
  { name: "indexeddb", test: "drive.test.js", tools: ["vite", "puppeteer-core"], browser: true },
  WWW,
];

/** Copies a sample out of the repository, installs the tarball there and returns the folder. */
export async function installSample({ name, tools, project }) {
  const folder = at("target/samples", name);
  await installInto(folder, at(project ?? `tests/packaging/${name}`));
  for (const tool of tools) borrow(folder, tool);
  return folder;
}

/** Copies a project to a fresh folder, which without one is empty, and installs the tarball there. */
export async function installInto(folder, project) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (project !== undefined) cpSync(project, folder, { recursive: true });
  else writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", [
    "install", "--silent", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund",
    TARBALL,
  ], { cwd: folder });
}

/** Installs what the demo needs in target/demo and returns the installed program. */
export async function installDemo() {
  const folder = at("target/demo");
  await installInto(folder);
  // The database of the demo: the one SQLite that also serves Node 20.
  borrow(folder, "node-sqlite3-wasm");
  return { folder, program: join(folder, "node_modules/.bin/tillproof") };
}

/** Gives a sample one of our own pinned development tools; its dependencies are found beside the original. */
export function borrow(folder, tool) {
  const target = join(folder, "node_modules", tool);
  mkdirSync(join(target, ".."), { recursive: true });
  symlinkSync(at("pkg/node_modules", tool), target);
}
