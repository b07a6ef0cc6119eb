/**
 * tests/lighthouse: the page of www/ under Lighthouse, built with the packed tarball.
 *
 * Invariant: Lighthouse is that of the lock file, and sees the page only as static files. `node scripts/lighthouse.mjs`
 * measures; it belongs to `make test-all`, since a machine with other work falsifies it.
 */

import { cpSync, mkdirSync } from "node:fs";

import { at, attempt, Failure, main } from "./command.mjs";
import { installLocked } from "./frameworks.mjs";
import { installSample, WWW } from "./samples.mjs";
import { ensureChromium, ensureNpm } from "./tools.mjs";

const FOLDER = at("target/lighthouse");

/** Installs both and gives the arguments and variables that node's test runner takes. */
export async function installLighthouse() {
  mkdirSync(FOLDER, { recursive: true });
  for (const file of ["package.json", "package-lock.json", "lighthouse.test.mjs"]) cpSync(at("tests/lighthouse", file), `${FOLDER}/${file}`);
  // One of its packages asks for the `latest` of another, which no lock file satisfies: `install` takes the other versions too.
  await installLocked(FOLDER, "install");
  const env = { WWW: await installSample(WWW), CHROMIUM: (await ensureChromium()).browser };
  return { folder: FOLDER, args: ["--test", "--test-reporter=spec", "lighthouse.test.mjs"], env };
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    await ensureNpm();
    const { folder, args, env } = await installLighthouse();
    const { status } = await attempt(process.execPath, args, { cwd: folder, env });
    if (status !== 0) throw new Failure("the page is not what it was");
  });
}
