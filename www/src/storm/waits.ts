/** What each policy waits. Ours is asked of the package. */

import { retrySchedule } from "tillproof/slim/payments";

import { dice } from "../play/dice.js";
import { SCHEDULES, type PolicyName } from "./policy.js";
import type { Waits } from "./simulate.js";

const BASE_MS = 1_000;
const CAP_MS = 30_000;

/** The usual number of retries where a policy counts them. */
const FEW = 3;

/** More than a client makes before the horizon. */
const ATTEMPTS = 32;

export function waitsOf(policy: PolicyName, seed: number): Waits {
  const random = chance(seed);
  switch (policy) {
    case "at-once":
      return (_, retry) => (retry < FEW ? 0 : undefined);
    case "every-second":
      return () => BASE_MS;
    case "doubling":
      return (_, retry) => doubled(retry);
    case "full-jitter":
      return (_, retry) => random() * doubled(retry);
    case "tillproof":
      return ours(seed);
  }
}

function doubled(retry: number): number {
  return Math.min(CAP_MS, BASE_MS * 2 ** retry);
}

/** Between 0 and 1, from the seed. */
function chance(seed: number): () => number {
  const fill = dice(seed);
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  return () => {
    fill(bytes);
    return view.getUint32(0) / 2 ** 32;
  };
}

/** The schedule a payment client would keep after a lost answer. Clients that share one noticed at different times. */
function ours(seed: number): Waits {
  const fill = dice(seed);
  const printed = Array.from({ length: SCHEDULES }, (): Float32Array => {
    const entropy = new Uint8Array(16);
    fill(entropy);
    const schedule = retrySchedule({ baseMs: BASE_MS, capMs: CAP_MS, attempts: ATTEMPTS, unknown: true, entropy });
    return Float32Array.from(schedule.slice(1), ({ exactMs }) => exactMs ?? 0);
  });
  return (client, retry) => printed[client % SCHEDULES]?.[retry];
}
