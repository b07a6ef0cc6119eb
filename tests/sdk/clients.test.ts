import assert from "node:assert/strict";
import { test } from "node:test";

import adyen from "@adyen/api-library";
import { createMollieClient } from "@mollie/api-client";
import { Client as PayPalClient, Environment, OrdersController } from "@paypal/paypal-server-sdk";
import createClient from "openapi-fetch";
import { SquareClient } from "square";

import { adyenHttpClient, createFetch, withReference, type SafeFetch } from "../../pkg/src/payments/index.js";
import type { Arrival, HostileOptions, HostileProvider } from "../js/hostile-provider.js";
import { optionsFor, redirected, withProvider } from "./door.js";
import { sendBy } from "./node-fetch.js";

const { CheckoutAPI, Client: AdyenClient, Config, EnvironmentEnum, HttpClientException } = adyen;

/** One way to pay with one client. */
interface Purchase {
  readonly provider: Omit<HostileOptions, "behaviour" | "times">;
  readonly door: (provider: HostileProvider) => SafeFetch;
  /** Pays ten euros, and gives the provider's name of the payment. */
  readonly pay: (fetch: SafeFetch, provider: HostileProvider) => Promise<string | undefined>;
  /** The provider does not say how long he keeps keys: a lost answer is never looked for by sending again. */
  readonly silentOnKeys?: boolean;
}

const named = (name: string, more: object = {}) => (_: Arrival, number: number): object => ({ id: `${name}_${number}`, ...more });

const PURCHASES: Record<string, Purchase> = {
  "square": {
    provider: { bodyField: "idempotency_key", charge: (_, number) => ({ payment: { id: `pay_${number}`, status: "COMPLETED" } }) },
    door: (provider) => createFetch({ ...optionsFor("square", provider.origin), waitMs: 5_000 }),
    pay: async (fetch, { origin }) => {
      // Square's client wants a key, and gets a new one each time: the name of the call decides.
      // Its timer goes on when the answer is there, and so does the process of this test.
      const patience = { maxRetries: 0, timeoutInSeconds: 30 };
      const client = new SquareClient({ token: "sq", baseUrl: origin, fetch, ...patience });
      const amountMoney = { amount: 1_000n, currency: "EUR" } as const;
      const answer = await client.payments.create({ sourceId: "cnon:ok", idempotencyKey: crypto.randomUUID(), amountMoney });
      return answer.payment?.id;
    },
    silentOnKeys: true,
  },
  "mollie": {
    provider: { charge: named("tr", { resource: "payment", mode: "test", status: "open", _links: {} }) },
    door: (provider) => createFetch(optionsFor("mollie", provider.origin)),
    pay: async (fetch, { origin }) => {
      sendBy(fetch);
      const client = createMollieClient({ apiKey: "test_12345678901234567890123456", apiEndpoint: `${origin}/v2/` });
      const payment = await client.payments.create({ amount: { value: "10.00", currency: "EUR" }, description: "order", redirectUrl: "https://shop.test" });
      return payment.id;
    },
  },
  "adyen": {
    provider: { charge: (_, number) => ({ pspReference: `psp_${number}`, resultCode: "Authorised" }) },
    door: (provider) => redirected("adyen", "https://checkout-test.adyen.com", provider),
    pay: async (fetch) => {
      const config = new Config({ apiKey: "key", environment: EnvironmentEnum.TEST });
      const client = new AdyenClient(config, adyenHttpClient(fetch, { HttpClientException }));
      const payment = await new CheckoutAPI(client).PaymentsApi.payments({
        merchantAccount: "shop",
        amount: { value: 1_000, currency: "EUR" },
        reference: "order_1",
        returnUrl: "https://shop.test",
        paymentMethod: { type: "scheme" } as never,
      });
      return payment.pspReference;
    },
  },
  "paypal": {
    provider: {
      moves: ({ method, path }) => method === "POST" && path.startsWith("/v2/"),
      read: ({ path }) => (path === "/v1/oauth2/token" ? { access_token: `A21_${Math.random()}`, token_type: "Bearer", expires_in: 1 } : undefined),
      charge: named("order", { status: "COMPLETED" }),
    },
    door: (provider) => redirected("paypal", "https://api-m.sandbox.paypal.com", provider),
    pay: async (fetch) => {
      const client = new PayPalClient({
        environment: Environment.Sandbox,
        clientCredentialsAuthCredentials: { oAuthClientId: "id", oAuthClientSecret: "secret" },
        // The client of PayPal is made of axios, which can be told to send by a `fetch`.
        unstable_httpClientOptions: { adapter: "fetch", env: { fetch } },
      });
      const amount = { currencyCode: "EUR", value: "10.00" };
      const order = await new OrdersController(client).createOrder({ body: { intent: "CAPTURE" as never, purchaseUnits: [{ amount }] } });
      return order.result.id;
    },
  },
  "openapi-fetch": {
    provider: { charge: named("pay", { state: "completed" }) },
    door: (provider) => createFetch(optionsFor("native", provider.origin)),
    pay: async (fetch, { origin }) => {
      type Paths = { "/api/payments": { post: { requestBody: { content: { "application/json": { amount: number } } }; responses: { 200: { content: { "application/json": { id: string } } } } } } };
      const { data } = await createClient<Paths>({ baseUrl: origin, fetch }).POST("/api/payments", { body: { amount: 1_000 } });
      return data?.id;
    },
  },
  "fetch": {
    provider: { charge: named("pay", { state: "completed" }) },
    door: (provider) => createFetch(optionsFor("native", provider.origin)),
    pay: async (fetch, { origin }) => {
      const body = JSON.stringify({ amount: 1_000, currency: "EUR" });
      const response = await fetch(`${origin}/api/payments`, { method: "POST", body, headers: { "content-type": "application/json" } });
      return ((await response.json()) as { id: string }).id;
    },
  },
};

for (const [client, { provider: options, door, pay, silentOnKeys }] of Object.entries(PURCHASES)) {
  test(`${client}: one name is one payment, and another name is another one`, async () => {
    await withProvider({ behaviour: "healthy", ...options }, async (provider) => {
      const safe = door(provider);
      const first = await withReference("order_1", () => pay(safe, provider));
      assert.notEqual(first, undefined);
      assert.equal(await withReference("order_1", () => pay(safe, provider)), first);
      assert.equal(provider.arrivals.length, 1);
      assert.notEqual(await withReference("order_2", () => pay(safe, provider)), first);
      assert.equal(provider.charges.length, 2);
      assert.equal(provider.keys.size, 2);
    });
  });

  test(`${client}: an answer that is lost charges nobody twice`, async () => {
    await withProvider({ behaviour: "reset after processing", times: 1, ...options }, async (provider) => {
      const safe = door(provider);
      const paying = withReference("order_1", () => pay(safe, provider));
      if (silentOnKeys === true) await assert.rejects(paying);
      else assert.notEqual(await paying, undefined);
      safe.payments.close();
      assert.equal(provider.charges.length, 1);
      assert.equal(provider.keys.size, 1);
      assert.equal(provider.arrivals.length, silentOnKeys === true ? 1 : 2);
    });
  });
}

test("adyen: what the provider refuses is the error of the library", async () => {
  const refusal = { status: 422, errorCode: "14_0012", message: "The provided SDK token could not be parsed.", errorType: "validation" };
  const safe = createFetch({ ...optionsFor("adyen", "https://checkout-test.adyen.com"), fetch: async () => Response.json(refusal, { status: 422 }) });
  const client = new AdyenClient(new Config({ apiKey: "key", environment: EnvironmentEnum.TEST }), adyenHttpClient(safe, { HttpClientException }));
  await assert.rejects(
    withReference("order_1", () => new CheckoutAPI(client).PaymentsApi.payments({} as never)),
    (error: unknown) => error instanceof HttpClientException && error.statusCode === 422 && error.errorCode === "14_0012",
  );
});
