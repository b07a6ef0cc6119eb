/**
 * Running other programs.
 *
 * Invariant: a program that cannot be started or ends with a failure is an exception that names the command, unless
 * the caller asks for the status.
 */

import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A path inside the repository. */
export const at = (...parts) => join(ROOT, ...parts);

/** A failure that needs no stack trace: the message says what to do. */
export class Failure extends Error {}

/**
 * Runs a program with its output on ours.
 *
 * @returns {Promise<void>}
 */
export async function run(command, args, options = {}) {
  const { status } = await attempt(command, args, options);
  if (status !== 0) throw new Failure(`${describe(command, args)} ended with ${status}`);
}

/**
 * Runs a program with its output on ours and keeps what it printed.
 *
 * @returns {Promise<{ status: number | string, output: string }>} the exit status or the name of the signal
 */
export function attempt(command, args, { cwd = ROOT, env = {}, quiet = false, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    const chunks = [];
    for (const [stream, target] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
      stream.on("data", (chunk) => {
        chunks.push(chunk);
        if (!quiet) target.write(chunk);
      });
    }
    child.on("error", (error) => resolve({ status: error.code ?? "error", output: error.message }));
    child.on("close", (code, signal) => resolve({ status: code ?? signal, output: Buffer.concat(chunks).toString() }));
  });
}

/** Hands the terminal to a program until it ends, and returns its exit status. */
export function handOver(command, args, { cwd = ROOT, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: "inherit" });
    // The terminal sends both of us the interrupt; we wait for the program to clean up.
    const wait = () => {};
    process.on("SIGINT", wait);
    child.on("error", (error) => reject(new Failure(`${describe(command, args)}: ${error.message}`)));
    child.on("close", (code) => {
      process.off("SIGINT", wait);
      resolve(code ?? 1);
    });
  });
}

/** What a program prints on its standard output; an empty string when it fails or is missing. */
export function outputOf(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: "utf8", ...options });
  return result.status === 0 ? result.stdout.trim() : "";
}

/** Where a program is on PATH, or `null`. */
export function onPath(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const candidate = join(folder, name);
      try {
        accessSync(candidate, constants.X_OK);
        return candidate;
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}

/** A command as one would type it. */
export function describe(command, args) {
  return [command, ...args].join(" ");
}

/** Runs the body of a script; a {@link Failure} ends it with one line and status 1. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
