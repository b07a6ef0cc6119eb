import assert from "node:assert/strict";
import { test } from "node:test";

import { createPayments } from "../../pkg/src/payments/index.js";
import type { ChargeRequest, PaymentsOptions } from "../../pkg/src/payments/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { hostileProvider, SIX_BEHAVIOURS, type Behaviour, type HostileProvider } from "./hostile-provider.js";

const ORDER: ChargeRequest = { reference: "order_1", amount: 1_000n, currency: "EUR" };

/** How long whoever waits for an end waits for it: against hanging, and no measure of how fast a machine has to be. */
const WAIT_MS = 300_000;

/** Nothing but what must be said; the request's time-out is that of the published table. */
function client(provider: HostileProvider, options: Partial<PaymentsOptions> = {}) {
  return createPayments({
    provider: { profile: "native", baseUrl: provider.origin, merchantId: "shop" },
    store: memoryStore(),
    secret: "sixteen bytes and more",
    timeoutMs: 1_000,
    ...options,
  });
}

async function withProvider(behaviour: Behaviour, times: number | undefined, body: (provider: HostileProvider) => Promise<void>) {
  const provider = await hostileProvider({ behaviour, ...(times === undefined ? {} : { times }), lateMs: 1_300 });
  try {
    await body(provider);
  } finally {
    await provider.close();
  }
}

test("a provider that never stops misbehaving gets one charge, and the caller a value", async () => {
  await Promise.all(
    SIX_BEHAVIOURS.map((behaviour) =>
      withProvider(behaviour, undefined, async (provider) => {
        const payments = client(provider);
        const outcome = await payments.charge(ORDER, { waitMs: 5_000 });
        payments.close();
        assert.match(outcome.status, /^(settled|pending_confirmation)$/, behaviour);
        assert.equal(provider.keys.size, 1, `${behaviour}: one key for one purchase`);
        assert.ok(provider.charges.length <= 1, behaviour);
      }),
    ),
  );
});

test("a provider that misbehaves once has charged once when the caller hears that it is settled", async () => {
  const behaviours: readonly Behaviour[] = [...SIX_BEHAVIOURS, "truncated 2xx", "late answer", "slow loris"];
  await Promise.all(
    behaviours.map((behaviour) =>
      withProvider(behaviour, 1, async (provider) => {
        const outcome = await client(provider).charge(ORDER, { waitMs: WAIT_MS });
        assert.equal(outcome.status, "settled", behaviour);
        assert.equal(provider.charges.length, 1, behaviour);
        assert.equal(provider.keys.size, 1, behaviour);
      }),
    ),
  );
});

test("nothing is sent before the provider's wait is over", async () => {
  const waits: Partial<Record<Behaviour, number>> = { "503, Retry-After: 2": 2_000, "429, date 3 s away": 2_000 };
  await Promise.all(
    Object.entries(waits).map(([behaviour, least]) =>
      withProvider(behaviour as Behaviour, 1, async (provider) => {
        // Nobody gives up before the answer that says how long to wait.
        await client(provider, { timeoutMs: WAIT_MS }).charge(ORDER, { waitMs: WAIT_MS });
        const [first, second] = provider.arrivals;
        assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= least, behaviour);
      }),
    ),
  );
});
