#!/usr/bin/env node
/**
 * `tillproof`: one row per command.
 *
 * Invariant: the exit status is 0 for a good answer, 1 for the answer "no" and 2 for wrong usage or unreadable input;
 * every failure is one line on standard error.
 */

import nodeModule, { createRequire } from "node:module";

import { isTillproofError } from "../shell/errors.js";
import { COMMANDS, isCommand, type CommandName } from "./commands.js";
import { helpOf, overview } from "./help.js";
import { expected } from "./meant.js";
import { paintOf } from "./paint.js";
import { FINE, reason, shown, UsageError, WRONG_USAGE } from "./usage.js";

/** What carries out a command: takes its flags and gives the exit status. */
type Run = (argv: string[]) => Promise<number>;

/** The module of each command is loaded when it is asked for: most of them bring wasm along. */
const LOAD: Readonly<Record<CommandName, () => Promise<Run>>> = {
  verify: async () => (await import("./verify.js")).runVerify,
  reconcile: async () => (await import("./reconcile-large.js")).runReconcile,
  read: async () => (await import("./read.js")).runRead,
  queue: async () => (await import("./queue.js")).runQueue,
  simulate: async () => (await import("./simulate.js")).runSimulate,
  torture: async () => (await import("./torture.js")).runTorture,
  demo: async () => (await import("./demo.js")).runDemo,
  doctor: async () => (await import("./doctor.js")).runDoctor,
  completion: async () => (await import("./completion.js")).runCompletion,
};

/** No name of a command is longer. */
const NAME_MAX = 20;

/** The version in the package.json above this file, by the package's own name for it. */
function version(): string {
  return (createRequire(import.meta.url)("tillproof/package.json") as { version: string }).version;
}

/** A plain `Error` is written for the reader; every other one is a mistake of ours, and its place helps to find it. */
function oneLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const meant = error instanceof UsageError || isTillproofError(error) || error.constructor === Error;
  const place = error.stack?.split("\n").find((line) => /^\s*at /.test(line))?.trim() ?? "";
  const text = meant ? error.message : `this is a bug, please report it: ${error.name}: ${error.message} ${place}`;
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}

async function main([name, ...argv]: string[]): Promise<number> {
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${version()}\n`);
    return FINE;
  }
  if (name === "--help" || name === "-h" || name === "help") return help(argv);
  if (name === undefined) {
    // Whoever begins here is helped, and a script that forgot the command is told so all the same.
    help([]);
    throw new UsageError(`no command was given: expected ${Object.keys(COMMANDS).join(", ")}`);
  }
  if (!isCommand(name)) throw new UsageError(`there is no command ${shown(name)}: ${expectedCommands(name)}`);
  if (argv.includes("--help") || argv.includes("-h")) return help([name]);
  const run = await LOAD[name]();
  return run(argv);
}

/** The overview, or one command. */
function help([name]: string[]): number {
  const paint = paintOf(process.stdout);
  if (name !== undefined && !isCommand(name)) throw new UsageError(`there is no command ${shown(name)}: ${expectedCommands(name)}`);
  process.stdout.write(name === undefined ? overview(paint) : helpOf(name, COMMANDS[name], paint));
  return FINE;
}

function expectedCommands(name: string): string {
  return `${expected(name.slice(0, NAME_MAX), Object.keys(COMMANDS))}; see tillproof --help`;
}

// What is loaded next is kept compiled between runs, where Node has that.
(nodeModule as { enableCompileCache?: () => void }).enableCompileCache?.();

// A reader that has seen enough (`| head`) is no failure: the exit status still is the answer.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.stderr.write(`tillproof: standard output: ${reason(error)}\n`);
  process.exit(WRONG_USAGE);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`tillproof: ${oneLine(error)}\n`);
  process.exitCode = WRONG_USAGE;
}
