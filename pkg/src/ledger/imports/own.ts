/**
 * Files that Tillproof wrote come back as the journal they were written from, to the byte.
 *
 * Invariant: what comes back would be written as the very same file. So a change of any character, a line that is missing and
 * one that was added are found, and named by line and column; each transaction carries the hash of its line of the journal,
 * which no change of its content leaves as it was.
 */

import { isTillproofError } from "../../shell/errors.js";
import { currencyBalance } from "../answers.js";
import { Books } from "../books.js";
import { fromDocument, type EntryInput, type LineDocument, type PostingDocument, type RecordDocument } from "../entry.js";
import { sourceOf, type Source } from "../exports/journal.js";
import { recordOf } from "../exports/metadata.js";
import type { MoneyReader } from "./money.js";
import { misread, type Place } from "./place.js";
import type { Transaction } from "./transactions.js";

/** What a file comes to: hand it to {@link importBooks}, or look at it first. */
export interface ImportedBooks {
  /** The lines of the journal, where Tillproof wrote the file: byte for byte those of the ledger. `null` where others did. */
  readonly journal: readonly string[] | null;
  /** The entries, in the order of the file. */
  readonly entries: readonly EntryInput[];
}

/** A format in which Tillproof writes journals. */
export interface OwnFormat {
  readonly name: string;
  /** How a line for people is written. */
  readonly show: (text: string) => string;
  readonly write: (source: Source) => string;
  /** The text of a transaction at the end that is no record. */
  readonly closing?: string;
  /** The text of a value as it stands in the file. */
  readonly decode: (value: string, place: Place) => string;
  /** The name of an account here; the same where the format takes all names. */
  readonly account?: (name: string) => string;
}

/** A record, and where it begins in its file. */
export interface Placed {
  readonly place: Place;
  readonly record: RecordDocument;
  /** The hash of its line, as the file says. */
  readonly hash: string;
}

/** Records that come to the same in the books as line after line. */
const PAGE_RECORDS = 200;

/** The books of a journal in one of the formats of accountants. */
export function ownBooks(format: OwnFormat, lines: readonly string[], transactions: readonly Transaction[], money: MoneyReader): ImportedBooks {
  const records = transactions.filter(({ code, text }) => code !== "" || text !== format.closing).map((transaction) => ({
    place: transaction.place,
    record: ownRecord(format, transaction, money),
    hash: transaction.tags.get("hash") ?? "nothing",
  }));
  return withBooks(records, (source) => sameLines(lines, format.write(source).split("\n").slice(0, -1), format.name));
}

/** The books of records as they were written, once `same` has found that they would be written that way again. */
export function withBooks(records: readonly Placed[], same: (source: Source) => void): ImportedBooks {
  const books = new Books();
  try {
    for (let from = 0; from < records.length; from += PAGE_RECORDS) post(books, records.slice(from, from + PAGE_RECORDS));
    const journal = books.lines();
    same(sourceOf({ journal: () => journal, trialBalance: () => books.trialBalance().map(currencyBalance) }));
    return { journal, entries: entriesOfJournal(journal) };
  } finally {
    books.close();
  }
}

/** The entries of a journal, as they could be posted again. */
export function entriesOfJournal(journal: readonly string[]): readonly EntryInput[] {
  return journal.flatMap((line) => {
    const { entry } = JSON.parse(line) as LineDocument;
    return entry === undefined ? [] : [{ ...fromDocument(entry), recordedAt: entry.recorded_at }];
  });
}

function post(books: Books, page: readonly Placed[]): void {
  try {
    const answers = books.draft([], page.map(({ record }) => record));
    const lines = page.map(({ place, record, hash }, index) => {
      const answer = answers[index];
      if (answer?.status !== "created") throw misread(place, record.id, "an entry that is not there already");
      const made = (JSON.parse(answer.line) as LineDocument).hash;
      if (made !== hash) throw misread(place, hash, `the hash ${made} of ${JSON.stringify(record.id)} as it stands there: something of it, or before it, was changed`);
      return answer.line;
    });
    books.apply(lines);
  } catch (error) {
    const [only, ...others] = page;
    if (!isTillproofError(error) || error.code === "import_invalid" || only === undefined) throw error;
    if (others.length === 0) throw misread(only.place, only.record.id, `what a ledger takes: ${error.message}`, error);
    // Which of them it is, one after the other tells.
    for (const one of page) post(books, [one]);
  }
}

function ownRecord(format: OwnFormat, { place, text, tags, legs }: Transaction, money: MoneyReader): RecordDocument {
  const pairs = new Map([...tags].map(([name, value]) => [name, format.decode(value, place)]));
  const moved = legs.map(({ place: at, account, money: sum, tags: own }): PostingDocument => {
    if (sum === null) throw misread(at, account, "an amount, as Tillproof writes it");
    const key = own.get("key");
    return {
      account: format.account?.(account) ?? account,
      side: sum.minor < 0n ? "credit" : "debit",
      amount_minor: String(sum.minor < 0n ? -sum.minor : sum.minor),
      currency: sum.currency,
      ...(key === undefined ? {} : { key: format.decode(key, at) }),
    };
  });
  return recordOf({
    pairs,
    shown: text,
    show: format.show,
    moved,
    minor: (decimal, currency) => money.minor(decimal, currency, place),
    refuse: (name, found, expected) => misread(place, `${name}: ${found}`, expected),
  });
}

/** Refuses a file at its first character that would be written otherwise. */
function sameLines(found: readonly string[], expected: readonly string[], format: string): void {
  for (let index = 0; index < Math.max(found.length, expected.length); index += 1) {
    const [is, should] = [found[index], expected[index]];
    if (is === should) continue;
    const [own = "", other = ""] = [is, should];
    let column = 0;
    while (column < own.length && own[column] === other[column]) column += 1;
    const place = { line: index + 1, column: column + 1 };
    if (is === undefined) throw misread(place, "the end of the file", `${JSON.stringify(other)}, as Tillproof wrote it: the file is not whole`);
    const wanted = should === undefined ? "the end of the file" : JSON.stringify(other.slice(column, column + 80));
    const advice = `remove its first line to have it read as a file of ${format} that somebody else wrote`;
    throw misread(place, own.slice(column), `${wanted}, as Tillproof wrote it; ${advice}`);
  }
}
