/** Endpoints, and events that are sent to them. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import Stripe from "stripe";

import { category, refused } from "./lab.js";
import { Receiver, silence } from "./receiver.js";

const HOUR = 3_600;
const DAY = 24 * HOUR;
/** Where nobody is asked anything. */
const NOWHERE = "https://example.com/hook";

category("webhooks", (check) => {
  check("an endpoint says what it is, and its secret once", async ({ stripe }) => {
    const endpoint = await stripe.webhookEndpoints.create({
      url: NOWHERE,
      enabled_events: ["charge.succeeded"],
      description: "Shop",
      metadata: { a: "1" },
    });
    assert.match(endpoint.id, /^we_/);
    assert.match(endpoint.secret ?? "", /^whsec_[A-Za-z0-9]+$/);
    assert.deepEqual(
      [endpoint.object, endpoint.url, endpoint.status, endpoint.description, endpoint.livemode, endpoint.application],
      ["webhook_endpoint", NOWHERE, "enabled", "Shop", false, null],
    );
    assert.deepEqual(endpoint.enabled_events, ["charge.succeeded"]);
    const found = await stripe.webhookEndpoints.retrieve(endpoint.id);
    assert.equal(found.secret, undefined);
    assert.deepEqual({ ...found.metadata }, { a: "1" });
    const { data } = await stripe.webhookEndpoints.list({ limit: 1 });
    assert.deepEqual([data[0]?.id, data[0]?.secret], [endpoint.id, undefined]);
    await stripe.webhookEndpoints.del(endpoint.id);
  });

  check("an endpoint needs an address and events", async ({ stripe }) => {
    await refused(stripe.webhookEndpoints.create({ url: NOWHERE } as never), { code: "parameter_missing", param: "enabled_events" });
    await refused(stripe.webhookEndpoints.create({ enabled_events: ["*"] } as never), { code: "parameter_missing", param: "url" });
  });

  check("an address that is none is refused", async ({ stripe }) => {
    const call = stripe.webhookEndpoints.create({ url: "not a url", enabled_events: ["*"] });
    await refused(call, { status: 400, code: "url_invalid", param: "url" });
  });

  check("an event that is none is refused", async ({ stripe }) => {
    const call = stripe.webhookEndpoints.create({ url: NOWHERE, enabled_events: ["lunch.served" as never] });
    await refused(call, { status: 400, param: "enabled_events[0]" });
  });

  check("an endpoint is changed", async ({ stripe }) => {
    const { id } = await stripe.webhookEndpoints.create({ url: NOWHERE, enabled_events: ["*"] });
    const url = "https://example.com/other";
    const endpoint = await stripe.webhookEndpoints.update(id, { url, enabled_events: ["charge.failed"], disabled: true });
    assert.deepEqual([endpoint.url, endpoint.enabled_events, endpoint.status], [url, ["charge.failed"], "disabled"]);
    assert.equal((await stripe.webhookEndpoints.update(id, { disabled: false })).status, "enabled");
    await stripe.webhookEndpoints.del(id);
  });

  check("a deleted endpoint says so and is gone", async ({ stripe }) => {
    const { id } = await stripe.webhookEndpoints.create({ url: NOWHERE, enabled_events: ["*"] });
    assert.deepEqual({ ...(await stripe.webhookEndpoints.del(id)) }, { id, object: "webhook_endpoint", deleted: true });
    await refused(stripe.webhookEndpoints.retrieve(id), { status: 404, code: "resource_missing" });
  });

  check("an event arrives as a POST of JSON", (lab) =>
    Receiver.run(lab, async (receiver) => {
      const { id } = await lab.stripe.customers.create();
      const [delivery] = await receiver.got(id);
      assert.match(delivery?.headers["content-type"] ?? "", /^application\/json/);
      assert.match(delivery?.headers["user-agent"] ?? "", /Stripe/);
      assert.equal(delivery?.event.type, "customer.created");
    }));

  check("a delivery is verified by the client with the endpoint's secret", (lab) =>
    Receiver.run(lab, async (receiver) => {
      const { id } = await lab.stripe.customers.create();
      const [delivery] = await receiver.got(id);
      const { body = "", signature = "" } = delivery ?? {};
      const event = lab.stripe.webhooks.constructEvent(body, signature, receiver.endpoint.secret as string);
      assert.equal((event.data.object as Stripe.Customer).id, id);
    }));

  check("a delivery is not verified with another secret, nor with another body", (lab) =>
    Receiver.run(lab, async (receiver) => {
      const { id } = await lab.stripe.customers.create();
      const [delivery] = await receiver.got(id);
      const { body = "", signature = "" } = delivery ?? {};
      const secret = receiver.endpoint.secret as string;
      const refusal = Stripe.errors.StripeSignatureVerificationError;
      assert.throws(() => lab.stripe.webhooks.constructEvent(body, signature, "whsec_other"), refusal);
      assert.throws(() => lab.stripe.webhooks.constructEvent(`${body} `, signature, secret), refusal);
    }));

  check("a signature has the moment of the wall clock, whatever the gateway's clock says", (lab) =>
    Receiver.run(lab, async (receiver) => {
      await lab.advance(3 * DAY);
      const { id } = await lab.stripe.customers.create();
      const [delivery] = await receiver.got(id);
      const at = Number(/t=(\d+)/.exec(delivery?.signature ?? "")?.[1]);
      assert.ok(Math.abs(at - Date.now() / 1_000) < 60, delivery?.signature);
    }));

  check("what is delivered is what events.retrieve answers", (lab) =>
    Receiver.run(lab, async (receiver) => {
      const { id } = await lab.stripe.customers.create({ name: "Ada" });
      const [delivery] = await receiver.got(id);
      const event = await lab.stripe.events.retrieve(delivery?.event.id as string);
      assert.deepEqual(
        JSON.parse(JSON.stringify({ ...delivery?.event, pending_webhooks: 0 })),
        JSON.parse(JSON.stringify({ ...event, pending_webhooks: 0 })),
      );
    }));

  check("an endpoint gets only the events it asked for", (lab) =>
    Receiver.run(
      lab,
      async (receiver) => {
        const { id } = await lab.pay();
        await receiver.got(id, 1, "payment_intent.succeeded");
        await silence();
        assert.ok(receiver.deliveries.every(({ event }) => event.type === "payment_intent.succeeded"));
      },
      { events: ["payment_intent.succeeded"] },
    ));

  check("two endpoints each get the event, each with its own secret", (lab) =>
    Receiver.run(lab, (one) =>
      Receiver.run(lab, async (other) => {
        assert.notEqual(one.endpoint.secret, other.endpoint.secret);
        const { id } = await lab.stripe.customers.create();
        for (const receiver of [one, other]) {
          const [{ body, signature } = assert.fail()] = await receiver.got(id);
          lab.stripe.webhooks.constructEvent(body, signature, receiver.endpoint.secret as string);
        }
      }),
    ));

  check("an endpoint gets nothing of what happened before it", async (lab) => {
    const { id } = await lab.stripe.customers.create();
    await Receiver.run(lab, async (receiver) => {
      await lab.advance(HOUR);
      await silence();
      assert.deepEqual(receiver.of(id), []);
    });
  });

  check("a disabled endpoint gets nothing", (lab) =>
    Receiver.run(lab, async (receiver) => {
      await lab.stripe.webhookEndpoints.update(receiver.endpoint.id, { disabled: true });
      const { id } = await lab.stripe.customers.create();
      await lab.advance(HOUR);
      await silence();
      assert.deepEqual(receiver.of(id), []);
    }));

  check("a deleted endpoint gets nothing", (lab) =>
    Receiver.run(lab, async (receiver) => {
      await lab.stripe.webhookEndpoints.del(receiver.endpoint.id);
      const { id } = await lab.stripe.customers.create();
      await lab.advance(HOUR);
      await silence();
      assert.deepEqual(receiver.of(id), []);
    }));

  check("an event that was not taken is sent again, and it is the same event", (lab) =>
    Receiver.run(
      lab,
      async (receiver) => {
        const { id } = await lab.stripe.customers.create();
        await receiver.got(id, 1);
        for (let turn = 0; turn < 24 && receiver.of(id).length < 2; turn += 1) await lab.advance(HOUR);
        const [first, second] = await receiver.got(id, 2);
        assert.equal(second?.event.id, first?.event.id);
        assert.deepEqual(second?.event.data, first?.event.data);
        lab.stripe.webhooks.constructEvent(second?.body ?? "", second?.signature ?? "", receiver.endpoint.secret as string);
      },
      { answer: (_event, times) => (times === 0 ? 500 : 200) },
    ));

  check("an event that was taken is not sent again", (lab) =>
    Receiver.run(lab, async (receiver) => {
      const { id } = await lab.stripe.customers.create();
      await receiver.got(id);
      await lab.advance(3 * DAY);
      await silence();
      assert.equal(receiver.of(id).length, 1);
    }));

  check("a redirect is no success", (lab) =>
    Receiver.run(
      lab,
      async (receiver) => {
        const { id } = await lab.stripe.customers.create();
        await receiver.got(id, 1);
        await lab.advance(3 * DAY);
        assert.ok((await receiver.got(id, 2)).length >= 2);
      },
      { answer: () => 302 },
    ));

  check("an event that is never taken is sent several times and then no more", (lab) =>
    Receiver.run(
      lab,
      async (receiver) => {
        const { id } = await lab.stripe.customers.create();
        await receiver.got(id, 1);
        for (let day = 0; day < 4; day += 1) await lab.advance(DAY);
        await receiver.got(id, 3);
        await silence();
        const sent = receiver.of(id).length;
        for (let day = 0; day < 5; day += 1) await lab.advance(DAY);
        await silence();
        assert.equal(receiver.of(id).length, sent);
      },
      { answer: () => 500 },
    ));

  check("an event that is never taken can still be retrieved", (lab) =>
    Receiver.run(
      lab,
      async (receiver) => {
        const { id } = await lab.stripe.customers.create();
        const [delivery] = await receiver.got(id, 1);
        await lab.advance(5 * DAY);
        const event = await lab.stripe.events.retrieve(delivery?.event.id as string);
        assert.equal((event.data.object as Stripe.Customer).id, id);
      },
      { answer: () => 500 },
    ));

  check("pending_webhooks counts the endpoints that did not take an event yet", (lab) =>
    Receiver.run(
      lab,
      async (receiver) => {
        const { id } = await lab.stripe.customers.create();
        const [delivery] = await receiver.got(id, 1);
        await silence();
        const pending = async () => (await lab.stripe.events.retrieve(delivery?.event.id as string)).pending_webhooks;
        assert.equal(await pending(), 1);
        for (let turn = 0; turn < 24 && receiver.of(id).length < 2; turn += 1) await lab.advance(HOUR);
        await receiver.got(id, 2);
        await silence();
        assert.equal(await pending(), 0);
      },
      { answer: (_event, times) => (times === 0 ? 500 : 200) },
    ));

  check("disabling an endpoint ends the retries", (lab) =>
    Receiver.run(
      lab,
      async (receiver) => {
        const { id } = await lab.stripe.customers.create();
        await receiver.got(id, 1);
        await lab.stripe.webhookEndpoints.update(receiver.endpoint.id, { disabled: true });
        await silence();
        const sent = receiver.of(id).length;
        await lab.advance(3 * DAY);
        await silence();
        assert.equal(receiver.of(id).length, sent);
      },
      { answer: () => 500 },
    ));

  check("the events of a payment arrive, each once", (lab) =>
    Receiver.run(lab, async (receiver) => {
      const payment = await lab.pay();
      await receiver.got(payment.id, 2);
      await receiver.got(payment.latest_charge as string, 1, "charge.succeeded");
      await silence();
      assert.deepEqual(
        receiver.of(payment.id).map(({ event }) => event.type).sort(),
        ["payment_intent.created", "payment_intent.succeeded"],
      );
    }));

  check("a delivery says that it was made in test mode and by which version", (lab) =>
    Receiver.run(lab, async (receiver) => {
      const { id } = await lab.stripe.customers.create();
      const [delivery] = await receiver.got(id);
      assert.equal(delivery?.event.livemode, false);
      assert.match(delivery?.event.api_version ?? "", /^20\d\d-\d\d-\d\d/);
    }));

  check("an endpoint may ask for an older version, and gets it", (lab) =>
    Receiver.run(
      lab,
      async (receiver) => {
        assert.equal(receiver.endpoint.api_version, "2024-06-20");
        const { id } = await lab.stripe.customers.create();
        const [delivery] = await receiver.got(id);
        assert.equal(delivery?.event.api_version, "2024-06-20");
      },
      { params: { api_version: "2024-06-20" as never } },
    ));

  check("a receiver that never answers holds nobody up for long", async (lab) => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/hook`;
    const endpoint = await lab.stripe.webhookEndpoints.create({ url, enabled_events: ["customer.created"] });
    try {
      await Receiver.run(lab, async (receiver) => {
        for (let turn = 0; turn < 5; turn += 1) await receiver.got((await lab.stripe.customers.create()).id);
        await lab.advance(HOUR);
        const start = Date.now();
        await lab.advance(2 * DAY);
        // Ten seconds for each attempt would be minutes; it takes one of them on no machine.
        assert.ok(Date.now() - start < 90_000, `${Date.now() - start} ms`);
      });
    } finally {
      silent.closeAllConnections();
      silent.close();
      await lab.stripe.webhookEndpoints.del(endpoint.id);
    }
  });

  check("what happens by itself is delivered too", (lab) =>
    Receiver.run(lab, async (receiver) => {
      const payment = await lab.pay();
      await lab.advance(HOUR);
      const [delivery] = await receiver.got(payment.latest_charge as string, 1, "charge.updated");
      assert.match((delivery?.event.data.object as Stripe.Charge).balance_transaction as string, /^txn_/);
    }));
});
