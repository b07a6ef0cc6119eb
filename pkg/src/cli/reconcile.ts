/** `tillproof reconcile`: your books against what the provider settled, from files. */

import {
  readers, reconcile, rulesOf, toText, type FormatName, type Match, type NamedSource, type ReconcileOptions, type Report,
} from "../reconcile/index.js";
import { isTillproofError } from "../shell/errors.js";
import { ReportFiles, type Original, type Stated } from "./reconcile-out.js";
import { checkProof, ledgerRootOf, proofKey } from "./reconcile-proof.js";
import { moment } from "./moments.js";
import { addedUp, type TotalledFile } from "../reconcile/totals.js";
import type { Table } from "./mapping.js";
import { askedFor } from "./reconcile-asked.js";
import { GENERIC, jsonFile, settingBytes, settingsOf, SIDES, window, type Side } from "./reconcile-flags.js";
import { FINE, fileBytes, filePieces, NO, printJson, reason, required, shown, UsageError, writeFileOf } from "./usage.js";

/** Runs the command and gives its exit status. */
export async function runReconcile(argv: string[]): Promise<number> {
  // Threads are a ceiling, and one is below every ceiling; the report is the same whatever the number.
  const { given, columns: names, tables } = askedFor(argv);
  const ledgerRoot = given["ledger-root"] === undefined ? {} : { ledgerRoot: ledgerRootOf(given["ledger-root"]) };
  if (given["verify-proof"] !== undefined) {
    const sides = SIDES.flatMap((side) => (given[side] ?? []).map((path): Original => ({ side, name: path, data: filePieces(side, path) })));
    const originals = [...sides, ...settingsOf(given, filePieces)];
    return checkProof({ path: given["verify-proof"], keyEnv: given["sign-env"], originals, json: given.json === true, ...ledgerRoot });
  }
  const rules = given.rules === undefined ? {} : { rules: rulesOf(jsonFile("rules", given.rules)) };
  const matches: string[] = [];

  const read = {
    ledger: sources("ledger", given.ledger, given["ledger-format"], tables.ledger),
    settlement: sources("settlement", given.settlement, given["settlement-format"], tables.settlement),
    ...(given.bank === undefined ? {} : { bank: sources("bank", given.bank, given["bank-format"], tables.bank) }),
  };
  const files = {
    ledger: read.ledger.generic,
    settlement: read.settlement.generic,
    ...(read.bank === undefined ? {} : { bank: read.bank.generic }),
  };
  const columns = Object.keys(names).length === 0 ? undefined : names;
  const options = {
    ...files,
    ...(columns === undefined ? {} : { columns }),
    ...(given["as-of"] === undefined ? {} : { asOf: moment("as-of", given["as-of"]) }),
    ...window(given),
    ...rules,
    ...(PROVIDERS.has(given["settlement-format"] ?? GENERIC) ? { provider: given["settlement-format"] } : {}),
  };
  const originals = (): Original[] => [
    ...SIDES.flatMap((side) => (read[side]?.originals ?? []).map(({ name, data }): Original => ({ side, name, data }))),
    ...settingsOf(given, settingBytes),
  ];
  if (given.rules === undefined && given.matches === undefined) {
    const { toldHeld } = await import("./reconcile-held.js");
    const status = await toldHeld(options, { ...given, ...ledgerRoot, json: given.json === true }, originals);
    if (status !== undefined) return status;
  }
  const report = reconciled({ ...options, ...(given.matches === undefined ? {} : { onMatch: (match: Match) => void matches.push(JSON.stringify(match)) }) });
  if (given.matches !== undefined) {
    const inputs = [...SIDES, "mapping", "holidays", "rules"] as const;
    writeFileOf("matches", given.matches, matches.map((line) => `${line}\n`).join(""), inputs.flatMap((flag) => given[flag] ?? []));
  }
  if (given.out !== undefined) {
    const settings = window(given);
    const signed = given["sign-env"] === undefined ? {} : { key: await proofKey(given["sign-env"], "sign") };
    await writeReports(given.out, report, { ...files, ...(columns === undefined ? {} : { columns }) }, { originals: originals(), ...settings, ...signed, ...rules, ...ledgerRoot });
  }
  if (given.json === true) printJson(report);
  else process.stdout.write(toText(report));
  return report.summary.breaks === 0 ? FINE : NO;
}

/** So many breaks are written together. */
const BREAKS_EACH = 4_096;

/** Writes what `--out` leaves behind. The files are read once more, to add them up. */
async function writeReports(folder: string, report: Report, files: Files & Pick<ReconcileOptions, "columns">, said: Omit<Stated, "totals" | "hasBank">): Promise<void> {
  const ofSide = (side: Side): TotalledFile[] => (files[side] ?? []).map(({ name, data, lines }) => ({ name, data: bytesOf(data), lines }));
  const [ledger, settlement, bank] = [ofSide("ledger"), ofSide("settlement"), ofSide("bank")];
  const { totals, effects } = addedUp(report, { ledger, settlement, bank, columns: files.columns ?? {} });
  const out = new ReportFiles(folder, effects);
  try {
    out.json(`${JSON.stringify(report, null, 2)}\n`);
    out.head(report);
    for (let at = 0; at < report.breaks.length; at += BREAKS_EACH) out.breaks(report.breaks.slice(at, at + BREAKS_EACH));
    out.inFlight(report.in_flight);
    await out.end({ ...said, totals, hasBank: bank.length > 0 });
  } finally {
    out.drop();
  }
}

function bytesOf(data: NamedSource["data"]): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

type Files = Readonly<Partial<Record<Side, readonly NamedSource[]>>>;

/** Formats that are tables with columns of any name: those the engine reads by itself. */
const TABLES: ReadonlySet<FormatName> = new Set(["generic", "csv"]);

/** Formats that are those of one provider, whose window the rules may know. */
const PROVIDERS: ReadonlySet<string> = new Set(["stripe", "adyen", "paypal", "braintree", "square", "shopify", "shopify-json", "mollie"]);

/** The files of a side as they are compared, and as they lie on the disk. */
interface Sources {
  readonly generic: NamedSource[];
  readonly originals: readonly { readonly name: string; readonly data: Uint8Array }[];
}

/** The files of a side, all in one format. */
function sources(side: Side, paths: string[] | undefined, format: string = GENERIC, table?: Table): Sources {
  const named = required(side, paths).map((path) => ({ name: path, data: fileBytes(side, path) }));
  if (table !== undefined) {
    if (format !== GENERIC) throw new UsageError(`--mapping says how a table of the ${side} is read, and --${side}-format ${shown(format)} is none: leave one of them out`);
    const tables = side === "bank" ? "csv" : "generic";
    return { generic: named.map(({ name, data }) => readers.source(data, { format: tables, name, ...table })), originals: named };
  }
  if (format === GENERIC) return { generic: named, originals: named };
  return { generic: named.map(({ name, data }) => readers.source(data, { format: format as FormatName, name })), originals: named };
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
    const { format, because } = detected(source.data);
    if (format !== null && !TABLES.has(format)) return `the file seems to be in the format ${format} (${because}): --${side}-format ${format}`;
  }
  return undefined;
}

/** What a file seems to be; nothing for one that is not even text, of which the refusal says enough. */
function detected(data: NamedSource["data"]): Pick<ReturnType<typeof readers.detect>, "format" | "because"> {
  try {
    return readers.detect(data);
  } catch {
    return { format: null, because: "" };
  }
}
