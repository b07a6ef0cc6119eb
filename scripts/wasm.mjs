/**
 * Rust to wasm and its JavaScript glue, in pkg/wasm.
 *
 * Invariant: the same commit gives the same bytes on every machine: paths of the machine are mapped away, and compiler,
 * wasm-bindgen and optimiser are pinned.
 */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { at, Failure, outputOf, ROOT, run } from "./command.mjs";
import { ARTEFACTS } from "./entries.mjs";
import { squeeze } from "./squeeze.mjs";
import { ensureWasmBindgen, npmBin } from "./tools.mjs";

const TARGET = "wasm32-unknown-unknown";
const OUT = at("pkg/wasm");
/**
 * Level "z" is 7 % smaller than "s"; the hash functions, where time is spent, have their own level in Cargo.toml. The
 * threshold is above what "z" stands for: functions that are small anyway cost less in place than their call. Also 13 %
 * faster.
 */
const SMALL = { level: "z", inline: 12 };
/**
 * For a row with a budget that is hard to keep: nothing is put in place of its call, neither by the compiler nor, where
 * it is called once, by the optimiser (a function of many parts has many locals, and names them in two bytes instead of
 * one), and SHA-256 is a loop instead of SIMD, for the few short texts that are hashed there. What comes twice stays twice:
 * deflated, the second costs less than a local to keep the first in; and so do zeros between data (see below).
 */
const COMPACT = { level: "z", inline: 5, cfg: ['sha2_backend="soft"', 'sha2_backend_soft="compact"'], once: 20, passes: ["--skip-pass=memory-packing", "--skip-pass=local-cse"] };
/**
 * For a row without glue: as above, but for the hashes, which take half of their time so, and tiny functions. Zeros between
 * data stay: deflated they are nothing, and the places of many small pieces are not.
 */
const BARE = { ...SMALL, once: 20, passes: ["--skip-pass=memory-packing"] };
/** Bytes of stack of such a row: what stands behind it has addresses of three bytes instead of four. */
const SMALL_STACK = 65_536;
/** For a row that says so, which may also have a `level`, an `inline` and a `once` of its own: a claim takes two thirds of the time, for 5 % of size. */
const FAST = { level: "s", inline: 50 };

/** Builds every artefact. */
export async function buildWasm() {
  const bindgen = join(await ensureWasmBindgen(), "wasm-bindgen");
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  for (const artefact of ARTEFACTS) await buildArtefact(artefact, bindgen);
  await writeTables();
  await writeSentences();
  writeProfiles();
}

/** The exports of an artefact that was built just now. */
async function started(name) {
  const glue = await import(pathToFileURL(join(OUT, `${name}.js`)).href);
  glue.initSync({ module: new WebAssembly.Module(readFileSync(join(OUT, `${name}.wasm`))) });
  return glue;
}

/** What the wordless artefacts behind a payment leave to the shell: a sentence for each code. */
export async function writeSentences() {
  const { payments_sentences: table } = await started("payments-tables");
  const { ok: sentences } = JSON.parse(Buffer.from(table()).toString());
  writeFileSync(join(OUT, "payments.sentences.js"), `export const sentences = ${JSON.stringify(sentences)};\n`);
  writeFileSync(join(OUT, "payments.sentences.d.ts"), "export const sentences: Readonly<Record<string, string>>;\n");
}

/**
 * What the crate says about its schemes and its refusals, as JavaScript: the small artefact carries none of it, and a
 * bundler leaves out the module that is not asked for.
 */
async function writeTables() {
  const { webhooks_tables: answer } = await started("webhooks-full");
  const { ok: tables } = JSON.parse(Buffer.from(answer()).toString());
  const camelCase = (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase()), value]));
  const module = (name, values, types) => {
    const exports = Object.entries(values).map(([key, value]) => `export const ${key} = ${JSON.stringify(value)};\n`);
    writeFileSync(join(OUT, `webhooks.${name}.js`), exports.join(""));
    const declarations = Object.keys(values).map((key) => `export const ${key}: ${types};\n`);
    writeFileSync(join(OUT, `webhooks.${name}.d.ts`), declarations.join(""));
  };
  const info = 'readonly import("../src/webhooks/schemes.js").SchemeInfo[]';
  // As a text, which is read in passing: objects would be made at the start of every server, and few ask for them.
  const rows = JSON.stringify(tables.schemes.map(camelCase)).replaceAll(/[\\']/g, "\\$&");
  writeFileSync(join(OUT, "webhooks.schemes.js"), `export const rows = () => JSON.parse('${rows}');\n`);
  writeFileSync(join(OUT, "webhooks.schemes.d.ts"), `export const rows: () => ${info};\n`);
  const { refusals, reasons, expected, items, only_full: onlyFull } = tables;
  writeRefusals({ refusals, reasons });
  module("expected", { expected }, "readonly string[]");
  module("only-full", { onlyFull }, "readonly string[]");
  const windows = {};
  for (const { name, retry_window_hours: hours } of tables.schemes) (windows[hours] ??= []).push(name);
  const byHours = Object.entries(windows).map(([hours, names]) => [Number(hours), ...names]);
  module("windows", { windows: byHours }, "readonly (readonly [hours: number, ...schemes: string[]])[]");
  module("items", { items }, "readonly (readonly [scheme: string, list: string, ...member: string[]])[]");
}

/**
 * What is said of a refusal, in the two forms of `#sentences`: whole for servers; for bundles, which count bytes, the code
 * in words and what stands in the braces under its name.
 */
function writeRefusals(tables) {
  const tablesOf = (written) => Object.entries(tables).map(([name, lines]) => [name, written(lines)]);
  const short = (lines) => JSON.stringify(lines.map(([code, sentence]) => [code, ...[...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)].join(" ")).join());
  const forms = {
    full: ["", tablesOf(JSON.stringify)],
    short: [
      'const lines = (text) => text.split(",").map((line) => {\n' +
        '  const [code, ...names] = line.split(" ");\n' +
        '  return [code, code.replaceAll("_", " ") + names.map((name, index) => `${index ? "," : ":"} ${name} {${name}}`).join("")];\n' +
        "});\n",
      tablesOf((lines) => `/* @__PURE__ */ lines(${short(lines)})`),
    ],
  };
  for (const [form, [before, values]] of Object.entries(forms)) {
    writeFileSync(join(OUT, `refusals.${form}.js`), before + values.map(([name, value]) => `export const ${name} = ${value};\n`).join(""));
    writeFileSync(join(OUT, `refusals.${form}.d.ts`), 'export { reasons, refusals } from "#sentences";\n');
    writeFileSync(join(OUT, `refusals.${form}.cjs`), before + values.map(([name, value]) => `exports.${name} = ${value};\n`).join(""));
  }
}

/**
 * The provider profiles as JavaScript: what is decided by goes into every payment client, sources and dates only where
 * somebody asks for them. In wasm there is none of it: the engine is handed the profile it decides by.
 */
export function writeProfiles() {
  const folder = at("src/payments/profiles");
  const files = readdirSync(folder).filter((file) => file.endsWith(".json")).sort();
  const documents = files.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
  const decided = documents.map(({ sources, ...decided }) => decided);
  const sources = Object.fromEntries(documents.map(({ name, sources }) => [name, sources]));
  const module = (name, value, types) => {
    writeFileSync(join(OUT, `payments.${name}.js`), `export const ${name} = ${JSON.stringify(value)};\n`);
    writeFileSync(join(OUT, `payments.${name}.d.ts`), `export const ${name}: ${types};\n`);
  };
  const types = 'import("../src/payments/profiles.js")';
  module("profiles", decided, `readonly ${types}.ProfileDocument[]`);
  module("sources", sources, `Readonly<Record<string, ${types}.ProfileSources>>`);
}

async function buildArtefact({ name, features, fast, compact, bare, inline: more, level: own, once: least, pass = "-Oz" }, bindgen) {
  const { level, inline, cfg = [], once, passes = [] } = { ...(fast ? FAST : compact ? COMPACT : bare ? BARE : SMALL), ...(more && { inline: more }), ...(own && { level: own }), ...(least && { once: least }) };
  await run("cargo", [
    // As a cdylib alone: beside an rlib, Cargo silently leaves link-time optimisation out, a tenth of the size.
    "rustc", "--crate-type", "cdylib", "--quiet", "--lib", "--release", "--locked",
    "--target", TARGET, "--no-default-features", "--features", features, "--config", compilerFlags(inline, cfg, bare ? SMALL_STACK : undefined),
  ], { env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: level } });
  // Cargo writes each artefact to the same path, so it is taken away before the next one.
  const compiled = at("target", `${name}.wasm`);
  copyFileSync(at("target", TARGET, "release", "tillproof.wasm"), compiled);
  await run(bindgen, [
    compiled, "--target", "web", "--out-dir", OUT, "--out-name", name,
    "--omit-default-module-path", "--experimental-reset-state-function",
    "--remove-name-section", "--remove-producers-section",
  ]);
  // No feature flags: the target_features section decides, and --all-features gives files Node 20 rejects. Rust puts the
  // stack first, and nothing below it: whoever reached the lowest kilobyte would have overflown it.
  const bound = join(OUT, `${name}_bg.wasm`);
  if (bare) await strip(name, bound);
  const inlining = once === undefined ? [] : ["--one-caller-inline-max-function-size", String(once)];
  const optimised = join(OUT, `${name}.wasm`);
  await run(process.execPath, [npmBin("wasm-opt"), pass, "--converge", "--low-memory-unused", ...inlining, ...passes, bound, "-o", optimised]);
  rmSync(bound);
  rmSync(join(OUT, `${name}_bg.wasm.d.ts`));
  if (!bare) dropAsyncStart(name);
  await writeSources(name, readFileSync(optimised), bare);
}

/**
 * Leaves an artefact whose functions take and return numbers with nothing but those and its memory: wasm-bindgen's own
 * table and start would import from a glue that `pkg/src/shell/bare.ts` does without.
 */
async function strip(name, bound) {
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(bound))).map((entry) => entry.name);
  const kept = exports.filter((entry) => entry === "memory" || !entry.startsWith("__"));
  const graph = [{ name: "kept", root: true, reaches: kept }, ...kept.map((entry) => ({ name: entry, export: entry }))];
  const file = at("target", `${name}.exports.json`);
  writeFileSync(file, JSON.stringify(graph));
  await run(process.execPath, [npmBin("wasm-metadce"), "--graph-file", file, "--quiet", bound, "-o", bound]);
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(bound)));
  if (imports.length > 0) throw new Failure(`${name}.wasm needs ${imports[0].name} of JavaScript: a bare artefact has numbers alone`);
  rmSync(join(OUT, `${name}.js`));
  rmSync(join(OUT, `${name}.d.ts`));
}

/**
 * The glue's default export fetches and compiles a file, which the shell never does. The shell passes the glue on as a
 * whole, so that a bundler cannot see that it is unused.
 */
function dropAsyncStart(name) {
  for (const [file, pattern, instead] of [
    [`${name}.js`, /^export \{ initSync, __wbg_init as default \};$/m, "export { initSync };"],
    [`${name}.d.ts`, /^export default function __wbg_init[^;]*;$/m, ""],
  ]) {
    const text = readFileSync(join(OUT, file), "utf8");
    if (!pattern.test(text)) throw new Failure(`pkg/wasm/${file} does not export what wasm-bindgen used to export`);
    writeFileSync(join(OUT, file), text.replace(pattern, instead));
  }
}

/** The forms in which runtimes take the bytes; which one is decided by `imports` in package.json. */
export async function writeSources(name, bytes, bare) {
  const packed = bare ? await squeeze(bytes) : (await pack(bytes)).toString("base64");
  writeFileSync(join(OUT, `${name}.b64.js`), `export default "${packed}";\n`);
  writeFileSync(join(OUT, `${name}.b64.cjs`), `module.exports = "${packed}";\n`);
  // Its own file, because wrangler recognises a wasm module by the specifier and not by what it resolves to.
  writeFileSync(join(OUT, `${name}.workerd.js`), `export { default } from "./${name}.wasm";\n`);
}

/**
 * What `inflated` in pkg/src/shell/bytes.ts reads: the number of bytes, the lowest first, and their deflation.
 *
 * By zopfli, which is 6 % better than zlib at its best, and gives the same bytes whatever zlib Node was built with.
 */
export async function pack(bytes) {
  const zopfli = createRequire(at("pkg/package.json"))("@gfx/zopfli");
  const deflated = await zopfli.deflateAsync(bytes, { numiterations: 15 });
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return Buffer.concat([size, deflated]);
}

/**
 * Flags beyond those of .cargo/config.toml.
 *
 * Panic messages name source files. Neither the home folder of who built them may stand there, nor the place of the
 * standard library's sources, which the compiler puts in where the component `rust-src` happens to be installed.
 */
function compilerFlags(inline, cfg, stack) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const library = join(outputOf("rustc", ["--print", "sysroot"]), "lib/rustlib/src/rust");
  const commit = /^commit-hash: (.+)$/m.exec(outputOf("rustc", ["--version", "--verbose"]))?.[1];
  const places = [[cargoHome, "/cargo"], [ROOT, "/tillproof"], [library, `/rustc/${commit}`]];
  const remapped = places.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  const flags = [...remapped, `-Cllvm-args=-inline-threshold=${inline}`, ...cfg.map((name) => `--cfg=${name}`)];
  if (stack !== undefined) flags.push(`-Clink-arg=-zstack-size=${stack}`);
  return `target.${TARGET}.rustflags=${JSON.stringify(flags)}`;
}
