/**
 * Which steps of a long run a story tells.
 *
 * Invariant: of what is told, the steps a fault struck come first, then those around them and those about the orders that went
 * wrong; so a story that is cut short never loses its point before its padding.
 */

import type { Step } from "./stage.js";

/** A step with its number in the run, or how many steps are left out in this place. */
export type Told = { readonly kind: "step"; readonly number: number; readonly step: Step } | { readonly kind: "gap"; readonly length: number; readonly struck: number };

/** At most `max` of the steps, in their order, and where there are gaps. `names` are the orders and ids that went wrong. */
export function excerpt(steps: readonly Step[], names: readonly string[], max: number): Told[] {
  const ranked = steps.map((_, index) => ({ index, rank: rankOf(steps, index, names) }));
  ranked.sort((one, other) => one.rank - other.rank || one.index - other.index);
  const kept = new Set(ranked.slice(0, max).map(({ index }) => index));
  const told: Told[] = [];
  steps.forEach((step, index) => {
    const last = told.at(-1);
    if (kept.has(index)) told.push({ kind: "step", number: index + 1, step });
    else if (last?.kind === "gap") told.splice(-1, 1, { ...last, length: last.length + 1, struck: last.struck + struck(step) });
    else told.push({ kind: "gap", length: 1, struck: struck(step) });
  });
  return told;
}

/** How little a step matters. */
function rankOf(steps: readonly Step[], index: number, names: readonly string[]): number {
  const step = steps[index];
  if (step === undefined) return 5;
  if (struck(step) > 0) return 0;
  const neighbours = [steps[index - 1], steps[index + 1]];
  if (neighbours.some((other) => other !== undefined && struck(other) > 0)) return 1;
  if (names.some((name) => mentions(step, name))) return 2;
  return index === 0 || index === steps.length - 1 ? 3 : 4;
}

function struck(step: Step): number {
  return step.faults.length > 0 ? 1 : 0;
}

function mentions(step: Step, name: string): boolean {
  return textsOf(step).some((text) => text.includes(name));
}

/** Everything that was said in a step. */
function textsOf(step: Step): string[] {
  if (step.kind === "webhook") return [step.body];
  const { path, query, body } = step.request;
  const answer = step.answer.connection === "kept" || step.answer.connection === "truncated" ? step.answer.body : "";
  return [path, query, typeof body === "string" ? body : new TextDecoder().decode(body), answer];
}
