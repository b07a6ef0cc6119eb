/** The report for people. What the command prints of large files is made by `src/reconcile/lines.rs`, to the byte the same. */

import { reportOnly } from "./checked.js";
import type { Break, Report, ReportHead } from "./report.js";

/**
 * The report as lines of text: the sums first, then one sentence for each break, worst first as the report has them.
 *
 * Throws `report_invalid` for something else than what `reconcile` returned.
 */
export function toText(report: Report): string {
  return reportOnly(report, () => [textHead(report), ...report.breaks.map(textOf)].join(""));
}

/** What stands before the breaks. */
export function textHead({ summary }: ReportHead): string {
  const lines = [
    `rows       ${summary.rows.ledger} ledger, ${summary.rows.settlement} settlement, ${summary.rows.bank} bank`,
    `matched    ${summary.matched}`,
    `in flight  ${summary.in_flight}`,
    `breaks     ${summary.breaks}`,
  ];
  if (summary.set_aside > 0) lines.push(`set aside  ${summary.set_aside}`);
  for (const [kind, total] of Object.entries(summary.by_kind)) {
    const differences = Object.entries(total.difference_minor).map(([currency, minor]) => `${minor} ${currency} minor`);
    const sum = differences.length === 0 ? "" : `  (${differences.join(", ")})`;
    lines.push(`  ${kind.padEnd(24)} ${String(total.count).padStart(6)}${sum}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A break, behind an empty line. */
export function textOf({ code, kind, reference, id, explanation, rows }: Break): string {
  const where = [...rows.ledger, ...rows.settlement, ...rows.bank].map(({ file, line }) => `${file}:${line}`).join(", ");
  return `\n${code} ${kind}  ${reference}  [${id}]\n  ${explanation}\n  ${where}\n`;
}
