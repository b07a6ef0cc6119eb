/** What must hold between a shop's records and the gateway when all has come to rest. */

import type { CheckedBelief } from "./belief.js";
import type { TruePayment } from "./truth.js";

/** The name of an invariant that is checked unless the test says otherwise. */
export type InvariantName = "charged_once" | "nothing_lost" | "nothing_imagined" | "amounts_agree" | "decided" | "books_agree";

/** Both sides at the end of a run. */
export interface Outcome {
  readonly seed: number;
  /** What the shop believes, by order. */
  readonly beliefs: ReadonlyMap<string, CheckedBelief>;
  /** What the gateway holds, oldest first. */
  readonly payments: readonly TruePayment[];
  /** Whether the gateway's own books balance; `null` where the dialect cannot be asked. */
  readonly balanced: boolean | null;
}

/** An invariant of the merchant's own. */
export interface Invariant {
  readonly name: string;
  /** What is wrong, one sentence each; nothing when all is well. */
  readonly check: (outcome: Outcome) => readonly string[] | string | undefined | Promise<readonly string[] | string | undefined>;
}

/** An invariant that did not hold. */
export interface Violation {
  /** The name of the invariant; `threw` and `stuck` when the integration itself failed. */
  readonly invariant: string;
  /** What is wrong, in one sentence. */
  readonly message: string;
}

/** The invariants that are checked when a test names none, the gravest first. */
export const INVARIANTS: readonly Invariant[] = [
  { name: "charged_once", check: chargedOnce },
  { name: "nothing_lost", check: nothingLost },
  { name: "nothing_imagined", check: nothingImagined },
  { name: "amounts_agree", check: amountsAgree },
  { name: "decided", check: decided },
  { name: "books_agree", check: booksAgree },
] satisfies readonly { name: InvariantName; check: Invariant["check"] }[];

/** An amount as the stories write it. */
export function money(minor: bigint, currency: string | null): string {
  return `${minor} ${currency ?? ""}`.trimEnd();
}

/** Everything that is wrong, in the order of the invariants. */
export async function violations(invariants: readonly Invariant[], outcome: Outcome): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const { name, check } of invariants) {
    const told = (await check(outcome)) ?? [];
    for (const message of typeof told === "string" ? [told] : told) found.push({ invariant: name, message });
  }
  return found;
}

/** Payments by their order; those without a name stand under the empty one. */
function byOrder(payments: readonly TruePayment[]): Map<string, TruePayment[]> {
  const groups = new Map<string, TruePayment[]>();
  for (const payment of payments) {
    const order = payment.order ?? "";
    groups.set(order, [...(groups.get(order) ?? []), payment]);
  }
  return groups;
}

/** What the gateway keeps or holds of a payment. */
function taken(payment: TruePayment): bigint {
  return payment.captured - payment.refunded + payment.held;
}

function chargedOnce({ payments }: Outcome): string[] {
  const found: string[] = [];
  for (const [order, group] of byOrder(payments)) {
    const kept = group.filter((payment) => taken(payment) > 0n);
    if (order === "" || kept.length < 2) continue;
    const amounts = kept.map((payment) => `${money(taken(payment), payment.currency)} by ${payment.id}`);
    found.push(`order ${order} was charged ${kept.length} times: ${amounts.join(", ")}`);
  }
  return found;
}

function nothingLost({ beliefs, payments }: Outcome): string[] {
  const found: string[] = [];
  for (const payment of payments) {
    if (taken(payment) <= 0n) continue;
    const shown = `${payment.id} over ${money(taken(payment), payment.currency)}`;
    if (payment.order === null) {
      found.push(`the gateway took ${shown}, which names no order: give it one, or tell orderOf where it stands`);
      continue;
    }
    const belief = beliefs.get(payment.order);
    if (belief === undefined) found.push(`the gateway took ${shown} for order ${payment.order}, of which the shop says nothing`);
    else if (belief.paid === 0n && belief.held === 0n) {
      found.push(`the gateway took ${shown} for order ${payment.order}, which the shop believes unpaid`);
    }
  }
  return found;
}

function nothingImagined({ beliefs, payments }: Outcome): string[] {
  const groups = byOrder(payments);
  const found: string[] = [];
  for (const belief of beliefs.values()) {
    const group = groups.get(belief.order) ?? [];
    if ((belief.paid ?? 0n) > 0n && !group.some((payment) => payment.captured > 0n)) {
      found.push(`the shop believes order ${belief.order} paid, and the gateway never took anything for it`);
    }
  }
  return found;
}

function amountsAgree({ beliefs, payments }: Outcome): string[] {
  const groups = byOrder(payments);
  const found: string[] = [];
  for (const belief of beliefs.values()) {
    const group = groups.get(belief.order) ?? [];
    // Where one side has nothing at all, the invariants above have said so already.
    if (belief.paid === null || group.every((payment) => payment.captured + payment.held === 0n)) continue;
    if (belief.paid === 0n && belief.held === 0n) continue;
    const sides = [
      ["paid", belief.paid, sum(group, (payment) => payment.captured)],
      ["refunded", belief.refunded, sum(group, (payment) => payment.refunded)],
      ["held", belief.held, sum(group, (payment) => payment.held)],
    ] as const;
    for (const [what, believed, actual] of sides) {
      if (believed === actual) continue;
      const shown = `${money(believed, belief.currency)} ${what} for order ${belief.order}`;
      found.push(`the shop believes ${shown}, and at the gateway it is ${money(actual, group[0]?.currency ?? null)}`);
    }
    const other = group.find((payment) => payment.captured + payment.held > 0n && payment.currency !== belief.currency);
    if (other !== undefined) {
      found.push(`the shop believes order ${belief.order} paid in ${belief.currency}, and the gateway took ${other.currency}`);
    }
  }
  return found;
}

function decided({ beliefs }: Outcome): string[] {
  const open = [...beliefs.values()].filter((belief) => belief.paid === null);
  return open.map(({ order }) => `the shop still does not know whether order ${order} is paid, though nothing fails any more`);
}

function booksAgree({ beliefs, payments, balanced }: Outcome): string[] {
  const totals = new Map<string, [shop: bigint, gateway: bigint]>();
  const total = (currency: string): [bigint, bigint] => totals.get(currency) ?? [0n, 0n];
  for (const { paid, refunded, currency } of beliefs.values()) {
    if (currency === null) continue;
    const [shop, gateway] = total(currency);
    totals.set(currency, [shop + (paid ?? 0n) - refunded, gateway]);
  }
  for (const { captured, refunded, currency } of payments) {
    const [shop, gateway] = total(currency);
    totals.set(currency, [shop, gateway + captured - refunded]);
  }
  const found: string[] = [];
  for (const [currency, [shop, gateway]] of totals) {
    if (shop === gateway) continue;
    const difference = money(gateway - shop, currency);
    found.push(`the shop's books say ${money(shop, currency)} and the gateway's ${money(gateway, currency)}: ${difference} apart`);
  }
  if (balanced === false) found.push("the gateway's own books do not balance, which is a bug of the simulator: please report it");
  return found;
}

function sum(payments: readonly TruePayment[], of: (payment: TruePayment) => bigint): bigint {
  return payments.reduce((total, payment) => total + of(payment), 0n);
}
