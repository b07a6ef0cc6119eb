//! Providers that send a password and sign nothing: whoever has seen one delivery can make others.

use super::{
    Evidence, Grammar, IdSource, Identity, KindSource, PLAIN, Place, Primitive, Provenance, Scheme,
    SignatureForm, in_body, in_unsigned_header,
};
use crate::webhook::Moment;

const TOKEN: Scheme =
    Scheme { form: SignatureForm::Text, primitive: Primitive::Token, content: &[], ..PLAIN };

/// What all rows of this file should be read with.
const NOTE: &str =
    "proves that the sender knows the token, nothing about the body: fetch the object it names";

pub(super) static STATIC_TOKEN: Scheme = Scheme {
    name: "static-token",
    provenance: Provenance::new("Xendit", Evidence::Documented, "docs.xendit.co: webhooks").note(NOTE),
    place: Place::Headers(&["x-callback-token"]),
    identity: in_unsigned_header("webhook-id", &[&["event"]]),
    retry_window_hours: 48,
    ..TOKEN
};

/// The secret is `user:password`.
pub(super) static STATIC_TOKEN_BASIC: Scheme = Scheme {
    name: "static-token-basic",
    provenance: Provenance::new("Chargebee", Evidence::ThirdParty, "chargebee.com/docs: webhook settings")
        .note(NOTE),
    place: Place::Headers(&["authorization"]),
    grammar: Grammar::Prefixed("Basic "),
    form: SignatureForm::Base64,
    identity: in_body(&[&["id"]], &[&["event_type"]]).at(Moment::Seconds(&["occurred_at"])),
    retry_window_hours: 96,
    ..TOKEN
};

pub(super) static STATIC_TOKEN_VERIF_HASH: Scheme = Scheme {
    name: "static-token-verif-hash",
    provenance: Provenance::new(
        "Flutterwave (v3)",
        Evidence::ThirdParty,
        "developer.flutterwave.com: webhooks",
    )
    .note(NOTE),
    place: Place::Headers(&["verif-hash"]),
    identity: Identity {
        id: IdSource::Body(&[&["event"], &["data", "id"]]),
        kind: KindSource::Body(&[&["event"]]),
        occurred_at: None,
        items: None,
    },
    ..TOKEN
};
