/**
 * `make bench`: every file of benches/js, on the built package, to the screen and to benches/results.json.
 *
 * Invariant: figures are paired. The two sides of a row take turns in one process, so that what slows one slows the
 * other, and the ratio means something where the times do not.
 */

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { at, main, outputOf } from "./command.mjs";
import { buildPackage } from "./package.mjs";
import { installInto } from "./samples.mjs";

const ROUNDS = 31;
const ROUND_NS = 20_000_000n;

/** Nanoseconds for one call, over a round of about {@link ROUND_NS}. */
function timed(call) {
  const started = process.hrtime.bigint();
  let calls = 0;
  let elapsed = 0n;
  while (elapsed < ROUND_NS) {
    for (let i = 0; i < 50; i += 1) call();
    calls += 50;
    elapsed = process.hrtime.bigint() - started;
  }
  return Number(elapsed) / calls;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** One row: medians of both sides, and the median of the ratios of neighbouring rounds. */
function compare({ name, ours, theirs }) {
  for (const call of [ours.call, theirs.call]) timed(call);
  const rounds = Array.from({ length: ROUNDS }, () => ({ ours: timed(ours.call), theirs: timed(theirs.call) }));
  return {
    name,
    ours: ours.name,
    ours_ns: Math.round(median(rounds.map((round) => round.ours))),
    theirs: theirs.name,
    theirs_ns: Math.round(median(rounds.map((round) => round.theirs))),
    ratio: Number(median(rounds.map((round) => round.ours / round.theirs)).toFixed(3)),
  };
}

await main(async () => {
  await buildPackage();
  const folder = at("target/benches");
  await installInto(folder, at("benches/js"));
  const rows = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".bench.js")).sort()) {
    const { pairs } = await import(pathToFileURL(join(folder, file)).href);
    rows.push(...pairs.map(compare));
  }
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length };
  mkdirSync(at("benches"), { recursive: true });
  const commit = outputOf("git", ["rev-parse", "HEAD"]);
  writeFileSync(at("benches/results.json"), `${JSON.stringify({ version: 1, commit, machine, rows }, null, 2)}\n`);
  for (const row of rows) {
    console.log(`${row.name.padEnd(34)} ${row.ours} ${row.ours_ns} ns, ${row.theirs} ${row.theirs_ns} ns, ratio ${row.ratio}`);
  }
});
