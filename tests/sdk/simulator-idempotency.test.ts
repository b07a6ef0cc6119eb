/** What a key promises, through the official client. */

import assert from "node:assert/strict";
import { test } from "node:test";

import Stripe from "stripe";

import { clientOf, withStripe } from "./simulator.js";

const DAY = 24 * 60 * 60;

test("the same key and parameters give the same bytes, and one object", () =>
  withStripe(async ({ stripe }) => {
    const create = (): Promise<Stripe.Response<Stripe.Customer>> =>
      stripe.customers.create({ name: "Ada", metadata: { a: "1" } }, { idempotencyKey: "k" });
    const [first, second] = [await create(), await create()];
    assert.equal(JSON.stringify(second), JSON.stringify(first));
    assert.equal(first.lastResponse.headers["idempotent-replayed"], undefined);
    assert.equal(second.lastResponse.headers["idempotent-replayed"], "true");
    assert.equal(second.lastResponse.idempotencyKey, "k");
    assert.notEqual(first.lastResponse.requestId, second.lastResponse.requestId);
    assert.equal((await stripe.customers.list()).data.length, 1);
  }));

test("a replay shows the object as it was then", () =>
  withStripe(async ({ stripe }) => {
    const create = (): Promise<Stripe.Customer> => stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" });
    const first = await create();
    await stripe.customers.update(first.id, { name: "Grace" });
    assert.equal((await create()).name, "Ada");
  }));

test("the same key with other parameters, or elsewhere, is an idempotency error", () =>
  withStripe(async ({ stripe }) => {
    const { id } = await stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" });
    const others = [
      stripe.customers.create({ name: "Grace" }, { idempotencyKey: "k" }),
      stripe.customers.create({ name: "Ada", email: "a@b.example" }, { idempotencyKey: "k" }),
      stripe.customers.update(id, { name: "Ada" }, { idempotencyKey: "k" }),
    ];
    for (const other of others) {
      await assert.rejects(other, (error: unknown) => {
        assert.ok(error instanceof Stripe.errors.StripeIdempotencyError);
        assert.equal(error.statusCode, 400);
        assert.match(error.message, /^Keys for idempotent requests can only be used with the same parameters/);
        return true;
      });
    }
    assert.equal((await stripe.customers.list()).data.length, 1);
  }));

test("the order of parameters makes no difference", () =>
  withStripe(async ({ stripe }) => {
    const one = await stripe.customers.create({ name: "Ada", email: "a@b.example" }, { idempotencyKey: "k" });
    const other = await stripe.customers.create({ email: "a@b.example", name: "Ada" }, { idempotencyKey: "k" });
    assert.equal(other.id, one.id);
  }));

test("a request that was refused before it began leaves its key usable", () =>
  withStripe(async ({ stripe }) => {
    const wrong = stripe.customers.create({ nmae: "Ada" } as Stripe.CustomerCreateParams, { idempotencyKey: "k" });
    await assert.rejects(wrong, { code: "parameter_unknown" });
    const made = await stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" });
    assert.equal(made.lastResponse.headers["idempotent-replayed"], undefined);
  }));

test("a key is kept for a day", () =>
  withStripe(async ({ stripe, advance }) => {
    const create = (): Promise<Stripe.Customer> => stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" });
    const first = await create();
    await advance(DAY - 1);
    assert.equal((await create()).id, first.id);
    await advance(1);
    assert.notEqual((await create()).id, first.id);
  }));

test("a key has at most 255 characters", () =>
  withStripe(async ({ stripe }) => {
    assert.ok(await stripe.customers.create({}, { idempotencyKey: "k".repeat(255) }));
    await assert.rejects(stripe.customers.create({}, { idempotencyKey: "k".repeat(256) }), { statusCode: 400 });
  }));

test("reads and deletions take no key", () =>
  withStripe(async ({ stripe }) => {
    const { id } = await stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" });
    assert.equal((await stripe.customers.retrieve(id, {}, { idempotencyKey: "k" })).id, id);
    assert.equal((await stripe.customers.del(id, {}, { idempotencyKey: "k" })).deleted, true);
    const again = await stripe.customers.retrieve(id, {}, { idempotencyKey: "k" });
    assert.deepEqual([again.deleted, again.lastResponse.headers["idempotent-replayed"]], [true, undefined]);
  }));

test("five requests at once with one key make one object", () =>
  withStripe(async ({ stripe }) => {
    const calls = Array.from({ length: 5 }, () => stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" }));
    assert.equal(new Set((await Promise.all(calls)).map(({ id }) => id)).size, 1);
    assert.equal((await stripe.customers.list()).data.length, 1);
  }));

test("while the first request is running, another with its key is told so, and retries get the answer", () => {
  let [begun, end] = [() => undefined as void, () => undefined as void];
  const underWay = new Promise<void>((resolve) => (begun = resolve));
  const wait = (): Promise<void> => (begun(), new Promise((resolve) => (end = resolve)));
  return withStripe(
    async ({ stripe, server }) => {
      const create = (client: Stripe): Promise<Stripe.Customer> =>
        client.customers.create({ name: "Ada" }, { idempotencyKey: "k" });
      const first = create(stripe);
      await underWay;
      await assert.rejects(create(stripe), (error: unknown) => {
        assert.ok(error instanceof Stripe.errors.StripeError);
        assert.deepEqual([error.statusCode, error.code], [409, "idempotency_key_in_use"]);
        return true;
      });
      // The first one ends when the patient one was told so too.
      const ending: typeof fetch = async (input, init) => {
        const answer = await fetch(input, init);
        if (answer.status !== 409) return answer;
        server.gateway.moveTo(server.gateway.now() + 400);
        end();
        return answer;
      };
      const patient = clientOf(server, { maxNetworkRetries: 20, httpClient: Stripe.createFetchHttpClient(ending) });
      assert.equal((await create(patient)).id, (await first).id);
    },
    { wait, faults: { slow: { nth: [1], delayMs: [400, 400] } } },
  );
});

test("keys that the client invents are different for each call", () =>
  withStripe(async ({ stripe }) => {
    const [one, two] = [await stripe.customers.create({ name: "Ada" }), await stripe.customers.create({ name: "Ada" })];
    assert.notEqual(one.id, two.id);
    assert.match(one.lastResponse.idempotencyKey ?? "", /^stripe-node-retry-/);
  }));
