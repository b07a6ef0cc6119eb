/** What a shop did, held against what the gateway knows to be true. */

import type { HostileGateway } from "tillproof/slim/testing";

import type { Network } from "./network.js";
import type { Purchase, Shop } from "./shop.js";
import type { Count, Score } from "./step.js";

interface Evidence {
  readonly gateway: HostileGateway;
  readonly purchases: readonly Purchase[];
  readonly shop: Shop;
  readonly webhooks: Network["webhooks"];
}

/** Counts. The gateway is asked for every order; of the shop, only what it sent and what it shows. */
export async function scoreOf({ gateway, purchases, shop, webhooks }: Evidence): Promise<Score> {
  const tallies = {
    placed: new Tally(),
    chargedTwice: new Tally(),
    shippedTwice: new Tally(),
    shippedUnpaid: new Tally(),
    paidUnshipped: new Tally(),
    shownUnpaid: new Tally(),
  };
  for (const { reference, amount } of purchases) {
    const charges = await completedCharges(gateway, reference);
    const parcels = shop.shipped.get(reference) ?? 0;
    tallies.placed.add(amount, 1);
    tallies.chargedTwice.add(amount, charges - 1);
    tallies.shippedTwice.add(amount, parcels - 1);
    if (charges === 0) tallies.shippedUnpaid.add(amount, parcels);
    if (charges > 0 && !shop.showsPaid(reference)) tallies.shownUnpaid.add(amount, 1);
    if (parcels === 0) tallies.paidUnshipped.add(amount, charges);
  }
  const counted = Object.fromEntries(Object.entries(tallies).map(([name, tally]) => [name, tally.count()]));
  return { ...(counted as Record<keyof typeof tallies, Count>), webhooks: { ...webhooks } };
}

class Tally {
  #orders = 0;
  #amount = 0n;

  add(amount: number, times: number): void {
    if (times <= 0) return;
    this.#orders += 1;
    this.#amount += BigInt(amount) * BigInt(times);
  }

  count(): Count {
    return { orders: this.#orders, amount: this.#amount };
  }
}

async function completedCharges(gateway: HostileGateway, reference: string): Promise<number> {
  const response = await gateway.fetch(`http://gateway/api/payments?reference=${encodeURIComponent(reference)}`);
  const { data } = (await response.json()) as { data: readonly { state: string }[] };
  return data.filter(({ state }) => state === "completed").length;
}
