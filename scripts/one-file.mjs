/**
 * An entry for who bundles nothing: all of it in one file, beside the one that other entries share.
 *
 * Invariant: in a process each module exists once. What others import of the modules that are in that file, they import by
 * `#<entry>`, which leads to it wherever the condition `node` holds, and to the entry as esbuild split it anywhere else; so
 * these are names of the entry itself, and nothing inside of it.
 *
 * Node finds, reads and links each file by itself, half a millisecond and more for every one, and as much again where
 * `imports` of package.json are asked; to read a few texts that the first verdict needs none of takes a tenth of that.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative } from "node:path";

import { at, Failure } from "./command.mjs";
import { AT_ONCE } from "./entries.mjs";
import { dropBareImports, esbuild, follow, reachesWasm, SHARED } from "./javascript.mjs";
import { cut } from "./squeeze.mjs";

const SHELL = at("pkg/src/shell");

const IMPORT = /^(import|export) \{([^}]*)\} from "([^"]+)";$/gm;

/** In whatever form: of names, of a whole module, for its effects, or later. */
const ANY_IMPORT = /(?:\bfrom|\bimport\s*\(?)\s*"(\.[^"]+)"/g;

/**
 * Writes the file of an entry beside it, and lets other built files import the entry by its name.
 *
 * @param {string} entry its built file
 * @param {Map<string, string[]>} graph which built file imports which
 * @returns {Promise<string>} the file
 */
export async function inOneFile(entry, graph) {
  const target = entry.replace(/\.js$/, "-at-once.js");
  const reached = new Set();
  follow(graph, entry, reached);
  const members = [...reached].filter((file) => file === entry || reachesWasm(file, graph));
  const common = { ...SHARED, entryPoints: [entry] };
  await esbuild().build({ ...common, format: "esm", outfile: target, plugins: [takingIn(members)] });
  dropBareImports(target);
  // By itself, since `require` may wait until something is asked for.
  const twin = target.replace(/\.js$/, ".cjs");
  await esbuild().build({ ...common, format: "cjs", outfile: twin, plugins: [takingIn(members, "cjs")], define: { "import.meta.url": "__filename" } });
  graph.set(target, [...reached].filter((file) => !members.includes(file)));
  const name = `#${basename(entry, ".js")}`;
  const known = namesOf(entry);
  for (const [file, imported] of graph) {
    if (members.includes(file) || !imported.some((path) => members.includes(path))) continue;
    const text = readFileSync(file, "utf8");
    const renamed = text.replaceAll(IMPORT, (line, word, names, from) => {
      if (!members.includes(join(dirname(file), from))) return line;
      const foreign = names.split(",").map((one) => one.trim().split(" as ")[0]).find((one) => one !== "" && !known.has(one));
      if (foreign !== undefined) throw new Failure(`${relative(at("."), file)} needs ${foreign}, which ${name} does not export`);
      return `${word} {${names}} from "${name}";`;
    });
    for (const [, from] of renamed.matchAll(ANY_IMPORT)) {
      if (!members.includes(join(dirname(file), from))) continue;
      throw new Failure(`${relative(at("."), file)} needs ${from} in a way that inOneFile() does not rewrite`);
    }
    writeFileSync(file, renamed);
    graph.set(file, [...new Set([...imported.filter((path) => !members.includes(path)), entry])]);
  }
  return target;
}

/** The names a built file exports. */
function namesOf(file) {
  const lists = [...readFileSync(file, "utf8").matchAll(/^export \{([^}]*)\}/gm)];
  return new Set(lists.flatMap(([, names]) => names.split(",").map((name) => name.trim().split(" as ").at(-1))));
}

/** Takes in these files, and what `imports` of package.json say of them for servers; others stay where they are. */
function takingIn(members, extension = "js") {
  return {
    name: "taking-in",
    setup(build) {
      build.onResolve({ filter: /./ }, ({ kind, path, resolveDir }) => {
        if (kind === "entry-point" || isAbsolute(path) || members.includes(join(resolveDir, path))) return undefined;
        if (path === "#sentences") return { path: at("pkg/wasm/refusals.full.js") };
        if (path.startsWith("#wasm/") && kind === "import-statement") return { path, namespace: "wasm" };
        if (resolveDir === SHELL && path.endsWith(".js") && existsSync(join(SHELL, path.replace(/\.js$/, ".ts")))) return { path: join(SHELL, path.replace(/\.js$/, ".ts")) };
        return { path: path.startsWith(".") ? path.replace(/\.js$/, `.${extension}`) : path, external: true };
      });
      build.onLoad({ filter: /./, namespace: "wasm" }, ({ path }) => ({ contents: wasm(path, extension), resolveDir: SHELL }));
    },
  };
}

/**
 * What is needed for the first verdict stands there as plain base64, without stretches of zeros: servers count milliseconds and
 * no kilobytes. Not in the function that reads it, since V8 would look through the text three times until the function runs.
 */
function wasm(path, extension) {
  const name = basename(path);
  if (name !== AT_ONCE) {
    if (extension === "js") return `export { default } from ${JSON.stringify(at("pkg/wasm", `${name}.b64.js`))};\n`;
    return `import { unpack } from "./bytes.js";\nexport default () => new WebAssembly.Module(unpack(require("${path}")));\n`;
  }
  const text = Buffer.from(cut(readFileSync(at("pkg/wasm", `${name}.wasm`)))).toString("base64");
  return (
    'import { fromBase64 } from "./base64.js";\n' +
    `const text = "${text}";\n` +
    "export default () => new WebAssembly.Module(fromBase64(text));\n"
  );
}
