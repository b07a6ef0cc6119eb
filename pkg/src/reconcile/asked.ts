/**
 * Options and files of a run as they cross into wasm.
 *
 * Invariant: what crosses was checked here; the engine refuses only what is in the files.
 */

import { bytes, fn, onlyKnown, refusal, text, timeMs } from "../shell/guard.js";
import { encode } from "../shell/wire.js";
import type { ColumnNames, NamedSource, ReconcileOptions, Source } from "./index.js";
import { lineOfRow } from "./generic.js";
import type { Places } from "./places.js";
import { plain } from "./plain.js";
import { defaultRules, engineRules, rulesOf, type RulesDocument } from "./rules.js";
import type { Terms } from "./terms.js";

const KNOWN = ["ledger", "settlement", "bank", "columns", "asOf", "inFlightDays", "businessDays", "holidays", "rules", "provider", "onMatch"] as const;

/** A run, ready to be read. */
export interface Asked {
  /** The options, as the engine reads them. */
  readonly document: Uint8Array;
  readonly ledger: Side;
  readonly settlement: Side;
  readonly bank: Side;
  readonly places: Places;
  /** What it is judged by. */
  readonly terms: Terms;
}

/** Checks options; `more` is added to their document. */
export function asked(options: ReconcileOptions, more: Readonly<Record<string, unknown>> = {}): Asked {
  onlyKnown("options", options, KNOWN);
  const ledger = side("ledger", options.ledger);
  const settlement = side("settlement", options.settlement);
  const bank = side("bank", options.bank ?? []);
  const terms = termsOf(options, [...settlement.statements, ...bank.statements]);
  const document = documentOf(options, terms, { ledger: ledger.files, settlement: settlement.files, bank: bank.files }, more);
  return { document, ledger, settlement, bank, places: { ledger: ledger.lines, settlement: settlement.lines, bank: bank.lines }, terms };
}

/** How a run is judged, apart from its files. */
export type Judged = Omit<ReconcileOptions, "ledger" | "settlement" | "bank">;

/** A file of a run, before its bytes are looked at. */
export interface FileSize {
  readonly name: string;
  readonly length: number;
}

/** What a run is judged by; `statements` is what its files say about themselves. */
export function termsOf(options: Judged, statements: Terms["statements"]): Terms {
  const { onMatch, rules } = options;
  if (onMatch !== undefined) fn("onMatch", onMatch);
  return { rules: engineRules(rules === undefined ? defaultRules() : rulesOf(rules)), keepsMatches: onMatch !== undefined, statements };
}

/** The document of options and files; `more` is added to it. */
export function documentOf(
  options: Judged,
  terms: Terms,
  files: Readonly<Record<"ledger" | "settlement" | "bank", readonly FileSize[]>>,
  more: Readonly<Record<string, unknown>> = {},
): Uint8Array {
  const { columns = {} } = options;
  const { inFlightDays, businessDays, holidays = [] } = windowOf(options, options.rules === undefined ? undefined : rulesOf(options.rules));
  onlyKnown("columns", columns, ["ledger", "settlement", "bank"]);
  return encode({
    ledger: files.ledger,
    settlement: files.settlement,
    bank: files.bank,
    as_of: options.asOf === undefined ? undefined : timeMs("asOf", options.asOf),
    in_flight_days: inFlightDays === undefined ? undefined : days(inFlightDays),
    business_days: businessDays,
    holidays: holidays.map((day) => ({ day })),
    whole: needsEveryRow(terms) ? true : undefined,
    ledger_columns: named(columns.ledger),
    settlement_columns: named(columns.settlement),
    bank_columns: named(columns.bank),
    ...more,
  });
}

/** Whether also rows that plainly agree have something to say. */
export function needsEveryRow({ rules, keepsMatches }: Terms): boolean {
  return keepsMatches || rules.fees.length > 0 || rules.reaches.length > 0;
}

/** The window of a run: what the caller says, then what the rules say of the provider, then of all. */
function windowOf(options: Judged, rules: RulesDocument | undefined): Pick<ReconcileOptions, "inFlightDays" | "businessDays" | "holidays"> {
  const { provider } = options;
  const { providers = {}, days: usual, business_days, holidays } = rules?.in_flight ?? {};
  const own = provider === undefined ? undefined : providers[text("provider", provider)];
  return {
    inFlightDays: options.inFlightDays ?? own?.days ?? usual,
    businessDays: options.businessDays ?? own?.business_days ?? business_days,
    holidays: options.holidays ?? holidays,
  };
}

function named(columns: ColumnNames = {}): { ours: string; theirs: string }[] {
  return Object.entries(columns).map(([ours, theirs]) => ({ ours, theirs }));
}

/** The files of one side: names and lengths, and all their bytes one after the other. */
export interface Side {
  readonly files: readonly FileSize[];
  readonly data: Uint8Array;
  /** Where the rows and then the statements stood of the files that were written anew, by name. */
  readonly lines: ReadonlyMap<string, readonly number[]>;
  readonly statements: Terms["statements"];
}

function side(name: "ledger" | "settlement" | "bank", input: Source | readonly Source[]): Side {
  const sources: readonly Source[] = Array.isArray(input) ? input : [input];
  const lines = new Map<string, readonly number[]>();
  const statements = sources.flatMap((source, file) => {
    if (name === "ledger" || !isNamed(source)) return [];
    // Told as rows behind the last one, where the file was written anew: every place of a break is then of that file.
    const { lines } = source;
    return (source.statements ?? []).map((own, index) => ({ ...own, side: name, file, ...(lines === undefined ? {} : { line: lineOfRow(lines.length + index) }) }));
  });
  const files = sources.map((source, index) => {
    const own = isNamed(source) ? source.name : sources.length === 1 ? `${name}.csv` : `${name}-${index + 1}.csv`;
    if (!isNamed(source)) return { name: own, data: plain(own, bytes(own, source)) };
    if (source.lines !== undefined) {
      // The other of the name may stand before it or behind it, and have lines or none.
      const isNamesake = sources.some((other, place) => place !== index && isNamed(other) && other.name === own);
      if (isNamesake) throw refusal("option_invalid", `${name}.name`, own, "is the name of two files: give each its own, since a break names the file it is in");
      const { statements: told = [] } = source;
      lines.set(own, told.length === 0 ? source.lines : [...source.lines, ...told.map(({ line }) => line)]);
    }
    return { name: own, data: plain(own, bytes(own, source.data)) };
  });
  const [only] = files;
  if (files.length === 1 && only !== undefined) {
    return { files: [{ name: only.name, length: only.data.length }], data: only.data, lines, statements };
  }
  const data = new Uint8Array(files.reduce((sum, file) => sum + file.data.length, 0));
  let at = 0;
  for (const file of files) {
    data.set(file.data, at);
    at += file.data.length;
  }
  return { files: files.map((file) => ({ name: file.name, length: file.data.length })), data, lines, statements };
}

function isNamed(source: Source): source is NamedSource {
  return typeof source === "object" && source !== null && "data" in source && "name" in source
    && typeof source.name === "string" && source.name !== "";
}

function days(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw refusal(
    "reconcile_window_invalid",
    "inFlightDays",
    value,
    "is not a number of days: expected a whole number from 0 to 366",
  );
}
