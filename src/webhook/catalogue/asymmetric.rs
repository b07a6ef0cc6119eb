//! Providers that sign with a private key: their public one verifies, and signs nothing.

use super::{
    Evidence, Grammar, Identity, KeyForm, Moment, PLAIN, Part, Place, Primitive, Provenance, Scheme,
    SignatureForm, in_body, in_unsigned_header, kind_in_body,
};
use crate::webhook::{Clock, Items, TimeSource, TimeUnit, Window};

/// What most rows of this file have in common.
const PUBLIC: Scheme =
    Scheme { form: SignatureForm::Base64, primitive: Primitive::PublicKey, key: KeyForm::Pem, ..PLAIN };

pub(super) static DISCORD: Scheme = Scheme {
    name: "discord-ed25519",
    provenance: Provenance::new(
        "Discord",
        Evidence::ThirdParty,
        "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
    ),
    place: Place::Headers(&["x-signature-ed25519"]),
    form: SignatureForm::HexAnyCase,
    key: KeyForm::Ed25519Hex,
    content: &[Part::Timestamp, Part::Body],
    clock: Some(Clock {
        source: TimeSource::Header("x-signature-timestamp"),
        unit: TimeUnit::Either,
        window: Window::OnRequest,
        tolerance_seconds: 0,
    }),
    identity: in_body(&[&["id"]], &[&["event", "type"]]),
    retry_window_hours: 24,
    ..PUBLIC
};

/// The JSON is signed as its own library writes it anew, so its white space is nobody's word.
pub(super) static MIDTRANS_SNAP: Scheme = Scheme {
    name: "midtrans-snap-rsa-sha256",
    provenance: Provenance::new(
        "Midtrans (Snap BI)",
        Evidence::Source,
        "Midtrans/midtrans-nodejs-client:lib/snapBi/snapBi.js",
    )
    .unverified("how escapes in strings are written anew before they are signed"),
    place: Place::Headers(&["x-signature"]),
    content: &[
        Part::Text("POST:"),
        Part::UrlPath,
        Part::Text(":"),
        Part::CompactBodyDigest,
        Part::Text(":"),
        Part::Timestamp,
    ],
    clock: Some(Clock {
        source: TimeSource::Header("x-timestamp"),
        unit: TimeUnit::Rfc3339,
        window: Window::OnRequest,
        tolerance_seconds: 0,
    }),
    // All partial refunds of a transaction have the same references and status.
    identity: kind_in_body(&[&["latestTransactionStatus"]]),
    ..PUBLIC
};

/// The secret is the webhook id, which is signed but not sent.
pub(super) static PAYPAL: Scheme = Scheme {
    name: "paypal-rsa-crc32",
    provenance: Provenance::new(
        "PayPal",
        Evidence::Genuine,
        "paypal/PayPal-Python-SDK:test/unit_tests/notifications_test.py",
    )
    .note(
        "only a CRC-32 of the body is signed, and another body of the same CRC-32 is made in microseconds: fetch the \
         object that the event names before anything is done",
    ),
    place: Place::Headers(&["paypal-transmission-sig"]),
    key: KeyForm::Certificate,
    content: &[
        Part::CertificateUrl("paypal-cert-url"),
        Part::HeaderIs("paypal-auth-algo", "SHA256withRSA"),
        Part::Header("paypal-transmission-id"),
        Part::Text("|"),
        Part::Timestamp,
        Part::Text("|"),
        Part::Secret,
        Part::Text("|"),
        Part::BodyCrc32,
    ],
    clock: Some(Clock {
        source: TimeSource::Header("paypal-transmission-time"),
        unit: TimeUnit::Rfc3339,
        window: Window::OnRequest,
        tolerance_seconds: 0,
    }),
    identity: in_body(&[&["id"]], &[&["event_type"]]).at(Moment::Rfc3339(&["create_time"])),
    ..PUBLIC
};

pub(super) static PLAID: Scheme = Scheme {
    name: "plaid-jwt-es256",
    provenance: Provenance::new(
        "Plaid",
        Evidence::Documented,
        "plaid.com/docs/api/webhooks/webhook-verification",
    )
    .note("the key is the one that Plaid's API gives for the `kid` of the JWS"),
    place: Place::Headers(&["plaid-verification"]),
    primitive: Primitive::Jws,
    key: KeyForm::Jwk,
    clock: Some(Clock {
        source: TimeSource::Pair("iat"),
        unit: TimeUnit::Seconds,
        window: Window::BothSides,
        tolerance_seconds: 300,
    }),
    identity: kind_in_body(&[&["webhook_type"], &["webhook_code"]]),
    retry_window_hours: 24,
    ..PUBLIC
};

/// One delivery carries many events.
pub(super) static SENDGRID: Scheme = Scheme {
    name: "sendgrid-ecdsa-sha256",
    provenance: Provenance::new(
        "SendGrid",
        Evidence::ThirdParty,
        "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
    ),
    place: Place::Headers(&["x-twilio-email-event-webhook-signature"]),
    key: KeyForm::Spki,
    content: &[Part::Timestamp, Part::Body],
    clock: Some(Clock {
        source: TimeSource::Header("x-twilio-email-event-webhook-timestamp"),
        unit: TimeUnit::Either,
        window: Window::OnRequest,
        tolerance_seconds: 0,
    }),
    identity: Identity {
        items: Some(Items { list: "", member: &[] }),
        ..in_body(&[&["sg_event_id"]], &[&["event"]]).at(Moment::Seconds(&["timestamp"]))
    },
    retry_window_hours: 24,
    ..PUBLIC
};

/// Only the asymmetric signatures of a list that may hold both kinds: with a public key, a `v1` is a forgery.
pub(super) static STANDARD_WEBHOOKS_V1A: Scheme = Scheme {
    name: "standard-webhooks-v1a",
    provenance: Provenance::new(
        "Standard Webhooks",
        Evidence::Source,
        "standard-webhooks/standard-webhooks:spec/standard-webhooks.md",
    ),
    grammar: Grammar::Tagged("v1a"),
    primitive: Primitive::PublicKey,
    key: KeyForm::Whpk,
    ..super::timed::STANDARD_WEBHOOKS
};

pub(super) static TELNYX: Scheme = Scheme {
    name: "telnyx-ed25519",
    provenance: Provenance::new(
        "Telnyx",
        Evidence::ThirdParty,
        "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
    ),
    place: Place::Headers(&["telnyx-signature-ed25519"]),
    key: KeyForm::Ed25519Base64,
    content: &[Part::Timestamp, Part::Text("|"), Part::Body],
    clock: Some(Clock {
        source: TimeSource::Header("telnyx-timestamp"),
        unit: TimeUnit::Seconds,
        window: Window::PastOnly,
        tolerance_seconds: 300,
    }),
    identity: in_body(&[&["data", "id"]], &[&["data", "event_type"]])
        .at(Moment::Rfc3339(&["data", "occurred_at"])),
    retry_window_hours: 24,
    ..PUBLIC
};

pub(super) static WISE: Scheme = Scheme {
    name: "wise-rsa-sha256",
    provenance: Provenance::new(
        "Wise",
        Evidence::Source,
        "transferwise/digital-signatures-examples:verify-webhook-signature",
    ),
    place: Place::Headers(&["x-signature-sha256"]),
    identity: in_unsigned_header("x-delivery-id", &[&["event_type"]])
        .at(Moment::Rfc3339(&["data", "occurred_at"])),
    ..PUBLIC
};
