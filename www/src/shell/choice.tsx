/** A row of choices of which exactly one holds. */

interface Props<N extends string> {
  readonly name: string;
  readonly legend: string;
  readonly choices: readonly { readonly name: N; readonly label: string }[];
  readonly chosen: N;
  readonly change: (chosen: N) => void;
}

export function Choice<N extends string>({ name, legend, choices, chosen, change }: Props<N>) {
  return (
    <fieldset class="toggles">
      <legend>{legend}</legend>
      <div class="chips">
        {choices.map((choice) => (
          <label class="chip" key={choice.name}>
            <input type="radio" name={name} value={choice.name} checked={choice.name === chosen} onChange={() => change(choice.name)} />
            <span>{choice.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
