/**
 * The time to the first verified webhook, ours and that of others, in one run.
 *
 * Invariant: every figure is what a script takes above one that does nothing, started in the same round; and because milliseconds
 * of two machines do not compare, each stands beside what the same start took on the machine that the goal was written on.
 */

import { spawnSync } from "node:child_process";

import { Failure } from "./command.mjs";
import { esbuild } from "./javascript.mjs";

const ROUNDS = 21;

/**
 * Tells CPU time of all threads, which nobody else can take away, and beside it the clock. In each script, and not by
 * `--import`, which begins the loader of modules before anybody's script.
 */
const REPORT =
  "process.on('exit', () => { const ms = performance.now(); const { user, system } = process.cpuUsage(); console.log((user + system) / 1000, ms); });";

const INSTALLED = { packages: "external", format: "esm" };
const FOR_NODE = { platform: "node", minify: true, format: "esm" };
/** What bundles of CommonJS call in an ES module. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Each of the ways a program may be made: what it is built of and with, `packages` as they are installed. */
const OURS = {
  "tillproof, installed": ["tillproof.js", INSTALLED],
  "tillproof, installed, require": ["tillproof.js", { ...INSTALLED, format: "cjs" }],
  "tillproof, bundled for Node": ["tillproof.js", FOR_NODE],
  "tillproof, bundled for anywhere": ["tillproof.js", { ...FOR_NODE, platform: "neutral", conditions: ["import"] }],
};

/** Not goals but parts of them: what a start is without a verdict. */
const PARTS = {
  "tillproof, installed, a verifier and no verdict": ["instantiated.js", INSTALLED],
  "tillproof, bundled for Node, a verifier and no verdict": ["instantiated.js", FOR_NODE],
};

/** The same with others, and the milliseconds it took on the idle machine where the goal was set: Node 20, Node 24. */
const THEIRS = {
  "only node:crypto": ["crypto.js", INSTALLED, 2.8, 5],
  "octokit, installed": ["octokit.js", INSTALLED, 4.3, 6.4],
  "octokit, bundled": ["octokit.js", FOR_NODE, 3, 6.4],
  "standardwebhooks, installed": ["standardwebhooks.js", INSTALLED, 7.8, 7.3],
  "standardwebhooks, bundled": ["standardwebhooks.js", FOR_NODE, 4, 4.5, REQUIRE],
  "stripe, installed": ["stripe.js", INSTALLED, 61, 90],
  "stripe, bundled": ["stripe.js", FOR_NODE, 17, 39, REQUIRE],
};

/** What the goal hoped for there, in milliseconds, and what it accepts. */
const [STRETCH, GATE] = [3.5, 6];
/** And of what stripe takes, installed. */
const SHARE = 0.2;

const STARTS = { ...OURS, ...PARTS, ...THEIRS };

/**
 * Starts all of them in turn, in fresh processes.
 *
 * @param {string} node which Node
 * @param {number} major its version
 * @param {string} folder where the packages are installed
 */
export async function startUp(node, major, folder) {
  const files = {};
  for (const [name, [source, options, , , first = ""]] of Object.entries({ bare: ["bare.js", INSTALLED], ...STARTS })) {
    // The delivery stands in each of them: to read one file more would be nobody's start.
    files[name] = `start/${name.replaceAll(/\W+/g, "-")}.${options.format === "cjs" ? "cjs" : "mjs"}`;
    const common = { bundle: true, platform: "node", logLevel: "warning", absWorkingDir: folder, entryPoints: [`start/${source}`], banner: { js: `${first}${REPORT}` } };
    await esbuild().build({ ...common, outfile: files[name], ...options });
  }
  const times = rounds(node, files, folder);
  const middle = (name, clock) => median(times[name].map((time, round) => time[clock] - times.bare[round][clock]));
  const least = (name, clock) => Math.min(...times[name].map((time) => time[clock])) - Math.min(...times.bare.map((time) => time[clock]));
  const row = (what, figure, clock) => {
    const us = Object.fromEntries(Object.keys(STARTS).map((name) => [name, figure(name, clock) * 1000]));
    return { name: `first verified webhook, ${what} above a bare script`, us };
  };
  const cpu = (name) => middle(name, 0);
  const reference = (name) => THEIRS[name][major >= 24 ? 3 : 2];
  // In how many times the milliseconds of there each of theirs is done here; the middle of them is this machine's.
  const slower = Object.keys(THEIRS).map((name) => [name, cpu(name) / reference(name)]);
  const scale = median(slower.map(([, multiple]) => multiple));
  const figures = (entries) => Object.fromEntries(entries.map(([name, number]) => [name, number.toFixed(3)]));
  const ratios = Object.keys(OURS).map((ours) => ({
    name: `${ours}, as a share of what theirs takes (that of ${STRETCH} ms where the goal was set)`,
    figures: Object.fromEntries(
      Object.keys(THEIRS).map((name) => [name, `${(cpu(ours) / cpu(name)).toFixed(3)} (${(STRETCH / reference(name)).toFixed(3)})`]),
    ),
  }));
  const goals = Object.keys(OURS).flatMap((name) => [
    { number: 21, name: `start-up, CPU ms above bare: ${name}`, gate: GATE, stretch: STRETCH, measured: cpu(name), atMost: true },
    { number: 21, name: `start-up, the same in ms of where the goal was set: ${name}`, gate: GATE, stretch: STRETCH, measured: cpu(name) / scale, atMost: true },
    { number: 21, name: `start-up, share of what stripe takes: ${name}`, gate: SHARE, stretch: SHARE, measured: cpu(name) / cpu("stripe, installed"), atMost: true },
  ]);
  const rows = [
    row("CPU time", middle, 0),
    row("least CPU time", least, 0),
    row("time", middle, 1),
    row("least time", least, 1),
    { name: "CPU time here, as a multiple of the time where the goal was set", figures: figures([...slower, ["the middle", scale]]) },
    ...ratios,
  ];
  return { rows, goals };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** What each takes, `[CPU ms, ms]` for every round; each begins a round as often as any other. */
function rounds(node, files, folder) {
  const took = (name) => {
    const { status, stdout, stderr } = spawnSync(node, [files[name]], { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Failure(`${files[name]} ended with ${status}:\n${stderr}`);
    return stdout.split(" ").map(Number);
  };
  const names = Object.keys(files);
  for (const name of names) took(name);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length];
      times[name].push(took(name));
    }
  }
  return times;
}
