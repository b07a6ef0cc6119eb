/** A week later: what the gateway settled, what the bank received, and what the reconciler makes of it. */

import type { Day } from "../play/day.js";
import { DRIFTS, type Scene } from "../scene.js";
import { Section } from "../shell/section.js";
import { Status } from "../shell/status.js";
import { Toggles } from "../shell/toggles.js";
import type { ChangeScene } from "../shell/use-scene.js";
import type { Work } from "../shell/use-work.js";
import { BreakTable } from "./break-table.js";
import { Paper } from "./paper.js";
import { foundOf } from "./found.js";

interface Props {
  readonly scene: Scene;
  readonly change: ChangeScene;
  readonly day: Work<Day>;
}

export function DaySection({ scene, change, day }: Props) {
  const { value, busy, error } = day;
  const { injected, found } = value === undefined ? { injected: 0, found: 0 } : foundOf(value);
  return (
    <Section
      id="day"
      title="A week passes, and the files arrive"
      lead="The gateway's settlement file and the bank statement come in, and are held against the shop's own books. Put something wrong into the settlement; the reconciler does not know what."
    >
      <div class="panel controls">
        <Toggles legend="What is wrong with the settlement file" choices={DRIFTS} chosen={scene.drifts} change={(drifts) => change({ drifts })} />
      </div>
      <Status waiting={value === undefined} busy={busy} error={error} working="A week of virtual time is passing…" done={verdict(injected, found, value)} />
      <div class="papers">
        <Paper name="ledger.csv" title="The shop's own books" csv={value?.ledgerCsv} />
        <Paper name="settlement.csv" title="What the gateway settled" csv={value?.settlementCsv} />
        <Paper name="statement.csv" title="What the bank received" csv={value?.statementCsv} />
      </div>
      <div class="found">{value !== undefined && <BreakTable report={value.report} injected={value.injected} />}</div>
    </Section>
  );
}

function verdict(injected: number, found: number, day: Day | undefined): string {
  if (day === undefined) return "";
  const { matched, breaks } = day.report.summary;
  const rows = `${matched} rows agree in every value.`;
  if (injected === 0) return breaks === 0 ? `${rows} Nothing was put in, and nothing was found.` : `${rows} ${breaks} breaks were found.`;
  return `${rows} ${found} of ${injected} injected mistakes found, ${breaks - found} false alarms.`;
}
