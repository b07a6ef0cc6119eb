/**
 * What customers may do, asked by feature and never by plan.
 *
 * Invariant: an amount is used up at most once for each key, and never beyond what is granted, whoever asks at the same time:
 * what was used and who used it are written in one commit, guarded by the version that was read.
 */

import { TillproofError } from "../../shell/errors.js";
import { count, flag, fn, object, onlyKnown, optionalText, text, timeMs } from "../../shell/guard.js";
import { storeShape } from "../../stores/rules.js";
import type { Store, StoredRecord } from "../../stores/store.js";
import { checkedGrants, featureName, heldAt, periodOf, plansOf, size, withTerm, type Grants, type Held, type Plan, type Term, type Unlimited } from "./grants.js";

/** How entitlements are kept. */
export interface EntitlementsOptions {
  readonly store: Store;
  /** Grants by plan. Application code asks for features, so a plan can be changed here alone. */
  readonly plans: Readonly<Record<string, Grants>>;
  /** Several sets share a store by name; `main` when left out. */
  readonly name?: string | undefined;
  readonly now?: (() => number) | undefined;
}

/** What a subscription comes to from a time on. */
export interface SubscriptionChange {
  /** The id of the event that brought it: the same one twice changes nothing. */
  readonly id: string;
  readonly customer: string;
  readonly subscription: string;
  /** The name of a plan, grants of the customer's own, a list of both (empty for nothing yet), or `null` for nothing any more. */
  readonly plan: Plan;
  /** From when it holds; a time to come for what is agreed already. */
  readonly from: number;
  /** When it ends, such as the end of the period that was paid for; for ever when left out. */
  readonly until?: number | undefined;
  /** How long it still holds after its end, while a payment is tried again. In milliseconds; 0 when left out. */
  readonly graceMs?: number | undefined;
  /** When it happened: of two changes that begin at the same time, the later one counts. */
  readonly occurredAt: number;
  /** Says what was paid of a subscription, such as an invoice: it counts only until a change ends the subscription. */
  readonly renewal?: boolean | undefined;
}

/** At which moment a question is asked. */
export interface AskOptions {
  readonly now?: number | undefined;
  /** For a limit: how many of the things exist already. */
  readonly used?: number | undefined;
}

/** How an amount is used up. */
export interface ConsumeOptions {
  readonly now?: number | undefined;
  /** The key of the request: asked again with it, the answer is that of the first time, and nothing more is used up. */
  readonly key?: string | undefined;
}

/** What became of an amount. `remaining` is what is left of the period. */
export type Consumption =
  | { readonly ok: true; readonly used: number; readonly remaining: number | Unlimited }
  | { readonly ok: false; readonly reason: "not_granted" | "used_up"; readonly used: number; readonly remaining: number };

/** How often a change is tried when others write at the same time. */
const TRIES_MAX = 100;

/** How long the key of a request is remembered after its period, in milliseconds. */
const KEYS_KEPT_MS = 7 * 86_400_000;

/** The entitlements of all customers in a store. */
export class Entitlements {
  readonly #store: Store;
  readonly #plans: ReadonlyMap<string, Grants>;
  readonly #prefix: string;
  readonly #now: () => number;

  constructor(options: EntitlementsOptions) {
    const { store, plans, name, now } = onlyKnown("options", options, ["store", "plans", "name", "now"]);
    this.#store = storeShape("options.store", store);
    const checked = Object.entries(object("options.plans", plans)).map(([plan, grants]) => [plan, checkedGrants(`options.plans.${plan}`, grants)] as const);
    this.#plans = new Map(checked);
    this.#prefix = `entitlements/${encodeURIComponent(text("options.name", name ?? "main"))}/`;
    this.#now = fn("options.now", now ?? Date.now);
  }

  /** Takes over a change of a subscription. In any order, and as often as it comes. `false` when it was known, or overtaken. */
  async apply(change: SubscriptionChange): Promise<boolean> {
    const known = ["id", "customer", "subscription", "plan", "from", "until", "graceMs", "occurredAt", "renewal"] as const;
    const { customer, ...given } = onlyKnown("change", change, [...known]);
    const term: Term = {
      subscription: text("change.subscription", given.subscription),
      plan: this.#plan(given.plan),
      from: timeMs("change.from", given.from),
      until: given.until === undefined ? null : timeMs("change.until", given.until),
      grace_ms: count("change.graceMs", given.graceMs ?? 0),
      occurred_at: timeMs("change.occurredAt", given.occurredAt),
      event: text("change.id", given.id),
      ...(flag("change.renewal", given.renewal) === true ? { renewal: true } : {}),
    };
    const key = this.#customerKey(customer);
    return this.#atVersion(async () => {
      const record = await this.#store.get(key);
      const terms = termsOf(record);
      const after = withTerm(terms, term);
      if (after === terms) return false;
      const written = await this.#store.commit([{ key, expected: record?.version ?? 0, value: JSON.stringify({ terms: after }) }]);
      return written ? true : undefined;
    });
  }

  /** Whether a customer may use a feature: a flag that is set, room below a limit, or something left of a metered amount. */
  async can(customer: string, feature: string, options: AskOptions = {}): Promise<boolean> {
    const { now, used } = onlyKnown("options", options, ["now", "used"]);
    const at = this.#at(now);
    const held = await this.#held(customer, feature, at);
    if (held === null) return false;
    if (typeof held.grant === "object" && "metered" in held.grant) {
      return size(held.grant) > usedOf(await this.#store.get(this.#usageKey(customer, feature, held, at)));
    }
    return size(held.grant) > count("options.used", used ?? 0);
  }

  /** The number that is granted of a feature: of a limit, or of a metered amount in its period. 0 when nothing is. */
  async limit(customer: string, feature: string, options: AskOptions = {}): Promise<number | Unlimited> {
    const held = await this.#held(customer, feature, this.#at(onlyKnown("options", options, ["now", "used"]).now));
    const most = held === null ? 0 : size(held.grant);
    return most === Infinity ? "unlimited" : most;
  }

  /** Uses up a part of a metered amount, whole or not at all. */
  async consume(customer: string, feature: string, amount: number, options: ConsumeOptions = {}): Promise<Consumption> {
    const { now, key } = onlyKnown("options", options, ["now", "key"]);
    const [at, wanted, once] = [this.#at(now), count("amount", amount, 1), optionalText("options.key", key)];
    const held = await this.#held(customer, feature, at);
    const onceKey = once === undefined ? undefined : `${this.#prefix}once/${encodeURIComponent(customer)}/${feature}/${encodeURIComponent(once)}`;
    return this.#atVersion(async () => {
      const before = onceKey === undefined ? null : await this.#store.get(onceKey);
      if (before !== null) return answered(before, wanted);
      if (held === null || typeof held.grant !== "object" || !("metered" in held.grant)) {
        return { ok: false, reason: "not_granted", used: 0, remaining: 0 } as const;
      }
      const usage = this.#usageKey(customer, feature, held, at);
      const record = await this.#store.get(usage);
      const [most, used] = [size(held.grant), usedOf(record)];
      if (used + wanted > most) return { ok: false, reason: "used_up", used, remaining: Math.max(0, most - used) } as const;

      // From here on the amount is used up, if nobody was faster.
      const after: Consumption = { ok: true, used: used + wanted, remaining: most === Infinity ? "unlimited" : most - used - wanted };
      const { ends } = periodOf(held, at);
      const expiresAt = ends === null ? null : ends + KEYS_KEPT_MS;
      const written = await this.#store.commit([
        { key: usage, expected: record?.version ?? 0, value: JSON.stringify({ used: after.used }), expiresAt },
        ...(onceKey === undefined ? [] : [{ key: onceKey, expected: 0, value: JSON.stringify({ amount: wanted, ...after }), expiresAt }]),
      ]);
      return written ? after : undefined;
    });
  }

  #plan(plan: Plan): Plan {
    for (const one of plansOf(plan)) {
      if (typeof one === "object") checkedGrants("change.plan", one);
      else if (!this.#plans.has(text("change.plan", one))) throw this.#unknownPlan(one);
    }
    return plan;
  }

  #unknownPlan(plan: string): TillproofError {
    return new TillproofError({
      code: "plan_unknown",
      message: `there is no plan ${JSON.stringify(plan.slice(0, 80))}: add it to the plans of these entitlements, or give the grants themselves`,
      details: { found: plan.slice(0, 80) },
    });
  }

  async #held(customer: string, feature: string, at: number): Promise<Held | null> {
    featureName("feature", feature);
    const terms = termsOf(await this.#store.get(this.#customerKey(customer)));
    return heldAt(terms, feature, at, (plan) => {
      if (typeof plan === "object") return plan;
      const grants = this.#plans.get(plan);
      if (grants === undefined) throw this.#unknownPlan(plan);
      return grants;
    });
  }

  /** Tries until a write stands on what was read; `undefined` says that somebody was faster. */
  async #atVersion<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const answer = await attempt();
      if (answer !== undefined) return answer;
    }
    throw new TillproofError({
      code: "entitlements_busy",
      message: `others changed the same record ${TRIES_MAX} times in a row: try again in a moment`,
      advice: "wait",
    });
  }

  #at(now: number | undefined): number {
    return timeMs("options.now", now ?? this.#now());
  }

  #customerKey(customer: string): string {
    return `${this.#prefix}customer/${encodeURIComponent(text("customer", customer))}`;
  }

  #usageKey(customer: string, feature: string, held: Held, at: number): string {
    return `${this.#prefix}usage/${encodeURIComponent(customer)}/${feature}/${encodeURIComponent(periodOf(held, at).name)}`;
  }
}

/** The answer of the first time. Throws `consumption_differs` when another amount was asked for then. */
function answered(record: StoredRecord, wanted: number): Consumption {
  const { amount, ...answer } = JSON.parse(record.value) as Consumption & { readonly amount: number };
  if (amount === wanted) return answer;
  throw new TillproofError({
    code: "consumption_differs",
    message: `options.key: ${amount} were used up with this key, and not ${wanted}: use a key for each request`,
    details: { argument: "options.key", expected: String(amount), found: String(wanted) },
  });
}

function termsOf(record: StoredRecord | null): readonly Term[] {
  return record === null ? [] : (JSON.parse(record.value) as { readonly terms: readonly Term[] }).terms;
}

function usedOf(record: StoredRecord | null): number {
  return record === null ? 0 : (JSON.parse(record.value) as { readonly used: number }).used;
}
