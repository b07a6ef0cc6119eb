/** Webhook endpoints and what is delivered to them, through the official client and over sockets. */

import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import Stripe from "stripe";

import { withStripe } from "./simulator.js";

/** What a merchant's endpoint was sent. */
interface Arrival {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A merchant's endpoint: keeps what comes and answers as it is told. */
class Merchant {
  readonly arrivals: Arrival[] = [];
  status = 200;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<Merchant> {
    const server = createServer();
    const merchant = new Merchant(server);
    server.on("request", (request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => (body += chunk));
      request.on("end", () => {
        merchant.arrivals.push({ path: request.url ?? "", headers: request.headers, body });
        response.writeHead(merchant.status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return merchant;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`;
  }

  get events(): Stripe.Event[] {
    return this.arrivals.map(({ body }) => JSON.parse(body) as Stripe.Event);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function withMerchant(body: (merchant: Merchant) => Promise<void>): Promise<void> {
  const merchant = await Merchant.listen();
  try {
    await body(merchant);
  } finally {
    await merchant.close();
  }
}

const refused = async (call: Promise<unknown>): Promise<Stripe.errors.StripeError> => {
  const error = await call.then(
    () => assert.fail("the call was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Stripe.errors.StripeError, String(error));
  return error;
};

test("an endpoint is created with a secret that is never shown again", () =>
  withStripe(async ({ stripe }) => {
    const made = await stripe.webhookEndpoints.create({
      url: "https://shop.example/hooks",
      enabled_events: ["customer.created", "charge.failed"],
      description: "orders",
      metadata: { team: "a" },
    });
    assert.match(made.id, /^we_[0-9A-Za-z]+$/);
    assert.match(made.secret ?? "", /^whsec_[0-9A-Za-z]{24,}$/);
    const { secret: _, lastResponse: __, ...shown } = made;
    assert.deepEqual(shown, {
      id: made.id,
      object: "webhook_endpoint",
      api_version: null,
      application: null,
      created: made.created,
      description: "orders",
      enabled_events: ["customer.created", "charge.failed"],
      livemode: false,
      metadata: { team: "a" },
      status: "enabled",
      url: "https://shop.example/hooks",
    });
    const again = await stripe.webhookEndpoints.retrieve(made.id);
    assert.equal("secret" in again, false);
    assert.equal("secret" in (await stripe.webhookEndpoints.list()).data[0]!, false);
    assert.equal("secret" in (await stripe.webhookEndpoints.update(made.id, { description: "" })), false);
  }));

test("an endpoint is changed, disabled, enabled, listed and deleted", () =>
  withStripe(async ({ stripe }) => {
    const [one, two] = [
      await stripe.webhookEndpoints.create({ url: "https://a.example", enabled_events: ["*"] }),
      await stripe.webhookEndpoints.create({ url: "https://b.example", enabled_events: ["*"] }),
    ];
    assert.deepEqual((await stripe.webhookEndpoints.list()).data.map(({ id }) => id), [two.id, one.id]);
    assert.equal((await stripe.webhookEndpoints.list({ limit: 1 })).has_more, true);
    const changed = await stripe.webhookEndpoints.update(one.id, {
      url: "https://c.example",
      enabled_events: ["charge.succeeded"],
      disabled: true,
      metadata: { a: "1" },
    });
    assert.deepEqual(
      [changed.url, changed.enabled_events, changed.status, changed.metadata],
      ["https://c.example", ["charge.succeeded"], "disabled", { a: "1" }],
    );
    assert.equal((await stripe.webhookEndpoints.update(one.id, { disabled: false })).status, "enabled");
    const { lastResponse: _, ...gone } = await stripe.webhookEndpoints.del(one.id);
    assert.deepEqual(gone, { id: one.id, object: "webhook_endpoint", deleted: true });
    assert.equal((await refused(stripe.webhookEndpoints.retrieve(one.id))).code, "resource_missing");
    assert.deepEqual((await stripe.webhookEndpoints.list()).data.map(({ id }) => id), [two.id]);
  }));

test("what no endpoint can be made from is refused by name", () =>
  withStripe(async ({ stripe }) => {
    const create = (params: object): Promise<Stripe.errors.StripeError> =>
      refused(stripe.webhookEndpoints.create(params as Stripe.WebhookEndpointCreateParams));
    const url = "https://shop.example";
    const table: [object, string | undefined, string | undefined][] = [
      [{ enabled_events: ["*"] }, "parameter_missing", "url"],
      [{ url }, "parameter_missing", "enabled_events"],
      [{ url: "shop.example", enabled_events: ["*"] }, "url_invalid", "url"],
      [{ url: "https://", enabled_events: ["*"] }, "url_invalid", "url"],
      [{ url, enabled_events: ["*", "order.sung"] }, undefined, "enabled_events[1]"],
      [{ url, enabled_events: ["*"], colour: "red" }, "parameter_unknown", "colour"],
    ];
    for (const [params, code, param] of table) {
      const error = await create(params);
      assert.deepEqual([error.statusCode, error.code, error.param], [400, code, param], JSON.stringify(params));
    }
    for (let number = 0; number < 16; number += 1) await stripe.webhookEndpoints.create({ url, enabled_events: ["*"] });
    assert.match((await create({ url, enabled_events: ["*"] })).message, /maximum of 16/);
  }));

test("a delivery is signed so that the official client verifies it, and equals what is retrieved", () =>
  withStripe(({ stripe }) =>
    withMerchant(async (merchant) => {
      const { secret } = await stripe.webhookEndpoints.create({ url: merchant.url, enabled_events: ["*"] });
      const customer = await stripe.customers.create({ email: "a@shop.example" });
      await until(() => merchant.arrivals.length === 1);
      const { body, headers } = merchant.arrivals[0]!;
      assert.match(String(headers["stripe-signature"]), /^t=\d+,v1=[0-9a-f]{64}$/);
      assert.match(String(headers["content-type"]), /^application\/json/);
      const event = stripe.webhooks.constructEvent(body, String(headers["stripe-signature"]), secret!);
      assert.equal(event.type, "customer.created");
      assert.equal((event.data.object as Stripe.Customer).id, customer.id);
      const [kept] = (await stripe.events.list()).data;
      assert.deepEqual({ ...kept, pending_webhooks: 1 }, { ...event });
      assert.throws(() => stripe.webhooks.constructEvent(`${body} `, String(headers["stripe-signature"]), secret!));
    }),
  ));

test("an endpoint gets the types it asked for and nothing while it is disabled", () =>
  withStripe(({ stripe }) =>
    withMerchant(async (merchant) => {
      const endpoint = await stripe.webhookEndpoints.create({
        url: merchant.url,
        enabled_events: ["customer.updated"],
      });
      const customer = await stripe.customers.create({ name: "a" });
      await stripe.customers.update(customer.id, { name: "b" });
      await until(() => merchant.arrivals.length === 1);
      await stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
      await stripe.customers.update(customer.id, { name: "c" });
      await stripe.webhookEndpoints.update(endpoint.id, { disabled: false });
      await stripe.customers.update(customer.id, { name: "d" });
      await until(() => merchant.arrivals.length === 2);
      const names = merchant.events.map(({ type, data }) => [type, (data.object as Stripe.Customer).name]);
      assert.deepEqual(names, [
        ["customer.updated", "b"],
        ["customer.updated", "d"],
      ]);
      assert.deepEqual(merchant.events[0]!.data.previous_attributes, { name: "a" });
    }),
  ));

test("two endpoints get one event under one id, each with its own signature", () =>
  withStripe(({ stripe }) =>
    withMerchant(async (merchant) => {
      const made = [
        await stripe.webhookEndpoints.create({ url: `${merchant.url}/a`, enabled_events: ["*"] }),
        await stripe.webhookEndpoints.create({ url: `${merchant.url}/b`, enabled_events: ["customer.created"] }),
      ];
      await stripe.customers.create({});
      await until(() => merchant.arrivals.length === 2);
      assert.equal(new Set(merchant.events.map(({ id }) => id)).size, 1);
      for (const { path, body, headers } of merchant.arrivals) {
        const { secret } = made[path.endsWith("/a") ? 0 : 1]!;
        assert.ok(stripe.webhooks.constructEvent(body, String(headers["stripe-signature"]), secret!));
      }
    }),
  ));

test("a failed delivery is tried again with growing pauses until it is answered well", () =>
  withStripe(({ stripe, advance }) =>
    withMerchant(async (merchant) => {
      await stripe.webhookEndpoints.create({ url: merchant.url, enabled_events: ["*"] });
      merchant.status = 500;
      await stripe.customers.create({});
      await until(() => merchant.arrivals.length === 1);
      const [event] = (await stripe.events.list()).data;
      assert.equal(event!.pending_webhooks, 1);
      assert.equal((await stripe.events.list({ delivery_success: false })).data.length, 1);
      await advance(5 * 60 - 1);
      assert.equal(merchant.arrivals.length, 1);
      await advance(1);
      assert.equal(merchant.arrivals.length, 2);
      merchant.status = 204;
      await advance(30 * 60);
      assert.equal(merchant.arrivals.length, 3);
      await advance(3 * 24 * 60 * 60);
      assert.equal(merchant.arrivals.length, 3);
      assert.equal(new Set(merchant.arrivals.map(({ body }) => (JSON.parse(body) as Stripe.Event).id)).size, 1);
      assert.equal((await stripe.events.retrieve(event!.id)).pending_webhooks, 0);
      assert.equal((await stripe.events.list({ delivery_success: true })).data.length, 1);
    }),
  ));

test("a redirect is a failure, and after three days a delivery is given up and stays in the list", () =>
  withStripe(({ stripe, advance }) =>
    withMerchant(async (merchant) => {
      await stripe.webhookEndpoints.create({ url: merchant.url, enabled_events: ["*"] });
      merchant.status = 302;
      await stripe.customers.create({});
      await advance(4 * 24 * 60 * 60);
      assert.equal(merchant.arrivals.length, 10);
      assert.equal((await stripe.events.list({ delivery_success: false })).data.length, 1);
    }),
  ));

test("deleting an endpoint ends the attempts", () =>
  withStripe(({ stripe, advance }) =>
    withMerchant(async (merchant) => {
      const endpoint = await stripe.webhookEndpoints.create({ url: merchant.url, enabled_events: ["*"] });
      merchant.status = 500;
      await stripe.customers.create({});
      await until(() => merchant.arrivals.length === 1);
      await stripe.webhookEndpoints.del(endpoint.id);
      await advance(24 * 60 * 60);
      assert.equal(merchant.arrivals.length, 1);
    }),
  ));

test("a webhook may overtake the answer to the request that caused it", () =>
  withStripe(
    ({ stripe, server }) =>
      withMerchant(async (merchant) => {
        await stripe.webhookEndpoints.create({ url: merchant.url, enabled_events: ["*"] });
        await stripe.customers.create({});
        assert.equal(merchant.arrivals.length, 1);
        assert.deepEqual(server.gateway.groundTruth().map(({ id }) => id), ["W6"]);
      }),
    { faults: { webhook_early: { nth: [1] } } },
  ));

test("an endpoint that is down for two days gets the backlog afterwards", () =>
  withStripe(
    ({ stripe, advance }) =>
      withMerchant(async (merchant) => {
        await stripe.webhookEndpoints.create({ url: merchant.url, enabled_events: ["*"] });
        for (const name of ["a", "b", "c"]) await stripe.customers.create({ name });
        await advance(2 * 24 * 60 * 60 - 60);
        assert.equal(merchant.arrivals.length, 0);
        await advance(24 * 60 * 60);
        const names = merchant.events.map(({ data }) => (data.object as Stripe.Customer).name).sort();
        assert.deepEqual(names, ["a", "b", "c"]);
      }),
    { faults: { script: [{ fault: "webhook_outage", call: 1, delayMs: [172_800_000, 172_800_000] }] } },
  ));

test("an attempt that was spoiled does not verify, and the next one does", async () => {
  for (const fault of ["webhook_stale_signature", "webhook_wrong_secret", "webhook_reserialized"] as const) {
    await withStripe(
      ({ stripe, advance }) =>
        withMerchant(async (merchant) => {
          const { secret } = await stripe.webhookEndpoints.create({ url: merchant.url, enabled_events: ["*"] });
          merchant.status = 400;
          await stripe.customers.create({});
          await advance(5 * 60);
          const verified = merchant.arrivals.map(({ body, headers }) => {
            try {
              return stripe.webhooks.constructEvent(body, String(headers["stripe-signature"]), secret!).type;
            } catch {
              return "refused";
            }
          });
          assert.deepEqual(verified, ["refused", "customer.created"], fault);
        }),
      { faults: { [fault]: { nth: [1] } } },
    );
  }
});

/** Waits for what comes over a socket. */
async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 300_000; Date.now() < deadline; ) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("it did not happen within five minutes");
}
