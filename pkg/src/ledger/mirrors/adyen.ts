/**
 * Adyen's notifications as entries: each item says one thing, and says it once.
 *
 * Entries are called after the `pspReference` of the item, which is signed. What was only authorised is not booked: Adyen
 * captures by itself or by the merchant's call, and an item does not say which. Fees stand in the settlement report.
 */

import { templates } from "../templates.js";
import type { Document, Mapping, News, Step } from "./mirror.js";

interface Item {
  readonly pspReference: string;
  readonly originalReference?: string;
  readonly merchantReference: string;
  readonly amount: { readonly currency: string; readonly value: number | bigint };
  readonly eventCode: string;
  readonly success: string;
  readonly eventDate: string;
}

/** What the mirror cannot know of an account at Adyen. */
export interface AdyenMappingOptions {
  /** `immediate` where Adyen captures by itself, so that an authorisation is a sale; `manual` when left out. */
  readonly capture?: "immediate" | "manual" | undefined;
}

/** How Adyen's notifications are booked. */
export function adyenMapping(options: AdyenMappingOptions = {}): Mapping {
  const { capture = "manual" } = options;
  return {
    name: "adyen",
    objectsOf: ({ notificationItems: items }) =>
      Array.isArray(items) ? (items as readonly { readonly NotificationRequestItem: Document }[]).map((item) => item.NotificationRequestItem) : [],
    // What Adyen was asked for and refused moved nothing.
    steps: (document, news) => (document.success === "true" ? itemSteps(document as unknown as Item, news, capture) : []),
  };
}

function itemSteps(item: Item, news: News, capture: "immediate" | "manual"): readonly Step[] {
  const { pspReference: psp, originalReference: original, merchantReference, eventCode } = item;
  const event = eventOf(item, news);
  const sale = (payment: string): string => `adyen:charge:${payment}`;
  const dispute = { disputeId: psp, reference: psp, parentReference: merchantReference, follows: original === undefined ? undefined : sale(original) };
  switch (eventCode) {
    case "AUTHORISATION":
      if (capture === "manual") return [];
      return once(templates.charge({ ...event, id: sale(psp), reference: merchantReference, paymentId: psp }));
    case "CAPTURE":
      if (capture === "immediate") return [];
      return once(templates.charge({ ...event, id: sale(psp), reference: merchantReference, paymentId: original ?? psp }));
    case "CAPTURE_FAILED":
      return undone(templates.charge({ ...event, id: sale(psp), reference: merchantReference, paymentId: original ?? psp }), `adyen:charge-failed:${psp}`);
    case "REFUND":
      return once(refundOf(item, news));
    case "REFUND_FAILED":
    case "REFUNDED_REVERSED":
      return undone(refundOf(item, news), `adyen:refund-failed:${psp}`);
    case "CHARGEBACK":
      return once(templates.disputeOpened({ ...event, ...dispute, id: `adyen:dispute:${psp}` }));
    case "CHARGEBACK_REVERSED":
    case "PREARBITRATION_WON":
      return once(templates.disputeWon({ ...event, ...dispute, id: `adyen:dispute-won:${psp}` }));
    case "SECOND_CHARGEBACK":
    case "PREARBITRATION_LOST":
      return once(templates.disputeOpened({ ...event, ...dispute, id: `adyen:dispute-again:${psp}` }));
    default:
      return [];
  }
}

function refundOf(item: Item, news: News) {
  const { pspReference: psp, originalReference: original, merchantReference } = item;
  const follows = original === undefined ? undefined : `adyen:charge:${original}`;
  return templates.refund({ ...eventOf(item, news), id: `adyen:refund:${psp}`, reference: psp, refundId: psp, parentReference: merchantReference, follows });
}

/** The time of an item is its own: whichever item comes first is the one that counts. */
function once(entry: Step["entry"]): readonly Step[] {
  return [{ entry, unless: [entry.id] }];
}

/** Says what failed as well, for a failure that comes before what it is about. */
function undone(entry: Step["entry"], id: string): readonly Step[] {
  const { occurredAt, cause } = entry;
  return [...once(entry), { entry: templates.reversal(entry, { id, occurredAt, cause }), unless: [id] }];
}

function eventOf({ amount, eventDate }: Item, { cause }: News) {
  return { gateway: "adyen", currency: amount.currency, amount: amount.value, occurredAt: Date.parse(eventDate), cause };
}
