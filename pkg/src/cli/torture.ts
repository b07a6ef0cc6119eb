/**
 * `tillproof torture`: payments and webhooks in a hostile world, seed by seed, until an invariant breaks or none does.
 *
 * Invariant: the report does not depend on the number of workers, and every failure is printed with the command that
 * lives it again.
 */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

import { menu, report, sums, torture, trace, type TortureOptions, type TortureReport, type WorldOptions } from "../torture/index.js";
import { NOTHING, plus, WAYS, type Sums } from "../torture/sums.js";
import { flagsOf } from "./commands.js";
import { FINE, flags, NO, printJson, shown, UsageError, wholeNumber } from "./usage.js";

const OPTIONS = flagsOf("torture");

const SEEDS = "1..10000";

/** Seeds a worker is given at once: a fraction of a second, so that all end at about the same time. */
const SHARE = 10_000;

/** More threads than any machine has use for. */
const WORKERS_MAX = 256;

/** Runs the command and gives its exit status: 1 when an invariant was broken. */
export async function runTorture(argv: string[]): Promise<number> {
  const given = flags(argv, OPTIONS);
  if (given.list === true) return list(given.json === true);
  const world: WorldOptions = {
    ...(given.profile === undefined ? {} : { profile: given.profile }),
    ...(given.crash === undefined ? {} : { crashPercent: percent(given.crash) }),
    ...(given.without === undefined ? {} : { without: given.without }),
  };
  if (given.seed !== undefined && given.seeds !== undefined) throw new UsageError("--seed and --seeds: give one of them");
  if (given.trace === true) {
    if (given.seed === undefined) throw new UsageError("--trace tells the decisions of one seed: name it with --seed");
    return traced({ ...world, seed: wholeNumber("seed", given.seed) }, given.json === true);
  }
  const seed = given.seed === undefined ? undefined : wholeNumber("seed", given.seed);
  const range = seed === undefined ? seedRange(given.seeds ?? SEEDS) : { from: seed, to: seed + 1 };
  const workers = given.workers === undefined ? 1 : wholeNumber("workers", given.workers);
  if (workers < 1 || workers > WORKERS_MAX) throw new UsageError(`--workers ${workers}: expected 1 to ${WORKERS_MAX}`);

  const options = { ...world, ...range };
  checked(options);
  const found = workers === 1 ? alone(options) : await together(options, workers);
  if (given.json === true) printJson(found);
  else process.stdout.write(toText(found, world));
  return found.broken === 0 ? FINE : NO;
}

/** A range `A..B` with both ends, as shells count; what comes out ends before `to`. */
function seedRange(value: string): { readonly from: number; readonly to: number } {
  const [from, to, ...rest] = value.split("..");
  if (from === undefined || to === undefined || rest.length > 0) {
    throw new UsageError(`--seeds ${shown(value)}: expected the first and the last seed, such as 1..1000000`);
  }
  const [first, last] = [wholeNumber("seeds", from), wholeNumber("seeds", to)];
  if (last < first) throw new UsageError(`--seeds ${shown(value)}: the last seed comes before the first`);
  return { from: first, to: last + 1 };
}

function percent(value: string): number {
  const number = wholeNumber("crash", value);
  if (number > 100) throw new UsageError(`--crash ${shown(value)}: expected a percentage, 0 to 100`);
  return number;
}

/** Names that nobody knows are wrong usage, found before the first seed. */
function checked(options: TortureOptions): void {
  const { safeguards } = menu();
  if (options.without !== undefined && !safeguards.includes(options.without)) {
    throw new UsageError(`--without ${shown(options.without)}: expected ${safeguards.join(", ")}`);
  }
  // One seed here tells of an unknown profile in the words of the world, where a thread would fail with them later.
  torture({ ...options, to: options.from + 1 });
}

/** All seeds in this thread. */
function alone(options: TortureOptions): TortureReport {
  let sum = NOTHING;
  for (let from = options.from; from < options.to; from += SHARE) {
    sum = plus(sum, sums({ ...options, from, to: Math.min(options.to, from + SHARE) }));
    progress(options, sum);
  }
  return report(options, sum);
}

/** All seeds in several threads, each of which asks for the next share when it is done with one. */
async function together(options: TortureOptions, workers: number): Promise<TortureReport> {
  let sum = NOTHING;
  let next = options.from;
  const one = async (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: WORKER });
      const hand = (): void => {
        const from = next;
        next = Math.min(options.to, from + SHARE);
        if (from < next) return worker.postMessage({ ...options, from, to: next });
        void worker.terminate().then(() => resolve());
      };
      worker.on("message", (done: Sums) => {
        sum = plus(sum, done);
        progress(options, sum);
        hand();
      });
      worker.on("error", reject);
      hand();
    });
  await Promise.all(Array.from({ length: workers }, one));
  return report(options, sum);
}

/** What a thread is told that it is. */
const WORKER = "tillproof torture";

if (!isMainThread && workerData === WORKER) {
  parentPort?.on("message", (options: TortureOptions) => parentPort?.postMessage(sums(options)));
}

/** How far it is: to a terminal, and only there. */
function progress({ from, to }: TortureOptions, sum: Sums): void {
  if (!process.stderr.isTTY) return;
  const last = sum.seeds >= to - from;
  process.stderr.write(last ? "\r\u001b[K" : `\r${sum.seeds} of ${to - from} seeds, ${sum.broken} broken`);
}

function traced(options: WorldOptions & { readonly seed: number }, json: boolean): number {
  const { seed, ...world } = options;
  checked({ ...world, from: seed, to: seed + 1 });
  const { trace: lines, report: found } = trace(options);
  if (json) printJson({ trace: lines.split("\n").slice(0, -1), report: found });
  else process.stdout.write(lines + toText(found, options));
  return found.broken === 0 ? FINE : NO;
}

function list(json: boolean): number {
  const all = menu();
  if (json) printJson(all);
  else {
    const worlds = all.worlds.map(({ name, says }) => `  ${name.padEnd(16)} ${says}\n`);
    process.stdout.write(`worlds (--profile)\n${worlds.join("")}\nsafeguards (--without)\n  ${all.safeguards.join(", ")}\n`);
  }
  return FINE;
}

/** The report for people. */
function toText(found: TortureReport, world: WorldOptions): string {
  const { seeds, intents, charges, doubles, losses, unresolved, reversed } = found;
  const lines = [
    `${seeds.count} seeds (${seeds.first}..${seeds.last}) in the world ${found.profile}` +
      (found.without === null ? "" : `, without ${found.without}`),
    `${intents} intents, ${charges} charges, ${found.sends_per_intent} sends an intent, ${found.events} events`,
    `${doubles} doubles, ${losses} losses, ${unresolved} unresolved, ${reversed} reversed`,
  ];
  for (const way of WAYS) {
    const mean = found.mean_time_to_resolve_ms[way];
    if (mean !== null) lines.push(`  doubts ended by ${way}: ${found.doubts[way]}, after ${mean} ms on average`);
  }
  for (const { seed, invariant, seen, at_ms: at } of found.failures) {
    lines.push(`seed ${seed} broke ${invariant} after ${at} ms: ${seen}`, `  again: ${again(seed, world)}`);
  }
  const more = found.broken - found.failures.length;
  if (more > 0) lines.push(`and ${more} more`);
  lines.push(found.broken === 0 ? "every invariant held" : `${found.broken} seeds broke an invariant`);
  return `${lines.join("\n")}\n`;
}

/** The command that lives a seed again. */
function again(seed: number, { profile, crashPercent, without }: WorldOptions): string {
  return [
    `tillproof torture --seed ${seed} --trace`,
    ...(profile === undefined ? [] : [`--profile ${profile}`]),
    ...(crashPercent === undefined ? [] : [`--crash ${crashPercent}`]),
    ...(without === undefined ? [] : [`--without ${without}`]),
  ].join(" ");
}
