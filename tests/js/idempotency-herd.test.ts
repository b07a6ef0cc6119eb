import assert from "node:assert/strict";
import { test } from "node:test";

import { createIdempotency } from "../../pkg/src/idempotency/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

/** 100,000 of 1,000 keys are asked for by `HERD_REQUESTS=100000`; benches/js/idempotency.bench.js measures them. */
const REQUESTS = Number(process.env["HERD_REQUESTS"] ?? 20_000);
const KEYS = REQUESTS / 100;
const AT_ONCE = 500;

test(`${REQUESTS} requests of ${KEYS} keys to two processes over one store: each effect once, each key one answer`, async (context) => {
  const store = memoryStore();
  // They share nothing but the store, like processes.
  const processes = [0, 1].map(() => createIdempotency({ store, waitMs: 600_000, leaseMs: 600_000 }));
  const effects = new Map<string, number>();
  const answers = new Map<string, Set<string>>();
  const statuses: Record<string, number> = {};
  let next = 0;
  let highest = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < REQUESTS; at = next++) {
      // Those of one key are spread over everything, so that most find their answer in the store and not in flight.
      const key = `key-${at % KEYS}`;
      const request = { operation: "order", principal: "ann", key, method: "POST", target: "/orders", body: `{"item":"${key}"}` };
      const { status, answer } = await processes[at % 2]!.run({ ...request, contentType: "application/json" }, async () => {
        effects.set(key, (effects.get(key) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        return { status: 201, json: { order: key, note: "x".repeat(500) } };
      }, { recover: "hold" });
      statuses[status] = (statuses[status] ?? 0) + 1;
      answers.set(key, (answers.get(key) ?? new Set()).add(`${answer.status} ${Buffer.from(answer.body).toString()}`));
      if (at % 500 === 0) highest = Math.max(highest, process.memoryUsage().heapUsed);
    }
  };
  const before = process.memoryUsage().heapUsed;
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const grown = Math.round((highest - before) / 1_048_576);
  context.diagnostic(`${JSON.stringify(statuses)}; the heap grew by ${grown} MiB`);
  assert.deepEqual([effects.size, Math.max(...effects.values())], [KEYS, 1]);
  assert.ok([...answers.values()].every((texts) => texts.size === 1));
  assert.deepEqual(statuses, { executed: KEYS, replayed: REQUESTS - KEYS });
  assert.equal((await store.scan("idempotency/", null, REQUESTS)).length, KEYS);
  assert.ok(grown < 100, `the heap grew by ${grown} MiB`);
});
