/**
 * A scene as the query of an address, and back.
 *
 * Invariant: what {@link sceneOf} reads is a valid scene whatever stands in the address, and an address written by
 * {@link queryOf} gives back the same scene.
 */

import { FIRST_SCENE, isDrift, isMishap, isPolicy, isTrust, MISHAPS, ORDERS_MAX, RATE_MAX, SEED_MAX, type Order, type Rates, type Scene } from "./scene.js";

/** An order without mishaps, in the address. */
const FINE = "fine";

/** Reads the query of an address. Parts it does not understand are as if they were not there. */
export function sceneOf(query: string): Scene {
  const given = new URLSearchParams(query);
  return {
    seed: wholeIn(given.get("seed"), SEED_MAX) ?? FIRST_SCENE.seed,
    orders: ordersOf(given.get("orders")),
    trust: words(given.get("trust"), ".").find(isTrust) ?? FIRST_SCENE.trust,
    rates: ratesOf(given.get("rates")),
    drifts: given.has("drift") ? unique(words(given.get("drift"), ".").filter(isDrift)) : FIRST_SCENE.drifts,
    policy: words(given.get("policy"), ".").find(isPolicy) ?? FIRST_SCENE.policy,
  };
}

/** The query of a scene, without the question mark. */
export function queryOf(scene: Scene): string {
  const orders = scene.orders.map((order) => (order.length === 0 ? FINE : order.join("~")));
  const rates = MISHAPS.map(({ name }) => scene.rates[name]);
  // Names and these signs are safe in a query as they are, and stay readable.
  return `seed=${scene.seed}&orders=${orders.join(".")}&trust=${scene.trust}&rates=${rates.join(".")}&drift=${scene.drifts.join(".")}&policy=${scene.policy}`;
}

function ordersOf(text: string | null): readonly Order[] {
  if (text === null) return FIRST_SCENE.orders;
  return words(text, ".").slice(0, ORDERS_MAX).map((order) => unique(words(order, "~").filter(isMishap)));
}

function ratesOf(text: string | null): Rates {
  const given = words(text, ".").map((rate) => wholeIn(rate, RATE_MAX));
  const entries = MISHAPS.map(({ name }, at) => [name, given[at] ?? FIRST_SCENE.rates[name]] as const);
  return Object.fromEntries(entries) as Rates;
}

function words(text: string | null, separator: string): string[] {
  return (text ?? "").split(separator).filter((word) => word !== "");
}

function wholeIn(text: string | null, max: number): number | undefined {
  if (text === null || !/^\d{1,6}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= max ? number : undefined;
}

const unique = <T,>(list: readonly T[]): T[] => [...new Set(list)];
