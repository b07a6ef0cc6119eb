/** The busy hour: forty orders with mishaps at the rates the visitor sets, and what each way of working cost. */

import type { Day } from "../play/day.js";
import { wrong } from "../play/step.js";
import { MISHAPS, type Scene } from "../scene.js";
import { money } from "../shell/money.js";
import { Section } from "../shell/section.js";
import { Status } from "../shell/status.js";
import type { ChangeScene } from "../shell/use-scene.js";
import type { Work } from "../shell/use-work.js";
import { RateField } from "./rate-field.js";
import { ScoreView } from "./score-view.js";

interface Props {
  readonly scene: Scene;
  readonly change: ChangeScene;
  readonly day: Work<Day>;
}

export function HourSection({ scene, change, day }: Props) {
  const { value, busy, error } = day;
  const lost = value === undefined ? 0n : wrong(value.naive);
  return (
    <Section
      id="hour"
      title="A busy hour"
      lead="Forty more orders at both shops. Each mishap strikes as often as you say, at the same calls for both."
    >
      <div class="panel controls">
        <div class="rates">
          {MISHAPS.map(({ name, label }) => (
            <RateField key={name} name={name} label={label} rate={scene.rates[name]} change={(rate) => change({ rates: { ...scene.rates, [name]: rate } })} />
          ))}
        </div>
      </div>
      <Status
        waiting={value === undefined}
        busy={busy}
        error={error}
        working="Forty orders are on their way to two shops…"
        done={`${money(value?.tillproof.placed.amount ?? 0n)} ordered. ${lost === 0n ? "Nothing went wrong at either shop." : `The usual shop got ${money(lost)} wrong.`}`}
      />
      <div class="stories">
        <article class="panel" data-shop="naive" aria-label="The hour of the usual shop">
          <h3>The usual shop</h3>
          <ScoreView score={value?.naive} />
          <Heard score={value?.naive} />
        </article>
        <article class="panel" data-shop="tillproof" aria-label="The hour of the shop with Tillproof">
          <h3>The same shop with Tillproof</h3>
          <ScoreView score={value?.tillproof} />
          <Heard score={value?.tillproof} />
        </article>
      </div>
    </Section>
  );
}

function Heard({ score }: { readonly score: Day["naive"] | undefined }) {
  if (score === undefined) return <p class="heard">…</p>;
  const { heard, applied, dropped, refused } = score.webhooks;
  return (
    <p class="heard">
      {heard} webhooks heard: {applied} applied, {dropped} dropped as duplicate or stale, {refused} refused as forged.
    </p>
  );
}
