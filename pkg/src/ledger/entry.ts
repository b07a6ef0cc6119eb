/**
 * Entries as callers write them, and as they stand in the journal.
 *
 * Invariant: nothing crosses into wasm that was not checked here: amounts as digits, times as milliseconds, texts as
 * texts. What an entry must satisfy to be one (balance, limits, names of accounts) is decided by the engine.
 */

import { amountDigits, list, object, onlyKnown, text, timeMs, type AmountInput } from "../shell/guard.js";

/** What a posting is about: money that moved, or money that is promised. */
export type Layer = "posted" | "pending";

/** How an entry stands to an earlier one. */
export type Relation = "reverses" | "captures" | "voids" | "expires" | "follows";

/** Left or right side of an account. */
export type Side = "debit" | "credit";

/** What kind of row of a settlement report an entry stands for. */
export type EventType = "charge" | "refund" | "dispute" | "fee" | "payout" | "payout_failure" | "adjustment";

/** One leg of an entry. */
export interface PostingInput {
  /** Such as `Assets:Gateway:native:Pending:EUR`; the first segment is Assets, Liabilities, Equity, Income, Expenses or Memo. */
  readonly account: string;
  readonly side: Side;
  /** Minor units, more than zero. */
  readonly amount: AmountInput;
  /** ISO 4217. */
  readonly currency: string;
  /** The object it belongs to, such as an order in escrow: sums and limits are kept by key too. */
  readonly key?: string | undefined;
  /** `pending` for money that is held: it counts against the limit of its account, and not into its balance. */
  readonly layer?: Layer | undefined;
}

/** A tie to another entry. */
export interface LinkInput {
  /**
   * `reverses`: takes that entry back, whole or up to what is left of it. `captures`, `voids`, `expires`: releases a hold.
   * `follows`: belongs to the same matter.
   */
  readonly relation: Relation;
  /** The id of the other entry. */
  readonly entry: string;
}

/** The row of a settlement report that should stand against an entry. */
export interface FactsInput {
  readonly type: EventType;
  /** The key both sides know: the order or payment reference. */
  readonly reference: string;
  /** The gateway's own id of the event. */
  readonly id?: string | undefined;
  /** Gross, in minor units. */
  readonly amount: AmountInput;
  readonly currency: string;
  /** What the gateway keeps; left out where it is not known. */
  readonly fee?: AmountInput | undefined;
  readonly status?: string | undefined;
  readonly payoutId?: string | undefined;
  /** The reference of the charge that a refund or dispute belongs to. */
  readonly parentReference?: string | undefined;
}

/** A balanced entry to be posted. */
export interface EntryInput {
  /** The caller's id: posting it again answers that it is there already. */
  readonly id: string;
  /** When it happened at the gateway, in milliseconds. */
  readonly occurredAt: number;
  /** When the merchant's system learnt of it; the ledger's `now` when left out. */
  readonly recordedAt?: number | undefined;
  /** What brought the news: the id of a verified event, or the key of a request. */
  readonly cause: string;
  /** A line for people. */
  readonly description?: string | undefined;
  readonly links?: readonly LinkInput[] | undefined;
  /** Until when a hold can be captured, in milliseconds. Only for entries with pending postings. */
  readonly expiresAt?: number | undefined;
  readonly facts?: FactsInput | undefined;
  /** 2 to 256 legs that sum to zero in each currency. */
  readonly postings: readonly PostingInput[];
}

/** Facts in the journal. */
export interface FactsDocument {
  readonly type: EventType;
  readonly reference: string;
  readonly id?: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly fee_minor?: string;
  readonly status?: string;
  readonly payout_id?: string;
  readonly parent_reference?: string;
}

/** An entry in the journal. */
export interface EntryDocument {
  readonly id: string;
  readonly occurred_at: number;
  readonly recorded_at: number;
  readonly cause: string;
  readonly description?: string;
  readonly links?: readonly LinkInput[];
  readonly expires_at?: number;
  readonly facts?: FactsDocument;
  readonly postings: readonly PostingDocument[];
}

/** A posting in the journal. */
export interface PostingDocument {
  readonly account: string;
  readonly side: Side;
  readonly amount_minor: string;
  readonly currency: string;
  readonly key?: string;
  readonly layer?: Layer;
}

/** What may be posted to an account, in the journal. */
export interface StandingDocument {
  readonly id: string;
  readonly account: string;
  readonly state: AccountState;
  readonly limit?: AccountLimit;
  readonly occurred_at: number;
  readonly recorded_at: number;
  readonly cause: string;
}

/** What stands in a line: an entry, or what may be posted to an account. */
export type RecordDocument = EntryDocument | StandingDocument;

/** A line of the journal. */
export interface LineDocument {
  readonly entry?: EntryDocument;
  readonly account?: StandingDocument;
  readonly hash: string;
  readonly position: number;
  readonly previous: string;
}

/** Whether anything is posted to an account: `blocked` until it is open again, `closed` for good. */
export type AccountState = "open" | "blocked" | "closed";

/** What may not happen to an account: a wallet never has a debit balance. */
export type AccountLimit = "unlimited" | "no_debit_balance" | "no_credit_balance";

/** A change of what may be posted to an account and all accounts beneath it. */
export interface StandingInput {
  /** The caller's id: setting it again answers that it is there already. */
  readonly id: string;
  /** Such as `Liabilities:Wallet` for every wallet. */
  readonly account: string;
  readonly state: AccountState;
  /** What was before, or what the chart says, where it is left out. */
  readonly limit?: AccountLimit | undefined;
  readonly occurredAt: number;
  readonly recordedAt?: number | undefined;
  readonly cause: string;
}

/** The standing as the engine reads it. */
export function toStanding(standing: StandingInput, now: () => number): StandingDocument {
  onlyKnown("standing", standing, ["id", "account", "state", "limit", "occurredAt", "recordedAt", "cause"]);
  return {
    id: text("standing.id", standing.id),
    account: text("standing.account", standing.account),
    state: text("standing.state", standing.state) as AccountState,
    ...(standing.limit === undefined ? {} : { limit: text("standing.limit", standing.limit) as AccountLimit }),
    occurred_at: timeMs("standing.occurredAt", standing.occurredAt),
    recorded_at: timeMs("standing.recordedAt", standing.recordedAt ?? now()),
    cause: text("standing.cause", standing.cause),
  };
}

/** The entry as the engine reads it. Throws for what is no text, amount or time, and for members an entry does not have. */
export function toDocument(entry: EntryInput, now: () => number): EntryDocument {
  onlyKnown("entry", entry, [
    "id",
    "occurredAt",
    "recordedAt",
    "cause",
    "description",
    "links",
    "expiresAt",
    "facts",
    "postings",
  ]);
  return {
    id: text("entry.id", entry.id),
    occurred_at: timeMs("entry.occurredAt", entry.occurredAt),
    recorded_at: timeMs("entry.recordedAt", entry.recordedAt ?? now()),
    cause: text("entry.cause", entry.cause),
    ...optional("description", "entry.description", entry.description),
    ...(entry.links === undefined ? {} : { links: list("entry.links", entry.links).map(linkDocument) }),
    ...(entry.expiresAt === undefined ? {} : { expires_at: timeMs("entry.expiresAt", entry.expiresAt) }),
    ...(entry.facts === undefined ? {} : { facts: factsDocument(entry.facts) }),
    postings: list("entry.postings", entry.postings).map((posting, index) => ({
      account: text(`entry.postings[${index}].account`, object(`entry.postings[${index}]`, posting).account),
      side: text(`entry.postings[${index}].side`, posting.side) as Side,
      amount_minor: amountDigits(`entry.postings[${index}].amount`, posting.amount),
      currency: text(`entry.postings[${index}].currency`, posting.currency),
      ...optional("key", `entry.postings[${index}].key`, posting.key),
      ...(posting.layer === undefined ? {} : { layer: text(`entry.postings[${index}].layer`, posting.layer) as Layer }),
    })),
  };
}

/** The entry as a caller would write it; the time it was recorded is left to the ledger. */
export function fromDocument(document: EntryDocument): EntryInput {
  const { facts } = document;
  return {
    id: document.id,
    occurredAt: document.occurred_at,
    cause: document.cause,
    description: document.description,
    links: document.links,
    expiresAt: document.expires_at,
    facts: facts && {
      type: facts.type,
      reference: facts.reference,
      id: facts.id,
      amount: BigInt(facts.amount_minor),
      currency: facts.currency,
      fee: facts.fee_minor === undefined ? undefined : BigInt(facts.fee_minor),
      status: facts.status,
      payoutId: facts.payout_id,
      parentReference: facts.parent_reference,
    },
    postings: document.postings.map(({ account, side, amount_minor, currency, key, layer }) => ({
      account,
      side,
      amount: BigInt(amount_minor),
      currency,
      ...(key === undefined ? {} : { key }),
      ...(layer === undefined ? {} : { layer }),
    })),
  };
}

function factsDocument(facts: FactsInput): FactsDocument {
  onlyKnown("entry.facts", facts, [
    "type",
    "reference",
    "id",
    "amount",
    "currency",
    "fee",
    "status",
    "payoutId",
    "parentReference",
  ]);
  return {
    type: text("entry.facts.type", facts.type) as EventType,
    reference: text("entry.facts.reference", facts.reference),
    ...optional("id", "entry.facts.id", facts.id),
    amount_minor: amountDigits("entry.facts.amount", facts.amount),
    currency: text("entry.facts.currency", facts.currency),
    ...(facts.fee === undefined ? {} : { fee_minor: amountDigits("entry.facts.fee", facts.fee) }),
    ...optional("status", "entry.facts.status", facts.status),
    ...optional("payout_id", "entry.facts.payoutId", facts.payoutId),
    ...optional("parent_reference", "entry.facts.parentReference", facts.parentReference),
  };
}

function linkDocument(link: LinkInput, index: number): LinkInput {
  return {
    relation: text(`entry.links[${index}].relation`, object(`entry.links[${index}]`, link).relation) as LinkInput["relation"],
    entry: text(`entry.links[${index}].entry`, link.entry),
  };
}

/** A member that is only there when it has a value. */
export function optional<K extends string>(member: K, name: string, value: unknown): { [P in K]?: string } {
  if (value === undefined || value === null) return {};
  return { [member]: text(name, value) } as { [P in K]?: string };
}
