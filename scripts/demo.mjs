/**
 * `make demo`: builds the package, installs it as a merchant would, and runs its main job.
 *
 * Invariant: the demo runs on the installed tarball and never on the sources.
 */

import { join } from "node:path";

import { at, handOver, main } from "./command.mjs";
import { buildPackage } from "./package.mjs";
import { borrow, installInto } from "./samples.mjs";

await main(async () => {
  await buildPackage();
  const folder = at("target/demo");
  await installInto(folder);
  // The database of the demo: the one SQLite that also serves Node 20.
  borrow(folder, "node-sqlite3-wasm");
  const program = join(folder, "node_modules/.bin/tillproof");
  process.exitCode = await handOver(program, ["demo", ...process.argv.slice(2)], { cwd: folder });
});
