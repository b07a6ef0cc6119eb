/**
 * PayPal's captures, refunds and disputes as entries.
 *
 * A webhook of PayPal proves little by itself: hand over what was fetched again, or an order as a call answered it. PayPal
 * writes decimals in major units, so amounts are read with the decimals of ISO 4217, and other currencies than PayPal's own
 * are refused.
 */

import { TillproofError } from "../../shell/errors.js";
import { templates } from "../templates.js";
import type { Document, Mapping, News, Step } from "./mirror.js";

/** The currencies PayPal pays in, each with two decimals by ISO 4217 but for the yen. */
const CURRENCIES = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD";

interface Money {
  readonly currency_code: string;
  readonly value: string;
}

interface Resource {
  readonly id: string;
  readonly dispute_id: string;
  readonly status: string;
  readonly amount: Money;
  readonly dispute_amount: Money;
  readonly create_time: string;
  readonly update_time?: string;
  readonly invoice_id?: string;
  readonly custom_id?: string;
  readonly seller_receivable_breakdown?: { readonly paypal_fee?: Money };
  readonly supplementary_data?: { readonly related_ids?: { readonly capture_id?: string } };
  readonly disputed_transactions?: readonly { readonly seller_transaction_id?: string }[];
  readonly dispute_outcome?: { readonly outcome_code?: string };
}

type Kind = "capture" | "refund" | "dispute";

/** How PayPal's objects are booked: orders, and the resources of its events. */
export function paypalMapping(): Mapping {
  return {
    name: "paypal",
    objectsOf: ({ event_type: type, resource }) => {
      const kind = kindOf(String(type));
      return kind === null ? [] : [{ kind, resource }];
    },
    steps: (document, news) => {
      const { kind, resource, purchase_units: units } = document as { kind?: Kind; resource?: Resource; purchase_units?: readonly Document[] };
      if (kind !== undefined && resource !== undefined) return STEPS[kind](resource, news);
      return (units ?? []).flatMap(({ payments }) => {
        const { captures = [], refunds = [] } = (payments ?? {}) as { captures?: readonly Resource[]; refunds?: readonly Resource[] };
        return [...captures.flatMap((capture) => captureSteps(capture, news)), ...refunds.flatMap((refund) => refundSteps(refund, news))];
      });
    },
  };
}

function kindOf(type: string): Kind | null {
  // A capture that was refunded or reversed comes with the refund and not with the capture.
  if (/^PAYMENT\.(CAPTURE\.(REFUNDED|REVERSED)|REFUND\.)/.test(type)) return "refund";
  if (type.startsWith("PAYMENT.CAPTURE.")) return "capture";
  return type.startsWith("CUSTOMER.DISPUTE.") ? "dispute" : null;
}

const STEPS: Readonly<Record<Kind, (resource: Resource, news: News) => readonly Step[]>> = {
  capture: captureSteps,
  refund: refundSteps,
  dispute: disputeSteps,
};

function captureSteps(capture: Resource, news: News): readonly Step[] {
  if (!["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"].includes(capture.status)) return [];
  const { id, seller_receivable_breakdown: breakdown, amount } = capture;
  const sale = `paypal:charge:${id}`;
  const fee = breakdown?.paypal_fee === undefined ? undefined : minor(breakdown.paypal_fee);
  const event = eventOf(capture.create_time, amount, news);
  const fields = { reference: capture.invoice_id ?? capture.custom_id ?? id, paymentId: id, fee };
  return [
    { entry: templates.charge({ ...event, ...fields, id: sale }) },
    { entry: templates.fundsAvailable({ ...event, id: `paypal:available:${id}`, amount: event.amount - (fee ?? 0n), follows: sale }) },
  ];
}

function refundSteps(refund: Resource, news: News): readonly Step[] {
  const { id, status } = refund;
  if (status === "PENDING") return [];
  const capture = refund.supplementary_data?.related_ids?.capture_id;
  const entry = templates.refund({
    ...eventOf(refund.create_time, refund.amount, news),
    id: `paypal:refund:${id}`,
    reference: id,
    refundId: id,
    parentReference: refund.invoice_id ?? refund.custom_id ?? capture,
    follows: capture === undefined ? undefined : `paypal:charge:${capture}`,
  });
  if (status === "COMPLETED") return [{ entry }];
  const { occurredAt, cause } = entry;
  return [{ entry }, { entry: templates.reversal(entry, { id: `paypal:refund-failed:${id}`, occurredAt, cause }) }];
}

function disputeSteps(dispute: Resource, news: News): readonly Step[] {
  const { dispute_id: id, dispute_amount: amount, create_time: from, update_time: until = from } = dispute;
  const capture = dispute.disputed_transactions?.[0]?.seller_transaction_id;
  const follows = capture === undefined ? undefined : `paypal:charge:${capture}`;
  const entry = templates.disputeOpened({ ...eventOf(from, amount, news), id: `paypal:dispute:${id}`, disputeId: id, reference: id, parentReference: capture, follows });
  const opened = { entry, unless: [entry.id] };
  const outcome = dispute.dispute_outcome?.outcome_code ?? "";
  if (dispute.status !== "RESOLVED" || outcome === "") return [opened];
  const ended = { ...eventOf(until, amount, news), disputeId: id, follows: entry.id };
  const [won, lost] = [`paypal:dispute-won:${id}`, `paypal:dispute-lost:${id}`];
  const result = /SELLER|CANCELED/.test(outcome) ? templates.disputeWon({ ...ended, id: won }) : templates.disputeLost({ ...ended, id: lost });
  return [opened, { entry: result, unless: [won, lost] }];
}

function eventOf(time: string, amount: Money, { cause }: News) {
  return { gateway: "paypal", currency: amount.currency_code, amount: minor(amount), occurredAt: Date.parse(time), cause };
}

/** Minor units of a decimal number. Throws `amount_not_decimal` for what PayPal never writes. */
function minor({ value, currency_code: currency }: Money): bigint {
  const [, whole = "", fraction = ""] = /^([0-9]{1,15})(?:\.([0-9]{1,2}))?$/.exec(String(value)) ?? [];
  const decimals = currency === "JPY" ? 0 : 2;
  const known = currency.length === 3 && CURRENCIES.includes(currency);
  if (whole === "" || !known || /[1-9]/.test(fraction.slice(decimals))) {
    throw new TillproofError({
      code: "amount_not_decimal",
      message: `${JSON.stringify(String(value).slice(0, 40))} ${String(currency).slice(0, 8)} is no amount of PayPal: expected a decimal number such as 10.00 in one of its currencies`,
      advice: "report_bug",
      details: { found: String(value).slice(0, 40), currency: String(currency).slice(0, 8) },
    });
  }
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
}
