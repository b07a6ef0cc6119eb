/**
 * Reconciliation: every cent explained.
 *
 * {@link reconcile} holds the merchant's own books (a mirror file, as `Ledger.toCsv` writes it) against the provider's
 * settlement report, its payouts against their lines, and the payouts against the bank, and answers with one typed
 * report. It reads no clock: the same files give the same report.
 *
 * Invariant: each row is matched, in flight, set aside or part of a break; a file that cannot be read exactly is refused
 * with file, line and column, and nothing is reported.
 */

import { clerk } from "../shell/reconcile-files.js";
import { judge } from "../shell/reconcile.js";
import { bytes, onlyKnown, refusal, timeMs, type BytesInput } from "../shell/guard.js";
import { encode, open } from "../shell/wire.js";
import { originalLine } from "./generic.js";
import type { Report, RowPlace } from "./report.js";

export { readers } from "./readers.js";
export type {
  Detection, FileContent, FileSummary, FormatInfo, FormatName, MappingGuess, Pieces, Readers, ReadOptions, TableMapping,
} from "./readers.js";
export type {
  BankLine, ControlTotals, FileBalance, FileMoney, FilePlace, FileStatement, LineKind, Lines, OriginalMoney, SettlementLine,
} from "./readers-lines.js";
export { toCsv } from "./csv.js";
export { createReconciliation, Reconciliation } from "./incremental.js";
export type { AddedFiles, KeptFile, ReconciliationOptions, ReconciliationSettings } from "./incremental.js";
export { toHtml } from "./page.js";
export type { PageOptions } from "./page.js";
export { proofInput, proofOf, verifyProof } from "./proof.js";
export type { Proof, ProofCheck, ProofInput, ProofOptions, ProofStatement } from "./proof.js";
export { toText } from "./text.js";
export { totalsOf } from "./totals.js";
export type { Bridge, BridgeStep, SideTotal, TotalledFile, TotalledFiles, Totals } from "./totals.js";
export type { Break, BreakKind, InFlight, KindTotal, Report, RowPlace } from "./report.js";

/** Generic CSV with the name that errors and breaks call it by; `readers.source` makes one of a file of another format. */
export interface NamedSource {
  readonly name: string;
  readonly data: BytesInput;
  /** Where each row stood in the file it was made of; the rows of the CSV itself when left out. */
  readonly lines?: readonly number[] | undefined;
}

/** One file: its content, or a content with a name. */
export type Source = BytesInput | NamedSource;

/** What a file calls the columns of the contract: the contract's name, then the file's. */
export type ColumnNames = Readonly<Record<string, string>>;

/** What is to be held against what. */
export interface ReconcileOptions {
  /** The merchant's own books: generic CSV, one file or several that are read as one. */
  readonly ledger: Source | readonly Source[];
  /** The provider's settlement report, likewise. */
  readonly settlement: Source | readonly Source[];
  /** The statements of the merchant's bank, likewise; without them the payouts are not looked for at the bank. */
  readonly bank?: Source | readonly Source[] | undefined;
  /** How the files of each side call their columns, where that is not as the contract does. */
  readonly columns?:
    | { readonly ledger?: ColumnNames; readonly settlement?: ColumnNames; readonly bank?: ColumnNames }
    | undefined;
  /** The moment ages are counted to, in milliseconds; otherwise the latest time in any of the files. */
  readonly asOf?: number | undefined;
  /** Days that something may take to appear on the other side, 0 to 366; 2 when left out. */
  readonly inFlightDays?: number | undefined;
  /** Whether only business days count: neither Saturdays, Sundays nor `holidays`. */
  readonly businessDays?: boolean | undefined;
  /** Days that do not count, such as `2026-12-25`. */
  readonly holidays?: readonly string[] | undefined;
}

const KNOWN = ["ledger", "settlement", "bank", "columns", "asOf", "inFlightDays", "businessDays", "holidays"] as const;

/** The first byte of a JSON document. */
const BRACE = 0x7b;

/**
 * Holds ledger, settlement and bank against each other.
 *
 * Throws `file_*` with the place for a file that cannot be read, `bytes_expected` for something that is no file.
 */
export function reconcile(options: ReconcileOptions): Report {
  onlyKnown("options", options, KNOWN);
  const ledger = side("ledger", options.ledger);
  const settlement = side("settlement", options.settlement);
  const bank = side("bank", options.bank ?? []);
  const { columns = {}, holidays = [], businessDays } = options;
  onlyKnown("columns", columns, ["ledger", "settlement", "bank"]);
  const document = encode({
    ledger: ledger.files,
    settlement: settlement.files,
    bank: bank.files,
    as_of: options.asOf === undefined ? undefined : timeMs("asOf", options.asOf),
    in_flight_days: options.inFlightDays === undefined ? undefined : days(options.inFlightDays),
    business_days: businessDays,
    holidays: holidays.map((day) => ({ day })),
    ledger_columns: named(columns.ledger),
    settlement_columns: named(columns.settlement),
    bank_columns: named(columns.bank),
  });
  const batch = clerk.raw((exports) => exports.reconcile_read(document, ledger.data, settlement.data, bank.data));
  // A refusal is a document, and no batch begins as one does; opened, it throws.
  if (batch[0] === BRACE) open(batch);
  const verdicts = judge.raw((exports) => exports.reconcile_judge(batch));
  const report = clerk.invoke<Report>((exports) => exports.reconcile_report(verdicts));
  return withOriginalPlaces(report, { ledger, settlement, bank });
}

/** Rows are told by the line of the file they came from, where `readers.source` has written them anew. */
function withOriginalPlaces(report: Report, sides: Readonly<Record<"ledger" | "settlement" | "bank", Side>>): Report {
  if (Object.values(sides).every(({ lines }) => lines.size === 0)) return report;
  const places = (rows: readonly RowPlace[], { lines }: Side): RowPlace[] =>
    rows.map(({ file, line }) => ({ file, line: originalLine(lines.get(file), line) }));
  return {
    ...report,
    breaks: report.breaks.map((one) => ({
      ...one,
      rows: {
        ledger: places(one.rows.ledger, sides.ledger),
        settlement: places(one.rows.settlement, sides.settlement),
        bank: places(one.rows.bank, sides.bank),
      },
    })),
  };
}

function named(columns: ColumnNames = {}): { ours: string; theirs: string }[] {
  return Object.entries(columns).map(([ours, theirs]) => ({ ours, theirs }));
}

/** The files of one side: names and lengths, and all their bytes one after the other. */
interface Side {
  readonly files: readonly { readonly name: string; readonly length: number }[];
  readonly data: Uint8Array;
  /** Where the rows stood of the files that were written anew, by name. */
  readonly lines: ReadonlyMap<string, readonly number[]>;
}

function side(name: "ledger" | "settlement" | "bank", input: Source | readonly Source[]): Side {
  const sources: readonly Source[] = Array.isArray(input) ? input : [input];
  const lines = new Map<string, readonly number[]>();
  const files = sources.map((source, index) => {
    const own = isNamed(source) ? source.name : sources.length === 1 ? `${name}.csv` : `${name}-${index + 1}.csv`;
    if (!isNamed(source)) return { name: own, data: bytes(own, source) };
    if (source.lines !== undefined) {
      if (lines.has(own)) throw refusal("option_invalid", `${name}.name`, own, "is the name of two files: give each its own, since a break names the file it is in");
      lines.set(own, source.lines);
    }
    return { name: own, data: bytes(own, source.data) };
  });
  const [only] = files;
  if (files.length === 1 && only !== undefined) {
    return { files: [{ name: only.name, length: only.data.length }], data: only.data, lines };
  }
  const data = new Uint8Array(files.reduce((sum, file) => sum + file.data.length, 0));
  let at = 0;
  for (const file of files) {
    data.set(file.data, at);
    at += file.data.length;
  }
  return { files: files.map((file) => ({ name: file.name, length: file.data.length })), data, lines };
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
