/**
 * From events to entries: which accounts an event touches is data in the engine, the amounts are the caller's.
 *
 * Accounts: `Assets:Gateway:<gateway>:Pending|Available:<currency>`, `Assets:Clearing:Payout:<gateway>:<currency>`,
 * `Assets:Bank:<bank>:<currency>`, `Liabilities:Refunds:Pending:<currency>`, `Income:Sales`, `Income:Refunds`,
 * `Expenses:GatewayFee`.
 */

import { ledger } from "../shell/ledger.js";
import { amountDigits, list, object, onlyKnown, text, timeMs, type AmountInput } from "../shell/guard.js";
import { encode } from "../shell/wire.js";
import { fromDocument, optional, type EntryDocument, type EntryInput } from "./entry.js";

/** What every event has. */
export interface EventFields {
  /** Id of the entry, such as `charge:pay_1`: one event, one id, however often the news arrives. */
  readonly id: string;
  /** Name of the gateway, as it stands in the names of accounts. */
  readonly gateway: string;
  /** Minor units, gross. */
  readonly amount: AmountInput;
  /** ISO 4217. */
  readonly currency: string;
  /** When it happened at the gateway, in milliseconds. */
  readonly occurredAt: number;
  /** When the merchant's system learnt of it; the ledger's `now` when left out. */
  readonly recordedAt?: number | undefined;
  /** What brought the news: the id of a verified event, or the key of a request. */
  readonly cause: string;
  /** A line for people. */
  readonly description?: string | undefined;
  /** The id of an entry this one belongs to. */
  readonly follows?: string | undefined;
}

/** A charge. */
export interface ChargeFields extends EventFields {
  /** The key both sides know: the order or payment reference. */
  readonly reference: string;
  /** What the gateway keeps of it. Left out, it is not known: the reconciler will not compare it. */
  readonly fee?: AmountInput | null | undefined;
  /** The gateway's own id of the payment. */
  readonly paymentId?: string | undefined;
  /** State at the gateway; `completed` when left out. */
  readonly status?: string | undefined;
  readonly payoutId?: string | undefined;
}

/** A refund, whole or in part. */
export interface RefundFields extends EventFields {
  /** The key both sides know for this refund. */
  readonly reference: string;
  /** The reference of the charge. */
  readonly parentReference?: string | undefined;
  /** The gateway's own id of the refund. */
  readonly refundId?: string | undefined;
  /** State at the gateway; `completed` when left out. */
  readonly status?: string | undefined;
  readonly payoutId?: string | undefined;
}

/** A payout, from the gateway towards the bank. */
export interface PayoutFields extends EventFields {
  /** The gateway's own id of the payout; also the key both sides know. */
  readonly payoutId: string;
  readonly status?: string | undefined;
}

/** What takes an entry back. */
export interface ReversalFields {
  readonly id: string;
  readonly occurredAt: number;
  readonly recordedAt?: number | undefined;
  readonly cause: string;
  readonly description?: string | undefined;
}

/** The facts of an event, as the engine's templates take them. */
interface Facts {
  readonly reference: string;
  readonly id?: string | undefined;
  readonly status?: string | undefined;
  readonly payoutId?: string | undefined;
  readonly parentReference?: string | undefined;
}

/** A settled event, where the caller does not say otherwise. */
const SETTLED = "completed";

/** The built-in templates. Each returns an entry for `ledger.post`; none posts anything. */
export const templates = {
  /** Captured money: the net is pending at the gateway, the fee is an expense, the gross is a sale. */
  charge(fields: ChargeFields): EntryInput {
    const { reference, paymentId, status = SETTLED, payoutId } = object("fields", fields);
    return fill("charge", fields, { reference, id: paymentId, status, payoutId }, fields.fee);
  },

  /** Pending money that became available at the gateway. */
  fundsAvailable(fields: EventFields): EntryInput {
    return fill("funds_available", fields);
  },

  /** Money given back at once, whole or in part. */
  refund(fields: RefundFields): EntryInput {
    return fill("refund", fields, refundFacts(fields));
  },

  /** A refund that was promised and has not left yet. It has no row in a settlement report. */
  refundRequested(fields: EventFields): EntryInput {
    return fill("refund_requested", fields);
  },

  /** A promised refund that left the gateway. */
  refundSent(fields: RefundFields): EntryInput {
    return fill("refund_sent", fields, refundFacts(fields));
  },

  /** Money on its way from the gateway to the bank. */
  payout(fields: PayoutFields): EntryInput {
    return fill("payout", fields, payoutFacts(fields));
  },

  /** A payout that stands in the bank account `bank`. */
  payoutArrived(fields: EventFields & { readonly bank: string }): EntryInput {
    return fill("payout_arrived", fields, undefined, undefined, { bank: text("bank", object("fields", fields).bank) });
  },

  /** A payout that came back before it reached the bank. */
  payoutFailed(fields: PayoutFields): EntryInput {
    return fill("payout_failed", fields, payoutFacts(fields));
  },

  /** The entry that takes `original` back: the same postings on opposite sides. */
  reversal(original: EntryInput, fields: ReversalFields): EntryInput {
    return {
      ...onlyKnown("fields", fields, ["id", "occurredAt", "recordedAt", "cause", "description"]),
      links: [{ relation: "reverses", entry: text("original.id", object("original", original).id) }],
      postings: list("original.postings", original.postings).map((posting, index) => ({
        ...object(`original.postings[${index}]`, posting),
        side: posting.side === "debit" ? "credit" : "debit",
      })),
    };
  },
} as const;

function refundFacts(fields: RefundFields): Facts {
  const { reference, refundId, status = SETTLED, payoutId, parentReference } = object("fields", fields);
  return { reference, id: refundId, status, payoutId, parentReference };
}

function payoutFacts(fields: PayoutFields): Facts {
  const { payoutId, status = SETTLED } = object("fields", fields);
  return { reference: payoutId, id: payoutId, status, payoutId };
}

function fill(
  template: string,
  fields: EventFields,
  facts?: Facts,
  fee?: AmountInput | null,
  names: Readonly<Record<string, string>> = {},
): EntryInput {
  const occurredAt = timeMs("occurredAt", object("fields", fields).occurredAt);
  const document = encode({
    template,
    id: text("id", fields.id),
    occurred_at: occurredAt,
    // The ledger decides when the entry is posted; the engine wants a time to make an entry at all.
    recorded_at: occurredAt,
    cause: text("cause", fields.cause),
    ...optional("description", "description", fields.description),
    ...optional("follows", "follows", fields.follows),
    currency: text("currency", fields.currency),
    amounts: {
      amount: amountDigits("amount", fields.amount),
      ...(fee === undefined || fee === null ? {} : { fee: amountDigits("fee", fee) }),
    },
    names: { gateway: text("gateway", fields.gateway), ...names },
    ...(facts === undefined ? {} : { facts: factsDocument(facts) }),
  });
  const entry = fromDocument(ledger.invoke<EntryDocument>((exports) => exports.ledger_template(document)));
  return fields.recordedAt === undefined ? entry : { ...entry, recordedAt: timeMs("recordedAt", fields.recordedAt) };
}

function factsDocument(facts: Facts): Readonly<Record<string, string>> {
  return {
    reference: text("reference", facts.reference),
    ...optional("id", "id", facts.id),
    ...optional("status", "status", facts.status),
    ...optional("payout_id", "payoutId", facts.payoutId),
    ...optional("parent_reference", "parentReference", facts.parentReference),
  };
}
