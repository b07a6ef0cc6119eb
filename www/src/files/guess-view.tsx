/** Columns that were guessed, to be looked at, and what no row tells, to be answered. */

import type { MappingGuess } from "tillproof/reconcile";

import type { Answers, Side } from "./reading.js";

interface Props {
  readonly side: Side;
  readonly guess: MappingGuess;
  readonly answers: Answers;
  readonly change: (answers: Answers) => void;
}

/** What a table may not tell of itself, but for the currency, which is typed. */
const QUESTIONS = {
  dateOrder: {
    label: "Dates are written",
    choices: [
      ["day_month_year", "day, month, year"],
      ["month_day_year", "month, day, year"],
      ["year_month_day", "year, month, day"],
    ],
  },
  decimal: {
    label: "1.234 is",
    choices: [
      ["point", "one and a fraction"],
      ["comma", "more than a thousand"],
    ],
  },
} as const;

export function GuessView({ side, guess, answers, change }: Props) {
  return (
    <div class="guess">
      <dl>
        {Object.entries(guess.mapping.columns ?? {}).map(([ours, theirs]) => (
          <div key={ours}>
            <dt>
              <code>{ours}</code>
            </dt>
            <dd>{theirs}</dd>
          </div>
        ))}
      </dl>
      {guess.unsure.length > 0 && (
        <div class="pair">
          {guess.unsure.map((name) =>
            name === "currency" ? (
              <label key={name}>
                <span>Currency of all rows</span>
                <input
                  name={`${side}-currency`}
                  placeholder="EUR"
                  maxLength={3}
                  autocomplete="off"
                  value={answers.currency ?? ""}
                  onInput={(event) => change({ ...answers, currency: event.currentTarget.value.trim().toUpperCase() })}
                />
              </label>
            ) : (
              <label key={name}>
                <span>{QUESTIONS[name].label}</span>
                <select name={`${side}-${name}`} value={answers[name] ?? ""} onChange={(event) => change({ ...answers, [name]: event.currentTarget.value })}>
                  {answers[name] === undefined && <option value="">Choose</option>}
                  {QUESTIONS[name].choices.map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </select>
              </label>
            ),
          )}
        </div>
      )}
    </div>
  );
}
