/**
 * Rules as data: one JSON document (docs/reconcile-rules.schema.json) with a name and a version, checked when it is loaded.
 *
 * Invariant: what is handed to the engine says what the document says and nothing else; a member that is not known, or is
 * not what it should be, is refused by its path, with what was found, what was expected and what to do.
 */

import { text as unicode } from "../shell/guard.js";
import { shown, TillproofError } from "../shell/errors.js";
import type { BreakKind } from "./report.js";

/** A pass that may bring rows together. `by_reference` is the first of every set. */
export type PassName = "by_reference" | "by_id" | "by_amount" | "by_sum";

/** How long something may be on its way. */
export interface WindowRule {
  /** 0 to 366. */
  readonly days: number;
  /** Whether only business days count; calendar days when left out. */
  readonly business_days?: boolean;
}

/** What the contract with a provider says of a fee. The first rule that fits a row counts. */
export interface FeeRuleDocument {
  /** `charge` when left out. */
  readonly type?: "charge" | "refund" | "dispute" | "payout" | "adjustment";
  readonly currency: string;
  /** One of `in_flight.providers`: for its accounts only. */
  readonly provider?: string;
  /** For amounts up to this one, in digits of minor units. */
  readonly up_to_minor?: string;
  /** A decimal: `"2.9"`. At most four digits behind the point. */
  readonly percent?: string;
  /** What is added, in digits of minor units; negative for a fee that is given back. */
  readonly fixed_minor?: string;
  readonly least_minor?: string;
  readonly most_minor?: string;
}

/** A set of rules. */
export interface RulesDocument {
  /** What reports call it: 1 to 64 letters, digits, `_`, `.` and `-`. */
  readonly rules: string;
  /** Counts up with every change, from 1. */
  readonly version: number;
  /** In their order. A pass that is not among them brings nothing together. */
  readonly passes?: readonly PassName[];
  /** By currency: differences that are small change, and of the kind `rounding`. */
  readonly tolerances?: Readonly<Record<string, {
    /** Minor units, whatever the amounts are. */
    readonly minor?: number;
    /** Ten-thousandths of what was expected, where a side declares a conversion. */
    readonly conversion_basis_points?: number;
  }>>;
  readonly in_flight?: Partial<WindowRule> & {
    /** Days that do not count as business days: `2026-12-25`. */
    readonly holidays?: readonly string[];
    /** By provider: its window, and the accounts by which files name it. */
    readonly providers?: Readonly<Record<string, WindowRule & { readonly accounts?: readonly string[] }>>;
  };
  readonly fees?: readonly FeeRuleDocument[];
  /** To which account of the ledger `entryFor` posts the differences of a kind. */
  readonly accounts?: Readonly<Partial<Record<BreakKind, string>>>;
}

/** What the engine takes. */
export interface EngineRules {
  readonly name: string;
  readonly version: number;
  readonly passes: readonly { readonly pass: string }[];
  readonly tolerances: readonly { readonly currency: string; readonly minor: number; readonly basis_points: number }[];
  readonly reaches: readonly { readonly account: string; readonly days: number; readonly business: boolean }[];
  readonly fees: readonly {
    readonly type: string;
    readonly currency: string;
    readonly account?: string;
    readonly millionths: number;
    readonly fixed: string | undefined;
    readonly up_to: string | undefined;
    readonly least: string | undefined;
    readonly most: string | undefined;
  }[];
}

const PASSES: readonly PassName[] = ["by_reference", "by_id", "by_amount", "by_sum"];
const TYPES = ["charge", "refund", "dispute", "payout", "adjustment"];
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const CURRENCY = /^[A-Z]{3}$/;
const DIGITS = /^(0|[1-9]\d{0,17})$/;
const SIGNED = /^-?(0|[1-9]\d{0,17})$/;
const PERCENT = /^(\d{1,3})(?:\.(\d{1,4}))?$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAYS_MAX = 366;

/** What a run is judged by where nobody says otherwise. */
export function defaultRules(): RulesDocument {
  return { rules: "tillproof-default", version: 1, passes: PASSES, in_flight: { days: 2, business_days: false } };
}

/**
 * A document of rules, checked: an object, or its JSON.
 *
 * Throws `reconcile_rules_invalid`.
 */
export function rulesOf(document: unknown): RulesDocument {
  const given = typeof document === "string" ? parsed(unicode("rules", document)) : document;
  const top = new Members("rules", given, ["rules", "version", "passes", "tolerances", "in_flight", "fees", "accounts", "$schema"]);
  top.matching("rules", NAME, "a name of 1 to 64 letters, digits, _ . or -");
  top.whole("version", 1, Number.MAX_SAFE_INTEGER);
  passes(top);
  for (const [currency, own] of top.named("tolerances")) {
    if (!CURRENCY.test(currency)) throw wrong(`rules.tolerances.${currency}`, currency, "three upper-case letters such as EUR as the name");
    const tolerance = new Members(`rules.tolerances.${currency}`, own, ["minor", "conversion_basis_points"]);
    tolerance.whole("minor", 0, Number.MAX_SAFE_INTEGER, 0);
    tolerance.whole("conversion_basis_points", 0, 10_000, 0);
  }
  const providers = inFlight(top);
  top.each("fees").forEach((own, index) => fee(new Members(`rules.fees[${index}]`, own, FEE_FIELDS), providers));
  for (const [kind, account] of top.named("accounts")) {
    if (typeof account !== "string" || account === "") throw wrong(`rules.accounts.${kind}`, account, "the name of an account of the ledger");
  }
  return given as RulesDocument;
}

/** The rules as the engine takes them. `provider`: whose rows those are that name no account. */
export function engineRules(document: RulesDocument): EngineRules {
  const { passes: own = PASSES, tolerances = {}, in_flight: { providers = {} } = {}, fees = [] } = document;
  return {
    name: document.rules,
    version: document.version,
    passes: own.filter((pass) => pass !== "by_reference").map((pass) => ({ pass })),
    tolerances: Object.entries(tolerances).map(([currency, { minor = 0, conversion_basis_points = 0 }]) => ({
      currency, minor, basis_points: conversion_basis_points,
    })),
    reaches: Object.values(providers).flatMap(({ accounts = [], days, business_days = false }) =>
      accounts.map((account) => ({ account, days, business: business_days }))),
    fees: fees.flatMap(({ type = "charge", currency, provider, percent = "0", fixed_minor, up_to_minor, least_minor, most_minor }) => {
      const rule = { type, currency, millionths: millionths(percent), fixed: fixed_minor, up_to: up_to_minor, least: least_minor, most: most_minor };
      const accounts = provider === undefined ? undefined : providers[provider]?.accounts;
      return accounts === undefined ? [rule] : accounts.map((account) => ({ ...rule, account }));
    }),
  };
}

/** `2.9` percent are 29,000 millionths. */
function millionths(percent: string): number {
  const [, whole = "0", fraction = ""] = PERCENT.exec(percent) ?? [];
  return Number(whole) * 10_000 + Number(fraction.padEnd(4, "0"));
}

function passes(top: Members): void {
  const found = top.each("passes");
  found.forEach((pass, index) => {
    if (!PASSES.some((known) => known === pass)) throw wrong(`rules.passes[${index}]`, pass, `one of ${PASSES.join(", ")}`);
    if (found.indexOf(pass) !== index) throw wrong(`rules.passes[${index}]`, pass, "each pass once");
  });
  if (found.length > 0 && found[0] !== PASSES[0]) throw wrong("rules.passes[0]", found[0], "by_reference, which every other pass builds upon, as the first");
}

/** The names of the providers. */
function inFlight(top: Members): ReadonlyMap<string, boolean> {
  const providers = new Map<string, boolean>();
  const own = top.optional("in_flight");
  if (own === undefined) return providers;
  const window = new Members("rules.in_flight", own, ["days", "business_days", "holidays", "providers"]);
  window.whole("days", 0, DAYS_MAX, 2);
  window.flag("business_days");
  window.each("holidays").forEach((day, index) => {
    const isDay = typeof day === "string" && DAY.test(day) && new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true;
    if (!isDay) throw wrong(`rules.in_flight.holidays[${index}]`, day, "a day such as 2026-12-25");
  });
  const accounts = new Set<unknown>();
  for (const [name, value] of window.named("providers")) {
    const path = `rules.in_flight.providers.${name}`;
    const provider = new Members(path, value, ["days", "business_days", "accounts"]);
    provider.whole("days", 0, DAYS_MAX);
    provider.flag("business_days");
    const named = provider.each("accounts");
    named.forEach((account, index) => {
      if (typeof account !== "string" || account === "") throw wrong(`${path}.accounts[${index}]`, account, "an account as the files write it");
      if (accounts.has(account)) throw wrong(`${path}.accounts[${index}]`, account, "each account with one provider only");
      accounts.add(account);
    });
    providers.set(name, named.length > 0);
  }
  return providers;
}

const FEE_FIELDS = ["type", "currency", "provider", "up_to_minor", "percent", "fixed_minor", "least_minor", "most_minor"];

function fee(own: Members, providers: ReadonlyMap<string, boolean>): void {
  own.matching("currency", CURRENCY, "three upper-case letters such as EUR");
  if (own.optional("type") !== undefined) own.matching("type", new RegExp(`^(${TYPES.join("|")})$`), `one of ${TYPES.join(", ")}`);
  const provider = own.optional("provider");
  if (provider !== undefined && providers.get(String(provider)) !== true) {
    throw wrong(`${own.path}.provider`, provider, "a provider of in_flight.providers that has accounts");
  }
  if (own.optional("percent") !== undefined) own.matching("percent", PERCENT, 'a decimal in quotes such as "2.9", with at most four digits behind the point');
  if (own.optional("fixed_minor") !== undefined) own.matching("fixed_minor", SIGNED, 'minor units in quotes such as "25"');
  for (const bound of ["up_to_minor", "least_minor", "most_minor"]) {
    if (own.optional(bound) !== undefined) own.matching(bound, DIGITS, 'minor units in quotes such as "25"');
  }
}

/** The members of an object of the document. */
class Members {
  readonly path: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(path: string, value: unknown, known: readonly string[]) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(path, value, "an object");
    const unknown = Object.keys(value).find((name) => !known.includes(name));
    if (unknown !== undefined) throw wrong(`${path}.${unknown}`, unknown, `no member but ${known.filter((name) => name !== "$schema").join(", ")}`);
    this.path = path;
    this.#value = value as Readonly<Record<string, unknown>>;
  }

  optional(name: string): unknown {
    return this.#value[name];
  }

  matching(name: string, pattern: RegExp, expected: string): void {
    const value = this.optional(name);
    if (typeof value !== "string" || !pattern.test(value)) throw wrong(`${this.path}.${name}`, value, expected);
  }

  whole(name: string, least: number, most: number, otherwise?: number): void {
    const value = this.optional(name) ?? otherwise;
    const isFine = typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    if (!isFine) throw wrong(`${this.path}.${name}`, value, `a whole number ${range}`);
  }

  flag(name: string): void {
    const value = this.optional(name);
    if (value !== undefined && typeof value !== "boolean") throw wrong(`${this.path}.${name}`, value, "true or false");
  }

  each(name: string): readonly unknown[] {
    const value = this.optional(name) ?? [];
    if (!Array.isArray(value)) throw wrong(`${this.path}.${name}`, value, "a list");
    return value;
  }

  named(name: string): readonly [string, unknown][] {
    const value = this.optional(name) ?? {};
    if (typeof value !== "object" || Array.isArray(value)) throw wrong(`${this.path}.${name}`, value, "an object");
    return Object.entries(value);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong("rules", text, `a JSON document (${cause instanceof Error ? cause.message : "which this is not"})`);
  }
}

function wrong(path: string, value: unknown, expected: string): TillproofError {
  const found = value === undefined ? "nothing" : shown(value);
  return new TillproofError({
    code: "reconcile_rules_invalid",
    message: `${path}: found ${found}, expected ${expected}: mend the document, which docs/reconcile-rules.schema.json describes`,
    details: { at: path, found, expected },
  });
}
