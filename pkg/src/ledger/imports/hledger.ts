/**
 * Journals of hledger: what `toHledger` wrote comes back as the journal it was written from, what others wrote as entries.
 *
 * Read are transactions with a full date, a status, a code, a description and comments with tags; postings with an amount in
 * one currency, or without one where it follows from the others; balance assertions with `=`; the directives `account`,
 * `commodity`, `payee`, `tag`, `P`, `decimal-mark .` and `comment`. Everything else (prices and costs, virtual postings,
 * rules, includes, balance assignments) is refused where it stands: to pass over it would change the books.
 */

import { text as textOf, onlyKnown } from "../../shell/guard.js";
import { HLEDGER_CLOSING, HLEDGER_MARK, hledgerText, plain } from "../exports/hledger.js";
import { MoneyReader } from "./money.js";
import { ownBooks, type ImportedBooks, type OwnFormat } from "./own.js";
import { linesOf, misread, type Place } from "./place.js";
import { entriesOf, type ImportOptions, type Leg, type Transaction } from "./transactions.js";

const HEADER = /^([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:\s+[*!])?(?:\s+\(([^)]*)\))?(?:\s+(.*))?$/s;
const DIRECTIVES: readonly string[] = ["account", "commodity", "payee", "tag", "P"];

const OWN: OwnFormat = {
  name: "hledger",
  show: plain,
  write: hledgerText,
  closing: HLEDGER_CLOSING,
  // A value ends at a comma, and what stands in brackets could be a date: both are written by their number.
  decode: (value, place) => {
    try {
      return decodeURIComponent(value);
    } catch (error) {
      throw misread(place, value, "% as %25, as Tillproof writes it", error);
    }
  },
};

/** What a journal of hledger says. Throws `import_invalid` with the line and the column of the first thing that is not read. */
export function fromHledger(journal: string, options: ImportOptions = {}): ImportedBooks {
  onlyKnown("options", options, ["name", "account", "currencies"]);
  const lines = linesOf(textOf("journal", journal));
  const money = new MoneyReader(options.currencies);
  try {
    const transactions = read(lines, money);
    if (lines[0] === HLEDGER_MARK) return ownBooks(OWN, lines, transactions, money);
    return { journal: null, entries: entriesOf("hledger", transactions, [], options) };
  } finally {
    money.close();
  }
}

interface Open extends Transaction {
  readonly tags: Map<string, string>;
  readonly legs: (Leg & { readonly tags: Map<string, string> })[];
}

function read(lines: readonly string[], money: MoneyReader): readonly Transaction[] {
  const transactions: Open[] = [];
  let open: Open | null = null;
  let within: "nothing" | "directive" | "comment" = "nothing";
  for (const [index, line] of lines.entries()) {
    const place = { line: index + 1, column: 1 };
    if (within === "comment") {
      if (line.trim() === "end comment") within = "nothing";
    } else if (line.trim() === "") {
      open = null;
      within = "nothing";
    } else if (/^\s/.test(line)) {
      const column = line.search(/\S/) + 1;
      if (open !== null) readWithin(open, line, { ...place, column }, money);
      else if (within !== "directive" && line[column - 1] !== ";") {
        throw misread({ ...place, column }, line.trim(), "a transaction before its postings");
      }
    } else if (/^[0-9]/.test(line)) {
      open = header(line, place);
      transactions.push(open);
      within = "nothing";
    } else if (!/^[;#*]/.test(line)) {
      within = directive(line, place);
      open = null;
    }
  }
  return transactions;
}

function directive(line: string, place: Place): "directive" | "comment" {
  const word = /^\S+/.exec(line)?.[0] ?? "";
  if (word === "comment") return "comment";
  if (DIRECTIVES.includes(word) || /^decimal-mark\s+\.\s*$/.test(line)) return "directive";
  throw misread(place, word, `a transaction, a comment, or one of the directives ${DIRECTIVES.join(", ")}, decimal-mark . and comment`);
}

function header(line: string, place: Place): Open {
  const at = line.indexOf(";");
  const [, year = "", , month = "", date = "", code = "", text = ""] = HEADER.exec((at === -1 ? line : line.slice(0, at)).trimEnd()) ?? [];
  const day = `${year}-${month.padStart(2, "0")}-${date.padStart(2, "0")}`;
  const ms = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(ms) || ms < 0 || !new Date(ms).toISOString().startsWith(day)) {
    throw misread(place, line, "a whole date such as 2026-03-01, a status, a code in parentheses, and a description");
  }
  const tags = new Map<string, string>();
  if (at !== -1) readTags(line.slice(at + 1), tags, { ...place, column: at + 2 });
  return { place, day, code, text, tags, legs: [] };
}

function readWithin(open: Open, line: string, place: Place, money: MoneyReader): void {
  if (line[place.column - 1] === ";") {
    readTags(line.slice(place.column), open.legs.at(-1)?.tags ?? open.tags, place);
    return;
  }
  open.legs.push(leg(line, place, money));
}

function leg(line: string, start: Place, money: MoneyReader): Open["legs"][number] {
  const marked = /^[*!]\s*/.exec(line.slice(start.column - 1))?.[0].length ?? 0;
  const place = { ...start, column: start.column + marked };
  const written = line.slice(place.column - 1);
  const [account = ""] = /^.*?(?=\s{2}|\t|\s*$)/.exec(written) ?? [];
  if (/^[([]/.test(account)) throw misread(place, account, "a posting that balances: virtual postings are not taken over");
  const end = written.indexOf(";", account.length);
  const sum = end === -1 ? written : written.slice(0, end);
  const equals = sum.indexOf("=", account.length);
  const at = (index: number): Place => ({ ...place, column: place.column + index + (/^\s*/.exec(sum.slice(index))?.[0].length ?? 0) });
  const amount = sum.slice(account.length, equals === -1 ? undefined : equals);
  const cost = /[@{]/.exec(amount);
  if (cost !== null) throw misread(at(account.length + cost.index), amount.slice(cost.index).trim(), "an amount without a cost or price: post a conversion in two currencies");
  const asserted = equals === -1 ? null : sum.slice(equals + 1);
  if (asserted !== null && (/^[=*]/.test(asserted) || amount.trim() === "")) {
    throw misread(at(equals), sum.slice(equals).trim(), "an amount, and after it a balance assertion with one =");
  }
  const tags = new Map<string, string>();
  if (end !== -1) readTags(written.slice(end + 1), tags, { ...place, column: place.column + end + 1 });
  const claimed = asserted === null ? null : { ...money.amount(asserted, at(equals + 1)), place: at(equals + 1) };
  return { place, account, money: amount.trim() === "" ? null : money.amount(amount, at(account.length)), tags, asserted: claimed };
}

/** The tags of a comment: `name:value`, up to a comma. */
function readTags(comment: string, tags: Map<string, string>, place: Place): void {
  for (const piece of comment.split(",")) {
    const [, name, value = ""] = /(?:^|\s)([^\s:]+):(.*)$/s.exec(piece) ?? [];
    if (name === undefined) continue;
    if (name === "date" || name === "date2") throw misread(place, `${name}:${value}`, "no day of its own for a posting: its transaction has one");
    if (!tags.has(name)) tags.set(name, value.trim());
  }
}
