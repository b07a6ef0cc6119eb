/** Deliveries as providers send them: an indented Stripe event of a given size, among the headers a proxy leaves. */

import { createHmac } from "node:crypto";

/** The sizes of the goals, in bytes. */
export const SIZES = [512, 2_048, 8_192, 65_536, 1_048_576];

export const STRIPE_SECRET = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
export const STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const charge = (index) => ({
  id: `ch_3MmlLrLkdIwHu7ix0snN0B${index}`,
  object: "charge",
  amount: 1099 + index,
  amount_captured: 1099 + index,
  currency: "eur",
  captured: true,
  created: 1_770_000_000 + index,
  customer: null,
  description: "Order № 1042 of the shop",
  payment_method_details: { card: { brand: "visa", last4: "4242", exp_month: 8, exp_year: 2030, checks: null } },
  metadata: { order: `order_${index}`, cart: "a,b,c" },
});

const frame = (charges, note) => ({
  id: "evt_1MqqbKLt4dXK03v5qaIbiNCC",
  object: "event",
  api_version: "2026-10-29",
  created: 1_770_000_000,
  data: { object: { id: "li_1", object: "list", data: charges, note } },
  livemode: true,
  pending_webhooks: 1,
  type: "charge.succeeded",
});

/** The text of an event of exactly `size` bytes. */
export function eventText(size) {
  const text = (charges, note) => JSON.stringify(frame(charges, note), null, 2);
  const length = (charges, note) => Buffer.byteLength(text(charges, note));
  const each = length([charge(10), charge(11)], "") - length([charge(10)], "");
  const count = Math.max(0, Math.floor((size - length([], "")) / each) - 1);
  const charges = Array.from({ length: count }, (_, index) => charge(index));
  // Their numbers grow longer.
  while (length(charges, "") > size) charges.length -= 4;
  return text(charges, "x".repeat(size - length(charges, "")));
}

/** Ahead, so that a bench of some minutes stays within every tolerance. */
const signedAt = () => Math.floor(Date.now() / 1000) + 240;

const surroundings = {
  host: "shop.example",
  "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
  accept: "*/*; q=0.5, application/xml",
  "cache-control": "no-cache",
  "content-type": "application/json; charset=utf-8",
  "x-forwarded-for": "203.0.113.7",
  "x-forwarded-proto": "https",
  "accept-encoding": "gzip",
};

/** The headers of a Stripe delivery. */
export function stripeHeaders(body) {
  const time = signedAt();
  const signature = createHmac("sha256", STRIPE_SECRET).update(`${time}.`).update(body).digest("hex");
  return { ...surroundings, "content-length": String(body.length), "stripe-signature": `t=${time},v1=${signature}` };
}

/** The headers of a Standard Webhooks delivery. */
export function standardHeaders(body) {
  const time = signedAt();
  const key = Buffer.from(STANDARD_SECRET.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`msg_1.${time}.`).update(body).digest("base64");
  return {
    ...surroundings,
    "content-length": String(body.length),
    "webhook-id": "msg_1",
    "webhook-timestamp": String(time),
    "webhook-signature": `v1,${signature}`,
  };
}
