/** The visitor's own files, reconciled where they are. */

import { useState } from "preact/hooks";

import { BreakTable } from "../day/break-table.js";
import type { Dropped, Reconciled } from "../desk/desk.worker.js";
import type { Day } from "../play/day.js";
import { withCode } from "../shell/code.js";
import { Download } from "../shell/download.js";
import { Section } from "../shell/section.js";
import { messageOf } from "../shell/use-work.js";
import { desk } from "../shell/workers.js";
import { DropField } from "./drop-field.js";

export function FilesSection({ day }: { readonly day: Day | undefined }) {
  const [ledger, setLedger] = useState<readonly Dropped[]>([]);
  const [settlement, setSettlement] = useState<readonly Dropped[]>([]);
  const [answer, setAnswer] = useState<Reconciled | undefined>();
  const run = (ours: readonly Dropped[], theirs: readonly Dropped[]): void => {
    desk()
      .reconcile(ours, theirs)
      .then(setAnswer, (error: unknown) => setAnswer({ ok: false, message: messageOf(error) }));
  };
  const useWeek = (): void => {
    if (day === undefined) return;
    const [ours, theirs] = [[file("ledger.csv", day.ledgerCsv)], [file("settlement.csv", day.settlementCsv)]];
    setLedger(ours);
    setSettlement(theirs);
    run(ours, theirs);
  };
  return (
    <Section
      id="files"
      title="Your own settlement file"
      lead="Drop your export and your provider's. They are read and compared in this page and never leave it."
    >
      <div class="panel controls">
        <div class="drops">
          <DropField name="ledger" title="Your ledger" files={ledger} change={setLedger} />
          <DropField name="settlement" title="The provider's settlement" files={settlement} change={setSettlement} />
        </div>
        <p class="hint">
          CSV with a header row. Columns are found by name: <code>reference</code>, <code>amount</code> or <code>amount_minor</code>, <code>currency</code>; also{" "}
          <code>type</code>, <code>fee</code>, <code>status</code>, <code>occurred_at</code>.
        </p>
        <div class="actions">
          <button type="button" class="primary" disabled={ledger.length === 0 || settlement.length === 0} onClick={() => run(ledger, settlement)}>
            Reconcile
          </button>
          <button type="button" disabled={day === undefined} onClick={useWeek}>
            Use the files of the week above
          </button>
        </div>
      </div>
      <div class="answer" role="status">
        {answer !== undefined && !answer.ok && <p class="trouble panel">{withCode(answer.message)}</p>}
        {answer?.ok === true && (
          <p>
            {answer.report.summary.matched} rows agree, {answer.report.summary.breaks} breaks, {answer.report.summary.in_flight} in flight, in{" "}
            {answer.tookMs.toFixed(1)} ms. <Download name="report.json" type="application/json" text={JSON.stringify(answer.report, null, 2)} />
          </p>
        )}
      </div>
      {answer?.ok === true && <BreakTable report={answer.report} />}
    </Section>
  );
}

function file(name: string, text: string): Dropped {
  return { name, data: new TextEncoder().encode(text) };
}
