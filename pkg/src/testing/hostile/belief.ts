/** What a shop believes of its orders, to be compared with what the gateway did. */

import { isTillproofError } from "../../shell/errors.js";
import { amountDigits, object, onlyKnown, refusal, text, type AmountInput } from "../../shell/guard.js";

/** What the shop's own records say of one order, in minor units. */
export interface Belief {
  /** The name of the order, as the gateway's payments carry it. */
  readonly order: string;
  /** What the customer has paid; 0 when nothing was taken; `null` when the shop does not know. */
  readonly paid: AmountInput | null;
  /** What was given back of it. 0 when left out. */
  readonly refunded?: AmountInput;
  /** What is held and not captured yet. 0 when left out. */
  readonly held?: AmountInput;
  /** ISO 4217, in any case; may be left out where no amount is above zero. */
  readonly currency?: string;
}

/** A belief after it was checked. */
export interface CheckedBelief {
  readonly order: string;
  readonly paid: bigint | null;
  readonly refunded: bigint;
  readonly held: bigint;
  /** Upper case; `null` where no amount needs one. */
  readonly currency: string | null;
}

const FIELDS = ["order", "paid", "refunded", "held", "currency"] as const;

/**
 * A belief as it is compared.
 *
 * Throws `belief_invalid` or `unknown_option`.
 */
export function checkedBelief(name: string, belief: Belief): CheckedBelief {
  const { order, paid, refunded = 0, held = 0, currency } = onlyKnown(name, object(name, belief), FIELDS);
  const checked = {
    order: text(`${name}.order`, order),
    paid: paid === null ? null : amount(`${name}.paid`, paid),
    refunded: amount(`${name}.refunded`, refunded),
    held: amount(`${name}.held`, held),
    currency: currency === undefined ? null : text(`${name}.currency`, currency).toUpperCase(),
  };
  if (checked.currency === null && ((checked.paid ?? 0n) > 0n || checked.held > 0n)) {
    throw refusal("belief_invalid", `${name}.currency`, currency, "is no currency: an amount above zero needs one, such as EUR");
  }
  return checked;
}

function amount(name: string, value: AmountInput): bigint {
  try {
    return BigInt(amountDigits(name, value));
  } catch (error) {
    if (!isTillproofError(error)) throw error;
    throw refusal("belief_invalid", name, value, "is no amount: expected minor units, 0 for nothing, or null for paid when the shop does not know");
  }
}
