/** How often one mishap strikes. The number follows the finger; the hour is played again when it is let go. */

import { useEffect, useState } from "preact/hooks";

import { RATE_MAX } from "../scene.js";

interface Props {
  readonly name: string;
  readonly label: string;
  /** Percent. */
  readonly rate: number;
  readonly change: (rate: number) => void;
}

export function RateField({ name, label, rate, change }: Props) {
  const [shown, setShown] = useState(rate);
  useEffect(() => setShown(rate), [rate]);
  return (
    <label class="rate">
      <span>{label}</span>
      <input
        type="range"
        name={`rate-${name}`}
        min={0}
        max={RATE_MAX}
        value={shown}
        aria-valuetext={`${shown} percent`}
        onInput={(event) => setShown(Number(event.currentTarget.value))}
        onChange={(event) => change(Number(event.currentTarget.value))}
      />
      <output>{shown} %</output>
    </label>
  );
}
