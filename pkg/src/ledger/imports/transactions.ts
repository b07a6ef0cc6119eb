/**
 * What others wrote as entries: every transaction of a file becomes one, or the file is refused.
 *
 * Invariant: nothing partial is passed off as whole. An amount that was left out is the one that makes its transaction
 * balance, a balance that the file claims is held against the sum of what was read, and the engine sees every entry before
 * anything is handed over.
 */

import { isTillproofError } from "../../shell/errors.js";
import { Books } from "../books.js";
import { fromDocument, type EntryDocument, type EntryInput, type PostingDocument } from "../entry.js";
import type { Money } from "./money.js";
import { misread, type Place } from "./place.js";

/** How a file of others is read. */
export interface ImportOptions {
  /** What the ids and causes of entries begin with that have none of their own; the name of the format when left out. */
  readonly name?: string | undefined;
  /** The name of an account here, for one of the file: `(name) => name.replace(/^assets:/, "Assets:")`. */
  readonly account?: ((name: string) => string) | undefined;
  /** Currencies by what stands for them in the file, such as `{ "€": "EUR" }`. */
  readonly currencies?: Readonly<Record<string, string>> | undefined;
}

/** A posting of a file. */
export interface Leg {
  readonly place: Place;
  readonly account: string;
  /** `null` where it was left out. */
  readonly money: Money | null;
  readonly tags: ReadonlyMap<string, string>;
  /** What the account must come to with this posting, by day and then by place in the file. */
  readonly asserted: (Money & { readonly place: Place }) | null;
}

/** A transaction of a file. */
export interface Transaction {
  readonly place: Place;
  /** Such as `2026-03-01`. */
  readonly day: string;
  /** The number in parentheses, where the format has one. */
  readonly code: string;
  /** The line for people. */
  readonly text: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly legs: readonly Leg[];
}

/** What an account and all beneath it come to at the beginning of a day. */
export interface Claim extends Money {
  readonly place: Place;
  readonly day: string;
  readonly account: string;
}

/** The entries of transactions. `format` is in the place of a name where none was given. */
export function entriesOf(format: string, transactions: readonly Transaction[], claims: readonly Claim[], options: ImportOptions): readonly EntryInput[] {
  const { name = format, account = (given) => given } = options;
  const whole = transactions.map((transaction) => ({ ...transaction, legs: completed(transaction) }));
  checkAssertions(whole);
  checkClaims(whole, claims);
  const ofDay = new Map<string, number>();
  const documents = whole.flatMap((transaction): Documented[] => {
    const { place, day, text, tags, legs } = transaction;
    const number = (ofDay.get(day) ?? 0) + 1;
    ofDay.set(day, number);
    const postings = legs.filter(({ money }) => money.minor !== 0n).map((leg) => posting(leg, account));
    // What moves nothing says something about balances, and was held against them above.
    if (postings.length === 0) return [];
    const occurredAt = Date.parse(`${day}T00:00:00Z`);
    const document = {
      id: tags.get("id") ?? `${name}:${day}:${number}`,
      occurred_at: occurredAt,
      recorded_at: occurredAt,
      cause: tags.get("cause") ?? `import of ${name}`,
      ...(text === "" ? {} : { description: text }),
      postings,
    };
    return [{ place, document, legs }];
  });
  takesAll(documents);
  return documents.map(({ document }) => fromDocument(document));
}

/** An entry of a file, with the places of its postings where they have their own. */
export interface Documented {
  readonly place: Place;
  readonly document: EntryDocument;
  readonly legs?: readonly Pick<Leg, "place" | "account">[];
}

/**
 * Refuses the first entry that no ledger takes, and the second with the same id. What is left to the books that will take
 * them: limits, blocked accounts, and entries that others are to be taken back from.
 */
export function takesAll(documents: readonly Documented[]): void {
  const places = new Map<string, Place>();
  const engine = new Books();
  try {
    for (const { place, document, legs = [] } of documents) {
      const { id } = document;
      try {
        engine.draft([], [document]);
      } catch (error) {
        if (!isTillproofError(error)) throw error;
        if (LATER.includes(error.code)) continue;
        const named = legs.find(({ account }) => error.details.found?.includes(account) === true);
        throw misread(named?.place ?? place, named?.account ?? String(id), `what a ledger takes: ${error.message}`, error);
      }
      const first = places.get(id);
      if (first !== undefined) throw misread(place, id, `an id of its own: that of line ${first.line} is the same`);
      places.set(id, place);
    }
  } finally {
    engine.close();
  }
}

/** What only the books say that take an entry. */
const LATER: readonly string[] = ["limit_reached", "reversal_of_unknown", "hold_unknown"];

type WholeLeg = Leg & { readonly money: Money };
type Whole = Omit<Transaction, "legs"> & { readonly legs: readonly WholeLeg[] };

function posting({ account, money, tags }: WholeLeg, named: (name: string) => string): PostingDocument {
  const key = tags.get("key");
  return {
    account: named(account),
    side: money.minor < 0n ? "credit" : "debit",
    amount_minor: String(money.minor < 0n ? -money.minor : money.minor),
    currency: money.currency,
    ...(key === undefined || key === "" ? {} : { key }),
  };
}

/** The legs, with the one amount that was left out: what the others do not come to, in each currency. */
function completed({ legs }: Transaction): readonly WholeLeg[] {
  const rest = new Map<string, bigint>();
  for (const { money } of legs) {
    if (money !== null) rest.set(money.currency, (rest.get(money.currency) ?? 0n) - money.minor);
  }
  const open = legs.filter(({ money }) => money === null);
  const second = open[1];
  if (second !== undefined) throw misread(second.place, second.account, "an amount: only one of a transaction can be left out");
  return legs.flatMap((leg) => {
    if (leg.money !== null) return [{ ...leg, money: leg.money }];
    return [...rest].filter(([, minor]) => minor !== 0n).map(([currency, minor]) => ({ ...leg, money: { minor, currency } }));
  });
}

function checkAssertions(transactions: readonly Whole[]): void {
  const sums = new Map<string, bigint>();
  for (const { legs } of byDay(transactions)) {
    for (const { account, money, asserted } of legs) {
      const sum = (sums.get(`${account} ${money.currency}`) ?? 0n) + money.minor;
      sums.set(`${account} ${money.currency}`, sum);
      if (asserted === null) continue;
      const { place, currency, minor } = asserted;
      const found = sums.get(`${account} ${currency}`) ?? 0n;
      if (found !== minor) throw claimed(place, account, currency, minor, found);
    }
  }
}

function checkClaims(transactions: readonly Whole[], claims: readonly Claim[]): void {
  const ordered = byDay(transactions);
  const sums = new Map<string, bigint>();
  let next = 0;
  for (const { place, day, account, currency, minor } of byDay(claims)) {
    for (let transaction = ordered[next]; transaction !== undefined && transaction.day < day; transaction = ordered[next]) {
      for (const leg of transaction.legs) {
        // Of an account are all beneath it.
        const segments = leg.account.split(":");
        segments.forEach((_, end) => {
          const above = `${segments.slice(0, end + 1).join(":")} ${leg.money.currency}`;
          sums.set(above, (sums.get(above) ?? 0n) + leg.money.minor);
        });
      }
      next += 1;
    }
    const found = sums.get(`${account} ${currency}`) ?? 0n;
    if (found !== minor) throw claimed(place, account, currency, minor, found);
  }
}

function claimed(place: Place, account: string, currency: string, minor: bigint, found: bigint): Error {
  return misread(place, `${minor} minor units ${currency}`, `${found}, which is what the transactions before it come to on ${account}`);
}

/** In the order of days; within a day as in the file. */
function byDay<T extends { readonly day: string }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => (a.day < b.day ? -1 : Number(a.day > b.day)));
}
