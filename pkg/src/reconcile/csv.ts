/**
 * The breaks of a report as CSV, for spreadsheets.
 *
 * Invariant: no cell is a formula. What others wrote (references, file names, sentences that quote them) and a spreadsheet
 * would calculate is written with an apostrophe in front, which spreadsheets take for text.
 */

import { reportOnly } from "./checked.js";
import type { Break, Report, RowPlace } from "./report.js";

const COLUMNS = [
  "id", "kind", "code", "secondary", "hop", "reference", "currency", "expected_minor", "found_minor", "difference_minor",
  "age_days", "ledger_rows", "settlement_rows", "bank_rows", "rule", "explanation",
] as const;

/** How spreadsheets tell a formula, or are made to: by the first character of a cell. */
const FORMULA = /^[=+\-@\t\r\n|%]/;

/** A number is one, also with a minus in front. */
const NUMBER = /^-?[0-9]+$/;

/**
 * RFC 4180 in UTF-8, one line for each break, worst first as the report has them; amounts in minor units.
 *
 * Throws `report_invalid` for something else than what `reconcile` returned.
 */
export function toCsv(report: Report): string {
  return reportOnly(report, () => [CSV_HEAD, ...report.breaks.map(csvLine)].join(""));
}

/** The first line. */
export const CSV_HEAD = `${COLUMNS.join(",")}\r\n`;

/** The line of a break. */
export function csvLine(one: Break): string {
  const cells: Readonly<Record<(typeof COLUMNS)[number], string>> = {
    ...one,
    secondary: one.secondary.join(" "),
    expected_minor: one.expected_minor ?? "",
    found_minor: one.found_minor ?? "",
    difference_minor: one.difference_minor ?? "",
    age_days: one.age_days === null ? "" : String(one.age_days),
    ledger_rows: places(one.rows.ledger),
    settlement_rows: places(one.rows.settlement),
    bank_rows: places(one.rows.bank),
  };
  return `${COLUMNS.map((column) => cell(cells[column])).join(",")}\r\n`;
}

function places(rows: readonly RowPlace[]): string {
  return rows.map(({ file, line: at }) => `${file}:${at}`).join(" ");
}

function cell(text: string): string {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
