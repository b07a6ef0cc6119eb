/** The retry storm: everybody was cut off at once, and comes back as the policy says. */

import { useEffect, useRef } from "preact/hooks";

import { Choice } from "../shell/choice.js";
import { Section } from "../shell/section.js";
import { Status } from "../shell/status.js";
import { useSeen } from "../shell/use-seen.js";
import type { ChangeScene } from "../shell/use-scene.js";
import { useWork } from "../shell/use-work.js";
import { weather } from "../shell/workers.js";
import { FiguresTable } from "./figures-table.js";
import { OTHERS, type PolicyName, type Storm } from "./policy.js";
import type { StormChart } from "./chart.js";

interface Props {
  readonly seed: number;
  readonly policy: PolicyName;
  readonly change: ChangeScene;
}

export function StormSection({ seed, policy, change }: Props) {
  const [ref, seen] = useSeen<HTMLElement>();
  const ours = useWork(seen ? `tillproof ${seed}` : undefined, () => weather().storm("tillproof", seed));
  const theirs = useWork(seen ? `${policy} ${seed}` : undefined, () => weather().storm(policy, seed));
  return (
    <Section
      id="storm"
      title="After the outage"
      lead="100,000 clients lose their answer within one second. The provider is down for 20 seconds, then serves 2,000 requests a second. When does everybody have an answer?"
      innerRef={ref}
    >
      <div class="panel controls">
        <Choice name="policy" legend="How the others try again" choices={OTHERS} chosen={policy} change={(chosen) => change({ policy: chosen })} />
      </div>
      <Status
        waiting={ours.value === undefined}
        busy={ours.busy || theirs.busy}
        error={ours.error ?? theirs.error}
        working="100,000 clients are waiting…"
        done={`Two times 100,000 clients, simulated here in ${seconds((ours.value?.tookMs ?? 0) + (theirs.value?.tookMs ?? 0))} s. Tillproof: 5,000 schedules of retrySchedule(), 20 clients each.`}
      />
      <Chart ours={ours.value} theirs={theirs.value} />
      <FiguresTable storms={[theirs.value, ours.value]} />
    </Section>
  );
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

/** The chart, whose library is fetched when there is something to draw. What it shows stands in the table below it. */
function Chart({ ours, theirs }: { readonly ours: Storm | undefined; readonly theirs: Storm | undefined }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<StormChart | undefined>(undefined);
  useEffect(() => {
    if (ours === undefined || theirs === undefined) return undefined;
    let current = true;
    void import("./chart.js").then(({ StormChart }) => {
      if (!current || place.current === null) return;
      chart.current ??= new StormChart(place.current);
      chart.current.show(theirs, ours);
    });
    return () => {
      current = false;
    };
  }, [ours, theirs]);
  useEffect(() => () => chart.current?.close(), []);
  return (
    <figure class="chart panel">
      <figcaption>Requests a second that reach the provider, on a logarithmic scale. The line across is what it can serve.</figcaption>
      <div class="plot" ref={place} aria-hidden="true" />
    </figure>
  );
}
