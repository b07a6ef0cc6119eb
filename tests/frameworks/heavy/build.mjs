/** Building a project of a framework, quietly unless it fails. */

import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Where the packages of these frameworks are installed. */
export const HERE = import.meta.dirname;

/** A file inside of an installed package. */
export const installed = (file) => join(HERE, "node_modules", file);

/** Runs a program of an installed package; the secret is not there, as on a build machine. */
export function attemptBuild(program, args, cwd, env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [installed(program), ...args], {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
}
