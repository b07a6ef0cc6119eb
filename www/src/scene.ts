/**
 * What a visitor has chosen: everything a run of the page follows from.
 *
 * Invariant: the same scene gives the same run, to the byte and on every machine, so that a link tells a whole story.
 */

import { OTHERS, type PolicyName } from "./storm/policy.js";

/** What may go wrong with an order, in the order of the buttons. */
export const MISHAPS = [
  { name: "answer-lost", label: "Answer lost", fault: "response_lost", call: 1 },
  { name: "request-lost", label: "Request lost", fault: "request_lost", call: 1 },
  { name: "server-error", label: "Server error", fault: "server_error", call: 1 },
  { name: "slow", label: "Slow answer", fault: "slow", call: 1 },
  { name: "webhook-twice", label: "Webhook twice", fault: "webhook_duplicate", call: 2 },
  { name: "webhook-late", label: "Webhooks out of order", fault: "webhook_reorder", call: 1 },
  { name: "webhook-lost", label: "Webhook lost", fault: "webhook_lost", call: 2 },
  { name: "webhook-forged", label: "Webhook forged", fault: "webhook_forged", call: 1 },
] as const;

/** What may be wrong with the settlement file of the day. */
export const DRIFTS = [
  { name: "amount", label: "Amount off", fault: "settlement_amount" },
  { name: "fee", label: "Fee off", fault: "settlement_fee" },
  { name: "missing", label: "Row missing", fault: "settlement_missing" },
  { name: "twice", label: "Row twice", fault: "settlement_duplicate" },
  { name: "foreign", label: "Somebody else's row", fault: "settlement_foreign" },
  { name: "status", label: "Wrong status", fault: "settlement_status" },
] as const;

/** What the shop with Tillproof relies on at its gateway, and the profile of the package that says so. */
export const TRUSTS = [
  { name: "keys", label: "It remembers keys: send again", profile: "native" },
  { name: "nothing", label: "Nothing: ask first", profile: "conservative" },
] as const;

export type Trust = (typeof TRUSTS)[number]["name"];
export type Mishap = (typeof MISHAPS)[number]["name"];
export type Drift = (typeof DRIFTS)[number]["name"];

/** The mishaps of an order; none for one that goes well. */
export type Order = readonly Mishap[];

/** How often each mishap strikes in the busy hour, in percent. */
export type Rates = Readonly<Record<Mishap, number>>;

export interface Scene {
  /** 0 to {@link SEED_MAX}: decides every id, amount and chance. */
  readonly seed: number;
  /** The orders placed by hand, at most {@link ORDERS_MAX}. */
  readonly orders: readonly Order[];
  readonly trust: Trust;
  readonly rates: Rates;
  readonly drifts: readonly Drift[];
  /** How the clients that Tillproof is compared with try again after the outage. */
  readonly policy: PolicyName;
}

export const SEED_MAX = 999_999;

/** More would make a picture that nobody reads to its end. */
export const ORDERS_MAX = 6;

/** A rate above this is no busy hour but an outage. */
export const RATE_MAX = 30;

/** The first thing to see: the one mishap that costs most shops money. */
export const FIRST_SCENE: Scene = {
  seed: 7,
  orders: [["answer-lost"]],
  trust: "keys",
  rates: {
    "answer-lost": 10,
    "request-lost": 5,
    "server-error": 5,
    slow: 5,
    "webhook-twice": 10,
    "webhook-late": 10,
    "webhook-lost": 5,
    "webhook-forged": 10,
  },
  drifts: ["amount", "missing"],
  policy: "doubling",
};

export const isMishap = (name: string): name is Mishap => MISHAPS.some((mishap) => mishap.name === name);
export const isTrust = (name: string): name is Trust => TRUSTS.some((trust) => trust.name === name);
export const isPolicy = (name: string): name is PolicyName => OTHERS.some((policy) => policy.name === name);
export const isDrift = (name: string): name is Drift => DRIFTS.some((drift) => drift.name === name);
