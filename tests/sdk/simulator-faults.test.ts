/** What the official client makes of each fault, as measured with real servers: attempts, class, and what was done. */

import assert from "node:assert/strict";
import { test } from "node:test";

import Stripe from "stripe";

import type { FaultName, FaultPlan } from "../../pkg/src/simulator/faults.js";
import { createGateway } from "../../pkg/src/simulator/index.js";
import type { GatewayServer } from "../../pkg/src/simulator/server.js";
import { clientOf, withStripe } from "./simulator.js";

/** What a merchant sees of a customer that is created under one fault at the first call. */
interface Seen {
  /** The class of the error, or the body that resolved. */
  readonly outcome: string;
  /** How many customers there are afterwards. */
  readonly customers: number;
}

async function underFault(fault: FaultName, retries: number, plan?: FaultPlan): Promise<Seen> {
  let seen: Seen | undefined;
  await withStripe(
    async ({ server }) => {
      // Only an answer that never comes is to be given up; seconds are enough for a request to arrive.
      const stripe = clientOf(server, { maxNetworkRetries: retries, timeout: fault === "response_hung" ? 3_000 : 300_000 });
      const outcome = await stripe.customers.create({ name: "Ada" }).then(
        (made) => (made.id === undefined ? JSON.stringify(made) : "customer"),
        (error: unknown) => (error instanceof Stripe.errors.StripeError ? `${error.type} ${error.statusCode ?? ""}`.trim() : String(error)),
      );
      server.gateway.setFaults("none");
      const customers = (await clientOf(server).customers.list()).data.length;
      seen = { outcome, customers };
      const [told] = server.gateway.groundTruth();
      assert.equal(told?.fault, fault);
      assert.deepEqual([told.seed, typeof told.step, told.call], [7, "number", 1]);
    },
    { faults: plan ?? { [fault]: { nth: [1] } } },
  );
  return seen!;
}

test("each fault is seen by the official client as documented, without retries", async () => {
  const table: [FaultName, string, number][] = [
    ["rate_limited", "StripeRateLimitError 429", 0],
    ["rate_limited_retry", "StripeRateLimitError 429", 0],
    ["server_error", "StripeAPIError 503", 0],
    ["unmarked_error", "{}", 0],
    ["unmarked_not_found", '{"message":"no route matched with those values"}', 0],
    ["server_error_stored", "StripeAPIError 500", 1],
    ["key_in_flight", "StripeAPIError 409", 1],
    ["duplicate_submission", "customer", 2],
    ["response_truncated", "StripeConnectionError", 1],
    ["response_hung", "StripeConnectionError", 1],
    ["slow", "customer", 1],
    // A connection that was reset is tried again once, whatever was configured.
    ["request_lost", "customer", 1],
    ["response_lost", "customer", 1],
  ];
  for (const [fault, outcome, customers] of table) {
    assert.deepEqual(await underFault(fault, 0), { outcome, customers }, fault);
  }
});

test("an answer that breaks off is the same error in process as over a connection", async () => {
  const overHttp = await withTruncation((server) => clientOf(server, { maxNetworkRetries: 2 }));
  const inProcess = await withTruncation(
    ({ gateway }) => new Stripe("sk_test_tillproof", { httpClient: gateway.httpClientFor(Stripe), maxNetworkRetries: 2, telemetry: false }),
  );
  assert.deepEqual(inProcess, overHttp);
  assert.equal(inProcess.type, "StripeConnectionError");
  assert.throws(() => createGateway().httpClientFor(undefined as never), { code: "argument_invalid" });
});

/** What a client sees of an answer that breaks off, and how many customers there are afterwards. */
async function withTruncation(client: (server: GatewayServer) => Stripe): Promise<{ type: string; message: string; customers: number }> {
  let seen: { type: string; message: string; customers: number } | undefined;
  await withStripe(
    async ({ server, stripe }) => {
      const error = await client(server).customers.create({ name: "Ada" }).then(() => null, (thrown: Error) => thrown);
      assert.ok(error instanceof Stripe.errors.StripeError);
      server.gateway.setFaults("none");
      seen = { type: error.type, message: error.message, customers: (await stripe.customers.list()).data.length };
    },
    { faults: { response_truncated: { nth: [1] } } },
  );
  return seen!;
}

test("what nobody can know was done or not", async () => {
  for (const fault of ["bad_gateway", "empty_answer"] as const) {
    const { outcome, customers } = await underFault(fault, 0);
    assert.equal(outcome, "StripeAPIError", fault);
    assert.ok(customers <= 1, fault);
  }
});

test("with retries the client gets over what can be retried, and everything is done once", async () => {
  const table: [FaultName, string, number][] = [
    ["server_error", "customer", 1],
    ["rate_limited_retry", "customer", 1],
    ["rate_limited", "StripeRateLimitError 429", 0],
    ["response_lost", "customer", 1],
    ["response_hung", "customer", 1],
    ["server_error_stored", "StripeAPIError 500", 1],
    ["response_truncated", "StripeConnectionError", 1],
  ];
  for (const [fault, outcome, customers] of table) {
    assert.deepEqual(await underFault(fault, 2), { outcome, customers }, fault);
  }
});

test("a key that is forgotten too early lets a request be carried out twice", async () =>
  withStripe(
    async ({ stripe, server }) => {
      const create = (): Promise<Stripe.Customer> => stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" });
      const [first, second] = [await create(), await create()];
      assert.notEqual(first.id, second.id);
      const [told] = server.gateway.groundTruth();
      assert.deepEqual([told?.fault, told?.id, told?.objects], ["key_expired", "F13", [second.id]]);
    },
    { faults: { key_expired: { nth: [2] } } },
  ));

test("a stale read shows an older version, and a stale list not what is younger", async () =>
  withStripe(
    async ({ stripe, server, advance }) => {
      const { id } = await stripe.customers.create({ name: "old" });
      await advance(60);
      await stripe.customers.update(id, { name: "new" });
      await stripe.customers.create({ name: "younger" });
      assert.equal(((await stripe.customers.retrieve(id)) as Stripe.Customer).name, "old");
      assert.deepEqual((await stripe.customers.list()).data.map(({ name }) => name), ["new"]);
      assert.deepEqual((await stripe.customers.list()).data.map(({ name }) => name), ["younger", "new"]);
      assert.deepEqual(server.gateway.groundTruth().map(({ id }) => id), ["F14", "F14"]);
    },
    { faults: { stale_read: { nth: [1, 2], delayMs: [1_000, 1_000] } } },
  ));

test("a list that grows between its pages is walked without a gap or a repetition", async () =>
  withStripe(
    async ({ stripe, server }) => {
      for (let number = 0; number < 7; number += 1) await stripe.customers.create({ name: String(number) });
      const seen: string[] = [];
      for await (const { name } of stripe.customers.list({ limit: 2 })) seen.push(String(name));
      assert.deepEqual(seen, ["6", "5", "4", "3", "2", "1", "0"]);
      assert.ok(server.gateway.groundTruth().length > 0);
    },
    { faults: { list_grows: "1" } },
  ));

test("a script strikes at the call of the route it names", async () =>
  withStripe(
    async ({ stripe }) => {
      await stripe.customers.list();
      await stripe.customers.create({ name: "first" });
      await assert.rejects(stripe.customers.create({ name: "second" }), { statusCode: 503 });
      await stripe.customers.create({ name: "third" });
    },
    { faults: { script: [{ fault: "server_error", route: "POST /v1/customers", call: 2 }] } },
  ));
