/** What was injected, held against what was found. The reconciler has seen the files alone. */

import type { Report } from "tillproof/reconcile";

import type { Day, InjectedDrift } from "../play/day.js";

type Break = Report["breaks"][number];

/** The break that reports a drift, if there is one. */
export function breakOf(drift: InjectedDrift, report: Report): Break | undefined {
  const told = ({ kind, secondary }: Break): boolean => kind === drift.kind || secondary.some((other) => other === drift.kind);
  return report.breaks.find((found) => found.reference === drift.reference && told(found)) ?? report.breaks.find((found) => drift.reference === null && told(found));
}

/** How many drifts there are, and how many of them a break reports. */
export function foundOf({ injected, report }: Pick<Day, "injected" | "report">): { readonly injected: number; readonly found: number } {
  return { injected: injected.length, found: injected.filter((drift) => breakOf(drift, report) !== undefined).length };
}
