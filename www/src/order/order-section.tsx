/** "Place an order and see it": what goes wrong, and what two shops make of it. */

import { useState } from "preact/hooks";

import { FIRST_SCENE, MISHAPS, ORDERS_MAX, TRUSTS, type Order, type Scene } from "../scene.js";
import type { Stories } from "../play/step.js";
import type { Work } from "../shell/use-work.js";
import type { ChangeScene } from "../shell/use-scene.js";
import { Choice } from "../shell/choice.js";
import { Section } from "../shell/section.js";
import { Status } from "../shell/status.js";
import { Toggles } from "../shell/toggles.js";
import { Playback, usePlayback } from "./playback.js";
import { SeedField } from "./seed-field.js";
import { StoryView } from "./story-view.js";

interface Props {
  readonly scene: Scene;
  readonly change: ChangeScene;
  readonly stories: Work<Stories>;
}

export function OrderSection({ scene, change, stories }: Props) {
  const [next, setNext] = useState<Order>(["webhook-forged"]);
  const { value, busy, error } = stories;
  const playback = usePlayback(value);
  const isFull = scene.orders.length >= ORDERS_MAX;
  return (
    <Section
      id="order"
      title="Place an order and see it"
      lead="One order, two shops, the same gateway on the same seed. Choose what goes wrong, place the order, and follow every message."
    >
      <div class="panel controls">
        <Toggles legend="What goes wrong with the next order" choices={MISHAPS} chosen={next} change={setNext} />
        <Choice
          name="trust"
          legend="What the shop with Tillproof relies on at its gateway"
          choices={TRUSTS}
          chosen={scene.trust}
          change={(trust) => change({ trust })}
        />
        <div class="actions">
          <button type="button" class="primary" disabled={isFull} onClick={() => change({ orders: [...scene.orders, next] })}>
            Place order {Math.min(scene.orders.length + 1, ORDERS_MAX)}
          </button>
          <button type="button" onClick={() => change({ orders: [] })} disabled={scene.orders.length === 0}>
            Start over
          </button>
          <button type="button" onClick={() => change({ orders: FIRST_SCENE.orders, seed: FIRST_SCENE.seed, trust: FIRST_SCENE.trust })}>
            First story
          </button>
          <SeedField seed={scene.seed} change={(seed) => change({ seed })} />
        </div>
        {isFull && <p class="hint">Six orders are all this picture takes. Start over for more.</p>}
      </div>
      <Status
        // A story that somebody was sent a link to runs as soon as the first view is painted.
        busy={busy || value === undefined}
        error={error}
        working="The shops and the gateway are at work…"
        done={`${ran(value?.tookMs)} Times below are virtual.`}
      />
      <Playback playback={playback} />
      <div class="stories">
        <StoryView name="naive" title="The usual shop" about="Tries again with a fresh key. Believes every webhook." story={value?.naive} placed={value?.placed} until={playback.until} />
        <StoryView name="tillproof" title="The same shop with Tillproof" about="One key for one order. Verifies, and applies once." story={value?.tillproof} placed={value?.placed} until={playback.until} />
      </div>
    </Section>
  );
}

const ran = (tookMs: number | undefined): string =>
  tookMs === undefined ? "Recorded when this page was built: press anything, and both shops run here." : `Both shops ran in ${Math.round(tookMs)} ms, here in this page.`;
