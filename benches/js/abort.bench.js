/**
 * How long a caller who leaves during a wait is held, and whether something is sent after he left.
 *
 * Each contender sends once, is answered 503, and waits a second or more before it tries again; 50 ms later the caller
 * aborts. Measured is the time from the abort to the end of the call, and calls that begin after it, in 21 rounds.
 */

import { setTimeout as pause } from "node:timers/promises";

const ROUNDS = 21;
const LEAVES_AFTER_MS = 50;
/** Longest that anything is waited for: a contender that ends later waits out its delay. */
const WATCH_MS = 1_500;

/** Each contender by name: `send` resolves to a 503; ends when it gives up. */
const CONTENDERS = {
  "tillproof payments.charge": async () => {
    const { createPayments } = await import("tillproof/payments");
    const { memoryStore } = await import("tillproof/stores/memory");
    return (send, signal) => {
      const payments = createPayments({
        provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
        store: memoryStore(),
        secret: "sixteen bytes and more",
        retry: { baseMs: 2_000, capMs: 2_000, jitter: "equal" },
        fetch: send,
      });
      const charge = payments.charge({ reference: "order_1", amount: 1_000n, currency: "EUR" }, { signal });
      return charge.finally(() => payments.close());
    };
  },
  "tillproof createFetch": async () => {
    const { createFetch } = await import("tillproof/payments");
    const { memoryStore } = await import("tillproof/stores/memory");
    return (send, signal) => {
      const safe = createFetch({
        provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
        store: memoryStore(),
        secret: "sixteen bytes and more",
        retry: { baseMs: 2_000, capMs: 2_000, jitter: "equal" },
        fetch: send,
      });
      const init = { method: "POST", body: '{"amount":1000}', headers: { "tillproof-reference": "order_1" }, signal };
      return safe("http://gateway.test/api/payments", init).finally(() => safe.payments.close());
    };
  },
  "p-retry": async () => {
    const { default: pRetry } = await import("p-retry");
    return (send, signal) => pRetry(() => refused(send), { signal, retries: 3, minTimeout: 1_000 });
  },
  "cockatiel": async () => {
    const { ConstantBackoff, handleAll, retry } = await import("cockatiel");
    const policy = retry(handleAll, { maxAttempts: 3, backoff: new ConstantBackoff(1_000) });
    return (send, signal) => policy.execute(() => refused(send), signal);
  },
};

async function refused(send) {
  const { status } = await send();
  throw new Error(`the provider answered ${status}`);
}

async function round(contender) {
  const leaving = new AbortController();
  let [left, after] = [Infinity, 0];
  let answered;
  const first = new Promise((resolve) => (answered = resolve));
  const send = async () => {
    if (performance.now() > left) after += 1;
    answered();
    return Response.json({ error: { code: "unavailable", message: "later" } }, { status: 503 });
  };
  const call = contender(send, leaving.signal).then(() => performance.now(), () => performance.now());
  await first;
  await pause(LEAVES_AFTER_MS);
  left = performance.now();
  leaving.abort();
  const ended = await Promise.race([call, pause(WATCH_MS, left + WATCH_MS, { ref: false })]);
  // A call that waits out its delay sends once more when it is over.
  await pause(0);
  return { heldMs: ended - left, after };
}

export async function run() {
  const us = {};
  const goals = [];
  for (const [name, make] of Object.entries(CONTENDERS)) {
    const contender = await make();
    await round(contender);
    const rounds = [];
    for (let count = 0; count < ROUNDS; count += 1) rounds.push(await round(contender));
    const held = rounds.map(({ heldMs }) => heldMs).sort((a, b) => a - b);
    const sends = Math.max(...rounds.map(({ after }) => after));
    us[`${name}, the slowest of ${ROUNDS} (${sends} sends after the abort)`] = held[ROUNDS - 1] * 1_000;
    if (!name.startsWith("tillproof")) continue;
    goals.push({ number: "G11", name: "abort during a wait, ms until the call ends, the slowest", gate: 5, stretch: 1, measured: held[ROUNDS - 1], atMost: true });
    goals.push({ number: "G11", name: "sends after an abort", gate: 0, stretch: 0, measured: sends, atMost: true });
  }
  return { rows: [{ name: "abort 50 ms into a wait of a second or more", us }], goals };
}
