/**
 * `make package`: pkg/tillproof.tgz from the sources, and everything that is checked about it.
 *
 * Invariant: the tarball holds what the staging folder was given here and nothing else, and packing it twice gives
 * the same bytes.
 */

import { createHash } from "node:crypto";
import {
  chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";

import { at, Failure, main, run } from "./command.mjs";
import { ARTEFACTS, CLI, exportsField, SIDE_EFFECTS } from "./entries.mjs";
import { buildJavaScript, filesBelow } from "./javascript.mjs";
import { checkPackage } from "./package-checks.mjs";
import { NOTICES, SBOM } from "./shipped.mjs";
import { ensureNpm, ensureRust } from "./tools.mjs";
import { buildWasm } from "./wasm.mjs";

const STAGE = at("target/package");

/** Where the package lies once it is built. */
export const TARBALL = at("pkg/tillproof.tgz");

/**
 * The drivers a merchant may bring, from the version on that has what is called. Each is optional, and none is in
 * pkg/package.json, where npm would want them in the lock file of our own tools.
 */
const DRIVERS = {
  "@upstash/redis": ">=1.34",
  "better-sqlite3": ">=11",
  bullmq: ">=5",
  ioredis: ">=5",
  "node-sqlite3-wasm": ">=0.8",
  pg: ">=8",
  "pg-boss": ">=12.34",
  postgres: ">=3.4",
  redis: ">=4",
};

/** Builds the tarball. */
export async function buildPackage() {
  await ensureRust();
  await ensureNpm();
  await buildWasm();
  await buildJavaScript();
  stage();
  const first = await pack();
  const second = await pack();
  if (first !== second) throw new Failure("packing the same folder twice gave different bytes");
  return first;
}

/** Puts together what is shipped. */
function stage() {
  rmSync(STAGE, { recursive: true, force: true });
  mkdirSync(join(STAGE, "wasm"), { recursive: true });
  for (const folder of ["dist", "demo"]) cpSync(at("pkg", folder), join(STAGE, folder), { recursive: true });
  for (const { name } of ARTEFACTS) {
    for (const form of ["wasm", "b64.js", "b64.cjs", "workerd.js"]) {
      copyFileSync(at("pkg/wasm", `${name}.${form}`), join(STAGE, "wasm", `${name}.${form}`));
    }
  }
  for (const form of ["full.js", "full.cjs", "short.js", "short.cjs"]) {
    copyFileSync(at("pkg/wasm", `refusals.${form}`), join(STAGE, "wasm", `refusals.${form}`));
  }
  // README leads to these pages, also for who reads it in node_modules.
  const filter = (path) => !/\.(?!md$|json$|yml$)[^./]+$/.test(path);
  cpSync(at("docs"), join(STAGE, "docs"), { recursive: true, filter });
  cpSync(at("pkg/sql"), join(STAGE, "sql"), { recursive: true });
  for (const document of ["README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "llms.txt", NOTICES, SBOM]) {
    if (existsSync(at(document))) copyFileSync(at(document), join(STAGE, basename(document)));
  }
  writeFileSync(join(STAGE, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
  // Modes depend on the umask of the machine; npm writes fixed times itself.
  const program = join(STAGE, "dist", `${CLI.name}.js`);
  for (const file of filesBelow(STAGE)) chmodSync(file, file === program ? 0o755 : 0o644);
}

/** pkg/package.json, without what only its own development needs, and with its entries and drivers. */
function manifest() {
  const { devDependencies: _, ...kept } = JSON.parse(readFileSync(at("pkg/package.json"), "utf8"));
  return {
    ...kept,
    main: "./dist/index.cjs",
    module: "./dist/index.js",
    types: "./dist/types/index.d.ts",
    bin: { tillproof: `dist/${CLI.name}.js` },
    exports: exportsField(),
    sideEffects: SIDE_EFFECTS,
    peerDependencies: DRIVERS,
    peerDependenciesMeta: Object.fromEntries(Object.keys(DRIVERS).map((name) => [name, { optional: true }])),
    files: ["dist", "wasm", "demo", "docs", "sql", "CHANGELOG.md", "SECURITY.md", "llms.txt", basename(NOTICES), basename(SBOM)],
  };
}

/** Packs the staging folder and returns the hash of the tarball. */
async function pack() {
  const { name, version } = manifest();
  await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", at("target")], { cwd: STAGE });
  renameSync(at("target", `${name}-${version}.tgz`), TARBALL);
  return createHash("sha256").update(readFileSync(TARBALL)).digest("hex");
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const hash = await buildPackage();
    const { failed } = await checkPackage(TARBALL);
    console.log(`pkg/tillproof.tgz  sha256 ${hash}`);
    if (failed > 0) throw new Failure(`${failed} checks of the package failed`);
  });
}
