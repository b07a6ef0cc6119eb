/** `tillproof simulate`: the gateway over HTTP until it is told to stop. */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import type { FaultPlan } from "../simulator/faults.js";
import type { GatewayOptions } from "../simulator/gateway.js";
import { serve, type GatewayServer } from "../simulator/server.js";

const USAGE =
  "usage: tillproof simulate [--port N] [--seed N] [--dialect native|stripe|both] " +
  "[--faults none|gentle|hostile|FILE.json] [--clock real|virtual]";

const OPTIONS = {
  port: { type: "string" },
  seed: { type: "string" },
  dialect: { type: "string" },
  faults: { type: "string" },
  clock: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** A mistake of the caller, told in one line. */
class UsageError extends Error {}

/**
 * Runs until SIGTERM or SIGINT and resolves to the exit status: 0 after a clean stop, 2 for wrong usage or a port that
 * cannot be had, with one line on standard error.
 */
export async function runSimulate(argv: string[]): Promise<number> {
  let server: GatewayServer;
  try {
    const settings = read(argv);
    if (settings === "help") {
      console.log(USAGE);
      return 0;
    }
    server = await serve(settings);
  } catch (error) {
    console.error(`tillproof simulate: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  const stopped = stopSignal();
  console.log(`listening on ${server.url}`);
  await stopped;
  await server.close();
  return 0;
}

function read(argv: string[]): { port: number; gateway: GatewayOptions } | "help" {
  const values = parse(argv);
  if (values.help === true) return "help";
  const dialect = oneOf("--dialect", values.dialect ?? "native", ["native", "stripe", "both"]);
  if (dialect !== "native") throw new UsageError(`--dialect ${dialect} is not simulated yet: use native`);
  // An empty PORT is what shells make of an unset one.
  const port = values.port ?? (process.env["PORT"] || "4010");
  return {
    port: wholeNumber(values.port === undefined ? "PORT" : "--port", port, 65_535),
    gateway: {
      seed: wholeNumber("--seed", values.seed ?? "0", Number.MAX_SAFE_INTEGER),
      dialect: "native",
      faults: faultPlan(values.faults ?? "none"),
      clock: oneOf("--clock", values.clock ?? "real", ["real", "virtual"]),
    },
  };
}

function parse(argv: string[]): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"] {
  try {
    return parseArgs({ args: argv, options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [line = "wrong usage"] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new UsageError(`${line}; ${USAGE}`);
  }
}

function wholeNumber(name: string, text: string, max: number): number {
  const number = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (number <= max) return number;
  throw new UsageError(`${name} is ${JSON.stringify(text)}: expected a whole number from 0 to ${max}`);
}

function oneOf<const T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UsageError(`${name} is ${JSON.stringify(value)}: expected ${allowed.join(", ")}`);
}

/** A preset by its name, or the plan in a file; the engine says what is wrong with it. */
function faultPlan(value: string): FaultPlan {
  if (value === "none" || value === "gentle" || value === "hostile") return value;
  try {
    return JSON.parse(readFileSync(value, "utf8")) as FaultPlan;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--faults ${value} is no preset (none, gentle, hostile) and no fault file: ${reason}`);
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, as is the default. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off("SIGTERM", stop);
      process.off("SIGINT", stop);
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
  });
}
