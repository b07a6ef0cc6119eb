/**
 * `make test`: every part, then one line with the sum.
 *
 * Invariant: a part that cannot run, or that ends badly without saying which test failed, counts as one failure; the
 * parts after it still run. The exit status is 1 if anything failed.
 */

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { at, attempt, Failure, main } from "./command.mjs";
import { ARTEFACTS } from "./entries.mjs";
import { ensureDocumentTools } from "./document-tools.mjs";
import { installDifferential } from "./differential.mjs";
import { installFrameworks, installHeavyFrameworks, installStacks } from "./frameworks.mjs";
import { esbuild } from "./javascript.mjs";
import { checkPackage } from "./package-checks.mjs";
import { buildPackage, TARBALL } from "./package.mjs";
import { sabotage } from "./sabotage.mjs";
import { installLighthouse } from "./lighthouse.mjs";
import { installRunners } from "./runners.mjs";
import { installRuntimes, runtimeTable } from "./runtimes.mjs";
import { installDemo, installSample, SAMPLES } from "./samples.mjs";
import { buildSdkTests } from "./sdk-tests.mjs";
import { buildServiceTests, withRedisOverHttp, withServices } from "./service-tests.mjs";
import { offerAccountants } from "./services.mjs";
import { ensureChromium, ensureFirefox, ensureNpm, ensureRust, ensureWasmBindgen, ensureWasmPack, npmBin } from "./tools.mjs";

const WASM_TARGET = "wasm32-unknown-unknown";

/** Parts in the order in which a mistake is cheapest to find; each gives `{ passed, failed }`. */
const PARTS = [
  { name: "format", run: () => command("cargo", ["fmt", "--all", "--check"]) },
  { name: "lint", run: lint },
  { name: "rust", run: () => cargoTests("cargo", ["test", "--locked", "--no-fail-fast"]) },
  { name: "package", run: packageAndChecks },
  { name: "wasm in Node", run: () => wasmTests(["--node"]) },
  { name: "wasm in Chromium", run: () => wasmTests(["--headless", "--chrome"]) },
  { name: "javascript", run: javascript },
  { name: "official clients", run: officialClients },
  { name: "documents", run: documents },
  { name: "services", run: () => services() },
  ...SAMPLES.map((sample) => ({ name: `sample ${sample.name}`, run: () => sampleTests(sample) })),
  { name: "test runners", run: runners },
  { name: "frameworks", run: () => frameworkTests(installFrameworks) },
  { name: "demo", run: () => demo(["--orders", "60"]) },
];

/** What takes long; issue by issue this grows. */
const LONG_PARTS = [
  { name: "demo, 20 seeds", run: demoSeeds },
  { name: "runtimes", run: runtimes },
  { name: "heavy frameworks", run: () => frameworkTests(installHeavyFrameworks) },
  { name: "stacks", run: stacks },
  { name: "lighthouse", run: lighthouse },
  { name: "differential", run: differential },
  { name: "sabotage", run: sabotage },
  { name: "inbox torture", run: () => command(process.execPath, [at("scripts/inbox-torture.mjs"), "--events", "100000"]) },
  { name: "worker crashes", run: () => services("worker-crash", { WORKER_EVENTS: "3000", WORKER_KILLS: "40" }) },
  { name: "payment crashes", run: () => services("payments-crash", { PAYMENTS_CRASH_ROUNDS: "10" }) },
  { name: "ledger, a million", run: () => cargoTests("cargo", ["test", "--locked", "--profile", "torture", "--test", "ledger"], { env: { LEDGER_OPERATIONS: "1000000" } }) },
  { name: "ledger crashes", run: () => services("ledger-crash", { LEDGER_POSTINGS: "100000", LEDGER_KILLS: "20" }) },
  { name: "torture", run: torture },
  { name: "reproducible", run: reproducible },
];

/** Files of tests side by side: as many as there are cores, of which Node would leave one idle, on two cores half of them. */
const SIDE_BY_SIDE = ["--enable-source-maps", "--test", "--test-reporter=spec", `--test-concurrency=${availableParallelism()}`];

/** One command that passes or fails as a whole. */
async function command(program, args, options) {
  const { status } = await attempt(program, args, options);
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function lint() {
  const warningsAreErrors = ["--", "-D", "warnings"];
  const results = [await command("cargo", ["clippy", "--locked", "--workspace", "--all-targets", ...warningsAreErrors])];
  for (const { features } of ARTEFACTS) {
    const args = ["--lib", "--target", WASM_TARGET, "--no-default-features", "--features", features];
    results.push(await command("cargo", ["clippy", "--locked", ...args, ...warningsAreErrors]));
  }
  return sum(results);
}

/** Unit, property, integration and doc tests: each binary prints its own result line. */
async function cargoTests(program, args, options) {
  const { status, output } = await attempt(program, args, options);
  const lines = output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm);
  return blamed(status, sum([...lines].map(([, passed, failed]) => ({ passed: +passed, failed: +failed }))));
}

/** A program that failed without a failed test is itself the failure, and so is one that ran no test. */
function blamed(status, counts) {
  const silent = (status !== 0 && counts.failed === 0) || counts.passed + counts.failed === 0;
  return silent ? { passed: counts.passed, failed: 1 } : counts;
}

/** tests/border under wasm-pack. The runner decides by the variable, so one file serves both places. */
async function wasmTests(where) {
  const folders = [await ensureWasmBindgen(), await ensureWasmPack()];
  const env = { PATH: [...folders, process.env.PATH].join(":") };
  const args = ["test", ...where, "--mode", "no-install"];
  if (where.includes("--headless")) {
    args.push("--chromedriver", (await ensureChromium()).driver);
    env.WASM_BINDGEN_USE_BROWSER = "1";
    // Of itself it gives a driver five seconds to start, and the tests twenty.
    Object.assign(env, { WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "600", WASM_BINDGEN_TEST_TIMEOUT: "1800" });
  }
  return cargoTests("wasm-pack", [...args, "tests/border"], { env });
}

async function packageAndChecks() {
  await buildPackage();
  return checkPackage(TARBALL);
}

/** tests/js, which reaches inside: each file is bundled with the sources it tests. */
async function javascript() {
  await offerAccountants();
  const types = await command(process.execPath, [npmBin("tsc"), "--project", at("tests/js/tsconfig.json")]);
  const bundles = at("target/js-tests");
  rmSync(bundles, { recursive: true, force: true });
  const sources = readdirSync(at("tests/js")).filter((file) => file.endsWith(".test.ts"));
  await esbuild().build({
    entryPoints: sources.map((file) => at("tests/js", file)),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    outdir: bundles,
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    logLevel: "warning",
  });
  const files = readdirSync(bundles).sort().map((file) => join(bundles, file));
  return sum([types, await nodeTests([...SIDE_BY_SIDE, ...files])]);
}

/** tests/documents: what is written by a program, or must agree with one. */
async function documents() {
  await ensureDocumentTools();
  const files = readdirSync(at("tests/documents")).filter((file) => file.endsWith(".test.mjs")).sort();
  return nodeTests(["--test", "--test-reporter=spec", ...files.map((file) => at("tests/documents", file))]);
}

/** tests/sdk: the clients of providers over `createFetch`. */
async function officialClients() {
  const files = await buildSdkTests();
  const types = await command(process.execPath, [npmBin("tsc"), "--project", at("tests/sdk/tsconfig.json")]);
  return sum([types, await nodeTests([...SIDE_BY_SIDE, ...files])]);
}

/** tests/services: stores, inbox and workers on real servers. `only` begins the names of the files that are run. */
async function services(only = "", variables = {}) {
  const folder = await buildServiceTests();
  const types = await command(process.execPath, [npmBin("tsc"), "--project", at("tests/services/tsconfig.json")]);
  const tests = readdirSync(folder).filter((file) => file.startsWith(only) && file.endsWith(".test.mjs")).sort();
  const args = [...SIDE_BY_SIDE, ...tests.map((file) => join(folder, file))];
  return sum([types, await withServices((env) => nodeTests(args, { env: { ...env, ...variables } }))]);
}

async function nodeTests(args, options) {
  const { status, output } = await attempt(process.execPath, args, options);
  const count = (word) => Number(new RegExp(`^ℹ ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  return blamed(status, { passed: count("pass"), failed: count("fail") + count("cancelled") });
}

/** The packed tarball in a project as a merchant has it. */
async function sampleTests(sample) {
  const folder = await installSample(sample);
  const env = {
    ...(sample.browser ? { CHROMIUM: (await ensureChromium()).browser } : {}),
    ...(sample.firefox ? { FIREFOX: await ensureFirefox() } : {}),
  };
  return nodeTests(["--test", "--test-reporter=spec", ...[sample.test].flat()], { cwd: folder, env });
}

/** `hostile` in vitest, in jest and in a page. */
async function runners() {
  const folder = await installRunners();
  const env = { CHROMIUM: (await ensureChromium()).browser };
  return nodeTests(["--test", "--test-reporter=spec", "runners.test.js"], { cwd: folder, env });
}

/** The adapters and their pages with real frameworks. Those that build do so one after another: each takes all there is. */
async function frameworkTests(install) {
  const folder = await install();
  const files = readdirSync(folder).filter((file) => file.endsWith(".test.mjs")).sort();
  const args = ["--test", "--test-reporter=spec", "--test-timeout=1800000", ...(install === installFrameworks ? [] : ["--test-concurrency=1"])];
  return nodeTests([...args, ...files], { cwd: folder });
}

/** tests/lighthouse: how the page feels on a slow phone. */
async function lighthouse() {
  const { folder, args, env } = await installLighthouse();
  return nodeTests(args, { cwd: folder, env });
}

/** docs/stacks.md on real servers, and how much there is to paste. */
async function stacks() {
  await buildServiceTests();
  const folder = await installStacks();
  const args = ["--test", "--test-reporter=spec", "--test-timeout=1800000", "stacks.test.mjs"];
  return withServices((env) => withRedisOverHttp(env, (more) => nodeTests(args, { cwd: folder, env: more })));
}

/** tests/runtimes: one scenario everywhere, and the table of README as one more test. */
async function runtimes() {
  const { folder, args, env } = await installRuntimes();
  const counts = await nodeTests(args, { cwd: folder, env });
  if (counts.failed > 0) return counts;
  const { readme, wanted } = runtimeTable();
  if (readme === wanted) return { ...counts, passed: counts.passed + 1 };
  console.error("the table of README.md is stale: node scripts/runtimes.mjs writes it anew");
  return { ...counts, failed: counts.failed + 1 };
}

/** tests/differential: our verdicts beside those of the official packages. */
async function differential() {
  const folder = await installDifferential();
  return nodeTests(["--test", "--test-reporter=spec", "differential.test.js"], { cwd: folder });
}

/** The main job on the installed tarball; it ends with 1 if any of its claims does not hold. */
async function demo(args) {
  const { folder, program } = await installDemo();
  return command(program, ["demo", ...args], { cwd: folder });
}

/** A million seeds at each chance of dying: docs/torture.md. */
async function torture() {
  const { folder, program } = await installDemo();
  const results = [];
  for (const profile of ["default", "crash-20"]) {
    const args = ["torture", "--seeds", "1..1000000", "--profile", profile, "--workers", "2"];
    results.push(await command(program, args, { cwd: folder }));
  }
  return sum(results);
}

async function demoSeeds() {
  const { folder, program } = await installDemo();
  const results = [];
  for (let seed = 1; seed <= 20; seed += 1) {
    results.push(await command(program, ["demo", "--seed", String(seed)], { cwd: folder }));
  }
  return sum(results);
}

/** Another build of the same commit, from nothing, gives the same bytes. */
async function reproducible() {
  const first = await buildPackage();
  rmSync(at("target", WASM_TARGET, "release"), { recursive: true, force: true });
  const second = await buildPackage();
  if (first !== second) throw new Failure(`two builds gave ${first} and ${second}`);
  return { passed: 1, failed: 0 };
}

function sum(counts) {
  return counts.reduce(
    (total, { passed, failed }) => ({ passed: total.passed + passed, failed: total.failed + failed }),
    { passed: 0, failed: 0 },
  );
}

await main(async () => {
  const { values } = parseArgs({ options: { all: { type: "boolean" }, only: { type: "string" } } });
  const offered = values.all ? [...PARTS, ...LONG_PARTS] : PARTS;
  const wanted = values.only?.split(",");
  const parts = wanted === undefined ? offered : offered.filter(({ name }) => wanted.includes(name));
  if (parts.length === 0) throw new Failure(`no such part: there are ${offered.map(({ name }) => name).join(", ")}`);
  await ensureRust();
  await ensureNpm();
  mkdirSync(at("target"), { recursive: true });
  const results = [];
  for (const { name, run } of parts) {
    console.log(`\n== ${name}`);
    const started = process.hrtime.bigint();
    const counts = await run().catch((error) => {
      console.error(error instanceof Failure ? error.message : error);
      return { passed: 0, failed: 1 };
    });
    results.push({ name, ...counts, seconds: Number((process.hrtime.bigint() - started) / 1_000_000_000n) });
  }
  console.log("");
  for (const { name, passed, failed, seconds } of results) {
    console.log(`${failed === 0 ? "ok  " : "FAIL"} ${name.padEnd(20)} ${passed} passed, ${failed} failed, ${seconds} s`);
  }
  const { passed, failed } = sum(results);
  if (failed > 0) process.exitCode = 1;
  console.log(`${passed} passed, ${failed} failed`);
});
