/** A journal continues the one that is there, or nothing of it is taken over. */

import { list } from "../../shell/guard.js";
import { TillproofError } from "../../shell/errors.js";
import { check } from "../books.js";

/** The lines that are missing in `known`. Throws `journal_broken` at the first line that does not follow. */
export function continuing(known: readonly string[], journal: string | readonly string[]): readonly string[] {
  const lines = typeof journal === "string" ? journal.split("\n").filter((line) => line !== "") : list("journal", journal);
  const checked = check([...known, ...lines.slice(known.length)]);
  const different = known.findIndex((line, index) => lines[index] !== undefined && lines[index] !== line);
  if (checked.valid && different === -1) return lines.slice(known.length);
  const position = checked.valid ? different + 1 : checked.position;
  const reason = checked.valid ? "another line stands there" : checked.reason;
  throw new TillproofError({
    code: "journal_broken",
    message: `the journal is broken at position ${position}: ${reason}; nothing of it was taken over`,
    advice: "reconcile",
    details: { position: String(position), found: reason },
  });
}
