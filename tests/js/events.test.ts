import assert from "node:assert/strict";
import { test } from "node:test";

import { createGateway } from "../../pkg/src/simulator/index.js";
import {
  createVerifier,
  type AdyenItem,
  type NativeEvent,
  type StripeCharge,
  type StripeEvent,
  type VerifiedEvent,
  type Verifier,
  type VerifyResult,
} from "../../pkg/src/webhooks/index.js";
import { createWorker, type TransactionalQueue } from "../../pkg/src/worker/index.js";

/** Fails to compile where the types differ. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

/** Never called: what it says is said to the compiler. */
export function comparingTheTypeTellsThePayload(): void {
  const stripe = createVerifier({ scheme: "stripe-v1", secrets: "whsec_1" });
  const result = stripe.verify({ body: "", headers: {} });
  if (!result.ok) return;
  for (const event of result.events) {
    switch (event.type) {
      case "charge.succeeded":
        same<typeof event.payload.data.object, StripeCharge>(true);
        same<typeof event.payload.type, "charge.succeeded">(true);
        same<typeof event.payload.data.object.amount, number | bigint>(true);
        break;
      case "refund.created":
        same<typeof event.payload.data.object.object, "refund">(true);
        // @ts-expect-error: a refund has no such field.
        void event.payload.data.object.amount_captured;
        break;
      case "customer.subscription.updated":
        same<typeof event.payload, unknown>(true);
        break;
      // Types of families that are not listed one by one.
      case "treasury.received_credit.created":
      case "v2.core.account.created":
      case "issuing_authorization.created":
      case "terminal.reader.action_failed":
        same<typeof event.payload, unknown>(true);
        break;
      // @ts-expect-error: Stripe has no such type.
      case "charge.succeded":
        break;
    }
    if ((event.type as string) === "charge.of_next_year") void event.payload;
    if (event.type === "v2.core.account.created") void event.id;
    else if (event.type === "charge.succeeded") same<typeof event.payload.data.object, StripeCharge>(true);
    // What is listed nowhere is read as any event is.
    const any: VerifiedEvent = event;
    same<typeof any.type, string>(true);
    same<typeof any.payload, unknown>(true);
  }

  const paypal = createVerifier({ scheme: "paypal-rsa-crc32", secrets: "1" }).verify({ body: "", headers: {} });
  if (paypal.ok) {
    const [event] = paypal.events;
    if (event?.type === "PAYMENT.CAPTURE.COMPLETED") same<typeof event.payload.resource.amount.value, string>(true);
  }
  const square = createVerifier({ scheme: "square", secrets: "1" }).verify({ body: "", headers: {} });
  if (square.ok) {
    const [event] = square.events;
    if (event?.type === "refund.updated") same<typeof event.payload.data.object.refund.payment_id, string>(true);
  }
  const shopify = createVerifier({ scheme: "shopify", secrets: "1" }).verify({ body: "", headers: {} });
  if (shopify.ok) {
    const [event] = shopify.events;
    if (event?.type === "orders/paid") same<typeof event.payload.id, number | bigint>(true);
  }
  const paddle = createVerifier({ scheme: "paddle-h1", secrets: "1" }).verify({ body: "", headers: {} });
  if (paddle.ok) {
    const [event] = paddle.events;
    if (event?.type === "transaction.completed") same<typeof event.payload.data.details.totals.grand_total, string>(true);
  }
  const adyen = createVerifier({ scheme: "adyen-standard", secrets: "1" }).verify({ body: "", headers: {} });
  if (adyen.ok) {
    const [event] = adyen.events;
    if (event?.type === "CAPTURE") same<typeof event.payload.notificationItems, readonly { readonly NotificationRequestItem: AdyenItem<string> }[]>(true);
  }

  const native = createVerifier<NativeEvent>({ scheme: "standard-webhooks-v1", secrets: "whsec_" });
  same<typeof native, Verifier<NativeEvent>>(true);
  const other: string = "github-sha256";
  same<ReturnType<typeof native.verify>, VerifyResult<NativeEvent>>(true);
  const untyped = createVerifier({ scheme: other, secrets: "1" });
  same<typeof untyped, Verifier>(true);
  // A worker has the events of its receiver's verifier.
  const queue = {} as TransactionalQueue<string>;
  void (() => [
    createWorker<StripeEvent>({
      queue,
      handler: (event) => event.type === "charge.succeeded" && same<typeof event.payload.data.object, StripeCharge>(true),
    }),
    createWorker<string, StripeEvent>({
      queue,
      transaction: true,
      handler: (event) => event.type === "charge.succeeded" && same<typeof event.payload.data.object, StripeCharge>(true),
    }),
    createWorker({ queue, handler: (event) => same<typeof event.payload, unknown>(true) }),
    createWorker({ queue, transaction: true, handler: (_, { tx }) => same<typeof tx, string>(true) }),
  ]);
  // A typed verifier goes wherever any verifier does.
  const general: Verifier = stripe;
  void general;
}

test("an event of the native gateway is what its type says", async () => {
  const received: Request[] = [];
  const gateway = createGateway({
    seed: 7,
    deliver: (request) => {
      received.push(request);
      return Promise.resolve(new Response("thanks"));
    },
  });
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { "content-type": "application/json", "idempotency-key": "k1" };
    const request = new Request(`http://gateway.test${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return (await (await gateway.fetch(request)).json()) as Record<string, unknown>;
  };
  const endpoint = await post("/api/webhook_endpoints", { url: "http://shop.test/hook" });
  const verifier = createVerifier<NativeEvent>({ scheme: "standard-webhooks-v1", secrets: String(endpoint["secret"]) });
  await post("/api/payments", { merchantId: "m", amount: 1000, currency: "EUR", reference: "order_1" });
  await gateway.advance(0);
  const completed: NativeEvent[] = [];
  for (const request of received) {
    const result = verifier.verify({ body: await request.text(), headers: request.headers, now: gateway.now() });
    assert.ok(result.ok);
    for (const event of result.events) {
      if (event.type !== "payment.completed") continue;
      const { payment } = event.payload.data;
      // Every member the type names, and no other, so that type and gateway cannot drift apart.
      const expected: Record<keyof typeof payment, unknown> = {
        id: payment.id,
        object: "payment",
        merchantId: "m",
        amount: 1000,
        currency: "EUR",
        amountCaptured: 1000,
        amountRefunded: 0,
        fee: payment.fee,
        state: "completed",
        description: null,
        metadata: {},
        reference: "order_1",
        createdAt: payment.createdAt,
        updatedAt: payment.updatedAt,
        failure: null,
        refunds: [],
        transitions: payment.transitions,
      };
      assert.deepEqual({ ...payment }, expected);
      assert.deepEqual(Object.keys(event.payload), ["id", "type", "createdAt", "data"]);
      completed.push(event);
    }
  }
  assert.equal(completed.length, 1);
  await gateway.close();
});
