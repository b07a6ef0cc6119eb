/**
 * Where a payment stands follows from its entries: nothing else is stored, so nothing can say otherwise than the books.
 *
 * Invariant: a state is a function of the entries of a payment by the moments at which they happened, whatever the order in which
 * they were posted. What the engine itself refuses (to capture a hold that was released, to take back more than there was)
 * never gets here; what it cannot know, because two entries have no link, is reported as an issue and not passed over.
 *
 * | State | when |
 * | --- | --- |
 * | `initiated` | it was asked for (`templates.paymentInitiated`), and nothing more is known |
 * | `pending` | money is held for it |
 * | `settled` | money was taken |
 * | `failed` | what was asked for or held came to nothing: given up, voided, or over |
 * | `reversed` | all that was taken went back: refunds, a reversal, a lost dispute |
 */

import type { EntryDocument, EventType, LineDocument, PostingDocument } from "./entry.js";

/** Where a payment stands. */
export type PaymentState = "initiated" | "pending" | "settled" | "failed" | "reversed";

/** A step from one state to the next. */
export interface PaymentStep {
  readonly state: PaymentState;
  /** When it happened, in milliseconds. */
  readonly at: number;
  /** The entry that led there, and what had brought its news. */
  readonly entry: string;
  readonly cause: string;
}

/** Something about a payment that a person should look at. */
export interface PaymentIssue {
  /**
   * `moved_after_failure`: money was held or taken for what had failed. `charged_again`: a second charge of the same
   * payment. `returned_too_much`: more went back than was taken. `returned_before`: money went back for which no charge is
   * in the books (yet).
   */
  readonly kind: "moved_after_failure" | "charged_again" | "returned_too_much" | "returned_before";
  /** The entry. */
  readonly entry: string;
}

/** A payment, as its entries tell it. Amounts in minor units of its currency. */
export interface Payment {
  /** The gateway's id of the payment, or the caller's where only he knows of it yet. */
  readonly id: string;
  /** The key both sides know, where an entry says it. */
  readonly reference: string | null;
  readonly currency: string;
  readonly state: PaymentState;
  /** Held now. */
  readonly held: bigint;
  /** Taken, gross. */
  readonly charged: bigint;
  /** Gone back to the customer. */
  readonly returned: bigint;
  /** Withdrawn for disputes that are open. */
  readonly disputed: bigint;
  /** Ids of its entries, in the order of the journal. */
  readonly entries: readonly string[];
  /** How it got there, in the order in which it happened. */
  readonly steps: readonly PaymentStep[];
  readonly issues: readonly PaymentIssue[];
}

const OPEN_NOTE = "Memo:Payment:Open";
const OPEN_HOLD = "Memo:Auth:Open";

interface Known {
  readonly position: number;
  readonly entry: EntryDocument;
}

/** The entries of a journal by the payment they belong to. Reads each line once. */
export class PaymentIndex {
  readonly #entries = new Map<string, EntryDocument>();
  /** Entries by payment. */
  readonly #groups = new Map<string, Known[]>();
  /** The payment of each entry that has one. */
  readonly #paymentOf = new Map<string, string>();
  /** Payments by reference. */
  readonly #byReference = new Map<string, Set<string>>();
  /** Entries whose payment is that of an entry which is not there yet, by its id. */
  readonly #waiting = new Map<string, Known[]>();
  /** Refunds and disputes that name no entry and no payment, by the reference of the charge. */
  readonly #loose = new Map<string, Known[]>();
  #read = 0;

  /** The position up to which the journal was read. */
  get read(): number {
    return this.#read;
  }

  /** Reads the lines that come next. */
  follow(lines: readonly string[]): void {
    for (const line of lines) {
      const { position, entry } = JSON.parse(line) as LineDocument;
      if (entry !== undefined) this.#add({ position, entry });
      this.#read = position;
    }
  }

  /** The payment with this id, or with this reference where it is the only one. */
  find(idOrReference: string): Payment | null {
    const named = this.#groups.has(idOrReference) ? this.#payment(idOrReference) : null;
    if (named !== null) return named;
    const [only, ...others] = this.#byReference.get(idOrReference) ?? [];
    return only === undefined || others.length > 0 ? null : this.#payment(only);
  }

  /** All payments, in the order in which they came into the books. */
  all(): Payment[] {
    return [...this.#groups.keys()].flatMap((id) => this.#payment(id) ?? []);
  }

  #add(known: Known): void {
    const { entry } = known;
    this.#entries.set(entry.id, entry);
    const named = namedBy(entry);
    const linked = (entry.links ?? []).map(({ entry: other }) => this.#paymentOf.get(other)).find((payment) => payment !== undefined);
    // What captures a hold belongs to the payment of the hold, whatever the gateway calls the capture.
    const payment = linked ?? named;
    if (payment !== undefined) this.#join(known, payment);
    else if (entry.links !== undefined) for (const link of entry.links) listed(this.#waiting, link.entry).push(known);
    else if (entry.facts?.parent_reference !== undefined) listed(this.#loose, entry.facts.parent_reference).push(known);
  }

  #join(known: Known, payment: string): void {
    const { entry } = known;
    if (this.#paymentOf.has(entry.id)) return;
    this.#paymentOf.set(entry.id, payment);
    listed(this.#groups, payment).push(known);
    if (entry.facts?.type === "charge") {
      const { reference } = entry.facts;
      this.#byReference.set(reference, (this.#byReference.get(reference) ?? new Set()).add(payment));
    }
    const waiting = this.#waiting.get(entry.id) ?? [];
    this.#waiting.delete(entry.id);
    for (const other of waiting) this.#join(other, payment);
  }

  #payment(id: string): Payment | null {
    const group = this.#groups.get(id) ?? [];
    const reference = group.map(({ entry: { facts } }) => (facts?.type === "charge" ? facts.reference : undefined)).find((one) => one !== undefined) ?? null;
    // A note by the reference is about the payment that came of it.
    const isNoteOnly = group.every(({ entry }) => isNote(entry));
    if (isNoteOnly && (this.#byReference.get(id)?.size ?? 0) > 0) return null;
    const only = reference !== null && this.#byReference.get(reference)?.size === 1;
    const more = reference === null || !only ? [] : [...(reference === id ? [] : (this.#groups.get(reference) ?? []).filter(({ entry }) => isNote(entry))), ...(this.#loose.get(reference) ?? [])];
    return toldBy(id, reference, [...group, ...more].sort((a, b) => a.position - b.position), (other) => this.#entries.get(other));
  }
}

/** The payment an entry names itself: by the gateway's id of a charge, or by the key of a hold or of a note. */
function namedBy({ facts, postings }: EntryDocument): string | undefined {
  const memo = postings.find(({ account }) => account === OPEN_NOTE || account === OPEN_HOLD);
  if (memo?.key !== undefined) return memo.key;
  return facts?.type === "charge" ? (facts.id ?? facts.reference) : undefined;
}

function isNote({ postings }: EntryDocument): boolean {
  return postings.some(({ account }) => account === OPEN_NOTE);
}

/** What has happened to a payment so far. */
interface Sums {
  note: bigint;
  held: bigint;
  charged: bigint;
  returned: bigint;
  disputed: bigint;
  wasNoted: boolean;
  wasHeld: boolean;
  wasCharged: boolean;
}

function toldBy(id: string, reference: string | null, group: readonly Known[], find: (id: string) => EntryDocument | undefined): Payment {
  const sums: Sums = { note: 0n, held: 0n, charged: 0n, returned: 0n, disputed: 0n, wasNoted: false, wasHeld: false, wasCharged: false };
  const steps: PaymentStep[] = [];
  const issues: PaymentIssue[] = [];
  const happened = [...group].sort((a, b) => a.entry.occurred_at - b.entry.occurred_at || a.position - b.position);
  // Entries of one moment count together: a hold that is let go of and the charge that came of it are one step.
  for (const moment of moments(happened.map(({ entry }) => entry))) {
    const before = { ...sums };
    let leading = moment[moment.length - 1] as EntryDocument;
    for (const entry of moment) {
      const charged = sums.charged;
      add(sums, entry, find);
      if (sums.charged > charged) leading = entry;
      if (charged > 0n && sums.charged > charged && !takesHold(entry)) issues.push({ kind: "charged_again", entry: entry.id });
    }
    const last = steps.at(-1)?.state;
    const state = stateOf(sums);
    const issue = (kind: PaymentIssue["kind"]): void => void issues.push({ kind, entry: leading.id });
    if (sums.returned > before.returned && sums.returned > sums.charged) issue(sums.wasCharged ? "returned_too_much" : "returned_before");
    if (state === null || state === last) continue;
    if (last === "failed") issue("moved_after_failure");
    steps.push({ state, at: leading.occurred_at, entry: leading.id, cause: leading.cause });
  }
  const currency = group.flatMap(({ entry }) => entry.postings).map((posting) => posting.currency)[0] ?? "";
  const { held, charged, returned, disputed } = sums;
  const state = steps.at(-1)?.state ?? "initiated";
  return { id, reference, currency, state, held, charged, returned, disputed, entries: group.map(({ entry }) => entry.id), steps, issues };
}

/** Entries in the order in which they happened, those of one moment together. */
function moments(entries: readonly EntryDocument[]): readonly (readonly EntryDocument[])[] {
  const found: EntryDocument[][] = [];
  for (const entry of entries) {
    const last = found.at(-1);
    if (last?.[0]?.occurred_at === entry.occurred_at) last.push(entry);
    else found.push([entry]);
  }
  return found;
}

/** `null` where nothing is known that makes a payment: an entry of its own is still to come, or happened later. */
function stateOf({ note, held, charged, returned, wasNoted, wasHeld, wasCharged }: Sums): PaymentState | null {
  if (wasCharged) return charged > returned ? "settled" : "reversed";
  if (held > 0n) return "pending";
  if (wasHeld) return "failed";
  if (note > 0n) return "initiated";
  return wasNoted ? "failed" : null;
}

/** Several captures of one hold are no second charge. */
function takesHold({ links = [] }: EntryDocument): boolean {
  return links.some(({ relation }) => relation === "captures");
}

function add(sums: Sums, entry: EntryDocument, find: (id: string) => EntryDocument | undefined): void {
  const { facts, links = [], postings } = entry;
  const [note, held] = [OPEN_NOTE, OPEN_HOLD].map((name) => onDebit(postings, (account) => account === name)) as [bigint, bigint];
  sums.note += note;
  sums.held += held;
  sums.wasNoted ||= note > 0n;
  sums.wasHeld ||= held > 0n;
  sums.disputed += onDebit(postings, (account) => account.startsWith("Assets:Disputed:"));
  const gone = onDebit(postings, (account) => account === "Expenses:Chargeback");
  sums.returned += gone;
  if (facts?.type === "charge") {
    sums.charged += BigInt(facts.amount_minor);
    sums.wasCharged = true;
  }
  if (facts?.type === "refund") sums.returned += BigInt(facts.amount_minor);
  // A refund that came back is owed again.
  if (facts === undefined && movesTo(postings, "Assets:Gateway:", "Liabilities:Refunds:Pending")) {
    sums.returned -= onDebit(postings, (account) => account.startsWith("Assets:Gateway:"));
  }
  for (const { relation, entry: other } of links) {
    const original = relation === "reverses" ? find(other) : undefined;
    if (original?.facts === undefined) continue;
    const amount = part(entry, original, BigInt(original.facts.amount_minor));
    if (isType(original, "charge")) sums.charged -= amount;
    if (isType(original, "refund")) sums.returned -= amount;
  }
}

function isType({ facts }: EntryDocument, type: EventType): boolean {
  return facts?.type === type;
}

/** What stands on the debit side of accounts, less what stands on the other. */
function onDebit(postings: readonly PostingDocument[], within: (account: string) => boolean): bigint {
  return postings.reduce((sum, { account, side, amount_minor: minor }) => (within(account) ? sum + (side === "debit" ? BigInt(minor) : -BigInt(minor)) : sum), 0n);
}

function movesTo(postings: readonly PostingDocument[], to: string, from: string): boolean {
  return postings.some(({ account, side }) => side === "debit" && account.startsWith(to)) && postings.some(({ account, side }) => side === "credit" && account.startsWith(from));
}

/** How much of an amount a reversal takes back: in proportion to what it posts of its original. */
function part(reversal: EntryDocument, original: EntryDocument, amount: bigint): bigint {
  const posted = ({ postings }: EntryDocument): bigint =>
    postings.reduce((sum, { layer, amount_minor: minor }) => (layer === "pending" ? sum : sum + BigInt(minor)), 0n);
  const whole = posted(original);
  return whole === 0n ? 0n : (amount * posted(reversal)) / whole;
}

function listed<T>(map: Map<string, T[]>, key: string): T[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}
