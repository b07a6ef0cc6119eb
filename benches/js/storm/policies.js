/**
 * When each client comes back, by the function its package waits with.
 *
 * Invariant: a wait is what the published code computes. Where it is not reachable, the package itself is run with a
 * `setTimeout` that notes the wait and ends it at once.
 */

import smithy from "@smithy/core/retry";
import { ExponentialBackoff } from "cockatiel";
import pRetry from "p-retry";
import retry from "retry";
import Stripe from "stripe";
import { retrySchedule } from "tillproof/payments";

/** How many waves of retries are looked at. */
export const WAVES = 3;

/** As many waits as are ever looked at: the deadline of ten minutes comes before. */
const WAITS_MAX = 56;

/** The waits of one client of each package, in milliseconds: `{ name, retries, waits }`. */
export const POLICIES = [
  { name: "stripe-node 23.1 defaults", retries: 2, waits: each(stripeWaits) },
  { name: "stripe-node 23.1, 10 retries", retries: 10, waits: each(stripeWaits) },
  { name: "AWS SDK v3 (@smithy/core 3.41) defaults", retries: 2, waits: each(smithyWaits) },
  { name: "AWS SDK v3, 10 retries", retries: 10, waits: each(smithyWaits) },
  { name: "cockatiel 4 ExponentialBackoff, 10 retries", retries: 10, waits: each(cockatielWaits) },
  { name: "p-retry 9 defaults", retries: 10, waits: each(pRetryWaits({})) },
  { name: "p-retry 9, randomize", retries: 10, waits: each(pRetryWaits({ randomize: true })) },
  { name: "async-retry 1.3 defaults", retries: 10, waits: each(() => retry.timeouts({ randomize: true })) },
];

/** Ours, one client for each payment, by a deadline and not by a count. */
export const OURS = ["full", "equal", "decorrelated", "decorrelated_v2"].map((jitter) => ({
  name: `tillproof, ${jitter}`,
  retries: WAITS_MAX,
  waits: tillproofWaits(jitter),
}));

/** A schedule of its own for each client. It is printed once, and the same in every scene; a hint comes with every answer. */
function tillproofWaits(jitter) {
  const print = (retryAfterMs, attempts) => {
    const entropy = crypto.getRandomValues(new Uint8Array(16));
    return Float64Array.from(retrySchedule({ jitter, entropy, attempts, retryAfterMs }).slice(1), ({ exactMs }) => exactMs);
  };
  const printed = [];
  let client = 0;
  return {
    restart: () => (client = 0),
    next: (hintMs) => {
      if (hintMs !== undefined) return print(hintMs, WAVES + 1);
      const waits = (printed[client] ??= print(0, WAITS_MAX + 1));
      client += 1;
      return waits;
    },
  };
}

/** Draws anew for every client. */
function each(next) {
  return { restart: () => undefined, next };
}

const stripe = new Stripe("sk_test_storm");

function stripeWaits() {
  // It counts retries from 0.
  return Array.from({ length: 10 }, (_, retry) => stripe._requestSender._getSleepTimeInMS(retry));
}

function smithyWaits() {
  const { retryBackoffStrategy: backoff } = new smithy.StandardRetryStrategy(3);
  return Array.from({ length: 10 }, (_, retry) => backoff.computeNextBackoffDelay(retry));
}

function cockatielWaits() {
  const waits = [];
  for (let backoff = new ExponentialBackoff().next(); waits.length < 10; backoff = backoff.next()) waits.push(backoff.duration);
  return waits;
}

function pRetryWaits(options) {
  return async () => {
    const waits = [];
    const { setTimeout: real } = globalThis;
    globalThis.setTimeout = (run, wait) => void (waits.push(wait), queueMicrotask(run));
    const fails = () => Promise.reject(new Error("down"));
    await pRetry(fails, options).catch(() => undefined);
    globalThis.setTimeout = real;
    return waits;
  };
}
