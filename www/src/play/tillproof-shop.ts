/** The same shop with Tillproof: what the quick start of the package shows, on a store in memory. */

import { Ledger, templates } from "tillproof/slim/ledger";
import { createPayments, type Transition } from "tillproof/slim/payments";
import type { WebhookTarget } from "tillproof/slim/testing";
import { createInbox, createVerifier, type EventStatus } from "tillproof/slim/webhooks";
import { memoryStore } from "tillproof/stores/memory";

import { TRUSTS, type Scene } from "../scene.js";
import { dice } from "./dice.js";
import type { EventBody, Heard, Network } from "./network.js";
import { GATEWAY, ship, type Purchase, type Shop } from "./shop.js";

/** What a shop keeps in its configuration; here everybody may know it. */
const KEY_SECRET = "a secret of the shop, 32 bytes..";

export interface TillproofShop extends Shop {
  readonly ledger: Ledger;
}

export async function tillproofShop(network: Network, target: WebhookTarget, { seed, trust }: Scene): Promise<TillproofShop> {
  const store = memoryStore();
  const ledger = await Ledger.open({ store });
  const shipped = new Map<string, number>();
  const payments = createPayments({
    provider: { profile: TRUSTS.find(({ name }) => name === trust)?.profile ?? "conservative", baseUrl: GATEWAY, merchantId: "shop" },
    store,
    secret: KEY_SECRET,
    timeoutMs: 2_000,
    retry: { baseMs: 800, capMs: 4_000 },
    // One customer at a time: nothing here is a storm.
    governor: false,
    random: dice(seed),
    fetch: (request) => network.send(request, aboutRequest(request, sent)),
    onTransition: (transition) => {
      if (transition.after.status === "settled") settled.add(transition.reference);
      tell(network, transition);
    },
  });
  const settled = new Set<string>();
  const sent = new Set<string>();
  const verifier = createVerifier({ scheme: target.scheme, secrets: target.secret });
  const inbox = createInbox({ store, verifier, mode: "batch", ordering: { policy: "newest" } });
  const stop = new AbortController();
  // Whatever is still open when a customer has left is driven on by the sweeper.
  void payments.run({ everyMs: 5_000, signal: stop.signal });
  return {
    ledger,
    shipped,
    showsPaid: (reference) => settled.has(reference),
    async order(purchase: Purchase): Promise<void> {
      const { status } = await payments.charge(purchase, { waitMs: 10_000 });
      if (status !== "settled") network.note(status.replaceAll("_", " "), `The customer is told the truth: ${status.replaceAll("_", " ")}.`);
    },
    async hear(body: Uint8Array, headers: Headers): Promise<Heard> {
      const receipt = await inbox.receive({ body, headers: Object.fromEntries(headers) }, async (event, batch) => {
        const { payment } = (event.payload as EventBody).data;
        await payments.noteWebhook(payment, { batch });
        if (event.type !== "payment.completed") return;
        await ledger.post(chargeEntry(payment as unknown as Completed, event.id), { batch });
        ship(shipped, payment.reference);
      });
      const reading = READINGS[receipt.status];
      const isNews = receipt.status === "applied" && receipt.events.some(({ type }) => type !== "payment.completed");
      return { status: receipt.httpStatus, ...reading, ...(isNews ? NEWS : {}) };
    },
    close(): void {
      stop.abort();
      payments.close();
    },
  };
}

/** What the native gateway says of a payment that was completed. */
interface Completed {
  readonly id: string;
  readonly reference: string;
  readonly amount: number;
  readonly fee: number;
  readonly currency: string;
  readonly updatedAt?: number;
}

function chargeEntry(payment: Completed, cause: string): Parameters<Ledger["post"]>[0] {
  return templates.charge({
    id: `charge:${payment.id}`,
    gateway: "native",
    reference: payment.reference,
    paymentId: payment.id,
    amount: payment.amount,
    fee: payment.fee,
    currency: payment.currency,
    occurredAt: payment.updatedAt ?? Date.now(),
    cause,
  });
}

/** How what the inbox says reads in the picture. */
const READINGS: Readonly<Record<EventStatus | "rejected", Pick<Heard, "verdict" | "words" | "tone">>> = {
  applied: { verdict: "applied", words: "Verified and applied once: event, order and ledger entry in one commit.", tone: "good" },
  duplicate: { verdict: "dropped", words: "Verified, and known already. Dropped as a duplicate.", tone: "good" },
  stale: { verdict: "dropped", words: "Verified, but older than what was applied. Recorded as stale, nothing changes.", tone: "good" },
  held: { verdict: "dropped", words: "Verified, and held until those before it have come.", tone: "plain" },
  busy: { verdict: "dropped", words: "Another delivery of it is being applied. The gateway is told to come again.", tone: "plain" },
  rejected: { verdict: "refused", words: "The signature does not hold. Refused; nothing was read from it.", tone: "good" },
};

/** What is applied but asks nothing of a shop. */
const NEWS = { words: "Verified and noted. Nothing to send out yet.", tone: "plain" } as const;

/** Which of the three a request is: the first, the same once more, or a question. */
function aboutRequest(request: Request, sent: Set<string>): string {
  if (request.method === "GET") return "The shop asks what became of the order before it does anything else.";
  const key = request.headers.get("idempotency-key") ?? "";
  const again = sent.has(key);
  sent.add(key);
  return again ? "The shop sends it again with the same key: it cannot charge twice." : "Stored first, then sent, with a key derived from the order.";
}

function tell(network: Network, { entries }: Transition): void {
  for (const entry of entries) {
    const { type } = entry;
    if (type === "ambiguous") {
      network.note("parked", "Nobody knows whether the card was charged. The payment is parked: pending, not failed.");
    } else if (type === "settled") {
      const how = EVIDENCE[String(entry["evidence"])] ?? "";
      network.note("settled", `Settled once${how}.`, "good");
    }
  }
}

const EVIDENCE: Readonly<Record<string, string>> = {
  response: ", by the gateway's answer",
  query: ", because the gateway was asked",
  webhook: ", by a verified webhook",
};
