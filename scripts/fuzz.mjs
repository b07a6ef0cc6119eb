/**
 * `make fuzz`: every target of fuzz/ for as many executions as its row says, then its corpus made small and kept.
 *
 * Invariant: a target that crashes, times out or stops short of its executions makes the exit status 1, and the input
 * that did it is printed and lies in fuzz/artifacts.
 *
 * A kept corpus is one text file, fuzz/corpus/<target>.txt, an input a line in base64: a thousand small files would
 * bury the repository, and this one can be read in a diff.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { at, attempt, Failure, main } from "./command.mjs";
import { ensureCargoFuzz, ensureRust } from "./tools.mjs";

/** Targets and how many executions each gets; the sum of the first group is what the project asks of itself. */
const TARGETS = readFileSync(at("fuzz/Cargo.toml"), "utf8")
  .split("[[bin]]")
  .slice(1)
  .map((section) => /^name = "(\w+)"$/m.exec(section)?.[1] ?? "")
  .map((name) => ({ name, runs: name.startsWith("asymmetric") ? 1_000_000 : 4_000_000 }));

/** An input this slow is a finding: the largest header takes microseconds. */
const TIMEOUT_SECONDS = 10;
/** Bytes of the longest input, twice the longest header. */
const INPUT_BYTES_MAX = 16_384;
/** Inputs of the kept corpus and their bytes in all; beyond either, the shortest stay. */
const KEPT_MAX = 1_500;
const KEPT_BYTES_MAX = 500_000;

function unpack(target) {
  const folder = at("fuzz/target/corpus", target);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const kept = at("fuzz/corpus", `${target}.txt`);
  const lines = existsSync(kept) ? readFileSync(kept, "utf8").split("\n").filter(Boolean) : [];
  for (const line of lines) {
    const input = Buffer.from(line, "base64");
    writeFileSync(join(folder, createHash("sha1").update(input).digest("hex")), input);
  }
  return folder;
}

/** Sorted by length and then by text, so that the same corpus gives the same file. */
function pack(target, folder) {
  const inputs = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
  inputs.sort((a, b) => a.length - b.length || Buffer.compare(a, b));
  mkdirSync(at("fuzz/corpus"), { recursive: true });
  const lines = [];
  for (let bytes = 0; lines.length < Math.min(KEPT_MAX, inputs.length); ) {
    const input = inputs[lines.length];
    bytes += input.length;
    if (bytes > KEPT_BYTES_MAX) break;
    lines.push(input.toString("base64"));
  }
  writeFileSync(at("fuzz/corpus", `${target}.txt`), `${lines.join("\n")}\n`);
  return lines.length;
}

async function fuzz(target, runs, keep) {
  const folder = unpack(target);
  const options = ["-print_final_stats=1", `-timeout=${TIMEOUT_SECONDS}`, `-max_len=${INPUT_BYTES_MAX}`, "-verbosity=0"];
  const first = await cargoFuzz("run", target, folder, [`-runs=${runs}`, ...options]);
  const executed = Number(/number_of_executed_units: (\d+)/.exec(first.output)?.[1] ?? 0);
  const failed = first.status !== 0 || executed < runs;
  if (failed) return { target, executed, kept: 0, failed };
  let kept = 0;
  if (keep) {
    if ((await cargoFuzz("cmin", target, folder, [`-max_len=${INPUT_BYTES_MAX}`])).status !== 0) {
      throw new Failure(`the corpus of ${target} could not be made small`);
    }
    kept = pack(target, folder);
  }
  return { target, executed, kept, failed };
}

function cargoFuzz(command, target, folder, options) {
  const program = [command, "--fuzz-dir", at("fuzz"), "--sanitizer", SANITIZER, ...COMPARES, target, folder];
  // The flags of a sanitizer and of coverage are not stable; this lets the pinned compiler take them.
  return attempt("cargo", ["fuzz", ...program, "--", ...options], { env: { RUSTC_BOOTSTRAP: "1", PATH } });
}

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    runs: { type: "string" },
    sanitizer: { type: "string", default: "none" },
    "no-compares": { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
const SANITIZER = values.sanitizer;
/** Noting what is compared finds words and numbers that a format wants, and is two thirds of the time of a reader of tables. */
const COMPARES = values["no-compares"] ? ["--no-trace-compares"] : [];
let PATH = process.env.PATH;

await main(async () => {
  await ensureRust();
  PATH = [await ensureCargoFuzz(), PATH].join(":");
  const wanted = values.only?.split(",");
  const chosen = TARGETS.filter(({ name }) => wanted?.includes(name) ?? true);
  if (chosen.length === 0) throw new Failure(`no such target: there are ${TARGETS.map(({ name }) => name).join(", ")}`);
  const results = [];
  for (const { name, runs } of chosen) {
    const started = process.hrtime.bigint();
    const result = await fuzz(name, Number(values.runs ?? runs), values.keep);
    results.push({ ...result, seconds: Number((process.hrtime.bigint() - started) / 1_000_000_000n) });
  }
  for (const { target, executed, kept, failed, seconds } of results) {
    const corpus = values.keep ? `, ${kept} inputs kept` : "";
    console.log(`${failed ? "FAIL" : "ok  "} ${target.padEnd(24)} ${executed} executions, ${seconds} s${corpus}`);
  }
  const total = results.reduce((sum, { executed }) => sum + executed, 0);
  const bad = results.filter(({ failed }) => failed).length;
  console.log(`${total} executions, ${bad} of ${results.length} targets failed`);
  if (bad > 0) process.exitCode = 1;
});
