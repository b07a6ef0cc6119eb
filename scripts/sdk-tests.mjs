/**
 * tests/sdk: the official clients of providers, as npm has them, over `createFetch` and against the simulator.
 *
 * Invariant: the packages are loaded as merchants load them. Only Mollie's is bundled, with another `fetch` in the place
 * of the one it imports, since that is the way docs/create-fetch.md shows for it.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { at, run } from "./command.mjs";
import { esbuild } from "./javascript.mjs";

const SOURCES = at("tests/sdk");
const BUNDLES = at("target/sdk");
const BUNDLED = "@mollie/api-client";

/** Bundles the tests below tests/sdk into target/sdk; gives the paths of what came out. */
export async function buildSdkTests() {
  await ensurePackages();
  rmSync(BUNDLES, { recursive: true, force: true });
  mkdirSync(BUNDLES, { recursive: true });
  symlinkSync(join(SOURCES, "node_modules"), join(BUNDLES, "node_modules"));
  const packages = Object.keys(JSON.parse(readFileSync(join(SOURCES, "package.json"), "utf8")).dependencies);
  await esbuild().build({
    entryPoints: filesIn(SOURCES, ".test.ts"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: packages.filter((name) => name !== BUNDLED),
    mainFields: ["module", "main"],
    alias: { "node-fetch": join(SOURCES, "node-fetch.ts") },
    outdir: BUNDLES,
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    logLevel: "warning",
  });
  return filesIn(BUNDLES, ".mjs");
}

/** Files of such an ending in a folder and in the folders of it that hold our own, by name. */
function filesIn(folder, ending) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesIn(path, ending);
      return entry.name.endsWith(ending) ? [path] : [];
    })
    .sort();
}

async function ensurePackages() {
  const lock = createHash("sha256").update(readFileSync(join(SOURCES, "package-lock.json"))).digest("hex");
  const stamp = join(SOURCES, "node_modules", ".tillproof-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: SOURCES });
  writeFileSync(stamp, lock);
}
