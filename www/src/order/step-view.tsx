/** One thing that happened: an arrow between the two lifelines, and a sentence. */

import type { Step } from "../play/step.js";
import { clock } from "../shell/money.js";
import { ArrowView } from "./arrow-view.js";

interface Props {
  readonly step: Step;
  readonly hidden: boolean;
  /** Whether it is the first of its order. */
  readonly opens: boolean;
}

export function StepView({ step, hidden, opens }: Props) {
  const { at, arrow, fate, label, words, tone, order } = step;
  return (
    <li class="step" data-tone={tone} data-opens={opens} data-hidden={hidden} aria-hidden={hidden}>
      {opens && <p class="order-name">Order {order + 1}</p>}
      <div class="wire">
        <span class="label" data-arrow={arrow ?? "none"}>
          {label}
        </span>
        <ArrowView arrow={arrow} fate={fate} />
      </div>
      <p class="words">
        <time>{clock(at)}</time> {words}
      </p>
    </li>
  );
}
