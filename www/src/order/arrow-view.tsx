/** An arrow from one lifeline to the other: whole, lost halfway, or turned away at the end. A picture of what is said beside it. */

import type { Step } from "../play/step.js";

const WIDTH = 200;
const HEIGHT = 16;
const MIDDLE = HEIGHT / 2;

export function ArrowView({ arrow, fate }: Pick<Step, "arrow" | "fate">) {
  if (arrow === null) return <span class="mark" aria-hidden="true" />;
  const end = fate === "lost" ? WIDTH / 2 : WIDTH - 2;
  const flip = arrow === "to-shop" ? `translate(${WIDTH} 0) scale(-1 1)` : undefined;
  return (
    <svg class="arrow" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <g transform={flip}>
        <line x1={2} y1={MIDDLE} x2={end - 6} y2={MIDDLE} vector-effect="non-scaling-stroke" />
        {fate === "arrives" && <path d={`M${end - 8} ${MIDDLE - 5} L${end} ${MIDDLE} L${end - 8} ${MIDDLE + 5}`} vector-effect="non-scaling-stroke" />}
        {fate !== "arrives" && (
          <path d={`M${end - 10} ${MIDDLE - 5} l8 10 m0 -10 l-8 10`} vector-effect="non-scaling-stroke" />
        )}
      </g>
    </svg>
  );
}
