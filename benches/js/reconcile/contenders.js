/**
 * Who does the job: each a program of its own, from two files to a file of classified breaks.
 *
 * Invariant: whoever is measured has told the same kind of the same reference as all others, or the bench fails. Programs
 * of Python run in an environment with pinned versions that is made on first use; without Python they are named as left out.
 */

import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

import { AS_OF, WINDOW_DAYS } from "./files.js";

/** Beside the folder of the benches, which is made anew each time. */
export const KEPT = fileURLToPath(new URL("../../bench-reconcile", import.meta.url));
const PACKAGES = ["duckdb==2.0.0", "polars==2.1.0", "pandas==3.1.1", "pyarrow==26.0.1"];
const TIME = "/usr/bin/time";
export const NATIVE = "the same Rust without wasm";
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const CLI = here("../node_modules/tillproof/dist/cli.js");

/** A Python with the peers, or why there is none. */
export function python() {
  const folder = join(KEPT, `python-${createHash("sha256").update(PACKAGES.join()).digest("hex").slice(0, 8)}`);
  const program = join(folder, "bin/python");
  if (existsSync(program)) return { program };
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(KEPT, { recursive: true });
  const steps = [
    ["python3", ["-m", "venv", part]],
    [join(part, "bin/python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PACKAGES]],
  ];
  for (const [command, args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) return { missing: `no Python with ${PACKAGES.join(", ")}: ${error?.message ?? stderr.trim().split("\n").at(-1)}` };
  }
  renameSync(part, folder);
  return { program };
}

/** The command of tillproof, with further flags, and how its answer is read. */
function tillproof(flags) {
  return {
    command: ({ ledger, settlement }) => [
      process.execPath, CLI, "reconcile", "--ledger", ledger, "--settlement", settlement, "--as-of", AS_OF,
      "--in-flight-days", String(WINDOW_DAYS), "--json", ...flags,
    ],
    // The answer "there are breaks".
    status: 1,
    printsJson: true,
  };
}

/** A run against the bank as well, at the time of the latest row. */
export const threeWay = {
  command: ({ ledger, settlement, bank }) => [process.execPath, CLI, "reconcile", "--ledger", ledger, "--settlement", settlement, "--bank", bank, "--json"],
  status: 1,
  printsJson: true,
};

/** The engine of the first thread without wasm; nothing where there is no compiler. */
function natively() {
  const manifest = fileURLToPath(new URL("../../../benches/native/Cargo.toml", import.meta.url));
  const folder = fileURLToPath(new URL("../../../target/native", import.meta.url));
  const build = ["build", "--release", "--quiet", "--locked", "--bin", "reconcile", "--manifest-path", manifest, "--target-dir", folder];
  const { status, error, stderr } = spawnSync("cargo", build, { encoding: "utf8" });
  if (error?.code === "ENOENT") return {};
  if (status !== 0) throw new Error(error?.message ?? stderr);
  const command = ({ ledger, settlement }) => [join(folder, "release/reconcile"), ledger, settlement, AS_OF, String(WINDOW_DAYS)];
  return { [NATIVE]: { command, printsJson: true } };
}

/** What may take part, by name. `env` is of the process, `out` is where it writes. */
export function contenders(interpreter) {
  const ours = {
    "tillproof, 1 thread": tillproof([]),
    "tillproof, --workers 2": tillproof(["--workers", "2"]),
    "plain JavaScript, split and Map": {
      command: ({ ledger, settlement, out }) => [process.execPath, "--max-old-space-size=8192", here("peers/plain.js"), ledger, settlement, out, AS_OF],
    },
    ...natively(),
  };
  if (interpreter === undefined) return ours;
  const script = (name, ...further) => ({ ledger, settlement, out }) => [interpreter, here(`peers/${name}.py`), ledger, settlement, out, AS_OF, ...further];
  const threads = (count) => ({ POLARS_MAX_THREADS: String(count) });
  return {
    ...ours,
    "DuckDB, 1 thread": { command: script("by_duckdb", "1") },
    "DuckDB, 2 threads": { command: script("by_duckdb", "2") },
    "DuckDB, 1 thread, 256 MB": { command: script("by_duckdb", "1", "256MB") },
    "Polars, 1 thread": { command: script("by_polars"), env: threads(1) },
    "Polars, 2 threads": { command: script("by_polars"), env: threads(2) },
    pandas: { command: script("by_pandas") },
  };
}

/** Runs one as a process of its own: what it took, and the path of what it wrote. */
export function measured({ command, env, status: expected = 0, printsJson = false }, input) {
  const out = join(KEPT, "breaks.out");
  const report = join(KEPT, "took.txt");
  rmSync(out, { force: true });
  const stdout = printsJson ? openSync(out, "w") : "ignore";
  const args = ["-o", report, "-f", "%e %U %S %M", ...command({ ...input, out })];
  const { status, error, stderr } = spawnSync(TIME, args, { stdio: ["ignore", stdout, "pipe"], encoding: "utf8", env: { ...process.env, ...env } });
  if (printsJson) closeSync(stdout);
  if (status !== expected) throw new Error(`${args.slice(4).join(" ")} ended with ${status}: ${error?.message ?? stderr}`);
  const [wall, user, system, kilobytes] = readFileSync(report, "utf8").trim().split("\n").at(-1).split(" ").map(Number);
  return { wall, cpu: user + system, megabytes: kilobytes / 1_024, out };
}

/** What was found, in one digest: each kind with each reference. */
export function found({ printsJson = false }, out) {
  const text = readFileSync(out, "utf8");
  const pairs = printsJson ? ofReport(JSON.parse(text)) : text.trimEnd().split("\n").slice(1).map((line) => line.split(",", 2).join(" "));
  const counts = {};
  for (const pair of pairs) {
    const kind = pair.slice(pair.indexOf(" ") + 1);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return { counts, digest: createHash("sha256").update(pairs.sort().join("\n")).digest("hex") };
}

function ofReport({ breaks, in_flight: inFlight }) {
  return [...breaks.map(({ reference, kind }) => `${reference} ${kind}`), ...inFlight.map(({ reference }) => `${reference} in_flight`)];
}
