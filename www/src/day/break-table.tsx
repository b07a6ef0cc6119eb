/** Every break the reconciler reports, with both sides and a sentence. */

import type { Report } from "tillproof/reconcile";

import type { InjectedDrift } from "../play/day.js";
import { withCode } from "../shell/code.js";
import { money } from "../shell/money.js";
import { breakOf } from "./found.js";

interface Props {
  readonly report: Report;
  /** What is known to have been put in, where somebody did. */
  readonly injected?: readonly InjectedDrift[];
  /** Whether the places of the rows are named: of files that the visitor can open. */
  readonly withPlaces?: boolean;
}

/** Kinds whose names are made for programs. */
const KINDS: Readonly<Partial<Record<string, string>>> = {
  duplicate_record_m: "twice in the ledger",
  duplicate_record_s: "twice in the file",
  missing_in_mirror: "not in the ledger",
  missing_in_settlement: "not in the file",
};

/** A kind in words. */
export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind.replaceAll("_", " ");
}

/** Rows a table shows; the report itself has them all. */
const ROWS_MAX = 100;

export function BreakTable({ report, injected = [], withPlaces = false }: Props) {
  const { breaks } = report;
  const injectedHere = new Set(injected.map((drift) => breakOf(drift, report)?.id));
  if (breaks.length === 0) return <p class="empty panel">No breaks. Every row of one side has its counterpart on the other.</p>;
  return (
    <div class="scroll" role="region" aria-label="Breaks" tabIndex={0}>
      <table class="breaks wide">
        <thead>
          <tr>
            <th scope="col">Break</th>
            <th scope="col">Reference</th>
            <th scope="col" class="number">Expected</th>
            <th scope="col" class="number">Found</th>
            <th scope="col" class="number">Difference</th>
            <th scope="col">In words</th>
          </tr>
        </thead>
        <tbody>
          {breaks.slice(0, ROWS_MAX).map((one) => (
            <tr key={one.id}>
              <td>
                <span class="kind">{kindWords(one.kind)}</span>
                {injectedHere.has(one.id) && <span class="tag">put in by you</span>}
              </td>
              <td data-label="Reference">
                <code>{one.reference}</code>
              </td>
              <td class="number" data-label="Expected">{amount(one.expected_minor, one.currency)}</td>
              <td class="number" data-label="Found">{amount(one.found_minor, one.currency)}</td>
              <td class="number" data-label="Difference">{amount(one.difference_minor, one.currency)}</td>
              <td class="wordy">
                {withCode(one.explanation)}
                {withPlaces && <span class="places">{[...one.rows.ledger, ...one.rows.settlement, ...one.rows.bank].map(({ file, line }) => `${file}, line ${line}`).join(" · ")}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {breaks.length > ROWS_MAX && <p class="hint">{breaks.length - ROWS_MAX} more breaks are in the report.</p>}
    </div>
  );
}

function amount(minor: string | null, currency: string): string {
  return minor === null ? "—" : money(minor, currency);
}
