/** What came out: how much agrees, what kinds of breaks there are, and the report to take away. */

import type { Report } from "tillproof/reconcile";

import { kindWords } from "../day/break-table.js";
import { Download } from "../shell/download.js";

interface Props {
  readonly report: Report;
  readonly tookMs: number;
}

export function Outcome({ report, tookMs }: Props) {
  const { matched, breaks, in_flight, rows, by_kind } = report.summary;
  const read = `${rows.ledger} rows of yours, ${rows.settlement} of the provider${rows.bank === 0 ? "" : `, ${rows.bank} of the bank`}`;
  return (
    <>
      <p>
        <strong>
          {matched} rows agree, {breaks} {breaks === 1 ? "break" : "breaks"}, {in_flight} in flight
        </strong>
        : {read}, read and compared in {tookMs.toFixed(1)} ms. <Download name="report.json" type="application/json" text={JSON.stringify(report, null, 2)} />
      </p>
      {breaks > 0 && (
        <ul class="kinds" aria-label="Breaks by kind">
          {Object.entries(by_kind).map(([kind, total]) => (
            <li key={kind}>
              {kindWords(kind)} <strong>{total?.count}</strong>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
