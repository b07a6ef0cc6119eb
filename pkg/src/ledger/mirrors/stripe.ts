/**
 * Stripe's objects as entries: charges, refunds, disputes, payouts and balance transactions.
 *
 * Every entry is called after its object (`stripe:charge:ch_1`), and everything in it stands in each snapshot of the object
 * from then on: its amount, the time it was created. Fees and the day on which money becomes available stand in the balance
 * transaction, for which Stripe sends no event: they come by {@link stripeLists}, or with objects that were expanded.
 */

import { templates } from "../templates.js";
import type { Document, Mapping, News, Page, Step } from "./mirror.js";

/** What the mirror cannot know of Stripe's objects. */
export interface StripeMappingOptions {
  /** The account at the bank that payouts arrive on, as it stands in the names of accounts; `main` when left out. */
  readonly bank?: string | undefined;
  /**
   * The key both sides know, of a charge: `metadata.reference`, `metadata.order_id` or the id of the payment intent when left
   * out.
   */
  readonly reference?: ((charge: Document) => string) | undefined;
}

/** The lists of Stripe's API that together say everything that is booked. */
export const STRIPE_LISTS = ["charges", "refunds", "disputes", "payouts", "balance_transactions"] as const;

/** A charge can be captured for seven days, where the charge itself says nothing else. */
const CAPTURE_MS = 7 * 86_400_000;

/** How Stripe's objects are booked. */
export function stripeMapping(options: StripeMappingOptions = {}): Mapping {
  const { bank = "main", reference = referenceOf } = options;
  const kinds: Readonly<Record<string, (document: Document, news: News) => readonly Step[]>> = {
    charge: (charge, news) => chargeSteps(charge, news, reference(charge)),
    refund: refundSteps,
    dispute: disputeSteps,
    payout: (payout, news) => payoutSteps(payout, news, bank),
    balance_transaction: transactionSteps,
    payment_intent: ({ latest_charge: charge }, news) => (isDocument(charge) ? chargeSteps(charge, news, reference(charge)) : []),
  };
  return {
    name: "stripe",
    objectsOf: ({ data }) => (isDocument(data) && isDocument(data.object) ? [data.object] : []),
    steps: (document, news) => (Object.hasOwn(kinds, String(document.object)) ? (kinds[String(document.object)]?.(document, news) ?? []) : []),
  };
}

/**
 * Every page of the lists that are booked, for {@link Mirror.backfill}. `get` asks Stripe's API for a path and resolves to the
 * JSON document; `since` are seconds, as Stripe counts.
 */
export async function* stripeLists(get: (path: string) => Promise<unknown>, since = 0): AsyncGenerator<Page> {
  for (const list of STRIPE_LISTS) {
    let after = "";
    for (;;) {
      const page = (await get(`/v1/${list}?limit=100&created[gte]=${since}${after}`)) as { readonly data: readonly Document[]; readonly has_more: boolean };
      yield page.data;
      const last = page.data.at(-1);
      if (!page.has_more || last === undefined) break;
      after = `&starting_after=${String(last.id)}`;
    }
  }
}

function referenceOf({ metadata, payment_intent: intent, id }: Document): string {
  const given = isDocument(metadata) ? (metadata.reference ?? metadata.order_id) : undefined;
  return String(given ?? idOf(intent) ?? id);
}

function chargeSteps(charge: Document, news: News, reference: string): readonly Step[] {
  if (charge.status !== "succeeded") return [];
  const id = String(charge.id);
  const [hold, release, sale] = [`stripe:hold:${id}`, `stripe:release:${id}`, `stripe:charge:${id}`];
  const event = eventOf(charge, news);
  const card = isDocument(charge.payment_method_details) && isDocument(charge.payment_method_details.card) ? charge.payment_method_details.card : {};
  const expiresAt = typeof card.capture_before === "number" ? card.capture_before * 1_000 : event.occurredAt + CAPTURE_MS;
  const held = templates.authorization({ ...event, id: hold, authorization: id, amount: minor(charge.amount), expiresAt });
  const released = templates.authorizationVoided({ ...event, id: release, authorization: id, of: hold, amount: minor(charge.amount) });
  // An expiry that the ledger posted by itself has let go of the hold already.
  const letGo = { entry: released, given: [hold], unless: [release, `expiry:${hold}`] };
  if (charge.captured !== true) {
    return Number(charge.amount_refunded) > 0 ? [{ entry: held, unless: [sale] }, letGo] : [{ entry: held, unless: [sale, release] }];
  }
  const captured = templates.charge({ ...event, id: sale, reference, paymentId: id, amount: minor(charge.amount_captured ?? charge.amount) });
  const transaction = charge.balance_transaction;
  return [{ entry: captured }, letGo, ...(isDocument(transaction) ? transactionSteps(transaction, news) : [])];
}

function refundSteps(refund: Document, news: News): readonly Step[] {
  const id = String(refund.id);
  const status = String(refund.status);
  if (status === "requires_action") return [];
  const given = templates.refund({
    ...eventOf(refund, news),
    id: `stripe:refund:${id}`,
    reference: id,
    refundId: id,
    parentReference: idOf(refund.payment_intent) ?? idOf(refund.charge),
    amount: minor(refund.amount),
    follows: idOf(refund.charge) === undefined ? undefined : `stripe:charge:${idOf(refund.charge)}`,
  });
  return status === "failed" || status === "canceled" ? [{ entry: given }, back(given, `stripe:refund-failed:${id}`)] : [{ entry: given }];
}

/** What was withdrawn, and what came back: an inquiry without a withdrawal moves nothing. */
function disputeSteps(dispute: Document, news: News): readonly Step[] {
  const id = String(dispute.id);
  const moves = Array.isArray(dispute.balance_transactions) ? dispute.balance_transactions.filter(isDocument) : [];
  const withdrawn = moves.find(({ amount }) => Number(amount) < 0);
  const returned = moves.find(({ amount }) => Number(amount) > 0);
  if (withdrawn === undefined) return [];
  const of = (move: Document) => ({ ...eventOf(move, news), disputeId: id, amount: minor(move.amount) });
  const charge = idOf(dispute.charge);
  const opened = templates.disputeOpened({
    ...of(withdrawn),
    id: `stripe:dispute:${id}`,
    reference: id,
    parentReference: idOf(dispute.payment_intent) ?? charge,
    fee: minor(withdrawn.fee),
    follows: charge === undefined ? undefined : `stripe:charge:${charge}`,
  });
  if (returned !== undefined) {
    const won = templates.disputeWon({ ...of(returned), id: `stripe:dispute-won:${id}`, fee: minor(returned.fee), follows: opened.id });
    return [{ entry: opened }, { entry: won }];
  }
  // When it was lost Stripe does not say; what was lost was gone when it was withdrawn.
  const lost = templates.disputeLost({ ...of(withdrawn), id: `stripe:dispute-lost:${id}`, follows: opened.id });
  return dispute.status === "lost" ? [{ entry: opened }, { entry: lost }] : [{ entry: opened }];
}

function payoutSteps(payout: Document, news: News, bank: string): readonly Step[] {
  const id = String(payout.id);
  const fields = { ...eventOf(payout, news), payoutId: id, amount: minor(payout.amount) };
  const [sentId, arrivedId, failedId] = [`stripe:payout:${id}`, `stripe:arrived:${id}`, `stripe:payout-failed:${id}`];
  const sent = templates.payout({ ...fields, id: sentId });
  const status = String(payout.status);
  if (status === "paid") {
    const arrived = templates.payoutArrived({ ...fields, id: arrivedId, bank, occurredAt: Number(payout.arrival_date) * 1_000 });
    return [{ entry: sent }, { entry: arrived, unless: [failedId] }];
  }
  if (status !== "failed" && status !== "canceled") return [{ entry: sent }];
  const failed = templates.payoutFailed({ ...fields, id: failedId, follows: sentId });
  const arrived = news.known(arrivedId);
  // Paid first and failed later: the bank sent it back.
  const undone = arrived === null ? [] : [back(arrived, `stripe:returned:${id}`)];
  return [{ entry: sent }, ...undone, { entry: failed }];
}

function transactionSteps(transaction: Document, news: News): readonly Step[] {
  const id = String(transaction.id);
  const type = String(transaction.type);
  const event = eventOf(transaction, news);
  const [amount, fee] = [BigInt(String(transaction.amount)), minor(transaction.fee)];
  const source = idOf(transaction.source);
  if (type === "charge" || type === "payment") {
    const follows = source === undefined ? undefined : `stripe:charge:${source}`;
    const kept = templates.chargeFee({ ...event, id: `stripe:fee:${id}`, amount: fee, follows });
    const available = templates.fundsAvailable({
      ...event,
      id: `stripe:available:${id}`,
      amount: amount - fee,
      occurredAt: Number(transaction.available_on) * 1_000,
      follows,
    });
    return [
      ...(fee > 0n ? [{ entry: kept }] : []),
      ...(transaction.status === "available" && amount > fee ? [{ entry: available }] : []),
    ];
  }
  if (type === "stripe_fee" && amount < 0n) {
    return [{ entry: templates.fee({ ...event, id: `stripe:fee:${id}`, amount: -amount, reference: id, feeId: id }) }];
  }
  return [];
}

function back(entry: Parameters<typeof templates.reversal>[0], id: string): Step {
  return { entry: templates.reversal(entry, { id, occurredAt: entry.occurredAt, cause: entry.cause }) };
}

function eventOf({ created, currency }: Document, { cause }: News) {
  return { gateway: "stripe", currency: String(currency).toUpperCase(), occurredAt: Number(created) * 1_000, cause };
}

/** Minor units without their sign. */
function minor(value: unknown): bigint {
  const units = BigInt(String(value ?? 0));
  return units < 0n ? -units : units;
}

/** The id of an object that may be expanded. */
function idOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return isDocument(value) && typeof value.id === "string" ? value.id : undefined;
}

function isDocument(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
