/** Events as the official client reads them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type Stripe from "stripe";

import { withStripe } from "./simulator.js";

test("an event has the members Stripe documents and tells which request led to it", () =>
  withStripe(async ({ stripe }) => {
    const customer = await stripe.customers.create({ name: "Ada" }, { idempotencyKey: "order-1" });
    const [event] = (await stripe.events.list()).data;
    const { lastResponse: _, ...object } = customer;
    assert.deepEqual(event, {
      id: event!.id,
      object: "event",
      api_version: "2026-10-28.endive",
      created: customer.created,
      data: { object },
      livemode: false,
      pending_webhooks: 0,
      request: { id: customer.lastResponse.requestId, idempotency_key: "order-1" },
      type: "customer.created",
    });
    const retrieved = await stripe.events.retrieve(event!.id);
    assert.deepEqual(JSON.parse(JSON.stringify(retrieved)), event);
  }));

test("an event keeps the object as it was, and tells what was different before", () =>
  withStripe(async ({ stripe }) => {
    const customer = await stripe.customers.create({ name: "Ada", metadata: { a: "1" } });
    await stripe.customers.update(customer.id, { name: "Grace", metadata: { b: "2" } });
    const [updated, created] = (await stripe.events.list()).data as [Stripe.Event, Stripe.Event];
    assert.deepEqual([updated.type, created.type], ["customer.updated", "customer.created"]);
    assert.equal((created.data.object as Stripe.Customer).name, "Ada");
    assert.equal("previous_attributes" in created.data, false);
    assert.deepEqual(updated.data.previous_attributes, { name: "Ada", metadata: { b: null } });
  }));

test("events are filtered by type, by types, by group and by moment", () =>
  withStripe(async ({ stripe, advance }) => {
    const customer = await stripe.customers.create({});
    await advance(100);
    await stripe.customers.update(customer.id, { name: "b" });
    await advance(100);
    await stripe.customers.del(customer.id);
    const types = async (params: Stripe.EventListParams): Promise<string[]> =>
      (await stripe.events.list(params)).data.map(({ type }) => type);
    const [created, updated, deleted] = ["customer.created", "customer.updated", "customer.deleted"];
    assert.deepEqual(await types({}), [deleted, updated, created]);
    assert.deepEqual(await types({ type: "customer.updated" }), [updated]);
    assert.deepEqual(await types({ type: "customer.*" }), [deleted, updated, created]);
    assert.deepEqual(await types({ types: ["customer.created", "customer.deleted"] }), [deleted, created]);
    assert.deepEqual(await types({ created: { gt: customer.created } }), [deleted, updated]);
    assert.deepEqual(await types({ created: { gte: customer.created, lt: customer.created + 200 } }), [updated, created]);
    assert.deepEqual(await types({ type: "charge.succeeded" }), []);
    await assert.rejects(types({ type: "customer.created", types: ["customer.deleted"] }), { statusCode: 400 });
  }));

test("events are listed page by page, newest first, without a gap", () =>
  withStripe(async ({ stripe }) => {
    for (let number = 0; number < 25; number += 1) await stripe.customers.create({ name: String(number) });
    const seen: string[] = [];
    for await (const event of stripe.events.list({ limit: 10 })) seen.push(String((event.data.object as Stripe.Customer).name));
    assert.deepEqual(seen, [...Array(25).keys()].reverse().map(String));
  }));

test("an event can be read for 30 days", () =>
  withStripe(async ({ stripe, advance }) => {
    await stripe.customers.create({});
    const [event] = (await stripe.events.list()).data;
    await advance(30 * 24 * 60 * 60);
    assert.equal((await stripe.events.retrieve(event!.id)).id, event!.id);
    await advance(1);
    assert.equal((await stripe.events.list()).data.length, 0);
    await assert.rejects(stripe.events.retrieve(event!.id), { statusCode: 404, code: "resource_missing" });
  }));

test("a replayed request writes no event", () =>
  withStripe(async ({ stripe }) => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await stripe.customers.create({ name: "once" }, { idempotencyKey: "k" });
    }
    assert.equal((await stripe.events.list()).data.length, 1);
  }));
