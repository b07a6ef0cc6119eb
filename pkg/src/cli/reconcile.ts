/** `tillproof reconcile`: your books against what the provider settled, from files. */

import {
  readers, reconcile, toText, type FormatName, type NamedSource, type ReconcileOptions, type Report,
} from "../reconcile/index.js";
import { isTillproofError } from "../shell/errors.js";
import { flagsOf } from "./commands.js";
import { signingKey, writeReports } from "./reconcile-out.js";
import { isDay, moment } from "./moments.js";
import { FINE, fileBytes, flags, NO, printJson, reason, required, shown, UsageError, wholeNumber } from "./usage.js";

/** The generic CSV of the documentation, with `--mapping` for files that call their columns otherwise. */
const GENERIC = "csv";

/** Runs the command and gives its exit status. */
export async function runReconcile(argv: string[]): Promise<number> {
  const given = flags(argv, flagsOf("reconcile"));
  // A ceiling, and one is below every ceiling; the report is the same whatever the number.
  if (given.workers !== undefined) wholeNumber("workers", given.workers);

  const read = {
    ledger: sources("ledger", given.ledger, given["ledger-format"]),
    settlement: sources("settlement", given.settlement, given["settlement-format"]),
    ...(given.bank === undefined ? {} : { bank: sources("bank", given.bank, given["bank-format"]) }),
  };
  const files = {
    ledger: read.ledger.generic,
    settlement: read.settlement.generic,
    ...(read.bank === undefined ? {} : { bank: read.bank.generic }),
  };
  const columns = given.mapping === undefined ? undefined : mapping(given.mapping);
  const report = reconciled({
    ...files,
    ...(columns === undefined ? {} : { columns }),
    ...(given["as-of"] === undefined ? {} : { asOf: moment("as-of", given["as-of"]) }),
    ...window(given),
  });
  if (given.out !== undefined) {
    const settings = window(given);
    const signed = given["sign-env"] === undefined ? {} : { key: await signingKey(given["sign-env"]) };
    const originals = SIDES.flatMap((side) => (read[side]?.originals ?? []).map(({ name, data }) => ({ side, name, data })));
    await writeReports({ folder: given.out, report, files, originals, ...settings, ...signed, ...(columns === undefined ? {} : { columns }) });
  }
  if (given.json === true) printJson(report);
  else process.stdout.write(toText(report));
  return report.summary.breaks === 0 ? FINE : NO;
}

/** The in-flight window: calendar days or business days, not both. */
function window(given: {
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
  const lines = new TextDecoder().decode(fileBytes("holidays", path)).split(/\r?\n/);
  const found = lines.map((line) => line.replace(/#.*$/, "").trim());
  const wrong = found.findIndex((day) => day !== "" && !(/^\d{4}-\d{2}-\d{2}$/.test(day) && isDay(day)));
  if (wrong >= 0) {
    throw new UsageError(`--holidays ${shown(path)}, line ${wrong + 1}: expected a day such as 2026-12-25`);
  }
  return found.filter((day) => day !== "");
}

const SIDES = ["ledger", "settlement", "bank"] as const;

type Side = (typeof SIDES)[number];

type Files = Readonly<Partial<Record<Side, readonly NamedSource[]>>>;

/** Formats that are tables with columns of any name: those the engine reads by itself. */
const TABLES: ReadonlySet<FormatName> = new Set(["generic", "csv"]);

/**
 * A mapping file: by side, or once for all sides, the contract's name of each column and the file's.
 * `{"settlement": {"reference": "Merchant Reference", "amount": "Gross"}}`
 */
function mapping(path: string): NonNullable<ReconcileOptions["columns"]> {
  const wrong = (why: string): UsageError => new UsageError(`--mapping ${shown(path)}: ${why}`);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(fileBytes("mapping", path)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw wrong(`this is no JSON: ${reason(error)}`);
  }
  const names = (value: unknown): Record<string, string> => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw wrong("expected an object of column names");
    }
    for (const [ours, theirs] of Object.entries(value)) {
      if (typeof theirs !== "string" || theirs === "") throw wrong(`the column of ${shown(ours)} is no name`);
    }
    return value as Record<string, string>;
  };
  if (typeof document !== "object" || document === null) throw wrong("expected an object");
  if (!SIDES.some((side) => side in document)) {
    const all = names(document);
    return { ledger: all, settlement: all };
  }
  const unknown = Object.keys(document).find((key) => !SIDES.some((side) => side === key));
  if (unknown !== undefined) throw wrong(`${shown(unknown)} is no side: expected ${SIDES.join(", ")}`);
  return Object.fromEntries(Object.entries(document).map(([side, value]) => [side, names(value)]));
}

/** The files of a side as they are compared, and as they lie on the disk. */
interface Sources {
  readonly generic: NamedSource[];
  readonly originals: readonly { readonly name: string; readonly data: Uint8Array }[];
}

/** The files of a side, all in one format. */
function sources(side: Side, paths: string[] | undefined, format = GENERIC): Sources {
  const named = required(side, paths).map((path) => ({ name: path, data: fileBytes(side, path) }));
  if (format === GENERIC) return { generic: named, originals: named };
  const wanted = side === "bank" ? "bank" : "settlement";
  const known = readers.formats().filter(({ name, side: its }) => its === wanted && !TABLES.has(name));
  const found = known.find(({ name }) => name === format);
  if (found !== undefined) {
    return { generic: named.map(({ name, data }) => readers.source(data, { format: found.name, name })), originals: named };
  }
  const names = [GENERIC, ...known.map(({ name }) => name)].join(", ");
  throw new UsageError(`--${side}-format ${shown(format)}: expected one of ${names}`);
}

/** The report; for a file that was taken for generic CSV and is none, an error that names the format it seems to be in. */
function reconciled(options: ReconcileOptions & Files): Report {
  try {
    return reconcile(options);
  } catch (error) {
    const file = isTillproofError(error) && error.code.startsWith("file_") ? error.details["file"] : undefined;
    const looks = typeof file === "string" ? otherFormat(options, file) : undefined;
    if (looks === undefined) throw error;
    throw new UsageError(`${reason(error)}; ${looks}`);
  }
}

/** What to say of a file that seems to be in a format of its own. */
function otherFormat(files: Files, file: string): string | undefined {
  for (const side of SIDES) {
    const source = files[side]?.find(({ name, lines }) => name === file && lines === undefined);
    if (source === undefined) continue;
    const { format, because } = readers.detect(source.data);
    if (format !== null && !TABLES.has(format)) return `the file seems to be in the format ${format} (${because}): --${side}-format ${format}`;
  }
  return undefined;
}
