/** What a gateway may do to its merchant, and the record of what it did. */

import { tag } from "../shell/errors.js";
import { refusal } from "../shell/guard.js";

/** The name of a fault, as it stands in fault files and in the ground truth. */
export type FaultName =
  | "request_lost"
  | "rate_limited"
  | "rate_limited_retry"
  | "server_error"
  | "unmarked_error"
  | "unmarked_not_found"
  | "bad_gateway"
  | "empty_answer"
  | "server_error_stored"
  | "key_in_flight"
  | "key_expired"
  | "duplicate_submission"
  | "response_truncated"
  | "response_lost"
  | "response_hung"
  | "slow"
  | "stale_read"
  | "search_lag"
  | "list_grows"
  | "webhook_early"
  | "webhook_duplicate"
  | "webhook_reorder"
  | "webhook_delay"
  | "webhook_never"
  | "webhook_late"
  | "webhook_twin"
  | "webhook_unknown"
  | "webhook_forged"
  | "webhook_outage"
  | "webhook_lost"
  | "webhook_stale_signature"
  | "webhook_wrong_secret"
  | "webhook_reserialized"
  | "webhook_extra_field"
  | "webhook_old_version"
  | "webhook_timeout"
  | "settlement_amount"
  | "settlement_fee"
  | "settlement_missing"
  | "settlement_duplicate"
  | "settlement_foreign"
  | "settlement_status"
  | "settlement_rate"
  | "settlement_payout"
  | "settlement_exponent"
  | "settlement_sign"
  | "payout_total"
  | "bank_amount"
  | "bank_missing"
  | "bank_late"
  | "bank_split"
  | "bank_merged"
  | "payout_returned"
  | "refund_returned"
  | "dispute_silent"
  | "dispute_fee_missing"
  | "dispute_fee_doubled"
  | "settlement_uncaptured"
  | "authorization_short"
  | "reserve_held"
  | "bank_debit"
  | "settlement_twice"
  | "settlement_restated"
  | "settlement_twin"
  | "unannounced"
  | "settlement_day";

/** When a fault happens, and how long it lasts where it delays. */
export interface FaultRule {
  /** A decimal from 0 to 1 with at most six decimals; as text or number. Either this or {@link FaultRule.nth}. */
  readonly probability?: string | number;
  /** The matching calls at which it happens, counted from 1 since the plan was set. */
  readonly nth?: readonly number[];
  /** From and to, in milliseconds, for the faults that delay; at most a day for requests, thirty for deliveries. */
  readonly delayMs?: readonly [from: number, to: number];
}

/** A plan with a name. */
export type FaultPreset = "none" | "gentle" | "hostile" | "blackout" | "month-end";

/** One line of a script: a single injection. */
export interface FaultLine {
  readonly fault: FaultName;
  /**
   * Where: a route such as `POST /v1/refunds`, with `:id` or `*` for any part of the path; a type of events; a kind of
   * transaction. Anywhere when left out.
   */
  readonly route?: string;
  /** At which matching call, from 1 since the plan was set. */
  readonly call: number;
  /** As in {@link FaultRule.delayMs}. */
  readonly delayMs?: readonly [from: number, to: number];
}

/**
 * A preset, or a rule for each fault that may happen (a probability alone may stand for its rule) and a script of single
 * injections.
 */
export type FaultPlan =
  | FaultPreset
  | ({ readonly [name in FaultName]?: FaultRule | string | number } & { readonly script?: readonly FaultLine[] });

/**
 * The plan as the engine reads it: as in a fault file, where names are in snake_case.
 *
 * Throws `argument_invalid` for what is neither a name nor a plain object: a `Map` or a `Date` would cross as an
 * empty plan, and a test that asked for faults would pass without any.
 */
export function planDocument(plan: unknown): unknown {
  if (typeof plan === "string") return plan;
  if (typeof plan !== "object" || plan === null || tag(plan) !== "Object") {
    throw refusal(
      "argument_invalid",
      "faults",
      plan,
      "is no fault plan: expected none, gentle, hostile, blackout, month-end or an object with a rule for each fault",
    );
  }
  return Object.fromEntries(Object.entries(plan).map(([name, rule]) => [name, ruleDocument(rule)]));
}

function ruleDocument(rule: unknown): unknown {
  if (Array.isArray(rule)) return rule.map(ruleDocument);
  if (typeof rule !== "object" || rule === null || !("delayMs" in rule)) return rule;
  const { delayMs, ...rest } = rule;
  return { ...rest, delay_ms: delayMs };
}

/**
 * One injected fault.
 *
 * `expected` is what is true, `actual` what the merchant was shown, both in minor units of `currency`; `null` where that
 * side does not exist or no amount is concerned.
 */
export interface Injected {
  readonly seed: number;
  /** How many calls had changed the gateway before this one. */
  readonly step: number;
  /** Milliseconds since the epoch of the gateway's clock. */
  readonly at: number;
  readonly fault: FaultName;
  /** The id in the catalogue: F for requests, W for webhooks, S for settlement. */
  readonly id: string;
  /** At which matching call it struck: what `nth` would name. `null` where only a script asked for it. */
  readonly call: number | null;
  /** The ids of the objects concerned. */
  readonly objects: readonly string[];
  /** The name under which the merchant's records know the payment. */
  readonly reference: string | null;
  readonly expected: bigint | null;
  readonly actual: bigint | null;
  readonly currency: string | null;
  /** The true status and the status shown, where the status was falsified. */
  readonly expectedStatus: string | null;
  readonly actualStatus: string | null;
  /** Whether the request it struck had got through to the gateway, which then dealt with it; `null` where no request was struck. */
  readonly reached: boolean | null;
  /** The kind of break a reconciler should report; only for drifts of the settlement report. */
  readonly kind: string | null;
}

/** A record as it comes out of wasm: every 64-bit number is a `bigint` there. */
type RawInjected = Omit<Injected, "seed" | "step" | "at" | "call"> & {
  readonly call: bigint | null;
  readonly seed: bigint;
  readonly step: bigint;
  readonly at: bigint;
};

/** The ground truth as callers see it: amounts stay `bigint`, counts and times are safe integers. */
export function injectedFrom(raw: unknown): Injected[] {
  return (raw as RawInjected[]).map((one) => ({
    ...one,
    seed: Number(one.seed),
    step: Number(one.step),
    at: Number(one.at),
    call: one.call === null ? null : Number(one.call),
  }));
}
