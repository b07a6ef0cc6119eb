/**
 * What cargo tells of the crates in the lock file.
 *
 * Invariant: whoever asks gets all of them, or a failure. A build downloads only what it compiles, so that on a fresh machine
 * the crates of other platforms are missing: they are fetched the first time, and nothing is where all are there.
 */

import { Failure, outputOf } from "./command.mjs";

/** `cargo metadata` with these further arguments. */
export function crateMetadata(args) {
  const text = told(args) || (outputOf("cargo", ["fetch", "--locked"]), told(args));
  if (text === "") throw new Failure(`cargo metadata ${args.join(" ")} ends without an answer: is every crate of Cargo.lock here?`);
  return JSON.parse(text);
}

/** As much as a thousand crates would need. */
const ANSWER_BYTES_MAX = 64_000_000;

function told(args) {
  return outputOf("cargo", ["metadata", "--format-version", "1", "--locked", "--offline", ...args], { maxBuffer: ANSWER_BYTES_MAX });
}
