/** Attempts for each fresh request while a share of all requests fails: what a brown-out is answered with. */

import core from "@smithy/core/retry";
import { createGovernor } from "tillproof/payments";

const PROCESSES = 100;
const SECONDS = 60;
const PER_SECOND = 10;

/** Whether a process may try once more after `retry` retries, and what it learns; one object for each process. */
export const CLIENTS = {
  "tillproof, budget alone": () => ours({ breaker: false, bulkhead: false }),
  "tillproof, defaults": () => ours({}),
  "AWS SDK v3, 10 retries (bucket of 500)": () => smithy(11),
  "AWS SDK v3, defaults": () => smithy(3),
  "p-retry, 10 retries": () => counted(10),
  "stripe-node, 2 retries": () => counted(2),
};

export async function load(make, failing) {
  let attempts = 0;
  for (let process = 0; process < PROCESSES; process += 1) {
    const client = make();
    for (let request = 0; request < SECONDS * PER_SECOND; request += 1) {
      const now = EPOCH + (request * 1_000) / PER_SECOND;
      const turn = client.begin();
      for (let retry = 0; await turn.may(retry, now); retry += 1) {
        attempts += 1;
        const failed = Math.random() < failing;
        turn.told(failed, now);
        if (!failed) break;
      }
    }
  }
  return attempts / (PROCESSES * SECONDS * PER_SECOND);
}

const EPOCH = Date.parse("2026-11-21T12:00:00Z");

function ours(options) {
  const governor = createGovernor(options);
  const begin = () => {
    let pass;
    return {
      may: (retry, now) => {
        const purpose = retry === 0 ? "first_send" : "resend";
        pass = governor.permit({ profile: "provider", operation: "charge", purpose }, now);
        return retry <= 10 && pass.go;
      },
      told: (failed, now) => pass.end(failed ? { type: "failed", notSent: false } : { type: "answered", status: 200 }, now),
    };
  };
  return { begin };
}

/** The strategy itself decides; its wait is ended at once. */
function smithy(attempts) {
  const strategy = new core.StandardRetryStrategy(attempts);
  const begin = () => {
    let token;
    return {
      may: async (retry) => {
        if (retry === 0) token = await strategy.acquireInitialRetryToken("storm");
        else {
          const { setTimeout: real } = globalThis;
          globalThis.setTimeout = (run) => void queueMicrotask(run);
          const next = await strategy.refreshRetryTokenForRetry(token, { errorType: "TRANSIENT" }).catch(() => undefined);
          globalThis.setTimeout = real;
          if (next === undefined) return false;
          token = next;
        }
        return true;
      },
      told: (failed) => {
        if (!failed) strategy.recordSuccess(token);
      },
    };
  };
  return { begin };
}

/** A number of retries and nothing else. */
function counted(retries) {
  return { begin: () => ({ may: (retry) => retry <= retries, told: () => undefined }) };
}
