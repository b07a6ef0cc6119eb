/**
 * Entries as callers write them, and as they stand in the journal.
 *
 * Invariant: nothing crosses into wasm that was not checked here: amounts as digits, times as milliseconds, texts as
 * texts. What an entry must satisfy to be one (balance, limits, names of accounts) is decided by the engine.
 */

import { amountDigits, list, object, onlyKnown, text, timeMs, type AmountInput } from "../shell/guard.js";

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
}

/** A tie to another entry. */
export interface LinkInput {
  /** `reverses`: takes that entry back, whole and once. `follows`: belongs to the same matter. */
  readonly relation: "reverses" | "follows";
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
  readonly facts?: FactsDocument;
  readonly postings: readonly {
    readonly account: string;
    readonly side: Side;
    readonly amount_minor: string;
    readonly currency: string;
  }[];
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
    ...(entry.facts === undefined ? {} : { facts: factsDocument(entry.facts) }),
    postings: list("entry.postings", entry.postings).map((posting, index) => ({
      account: text(`entry.postings[${index}].account`, object(`entry.postings[${index}]`, posting).account),
      side: text(`entry.postings[${index}].side`, posting.side) as Side,
      amount_minor: amountDigits(`entry.postings[${index}].amount`, posting.amount),
      currency: text(`entry.postings[${index}].currency`, posting.currency),
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
    postings: document.postings.map(({ account, side, amount_minor, currency }) => ({
      account,
      side,
      amount: BigInt(amount_minor),
      currency,
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
