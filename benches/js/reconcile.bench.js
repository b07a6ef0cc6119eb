/**
 * From two files of a million rows to classified breaks, beside what a merchant or an analyst would take for it.
 *
 * Invariant: each contender is a process of its own, measured whole (start, reading, comparing, writing), and all of them
 * have found the same breaks. They take turns in an order that rotates from round to round; ratios are medians of the ratios
 * within each round. Wall, CPU and peak memory are those the system counts (GNU time).
 *
 * `RECONCILE_ROWS` and `RECONCILE_ROUNDS` make it smaller; `RECONCILE_LARGE=1` goes on to ten million rows a side.
 */

import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";

import { contenders, found, KEPT, measured, NATIVE, python } from "./reconcile/contenders.js";
import { files } from "./reconcile/files.js";
import { month } from "./reconcile/month.js";
import { median } from "./paired.js";

const ROWS = Number(process.env.RECONCILE_ROWS ?? 1_000_000);
const ROUNDS = Number(process.env.RECONCILE_ROUNDS ?? 5);
const LARGE = process.env.RECONCILE_LARGE === "1" ? [1_000_000, 2_000_000, 5_000_000, 10_000_000] : [];
const OURS = "tillproof, 1 thread";
const TWO = "tillproof, --workers 2";
const CAPPED = "DuckDB, 1 thread, 256 MB";
const GIBIBYTES_16 = 16 * 1_024;

/** Who takes part, after a first run that is not measured and shows that all have found the same. */
function agreed(all, input) {
  let first;
  for (const [name, contender] of Object.entries(all)) {
    const { counts, digest } = found(contender, measured(contender, input).out);
    first ??= { name, counts, digest };
    if (digest !== first.digest) {
      throw new Error(`${name} found ${JSON.stringify(counts)}, ${first.name} found ${JSON.stringify(first.counts)}`);
    }
  }
  return first.counts;
}

function rounds(all, input) {
  const names = Object.keys(all);
  return Array.from({ length: ROUNDS }, (_, round) => {
    const took = {};
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length];
      took[name] = measured(all[name], input);
    }
    return took;
  });
}

/** What grows with the files, and how: seconds for a million rows of a side, and memory. */
function growth(contender, goals) {
  const rows = LARGE.map((size) => {
    const { wall, cpu, megabytes } = measured(contender, files(join(KEPT, "files"), size));
    return { size, wall, cpu, megabytes };
  });
  const [first, last] = [rows[0], rows.at(-1)];
  if (last !== undefined) {
    const each = ({ size, cpu }) => cpu / size;
    goals.push(
      { number: "reconcile", name: `CPU for a row at ${last.size} rows a side, times that at ${first.size}`, gate: 1.5, measured: each(last) / each(first), atMost: true },
      { number: "reconcile", name: `peak memory at ${last.size} rows a side, MB`, gate: GIBIBYTES_16, measured: last.megabytes, atMost: true },
    );
  }
  return rows.map(({ size, wall, cpu, megabytes }) => ({ name: `${size} rows a side, tillproof with one thread`, figures: shown({ wall, cpu, megabytes }) }));
}

function shown({ wall, cpu, megabytes }) {
  return { wall: `${wall.toFixed(2)} s`, CPU: `${cpu.toFixed(2)} s`, "peak memory": `${megabytes.toFixed(0)} MB` };
}

/** Runs everything; `rows` are for the screen and the file, `goals` those of performance.md and of the reconciler. */
export async function run() {
  if (!existsSync("/usr/bin/time")) return { rows: [{ name: "not measured: no GNU time at /usr/bin/time", figures: {} }], goals: [] };
  const { program, missing } = python();
  const all = contenders(program);
  const input = files(join(KEPT, "files"), ROWS);
  const counts = agreed(all, input);
  const took = rounds(all, input);
  // Walls of a machine that does other things as well tell less than CPU times do.
  const busy = loadavg()[0].toFixed(1);

  const middle = (name, what) => median(took.map((round) => round[name][what]));
  const faster = (ours, theirs, what = "wall") => median(took.map((round) => round[theirs][what] / round[ours][what]));
  const rows = [{ name: `${ROWS} rows a side, ${(input.bytes / 1e6).toFixed(0)} MB, all found`, figures: counts }];
  for (const name of Object.keys(all)) {
    const figures = shown({ wall: middle(name, "wall"), cpu: middle(name, "cpu"), megabytes: middle(name, "megabytes") });
    rows.push({ name: `reconcile, load ${busy}: ${name}`, figures: { ...figures, "times our wall": faster(OURS, name).toFixed(2), "times our CPU": faster(OURS, name, "cpu").toFixed(2) } });
  }
  if (missing !== undefined) rows.push({ name: `not measured: ${missing}`, figures: {} });
  if (all[NATIVE] === undefined) rows.push({ name: "not measured: no cargo for the same Rust without wasm", figures: {} });

  const goals = [];
  const goal = (number, ours, theirs, gate, stretch, what = "wall") => {
    if (all[theirs] === undefined) return;
    goals.push({ number, name: `reconcile: ${ours} against ${theirs} (${what})`, gate, stretch, measured: faster(ours, theirs, what) });
  };
  goal(12, OURS, "DuckDB, 2 threads", 1.3, 1.8);
  goal(13, OURS, "DuckDB, 1 thread", 2.2, 3);
  goal(13, OURS, "Polars, 2 threads", 1.5, 2.2);
  goal(13, OURS, "plain JavaScript, split and Map", 12, 20);
  // Of one thread each, CPU time says the same and hears nothing of what else the machine does.
  goal(13, OURS, "DuckDB, 1 thread", 2.2, 3, "cpu");
  goal(13, OURS, "plain JavaScript, split and Map", 12, 20, "cpu");
  goal(14, TWO, "DuckDB, 2 threads", 1.8, 2.5);
  // The start of Node is in it.
  goal(16, OURS, NATIVE, 0.55, 0.67, "cpu");
  if (ROWS === 1_000_000) {
    goals.push({ number: 15, name: "reconcile: peak memory of the process, MB", gate: 330, measured: middle(OURS, "megabytes"), atMost: true });
  }
  if (all[CAPPED] !== undefined) {
    const share = median(took.map((round) => round[OURS].megabytes / round[CAPPED].megabytes));
    goals.push({ number: 15, name: "reconcile: peak memory, share of DuckDB's with a cap of 256 MB", gate: 1, measured: share, atMost: true });
  }
  const threeWay = await month(ROUNDS);
  rows.push(...threeWay.rows);
  goals.push(...threeWay.goals);
  rows.push(...growth(all[OURS], goals));
  return { rows, goals };
}
