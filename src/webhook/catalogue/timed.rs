//! Providers that sign something beside the body: a time, so that a replay is told by its age, or the URL.

use super::{
    Evidence, Grammar, IdSource, Identity, KeyForm, KindSource, Moment, PLAIN, Part, Place, Primitive,
    Provenance, Scheme, SignatureForm, in_body, kind_in_body,
};
use crate::crypto::MacAlgorithm::HmacSha512;
use crate::webhook::{Clock, TimeSource, TimeUnit, Window};

/// `{timestamp}.{body}`
const DOTTED: &[Part] = &[Part::Timestamp, Part::Text("."), Part::Body];

/// Pairs separated by commas, as Stripe made them customary.
const fn pairs(signature: &'static str) -> Grammar {
    Grammar::Pairs { separator: ',', spaced: false, signature }
}

const fn clock(source: TimeSource, unit: TimeUnit, window: Window, tolerance_seconds: u64) -> Option<Clock> {
    Some(Clock { source, unit, window, tolerance_seconds })
}

/// Stripe: `t=…,v1=…` over `{timestamp}.{body}`. Its library accepts times ahead, and so do we unless asked to be
/// strict. `v0` is for test clocks of Stripe itself and never counts.
pub static STRIPE_V1: Scheme = Scheme {
    name: "stripe-v1",
    provenance: Provenance::new("Stripe", Evidence::Run, "stripe/stripe-node:src/Webhooks.ts")
        .note("a manual resend keeps the id for up to 30 days"),
    place: Place::Headers(&["stripe-signature"]),
    grammar: pairs("v1"),
    content: DOTTED,
    clock: clock(TimeSource::Pair("t"), TimeUnit::Seconds, Window::PastOnly, 300),
    identity: in_body(&[&["id"]], &[&["type"]]).at(Moment::Seconds(&["created"])),
    retry_window_hours: 720,
    ..PLAIN
};

/// Standard Webhooks, symmetric: `v1,…` over `{webhook-id}.{timestamp}.{body}` under the base64 after `whsec_`.
/// Supabase shows the same secret with `v1,` in front.
pub static STANDARD_WEBHOOKS_V1: Scheme = STANDARD_WEBHOOKS;

/// A constant, so that other rows can be made from it.
pub(super) const STANDARD_WEBHOOKS: Scheme = Scheme {
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
    clock: clock(TimeSource::Header("webhook-timestamp"), TimeUnit::Seconds, Window::BothSides, 300),
    identity: Identity {
        id: IdSource::SignedHeader("webhook-id"),
        kind: KindSource::Body(&[&["type"]]),
        occurred_at: Some(Moment::Rfc3339(&["timestamp"])),
        items: None,
    },
    retry_window_hours: 76,
    ..PLAIN
};

pub(super) static POLAR: Scheme = Scheme {
    name: "standard-webhooks-v1-utf8-key",
    provenance: Provenance::new("Polar", Evidence::Run, "@polar-sh/sdk:webhooks.js"),
    key: KeyForm::Text,
    ..STANDARD_WEBHOOKS
};

/// Svix's own header names, or those of the standard it made.
pub(super) static SVIX: Scheme = Scheme {
    name: "svix-v1",
    provenance: Provenance::new("Svix", Evidence::Run, "svix/svix-webhooks:javascript/src/webhook.ts"),
    place: Place::Headers(&["svix-signature"]),
    content: &[Part::Header("svix-id"), Part::Text("."), Part::Timestamp, Part::Text("."), Part::Body],
    clock: clock(TimeSource::Header("svix-timestamp"), TimeUnit::Seconds, Window::BothSides, 300),
    identity: Identity { id: IdSource::SignedHeader("svix-id"), ..STANDARD_WEBHOOKS.identity },
    otherwise: Some(&STANDARD_WEBHOOKS_V1),
    ..STANDARD_WEBHOOKS
};

pub(super) static AFFIRM: Scheme = Scheme {
    name: "affirm-sha512",
    provenance: Provenance::new(
        "Affirm",
        Evidence::ThirdParty,
        "webhook-co/webhook:packages/webhooks-spec/src/adapters/config.ts",
    ),
    place: Place::Headers(&["x-affirm-signature"]),
    grammar: pairs("v0"),
    primitive: Primitive::Mac(HmacSha512),
    content: DOTTED,
    clock: clock(TimeSource::Pair("t"), TimeUnit::Either, Window::OnRequest, 0),
    identity: kind_in_body(&[&["event"]]),
    ..PLAIN
};

pub(super) static AIRWALLEX: Scheme = Scheme {
    name: "airwallex",
    provenance: Provenance::new(
        "Airwallex",
        Evidence::Documented,
        "airwallex.com/docs/developer-tools/webhooks",
    ),
    place: Place::Headers(&["x-signature"]),
    content: &[Part::Timestamp, Part::Body],
    clock: clock(TimeSource::Header("x-timestamp"), TimeUnit::Milliseconds, Window::OnRequest, 0),
    identity: in_body(&[&["id"]], &[&["name"]]),
    ..PLAIN
};

pub(super) static BLUESNAP: Scheme = Scheme {
    name: "bluesnap",
    provenance: Provenance::new(
        "BlueSnap",
        Evidence::ThirdParty,
        "juspay/connector-service:crates/integrations/connector-integration/src/connectors/bluesnap.rs",
    )
    .unverified("the unit of the timestamp: seconds of 10 digits and milliseconds of 13 are accepted"),
    place: Place::Headers(&["bls-signature"]),
    content: &[Part::Timestamp, Part::Body],
    clock: clock(TimeSource::Header("bls-ipn-timestamp"), TimeUnit::Either, Window::OnRequest, 0),
    identity: super::DIGEST,
    ..PLAIN
};

pub(super) static CASHFREE: Scheme = Scheme {
    name: "cashfree",
    provenance: Provenance::new("Cashfree", Evidence::Documented, "cashfree.com/docs: webhooks").unverified(
        "whether a dot stands between timestamp and body: two pages disagree, and both are accepted",
    ),
    place: Place::Headers(&["x-webhook-signature"]),
    form: SignatureForm::Base64,
    content: &[Part::Timestamp, Part::Either("", "."), Part::Body],
    spellings: 2,
    clock: clock(TimeSource::Header("x-webhook-timestamp"), TimeUnit::Milliseconds, Window::OnRequest, 0),
    identity: kind_in_body(&[&["type"]]).at(Moment::Rfc3339(&["event_time"])),
    ..PLAIN
};

/// Has the header names of Standard Webhooks, and another scheme behind them.
pub(super) static IRON: Scheme = Scheme {
    name: "iron",
    provenance: Provenance::new("Iron", Evidence::Documented, "docs.iron.xyz: webhooks")
        .unverified("the unit of the timestamp: seconds of 10 digits and milliseconds of 13 are accepted"),
    place: Place::Headers(&["webhook-signature"]),
    grammar: Grammar::Prefixed("v1="),
    content: &[Part::Timestamp, Part::Body],
    clock: clock(TimeSource::Header("webhook-timestamp"), TimeUnit::Either, Window::OnRequest, 0),
    identity: in_body(&[&["id"]], &[&["type"]]),
    ..PLAIN
};

pub(super) static PADDLE: Scheme = Scheme {
    name: "paddle-h1",
    provenance: Provenance::new(
        "Paddle",
        Evidence::Run,
        "PaddleHQ/paddle-node-sdk:src/notifications/helpers/webhooks-validator.ts",
    )
    .note("five seconds are what Paddle's library allows; slow starts and clocks need more"),
    place: Place::Headers(&["paddle-signature"]),
    grammar: Grammar::Pairs { separator: ';', spaced: false, signature: "h1" },
    content: &[Part::Timestamp, Part::Text(":"), Part::Body],
    clock: clock(TimeSource::Pair("ts"), TimeUnit::Seconds, Window::PastOnly, 5),
    identity: in_body(&[&["event_id"]], &[&["event_type"]]).at(Moment::Rfc3339(&["occurred_at"])),
    ..PLAIN
};

pub(super) static QONTO: Scheme = Scheme {
    name: "qonto",
    provenance: Provenance::new(
        "Qonto",
        Evidence::Documented,
        "docs.qonto.com/api-reference/business-api/webhooks/overview",
    ),
    place: Place::Headers(&["x-qonto-signature"]),
    grammar: pairs("v1"),
    content: DOTTED,
    clock: clock(TimeSource::Pair("t"), TimeUnit::Seconds, Window::PastOnly, 300),
    identity: in_body(&[&["id"]], &[&["type"]]).at(Moment::Rfc3339(&["created_at"])),
    ..PLAIN
};

pub(super) static RAPYD: Scheme = Scheme {
    name: "rapyd",
    provenance: Provenance::new("Rapyd", Evidence::Documented, "docs.rapyd.net: webhook authentication").unverified(
        "whether the base64 is of the HMAC or of its hexadecimal text: the pages disagree, and both are accepted",
    ),
    place: Place::Headers(&["signature"]),
    form: SignatureForm::Base64OrBase64OfHex,
    content: &[
        Part::Url,
        Part::Header("salt"),
        Part::Timestamp,
        Part::AccessKey,
        Part::Secret,
        Part::Body,
    ],
    clock: clock(TimeSource::Header("timestamp"), TimeUnit::Either, Window::OnRequest, 0),
    identity: in_body(&[&["id"]], &[&["type"]]).at(Moment::Seconds(&["created_at"])),
    ..PLAIN
};

pub(super) static RECURLY: Scheme = Scheme {
    name: "recurly",
    provenance: Provenance::new("Recurly", Evidence::ThirdParty, "docs.recurly.com: webhook signatures"),
    place: Place::Headers(&["recurly-signature"]),
    grammar: Grammar::Positional,
    content: DOTTED,
    clock: clock(TimeSource::Pair(""), TimeUnit::Either, Window::BothSides, 300),
    identity: in_body(&[&["id"]], &[&["object_type"], &["event_type"]]).at(Moment::Rfc3339(&["event_time"])),
    retry_window_hours: 24,
    ..PLAIN
};

pub(super) static REVOLUT: Scheme = Scheme {
    name: "revolut-v1",
    provenance: Provenance::new(
        "Revolut",
        Evidence::Documented,
        "developer.revolut.com/docs/guides/merchant/monitor-and-observe/webhooks/verify-the-payload-signature",
    ),
    place: Place::Headers(&["revolut-signature"]),
    // One for each active secret; what arrived on lines of its own is joined by a comma and a space.
    grammar: Grammar::Pairs { separator: ',', spaced: true, signature: "v1" },
    content: &[Part::Text("v1."), Part::Timestamp, Part::Text("."), Part::Body],
    clock: clock(
        TimeSource::Header("revolut-request-timestamp"),
        TimeUnit::Milliseconds,
        Window::BothSides,
        300,
    ),
    identity: kind_in_body(&[&["event"]]),
    ..PLAIN
};

pub(super) static SLACK: Scheme = Scheme {
    name: "slack-v0",
    provenance: Provenance::new("Slack", Evidence::Run, "@slack/bolt:receivers/verify-request"),
    place: Place::Headers(&["x-slack-signature"]),
    grammar: Grammar::Prefixed("v0="),
    content: &[Part::Text("v0:"), Part::Timestamp, Part::Text(":"), Part::Body],
    clock: clock(TimeSource::Header("x-slack-request-timestamp"), TimeUnit::Seconds, Window::BothSides, 300),
    identity: in_body(&[&["event_id"]], &[&["event", "type"]]).at(Moment::Seconds(&["event_time"])),
    retry_window_hours: 24,
    ..PLAIN
};

pub(super) static SQUARE: Scheme = Scheme {
    name: "square",
    provenance: Provenance::new(
        "Square",
        Evidence::Run,
        "square/square-nodejs-sdk:src/wrapper/WebhooksHelper.ts",
    ),
    place: Place::Headers(&["x-square-hmacsha256-signature"]),
    form: SignatureForm::Base64,
    content: &[Part::Url, Part::Body],
    identity: in_body(&[&["event_id"]], &[&["type"]]).at(Moment::Rfc3339(&["created_at"])),
    ..PLAIN
};

pub(super) static WORKOS: Scheme = Scheme {
    name: "workos",
    provenance: Provenance::new("WorkOS", Evidence::Run, "@workos-inc/node:webhooks"),
    place: Place::Headers(&["workos-signature"]),
    grammar: Grammar::Pairs { separator: ',', spaced: true, signature: "v1" },
    content: DOTTED,
    clock: clock(TimeSource::Pair("t"), TimeUnit::Milliseconds, Window::PastOnly, 180),
    identity: in_body(&[&["id"]], &[&["event"]]).at(Moment::Rfc3339(&["created_at"])),
    ..PLAIN
};

pub(super) static ZOHO_PAYMENTS: Scheme = Scheme {
    name: "zoho-payments",
    provenance: Provenance::new(
        "Zoho Payments",
        Evidence::Documented,
        "zoho.com/in/payments/api/v1: webhooks",
    ),
    place: Place::Headers(&["x-zoho-webhook-signature"]),
    grammar: pairs("v"),
    content: DOTTED,
    clock: clock(TimeSource::Pair("t"), TimeUnit::Milliseconds, Window::OnRequest, 0),
    identity: in_body(&[&["event_id"]], &[&["event_type"]]),
    ..PLAIN
};
