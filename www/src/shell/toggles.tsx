/** A row of choices of which any number may be on. */

interface Props<N extends string> {
  readonly legend: string;
  readonly choices: readonly { readonly name: N; readonly label: string }[];
  readonly chosen: readonly N[];
  readonly change: (chosen: readonly N[]) => void;
}

export function Toggles<N extends string>({ legend, choices, chosen, change }: Props<N>) {
  const flip = (name: N): void => change(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);
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
