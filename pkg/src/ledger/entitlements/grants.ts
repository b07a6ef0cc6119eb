/**
 * What a customer may do at a moment: a pure function of his terms.
 *
 * Invariant: terms may become known in any order. Of two that begin at the same time the one that happened later counts, and
 * of all that have begun, in each subscription, the one that began last. A renewal counts only while nothing else has ended
 * its subscription.
 */

import { TillproofError } from "../../shell/errors.js";
import { count, object, onlyKnown } from "../../shell/guard.js";

/** No bound. */
export type Unlimited = "unlimited";

/**
 * What is granted of a feature. A flag is there or not; a limit is a number of things that exist at once; a metered amount is
 * used up within its period: a UTC `day` or `month`, or the `term` that was paid for.
 */
export type Grant =
  | boolean
  | { readonly limit: number | Unlimited }
  | { readonly metered: number | Unlimited; readonly per: "day" | "month" | "term" };

/** Grants by feature. */
export type Grants = Readonly<Record<string, Grant>>;

/** A plan by name, the grants of a customer's own, several of both (none yet, in an empty list), or `null`: nothing any more. */
export type Plan = string | Grants | null | readonly (string | Grants)[];

/** What a subscription comes to from a time on, as it is stored. */
export interface Term {
  readonly subscription: string;
  /** Plans by name, the grants of a customer's own, several of them, or nothing any more. */
  readonly plan: Plan;
  readonly from: number;
  /** When it ends; `null` when nobody said. */
  readonly until: number | null;
  /** How long it still holds after its end, in milliseconds. */
  readonly grace_ms: number;
  readonly occurred_at: number;
  /** The event that brought it. */
  readonly event: string;
  /** Whether it says what was paid of a subscription, and not what was subscribed to. */
  readonly renewal?: true;
}

/** A grant that holds, and since when. */
export interface Held {
  readonly grant: Grant;
  readonly term: Term;
}

const FEATURE = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** Grants as a caller wrote them. Throws `feature_invalid` or `grant_invalid` with the feature. */
export function checkedGrants(name: string, grants: Grants): Grants {
  for (const [feature, grant] of Object.entries(object(name, grants))) {
    featureName(`${name}.${feature}`, feature);
    if (typeof grant === "boolean") continue;
    const place = `${name}.${feature}`;
    const wanted = object(place, grant);
    if ("limit" in wanted) {
      amount(`${place}.limit`, onlyKnown(place, wanted, ["limit"]).limit);
      continue;
    }
    const { metered, per } = onlyKnown(place, wanted, ["metered", "per"]);
    amount(`${place}.metered`, metered);
    if (!["day", "month", "term"].includes(per)) {
      throw new TillproofError({
        code: "grant_invalid",
        message: `${place}.per: ${JSON.stringify(per)} is no period: expected day, month or term`,
        details: { argument: `${place}.per` },
      });
    }
  }
  return grants;
}

/** The name of a feature. Throws `feature_invalid`. */
export function featureName(name: string, feature: unknown): string {
  if (typeof feature === "string" && FEATURE.test(feature)) return feature;
  throw new TillproofError({
    code: "feature_invalid",
    message: `${name}: ${JSON.stringify(String(feature).slice(0, 80))} is no name of a feature: expected 1 to 64 letters, digits, _ . or -, a letter first`,
    details: { argument: name },
  });
}

function amount(name: string, value: number | Unlimited): void {
  if (value !== "unlimited") count(name, value);
}

/** The terms with one more; the same event twice changes nothing. */
export function withTerm(terms: readonly Term[], term: Term): readonly Term[] {
  const other = terms.find(({ subscription, from, renewal }) => subscription === term.subscription && from === term.from && renewal === term.renewal);
  if (other === undefined) return [...terms, term];
  const newer = term.occurred_at - other.occurred_at || (term.event > other.event ? 1 : -1);
  return newer > 0 ? terms.map((known) => (known === other ? term : known)) : terms;
}

/** The most generous grant of a feature that holds at a moment, over all subscriptions. */
export function heldAt(terms: readonly Term[], feature: string, at: number, grantsOf: (plan: string | Grants) => Grants): Held | null {
  let best: Held | null = null;
  for (const term of currentAt(terms, at)) {
    if (term.until !== null && at >= term.until + term.grace_ms) continue;
    for (const plan of plansOf(term.plan)) {
      const grants = grantsOf(plan);
      const grant = Object.hasOwn(grants, feature) ? grants[feature] : undefined;
      if (grant !== undefined && (best === null || size(grant) > size(best.grant))) best = { grant, term };
    }
  }
  return best;
}

/** The plans of a term, one by one. */
export function plansOf(plan: Plan): readonly (string | Grants)[] {
  if (plan === null) return [];
  return isList(plan) ? plan : [plan];
}

function isList(plan: Plan): plan is readonly (string | Grants)[] {
  return Array.isArray(plan);
}

/** The term of each subscription that counts at a moment. */
function currentAt(terms: readonly Term[], at: number): readonly Term[] {
  const [subscribed, renewed] = [new Map<string, Term>(), new Map<string, Term>()];
  for (const term of terms) {
    const known = term.renewal === true ? renewed : subscribed;
    const other = known.get(term.subscription);
    if (term.from <= at && (other === undefined || later(term, other))) known.set(term.subscription, term);
  }
  for (const [subscription, renewal] of renewed) {
    const other = subscribed.get(subscription);
    if (other === undefined || (other.plan !== null && later(renewal, other))) subscribed.set(subscription, renewal);
  }
  return [...subscribed.values()];
}

function later(term: Term, other: Term): boolean {
  return term.from > other.from || (term.from === other.from && term.occurred_at > other.occurred_at);
}

/** How much a grant is, for comparing two of one feature. */
export function size(grant: Grant): number {
  if (typeof grant === "boolean") return Number(grant);
  const most = "limit" in grant ? grant.limit : grant.metered;
  return most === "unlimited" ? Infinity : most;
}

/** The period of a metered grant that a moment falls into: its name, and when it is over. */
export function periodOf({ grant, term }: Held, at: number): { readonly name: string; readonly ends: number | null } {
  const per = typeof grant === "object" && "per" in grant ? grant.per : "term";
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  switch (per) {
    case "day":
      return { name: date.toISOString().slice(0, 10), ends: Date.UTC(year, month, day + 1) };
    case "month":
      return { name: date.toISOString().slice(0, 7), ends: Date.UTC(year, month + 1, 1) };
    case "term":
      return { name: `${term.subscription}@${term.from}`, ends: term.until === null ? null : term.until + term.grace_ms };
  }
}
