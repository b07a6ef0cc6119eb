//! The providers: one row each, with where it was read and when.
//!
//! To add a provider that signs with an HMAC, add a row here and its vectors to `tests/vectors/webhooks.jsonl`.

use super::{
    Clock, Error, Evidence, Grammar, IdSource, Identity, KeyForm, KindSource, Moment, Part, Path, Place,
    Primitive, Provenance, Scheme, SignatureForm, TimeSource, TimeUnit, Window,
};
use crate::crypto::MacAlgorithm::{HmacSha256, HmacSha512};

/// The body alone.
const BODY: &[Part] = &[Part::Body];

/// What most providers do: the lower-case hexadecimal HMAC-SHA256 of the body, under the text of the secret. Rows say
/// where they differ.
const PLAIN: Scheme = Scheme {
    name: "",
    provenance: Provenance::new("", Evidence::ThirdParty, ""),
    place: Place::Headers(&[]),
    grammar: Grammar::Plain,
    form: SignatureForm::HexLower,
    primitive: Primitive::Mac(HmacSha256),
    key: KeyForm::Text,
    content: BODY,
    spellings: 1,
    clock: None,
    body_required: false,
    identity: in_body(&[&["id"]], &[&["type"]]),
    retry_window_hours: 72,
    otherwise: None,
};

/// Stripe: `t=…,v1=…` over `{timestamp}.{body}`. Its library accepts times ahead, and so do we unless asked to be
/// strict. `v0` is for test clocks of Stripe itself and never counts.
pub static STRIPE_V1: Scheme = Scheme {
    name: "stripe-v1",
    provenance: Provenance::new("Stripe", Evidence::Run, "stripe/stripe-node:src/Webhooks.ts"),
    place: Place::Headers(&["stripe-signature"]),
    grammar: Grammar::Pairs { separator: ',', spaced: false, signature: "v1" },
    content: &[Part::Timestamp, Part::Text("."), Part::Body],
    clock: Some(Clock {
        source: TimeSource::Pair("t"),
        unit: TimeUnit::Seconds,
        window: Window::PastOnly,
        tolerance_seconds: 300,
    }),
    identity: Identity {
        occurred_at: Some(Moment::Seconds(&["created"])),
        ..in_body(&[&["id"]], &[&["type"]])
    },
    ..PLAIN
};

/// Standard Webhooks, symmetric: `v1,…` over `{webhook-id}.{timestamp}.{body}` under the base64 after `whsec_`.
/// Supabase shows the same secret with `v1,` in front.
pub static STANDARD_WEBHOOKS_V1: Scheme = STANDARD_WEBHOOKS;

/// A constant, so that other rows can be made from it.
const STANDARD_WEBHOOKS: Scheme = Scheme {
    name: "standard-webhooks-v1",
    provenance: Provenance::new(
        "Standard Webhooks",
        Evidence::Run,
        "standard-webhooks/standard-webhooks:spec/standard-webhooks.md",
    ),
    place: Place::Headers(&["webhook-signature"]),
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
        kind: KindSource::Body(&[&["type"]]),
        occurred_at: Some(Moment::Rfc3339(&["timestamp"])),
        items: None,
    },
    retry_window_hours: 76,
    ..PLAIN
};

/// All schemes, by name.
pub static SCHEMES: &[&Scheme] = &[
    &Scheme {
        name: "adyen-platform",
        provenance: Provenance::new(
            "Adyen (platforms, balance, management)",
            Evidence::Run,
            "Adyen/adyen-node-api-library:src/utils/hmacValidator.ts",
        ),
        place: Place::Headers(&["hmacsignature"]),
        form: SignatureForm::Base64,
        key: KeyForm::Hex,
        identity: DIGEST,
        retry_window_hours: 720,
        ..PLAIN
    },
    &Scheme {
        name: "airwallex",
        provenance: Provenance::new(
            "Airwallex",
            Evidence::Documented,
            "airwallex.com/docs/developer-tools/webhooks",
        ),
        place: Place::Headers(&["x-signature"]),
        content: &[Part::Timestamp, Part::Body],
        clock: Some(Clock {
            source: TimeSource::Header("x-timestamp"),
            unit: TimeUnit::Milliseconds,
            window: Window::OnRequest,
            tolerance_seconds: 0,
        }),
        identity: in_body(&[&["id"]], &[&["name"]]),
        ..PLAIN
    },
    &Scheme {
        name: "authorize-net-sha512",
        provenance: Provenance::new(
            "Authorize.Net",
            Evidence::ThirdParty,
            "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
        ),
        place: Place::Headers(&["x-anet-signature"]),
        grammar: Grammar::Prefixed("sha512="),
        form: SignatureForm::HexUpper,
        primitive: Primitive::Mac(HmacSha512),
        key: KeyForm::Hex,
        identity: in_body(&[&["notificationId"]], &[&["eventType"]]),
        ..PLAIN
    },
    &Scheme {
        name: "checkout-com",
        provenance: Provenance::new(
            "Checkout.com",
            Evidence::Documented,
            "checkout.com/docs/workflows/set-up-your-webhook-receiver",
        ),
        place: Place::Headers(&["cko-signature"]),
        ..PLAIN
    },
    &Scheme {
        name: "coinbase-commerce",
        provenance: Provenance::new(
            "Coinbase Commerce",
            Evidence::Run,
            "coinbase/coinbase-commerce-node:lib/Webhook.js",
        ),
        place: Place::Headers(&["x-cc-webhook-signature"]),
        identity: in_body(&[&["event", "id"]], &[&["event", "type"]]),
        ..PLAIN
    },
    &Scheme {
        name: "flutterwave-v4",
        provenance: Provenance::new(
            "Flutterwave",
            Evidence::ThirdParty,
            "public integrations of the v4 header",
        ),
        place: Place::Headers(&["flutterwave-signature"]),
        form: SignatureForm::Base64,
        identity: Identity { kind: KindSource::Body(&[&["event"]]), ..DIGEST },
        ..PLAIN
    },
    &Scheme {
        name: "github-sha256",
        provenance: Provenance::new(
            "GitHub",
            Evidence::Run,
            "docs.github.com: validating webhook deliveries",
        ),
        place: Place::Headers(&["x-hub-signature-256"]),
        grammar: Grammar::Prefixed("sha256="),
        body_required: true,
        identity: Identity {
            id: IdSource::UnsignedHeader("x-github-delivery"),
            kind: KindSource::Header("x-github-event"),
            occurred_at: None,
            items: None,
        },
        ..PLAIN
    },
    &Scheme {
        name: "lemonsqueezy",
        provenance: Provenance::new(
            "Lemon Squeezy",
            Evidence::ThirdParty,
            "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
        ),
        place: Place::Headers(&["x-signature"]),
        identity: Identity { kind: KindSource::Body(&[&["meta", "event_name"]]), ..DIGEST },
        retry_window_hours: 24,
        ..PLAIN
    },
    &Scheme {
        name: "mollie-next-gen",
        provenance: Provenance::new(
            "Mollie",
            Evidence::Source,
            "mollie/mollie-api-php:src/Webhooks/SignatureValidator.php",
        ),
        place: Place::Headers(&["x-mollie-signature"]),
        grammar: Grammar::Prefixed("sha256="),
        ..PLAIN
    },
    &Scheme {
        name: "paddle-h1",
        provenance: Provenance::new(
            "Paddle",
            Evidence::Run,
            "PaddleHQ/paddle-node-sdk:src/notifications/helpers/webhooks-validator.ts",
        ),
        place: Place::Headers(&["paddle-signature"]),
        grammar: Grammar::Pairs { separator: ';', spaced: false, signature: "h1" },
        content: &[Part::Timestamp, Part::Text(":"), Part::Body],
        clock: Some(Clock {
            source: TimeSource::Pair("ts"),
            unit: TimeUnit::Seconds,
            window: Window::PastOnly,
            tolerance_seconds: 5,
        }),
        identity: Identity {
            occurred_at: Some(Moment::Rfc3339(&["occurred_at"])),
            ..in_body(&[&["event_id"]], &[&["event_type"]])
        },
        ..PLAIN
    },
    &Scheme {
        name: "paystack-sha512",
        provenance: Provenance::new(
            "Paystack",
            Evidence::ThirdParty,
            "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
        ),
        place: Place::Headers(&["x-paystack-signature"]),
        primitive: Primitive::Mac(HmacSha512),
        identity: Identity { kind: KindSource::Body(&[&["event"]]), ..DIGEST },
        ..PLAIN
    },
    &Scheme {
        name: "razorpay",
        provenance: Provenance::new(
            "Razorpay",
            Evidence::Run,
            "razorpay/razorpay-node:lib/utils/razorpay-utils.js",
        ),
        place: Place::Headers(&["x-razorpay-signature"]),
        identity: Identity {
            id: IdSource::UnsignedHeader("x-razorpay-event-id"),
            kind: KindSource::Body(&[&["event"]]),
            occurred_at: Some(Moment::Seconds(&["created_at"])),
            items: None,
        },
        retry_window_hours: 168,
        ..PLAIN
    },
    &Scheme {
        name: "revolut-v1",
        provenance: Provenance::new(
            "Revolut",
            Evidence::Documented,
            "developer.revolut.com/docs/guides/merchant/monitor-and-observe/webhooks/verify-the-payload-signature",
        ),
        place: Place::Headers(&["revolut-signature"]),
        grammar: Grammar::Pairs { separator: ',', spaced: false, signature: "v1" },
        content: &[Part::Text("v1."), Part::Timestamp, Part::Text("."), Part::Body],
        clock: Some(Clock {
            source: TimeSource::Header("revolut-request-timestamp"),
            unit: TimeUnit::Milliseconds,
            window: Window::BothSides,
            tolerance_seconds: 300,
        }),
        identity: Identity { kind: KindSource::Body(&[&["event"]]), ..DIGEST },
        ..PLAIN
    },
    &Scheme {
        name: "shopify",
        provenance: Provenance::new("Shopify", Evidence::Run, "@shopify/shopify-api:lib/webhooks/validate"),
        place: Place::Headers(&["x-shopify-hmac-sha256"]),
        form: SignatureForm::Base64,
        identity: Identity {
            id: IdSource::UnsignedHeader("x-shopify-event-id"),
            kind: KindSource::Header("x-shopify-topic"),
            occurred_at: None,
            items: None,
        },
        retry_window_hours: 48,
        ..PLAIN
    },
    &Scheme {
        name: "slack-v0",
        provenance: Provenance::new("Slack", Evidence::Run, "@slack/bolt:receivers/verify-request"),
        place: Place::Headers(&["x-slack-signature"]),
        grammar: Grammar::Prefixed("v0="),
        content: &[Part::Text("v0:"), Part::Timestamp, Part::Text(":"), Part::Body],
        clock: Some(Clock {
            source: TimeSource::Header("x-slack-request-timestamp"),
            unit: TimeUnit::Seconds,
            window: Window::BothSides,
            tolerance_seconds: 300,
        }),
        identity: in_body(&[&["event_id"]], &[&["event", "type"]]),
        retry_window_hours: 24,
        ..PLAIN
    },
    &Scheme {
        name: "square",
        provenance: Provenance::new(
            "Square",
            Evidence::Run,
            "square/square-nodejs-sdk:src/wrapper/WebhooksHelper.ts",
        ),
        place: Place::Headers(&["x-square-hmacsha256-signature"]),
        form: SignatureForm::Base64,
        content: &[Part::Url, Part::Body],
        identity: Identity {
            occurred_at: Some(Moment::Rfc3339(&["created_at"])),
            ..in_body(&[&["event_id"]], &[&["type"]])
        },
        ..PLAIN
    },
    &STANDARD_WEBHOOKS_V1,
    &Scheme {
        name: "standard-webhooks-v1-utf8-key",
        provenance: Provenance::new("Polar", Evidence::ThirdParty, "@polar-sh/sdk:webhooks.js"),
        key: KeyForm::Text,
        ..STANDARD_WEBHOOKS
    },
    &STRIPE_V1,
    &Scheme {
        name: "woocommerce",
        provenance: Provenance::new(
            "WooCommerce",
            Evidence::ThirdParty,
            "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
        ),
        place: Place::Headers(&["x-wc-webhook-signature"]),
        form: SignatureForm::Base64,
        identity: DIGEST,
        ..PLAIN
    },
];

/// Neither id nor type: the digest of the body stands for the event.
const DIGEST: Identity =
    Identity { id: IdSource::Digest, kind: KindSource::None, occurred_at: None, items: None };

/// Id and type in the body.
const fn in_body(id: &'static [Path], kind: &'static [Path]) -> Identity {
    Identity { id: IdSource::Body(id), kind: KindSource::Body(kind), occurred_at: None, items: None }
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
