/**
 * `make bench`: every file of benches/js on the built package, on each Node it pins; to the screen and to
 * benches/results.json.
 *
 * Invariant: figures are paired (benches/js/paired.js), and each goal of the project is printed with its gate, what was
 * hoped for, what was measured and the verdict. Nothing here decides whether a test passes.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseArgs } from "node:util";

import { startUp } from "./bench-start.mjs";
import { at, Failure, main, outputOf } from "./command.mjs";
import { esbuild } from "./javascript.mjs";
import { buildPackage } from "./package.mjs";
import { installInto } from "./samples.mjs";
import { ensurePostgres, stopServices } from "./services.mjs";

const FOLDER = at("target/benches");

/** The Nodes benches/js/package.json pins, where they run, else the one that runs this. */
function nodes() {
  const pinned = ["node20", "node24"].map((name) => join(FOLDER, "node_modules", name, "bin/node"));
  const usable = pinned.filter((path) => existsSync(path) && outputOf(path, ["--version"]) !== "");
  return usable.length > 0 ? usable : [process.execPath];
}

function inFolder(node, args) {
  const { status, stdout, stderr } = spawnSync(node, args, { cwd: FOLDER, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Failure(`${args.join(" ")} ended with ${status}:\n${stderr}`);
  return stdout;
}

/** What a page pays for each import: one file, minified, gzip -9. */
async function sizes() {
  const imports = [
    'export { createVerifier } from "tillproof/webhooks";',
    'export { Webhook } from "standardwebhooks";',
    'export { Webhook } from "svix";',
    'export { verify } from "@octokit/webhooks-methods";',
    'export { default } from "stripe";',
    'export { hmac } from "@noble/hashes/hmac.js"; export { sha256 } from "@noble/hashes/sha2.js";',
  ];
  const rows = [];
  for (const contents of imports) {
    const { outputFiles } = await esbuild().build({
      stdin: { contents, resolveDir: FOLDER },
      bundle: true, minify: true, format: "esm", platform: "browser", external: ["node:*", "crypto"],
      write: false, logLevel: "silent",
    });
    const { length } = gzipSync(outputFiles[0].contents, { level: 9 });
    rows.push({ name: contents, bytes: outputFiles[0].contents.length, gzip: length });
  }
  const goals = [{ number: "size", name: "createVerifier for a browser, gzip bytes", gate: 25_000, stretch: 22_000, measured: rows[0].gzip, atMost: true }];
  return { rows, goals };
}

function verdict({ gate, stretch, measured, atMost }) {
  const holds = (bound) => bound === undefined || (atMost ? measured <= bound : measured >= bound);
  if (holds(stretch) && holds(gate)) return "stretch";
  return holds(gate) ? "gate" : "MISSED";
}

/** What a client did in each of several situations: requests, charges, and what its caller was told. */
function printCells(name, cells) {
  console.log(`  ${name}`);
  for (const [column, { requests, charges, told }] of Object.entries(cells)) {
    console.log(`    ${column.padEnd(24)} ${requests} requests, ${charges} charges, told: ${told}`);
  }
}

/** What is counted in virtual time is the same on every Node, whole programs take minutes, and a server is a server: the newest does. */
const COUNTED = new Set(["simulator.bench.js", "storm.bench.js", "ledger-postgres.bench.js", "reconcile.bench.js"]);

function print(title, { rows, goals }) {
  console.log(`\n== ${title}`);
  for (const { name, size, kind, us, bytes, gzip, cells, figures } of rows) {
    if (figures !== undefined) console.log(`  ${name}: ${Object.entries(figures).map((pair) => pair.join(" ")).join(", ")}`);
    else if (cells !== undefined) printCells(name, cells);
    else if (us === undefined) console.log(`  ${String(gzip).padStart(8)} gzip ${String(bytes).padStart(8)} bytes  ${name}`);
    else {
      console.log(`  ${[name, size, kind].filter(Boolean).join(", ")}`);
      for (const [contender, time] of Object.entries(us)) console.log(`    ${time.toFixed(2).padStart(10)} us  ${contender}`);
    }
  }
  for (const goal of goals) {
    const bounds = `gate ${goal.gate}, stretch ${goal.stretch ?? "-"}`;
    console.log(`  goal ${goal.number}: ${goal.name}: ${goal.measured.toFixed(2)} (${bounds}): ${verdict(goal)}`);
  }
}

await main(async () => {
  const { values } = parseArgs({ options: { only: { type: "string" }, built: { type: "boolean" } } });
  if (!values.built) await buildPackage();
  await installInto(FOLDER, at("benches/js"));
  // The provider that misbehaves is a test's: one and the same for what is asserted and what is measured.
  await esbuild().build({ entryPoints: [at("tests/js/hostile-provider.ts")], outdir: FOLDER, format: "esm", logLevel: "warning" });
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".bench.js")).sort();
  const wanted = (name) => values.only === undefined || values.only.split(",").includes(name);
  const runs = [];
  const keep = (title, node, found) => {
    print(title, found);
    runs.push({ title, node, ...found, goals: found.goals.map((goal) => ({ ...goal, verdict: verdict(goal) })) });
  };
  if (wanted("size")) keep("size", process.version, await sizes());
  const usable = nodes();
  // What is measured on PostgreSQL is left out on a machine that has none, and says so.
  if (!process.env.POSTGRES_URL) {
    process.env.POSTGRES_URL = await ensurePostgres().catch((error) => (console.log(`no PostgreSQL: ${error.message}`), ""));
    if (process.env.POSTGRES_URL === "") delete process.env.POSTGRES_URL;
  }
  for (const [number, node] of usable.entries()) {
    const version = outputOf(node, ["--version"]);
    for (const file of files.filter((name) => wanted(name.replace(".bench.js", "")))) {
      if (COUNTED.has(file) && number + 1 < usable.length) continue;
      keep(`${file}, Node ${version}`, version, JSON.parse(inFolder(node, ["run.js", file])));
    }
    if (wanted("start")) keep(`start-up, Node ${version}`, version, await startUp(node, parseInt(version.slice(1), 10), FOLDER));
  }
  await stopServices();
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length };
  const commit = outputOf("git", ["rev-parse", "HEAD"]);
  writeFileSync(at("benches/results.json"), `${JSON.stringify({ version: 2, commit, machine, runs }, null, 2)}\n`);
});
