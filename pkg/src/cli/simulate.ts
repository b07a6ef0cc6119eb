/** `tillproof simulate`: the gateway over HTTP until it is told to stop. */

import { stripeRoutes, type StripeRoute } from "../simulator/engine.js";
import type { FaultPlan, FaultPreset } from "../simulator/faults.js";
import type { GatewayOptions } from "../simulator/options.js";
import { serve, type GatewayServer, type ServeOptions } from "../simulator/server.js";
import { flagsOf } from "./commands.js";
import { fileJson, FINE, flags, shown, UsageError, wholeNumber } from "./usage.js";

const OPTIONS = flagsOf("simulate");

/** Where it listens when neither `--port` nor `PORT` says so. */
const PORT_DEFAULT = "4010";

/** Plans with a name; everything else is the name of a file. */
const PRESETS: readonly FaultPreset[] = ["none", "gentle", "hostile", "blackout", "month-end"];

/**
 * Runs until SIGTERM or SIGINT, lets the requests under way end, and resolves to the exit status. With `--routes` it prints
 * the routes of the Stripe dialect instead.
 *
 * Throws a `UsageError` for wrong flags and for a port that cannot be had.
 */
export async function runSimulate(argv: string[]): Promise<number> {
  const values = flags(argv, OPTIONS);
  if (values.routes === true) {
    const routes = stripeRoutes();
    process.stdout.write(values.json === true ? `${JSON.stringify({ routes })}\n` : routeTable(routes));
    return FINE;
  }
  if (values.json === true) throw new UsageError("--json prints the routes as JSON: it belongs to --routes");
  const server = await listen(settings(values));
  const stopped = stopSignal();
  process.stdout.write(`listening on ${server.url}\n`);
  await stopped;
  await server.close();
  return FINE;
}

/** A line for each route, and one with the sum. */
function routeTable(routes: readonly StripeRoute[]): string {
  const width = Math.max(...routes.map(({ path }) => path.length));
  const lines = routes.map(({ method, path, level, note }) =>
    `${method.padEnd(6)} ${path.padEnd(width)} ${level.padEnd(5)} ${note}`.trimEnd(),
  );
  const levels = ["whole", "most", "basic"] as const;
  const counts = levels.map((level) => `${routes.filter((route) => route.level === level).length} ${level}`);
  return [...lines, `${routes.length} routes: ${counts.join(", ")}`, ""].join("\n");
}

function settings(values: ReturnType<typeof flags<typeof OPTIONS>>): ServeOptions {
  const dialect = oneOf("dialect", values.dialect ?? "native", ["native", "stripe", "both"]);
  const gateway: GatewayOptions = {
    seed: wholeNumber("seed", values.seed ?? "0"),
    dialect,
    faults: faultPlan(values.faults ?? "none"),
    clock: oneOf("clock", values.clock ?? "real", ["real", "virtual"]),
  };
  return { port: port(values.port), gateway };
}

/** The flag, or `PORT` in the environment; an empty one is what shells make of an unset one. */
function port(flag: string | undefined): number {
  const text = flag ?? (process.env["PORT"] || PORT_DEFAULT);
  const number = wholeNumber("port", text);
  if (number > 65_535) throw new UsageError(`--port ${text}: expected 0 to 65535`);
  return number;
}

function oneOf<const T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UsageError(`--${flag} ${shown(value)}: expected ${allowed.join(", ")}`);
}

/** A preset by its name, or the plan in a file; what is wrong inside the plan is told by the engine. */
function faultPlan(value: string): FaultPlan {
  const preset = PRESETS.find((name) => name === value);
  if (preset !== undefined) return preset;
  return fileJson("faults", value) as FaultPlan;
}

async function listen(options: ServeOptions): Promise<GatewayServer> {
  try {
    return await serve(options);
  } catch (error) {
    switch ((error as { code?: unknown }).code) {
      case "EADDRINUSE":
        throw new UsageError(`--port ${options.port}: another program listens there`);
      case "EACCES":
        throw new UsageError(`--port ${options.port}: no permission to listen there`);
      default:
        throw error;
    }
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
