/** The programs of benches/native: our books without wasm, and those of the crate `doubleentry`. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** What its arguments are called in the table. */
const CONTENDERS = {
  none: "native, no chain",
  batch: "native, chain of batches",
  transaction: "native, chain of transactions",
  doubleentry: "doubleentry, every entry a leaf of its log",
};

/** Builds with what can be fetched, and says what there is to run. */
function built() {
  const args = ["build", "--release", "--quiet", "--locked", "--manifest-path", at("benches/native/Cargo.toml"), "--target-dir", at("target/native")];
  const cargo = (...features) => spawnSync("cargo", [...args, ...features], { encoding: "utf8" });
  if (cargo("--features", "doubleentry").status === 0) return Object.keys(CONTENDERS);
  const { status, stderr } = cargo();
  if (status !== 0) throw new Error(stderr || "cargo does not run here");
  return Object.keys(CONTENDERS).filter((name) => name !== "doubleentry");
}

/** Nanoseconds of CPU for one transaction, the least of three runs. */
export async function native() {
  const contenders = built();
  const found = {};
  for (let round = 0; round < 3; round += 1) {
    const { stdout, stderr, status } = spawnSync(at("target/native/release/tillproof-native-benches"), contenders, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    for (const line of stdout.trim().split("\n")) {
      const [name, ns] = line.split(" ");
      found[CONTENDERS[name]] = Math.min(found[CONTENDERS[name]] ?? Infinity, Number(ns));
    }
  }
  return found;
}
