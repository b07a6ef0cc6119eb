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
import type { BytesInput } from "../shell/guard.js";
import { open } from "../shell/wire.js";
import { asked } from "./asked.js";
import type { Match } from "./matches.js";
import { matchesOf, withOriginalPlaces } from "./places.js";
import type { RulesDocument } from "./rules.js";
import type { StatementFigures } from "./statements.js";
import { packTerms } from "./terms.js";
import type { Report } from "./report.js";

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
export type { Match } from "./matches.js";
export { proofInput, proofOf, verifyProof } from "./proof.js";
export type { LedgerRoot, Proof, ProofCheck, ProofInput, ProofOptions, ProofStatement } from "./proof.js";
export { defaultRules, rulesOf } from "./rules.js";
export type { FeeRuleDocument, PassName, RulesDocument, WindowRule } from "./rules.js";
export type { StatementFigures } from "./statements.js";
export { toText } from "./text.js";
export { totalsOf } from "./totals.js";
export type { Bridge, BridgeStep, SideTotal, TotalledFile, TotalledFiles, Totals } from "./totals.js";
export type { Break, BreakKind, InFlight, KindTotal, Nearest, Report, RowPlace } from "./report.js";

/** Generic CSV with the name that errors and breaks call it by; `readers.source` makes one of a file of another format. */
export interface NamedSource {
  readonly name: string;
  readonly data: BytesInput;
  /** Where each row stood in the file it was made of; the rows of the CSV itself when left out. */
  readonly lines?: readonly number[] | undefined;
  /** What it says about itself, as `readers.source` tells it: held against what was read, and against the other files. */
  readonly statements?: readonly StatementFigures[] | undefined;
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
  /**
   * What is decided by agreement: a document of {@link RulesDocument}, or its JSON; {@link defaultRules} when left out. The
   * window above is used where it is given, and that of the rules where it is not.
   */
  readonly rules?: RulesDocument | string | undefined;
  /** Whose rows those are that name no account: one of the providers of the rules, for its window. */
  readonly provider?: string | undefined;
  /**
   * Is handed each match, with the pass that made it, the rules and the fields that decided. To tell them costs time and
   * memory: every row is then judged one by one.
   */
  readonly onMatch?: ((match: Match) => void) | undefined;
}

/** The first byte of a JSON document. */
const BRACE = 0x7b;

/**
 * Holds ledger, settlement and bank against each other.
 *
 * Throws `file_*` with the place for a file that cannot be read, `bytes_expected` for something that is no file.
 */
export function reconcile(options: ReconcileOptions): Report {
  const { document, ledger, settlement, bank, places, terms } = asked(options);
  const batch = clerk.raw((exports) => exports.reconcile_read(document, ledger.data, settlement.data, bank.data));
  // A refusal is a document, and no batch begins as one does; opened, it throws.
  if (batch[0] === BRACE) open(batch);
  const verdicts = judge.raw((exports) => exports.reconcile_judge(batch, packTerms(terms)));
  const { onMatch } = options;
  if (onMatch !== undefined) {
    const lines = clerk.raw((exports) => exports.reconcile_matches(verdicts));
    matchesOf(lines, places).forEach(onMatch);
  }
  const report = clerk.invoke<Report>((exports) => exports.reconcile_report(verdicts));
  return withOriginalPlaces(report, places);
}
