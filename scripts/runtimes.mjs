/**
 * One scenario in every runtime and from every bundler, and the table of README that says so.
 *
 * Invariant: a row of the table is one that passed, with the major version it passed on; README has what the last run saw.
 * `node scripts/runtimes.mjs` runs all of it on pkg/tillproof.tgz and writes README; as a part of `make test-all` it only
 * compares.
 */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { at, attempt, Failure, main } from "./command.mjs";
import { installLocked } from "./frameworks.mjs";
import { ensureChromium, ensureFirefox, ensureNpm } from "./tools.mjs";

const FOLDER = at("target/runtimes");

/** Where the table stands in README. */
const PLACE = /(<!-- runtimes: .*-->\n)[^]*?(<!-- \/runtimes -->)/;

/** Runs the scenario everywhere; gives the arguments and variables that node's test runner takes. */
export async function installRuntimes() {
  mkdirSync(FOLDER, { recursive: true });
  cpSync(at("tests/runtimes"), FOLDER, { recursive: true, filter: (path) => !path.includes("node_modules") });
  rmSync(join(FOLDER, "table.md"), { force: true });
  await installLocked(FOLDER, "install");
  const env = { CHROMIUM: (await ensureChromium()).browser, FIREFOX: await ensureFirefox() };
  // The time is that of all of it: a dozen builds and as many starts.
  return { folder: FOLDER, args: ["--test", "--test-reporter=spec", "--test-timeout=900000", "runtimes.test.mjs"], env };
}

/** What README should say after the run, and what it says. */
export function runtimeTable() {
  const readme = readFileSync(at("README.md"), "utf8");
  const table = readFileSync(join(FOLDER, "table.md"), "utf8");
  if (!PLACE.test(readme)) throw new Failure("README.md has no place for the table of runtimes");
  return { readme, wanted: readme.replace(PLACE, (_, begin, end) => `${begin}\n${table}\n${end}`) };
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    await ensureNpm();
    const { folder, args, env } = await installRuntimes();
    const { status } = await attempt(process.execPath, args, { cwd: folder, env });
    if (status !== 0) throw new Failure("the scenario did not hold everywhere: README.md stays as it was");
    writeFileSync(at("README.md"), runtimeTable().wanted);
  });
}
