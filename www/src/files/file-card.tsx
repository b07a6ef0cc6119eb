/** One file: what it seems to be, what told it, and what the visitor may say instead. */

import type { FormatName } from "tillproof/reconcile";

import { withCode } from "../shell/code.js";
import { GuessView } from "./guess-view.js";
import { asksForReference, formatsOf, guessOf, otherSideOf, type Reading, type Side } from "./reading.js";

interface Props {
  readonly side: Side;
  readonly reading: Reading;
  readonly change: (part: Partial<Reading>) => void;
  /** Looks at the file again, read in another encoding. */
  readonly encode: (encoding: string | undefined) => void;
  readonly remove: () => void;
}

const ENCODINGS = ["windows-1252", "iso-8859-1", "iso-8859-15", "utf-16le", "utf-16be"] as const;

export function FileCard({ side, reading, change, encode, remove }: Props) {
  const { file, format, encoding } = reading;
  const guess = guessOf(reading);
  return (
    <article class="file" aria-label={file.name}>
      <header>
        <strong>{file.name}</strong> <span class="size">{sizeOf(file.data.length)}</span>
        <button type="button" class="link" aria-label={`Remove ${file.name}`} onClick={remove}>
          Remove
        </button>
      </header>
      <p class="seems" data-known={format === undefined ? "no" : guess === undefined ? "yes" : "guessed"}>{seems(side, reading)}</p>
      <div class="pair">
        <label>
          <span>Read as</span>
          <select name={`${side}-format`} value={format ?? ""} onChange={(event) => change({ format: event.currentTarget.value as FormatName })}>
            {format === undefined && <option value="">Choose a format</option>}
            {formatsOf(side).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Encoding</span>
          <select name={`${side}-encoding`} value={encoding ?? ""} onChange={(event) => encode(event.currentTarget.value || undefined)}>
            <option value="">As the file says</option>
            {ENCODINGS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      {asksForReference(reading) && (
        <label>
          <span>Column with your own reference, if there is one</span>
          <input
            name={`${side}-reference`}
            placeholder="payment_metadata[order_id]"
            spellcheck={false}
            autocomplete="off"
            value={reading.referenceColumn}
            onInput={(event) => change({ referenceColumn: event.currentTarget.value.trim() })}
          />
        </label>
      )}
      {guess !== undefined && <GuessView side={side} guess={guess} answers={reading.answers} change={(answers) => change({ answers })} />}
    </article>
  );
}

/** What is to be said of a file that was looked at. */
function seems(side: Side, reading: Reading) {
  const { look } = reading;
  if ("trouble" in look) return withCode(sentence(look.trouble));
  const other = otherSideOf(side, reading);
  if (other !== undefined) {
    const place = other === "bank" ? "your bank" : "the provider";
    return `Seems to be a file of ${place} (${look.format ?? "its columns"}), and not one for this side. Drop it there, or say what it is.`;
  }
  if (look.format === null && look.guess === null) return "Not recognised: choose how it is read.";
  const known = look.format === null ? undefined : formatsOf(side).find(([name]) => name === look.format);
  if (known === undefined) return "A table of no known format. Its columns were guessed from their names and values: look at them below.";
  return (
    <>
      Recognised as <strong>{known[1]}</strong> by {look.because}.
    </>
  );
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
