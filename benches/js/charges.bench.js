/**
 * What clients do to a charge: requests and charges for one purchase, against a provider that misbehaves in one way.
 *
 * Each cell is a client made fresh with its default settings and a request time-out of one second, and a loopback server
 * of its own, watched for twelve seconds. A charge is a key that was not seen before, or a request without a key. What
 * the caller was told stands behind it: `paid`, `unknown` (a value, or an error that says just that), `error`, or
 * `nothing` in the time of the watch.
 */

import { hostileProvider, SIX_BEHAVIOURS } from "./hostile-provider.js";

const WATCH_MS = Number(process.env.CHARGES_WATCH_MS ?? 12_000);
const TIMEOUT_MS = 1_000;
const FORM = "amount=1000&currency=eur&payment_method=pm_card_visa&confirm=true";
const HEADERS = { "content-type": "application/x-www-form-urlencoded" };

/** A POST as careful code writes it around `fetch`: what is no success throws. */
async function post(origin) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${origin}/v1/payment_intents`, { method: "POST", headers: HEADERS, body: FORM, signal });
  if (!response.ok) throw new Error(`the provider answered ${response.status}`);
  return response.json();
}

async function stripeWith(origin, options) {
  const { default: Stripe } = await import("stripe");
  const { hostname, port } = new URL(origin);
  const stripe = new Stripe("sk_test_bench", { host: hostname, port, protocol: "http", timeout: TIMEOUT_MS, telemetry: false, ...options });
  return stripe.paymentIntents.create({ amount: 1_000, currency: "eur", payment_method: "pm_card_visa", confirm: true });
}

/** Options both doors of Tillproof share. All that is not here is default. */
async function doorTo(origin, profile) {
  const { memoryStore } = await import("tillproof/stores/memory");
  return {
    provider: { profile, baseUrl: origin, merchantId: "acct_bench", headers: { authorization: "Bearer sk_test_bench" } },
    store: memoryStore(),
    secret: "sixteen bytes and more",
    timeoutMs: TIMEOUT_MS,
  };
}

/** Each client by name: makes one charge of ten euros at `origin`; resolves when it was paid, or to what it says. */
const CLIENTS = {
  "tillproof payments.charge": async (origin) => {
    const { createPayments } = await import("tillproof/payments");
    const payments = createPayments(await doorTo(origin, "stripe"));
    const providerFields = { payment_method: "pm_card_visa" };
    return payments.charge({ reference: "order_1", amount: 1_000n, currency: "EUR", providerFields }, { waitMs: WATCH_MS - 2_000 });
  },
  "tillproof createFetch under stripe": async (origin) => {
    const { createFetch, withReference } = await import("tillproof/payments");
    const { default: Stripe } = await import("stripe");
    // The client calls three times before it gives up, and each call waits.
    const safe = createFetch({ ...(await doorTo(origin, "stripe")), waitMs: WATCH_MS / 4 });
    const httpClient = Stripe.createFetchHttpClient(safe);
    return withReference("order_1", () => stripeWith(origin, { httpClient, timeout: WATCH_MS }));
  },
  "fetch": post,
  "axios": async (origin) => {
    const { default: axios } = await import("axios");
    return axios.post(`${origin}/v1/payment_intents`, FORM, { timeout: TIMEOUT_MS });
  },
  "axios-retry": async (origin) => {
    const [{ default: axios }, { default: axiosRetry }] = await Promise.all([import("axios"), import("axios-retry")]);
    const client = axios.create({ timeout: TIMEOUT_MS });
    axiosRetry(client);
    return client.post(`${origin}/v1/payment_intents`, FORM);
  },
  "got": async (origin) => {
    const { default: got } = await import("got");
    return got.post(`${origin}/v1/payment_intents`, { body: FORM, headers: HEADERS, timeout: { request: TIMEOUT_MS } }).json();
  },
  "ky": async (origin) => {
    const { default: ky } = await import("ky");
    return ky.post(`${origin}/v1/payment_intents`, { body: FORM, headers: HEADERS, timeout: TIMEOUT_MS }).json();
  },
  "undici RetryAgent": async (origin) => {
    const { Agent, RetryAgent, request } = await import("undici");
    const dispatcher = new RetryAgent(new Agent({ headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS }));
    const answer = await request(`${origin}/v1/payment_intents`, { method: "POST", headers: HEADERS, body: FORM, dispatcher });
    if (answer.statusCode >= 300) throw new Error(`the provider answered ${answer.statusCode}`);
    return answer.body.json();
  },
  "p-retry + fetch": async (origin) => {
    const { default: pRetry } = await import("p-retry");
    return pRetry(() => post(origin));
  },
  "async-retry + fetch": async (origin) => {
    const { default: retry } = await import("async-retry");
    return retry(() => post(origin));
  },
  "exponential-backoff + fetch": async (origin) => {
    const { backOff } = await import("exponential-backoff");
    return backOff(() => post(origin));
  },
  "cockatiel, 3 retries": async (origin) => {
    const { ExponentialBackoff, handleAll, retry } = await import("cockatiel");
    return retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }).execute(() => post(origin));
  },
  "opossum": async (origin) => {
    const { default: CircuitBreaker } = await import("opossum");
    return new CircuitBreaker(() => post(origin), { timeout: TIMEOUT_MS }).fire();
  },
  "stripe": (origin) => stripeWith(origin, {}),
  "stripe, no retries": (origin) => stripeWith(origin, { maxNetworkRetries: 0 }),
  "square payments.create": async (origin) => {
    const { SquareClient } = await import("square");
    const client = new SquareClient({ token: "bench", baseUrl: origin, timeoutInSeconds: TIMEOUT_MS / 1_000 });
    const amountMoney = { amount: 1_000n, currency: "EUR" };
    return client.payments.create({ sourceId: "cnon:card-nonce-ok", idempotencyKey: crypto.randomUUID(), amountMoney });
  },
};

/** What the caller was told. */
function told(value, error) {
  if (error !== undefined) return (error.detail ?? error.cause ?? error).code === "pending_confirmation" ? "unknown" : "error";
  return value?.status === "pending_confirmation" ? "unknown" : "paid";
}

async function cell(charge, behaviour) {
  const provider = await hostileProvider({ behaviour, bodyField: "idempotency_key" });
  try {
    let answer = "nothing";
    const watch = new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const ended = charge(provider.origin).then(
      (value) => (answer = told(value)),
      (error) => (answer = error.code === "ERR_MODULE_NOT_FOUND" ? "not installed" : told(undefined, error)),
    );
    ended.catch(() => undefined);
    await watch;
    const unkeyed = provider.arrivals.filter(({ key }) => key === undefined).length;
    return { requests: provider.arrivals.length, charges: provider.keys.size + unkeyed, told: answer };
  } finally {
    await provider.close();
  }
}

export async function run() {
  // Packages are loaded before the watch begins.
  for (const charge of Object.values(CLIENTS)) {
    const provider = await hostileProvider({ behaviour: "healthy", bodyField: "idempotency_key" });
    await charge(provider.origin).catch(() => undefined);
    await provider.close();
  }
  const rows = await Promise.all(
    Object.entries(CLIENTS).map(async ([name, charge]) => {
      const cells = await Promise.all(SIX_BEHAVIOURS.map((behaviour) => cell(charge, behaviour)));
      return { name, cells: Object.fromEntries(SIX_BEHAVIOURS.map((behaviour, index) => [behaviour, cells[index]])) };
    }),
  );
  const ours = rows.filter(({ name }) => name.startsWith("tillproof")).flatMap(({ cells }) => Object.values(cells));
  const most = Math.max(...ours.map(({ charges }) => charges));
  const exceptions = ours.filter(({ told }) => told !== "paid" && told !== "unknown").length;
  return {
    rows,
    goals: [
      { number: "G1", name: "charges per intent in six behaviours, the most", gate: 1, stretch: 1, measured: most, atMost: true },
      { number: "G1", name: "cells of ours that end without an outcome", gate: 0, stretch: 0, measured: exceptions, atMost: true },
    ],
  };
}
