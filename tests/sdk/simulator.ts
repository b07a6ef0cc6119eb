/** A gateway in the Stripe dialect over HTTP on loopback, and the official client, as a merchant sets both up. */

import Stripe from "stripe";

import type { GatewayOptions } from "../../pkg/src/simulator/index.js";
import { serve, type GatewayServer } from "../../pkg/src/simulator/server.js";

/** What a test is given. */
export interface Setting {
  readonly stripe: Stripe;
  readonly server: GatewayServer;
  /** Lets so many seconds pass, and everything happen that falls due in them. */
  readonly advance: (seconds: number) => Promise<void>;
}

/** Runs `body` with a fresh gateway whose time is virtual. */
export async function withStripe(body: (setting: Setting) => Promise<void>, options: GatewayOptions = {}): Promise<void> {
  const server = await serve({ gateway: { dialect: "stripe", seed: 7, clock: "virtual", ...options } });
  try {
    const stripe = clientOf(server);
    await body({ stripe, server, advance: (seconds) => server.gateway.advance(seconds * 1_000) });
  } finally {
    await server.close();
  }
}

/** A client for a gateway that listens. */
export function clientOf(server: GatewayServer, config: Partial<Stripe.StripeConfig> = {}): Stripe {
  return new Stripe("sk_test_tillproof", {
    host: "127.0.0.1",
    port: server.port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
    ...config,
  });
}
