/** How ledgers stand: how far their stored journals are checked, and what the checks found. */

import type { LedgerFigures } from "../ledger/self-check.js";
import type { Family, Sample } from "./exposition.js";

/** What is read of a ledger. */
export interface LedgerSource {
  figures(): LedgerFigures;
}

/** The families of ledgers; none without one. */
export function ledgerFamilies(ledgers: readonly LedgerSource[]): Family[] {
  const figures = ledgers.map((ledger) => ledger.figures());
  if (figures.length === 0) return [];
  const family = (type: Family["type"], name: string, help: string, value: (of: LedgerFigures) => number | null): Family => ({
    name,
    type,
    help,
    samples: figures.flatMap((of): Sample[] => {
      const found = value(of);
      return found === null ? [] : [{ labels: { ledger: of.name }, value: found }];
    }),
  });
  return [
    family("gauge", "tillproof_ledger_lines", "Lines in the books.", ({ lines }) => lines),
    family("gauge", "tillproof_ledger_checked_lines", "Stored lines that are checked, from the first one on.", ({ checkedLines }) => checkedLines),
    family("gauge", "tillproof_ledger_sound", "1 when the last check found nothing, 0 when it did.", ({ sound }) => (sound === null ? null : Number(sound))),
    family("counter", "tillproof_ledger_checks_total", "Checks of the books against what is stored.", ({ checks }) => checks),
    {
      name: "tillproof_ledger_findings_total",
      type: "counter",
      help: "What the checks found, by kind.",
      samples: figures.flatMap(({ name, findings }) => Object.entries(findings).map(([kind, value]) => ({ labels: { ledger: name, kind }, value }))),
    },
  ];
}
