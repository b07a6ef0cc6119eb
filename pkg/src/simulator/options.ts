/** What a gateway is made from, and what its reports are asked with. */

import type { ClockKind } from "./clock.js";
import type { WebhookSchedule } from "./engine.js";
import type { FaultPlan } from "./faults.js";

/** Sends a webhook, in the shape of `fetch`: a merchant's in-process handler serves as well. */
export type Deliver = (request: Request) => Promise<Response>;

/** The interfaces of a gateway: its own, that of Stripe, or one beside the other. */
export type Dialect = "native" | "stripe" | "both";

/** What a gateway is made from. */
export interface GatewayOptions {
  /** What decides every id, secret and fault: 0 to 2^53 - 1. 0 when left out. */
  readonly seed?: number;
  /** How it is spoken to. `native` when left out; `both` answers `/v1/` as Stripe and the rest as native. */
  readonly dialect?: Dialect;
  /** Which faults happen. None when left out. */
  readonly faults?: FaultPlan;
  /** How many payments it takes before it answers 507 `gateway_full`; 1,000,000 when left out. About 2 KB each. */
  readonly paymentsMax?: number;
  /** When failed webhooks of the Stripe dialect are tried again: `live` when left out. */
  readonly webhookSchedule?: WebhookSchedule;
  /** Where virtual time begins, in milliseconds since the epoch; 2026-01-01T00:00:00Z when left out. */
  readonly now?: number;
  /** `virtual` (the default): time stands still but for {@link Gateway.advance} and slow answers. */
  readonly clock?: ClockKind;
  /** What {@link Gateway.snapshot} returned; all options above then come from there. */
  readonly snapshot?: Uint8Array;
  /** How webhooks are sent. The global `fetch` when left out. */
  readonly deliver?: Deliver;
  /**
   * The time webhooks are signed with. The gateway's clock when left out; `Date.now` where they are verified against the
   * wall clock, as over HTTP.
   */
  readonly signatureTime?: () => number;
  /**
   * How the time of a slow answer passes while the clock is virtual. The clock is moved when left out; whoever drives
   * timers of his own waits with those.
   */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Which settlement report. */
export interface SettlementOptions {
  /**
   * `generic` (the default) has the columns `tillproof reconcile` reads; `stripe` those of Stripe's itemized payout
   * reconciliation, which knows automatic payouts only; `stripe-balance` the same columns for everything; `adyen` those
   * of Adyen's settlement details.
   */
  readonly format?: "generic" | "stripe" | "stripe-balance" | "adyen";
  /** A merchant of the native dialect, or an account of Stripe's; all of them when left out. */
  readonly account?: string;
  /** Only what this payout paid out. */
  readonly payout?: string;
}

/** Which bank statement. */
export interface StatementOptions {
  /** `camt.053` when left out. */
  readonly format?: "camt.053" | "mt940" | "csv";
  readonly account?: string;
}
