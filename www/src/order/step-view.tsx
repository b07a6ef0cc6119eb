/** One thing that happened: an arrow between the two lifelines, and a sentence. */

import type { Placed, Step } from "../play/step.js";
import { clock, money } from "../shell/money.js";
import { ArrowView } from "./arrow-view.js";

interface Props {
  readonly step: Step;
  readonly hidden: boolean;
  /** The order, where this is the first step of it. */
  readonly opens: Placed | undefined;
}

export function StepView({ step, hidden, opens }: Props) {
  const { at, arrow, fate, label, words, tone, order } = step;
  return (
    <li class="step" data-tone={tone} data-hidden={hidden} aria-hidden={hidden}>
      {opens !== undefined && (
        <p class="order-name">
          Order {order + 1}, {money(opens.amount)}: {opens.mishaps}
        </p>
      )}
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
