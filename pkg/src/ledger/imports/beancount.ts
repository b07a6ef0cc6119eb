/**
 * Journals of beancount: what `toBeancount` wrote comes back as the journal it was written from, what others wrote as entries.
 *
 * Read are transactions with their metadata, postings with an amount or with one that follows from the others, and `balance`.
 * `open`, `close`, `commodity`, `price`, `note`, `event`, `document`, `query`, `custom`, `option`, `pushtag` and `poptag` move
 * nothing and are passed over. Everything else (costs and prices, `pad`, plugins, includes, sums to be worked out) is refused
 * where it stands: to pass over it would change the books.
 */

import { onlyKnown, text as textOf } from "../../shell/guard.js";
import { BEANCOUNT_MARK, beancountText, renamed, unchanged } from "../exports/beancount.js";
import { MoneyReader } from "./money.js";
import { ownBooks, type ImportedBooks, type OwnFormat } from "./own.js";
import { linesOf, misread, type Place } from "./place.js";
import { entriesOf, type Claim, type ImportOptions, type Leg, type Transaction } from "./transactions.js";

const DATED = /^([0-9]{4}-[0-9]{2}-[0-9]{2})\s+(\S+)/;
const PASSED: readonly string[] = ["open", "close", "commodity", "price", "note", "event", "document", "query", "custom"];
const META = /^\s+([a-z][A-Za-z0-9_-]*):\s*(.*)$/s;
const POSTING = /^(\s+(?:[*!]\s+)?)([A-Z][^\s;]*)(.*)$/s;

/** What a journal of beancount says. Throws `import_invalid` with the line and the column of the first thing that is not read. */
export function fromBeancount(journal: string, options: ImportOptions = {}): ImportedBooks {
  onlyKnown("options", options, ["name", "account", "currencies"]);
  const lines = linesOf(textOf("journal", journal));
  const money = new MoneyReader(options.currencies);
  try {
    const { transactions, claims, names } = read(lines, money);
    if (lines[0] === BEANCOUNT_MARK) return ownBooks(ownFormat(names), lines, transactions, money);
    return { journal: null, entries: entriesOf("beancount", transactions, claims, options) };
  } finally {
    money.close();
  }
}

function ownFormat(names: Read["names"]): OwnFormat {
  const wanted = renamed([...names.values()].map(({ account }) => account));
  for (const [name, { account, place }] of names) {
    if (wanted.get(account) !== name) throw misread(place, account, `the name of the account that beancount calls ${name}`);
  }
  return { name: "beancount", show: unchanged, write: beancountText, decode: (value) => value, account: (name) => names.get(name)?.account ?? name };
}

interface Open extends Transaction {
  readonly tags: Map<string, string>;
  readonly legs: (Leg & { readonly tags: Map<string, string> })[];
}

interface Read {
  readonly transactions: Open[];
  readonly claims: Claim[];
  /** The `name` of accounts, where their opening has one. */
  readonly names: Map<string, { readonly account: string; readonly place: Place }>;
}

function read(lines: readonly string[], money: MoneyReader): Read {
  const found: Read = { transactions: [], claims: [], names: new Map() };
  let within: Open | "directive" | null = null;
  let opened = "";
  for (const [index, line] of lines.entries()) {
    const place = { line: index + 1, column: 1 };
    const dated = DATED.exec(line);
    if (line.trim() === "") within = null;
    else if (/^\s/.test(line)) {
      const [, name, value = ""] = META.exec(line) ?? [];
      if (within === "directive") {
        const at = { ...place, column: line.length - value.length + 1 };
        if (name === "name" && opened !== "") found.names.set(opened, { account: unquoted(value, at), place: at });
      } else if (within !== null) readWithin(within, line, place, money);
      else if (!/^\s*;/.test(line)) throw misread({ ...place, column: line.search(/\S/) + 1 }, line.trim(), "a transaction before its postings");
    } else if (dated !== null) {
      const [whole, day = "", word = ""] = dated;
      const at = { ...place, column: whole.length - word.length + 1 };
      checkDay(day, place);
      opened = "";
      within = "directive";
      if (word === "*" || word === "!" || word === "txn") {
        within = header(line.slice(whole.length), day, { ...place, column: whole.length + 1 });
        found.transactions.push(within);
      } else if (word === "balance") found.claims.push(claim(line.slice(whole.length), day, { ...place, column: whole.length + 1 }, money));
      else if (word === "open") opened = /^\s+(\S+)/.exec(line.slice(whole.length))?.[1] ?? "";
      else if (!PASSED.includes(word)) throw misread(at, word, `a transaction, balance, or one of ${PASSED.join(", ")}`);
    } else if (!/^(?:[;*#]|(?:option|pushtag|poptag)\s)/.test(line)) {
      throw misread(place, /^\S+/.exec(line)?.[0] ?? line, "a line that begins with a date such as 2026-03-01, option, pushtag, poptag or a comment");
    }
  }
  return found;
}

function checkDay(day: string, place: Place): void {
  const ms = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(ms) || ms < 0 || !new Date(ms).toISOString().startsWith(day)) throw misread(place, day, "a date such as 2026-03-01");
}

/** `"payee" "narration" #tags ^links`, in which the payee may be left out. */
function header(rest: string, day: string, start: Place): Open {
  const texts: string[] = [];
  let column = 0;
  while (column < rest.length) {
    const [piece = "", text] = /^(?:\s+|"((?:[^"\\]|\\.)*)"|[#^][A-Za-z0-9\-_/.]+|;.*)/s.exec(rest.slice(column)) ?? [];
    if (piece === "" || texts.length > 2) throw misread({ ...start, column: start.column + column }, rest.slice(column), "a payee and a line for people in quotes, tags and links");
    if (text !== undefined) texts.push(unescaped(text));
    column += piece.length;
  }
  return { place: { ...start, column: 1 }, day, code: "", text: texts.join(" | "), tags: new Map(), legs: [] };
}

function readWithin(open: Open, line: string, start: Place, money: MoneyReader): void {
  const place = { ...start, column: line.search(/\S/) + 1 };
  if (/^\s*[;#^]/.test(line)) return;
  const [, name, value = ""] = META.exec(line) ?? [];
  if (name !== undefined) {
    const tags = open.legs.at(-1)?.tags ?? open.tags;
    if (!tags.has(name)) tags.set(name, unquoted(value, { ...start, column: line.length - value.length + 1 }));
    return;
  }
  const [, before = "", account, rest = ""] = POSTING.exec(line) ?? [];
  if (account === undefined) throw misread(place, line.trim(), "a posting such as Assets:Bank  -10.50 EUR, or metadata such as id: \"1\"");
  const amount = rest.replace(/;.*$/s, "");
  const sum = { ...start, column: before.length + account.length + amount.search(/\S|$/) + 1 };
  const cost = /[@{]/.exec(amount);
  if (cost !== null) {
    throw misread({ ...sum, column: before.length + account.length + cost.index + 1 }, amount.slice(cost.index).trim(), "an amount without a cost or price: post a conversion in two currencies");
  }
  const leg = { place: { ...start, column: before.length + 1 }, account, money: amount.trim() === "" ? null : money.amount(ungrouped(amount), sum), asserted: null };
  open.legs.push({ ...leg, tags: new Map() });
}

function claim(rest: string, day: string, start: Place, money: MoneyReader): Claim {
  const [whole, blank = "", account = "", amount = ""] = /^(\s+)(\S+)\s+([^;~]*)/.exec(rest) ?? [];
  if (whole === undefined) throw misread(start, rest.trim(), "an account and what it comes to, such as Assets:Bank  10.50 EUR");
  // What a tolerance allows is not left open here: the sum is exact.
  const [, tolerance = "", currency = ""] = /~\s*([0-9.]+)\s+([A-Z]+)/.exec(rest) ?? [];
  const stated = tolerance === "" ? amount : `${amount} ${currency}`;
  const place = { ...start, column: start.column + blank.length + account.length + rest.slice(blank.length + account.length).search(/\S/) };
  return { ...money.amount(ungrouped(stated), place), day, account, place: { ...start, column: start.column + blank.length } };
}

/** In beancount a comma is always one between thousands. */
function ungrouped(amount: string): string {
  return amount.replace(/(?<=[0-9]),(?=[0-9]{3})/g, "");
}

/** The text of a value: one in quotes, or a number, an account, a date as it stands. */
function unquoted(value: string, place: Place): string {
  const [, text] = /^"((?:[^"\\]|\\.)*)"\s*(?:;.*)?$/s.exec(value) ?? [];
  if (text !== undefined) return unescaped(text);
  if (value.startsWith('"')) throw misread(place, value, "a text that ends with a quote on its line");
  return value.replace(/\s*;.*$/s, "");
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}
