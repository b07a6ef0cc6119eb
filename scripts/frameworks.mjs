/**
 * Projects with real frameworks, in which the packed tarball and the code of docs/frameworks are tried.
 *
 * Invariant: the packages are those of the lock files, installed without scripts, and installed again when these change.
 */

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { at, run } from "./command.mjs";
import { TARBALL } from "./package.mjs";
import { borrow } from "./samples.mjs";

const FOLDER = at("target/frameworks");

/** Installs the light frameworks, and returns the folder with its tests. */
export async function installFrameworks() {
  const files = readdirSync(at("tests/frameworks")).filter((file) => file !== "heavy");
  await install(FOLDER, at("tests/frameworks"), files, "ci");
  return FOLDER;
}

/** Installs those that need hundreds of megabytes, beside the light ones, whose test tools they share. */
export async function installHeavyFrameworks() {
  await installFrameworks();
  const folder = join(FOLDER, "heavy");
  await install(folder, at("tests/frameworks/heavy"), readdirSync(at("tests/frameworks/heavy")), "install");
  return folder;
}

/** Adds what the stacks of docs/stacks.md need beside these, and returns the folder of their test. */
export async function installStacks() {
  const folder = join(await installHeavyFrameworks(), "stacks");
  await installLocked(folder, "ci");
  return folder;
}

async function install(folder, source, files, how) {
  mkdirSync(folder, { recursive: true });
  for (const file of files) cpSync(join(source, file), join(folder, file), { recursive: true });
  cpSync(at("docs/frameworks"), join(folder, "docs"), { recursive: true });
  await installLocked(folder, how);
}

/**
 * Installs what the lock file of a folder says, where that was not done yet, and the tarball in any case.
 *
 * `how` is npm's command: `ci` refuses a lock file without the binaries of other platforms, and npm leaves these out
 * when it writes the large one. `install` takes the versions of the lock file as well.
 */
export async function installLocked(folder, how) {
  const lock = createHash("sha256").update(readFileSync(join(folder, "package-lock.json"))).digest("hex");
  const stamp = join(folder, "node_modules/.tillproof-lock");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
    await run("npm", [how, "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
    for (const tool of ["typescript", "@types/node"]) {
      if (!existsSync(join(folder, "node_modules", tool))) borrow(folder, tool);
    }
    writeFileSync(stamp, lock);
  }
  // As npm unpacks it; installing a tarball by npm would look through the whole tree for each.
  const target = join(folder, "node_modules/tillproof");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await run("tar", ["-xzf", TARBALL, "-C", target, "--strip-components=1"]);
}
