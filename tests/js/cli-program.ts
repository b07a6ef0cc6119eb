/** The command line as a process of its own, of the sources that a test file is bundled with. */

import { spawn } from "node:child_process";

import * as parts from "../../pkg/src/shell/webhooks-full-parts.js";
import { provideFullWebhooks } from "../../pkg/src/shell/webhooks-full.js";

/** With this in the environment a test file is the program under test: an exit status belongs to a process. */
const CHILD = "TILLPROOF_TEST_CLI";

/** What the program left behind. */
export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** To be awaited before the first test of a file: in the child the program runs, and the tests do not. */
export async function beProgram(): Promise<void> {
  if (process.env[CHILD] === undefined) return;
  // What the installed program finds beside itself, and a bundle of a test does not.
  provideFullWebhooks(parts);
  await import("../../pkg/src/cli/main.js");
  // The program ends by itself; what goes wrong with its output is told late.
  await new Promise((resolve) => process.once("beforeExit", resolve));
  process.exit();
}

/** Runs the program that `file` is, without blocking the servers of the test. */
export async function tillproofOf(file: string, args: readonly string[], options: { env?: Record<string, string>; cwd?: string } = {}): Promise<Ended> {
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, ...options.env, [CHILD]: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    // Against hanging, and no measure of how fast a machine has to be.
    timeout: 600_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (err += String(chunk)));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, out, err };
}
