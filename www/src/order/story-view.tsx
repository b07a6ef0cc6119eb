/** One shop's run: the messages between it and the gateway, told one by one, and what it cost. */

import type { Placed, Story } from "../play/step.js";
import { ScoreView } from "./score-view.js";
import { StepView } from "./step-view.js";

interface Props {
  readonly name: "naive" | "tillproof";
  readonly title: string;
  readonly about: string;
  readonly story: Story | undefined;
  readonly placed: readonly Placed[] | undefined;
  /** Steps after this moment are not shown yet. */
  readonly until: number;
}

export function StoryView({ name, title, about, story, placed, until }: Props) {
  const steps = story?.steps ?? [];
  return (
    <article class="story panel" data-shop={name} aria-label={title}>
      <header>
        <h3>{title}</h3>
        <p>{about}</p>
      </header>
      <ScoreView score={story?.score} />
      <div class="lanes" aria-hidden="true">
        <span>Shop</span>
        <span>Network</span>
        <span>Gateway</span>
      </div>
      {placed?.length === 0 && <p class="empty">No order yet. Choose what goes wrong and place one.</p>}
      {story === undefined && <p class="empty">The messages between this shop and the gateway are told here.</p>}
      <ol class="steps">
        {steps.map((step, at) => (
          <StepView key={at} step={step} hidden={step.at > until} opens={steps[at - 1]?.order === step.order ? undefined : placed?.[step.order]} />
        ))}
      </ol>
    </article>
  );
}
