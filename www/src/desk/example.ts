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

/** A secret in the form each family of schemes wants. */
const SECRETS: Readonly<Record<string, string>> = {
  "standard-webhooks-v1": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  "adyen-hmac": "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
};
const USUAL_SECRET = "whsec_only_an_example";
const OTHER_SECRET = "whsec_of_another_endpoint";

export function exampleOf(kind: ExampleKind, scheme: string, sign: typeof signDelivery, now: number): Example {
  const timestamp = kind === "old" ? now - TEN_MINUTES_MS : now;
  const event = { id: "evt_1", object: "event", type: "charge.succeeded", created: Math.floor(timestamp / 1_000), data: { amount: 1050 } };
  const secret = SECRETS[scheme] ?? USUAL_SECRET;
  const signed = sign({ scheme, secret, body: JSON.stringify(event), timestamp, url: EXAMPLE_URL });
  const body = new TextDecoder().decode(signed.body);
  return {
    secret: kind === "wrong-secret" ? OTHER_SECRET : secret,
    headers: Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}`).join("\n"),
    body: kind === "reserialised" ? JSON.stringify(JSON.parse(body), null, 2) : body,
  };
}
