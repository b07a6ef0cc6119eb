/** `tillproof reconcile`: your books against what the provider settled, from files. */

import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { reconcile, toText, type Report } from "../reconcile/index.js";
import { flagsOf } from "./commands.js";
import { FINE, fileBytes, flags, NO, printJson, reason, required, shown, UsageError, wholeNumber } from "./usage.js";

/** The one format read so far: the generic CSV of the documentation. */
const FORMAT = "csv";

/** Runs the command and gives its exit status. */
export async function runReconcile(argv: string[]): Promise<number> {
  const given = flags(argv, flagsOf("reconcile"));
  for (const flag of ["bank", "bank-format", "mapping", "in-flight-business-days", "holidays"] as const) {
    if (given[flag] !== undefined) throw new UsageError(`--${flag} is not supported yet by this version`);
  }
  for (const flag of ["ledger-format", "settlement-format"] as const) {
    if (given[flag] !== undefined && given[flag] !== FORMAT) {
      throw new UsageError(`--${flag} ${shown(given[flag])}: this version reads ${FORMAT} only`);
    }
  }
  // A ceiling, and one is below every ceiling; the report is the same whatever the number.
  if (given.workers !== undefined) wholeNumber("workers", given.workers);

  const report = reconcile({
    ledger: sources("ledger", given.ledger),
    settlement: sources("settlement", given.settlement),
    ...(given["as-of"] === undefined ? {} : { asOf: moment("as-of", given["as-of"]) }),
    ...(given["in-flight-days"] === undefined
      ? {}
      : { inFlightDays: wholeNumber("in-flight-days", given["in-flight-days"]) }),
  });
  if (given.out !== undefined) writeReport(given.out, report);
  if (given.json === true) printJson(report);
  else process.stdout.write(toText(report));
  return report.summary.breaks === 0 ? FINE : NO;
}

function sources(flag: string, paths: string[] | undefined): { name: string; data: Uint8Array }[] {
  return required(flag, paths).map((path) => ({ name: path, data: fileBytes(flag, path) }));
}

/** A moment as RFC 3339 has it. `Date.parse` alone also takes local times and days without a time. */
function moment(flag: string, value: string): number {
  const shape = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
  const [, day] = shape.exec(value) ?? [];
  const milliseconds = day !== undefined && isDay(day) ? Date.parse(value.toUpperCase()) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw new UsageError(`--${flag} ${shown(value)}: expected RFC 3339, such as 2026-03-04T00:00:00Z`);
  }
  return milliseconds;
}

/** Whether the calendar has the day: `Date` takes February 30th for March 2nd. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

/** The same report twice: for programs and for people. */
function writeReport(folder: string, report: Report): void {
  try {
    makeFolder(resolve(folder));
    writeFileSync(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(join(folder, "report.txt"), toText(report));
  } catch (error) {
    throw new UsageError(`--out ${shown(folder)}: ${reason(error)}`);
  }
}

/** Makes a folder and those above it. Node's own recursion never ends where folders cannot be made, as in /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  mkdirSync(folder);
}
