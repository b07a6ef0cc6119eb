/**
 * One run of one shop at one gateway, in virtual time.
 *
 * Invariant: everything in a run follows from the scene; both shops meet the same seed, the same orders and the same
 * faults.
 */

import { hostile, type HostileGateway, type WebhookTarget } from "tillproof/slim/testing";

import { DRIFTS, MISHAPS, type Order, type Scene } from "../scene.js";
import { Network, sleep } from "./network.js";
import { scoreOf } from "./score.js";
import type { Purchase, Shop } from "./shop.js";
import type { Score, Step } from "./step.js";

/** Longer than a client waits: 2 s. */
const SLOW_MS = 3_000;

/**
 * From one order placed by hand to the next: its customer waits 10 s at most, and its latest webhook comes 7 s later.
 * The same for both shops, so that their times can be compared.
 */
const ORDER_EVERY_MS = 20_000;

/**
 * Time in which the busy hour comes to rest: the last webhooks arrive, also those that were lost once or twice. Who relies
 * on nothing waits a quarter of an hour before he concludes that a payment never reached the gateway.
 */
const REST_MS = { keys: 60_000, nothing: 20 * 60_000 } as const;

/** Time between two orders of the busy hour. */
const GAP_MS = 400;

/** Orders of the busy hour. */
export const HOUR_ORDERS = 40;

/** What is left of a run when it is over. */
export interface Ran<S extends Shop> {
  readonly shop: S;
  readonly steps: readonly Step[];
  readonly score: Score;
}

/** A shop at its gateway, while a run is going on. */
export interface Scenery<S extends Shop> {
  readonly gateway: HostileGateway;
  readonly network: Network;
  readonly shop: S;
  readonly purchases: Purchase[];
}

type Open<S extends Shop> = (network: Network, target: WebhookTarget) => S | Promise<S>;

/** Opens a shop, lets `acts` happen one after the other, and says what came of it. */
export async function run<S extends Shop>(scene: Scene, open: Open<S>, acts: readonly ((scenery: Scenery<S>) => Promise<void>)[]): Promise<Ran<S>> {
  let ran: Ran<S> | undefined;
  const integration = async (gateway: HostileGateway): Promise<void> => {
    const network = new Network(gateway);
    let shop: S | undefined;
    const target = await gateway.webhooks((request) =>
      network.deliver(request, async (body, headers) => {
        if (shop === undefined) throw new Error("a webhook came before the shop was open");
        return shop.hear(body, headers);
      }),
    );
    await subscribe(gateway);
    shop = await open(network, target);
    const purchases: Purchase[] = [];
    const scenery = { gateway, network, shop, purchases };
    try {
      for (const act of acts) await act(scenery);
    } finally {
      shop.close();
    }
    const score = await scoreOf({ gateway, purchases, shop, webhooks: network.webhooks });
    ran = { shop, steps: network.steps, score };
  };
  // The faults are set order by order; what the shops get wrong is counted by the score and not by invariants.
  await hostile(integration, { seeds: [scene.seed], faults: "none", invariants: [], settleMs: 0 });
  if (ran === undefined) throw new Error("the run ended without a result");
  return ran;
}

/** The orders placed by hand, each with its own mishaps, each with time for its webhooks. */
export function orders<S extends Shop>(scene: Scene) {
  return async ({ gateway, network, shop, purchases }: Scenery<S>): Promise<void> => {
    for (const [at, order] of scene.orders.entries()) {
      const purchase = purchaseOf(scene.seed, at);
      network.begin(at, purchase.reference);
      await setFaults(gateway, planOf(order));
      purchases.push(purchase);
      await shop.order(purchase);
      await sleep(Math.max(0, (at + 1) * ORDER_EVERY_MS - network.elapsed()));
      await network.tellLost();
    }
  };
}

/** Many orders with mishaps at random, and a settlement that drifts. */
export function busyHour<S extends Shop>(scene: Scene) {
  return async ({ gateway, network, shop, purchases }: Scenery<S>): Promise<void> => {
    network.order = scene.orders.length;
    await setFaults(gateway, hourPlan(scene));
    for (let at = 0; at < HOUR_ORDERS; at += 1) {
      const purchase = purchaseOf(scene.seed, 100 + at);
      purchases.push(purchase);
      await shop.order(purchase);
      await sleep(GAP_MS);
    }
    await setFaults(gateway, {});
    await sleep(REST_MS[scene.trust]);
  };
}

/** The gateway's endpoint hears of what a shop acts on, and of the state before, which may come too late. */
async function subscribe(gateway: HostileGateway): Promise<void> {
  const listed = (await (await gateway.fetch("http://gateway/api/webhook_endpoints")).json()) as { data: { id: string }[] };
  for (const { id } of listed.data) {
    const body = JSON.stringify({ events: ["payment.processing", "payment.completed"] });
    await gateway.fetch(`http://gateway/api/webhook_endpoints/${id}`, { method: "POST", body });
  }
}

async function setFaults(gateway: HostileGateway, plan: object): Promise<void> {
  const response = await gateway.fetch("http://gateway/_tillproof/faults", { method: "PUT", body: JSON.stringify(plan) });
  if (!response.ok) throw new Error(`the fault plan was refused: ${await response.text()}`);
}

function planOf(order: Order): object {
  const struck = MISHAPS.filter(({ name }) => order.includes(name));
  return Object.fromEntries(struck.map(({ fault, call }) => [fault, { nth: [call], ...delayOf(fault) }]));
}

function hourPlan({ rates, drifts }: Scene): object {
  const rules = MISHAPS.filter(({ name }) => rates[name] > 0).map(({ name, fault }) => {
    return [fault, { probability: (rates[name] / 100).toFixed(2), ...delayOf(fault) }];
  });
  // Every third charge, from the second on: far enough apart to be told one by one.
  const script = DRIFTS.filter(({ name }) => drifts.includes(name)).map(({ fault }, at) => ({ fault, call: 2 + 3 * at }));
  return { ...Object.fromEntries(rules), script };
}

function delayOf(fault: string): object {
  return fault === "slow" ? { delay_ms: [SLOW_MS, SLOW_MS] } : {};
}

/** What somebody orders: the number decides the amount. 4.90 to 89.90 EUR. */
export function purchaseOf(seed: number, at: number): Purchase {
  const drawn = (Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(at + 1, 40_503)) >>> 0;
  return { reference: `order-${at + 1}`, amount: 490 + (drawn % 86) * 100, currency: "EUR" };
}
