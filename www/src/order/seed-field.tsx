/** The seed that everything follows from. */

import { SEED_MAX } from "../scene.js";

interface Props {
  readonly seed: number;
  readonly change: (seed: number) => void;
}

export function SeedField({ seed, change }: Props) {
  const typed = (text: string): void => {
    const number = Number(text);
    if (text !== "" && Number.isInteger(number) && number >= 0 && number <= SEED_MAX) change(number);
  };
  return (
    <label class="seed">
      <span>Seed</span>
      <input type="number" name="seed" min={0} max={SEED_MAX} step={1} value={seed} onChange={(event) => typed(event.currentTarget.value)} />
    </label>
  );
}
