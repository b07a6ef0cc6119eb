//! Providers that sign the body and nothing else: a replay cannot be told by its age.

use super::{
    DIGEST, Evidence, Grammar, IdSource, Identity, KeyForm, KindSource, Moment, PLAIN, Part, Place,
    Primitive, Provenance, Scheme, SignatureForm, in_body, in_unsigned_header, kind_in_body,
};
use crate::crypto::Hash::{Sha256, Sha512};
use crate::crypto::MacAlgorithm::{HmacSha1, HmacSha512};
use crate::webhook::Items;

/// Where the catalogue of `webhook-co` has what it says of most small providers.
const WEBHOOK_CO: &str = "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts";

pub(super) static ADYEN_PLATFORM: Scheme = Scheme {
    name: "adyen-platform",
    provenance: Provenance::new(
        "Adyen (platforms, balance, management)",
        Evidence::Run,
        "Adyen/adyen-node-api-library:src/utils/hmacValidator.ts",
    ),
    place: Place::Headers(&["hmacsignature"]),
    form: SignatureForm::Base64,
    key: KeyForm::Hex,
    identity: kind_in_body(&[&["type"]]).at(Moment::Rfc3339(&["timestamp"])),
    retry_window_hours: 720,
    ..PLAIN
};

pub(super) static AUTHORIZE_NET: Scheme = Scheme {
    name: "authorize-net-sha512",
    provenance: Provenance::new("Authorize.Net", Evidence::ThirdParty, WEBHOOK_CO)
        .unverified("that the key is decoded from hexadecimal: one public integration takes its text"),
    place: Place::Headers(&["x-anet-signature"]),
    grammar: Grammar::Prefixed("sha512="),
    form: SignatureForm::HexUpper,
    primitive: Primitive::Mac(HmacSha512),
    key: KeyForm::Hex,
    identity: in_body(&[&["notificationId"]], &[&["eventType"]]).at(Moment::Rfc3339(&["eventDate"])),
    ..PLAIN
};

pub(super) static BOLT: Scheme = Scheme {
    name: "bolt",
    provenance: Provenance::new("Bolt", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-bolt-hmac-sha256"]),
    form: SignatureForm::Base64,
    identity: kind_in_body(&[&["type"]]),
    ..PLAIN
};

pub(super) static CHARGIFY: Scheme = Scheme {
    name: "chargify",
    provenance: Provenance::new("Chargify (Maxio)", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-chargify-webhook-signature-hmac-sha-256"]),
    identity: in_unsigned_header("x-chargify-webhook-id", &[]),
    ..PLAIN
};

pub(super) static CHECKOUT_COM: Scheme = Scheme {
    name: "checkout-com",
    provenance: Provenance::new(
        "Checkout.com",
        Evidence::Documented,
        "checkout.com/docs/workflows/set-up-your-webhook-receiver",
    ),
    place: Place::Headers(&["cko-signature"]),
    identity: in_body(&[&["id"]], &[&["type"]]).at(Moment::Rfc3339(&["created_on"])),
    ..PLAIN
};

pub(super) static COINBASE_COMMERCE: Scheme = Scheme {
    name: "coinbase-commerce",
    provenance: Provenance::new(
        "Coinbase Commerce",
        Evidence::Run,
        "coinbase/coinbase-commerce-node:lib/Webhook.js",
    ),
    place: Place::Headers(&["x-cc-webhook-signature"]),
    identity: in_body(&[&["event", "id"]], &[&["event", "type"]])
        .at(Moment::Rfc3339(&["event", "created_at"])),
    ..PLAIN
};

pub(super) static DWOLLA: Scheme = Scheme {
    name: "dwolla",
    provenance: Provenance::new("Dwolla", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-request-signature-sha-256"]),
    identity: in_body(&[&["id"]], &[&["topic"]]).at(Moment::Rfc3339(&["timestamp"])),
    ..PLAIN
};

pub(super) static FLUTTERWAVE_V4: Scheme = Scheme {
    name: "flutterwave-v4",
    provenance: Provenance::new(
        "Flutterwave",
        Evidence::ThirdParty,
        "five public integrations of the v4 header agree",
    ),
    place: Place::Headers(&["flutterwave-signature"]),
    form: SignatureForm::Base64,
    identity: kind_in_body(&[&["event"]]),
    ..PLAIN
};

pub(super) static GITHUB: Scheme = Scheme {
    name: "github-sha256",
    provenance: Provenance::new(
        "GitHub",
        Evidence::Run,
        "docs.github.com: validating webhook deliveries; @octokit/webhooks-methods",
    ),
    place: Place::Headers(&["x-hub-signature-256"]),
    grammar: Grammar::Prefixed("sha256="),
    body_required: true,
    identity: Identity {
        id: IdSource::UnsignedHeader("x-github-delivery"),
        kind: KindSource::Header("x-github-event"),
        ..DIGEST
    },
    ..PLAIN
};

/// One delivery carries up to hundreds of events, each to be applied once.
pub(super) static GOCARDLESS: Scheme = Scheme {
    name: "gocardless",
    provenance: Provenance::new("GoCardless", Evidence::Run, "gocardless/gocardless-nodejs:src/webhooks.ts")
        .note("an invalid signature is to be answered with status 498"),
    place: Place::Headers(&["webhook-signature"]),
    form: SignatureForm::HexAnyCase,
    identity: Identity {
        items: Some(Items { list: "events", member: &[] }),
        ..in_body(&[&["id"]], &[&["resource_type"], &["action"]]).at(Moment::Rfc3339(&["created_at"]))
    },
    retry_window_hours: 24,
    ..PLAIN
};

pub(super) static HOOKDECK: Scheme = Scheme {
    name: "hookdeck",
    provenance: Provenance::new("Hookdeck", Evidence::Run, "@hookdeck/sdk:webhooks/helpers")
        .note("while a secret is replaced, the second header is signed with the other one"),
    place: Place::Headers(&["x-hookdeck-signature", "x-hookdeck-signature-2"]),
    form: SignatureForm::Base64,
    identity: in_unsigned_header("x-hookdeck-eventid", &[]),
    ..PLAIN
};

pub(super) static KLARNA: Scheme = Scheme {
    name: "klarna",
    provenance: Provenance::new("Klarna Network", Evidence::Documented, "docs.klarna.com: webhooks")
        .unverified("how the signature is encoded: base64 and hexadecimal are both accepted"),
    place: Place::Headers(&["klarna-signature"]),
    form: SignatureForm::Base64OrHex,
    identity: in_body(&[&["metadata", "event_id"]], &[&["metadata", "event_type"]])
        .at(Moment::Rfc3339(&["metadata", "occurred_at"])),
    retry_window_hours: 24,
    ..PLAIN
};

pub(super) static LEMONSQUEEZY: Scheme = Scheme {
    name: "lemonsqueezy",
    provenance: Provenance::new("Lemon Squeezy", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-signature"]),
    identity: kind_in_body(&[&["meta", "event_name"]]),
    retry_window_hours: 24,
    ..PLAIN
};

/// A bare digest: the secret at the end keeps others from extending it.
pub(super) static MIDTRANS_IRIS: Scheme = Scheme {
    name: "midtrans-iris-sha512",
    provenance: Provenance::new("Midtrans Iris (payouts)", Evidence::Documented, "docs.midtrans.com: Iris"),
    place: Place::Headers(&["iris-signature"]),
    primitive: Primitive::Digest(Sha512),
    content: &[Part::Body, Part::Secret],
    identity: kind_in_body(&[&["status"]]),
    ..PLAIN
};

pub(super) static MODERN_TREASURY: Scheme = Scheme {
    name: "modern-treasury",
    provenance: Provenance::new("Modern Treasury", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-signature"]),
    identity: kind_in_body(&[&["event"]]),
    ..PLAIN
};

pub(super) static MOLLIE: Scheme = Scheme {
    name: "mollie-next-gen",
    provenance: Provenance::new(
        "Mollie",
        Evidence::Source,
        "mollie/mollie-api-php:src/Webhooks/SignatureValidator.php",
    )
    .note("classic webhooks carry no signature and are never valid: fetch the object they name"),
    place: Place::Headers(&["x-mollie-signature"]),
    grammar: Grammar::MaybePrefixed("sha256="),
    identity: in_body(&[&["id"]], &[&["type"]]).at(Moment::Rfc3339(&["createdAt"])),
    ..PLAIN
};

pub(super) static NMI: Scheme = Scheme {
    name: "nmi",
    provenance: Provenance::new("NMI", Evidence::Documented, "docs.nmi.com: webhooks"),
    place: Place::Headers(&["signature"]),
    identity: in_body(&[&["event_id"]], &[&["event_type"]]),
    ..PLAIN
};

pub(super) static PAYSTACK: Scheme = Scheme {
    name: "paystack-sha512",
    provenance: Provenance::new("Paystack", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-paystack-signature"]),
    primitive: Primitive::Mac(HmacSha512),
    identity: in_body(&[&["event"], &["data", "id"]], &[&["event"]]),
    ..PLAIN
};

pub(super) static PPRO: Scheme = Scheme {
    name: "ppro-sha256",
    provenance: Provenance::new(
        "PPRO",
        Evidence::ThirdParty,
        "juspay/connector-service:crates/integrations/connector-integration/src/connectors/ppro.rs",
    ),
    place: Place::Headers(&["webhook-signature"]),
    primitive: Primitive::Digest(Sha256),
    content: &[Part::Body, Part::Text("."), Part::Secret],
    ..PLAIN
};

pub(super) static PRIMER: Scheme = Scheme {
    name: "primer",
    provenance: Provenance::new("Primer", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-signature-primary", "x-signature-secondary"]),
    form: SignatureForm::Base64,
    identity: kind_in_body(&[&["eventType"]]).at(Moment::Rfc3339(&["date"])),
    ..PLAIN
};

pub(super) static RAZORPAY: Scheme = Scheme {
    name: "razorpay",
    provenance: Provenance::new(
        "Razorpay",
        Evidence::Run,
        "razorpay/razorpay-node:lib/utils/razorpay-utils.js",
    )
    .note("after a change of the secret, events from before are still signed with the old one"),
    place: Place::Headers(&["x-razorpay-signature"]),
    identity: in_unsigned_header("x-razorpay-event-id", &[&["event"]]).at(Moment::Seconds(&["created_at"])),
    retry_window_hours: 168,
    ..PLAIN
};

pub(super) static SHOPIFY: Scheme = Scheme {
    name: "shopify",
    provenance: Provenance::new("Shopify", Evidence::Run, "@shopify/shopify-api:lib/webhooks/validate").note(
        "the topic is not signed, and one body may come under several: a replay under another topic is new",
    ),
    place: Place::Headers(&["x-shopify-hmac-sha256"]),
    form: SignatureForm::Base64,
    body_required: true,
    identity: Identity {
        id: IdSource::UnsignedHeaderOfKind("x-shopify-event-id"),
        kind: KindSource::Header("x-shopify-topic"),
        ..DIGEST
    },
    retry_window_hours: 48,
    ..PLAIN
};

/// SHA-1, whatever other catalogues say.
pub(super) static VERCEL: Scheme = Scheme {
    name: "vercel-sha1",
    provenance: Provenance::new("Vercel", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-vercel-signature"]),
    primitive: Primitive::Mac(HmacSha1),
    identity: in_body(&[&["id"]], &[&["type"]]).at(Moment::Milliseconds(&["createdAt"])),
    retry_window_hours: 24,
    ..PLAIN
};

pub(super) static WOOCOMMERCE: Scheme = Scheme {
    name: "woocommerce",
    provenance: Provenance::new("WooCommerce", Evidence::ThirdParty, WEBHOOK_CO),
    place: Place::Headers(&["x-wc-webhook-signature"]),
    form: SignatureForm::Base64,
    identity: Identity {
        id: IdSource::UnsignedHeader("x-wc-webhook-delivery-id"),
        kind: KindSource::Header("x-wc-webhook-topic"),
        ..DIGEST
    },
    ..PLAIN
};

pub(super) static WORLDLINE: Scheme = Scheme {
    name: "worldline-connect",
    provenance: Provenance::new(
        "Worldline Connect",
        Evidence::Documented,
        "docs.connect.worldline-solutions.com: webhooks",
    )
    .unverified("how the signature is encoded: base64 and hexadecimal are both accepted"),
    place: Place::Headers(&["x-gcs-signature"]),
    form: SignatureForm::Base64OrHex,
    identity: in_body(&[&["id"]], &[&["type"]]).at(Moment::Rfc3339(&["created"])),
    ..PLAIN
};

pub(super) static WORLDPAY: Scheme = Scheme {
    name: "worldpay-event-signature",
    provenance: Provenance::new(
        "Worldpay (Access)",
        Evidence::Documented,
        "docs.worldpay.com/access: events",
    ),
    place: Place::Headers(&["event-signature"]),
    grammar: Grammar::KeyIds("SHA256"),
    identity: in_body(&[&["eventId"]], &[&["eventDetails", "type"]]).at(Moment::Rfc3339(&["eventTimestamp"])),
    retry_window_hours: 168,
    ..PLAIN
};
