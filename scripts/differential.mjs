/**
 * The official packages of the providers beside the packed tarball, in target/differential.
 *
 * Invariant: the packages are those of the lock file, installed without scripts, and installed again when it changes.
 */

import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { at } from "./command.mjs";
import { installLocked } from "./frameworks.mjs";

/** Installs all of it and returns the folder with the tests. */
export async function installDifferential() {
  const folder = at("target/differential");
  mkdirSync(folder, { recursive: true });
  cpSync(at("tests/differential"), folder, { recursive: true });
  cpSync(at("tests/vectors"), join(folder, "vectors"), { recursive: true });
  await installLocked(folder, "ci");
  return folder;
}
