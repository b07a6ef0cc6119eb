/** A row of choices of which any number may be on. */

interface Props<N extends string> {
  readonly legend: string;
  readonly choices: readonly { readonly name: N; readonly label: string }[];
  readonly chosen: readonly N[];
  readonly change: (chosen: readonly N[]) => void;
}

export function Toggles<N extends string>({ legend, choices, chosen, change }: Props<N>) {
  // In the order of the choices, so that the same choice is the same address.
  const flip = (flipped: N): void => change(choices.map(({ name }) => name).filter((name) => chosen.includes(name) !== (name === flipped)));
  return (
    <fieldset class="toggles">
      <legend>{legend}</legend>
      <div class="chips">
        {choices.map(({ name, label }) => (
          <label class="chip" key={name}>
            <input type="checkbox" name={name} checked={chosen.includes(name)} onChange={() => flip(name)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
