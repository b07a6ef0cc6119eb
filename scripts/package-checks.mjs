/**
 * What is checked about a packed package, beside running it.
 *
 * Invariant: each check is independent of the others, and every one runs even when another fails.
 */

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { at, attempt, outputOf, ROOT } from "./command.mjs";
import { ARTEFACTS, ENTRIES, exportsField } from "./entries.mjs";
import { esbuild, filesBelow } from "./javascript.mjs";
import { npmBin } from "./tools.mjs";

const STAGE = at("target/package");

/** What a merchant imports, from where (the entry behind `tillproof`), and the artefacts that his bundle then carries. */
const CARRIED = [
  ["createVerifier", "/webhooks", "webhooks"],
  ["createDedup", "/webhooks", "inbox"],
  ["createVerifier", "/webhooks/full", "webhooks, webhooks-full"],
  ["deriveKey", "/payments", "payments-tables"],
  ["createPayments", "/payments", "governor, payments"],
  ["createPayments", "/payments/profiles", "governor, payments, payments-tables"],
  ["createOutbox", "/outbox", "payments-tables"],
  ["defineSaga", "/saga", "saga"],
  ["Ledger", "/ledger", "ledger"],
  ["BulkLedger", "/ledger", "ledger-bulk"],
  ["templates", "/ledger", "ledger-templates"],
  ["Entitlements", "/ledger", ""],
  ["reconcile", "/reconcile", "reconcile, reconcile-files"],
  ["readers", "/reconcile", "formats"],
  ["openQueue", "/reconcile/queue", "investigation"],
  ["createIdempotency", "/idempotency", "idempotency"],
  ["idempotent", "/adapters/web", ""],
  ["createReceiver", "/worker", ""],
  ["createWorker", "/worker", "payments-tables"],
  ["createVerifier", "", "webhooks"],
  ["createPayments", "", "governor, payments"],
  ["Ledger", "", "ledger"],
  ["reconcile", "", "reconcile, reconcile-files"],
  ["memoryStore", "", ""],
];

/** A check: what is true when it passes, and what is wrong (an empty list) or worth printing. */
const CHECKS = [
  ...ARTEFACTS.map(({ name }) => [`${name}.wasm imports only known glue`, () => unknownImports(name)]),
  ...ARTEFACTS.map(({ name }) => [`${name}.wasm keeps its budget`, () => wasmSize(name)]),
  ["bundled entries keep their budgets", entrySizes],
  ["a bundle carries the wasm it uses and no other", carriedWasm],
  ["a server that bundles nothing starts with few files", startFiles],
  ["the tarball keeps its budget", tarballSize],
  ["the tarball holds what it should and nothing else", foreignFiles],
  ["every export leads to a file of the tarball", missingTargets],
  ["every link of a page leads to a file of the tarball", deadLinks],
  ["no file names a folder of the machine that built it", machinePaths],
  ["publint finds nothing", publint],
  ["attw finds nothing", areTheTypesWrong],
];

/**
 * Runs every check on the staged package and its tarball and prints one line for each.
 *
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function checkPackage(tarball) {
  const total = { passed: 0, failed: 0 };
  for (const [name, check] of CHECKS) {
    const problems = await Promise.resolve(check(tarball)).catch((error) => [error.message]);
    console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${name}`);
    for (const problem of problems) console.log(`       ${problem}`);
    total[problems.length === 0 ? "passed" : "failed"] += 1;
  }
  return total;
}

function budget() {
  return JSON.parse(readFileSync(at("pkg/budget.json"), "utf8"));
}

/** Names of glue end in a hash of their content, which changes with each version of wasm-bindgen. */
async function unknownImports(name) {
  const module = new WebAssembly.Module(readFileSync(join(STAGE, "wasm", `${name}.wasm`)));
  const found = WebAssembly.Module.imports(module).map((entry) => entry.name.replace(/_[0-9a-f]{16}$/, ""));
  const allowed = budget().imports[name];
  return [...new Set(found)].filter((entry) => !allowed.includes(entry)).map((entry) => `unknown import ${entry}`);
}

async function wasmSize(name) {
  const bytes = readFileSync(join(STAGE, "wasm", `${name}.wasm`));
  return compareSize(`${name}.wasm`, bytes.length, gzipSync(bytes).length, budget().wasm[name]);
}

/**
 * Prints a size beside its budget. The budget is what we want; `ceiling`, where it stands, is what we have not got
 * below yet: beyond the budget is said loudly, beyond the ceiling is a problem, so that nothing grows meanwhile.
 */
function compareSize(what, raw, gzip, { budget: wanted, ceiling } = {}) {
  const over = wanted !== undefined && gzip > wanted ? `  OVER BUDGET by ${gzip - wanted}` : "";
  console.log(`     ${what}: ${raw} bytes, ${gzip} gzip${wanted === undefined ? "" : `, budget ${wanted}`}${over}`);
  const limit = ceiling ?? wanted ?? Infinity;
  return gzip > limit ? [`${what} is ${gzip - limit} bytes over ${ceiling === undefined ? "its budget" : "the ceiling"} of ${limit} gzip`] : [];
}

/**
 * What a merchant's own bundler makes of one entry: one minified file with the wasm inside. Of all the entry has, or of
 * the one name that its budget is about.
 */
async function entrySizes() {
  const problems = [];
  for (const { name, file } of ENTRIES) {
    const limits = budget().entries[name];
    const from = `tillproof${name && "/"}${name}`;
    const only = limits?.only;
    const { bytes } = await bundled(
      only === undefined
        ? { entryPoints: [join(STAGE, "dist", `${file}.js`)] }
        : { stdin: { contents: `export { ${only} } from "${from}";`, resolveDir: STAGE } },
    );
    const what = only === undefined ? from : `${only} of ${from}`;
    problems.push(...compareSize(what, bytes.length, gzipSync(bytes, { level: 9 }).length, limits));
  }
  return problems;
}

/** Each pillar has an artefact of its own, which is of no use if importing one of them brings the others along. */
async function carriedWasm() {
  const problems = [];
  for (const [name, entry, expected] of CARRIED) {
    const contents = `import { ${name} } from "tillproof${entry}"; globalThis.used = ${name};`;
    // From inside the package, which may import itself by its name.
    const { inputs } = await bundled({ stdin: { contents, resolveDir: STAGE } });
    const used = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    const found = used.flatMap(([file]) => /(?:^|\/)wasm\/([a-z-]+)\.b64\.js$/.exec(file)?.[1] ?? []).sort().join(", ");
    if (found !== expected) {
      problems.push(`${name} of tillproof${entry} carries ${found || "no wasm"} instead of ${expected || "none"}`);
    }
  }
  return problems;
}

/** What Node reads before the first call: each file by itself, which is most of the start. */
async function startFiles() {
  const { startFiles: limits } = budget();
  const counted = Object.entries(limits).map(async ([name, limit]) => {
    const entryPoints = [join(STAGE, leaves(exportsField()[`./${name}`].import.node ?? exportsField()[`./${name}`].import).at(-1))];
    const { length } = Object.keys((await bundled({ entryPoints, conditions: ["node", "import"], treeShaking: false })).inputs);
    console.log(`     ${name}: ${length} files at the start, at most ${limit}`);
    return length > limit ? [`${name} starts with ${length} files instead of at most ${limit}`] : [];
  });
  return (await Promise.all(counted)).flat();
}

async function bundled(options) {
  const { outputFiles, metafile } = await esbuild().build({
    conditions: ["import"],
    ...options,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*", "bun:*"],
    metafile: true,
    write: false,
  });
  return { bytes: outputFiles[0].contents, inputs: Object.values(metafile.outputs)[0].inputs };
}

async function tarballSize(tarball) {
  const { length } = readFileSync(tarball);
  // Packed already, so its size is its gzip size.
  return compareSize("tarball", length, length, budget().tarball);
}

async function foreignFiles(tarball) {
  const listed = outputOf("tar", ["-tzf", tarball]).split("\n").map((line) => line.replace(/^package\//, ""));
  const expected = /^(?:dist\/.+\.(?:js|cjs|d\.ts)|dist\/types\/cjs\/package\.json|wasm\/[a-z-]+\.(?:wasm|(?:b64|full|short)\.c?js|workerd\.js)|demo\/[a-z]+\.(?:mjs|json)|docs\/(?:frameworks\/|providers\/|stores\/)?[A-Za-z0-9-]+\.md|docs\/[a-z-]+\.schema\.json|docs\/alerts\.yml|docs\/observability\/grafana\.json|sql\/[a-z-]+\.sql|package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|llms\.txt|THIRD-PARTY-NOTICES\.md|sbom\.cdx\.json)$/;
  const foreign = listed.filter((file) => !expected.test(file)).map((file) => `unexpected: ${file}`);
  const absent = ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "THIRD-PARTY-NOTICES.md", "sbom.cdx.json", "dist/index.js", "dist/cli.js"]
    .filter((file) => !listed.includes(file))
    .map((file) => `missing: ${file}`);
  return [...foreign, ...absent];
}

/** Whoever reads the guides in node_modules can follow each of their links. */
async function deadLinks() {
  const pages = filesBelow(STAGE).filter((file) => /\.(?:md|txt)$/.test(file));
  return pages.flatMap((page) => {
    const text = readFileSync(page, "utf8").replaceAll(/^```[^]*?^```$/gm, "");
    const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g)].map(([, link]) => link);
    return links.filter((link) => !existsSync(join(dirname(page), link))).map((link) => `${page.slice(STAGE.length + 1)} leads to ${link}`);
  });
}

async function missingTargets() {
  const { imports, bin } = JSON.parse(readFileSync(join(STAGE, "package.json"), "utf8"));
  return leaves([exportsField(), imports, bin])
    .filter((target) => !existsSync(join(STAGE, target)))
    .map((target) => `no such file: ${target}`);
}

function leaves(tree) {
  return typeof tree === "string" ? [tree] : Object.values(tree).flatMap(leaves);
}

async function machinePaths() {
  const traces = [ROOT, homedir()].filter((path) => path.length > 1);
  return filesBelow(STAGE)
    .filter((file) => traces.some((trace) => readFileSync(file).includes(trace)))
    .map((file) => `a machine path stands in ${file.slice(STAGE.length + 1)}`);
}

async function publint(tarball) {
  return programFindings(npmBin("publint"), [tarball, "--strict"]);
}

/** `node16` and bundlers; the wasm files have no types of their own, as their form depends on the loader. */
async function areTheTypesWrong(tarball) {
  const wasm = ARTEFACTS.map(({ name }) => `./wasm/${name}.wasm`);
  return programFindings(npmBin("attw"), [tarball, "--profile", "node16", "--no-color", "--exclude-entrypoints", ...wasm]);
}

async function programFindings(program, args) {
  const { status, output } = await attempt(process.execPath, [program, ...args], { quiet: true });
  return status === 0 ? [] : output.trim().split("\n");
}
