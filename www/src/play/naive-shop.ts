/**
 * A shop as many are: it tries again with a fresh key, and believes every webhook.
 *
 * Nothing here is made worse than what is found in real shops: the retry is a loop, the webhook handler ships what is
 * said to be paid.
 */

import { type EventBody, type Heard, type Network, sleep } from "./network.js";
import { GATEWAY, ship, type Purchase, type Shop } from "./shop.js";

const ATTEMPTS = 3;
const PAUSE_MS = 1_000;
const TIMEOUT_MS = 2_000;

export function naiveShop(network: Network, random: (bytes: Uint8Array) => void): Shop {
  const shipped = new Map<string, number>();
  const status = new Map<string, string>();
  return {
    shipped,
    showsPaid: (reference) => status.get(reference) === "payment.completed",
    async order({ reference, amount, currency }: Purchase): Promise<void> {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        const request = new Request(`${GATEWAY}/api/payments`, {
          method: "POST",
          headers: { "idempotency-key": freshKey(random) },
          body: JSON.stringify({ merchantId: "shop", amount, currency, reference }),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const again = attempt === 1 ? "The shop sends the payment." : "The shop tries again, with a fresh key: to the gateway, a new payment.";
        const paid = await network.send(request, again).then(({ ok }) => ok, () => false);
        if (paid) return;
        await sleep(PAUSE_MS);
      }
      network.note("failed", "The shop gives up and tells the customer that the payment failed. Perhaps it did.", "bad");
    },
    async hear(body: Uint8Array): Promise<Heard> {
      const { type, data } = JSON.parse(new TextDecoder().decode(body)) as EventBody;
      const { reference } = data.payment;
      const before = status.get(reference);
      status.set(reference, type);
      const applied = { status: 200, verdict: "applied" } as const;
      if (type !== "payment.completed") {
        const back = before === "payment.completed";
        const words = back ? "An older event. The last one wins: a paid order is shown as unpaid again." : "Noted.";
        return { ...applied, words, tone: back ? "bad" : "plain" };
      }
      const again = (shipped.get(reference) ?? 0) > 0;
      ship(shipped, reference);
      const words = again ? "Believed. The order is paid, it says, so it is sent out once more." : "Believed without a check. The order is sent out.";
      return { ...applied, words, tone: again ? "bad" : "plain" };
    },
    close: () => undefined,
  };
}

/** A key nobody used before: 16 random bytes in hexadecimal. */
function freshKey(random: (bytes: Uint8Array) => void): string {
  const bytes = new Uint8Array(16);
  random(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
