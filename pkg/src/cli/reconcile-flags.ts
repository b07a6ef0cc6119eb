/** What the flags of `tillproof reconcile` say of how files are read and judged. */

import type { ReconcileOptions } from "../reconcile/index.js";
import { isDay } from "./moments.js";
import type { Original } from "./reconcile-out.js";
import { fileBytes, reason, shown, UsageError, wholeNumber } from "./usage.js";

/** The generic CSV of the documentation, with `--mapping` for files that call their columns otherwise. */
export const GENERIC = "csv";

/** The sides of a run. */
export const SIDES = ["ledger", "settlement", "bank"] as const;

/** One of them. */
export type Side = (typeof SIDES)[number];

/** What was read, by flag and path: standard input is of one flag. */
const SETTINGS = new Map<string, Uint8Array>();

/** The bytes of a file that settles how a run is made, read once: what a proof says of it is then what was used. */
export function settingBytes(flag: string, path: string): Uint8Array {
  const name = `${flag} ${path}`;
  const known = SETTINGS.get(name) ?? fileBytes(flag, path);
  SETTINGS.set(name, known);
  return known;
}

/** A JSON document that a flag names. */
export function jsonFile(name: string, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(settingBytes(name, path)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--${name} ${shown(path)}: this is no JSON: ${reason(error)}`);
  }
}

/** The in-flight window: calendar days or business days, not both. */
export function window(given: {
  readonly "in-flight-days"?: string | undefined;
  readonly "in-flight-business-days"?: string | undefined;
  readonly holidays?: string | undefined;
}): Pick<ReconcileOptions, "inFlightDays" | "businessDays" | "holidays"> {
  const { "in-flight-days": calendar, "in-flight-business-days": business } = given;
  if (calendar !== undefined && business !== undefined) {
    throw new UsageError("--in-flight-days and --in-flight-business-days: give one of the two");
  }
  if (business === undefined) {
    if (given.holidays !== undefined) throw new UsageError("--holidays goes with --in-flight-business-days");
    return calendar === undefined ? {} : { inFlightDays: wholeNumber("in-flight-days", calendar) };
  }
  const inFlightDays = wholeNumber("in-flight-business-days", business);
  return { inFlightDays, businessDays: true, ...(given.holidays === undefined ? {} : { holidays: days(given.holidays) }) };
}

/** The days of a holiday file: one on each line; what follows a `#` is a remark. */
function days(path: string): string[] {
  const lines = new TextDecoder().decode(settingBytes("holidays", path)).split(/\r?\n/);
  const found = lines.map((line) => line.replace(/#.*$/, "").trim());
  const wrong = found.findIndex((day) => day !== "" && !(/^\d{4}-\d{2}-\d{2}$/.test(day) && isDay(day)));
  if (wrong >= 0) {
    throw new UsageError(`--holidays ${shown(path)}, line ${wrong + 1}: expected a day such as 2026-12-25`);
  }
  return found.filter((day) => day !== "");
}

/** The files that settle how others are read and judged; a proof speaks of them too. */
export function settingsOf(
  { mapping = [], holidays, rules }: { readonly mapping?: readonly string[] | undefined; readonly holidays?: string | undefined; readonly rules?: string | undefined },
  read: (flag: string, path: string) => Original["data"],
): Original[] {
  const of = (side: Original["side"], flag: string, path: string | undefined): Original[] => (path === undefined ? [] : [{ side, name: path, data: read(flag, path) }]);
  return [...mapping.flatMap((path) => of("columns", "mapping", path)), ...of("holidays", "holidays", holidays), ...of("rules", "rules", rules)];
}
