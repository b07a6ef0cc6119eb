/**
 * TypeScript to JavaScript and declarations, in pkg/dist.
 *
 * Invariant: each module exists once for `import` and once for `require`, so that an instance of wasm, and a module
 * handed to `provideWasm`, is shared by all entries of its kind.
 */

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";

import { at, Failure, run } from "./command.mjs";
import { ARTEFACTS, AT_ONCE, CLI, CLI_THREAD, ENTRIES, ON_DEMAND, SLIM_ENTRIES } from "./entries.mjs";
import { inOneFile } from "./one-file.mjs";
import { npmBin } from "./tools.mjs";

/** The entries that a server starts with most of all. */
const GATHERED = ["webhooks", "payments"];

const SRC = at("pkg/src");
const DIST = at("pkg/dist");

/**
 * `Error.captureStackTrace`, private fields and BigInt are in all of Node 20, Workers and browsers since 2022. Of ASCII alone, as
 * esbuild writes it unless told otherwise: one `…` in a file, and V8 keeps and reads all of it in two bytes a letter.
 */
export const SHARED = { bundle: true, target: "es2022", platform: "neutral", logLevel: "warning" };

/** esbuild, which is installed in pkg and therefore not importable from here by name. */
export function esbuild() {
  return createRequire(at("pkg/package.json"))("esbuild");
}

/** Builds pkg/dist from pkg/src and pkg/wasm. */
export async function buildJavaScript() {
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST, { recursive: true });
  await declarations();
  const entries = [...ENTRIES, ...ON_DEMAND].map(entryPoint);
  const full = await modules([...entries, ...ARTEFACTS.map(artefactDoor)], { external: ["#wasm/*", "#sentences"], gathered: GATHERED });
  // What is left of them are names that nobody asks for.
  for (const file of [...full.keys()].filter((path) => path.startsWith(join(DIST, "artefacts")))) full.delete(file);
  rmSync(join(DIST, "artefacts"), { recursive: true });
  const once = await inOneFile(join(DIST, `${AT_ONCE}.js`), full);
  const aliases = ARTEFACTS.map(({ name }) => [`#wasm/${name}`, join(SRC, "slim", `${name}.ts`)]);
  const slim = await modules(SLIM_ENTRIES.map(entryPoint), { alias: Object.fromEntries(aliases) }, "slim/");
  // In the same folder as all others, so that a path relative to a module means the same.
  const alias = { "#sentences": at("pkg/wasm/refusals.full.js") };
  await modules([entryPoint(CLI), entryPoint(CLI_THREAD)], { plugins: [wasmFiles], alias }, "cli-");
  const importable = new Set();
  for (const { file, name } of [...ENTRIES, ...ON_DEMAND]) follow(full, join(DIST, `${file ?? name}.js`), importable);
  for (const file of full.get(once)) follow(full, file, importable);
  for (const { file } of SLIM_ENTRIES) follow(slim, join(DIST, `${file}.js`), importable);
  await commonJsTwins([...importable].sort());
}

/** In the command-line tool `#wasm/<artefact>` is the file itself: pkg/src/cli/wasm-file.ts. */
const wasmFiles = {
  name: "wasm-files",
  setup(build) {
    build.onResolve({ filter: /^#wasm\// }, ({ path }) => ({ path: path.slice("#wasm/".length), namespace: "wasm-file" }));
    build.onLoad({ filter: /.*/, namespace: "wasm-file" }, ({ path }) => ({
      contents: `import { wasmFile } from "./wasm-file.js"; export default wasmFile(${JSON.stringify(path)});`,
      resolveDir: join(SRC, "cli"),
    }));
  },
};

function entryPoint({ name, file, source }) {
  return { in: join(SRC, source), out: file ?? name };
}

/**
 * The door of an artefact as if it were an entry, which makes it a module of its own: a merchant's bundler leaves out
 * whole modules, and with this one the wasm that belongs to it.
 */
function artefactDoor({ name }) {
  return { in: join(SRC, "shell", `${name}.ts`), out: `artefacts/${name}` };
}

/**
 * ES modules; what two entries share becomes a chunk. Unminified, so that a stack trace can be read.
 *
 * @returns {Promise<Map<string, string[]>>} which built file imports which
 */
async function modules(entryPoints, { gathered, ...options }, folder = "") {
  const { metafile } = await esbuild().build({
    ...SHARED,
    ...options,
    entryPoints,
    metafile: true,
    absWorkingDir: DIST,
    external: ["node:*", "bun:*", ...(options.external ?? [])],
    format: "esm",
    splitting: true,
    outdir: DIST,
    // Beside the entries, so that a path relative to a module means the same wherever esbuild puts its code.
    chunkNames: `${folder}[name]-[hash]`,
  });
  const built = new Map(
    Object.entries(metafile.outputs).map(([file, { imports }]) => [
      join(DIST, file),
      imports.filter(({ external }) => external !== true).map(({ path }) => join(DIST, path)),
    ]),
  );
  for (const file of built.keys()) dropBareImports(file);
  for (const entry of gathered ?? []) await gather(join(DIST, `${entry}.js`), built, metafile.outputs);
  packedFirst([...built.keys()]);
  return built;
}

/** A larger chunk is left alone: who needs one of it should not have to read the others. */
const SMALL_BYTES = 6_000;

/**
 * Puts the small chunks that an entry reaches into one file. A server finds and reads each file by itself, a millisecond
 * each, which for two dozen is most of its start. No chunk with wasm is among them, so that nobody reads wasm in vain.
 */
async function gather(entry, graph, outputs) {
  const reached = new Set();
  follow(graph, entry, reached);
  // What comes at once (`one-file.mjs`) leaves all that needs no wasm to the one file beside it.
  const bytesMax = basename(entry) === `${AT_ONCE}.js` ? Infinity : SMALL_BYTES;
  const isSmall = (file) => /[\\/]chunk-[^\\/]*$/.test(file) && readFileSync(file, "utf8").length <= bytesMax && !reachesWasm(file, graph);
  let members = [...reached].filter(isSmall).sort();
  // One that needs another by way of a larger chunk stays where it is: the two files would need each other.
  const needs = (file, others) => {
    const seen = new Set();
    for (const imported of graph.get(file)) if (!others.includes(imported)) follow(graph, imported, seen);
    return others.some((other) => seen.has(other));
  };
  for (let before = -1; before !== members.length; ) {
    before = members.length;
    members = members.filter((file) => !needs(file, members));
  }
  if (members.length < 2) return;
  const target = join(DIST, `shared-${basename(entry)}`);
  const alias = (file, name) => `${name}_${members.indexOf(file)}`;
  const exported = members.map((file) => {
    const names = outputs[relative(DIST, file)].exports.map((name) => `${name} as ${alias(file, name)}`);
    return `export { ${names.join(", ")} } from "./${basename(file)}";\n`;
  });
  const keepOthers = {
    name: "keep-others",
    setup(build) {
      const isMember = ({ path, resolveDir }) => members.includes(join(resolveDir, path));
      build.onResolve({ filter: /./ }, (asked) => (isMember(asked) ? undefined : { path: asked.path, external: true }));
    },
  };
  await esbuild().build({ ...SHARED, stdin: { contents: exported.join(""), resolveDir: DIST }, format: "esm", outfile: target, plugins: [keepOthers] });
  dropBareImports(target);
  for (const [file, imported] of graph) {
    if (members.includes(file)) continue;
    const folder = dirname(file);
    const text = readFileSync(file, "utf8");
    const path = `./${relative(folder, target)}`.replace(/^\.\/\.\.\//, "../");
    const renamed = text.replaceAll(/^(import|export) \{([^}]*)\} from "([^"]+)";$/gm, (line, word, names, from) => {
      const member = join(folder, from);
      if (!members.includes(member)) return line;
      const list = names.split(",").map((name) => name.trim().split(" as ")).filter(([outside]) => outside !== "");
      const aliased = list.map(([outside, inside = outside]) => `  ${alias(member, outside)} as ${inside}`);
      return `${word} {\n${aliased.join(",\n")}\n} from "${path}";`;
    });
    // Whatever was imported in another form than this reads would lead to a file that is gone.
    const left = members.find((member) => renamed.includes(basename(member)));
    if (left !== undefined) throw new Failure(`${basename(file)} needs ${basename(left)} in a way that gather() does not rewrite`);
    if (renamed !== text) writeFileSync(file, renamed);
    // Some it only imported for an order, and no longer does.
    const others = imported.filter((path) => !members.includes(path));
    if (others.length < imported.length) graph.set(file, [...others, target]);
  }
  graph.set(target, [...new Set(members.flatMap((file) => graph.get(file)))].filter((path) => !members.includes(path)));
  for (const file of members) {
    rmSync(file);
    graph.delete(file);
  }
}

/**
 * Puts packed bytes before all else that a module imports, those of `webhooks` first, so that they stand at the beginning
 * of a bundle: gzip has one code for a stretch of some ten kilobytes, and bytes in the middle of text cost both of them a
 * tenth. Our modules have no effects, so that their order is free.
 */
function packedFirst(files) {
  const texts = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
  const holders = ['from "#wasm/webhooks"', 'from "#wasm/'].map((packed) => files.filter((file) => texts.get(file).includes(packed)));
  const rank = (file) => holders.findIndex((holding) => holding.includes(file)) >>> 0;
  for (const [file, text] of texts) {
    const imports = [...text.matchAll(/^import [^;]*? from "([^"]+)";\n/gm)].map(([line, from]) => ({
      line,
      rank: from.startsWith("#wasm/") ? -1 : rank(resolve(dirname(file), from)),
    }));
    // A program begins with the line that says what runs it.
    const [program] = text.match(/^#!.*\n/) ?? [""];
    const rest = imports.reduce((left, { line }) => left.replace(line, ""), text.slice(program.length));
    const sorted = imports.sort((one, other) => one.rank - other.rank).map(({ line }) => line).join("");
    writeFileSync(file, program + sorted + rest);
  }
}

/** Whether a built file leads to what `imports` of package.json decide about: wasm, or sentences. */
export function reachesWasm(file, graph) {
  const reached = new Set();
  follow(graph, file, reached);
  return [...reached].some((one) => readFileSync(one, "utf8").includes(' from "#'));
}

/** Adds a built file and all it leads to. */
export function follow(graph, file, seen) {
  if (seen.has(file)) return;
  seen.add(file);
  for (const imported of graph.get(file) ?? []) follow(graph, imported, seen);
}

/**
 * esbuild imports a chunk for its effects alone where it wants to keep an order. Our modules have no effects, and the
 * package says so (`sideEffects: false`), at which a merchant's bundler warns of such an import.
 */
export function dropBareImports(file) {
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/^import "\.[^"]+";\n/gm, ""));
}

/** The same with `require`: esbuild does not split CommonJS, so each finished module is translated by itself. */
async function commonJsTwins(files) {
  await esbuild().build({
    ...SHARED,
    entryPoints: files,
    format: "cjs",
    outdir: DIST,
    outbase: DIST,
    outExtension: { ".js": ".cjs" },
    // Where a module lies, which is all that ours ask of it; CommonJS has the path and no URL.
    define: { "import.meta.url": "__filename" },
    plugins: [
      {
        name: "keep-modules-apart",
        setup(build) {
          build.onResolve({ filter: /.*/ }, ({ kind, path }) => {
            if (kind === "entry-point") return undefined;
            return { path: path.startsWith(".") ? path.replace(/\.js$/, ".cjs") : path, external: true };
          });
        },
      },
    ],
  });
}

/**
 * Declarations, of the modules that the entries' own declarations reach and no others. The second copy differs only
 * in the package.json above it, by which TypeScript takes it for CommonJS.
 */
async function declarations() {
  const all = at("target/declarations");
  rmSync(all, { recursive: true, force: true });
  await run(process.execPath, [npmBin("tsc"), "--project", at("pkg/tsconfig.json"), "--outDir", all]);
  const reached = new Set();
  for (const { source } of [...ENTRIES, ...SLIM_ENTRIES]) reach(join(all, source.replace(/\.ts$/, ".d.ts")), reached);
  for (const kind of ["types", "types/cjs"]) {
    for (const file of reached) {
      const target = join(DIST, kind, relative(all, file));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file, target);
    }
  }
  writeFileSync(join(DIST, "types/cjs/package.json"), '{ "type": "commonjs" }\n');
}

function reach(file, reached) {
  if (reached.has(file)) return;
  if (!existsSync(file)) throw new Failure(`a public declaration leads to ${relative(at("target"), file)}, which is none of ours`);
  reached.add(file);
  for (const match of readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)\.js"/g)) {
    reach(resolve(dirname(file), `${match[1]}.d.ts`), reached);
  }
}

/** All files below a folder, in an order that does not depend on the machine. */
export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
