/**
 * The merchant's process of the crash tests: `node process.mjs ORDER`, where the order is one JSON document. Does what it
 * is told and prints what came of it as JSON, unless it dies before.
 */

import { randomBytes } from "node:crypto";

import { createPayments } from "../../../pkg/src/payments/index.js";
import type { Outcome, Payments } from "../../../pkg/src/payments/index.js";
import { memoryStore } from "../../../pkg/src/stores/memory.js";
import { openStore, type Database } from "./databases.js";
import { deadly, type KillPoint } from "./killing.js";

/** What a process is told to do. */
export interface Order {
  readonly database: Database;
  readonly place: string;
  /** Where the gateway is reached, by way of the road that may lose things. */
  readonly gateway: string;
  readonly profile: string;
  /** How far the clocks of this process are ahead of the wall, in milliseconds. */
  readonly aheadMs: number;
  readonly work:
    | { readonly do: "charge"; readonly reference: string; readonly times?: number; readonly waitMs?: number; readonly retryFailed?: boolean }
    | { readonly do: "hear"; readonly payment: unknown }
    /** Sweeps once at each of these times, in milliseconds beyond `aheadMs`; tells the gateway of the time that passes. */
    | { readonly do: "sweep"; readonly reference: string; readonly at: readonly number[] };
  readonly dies?: KillPoint;
  /** Keeps neither its intents nor the secret of its keys, like a client that makes a new key for each call. */
  readonly forgets?: boolean;
}

/** An outcome as it crosses to the test. */
export type Told = Readonly<Record<string, unknown>> & { readonly status: string };

const SECRET = "0123456789abcdef0123456789abcdef";

/** Short, so that a lease is over soon. */
const TIMEOUT_MS = 2_000;

function told(outcome: Outcome): Told {
  return JSON.parse(JSON.stringify(outcome, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))) as Told;
}

async function swept(payments: Payments, order: Order, clock: { aheadMs: number }): Promise<Told | null> {
  const { work } = order;
  if (work.do !== "sweep") throw new Error("no sweep");
  for (const at of work.at) {
    const passedMs = order.aheadMs + at - clock.aheadMs;
    clock.aheadMs += passedMs;
    await fetch(`${order.gateway}/_tillproof/advance`, { method: "POST", body: JSON.stringify({ seconds: passedMs / 1_000 }) });
    // What one look stores, the next acts on.
    while ((await payments.sweep()) > 0) {
      const outcome = await payments.find(work.reference);
      if (outcome?.status !== "pending_confirmation" || (outcome.nextCheckAt ?? 0) > Date.now() + clock.aheadMs) break;
    }
    const outcome = await payments.find(work.reference);
    if (outcome !== null && outcome.status !== "pending_confirmation") return told(outcome);
  }
  const outcome = await payments.find(work.reference);
  return outcome === null ? null : told(outcome);
}

async function done(order: Order): Promise<unknown> {
  const forgets = order.forgets === true;
  const { store, close } = forgets ? { store: memoryStore(), close: async () => undefined } : await openStore(order.database, order.place);
  const clock = { aheadMs: order.aheadMs };
  const payments = createPayments({
    store: order.dies === undefined ? store : deadly(store, order.dies),
    provider: { baseUrl: order.gateway, merchantId: "shop", profile: order.profile },
    secret: forgets ? randomBytes(32) : SECRET,
    timeoutMs: TIMEOUT_MS,
    retry: { baseMs: 50, capMs: 500 },
    now: () => Date.now() + clock.aheadMs,
  });
  try {
    const { work } = order;
    switch (work.do) {
      case "charge": {
        const { reference, times = 1, waitMs = 10_000, retryFailed = false } = work;
        const call = (): Promise<Outcome> =>
          payments.charge({ reference, amount: 1_000, currency: "EUR" }, { waitMs, retryFailed });
        return (await Promise.all(Array.from({ length: times }, call))).map(told);
      }
      case "hear":
        return await payments.noteWebhook(work.payment);
      case "sweep":
        return await swept(payments, order, clock);
    }
  } finally {
    payments.close();
    await close();
  }
}

const [text] = process.argv.slice(2);
if (text !== undefined) console.log(JSON.stringify(await done(JSON.parse(text) as Order)));
