/**
 * Rust to wasm and its JavaScript glue, in pkg/wasm.
 *
 * Invariant: the same commit gives the same bytes on every machine: paths of the machine are mapped away, and compiler,
 * wasm-bindgen and optimiser are pinned.
 */

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { at, outputOf, ROOT, run } from "./command.mjs";
import { ARTEFACTS } from "./entries.mjs";
import { ensureWasmBindgen, npmBin } from "./tools.mjs";

const TARGET = "wasm32-unknown-unknown";
const OUT = at("pkg/wasm");

/** Builds every artefact. */
export async function buildWasm() {
  const bindgen = join(await ensureWasmBindgen(), "wasm-bindgen");
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  for (const artefact of ARTEFACTS) await buildArtefact(artefact, bindgen);
}

async function buildArtefact({ name, features }, bindgen) {
  await run("cargo", [
    "build", "--quiet", "--lib", "--release", "--locked", "--target", TARGET, "--no-default-features",
    "--features", features, "--config", remappedPaths(),
  ]);
  // Cargo writes each artefact to the same path, so it is taken away before the next one.
  const compiled = at("target", `${name}.wasm`);
  copyFileSync(at("target", TARGET, "release", "tillproof.wasm"), compiled);
  await run(bindgen, [
    compiled, "--target", "web", "--out-dir", OUT, "--out-name", name,
    "--omit-default-module-path", "--experimental-reset-state-function",
    "--remove-name-section", "--remove-producers-section",
  ]);
  // No feature flags: the target_features section decides, and --all-features gives files Node 20 rejects.
  const bound = join(OUT, `${name}_bg.wasm`);
  const optimised = join(OUT, `${name}.wasm`);
  await run(process.execPath, [npmBin("wasm-opt"), "-Oz", bound, "-o", optimised]);
  rmSync(bound);
  rmSync(join(OUT, `${name}_bg.wasm.d.ts`));
  writeSources(name, readFileSync(optimised));
}

/** The forms in which runtimes take the bytes; which one is decided by `imports` in package.json. */
function writeSources(name, bytes) {
  const base64 = bytes.toString("base64");
  writeFileSync(join(OUT, `${name}.b64.js`), `export default "${base64}";\n`);
  writeFileSync(join(OUT, `${name}.b64.cjs`), `module.exports = "${base64}";\n`);
  // Its own file, because wrangler recognises a wasm module by the specifier and not by what it resolves to.
  writeFileSync(join(OUT, `${name}.workerd.js`), `export { default } from "./${name}.wasm";\n`);
}

/**
 * Panic messages name source files. Neither the home folder of who built them may stand there, nor the place of the
 * standard library's sources, which the compiler puts in where the component `rust-src` happens to be installed.
 */
function remappedPaths() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const library = join(outputOf("rustc", ["--print", "sysroot"]), "lib/rustlib/src/rust");
  const commit = /^commit-hash: (.+)$/m.exec(outputOf("rustc", ["--version", "--verbose"]))?.[1];
  const places = [[cargoHome, "/cargo"], [ROOT, "/tillproof"], [library, `/rustc/${commit}`]];
  const flags = places.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  return `target.${TARGET}.rustflags=${JSON.stringify(flags)}`;
}
