/** An arrow from one lifeline to the other: whole, lost halfway, or turned away at the end. A picture of what is said beside it. */

import type { Step } from "../play/step.js";

/** Where the line ends, seen from where it begins. Only the line stretches; its head keeps its shape. */
const ENDS = { arrives: "100%", refused: "100%", lost: "50%" } as const;

const HEAD = "M-9 3 L-1 8 L-9 13";
const CROSS = "M-10 3 l10 10 m0 -10 l-10 10";

export function ArrowView({ arrow, fate }: Pick<Step, "arrow" | "fate">) {
  if (arrow === null) return <span class="mark" aria-hidden="true" />;
  const end = ENDS[fate];
  return (
    <svg class="arrow" data-arrow={arrow} aria-hidden="true">
      <line x1="2" y1="8" x2={end} y2="8" />
      <svg class="head" x={end} overflow="visible">
        <path d={fate === "arrives" ? HEAD : CROSS} />
      </svg>
    </svg>
  );
}
