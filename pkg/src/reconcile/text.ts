/** The report for people. What the command prints of large files is made by `src/reconcile/lines.rs`, to the byte the same. */

import { reportOnly } from "./checked.js";
import type { Report } from "./report.js";

/**
 * The report as lines of text: the sums first, then one sentence for each break, worst first as the report has them.
 *
 * Throws `report_invalid` for something else than what `reconcile` returned.
 */
export function toText(report: Report): string {
  return reportOnly(report, () => written(report));
}

function written(report: Report): string {
  const { summary } = report;
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
  for (const found of report.breaks) {
    const places = [...found.rows.ledger, ...found.rows.settlement, ...found.rows.bank];
    const where = places.map(({ file, line }) => `${file}:${line}`).join(", ");
    lines.push("", `${found.code} ${found.kind}  ${found.reference}  [${found.id}]`, `  ${found.explanation}`, `  ${where}`);
  }
  return `${lines.join("\n")}\n`;
}
