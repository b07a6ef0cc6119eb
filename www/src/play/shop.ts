/** What the two shops have in common: orders in, payments and webhooks, goods out. */

import type { WebhookTarget } from "tillproof/slim/testing";

import type { Heard } from "./network.js";

/** What a customer orders. */
export interface Purchase {
  readonly reference: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: "EUR";
}

export interface Shop {
  /** Takes the payment. Resolves when the customer is told something. */
  order(purchase: Purchase): Promise<void>;
  hear(body: Uint8Array, headers: Headers): Promise<Heard>;
  /** How often each order was sent out, by reference. */
  readonly shipped: ReadonlyMap<string, number>;
  /** Whether the shop's own records show an order as paid. */
  showsPaid(reference: string): boolean;
  /** Stops whatever runs by itself. */
  close(): void;
}

/** Makes a shop once it is known where its webhooks come from. */
export type OpenShop = (target: WebhookTarget) => Promise<Shop>;

/** Where the gateway is. The network looks at paths only. */
export const GATEWAY = "http://gateway";

/** Counts a parcel that leaves. */
export function ship(shipped: Map<string, number>, reference: string): void {
  shipped.set(reference, (shipped.get(reference) ?? 0) + 1);
}
