/**
 * What is taken over into a queue is a report, and all of it.
 *
 * Invariant: of any other document nothing is taken: what it does not have would be closed as gone.
 */

import { isBreakKind } from "../reconcile/kinds.js";
import type { Report } from "../reconcile/report.js";
import { list, object, refusal } from "../shell/guard.js";

/** An amount of a break, or none. */
const FIGURE = /^-?[0-9]+$/;

/** The report, which may have come as JSON from anywhere. Throws what names the member that no report has. */
export function wholeReport(report: Report): Report {
  const { version, summary, breaks } = object("report", report);
  list("report.breaks", breaks);
  if (version !== 1) throw refusal("option_invalid", "report.version", version, "is no version of a report that is known here: expected 1");
  object("report.summary", summary);
  object("report.summary.by_kind", summary.by_kind);
  if (summary.breaks !== breaks.length) {
    throw refusal("option_invalid", "report.summary.breaks", summary.breaks, `is not the number of its breaks: there are ${breaks.length}, and what is not there would be closed`);
  }
  breaks.forEach((one, place) => {
    const name = `report.breaks[${place}]`;
    const { id, kind, reference, currency } = object(name, one);
    for (const [member, value] of Object.entries({ id, reference, currency })) {
      if (typeof value !== "string" || (member === "id" && value === "")) throw refusal("text_expected", `${name}.${member}`, value, "is no text of a report");
    }
    if (!isBreakKind(kind)) throw refusal("option_invalid", `${name}.kind`, kind, "is no kind of break");
    for (const member of ["expected_minor", "found_minor", "difference_minor"] as const) {
      const figure: unknown = one[member];
      if (figure !== null && !(typeof figure === "string" && FIGURE.test(figure))) throw refusal("option_invalid", `${name}.${member}`, figure, "is no amount in minor units");
    }
  });
  return report;
}
