/**
 * What the business is told of a payment: one message for each change that matters to it.
 *
 * Invariant: the messages of a change follow from its entries alone: their places in the stream are those of the entries in
 * the journal, and a digest of the entry is a part of the id. So a message exists if and only if its entry does, and when a
 * restored backup leads to another entry at the same place, its message is not taken for the one that was told before.
 */

import type { JournalEntry } from "../payments/engine.js";
import type { Transition } from "../payments/recording.js";
import type { Write } from "../stores/store.js";
import type { NewMessage } from "./message.js";
import type { Outbox } from "./outbox.js";

/** What a message of a payment says it is. */
export type PaymentMessageType =
  | "payment.settled"
  | "payment.failed"
  | "payment.pending"
  | "payment.awaiting_customer"
  | "payment.needs_review"
  | "payment.reversed";

/** The payload of such a message. */
export interface PaymentMessage {
  /** The merchant's name for it. */
  readonly reference: string;
  readonly operation: string;
  /** The provider profile it was made with. */
  readonly profile: string;
  /** Minor units as digits; `null` where the caller named none. */
  readonly amount: string | null;
  readonly currency: string | null;
  /** Where the intent stands after the change, which may be further than this message says. */
  readonly status: string;
  readonly epoch: number;
  /** Requests sent so far. */
  readonly attempts: number;
  /** When it happened, in milliseconds since the epoch. */
  readonly at: number;
  /** The provider's name for the payment, where it has one. */
  readonly providerReference?: string;
  /** Why it failed, is pending or needs a person, in a stable word. */
  readonly code?: string;
  /** What proves that no money moved. */
  readonly proof?: string;
  /** What was taken back, and by which refund. */
  readonly charge?: string;
  readonly refund?: string;
}

/** The part of an outbox that writing needs. */
type Writer = Pick<Outbox, "writes">;

/** The writes that belong into the commit of a change. */
export async function paymentWrites(outbox: Writer, transition: Transition): Promise<readonly Write[]> {
  const messages = messagesOf(transition);
  const [first] = messages;
  return first === undefined ? [] : outbox.writes(messages, { now: (first.payload as PaymentMessage).at });
}

/** The messages of a change. */
export function messagesOf({ key, earlier, entries, after }: Transition): NewMessage<PaymentMessage>[] {
  const messages: NewMessage<PaymentMessage>[] = [];
  const told = [...earlier];
  for (const entry of entries) {
    const type = typeOf(entry, told);
    const position = told.length;
    told.push(entry);
    if (type === undefined) continue;
    const { reference, operation, profile, amount = null, currency = null, status, epoch, attempts } = after;
    const payload = { reference, operation, profile, amount, currency, status, epoch, attempts, at: Number(entry["at"]), ...wordsOf(entry) };
    messages.push({ type, stream: key, position, payload, distinct: JSON.stringify(entry) });
  }
  return messages;
}

function typeOf(entry: JournalEntry, earlier: readonly JournalEntry[]): PaymentMessageType | undefined {
  switch (entry["type"]) {
    case "settled":
      return "payment.settled";
    case "failed":
      return "payment.failed";
    case "needs_review":
      return "payment.needs_review";
    case "reversed":
      return "payment.reversed";
    case "resolved":
      return typeof entry["charge"] === "string" ? "payment.settled" : "payment.failed";
    // Once in each epoch: a provider that is away for hours gives no news every minute.
    case "ambiguous":
      return since(earlier, "reopened").includes("ambiguous") ? undefined : "payment.pending";
    case "action_required":
      return since(earlier, "reopened").includes("action_required") ? undefined : "payment.awaiting_customer";
    default:
      return undefined;
  }
}

/** The kinds of the entries after the last one of a kind. */
function since(journal: readonly JournalEntry[], kind: string): string[] {
  const kinds = journal.map(({ type }) => String(type));
  return kinds.slice(kinds.lastIndexOf(kind) + 1);
}

function wordsOf(entry: JournalEntry): Partial<PaymentMessage> {
  const text = (name: string): string | undefined => (typeof entry[name] === "string" ? entry[name] : undefined);
  const [charge, refund, proof] = [text("charge"), text("refund"), text("proof")];
  const code = text("code") ?? text("reason");
  const providerReference = text("provider_reference") ?? (entry["type"] === "resolved" ? charge : undefined);
  return {
    ...(providerReference === undefined ? {} : { providerReference }),
    ...(code === undefined ? {} : { code }),
    ...(proof === undefined ? {} : { proof }),
    ...(charge === undefined ? {} : { charge }),
    ...(refund === undefined ? {} : { refund }),
  };
}
