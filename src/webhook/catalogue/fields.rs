//! Providers that sign some fields of what they send: everything else in the delivery is anybody's word.

use super::{
    DIGEST, Evidence, Grammar, IdSource, Identity, KeyForm, Moment, PLAIN, Part, Place, Primitive,
    Provenance, Scheme, SignatureForm, in_body, kind_in_body,
};
use crate::crypto::Hash::{Sha256, Sha512};
use crate::crypto::MacAlgorithm::{HmacSha1, HmacSha512};
use crate::webhook::{Clock, Items, TimeSource, TimeUnit, Window};

/// Each event has its own signature. Free text may only stand in the merchant's reference: with colons elsewhere, the
/// same signature would fit other fields.
pub(super) static ADYEN_STANDARD: Scheme = Scheme {
    name: "adyen-standard",
    provenance: Provenance::new(
        "Adyen (payments)",
        Evidence::Run,
        "Adyen/adyen-node-api-library:src/utils/hmacValidator.ts",
    )
    .note("reason, payment method, date and additional data are not signed"),
    place: Place::Field(&["additionalData", "hmacSignature"]),
    form: SignatureForm::Base64,
    key: KeyForm::Hex,
    content: &[
        Part::MaybeField(&["pspReference"]),
        Part::Text(":"),
        Part::MaybeField(&["originalReference"]),
        Part::Text(":"),
        Part::MaybeField(&["merchantAccountCode"]),
        Part::Text(":"),
        Part::FreeField(&["merchantReference"]),
        Part::Text(":"),
        Part::MaybeField(&["amount", "value"]),
        Part::Text(":"),
        Part::MaybeField(&["amount", "currency"]),
        Part::Text(":"),
        Part::MaybeField(&["eventCode"]),
        Part::Text(":"),
        Part::MaybeField(&["success"]),
    ],
    identity: Identity {
        items: Some(Items { list: "notificationItems", member: &["NotificationRequestItem"] }),
        ..in_body(&[&["pspReference"], &["eventCode"], &["success"]], &[&["eventCode"]])
            .at(Moment::Rfc3339(&["eventDate"]))
    },
    retry_window_hours: 720,
    ..PLAIN
};

pub(super) static BRAINTREE: Scheme = Scheme {
    name: "braintree",
    provenance: Provenance::new(
        "Braintree",
        Evidence::Run,
        "braintree:lib/braintree/webhook_notification_gateway.js",
    )
    .note("the base64 of `bt_payload` is what is signed; it holds XML"),
    place: Place::FormField("bt_signature"),
    grammar: Grammar::PublicKeys,
    primitive: Primitive::Mac(HmacSha1),
    key: KeyForm::Sha1,
    content: &[Part::FormBase64("bt_payload"), Part::Either("", "\n")],
    spellings: 2,
    identity: DIGEST,
    retry_window_hours: 24,
    ..PLAIN
};

/// The body is not signed at all: only the id in the URL, the id of the request and the time.
pub(super) static MERCADOPAGO: Scheme = Scheme {
    name: "mercadopago",
    provenance: Provenance::new("Mercado Pago", Evidence::Run, "mercadopago/sdk-nodejs:src/utils/webhook/index.ts")
        .note("the body is not signed: fetch the object that the URL names; QR code notifications carry no signature"),
    place: Place::Headers(&["x-signature"]),
    grammar: Grammar::Pairs { separator: ',', spaced: true, signature: "v1" },
    content: &[
        Part::QuerySegment("id:", "data.id"),
        Part::HeaderSegment("request-id:", "x-request-id"),
        Part::Text("ts:"),
        Part::Timestamp,
        Part::Text(";"),
    ],
    // The documentation asks for the id in lower case, the library takes it as it is.
    spellings: 2,
    clock: Some(Clock {
        source: TimeSource::Pair("ts"),
        unit: TimeUnit::Either,
        window: Window::OnRequest,
        tolerance_seconds: 0,
    }),
    identity: in_body(&[&["id"], &["data", "id"], &["action"]], &[&["action"]])
        .at(Moment::Rfc3339(&["date_created"])),
    retry_window_hours: 96,
    ..PLAIN
};

pub(super) static MIDTRANS: Scheme = Scheme {
    name: "midtrans-sha512",
    provenance: Provenance::new("Midtrans", Evidence::Documented, "docs.midtrans.com: HTTP notification").note(
        "the status of the transaction is not signed, and nothing separates the fields that are: fetch the status",
    ),
    place: Place::Field(&["signature_key"]),
    primitive: Primitive::Digest(Sha512),
    content: &[
        Part::Field(&["order_id"]),
        Part::Field(&["status_code"]),
        Part::Field(&["gross_amount"]),
        Part::Secret,
    ],
    // All partial refunds of an order have the same fields signed, and the same status.
    identity: Identity { id: IdSource::BodyDigest, ..kind_in_body(&[&["transaction_status"]]) },
    ..PLAIN
};

pub(super) static NOON: Scheme = Scheme {
    name: "noon-sha512",
    provenance: Provenance::new(
        "Noon",
        Evidence::ThirdParty,
        "juspay/connector-service:crates/integrations/connector-integration/src/connectors/noon.rs",
    ),
    place: Place::Field(&["signature"]),
    form: SignatureForm::Base64,
    primitive: Primitive::Mac(HmacSha512),
    content: &[
        Part::Field(&["orderId"]),
        Part::Text(","),
        Part::Field(&["orderStatus"]),
        Part::Text(","),
        Part::Field(&["eventId"]),
        Part::Text(","),
        Part::Field(&["eventType"]),
        Part::Text(","),
        Part::Field(&["timeStamp"]),
    ],
    identity: in_body(&[&["eventId"]], &[&["eventType"]]).at(Moment::Rfc3339(&["timeStamp"])),
    ..PLAIN
};

pub(super) static NOVALNET: Scheme = Scheme {
    name: "novalnet-sha256",
    provenance: Provenance::new(
        "Novalnet",
        Evidence::ThirdParty,
        "juspay/connector-service:crates/integrations/connector-integration/src/connectors/novalnet.rs",
    )
    .note("nothing separates the fields that are signed: fetch the transaction"),
    place: Place::Field(&["event", "checksum"]),
    primitive: Primitive::Digest(Sha256),
    content: &[
        Part::Field(&["event", "tid"]),
        Part::Field(&["event", "type"]),
        Part::Field(&["result", "status"]),
        Part::MaybeField(&["transaction", "amount"]),
        Part::MaybeField(&["transaction", "currency"]),
        Part::SecretReversed,
    ],
    identity: in_body(&[&["event", "tid"], &["event", "type"]], &[&["event", "type"]]),
    ..PLAIN
};

pub(super) static NUVEI: Scheme = Scheme {
    name: "nuvei-dmn-sha256",
    provenance: Provenance::new(
        "Nuvei (payment DMN)",
        Evidence::ThirdParty,
        "juspay/hyperswitch:crates/hyperswitch_connectors/src/connectors/nuvei.rs",
    )
    .note("nothing separates the fields that are signed: fetch the transaction"),
    place: Place::FormField("advanceResponseChecksum"),
    primitive: Primitive::Digest(Sha256),
    content: &[
        Part::Secret,
        Part::FormField("totalAmount"),
        Part::FormField("currency"),
        Part::FormField("responseTimeStamp"),
        Part::FormField("PPP_TransactionID"),
        Part::FormField("Status"),
        Part::FormFieldOr("productId", "NA"),
    ],
    identity: DIGEST,
    ..PLAIN
};

/// The URL binds the body: it has the digest of it among its parameters.
pub(super) static TWILIO_BODY: Scheme = Scheme {
    name: "twilio-body",
    provenance: Provenance::new("Twilio (JSON)", Evidence::Run, TWILIO_SOURCE),
    place: Place::Headers(&["x-twilio-signature"]),
    form: SignatureForm::Base64,
    primitive: Primitive::Mac(HmacSha1),
    content: &[Part::Url, Part::BodyDigestInQuery("bodySHA256")],
    spellings: crate::webhook::spelling::SPELLINGS,
    identity: kind_in_body(&[&["type"]]),
    retry_window_hours: 24,
    ..PLAIN
};

pub(super) static TWILIO_FORM: Scheme = Scheme {
    name: "twilio-form",
    provenance: Provenance::new("Twilio (forms)", Evidence::Run, TWILIO_SOURCE)
        .note("names and values are signed without a separator, and without their order"),
    place: Place::Headers(&["x-twilio-signature"]),
    form: SignatureForm::Base64,
    primitive: Primitive::Mac(HmacSha1),
    content: &[Part::Url, Part::SortedForm],
    spellings: crate::webhook::spelling::SPELLINGS,
    identity: DIGEST,
    retry_window_hours: 24,
    ..PLAIN
};

const TWILIO_SOURCE: &str = "twilio/twilio-node:src/webhooks/webhooks.ts";
