//! The providers: one row each, with where it was read and when.
//!
//! To add a provider that signs with an HMAC, add a row here and its vectors to `tests/vectors/webhooks.jsonl`.

use super::{
    Clock, Error, Evidence, Grammar, IdSource, Identity, KeyForm, KindSource, Moment, Part, Scheme,
    SignatureForm, TimeSource, TimeUnit, Window,
};
use crate::crypto::MacAlgorithm;

/// The body alone.
const BODY: &[Part] = &[Part::Body];

/// What most providers do: the lower-case hexadecimal HMAC-SHA256 of the body, under the text of the secret. Rows say
/// where they differ.
const PLAIN: Scheme = Scheme {
    name: "",
    provider: "",
    signature_header: "",
    grammar: Grammar::Plain,
    form: SignatureForm::HexLower,
    algorithm: MacAlgorithm::HmacSha256,
    key: KeyForm::Text,
    content: BODY,
    clock: None,
    body_required: false,
    identity: in_body(&["id"], &["type"]),
    retry_window_hours: 72,
    source: "",
    checked: "2026-11",
    evidence: Evidence::ThirdParty,
};

/// Stripe: `t=…,v1=…` over `{timestamp}.{body}`. Its library accepts times ahead, and so do we unless asked to be
/// strict. `v0` is for test clocks of Stripe itself and never counts.
pub static STRIPE_V1: Scheme = Scheme {
    name: "stripe-v1",
    provider: "Stripe",
    signature_header: "stripe-signature",
    grammar: Grammar::Pairs { separator: ',', signature: "v1" },
    content: &[Part::Timestamp, Part::Text("."), Part::Body],
    clock: Some(Clock {
        source: TimeSource::Pair("t"),
        unit: TimeUnit::Seconds,
        window: Window::PastOnly,
        tolerance_seconds: 300,
    }),
    identity: Identity { occurred_at: Some(Moment::Seconds(&["created"])), ..in_body(&["id"], &["type"]) },
    source: "stripe/stripe-node:src/Webhooks.ts",
    evidence: Evidence::Run,
    ..PLAIN
};

/// Standard Webhooks, symmetric: `v1,…` over `{webhook-id}.{timestamp}.{body}` under the base64 after `whsec_`.
/// Supabase shows the same secret with `v1,` in front.
pub static STANDARD_WEBHOOKS_V1: Scheme = STANDARD_WEBHOOKS;

/// A constant, so that other rows can be made from it.
const STANDARD_WEBHOOKS: Scheme = Scheme {
    name: "standard-webhooks-v1",
    provider: "Standard Webhooks",
    signature_header: "webhook-signature",
    grammar: Grammar::Tagged("v1"),
    form: SignatureForm::Base64,
    key: KeyForm::Base64(&["v1,whsec_", "whsec_"]),
    content: &[Part::Header("webhook-id"), Part::Text("."), Part::Timestamp, Part::Text("."), Part::Body],
    clock: Some(Clock {
        source: TimeSource::Header("webhook-timestamp"),
        unit: TimeUnit::Seconds,
        window: Window::BothSides,
        tolerance_seconds: 300,
    }),
    identity: Identity {
        id: IdSource::SignedHeader("webhook-id"),
        kind: KindSource::Body(&["type"]),
        occurred_at: Some(Moment::Rfc3339(&["timestamp"])),
    },
    retry_window_hours: 76,
    source: "standard-webhooks/standard-webhooks:spec/standard-webhooks.md",
    evidence: Evidence::Run,
    ..PLAIN
};

/// All schemes, by name.
pub static SCHEMES: &[&Scheme] = &[
    &Scheme {
        name: "adyen-platform",
        provider: "Adyen (platforms, balance, management)",
        signature_header: "hmacsignature",
        form: SignatureForm::Base64,
        key: KeyForm::Hex,
        identity: DIGEST,
        retry_window_hours: 720,
        source: "Adyen/adyen-node-api-library:src/utils/hmacValidator.ts",
        evidence: Evidence::Run,
        ..PLAIN
    },
    &Scheme {
        name: "airwallex",
        provider: "Airwallex",
        signature_header: "x-signature",
        content: &[Part::Timestamp, Part::Body],
        clock: Some(Clock {
            source: TimeSource::Header("x-timestamp"),
            unit: TimeUnit::Milliseconds,
            window: Window::OnRequest,
            tolerance_seconds: 0,
        }),
        identity: in_body(&["id"], &["name"]),
        source: "airwallex.com/docs/developer-tools/webhooks",
        evidence: Evidence::Documented,
        ..PLAIN
    },
    &Scheme {
        name: "authorize-net-sha512",
        provider: "Authorize.Net",
        signature_header: "x-anet-signature",
        grammar: Grammar::Prefixed("sha512="),
        form: SignatureForm::HexUpper,
        algorithm: MacAlgorithm::HmacSha512,
        key: KeyForm::Hex,
        identity: in_body(&["notificationId"], &["eventType"]),
        source: "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
        ..PLAIN
    },
    &Scheme {
        name: "checkout-com",
        provider: "Checkout.com",
        signature_header: "cko-signature",
        source: "checkout.com/docs/workflows/set-up-your-webhook-receiver",
        evidence: Evidence::Documented,
        ..PLAIN
    },
    &Scheme {
        name: "coinbase-commerce",
        provider: "Coinbase Commerce",
        signature_header: "x-cc-webhook-signature",
        identity: in_body(&["event", "id"], &["event", "type"]),
        source: "coinbase/coinbase-commerce-node:lib/Webhook.js",
        evidence: Evidence::Run,
        ..PLAIN
    },
    &Scheme {
        name: "flutterwave-v4",
        provider: "Flutterwave",
        signature_header: "flutterwave-signature",
        form: SignatureForm::Base64,
        identity: Identity { kind: KindSource::Body(&["event"]), ..DIGEST },
        source: "public integrations of the v4 header",
        ..PLAIN
    },
    &Scheme {
        name: "github-sha256",
        provider: "GitHub",
        signature_header: "x-hub-signature-256",
        grammar: Grammar::Prefixed("sha256="),
        body_required: true,
        identity: Identity {
            id: IdSource::UnsignedHeader("x-github-delivery"),
            kind: KindSource::Header("x-github-event"),
            occurred_at: None,
        },
        source: "docs.github.com: validating webhook deliveries",
        evidence: Evidence::Run,
        ..PLAIN
    },
    &Scheme {
        name: "lemonsqueezy",
        provider: "Lemon Squeezy",
        signature_header: "x-signature",
        identity: Identity { kind: KindSource::Body(&["meta", "event_name"]), ..DIGEST },
        retry_window_hours: 24,
        source: "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
        ..PLAIN
    },
    &Scheme {
        name: "mollie-next-gen",
        provider: "Mollie",
        signature_header: "x-mollie-signature",
        grammar: Grammar::Prefixed("sha256="),
        source: "mollie/mollie-api-php:src/Webhooks/SignatureValidator.php",
        evidence: Evidence::Source,
        ..PLAIN
    },
    &Scheme {
        name: "paddle-h1",
        provider: "Paddle",
        signature_header: "paddle-signature",
        grammar: Grammar::Pairs { separator: ';', signature: "h1" },
        content: &[Part::Timestamp, Part::Text(":"), Part::Body],
        clock: Some(Clock {
            source: TimeSource::Pair("ts"),
            unit: TimeUnit::Seconds,
            window: Window::PastOnly,
            tolerance_seconds: 5,
        }),
        identity: Identity {
            occurred_at: Some(Moment::Rfc3339(&["occurred_at"])),
            ..in_body(&["event_id"], &["event_type"])
        },
        source: "PaddleHQ/paddle-node-sdk:src/notifications/helpers/webhooks-validator.ts",
        evidence: Evidence::Run,
        ..PLAIN
    },
    &Scheme {
        name: "paystack-sha512",
        provider: "Paystack",
        signature_header: "x-paystack-signature",
        algorithm: MacAlgorithm::HmacSha512,
        identity: Identity { kind: KindSource::Body(&["event"]), ..DIGEST },
        source: "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
        ..PLAIN
    },
    &Scheme {
        name: "razorpay",
        provider: "Razorpay",
        signature_header: "x-razorpay-signature",
        identity: Identity {
            id: IdSource::UnsignedHeader("x-razorpay-event-id"),
            kind: KindSource::Body(&["event"]),
            occurred_at: Some(Moment::Seconds(&["created_at"])),
        },
        retry_window_hours: 168,
        source: "razorpay/razorpay-node:lib/utils/razorpay-utils.js",
        evidence: Evidence::Run,
        ..PLAIN
    },
    &Scheme {
        name: "revolut-v1",
        provider: "Revolut",
        signature_header: "revolut-signature",
        grammar: Grammar::Pairs { separator: ',', signature: "v1" },
        content: &[Part::Text("v1."), Part::Timestamp, Part::Text("."), Part::Body],
        clock: Some(Clock {
            source: TimeSource::Header("revolut-request-timestamp"),
            unit: TimeUnit::Milliseconds,
            window: Window::BothSides,
            tolerance_seconds: 300,
        }),
        identity: Identity { kind: KindSource::Body(&["event"]), ..DIGEST },
        source: "developer.revolut.com/docs/guides/merchant/monitor-and-observe/webhooks/verify-the-payload-signature",
        evidence: Evidence::Documented,
        ..PLAIN
    },
    &Scheme {
        name: "shopify",
        provider: "Shopify",
        signature_header: "x-shopify-hmac-sha256",
        form: SignatureForm::Base64,
        identity: Identity {
            id: IdSource::UnsignedHeader("x-shopify-event-id"),
            kind: KindSource::Header("x-shopify-topic"),
            occurred_at: None,
        },
        retry_window_hours: 48,
        source: "@shopify/shopify-api:lib/webhooks/validate",
        evidence: Evidence::Run,
        ..PLAIN
    },
    &Scheme {
        name: "slack-v0",
        provider: "Slack",
        signature_header: "x-slack-signature",
        grammar: Grammar::Prefixed("v0="),
        content: &[Part::Text("v0:"), Part::Timestamp, Part::Text(":"), Part::Body],
        clock: Some(Clock {
            source: TimeSource::Header("x-slack-request-timestamp"),
            unit: TimeUnit::Seconds,
            window: Window::BothSides,
            tolerance_seconds: 300,
        }),
        identity: in_body(&["event_id"], &["event", "type"]),
        retry_window_hours: 24,
        source: "@slack/bolt:receivers/verify-request",
        evidence: Evidence::Run,
        ..PLAIN
    },
    &Scheme {
        name: "square",
        provider: "Square",
        signature_header: "x-square-hmacsha256-signature",
        form: SignatureForm::Base64,
        content: &[Part::Url, Part::Body],
        identity: Identity {
            occurred_at: Some(Moment::Rfc3339(&["created_at"])),
            ..in_body(&["event_id"], &["type"])
        },
        source: "square/square-nodejs-sdk:src/wrapper/WebhooksHelper.ts",
        evidence: Evidence::Run,
        ..PLAIN
    },
    &STANDARD_WEBHOOKS_V1,
    &Scheme {
        name: "standard-webhooks-v1-utf8-key",
        provider: "Polar",
        key: KeyForm::Text,
        source: "@polar-sh/sdk:webhooks.js",
        ..STANDARD_WEBHOOKS
    },
    &STRIPE_V1,
    &Scheme {
        name: "woocommerce",
        provider: "WooCommerce",
        signature_header: "x-wc-webhook-signature",
        form: SignatureForm::Base64,
        identity: DIGEST,
        source: "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
        ..PLAIN
    },
];

/// Neither id nor type: the digest of the body stands for the event.
const DIGEST: Identity = Identity { id: IdSource::Digest, kind: KindSource::None, occurred_at: None };

/// Id and type in the body.
const fn in_body(id: &'static [&'static str], kind: &'static [&'static str]) -> Identity {
    Identity { id: IdSource::Body(id), kind: KindSource::Body(kind), occurred_at: None }
}

/// The scheme of this name.
///
/// # Errors
///
/// [`Error::UnknownScheme`].
pub fn scheme(name: &str) -> Result<&'static Scheme, Error> {
    let found = SCHEMES.iter().find(|scheme| scheme.name == name);
    found.copied().ok_or_else(|| Error::unknown_scheme(name))
}
