import assert from "node:assert/strict";

import { createPayments } from "../../pkg/src/payments/index.js";
import type { ChargeRequest, Payments, PaymentsOptions } from "../../pkg/src/payments/index.js";
import { createGateway, type Gateway } from "../../pkg/src/simulator/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store } from "../../pkg/src/stores/store.js";

export const ORDER: ChargeRequest = { reference: "order_1", amount: 1_000n, currency: "EUR" };
export const ORIGIN = "http://gateway.test";

/** One store and one simulated gateway, a clock that stands still, and a wire between them that each test makes. */
export abstract class ShopAtGateway {
  readonly gateway: Gateway = createGateway({ seed: 7 });
  store: Store = memoryStore();
  clock = 1_700_000_000_000;

  abstract readonly fetch: (request: Request) => Promise<Response>;

  /** A process of the merchant that begins now. */
  process(options: Partial<PaymentsOptions> = {}): Payments {
    return createPayments({
      provider: { profile: "native", baseUrl: ORIGIN, merchantId: "shop" },
      store: this.store,
      secret: "sixteen bytes and more",
      retry: { baseMs: 1, capMs: 2 },
      fetch: this.fetch,
      now: () => this.clock,
      onError: (error) => assert.fail(error as Error),
      ...options,
    });
  }

  /** The payments of a reference, as the gateway's own books have them. */
  async payments(reference = "order_1"): Promise<{ id: string; state: string }[]> {
    const answer = await this.gateway.fetch(`${ORIGIN}/api/payments?reference=${encodeURIComponent(reference)}`);
    return ((await answer.json()) as { data: { id: string; state: string }[] }).data;
  }
}
