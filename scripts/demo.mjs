/**
 * `make demo`: builds the package, installs it as a merchant would, and runs its main job.
 *
 * Invariant: the demo runs on the installed tarball and never on the sources.
 */

import { handOver, main } from "./command.mjs";
import { buildPackage } from "./package.mjs";
import { installDemo } from "./samples.mjs";

await main(async () => {
  await buildPackage();
  const { folder, program } = await installDemo();
  process.exitCode = await handOver(program, ["demo", ...process.argv.slice(2)], { cwd: folder });
});
