/** What was read of a file becomes part of a ledger, all of it or nothing. */

import { object } from "../../shell/guard.js";
import type { Ledger } from "../ledger.js";
import type { ImportedBooks } from "./own.js";

/**
 * Takes over what was read of a file, and says how many lines of the journal are new. A journal continues the one that is
 * there, or is refused (`journal_broken`); entries of others are posted together, once each (`entry_differs`).
 */
export async function importBooks(ledger: Ledger, books: ImportedBooks): Promise<number> {
  const { journal, entries } = object("books", books);
  if (journal !== null) return ledger.importJournal(journal);
  const results = await ledger.postAll(entries);
  return results.filter(({ status }) => status === "created").length;
}
