/**
 * What accountants' formats have no place for, as names and texts beside each transaction, and back.
 *
 * Invariant: a record, its position and its hash follow from the names and texts of its transaction and from the postings in
 * it, so that a journal that was exported can be read back byte for byte. Times are RFC 3339, amounts of postings decimals,
 * amounts of the event's row minor units as in the journal.
 */

import type { EntryDocument, FactsDocument, LineDocument, PostingDocument, RecordDocument, StandingDocument } from "../entry.js";
import { decimal, signed } from "./journal.js";

/** Names and texts, in the order in which they are written. */
export type Pairs = readonly (readonly [name: string, text: string])[];

/** What a reader found of a transaction. `shown` is the line for people, as the format writes it. */
export interface Told {
  readonly pairs: ReadonlyMap<string, string>;
  readonly shown: string;
  /** How the format writes a line for people. */
  readonly show: (text: string) => string;
  /** The postings that moved something, in their order. */
  readonly moved: readonly PostingDocument[];
  /** Minor units of a decimal in a currency. */
  readonly minor: (decimal: string, currency: string) => bigint;
  /** Refuses the transaction: what was found under a name, and what is expected there. */
  readonly refuse: (name: string, found: string, expected: string) => Error;
}

const FACTS = ["type", "reference", "id", "amount_minor", "currency", "fee_minor", "status", "payout_id", "parent_reference"] as const;

/** How facts are called among the pairs. */
function eventName(fact: (typeof FACTS)[number]): string {
  return fact === "type" ? "event" : `event-${fact.replace("_", "-")}`;
}

/** The line for people of a record, before the format has taken out what it cannot hold. */
export function titleOf({ entry, account }: LineDocument): string {
  if (entry !== undefined) return entry.description ?? entry.id;
  return `${account?.account} ${account?.state}${account?.limit === undefined ? "" : ` ${account.limit}`}`;
}

/** All that stands beside the postings of a line, but for its position. */
export function pairsOf(line: LineDocument, show: (text: string) => string, scale: ReadonlyMap<string, number>): Pairs {
  const { entry, account, hash } = line;
  const record: RecordDocument | undefined = entry ?? account;
  if (record === undefined) return [];
  return [
    ["id", record.id],
    ["cause", record.cause],
    ["occurred-at", new Date(record.occurred_at).toISOString()],
    ["recorded-at", new Date(record.recorded_at).toISOString()],
    ...(entry === undefined ? standingPairs(account as StandingDocument) : entryPairs(entry, show, scale)),
    ["hash", hash],
  ];
}

function standingPairs({ account, state, limit }: StandingDocument): Pairs {
  return [["account", account], ["state", state], ...(limit === undefined ? [] : ([["limit", limit]] as const))];
}

function entryPairs(entry: EntryDocument, show: (text: string) => string, scale: ReadonlyMap<string, number>): Pairs {
  const { id, description, expires_at: expires, links = [], facts, postings } = entry;
  // Where nobody wrote a line for people the id stands in its place, and one that is like the id must not be taken for that.
  const hidden = description !== undefined && (show(description) !== description || description === show(id));
  const pending = postings.flatMap((posting, index) => {
    if (posting.layer !== "pending") return [];
    const { account, currency, key } = posting;
    const amount = `${decimal(signed(posting), scale.get(currency) ?? 0)} ${currency}`;
    return [[`pending-${index}`, [account, amount, ...(key === undefined ? [] : [key])].join(" ")] as const];
  });
  return [
    ...(hidden ? ([["description", description]] as const) : []),
    ...(expires === undefined ? [] : ([["expires-at", new Date(expires).toISOString()]] as const)),
    ...links.map(({ relation, entry: other }, index) => [`link-${index}`, `${relation} ${other}`] as const),
    ...FACTS.flatMap((fact) => (facts?.[fact] === undefined ? [] : [[eventName(fact), facts[fact]] as const])),
    ...pending,
  ];
}

/** The record of a transaction. */
export function recordOf(told: Told): RecordDocument {
  const base = {
    id: needed(told, "id"),
    occurred_at: time(told, "occurred-at"),
    recorded_at: time(told, "recorded-at"),
    cause: needed(told, "cause"),
  };
  const { pairs } = told;
  if (pairs.has("state")) {
    const limit = pairs.get("limit");
    const standing = { ...base, account: needed(told, "account"), state: needed(told, "state") };
    return { ...standing, ...(limit === undefined ? {} : { limit }) } as StandingDocument;
  }
  const description = pairs.get("description") ?? (told.shown === told.show(base.id) ? undefined : told.shown);
  return {
    ...base,
    ...(description === undefined ? {} : { description }),
    ...(pairs.has("expires-at") ? { expires_at: time(told, "expires-at") } : {}),
    ...linksOf(told),
    ...factsOf(told),
    postings: withPending(told),
  };
}

function linksOf({ pairs }: Told): Pick<EntryDocument, "links"> {
  const links = numbered(pairs, "link").map(([, text]) => {
    const [relation = "", entry = ""] = split(text, 1);
    return { relation, entry };
  });
  return links.length === 0 ? {} : { links: links as unknown as NonNullable<EntryDocument["links"]> };
}

function factsOf({ pairs }: Told): Pick<EntryDocument, "facts"> {
  const facts = FACTS.flatMap((fact) => (pairs.has(eventName(fact)) ? [[fact, pairs.get(eventName(fact))] as const] : []));
  return facts.length === 0 ? {} : { facts: Object.fromEntries(facts) as unknown as FactsDocument };
}

/** The postings that moved something, with those that are held at the places they were written from. */
function withPending(told: Told): readonly PostingDocument[] {
  const postings = [...told.moved];
  for (const [place, text] of numbered(told.pairs, "pending")) {
    const [account = "", amount = "", currency = "", key] = split(text, 3);
    if (currency === "") throw told.refuse(`pending-${place}`, text, "an account, an amount and a currency");
    const minor = told.minor(amount, currency);
    postings.splice(place, 0, {
      account,
      side: minor < 0n ? "credit" : "debit",
      amount_minor: String(minor < 0n ? -minor : minor),
      currency,
      ...(key === undefined ? {} : { key }),
      layer: "pending",
    });
  }
  return postings;
}

/** The pairs `name-0`, `name-1`, … in the order of their numbers. */
function numbered(pairs: ReadonlyMap<string, string>, name: string): readonly (readonly [number, string])[] {
  const found = [...pairs].flatMap(([key, text]) => {
    const number = key.startsWith(`${name}-`) ? key.slice(name.length + 1) : "";
    return /^[0-9]{1,3}$/.test(number) ? [[Number(number), text] as const] : [];
  });
  return found.sort(([a], [b]) => a - b);
}

/** A text at its first `times` blanks. */
function split(text: string, times: number): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  for (let cut = rest.indexOf(" "); parts.length < times && cut !== -1; cut = rest.indexOf(" ")) {
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  return [...parts, rest];
}

function needed({ pairs, refuse }: Told, name: string): string {
  const text = pairs.get(name);
  if (text === undefined) throw refuse(name, "nothing", "as Tillproof writes it");
  return text;
}

function time(told: Told, name: string): number {
  const text = needed(told, name);
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw told.refuse(name, text, "a time such as 2026-03-01T12:00:00.000Z");
  return ms;
}
