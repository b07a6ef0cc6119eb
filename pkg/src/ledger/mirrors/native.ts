/**
 * Payments of the native gateway as entries.
 *
 * A payment carries its whole history, so one snapshot says everything up to it: every entry is made of the transition or of
 * the refund it stands for.
 */

import { templates } from "../templates.js";
import type { Document, Mapping, News, Step } from "./mirror.js";

/** A hold is over after seven days. */
const CAPTURE_MS = 7 * 86_400_000;

interface Transition {
  readonly from: string;
  readonly to: string;
  readonly at: number;
}

interface Payment {
  readonly id: string;
  readonly amount: number | bigint;
  readonly amountCaptured: number | bigint;
  readonly currency: string;
  readonly fee: number | bigint;
  readonly reference: string | null;
  readonly refunds: readonly { readonly id: string; readonly amount: number | bigint; readonly createdAt: number }[];
  readonly transitions: readonly Transition[];
}

/** How payments of the native gateway are booked. `gateway` is its name in the names of accounts; `native` when left out. */
export function nativeMapping(options: { readonly gateway?: string | undefined } = {}): Mapping {
  const { gateway = "native" } = options;
  return {
    name: "native",
    objectsOf: ({ data }) => {
      const payment = (data as { readonly payment?: Document } | undefined)?.payment;
      return payment === undefined ? [] : [payment];
    },
    steps: (document, news) => (document.object === "payment" ? paymentSteps(document as unknown as Payment, news, gateway) : []),
  };
}

function paymentSteps(payment: Payment, { cause }: News, gateway: string): readonly Step[] {
  const { id, currency, fee, reference, refunds, transitions } = payment;
  const event = (at: number) => ({ gateway, currency, cause, occurredAt: Number(at) });
  const steps: Step[] = [];
  const [hold, sale] = [`${gateway}:hold:${id}`, `${gateway}:charge:${id}`];
  for (const { from, to, at } of transitions) {
    const held = { authorization: id, amount: payment.amount };
    if (to === "authorized") {
      steps.push({ entry: templates.authorization({ ...event(at), ...held, id: hold, expiresAt: Number(at) + CAPTURE_MS }) });
    }
    if (from === "authorized") {
      const release = `${gateway}:release:${id}`;
      const entry = templates.authorizationVoided({ ...event(at), ...held, id: release, of: hold });
      // An expiry that the ledger posted by itself has let go of it already.
      steps.push({ entry, unless: [release, `expiry:${hold}`] });
    }
    if (to === "completed") {
      const fields = { reference: reference ?? id, paymentId: id, amount: payment.amountCaptured, fee };
      steps.push({ entry: templates.charge({ ...event(at), ...fields, id: sale }) });
    }
  }
  for (const refund of refunds) {
    const fields = { reference: refund.id, refundId: refund.id, parentReference: reference ?? id, follows: sale };
    steps.push({ entry: templates.refund({ ...event(refund.createdAt), ...fields, id: `${gateway}:refund:${refund.id}`, amount: refund.amount }) });
  }
  return steps;
}
