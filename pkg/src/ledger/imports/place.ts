/** Where something stands in a file, and how it is refused: with line, column, what was found and what is expected there. */

import { shown, TillproofError } from "../../shell/errors.js";

/** A place in a text, both from 1; columns are counted in characters of JavaScript. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A file that is not taken over, none of it. */
export function misread(place: Place, found: string, expected: string, cause?: unknown): TillproofError {
  const { line, column } = place;
  return new TillproofError({
    code: "import_invalid",
    message: `line ${line}, column ${column}: found ${shown(found)}, expected ${expected}; nothing of the file was taken over`,
    details: { line: String(line), column: String(column), found: found.slice(0, 80), expected },
    cause,
  });
}

/** The lines of a text, whichever way they end and without a byte order mark. */
export function linesOf(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
