/**
 * An entry for who bundles nothing: what its first call runs in one file, beside the one that other entries share, and all
 * else in files that are loaded when they are asked for.
 *
 * Invariant: in a process each module that keeps state exists once. What others import of the modules that are in these files, they
 * import by `#<entry>`, which leads to them wherever the condition `node` holds, and to the entry as esbuild split it anywhere
 * else; so these are names of the entry itself, and nothing inside of it.
 *
 * Node finds, reads and links each file by itself, half a millisecond and more for every one, and as much again where
 * `imports` of package.json are asked; what is read and not run costs a millisecond for every 40 KB.
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

/** What a module puts things in for whoever asks. */
const HOLDER = /^(?:var|let|const) \w+ = (?:\/\* @__PURE__ \*\/ )?new (?:Weak)?(?:Map|Set)\(\);$/m;

/** Longer than all the code of an inbox, and asked for by few: a file of its own. */
const CATALOGUE = "schemes";

/** How a late file is loaded, once it is needed, by a function of this name. */
const LOADED = {
  // Loaders that keep packages elsewhere than in files may know `import` and `require`, and no `require` of an ES module.
  esm: (name, file) => `let ${name}Loaded;
function ${name}() {
  if (${name}Loaded !== undefined) return ${name}Loaded;
  const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);
  try {
    ${name}Loaded = require("${file}js");
  } catch {
    ${name}Loaded = require("${file}cjs");
  }
  return ${name}Loaded;
}
`,
  cjs: (name, file) => `const ${name} = () => require("${file}cjs");\n`,
};

/**
 * Writes the files of an entry beside it, and lets other built files import the entry by its name:
 *
 * - `<entry>-at-once`: what the first verdict runs. What else the entry exports is there as functions that load the next file.
 * - `<entry>-later`: all else, and of what is shared with other entries a copy of its own, which must keep no state. So all it
 *   imports has run when it is loaded: Node refuses to `require` what somebody else is just importing.
 * - `<entry>-catalogue`: in the same way, what is long and seldom asked for.
 * - `<entry>-whole`: all of it, for bundlers, which see no file that is loaded by a call, and for a Node that cannot `require` a module.
 *
 * @param {string} entry its built file
 * @param {string} first the built file of what the first verdict runs
 * @param {Map<string, string[]>} graph which built file imports which
 * @returns {Promise<string[]>} what these files share with others
 */
export async function inOneFile(entry, first, graph) {
  const [reached, begun] = [reachedFrom(graph, entry), reachedFrom(graph, first)];
  const members = [...reached].filter((file) => file === entry || reachesWasm(file, graph));
  const hot = members.filter((file) => begun.has(file));
  const shared = [...begun].filter((file) => file !== first && !hot.includes(file));
  const cold = [...reached].filter((file) => !begun.has(file));
  for (const file of cold) {
    if (file === entry || !graph.get(file).some((path) => hot.includes(path))) continue;
    throw new Failure(`${relative(at("."), file)} needs something of what comes at once, which everybody would see among its exports`);
  }
  const [known, atOnce] = [namesOf(entry), namesOf(first)];
  const lines = [...readFileSync(entry, "utf8").matchAll(IMPORT)].filter(([, word, , from]) => word === "import" && !hot.includes(join(dirname(entry), from)));
  // What stands in each late file, `[outside, inside, from]`.
  const late = { later: [], catalogue: [] };
  for (const [, , names, from] of lines) for (const [outside, inside = outside] of pairs(names)) late[inside === CATALOGUE ? "catalogue" : "later"].push([outside, inside, from]);
  const namesIn = (kind) => late[kind].map(([, inside]) => inside);
  const count = [...atOnce, ...namesIn("later"), ...namesIn("catalogue")].length;
  if (count !== known.size) throw new Failure(`${relative(at("."), entry)} exports ${[...known].join(", ")}, of which only ${count} are kept`);
  const beside = (kind, extension) => entry.replace(/\.js$/, `-${kind}.${extension}`);
  for (const [format, extension] of [["esm", "js"], ["cjs", "cjs"]]) {
    const facade = Object.keys(late).map((kind) =>
      LOADED[format](kind, `./${basename(beside(kind, ""))}`) + namesIn(kind).map((name) => `export const ${name} = (...given) => ${kind}().${name}(...given);\n`).join(""));
    const begin = `export { ${[...atOnce].join(", ")} } from "./${relative(dirname(entry), first)}";\n${facade.join("")}`;
    const common = { ...SHARED, format, ...(format === "cjs" && { define: { "import.meta.url": "__filename" } }) };
    const build = async (contents, kind, taken) => {
      const outfile = beside(kind, extension);
      await esbuild().build({ ...common, stdin: { contents, resolveDir: dirname(entry) }, outfile, plugins: [takingIn(taken, extension)] });
      if (format === "esm") dropBareImports(outfile);
    };
    await build(begin, "at-once", [first, ...hot]);
    for (const kind of Object.keys(late)) {
      await build(late[kind].map(([outside, inside, from]) => `export { ${outside} as ${inside} } from "${from}";\n`).join(""), kind, cold);
      if (format === "cjs") continue;
      const [holder] = readFileSync(beside(kind, "js"), "utf8").match(HOLDER) ?? [];
      if (holder !== undefined) throw new Failure(`${relative(at("."), beside(kind, "js"))} keeps what others may keep elsewhere: ${holder}`);
    }
  }
  const whole = [["at-once", [...atOnce]], ...Object.keys(late).map((kind) => [kind, namesIn(kind)])];
  writeFileSync(beside("whole", "js"), whole.map(([kind, names]) => `export { ${names.join(", ")} } from "./${basename(beside(kind, "js"))}";\n`).join(""));
  const name = `#${basename(entry, ".js")}`;
  for (const [file, imported] of graph) {
    if (members.includes(file) || file === first || !imported.some((path) => members.includes(path))) continue;
    const text = readFileSync(file, "utf8");
    const renamed = text.replaceAll(IMPORT, (line, word, names, from) => {
      if (!members.includes(join(dirname(file), from))) return line;
      const foreign = pairs(names).find(([outside]) => !known.has(outside));
      if (foreign !== undefined) throw new Failure(`${relative(at("."), file)} needs ${foreign[0]}, which ${name} does not export`);
      return `${word} {${names}} from "${name}";`;
    });
    for (const [, from] of renamed.matchAll(ANY_IMPORT)) {
      if (!members.includes(join(dirname(file), from))) continue;
      throw new Failure(`${relative(at("."), file)} needs ${from} in a way that inOneFile() does not rewrite`);
    }
    writeFileSync(file, renamed);
    graph.set(file, [...new Set([...imported.filter((path) => !members.includes(path)), entry])]);
  }
  return shared;
}

function reachedFrom(graph, file) {
  const reached = new Set();
  follow(graph, file, reached);
  return reached;
}

/** `[outside, inside]` of each name in the braces of an import. */
function pairs(names) {
  return names.split(",").map((one) => one.trim().split(" as ")).filter(([outside]) => outside !== "");
}

/** The names a built file exports. */
function namesOf(file) {
  const lists = [...readFileSync(file, "utf8").matchAll(/^export \{([^}]*)\}/gm)];
  return new Set(lists.flatMap(([, names]) => names.split(",").map((name) => name.trim().split(" as ").at(-1))));
}

/** Takes in these files, and what `imports` of package.json say of them for servers; others stay where they are. */
function takingIn(members, extension) {
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
