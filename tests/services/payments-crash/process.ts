/**
 * The merchant's process of the crash tests: `node process.mjs ORDER`, where the order is one JSON document. Does what it
 * is told and prints what came of it as JSON, unless it dies before.
 */

import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";

import { createOutbox, type NewMessage } from "../../../pkg/src/outbox/index.js";
import { createPayments } from "../../../pkg/src/payments/index.js";
import type { Outcome, Payments, Transition } from "../../../pkg/src/payments/index.js";
import { memoryStore } from "../../../pkg/src/stores/memory.js";
import type { Store } from "../../../pkg/src/stores/store.js";
import { openStore, type Database } from "./databases.js";
import { deadly, die, type KillPoint, TOLD } from "./killing.js";

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
    /** Who `leaves` stays until it is stored that nobody knows what became of the request, and leaves the rest to a sweeper. */
    | { readonly do: "charge"; readonly reference: string; readonly times?: number; readonly leaves?: boolean; readonly retryFailed?: boolean }
    | { readonly do: "hear"; readonly payment: unknown }
    | { readonly do: "cancel"; readonly reference: string }
    /** Sweeps once at each of these times, in milliseconds beyond `aheadMs`; tells the gateway of the time that passes. */
    | { readonly do: "sweep"; readonly reference: string; readonly at: readonly number[] };
  readonly dies?: KillPoint;
  /** The file in which the rest of the business notes what it is told: reference, id and type of a message in each line. */
  readonly business: string;
  /** Keeps neither its intents nor the secret of its keys, like a client that makes a new key for each call. */
  readonly forgets?: boolean;
}

/** An outcome as it crosses to the test. */
export type Told = Readonly<Record<string, unknown>> & { readonly status: string };

const SECRET = "0123456789abcdef0123456789abcdef";

/** Longer than a slow machine takes for an exchange, and so short that the lease is over at the third look of a sweeper. */
const TIMEOUT_MS = 20_000;

/** For as long as it takes: who is to die dies, and who lives gets his answer. */
const WAIT_MS = 600_000;

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

/** The message that goes with the end of an epoch, however it was found out: one id, also after a restored backup. */
function newsOf({ reference, before, after }: Transition): NewMessage[] {
  if (after.status === before?.status || (after.status !== "settled" && after.status !== "failed")) return [];
  return [{ type: `payment.${after.status}`, stream: reference, position: after.epoch, payload: { reference } }];
}

async function done(order: Order): Promise<unknown> {
  const forgets = order.forgets === true;
  const opened = forgets ? { store: memoryStore(), close: async () => undefined } : await openStore(order.database, order.place);
  const doubted = new AbortController();
  const store = order.dies === undefined ? watched(opened.store, doubted) : deadly(opened.store, order.dies);
  const clock = { aheadMs: order.aheadMs };
  const now = (): number => Date.now() + clock.aheadMs;
  const outbox = createOutbox({
    store,
    now,
    deliver({ id, type, stream }) {
      appendFileSync(order.business, `${stream} ${id} ${type}\n`);
      if (order.dies?.commit === TOLD) die();
    },
  });
  const payments = createPayments({
    store,
    provider: { baseUrl: order.gateway, merchantId: "shop", profile: order.profile },
    secret: forgets ? randomBytes(32) : SECRET,
    timeoutMs: TIMEOUT_MS,
    retry: { baseMs: 50, capMs: 500 },
    now,
    extraWrites: (transition) => outbox.writes(newsOf(transition)),
  });
  try {
    const printed = await worked(order, payments, clock, doubted.signal);
    await outbox.sweep();
    return printed;
  } finally {
    payments.close();
    await opened.close();
  }
}

/** Tells when a doubt is stored. */
function watched(store: Store, doubted: AbortController): Store {
  return {
    ...store,
    async commit(writes) {
      const done = await store.commit(writes);
      if (done && writes.some(({ value }) => value.includes('"type":"ambiguous"'))) doubted.abort();
      return done;
    },
  };
}

async function worked(order: Order, payments: Payments, clock: { aheadMs: number }, doubted: AbortSignal): Promise<unknown> {
  const { work } = order;
  switch (work.do) {
    case "charge": {
      const { reference, times = 1, leaves = false, retryFailed = false } = work;
      const call = (): Promise<Outcome> =>
        payments.charge({ reference, amount: 1_000, currency: "EUR" }, { waitMs: WAIT_MS, retryFailed, ...(leaves ? { signal: doubted } : {}) });
      return (await Promise.all(Array.from({ length: times }, call))).map(told);
    }
    case "hear":
      return payments.noteWebhook(work.payment);
    case "cancel":
      return told(await payments.cancel(work.reference, { waitMs: WAIT_MS }));
    case "sweep":
      return swept(payments, order, clock);
  }
}

const [text] = process.argv.slice(2);
if (text !== undefined) console.log(JSON.stringify(await done(JSON.parse(text) as Order)));
