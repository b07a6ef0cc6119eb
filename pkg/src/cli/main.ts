#!/usr/bin/env node
/**
 * `tillproof`: one row per command.
 *
 * Invariant: the exit status is 0 for a good answer, 1 for the answer "no" and 2 for wrong usage or unreadable input;
 * every failure is one line on standard error.
 */

import { createRequire } from "node:module";

import { isTillproofError } from "../shell/errors.js";
import { FINE, shown, UsageError, WRONG_USAGE } from "./usage.js";

/** A command; its module is loaded when it is asked for. */
interface Command {
  readonly summary: string;
  readonly flags: string;
  readonly example: string;
  readonly load: () => Promise<(argv: string[]) => Promise<number>>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  verify: {
    summary: "says whether a webhook is genuine and recent",
    flags:
      "--scheme S --secret S... | --secret-env NAME --headers FILE.json --body FILE [--url U] " +
      "[--option NAME=VALUE | NAME=@FILE]... [--tolerance SECONDS] [--now UNIX_SECONDS] [--json]",
    example: "tillproof verify --scheme stripe-v1 --secret-env STRIPE_SECRET --headers headers.json --body body.json",
    load: async () => (await import("./verify.js")).runVerify,
  },
  reconcile: {
    summary: "compares your ledger with what the provider settled and the bank booked",
    flags:
      "--ledger FILE --settlement FILE... [--bank FILE...] [--mapping FILE.json] [--as-of RFC3339] " +
      "[--in-flight-days N | --in-flight-business-days N [--holidays FILE]] [--out DIR] [--json]",
    example: "tillproof reconcile --ledger ledger.csv --settlement settlement.csv --json",
    load: async () => (await import("./reconcile.js")).runReconcile,
  },
  simulate: {
    summary: "serves a payment gateway on loopback that fails as real ones do",
    flags:
      "[--port N] [--seed N] [--dialect native|stripe|both] [--faults none|gentle|hostile|blackout|month-end|FILE.json] " +
      "[--clock real|virtual] | --routes [--json]",
    example: "tillproof simulate --port 8080 --dialect stripe --seed 7 --faults hostile",
    load: async () => (await import("./simulate.js")).runSimulate,
  },
  torture: {
    summary: "lives payments through a hostile world, seed by seed, and names the seed that breaks an invariant",
    flags:
      "[--seeds A..B | --seed N [--trace]] [--profile NAME] [--crash PERCENT] [--without SAFEGUARD] [--workers N] " +
      "[--list] [--json]",
    example: "tillproof torture --seeds 1..100000 --profile crash-20 --workers 2",
    load: async () => (await import("./torture.js")).runTorture,
  },
  demo: {
    summary: "drives orders through a hostile gateway, kills the shop in the middle, and prints a proof",
    flags: "[--orders N] [--seed N] [--serve]",
    example: "tillproof demo --orders 200 --seed 7",
    load: async () => (await import("./demo.js")).runDemo,
  },
};

function help(): string {
  const rows = Object.entries(COMMANDS).map(
    ([name, { summary, example }]) => `  ${name.padEnd(11)}${summary}\n  ${"".padEnd(11)}${example}\n`,
  );
  return (
    "tillproof: the merchant's side of a payment, provable to the cent\n\n" +
    `usage: tillproof COMMAND [FLAGS]\n\n${rows.join("\n")}\n` +
    "  --help, -h prints this, or the flags of a command\n" +
    "  --version  prints the version\n\n" +
    "exit status: 0 fine, 1 the answer is no, 2 wrong usage or unreadable input\n"
  );
}

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
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help());
    return FINE;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${version()}\n`);
    return FINE;
  }
  const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  if (command === undefined) {
    const found = name === undefined ? "no command was given" : `there is no command ${shown(name)}`;
    throw new UsageError(`${found}: expected ${Object.keys(COMMANDS).join(", ")}; see tillproof --help`);
  }
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(`tillproof ${name}: ${command.summary}\n\nflags: ${command.flags}\nexample: ${command.example}\n`);
    return FINE;
  }
  const run = await command.load();
  return run(argv);
}

// A reader that has seen enough (`| head`) is no failure: the exit status still is the answer.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`tillproof: ${oneLine(error)}\n`);
  process.exitCode = WRONG_USAGE;
}
