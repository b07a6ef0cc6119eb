// A shop with the official client, which hears of its payments by webhooks that come twice, late or in another order.
const { createVerifier } = require("tillproof/webhooks");

exports.shopOf = (Stripe) => async (gateway) => {
  const stripe = new Stripe("sk_test_shop", { httpClient: gateway.httpClientFor(Stripe), telemetry: false, maxNetworkRetries: 4 });
  const paid = new Map();
  const target = await gateway.webhooks(async (request) => {
    const verifier = createVerifier({ scheme: target.scheme, secrets: target.secret });
    const result = verifier.verify({ body: await request.text(), headers: request.headers, now: gateway.now() });
    if (!result.ok) return new Response(null, { status: 400 });
    for (const { type, payload } of result.events) {
      const intent = payload.data.object;
      if (type === "payment_intent.succeeded") paid.set(intent.metadata.order_id, Number(intent.amount_received));
    }
    return new Response(null, { status: 204 });
  });
  for (const order of ["order-1", "order-2"]) {
    const params = {
      amount: 1999,
      currency: "usd",
      confirm: true,
      payment_method: "pm_card_visa",
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
      metadata: { order_id: order },
    };
    for (let attempt = 1; !paid.has(order); attempt += 1) {
      await stripe.paymentIntents.create(params, { idempotencyKey: order }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20_000 * attempt));
    }
  }
  return [...paid].map(([order, amount]) => ({ order, paid: amount, currency: "USD" }));
};

exports.FAULTS = { response_lost: 0.2, response_truncated: 0.2, webhook_duplicate: 0.3, webhook_reorder: 0.3, webhook_lost: 0.2, webhook_forged: 0.2 };
