/**
 * JSON Lines: what `ledger.toJsonLines()` wrote comes back as the journal, what others wrote as entries.
 *
 * A line of others is an entry as in the journal, without `hash`, `position` and `previous`: `id`, `occurred_at` and
 * `recorded_at` in milliseconds, `cause`, `postings` with `account`, `side`, `amount_minor` and `currency`, and whatever else
 * an entry has.
 */

import { onlyKnown, text } from "../../shell/guard.js";
import { check } from "../books.js";
import { fromDocument, type EntryDocument } from "../entry.js";
import { entriesOfJournal, type ImportedBooks } from "./own.js";
import { linesOf, misread } from "./place.js";
import { takesAll, type ImportOptions } from "./transactions.js";

/** How JSON Lines are read. */
export interface JsonLinesOptions extends Pick<ImportOptions, "name"> {
  /** The hash of the last line, where it is known from elsewhere: a journal that was cut off is sound, and shorter. */
  readonly head?: string | undefined;
}

/** The journal or the entries of a file. Throws `import_invalid` with the first line that is not read. */
export function fromJsonLines(lines: string, options: JsonLinesOptions = {}): ImportedBooks {
  const { name = "json lines", head } = onlyKnown("options", options, ["name", "head"]);
  const texts = linesOf(text("lines", lines));
  const documents = texts.map((line, index) => ({ place: { line: index + 1, column: 1 }, document: parsed(line, index + 1) }));
  if (documents.some(({ document }) => "hash" in document)) {
    const checked = check(texts);
    if (checked.valid && head !== undefined && head !== checked.head) {
      throw misread({ line: texts.length, column: 1 }, checked.head, `the hash ${text("options.head", head)} of the last line: the file is not whole`);
    }
    if (checked.valid) return { journal: texts, entries: entriesOfJournal(texts) };
    const { position, reason, byte = 0 } = checked;
    throw misread({ line: position, column: byte + 1 }, reason, "the line of a journal as it was written, each after the one before it");
  }
  const entries = documents.map(({ place, document }) => {
    const { occurred_at: occurredAt, recorded_at: recordedAt = occurredAt, cause = `import of ${name}` } = document;
    return { place, document: { ...document, recorded_at: recordedAt, cause } as EntryDocument };
  });
  takesAll(entries);
  return { journal: null, entries: entries.map(({ document }) => fromDocument(document)) };
}

function parsed(line: string, number: number): Partial<EntryDocument> {
  const place = { line: number, column: 1 };
  try {
    const document: unknown = JSON.parse(line);
    if (typeof document === "object" && document !== null && !Array.isArray(document)) return document;
  } catch (error) {
    throw misread(place, line, "one JSON object on each line", error);
  }
  throw misread(place, line, "one JSON object on each line");
}
