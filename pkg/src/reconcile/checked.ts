/** What report writers have in common: they take what `reconcile` returned, and nothing else. */

import { refusal } from "../shell/guard.js";
import type { Report } from "./report.js";

/** What `write` makes of the report; `report_invalid` where it cannot, because this is none. */
export function reportOnly(report: Report, write: () => string): string {
  try {
    return write();
  } catch {
    throw refusal("report_invalid", "report", report, "is no report: pass what reconcile() returned");
  }
}
