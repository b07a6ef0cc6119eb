/**
 * What the official packages say about a delivery, in the way their documentation shows.
 *
 * Invariant: an answer is `true` where the package would let the delivery in, and `false` where it says no or throws.
 * The body goes in as its bytes wherever the package takes bytes, and as text where it takes nothing else.
 */

import { createRequire } from "node:module";

import { verify as githubVerify } from "@octokit/webhooks-methods";
import { Paddle } from "@paddle/paddle-node-sdk";
import { validateEvent } from "@polar-sh/sdk/webhooks";
import "@shopify/shopify-api/adapters/node";
import { shopifyApi, ApiVersion } from "@shopify/shopify-api";
import { WorkOS } from "@workos-inc/node";
import { WebhooksHelper } from "square";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";

const require = createRequire(import.meta.url);
const { hmacValidator: HmacValidator } = require("@adyen/api-library");
const { verifyWebhookSignature } = require("@hookdeck/sdk/webhooks/helpers");
const { verifySlackRequest } = require("@slack/bolt");
const braintree = require("braintree");
const { Webhook: CoinbaseWebhook } = require("coinbase-commerce-node");
const gocardless = require("gocardless-nodejs/webhooks");
const { WebhookSignatureValidator } = require("mercadopago");
const Razorpay = require("razorpay");
const twilio = require("twilio");

const stripe = new Stripe("sk_test_differential");
const adyen = new HmacValidator();
const paddle = new Paddle("pdl_differential");
const workos = new WorkOS("sk_test_differential", { clientId: "client_differential" });

function adyenStandard({ text, secret }) {
  const items = JSON.parse(text).notificationItems.map((item) => item.NotificationRequestItem);
  return items.length > 0 && items.every((item) => adyen.validateHMAC(item, secret));
}

function braintreeForm({ text, secret, public_key_id }) {
  const gateway = new braintree.BraintreeGateway({
    environment: braintree.Environment.Sandbox,
    merchantId: "differential",
    publicKey: public_key_id,
    privateKey: secret,
  });
  const form = new URLSearchParams(text);
  return gateway.webhookNotification.parse(form.get("bt_signature"), form.get("bt_payload"));
}

function polar({ bytes, secret, headers }) {
  try {
    validateEvent(bytes, headers, secret);
  } catch (error) {
    // After the signature it reads the event, and not every one here is Polar's.
    if (error.name !== "SDKValidationError") throw error;
  }
}

function mercadopago({ secret, headers, url, tolerance_s }) {
  const query = new URL(url ?? "https://shop.example/").searchParams;
  WebhookSignatureValidator.validate({
    xSignature: headers["x-signature"],
    xRequestId: headers["x-request-id"],
    dataId: query.get("data.id"),
    secret,
    ...(tolerance_s === undefined ? {} : { toleranceSeconds: tolerance_s }),
  });
}

async function shopify({ text, secret, headers }) {
  const api = shopifyApi({
    apiKey: "differential", apiSecretKey: secret, hostName: "shop.example", apiVersion: ApiVersion.January26 ?? "2026-01",
    isEmbeddedApp: false, logger: { log: () => undefined },
  });
  const found = await api.webhooks.validate({ rawBody: text, rawRequest: { headers, method: "POST", url: "/" } });
  return found.valid;
}

/** The form as frameworks parse it: a field that comes several times is a list. */
function fields(text) {
  const form = new URLSearchParams(text);
  return Object.fromEntries([...form.keys()].map((name) => [name, form.getAll(name).length > 1 ? form.getAll(name) : form.get(name)]));
}

/**
 * By scheme: the package, and how it is asked. A delivery is `{ bytes, text, secret, headers, url, … }`, as in the vectors.
 * What is asked may return `false` or throw for no, and anything else for yes.
 */
export const PACKAGES = {
  "adyen-platform": ["@adyen/api-library", ({ text, secret, headers }) =>
    adyen.validateHMACSignature(secret, headers.hmacsignature, text)],
  "adyen-standard": ["@adyen/api-library", adyenStandard],
  braintree: ["braintree", braintreeForm],
  "coinbase-commerce": ["coinbase-commerce-node", ({ text, secret, headers }) =>
    void CoinbaseWebhook.verifySigHeader(text, headers["x-cc-webhook-signature"], secret)],
  "github-sha256": ["@octokit/webhooks-methods", ({ text, secret, headers }) =>
    githubVerify(secret, text, headers["x-hub-signature-256"])],
  gocardless: ["gocardless-nodejs", ({ bytes, secret, headers }) =>
    gocardless.verifySignature(bytes, secret, headers["webhook-signature"])],
  hookdeck: ["@hookdeck/sdk", async ({ text, secret, headers }) =>
    (await verifyWebhookSignature({ headers, rawBody: text, signingSecret: secret })).isValidSignature],
  mercadopago: ["mercadopago", mercadopago],
  "paddle-h1": ["@paddle/paddle-node-sdk", ({ text, secret, headers }) =>
    paddle.webhooks.isSignatureValid(text, secret, headers["paddle-signature"])],
  razorpay: ["razorpay", ({ text, secret, headers }) =>
    Razorpay.validateWebhookSignature(text, headers["x-razorpay-signature"], secret)],
  shopify: ["@shopify/shopify-api", shopify],
  "slack-v0": ["@slack/bolt", ({ text, secret, headers, timestamp_now }) =>
    verifySlackRequest({
      signingSecret: secret,
      body: text,
      headers: { ...headers, "x-slack-request-timestamp": Number(headers["x-slack-request-timestamp"]) },
      nowMilliseconds: timestamp_now * 1000,
    })],
  square: ["square", ({ text, secret, headers, url }) =>
    WebhooksHelper.verifySignature({
      requestBody: text, signatureHeader: headers["x-square-hmacsha256-signature"], signatureKey: secret, notificationUrl: url,
    })],
  "standard-webhooks-v1": ["standardwebhooks", ({ bytes, secret, headers }) =>
    void new StandardWebhook(secret).verify(bytes, headers, { jsonParse: false })],
  "standard-webhooks-v1-utf8-key": ["@polar-sh/sdk", polar],
  "stripe-v1": ["stripe", ({ bytes, secret, headers, tolerance_s }) =>
    void stripe.webhooks.signature.verifyHeader(bytes, headers["stripe-signature"], secret, tolerance_s ?? 300)],
  "svix-v1": ["svix", ({ bytes, secret, headers }) => void new SvixWebhook(secret).verify(bytes, headers)],
  "twilio-body": ["twilio", ({ text, secret, headers, url }) =>
    twilio.validateRequestWithBody(secret, headers["x-twilio-signature"], url, text)],
  "twilio-form": ["twilio", ({ text, secret, headers, url }) =>
    twilio.validateRequest(secret, headers["x-twilio-signature"], url, fields(text))],
  // It takes the document, and writes it again.
  workos: ["@workos-inc/node", async ({ text, secret, headers, tolerance_s }) =>
    workos.webhooks.verifyHeader({
      payload: JSON.parse(text), sigHeader: headers["workos-signature"], secret, ...(tolerance_s === undefined ? {} : { tolerance: tolerance_s * 1000 }),
    })],
};

/** Whether the official package lets a delivery of a vector in. */
export async function official(vector) {
  const bytes = vector.body_base64 === undefined ? Buffer.from(vector.body ?? "") : Buffer.from(vector.body_base64, "base64");
  const [, ask] = PACKAGES[vector.scheme];
  try {
    return (await ask({ ...vector, bytes, text: bytes.toString() })) !== false;
  } catch {
    return false;
  }
}
