/**
 * tests/runners: the packed tarball in vitest, in jest and in a page, each of the version in the lock file.
 *
 * Invariant: the tests see the package only as npm unpacks it.
 */

import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { at } from "./command.mjs";
import { installLocked } from "./frameworks.mjs";
import { borrow } from "./samples.mjs";

const SOURCES = at("tests/runners");
const FOLDER = at("target/runners");

/** Installs the runners and returns the folder with their tests. */
export async function installRunners() {
  mkdirSync(FOLDER, { recursive: true });
  const files = readdirSync(SOURCES).filter((file) => file !== "node_modules");
  for (const file of files) cpSync(join(SOURCES, file), join(FOLDER, file), { recursive: true });
  // npm leaves the binaries of other platforms out of this lock file, and then refuses it: `install` takes its versions too.
  await installLocked(FOLDER, "install");
  for (const tool of ["esbuild", "puppeteer-core"]) {
    if (!existsSync(join(FOLDER, "node_modules", tool))) borrow(FOLDER, tool);
  }
  return FOLDER;
}
