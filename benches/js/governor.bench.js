/**
 * What it costs a call that nothing goes wrong with to be governed: a decision across the border into wasm, beside the
 * policies people wrap such calls in.
 *
 * Invariant: contenders take turns in one process, in an order that rotates from round to round, and each call is awaited,
 * so that what a policy leaves to later turns is on its account. Figures are medians of CPU time.
 */

import core from "@smithy/core/retry";
import asyncRetry from "async-retry";
import { ConsecutiveBreaker, ExponentialBackoff, bulkhead, circuitBreaker, handleAll, retry, wrap } from "cockatiel";
import CircuitBreaker from "opossum";
import pRetry from "p-retry";
import { createGovernor } from "tillproof/payments";

const ROUNDS = 21;
const CALLS = 20_000;
const LANE = { profile: "stripe", operation: "charge", purpose: "first_send" };
const ANSWERED = { type: "answered", status: 200 };

const work = async () => 7;

const governor = createGovernor();
const cockatielRetry = retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() });
const cockatielAll = wrap(
  cockatielRetry,
  circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) }),
  bulkhead(64),
);
const opossum = new CircuitBreaker(work, { timeout: false });
const smithy = new core.StandardRetryStrategy(3);
const now = Date.now();

/** Each does the same work. */
const CONTENDERS = {
  "a bare call": () => work(),
  "tillproof governor: budget, breaker, bulkhead": async () => {
    const pass = governor.permit(LANE, now);
    const value = await work();
    pass.end(ANSWERED, now);
    return value;
  },
  "cockatiel 4 retry": () => cockatielRetry.execute(work),
  "cockatiel 4 retry + breaker + bulkhead": () => cockatielAll.execute(work),
  "@smithy/core StandardRetryStrategy": async () => {
    const token = await smithy.acquireInitialRetryToken("bench");
    const value = await work();
    smithy.recordSuccess(token);
    return value;
  },
  "p-retry 9": () => pRetry(work),
  "async-retry 1.3": () => asyncRetry(work),
  "opossum 10, time-out off": () => opossum.fire(),
};

function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function microseconds(call) {
  const started = cpuUs();
  for (let calls = 0; calls < CALLS; calls += 1) await call();
  return (cpuUs() - started) / CALLS;
}

/** A decision alone: a permit and its report, two crossings of the border. */
function decisions() {
  const started = cpuUs();
  for (let calls = 0; calls < CALLS; calls += 1) governor.permit(LANE, now).end(ANSWERED, now);
  return (cpuUs() - started) / CALLS;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Runs everything; `rows` are for the screen and the file, `goals` are those of payments.md. */
export async function run() {
  const names = Object.keys(CONTENDERS);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const alone = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round + names.length) % names.length];
      const took = await microseconds(CONTENDERS[name]);
      // Both wasm and JavaScript are slow at first.
      if (round >= 0) times[name].push(took);
    }
    const took = decisions();
    if (round >= 0) alone.push(took);
  }
  const us = Object.fromEntries(names.map((name) => [name, median(times[name])]));
  const ratio = (theirs) => median(times[theirs].map((time, round) => time / times["tillproof governor: budget, breaker, bulkhead"][round]));
  return {
    rows: [
      { name: "a governed call that works", us },
      { name: "a permit and its report", us: { tillproof: median(alone) } },
    ],
    goals: [
      { number: "G12", name: "a permit and its report across the border, us", gate: 1, measured: median(alone), atMost: true },
      { number: "G12", name: "times as long as ours: cockatiel with the same three parts", gate: 1, measured: ratio("cockatiel 4 retry + breaker + bulkhead") },
    ],
  };
}
