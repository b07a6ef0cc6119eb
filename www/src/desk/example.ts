/** Deliveries to try, signed when they are asked for, and spoilt the way deliveries are spoilt. */

import type { signDelivery } from "tillproof/slim/testing";

/** What is to be seen. */
export const EXAMPLES = [
  { kind: "genuine", label: "A genuine one" },
  { kind: "reserialised", label: "Parsed and printed again" },
  { kind: "wrong-secret", label: "Secret of another endpoint" },
  { kind: "old", label: "Ten minutes old" },
] as const;

export type ExampleKind = (typeof EXAMPLES)[number]["kind"];

export interface Example {
  readonly secret: string;
  readonly headers: string;
  readonly body: string;
}

/** Where a webhook would go, for schemes that sign it. */
export const EXAMPLE_URL = "https://shop.example/webhooks";

const TEN_MINUTES_MS = 600_000;

/** Secrets in the forms schemes want: any text, bytes in hexadecimal, bytes in base64. Each with one of another endpoint. */
const TEXT = ["whsec_only_an_example", "whsec_of_another_endpoint"] as const;
const HEXADECIMAL = ["6f6e6c7920616e206578616d706c65206f6620612073656372657421", "616e6f746865722073656372657420616c746f67657468657221"] as const;
const BASE64 = ["whsec_b25seSBhbiBleGFtcGxlIG9mIGEgc2VjcmV0", "whsec_dGhlIHNlY3JldCBvZiBhbm90aGVyIG9uZS4u"] as const;

/** The schemes whose secret is not any text. */
const SECRETS: Readonly<Record<string, readonly [own: string, other: string]>> = {
  "adyen-platform": HEXADECIMAL,
  "adyen-standard": HEXADECIMAL,
  "authorize-net-sha512": HEXADECIMAL,
  "standard-webhooks-v1": BASE64,
  "svix-v1": BASE64,
};

export function exampleOf(kind: ExampleKind, scheme: string, sign: typeof signDelivery, now: number): Example {
  const timestamp = kind === "old" ? now - TEN_MINUTES_MS : now;
  const [secret, other] = SECRETS[scheme] ?? TEXT;
  const signed = sign({ scheme, secret, body: JSON.stringify(eventOf(scheme, timestamp)), timestamp, url: EXAMPLE_URL });
  const body = new TextDecoder().decode(signed.body);
  return {
    secret: kind === "wrong-secret" ? other : secret,
    headers: Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}`).join("\n"),
    body: kind === "reserialised" ? JSON.stringify(JSON.parse(body), null, 2) : body,
  };
}

/** What happened, in the shape of the provider where the signature covers fields of it. */
function eventOf(scheme: string, timestamp: number): object {
  if (scheme !== "adyen-standard") {
    return { id: "evt_1", object: "event", type: "charge.succeeded", created: Math.floor(timestamp / 1_000), data: { amount: 1050 } };
  }
  const item = {
    pspReference: "7914073381342284",
    originalReference: "",
    merchantAccountCode: "Shop",
    merchantReference: "order-1",
    amount: { value: 1050, currency: "EUR" },
    eventCode: "AUTHORISATION",
    success: "true",
    eventDate: new Date(timestamp).toISOString(),
  };
  return { live: "false", notificationItems: [{ NotificationRequestItem: item }] };
}
