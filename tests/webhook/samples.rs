//! For each scheme a secret it takes and a delivery it signs.

use tillproof::time::Timestamp;
use tillproof::webhook::{
    Delivery, HeaderValue, KeyForm, Options, Outgoing, Place, Primitive, SCHEMES, Scheme, Verifier,
};

pub(super) type Headers<'a> = Vec<(&'a str, HeaderValue<'a>)>;

pub(super) const NOW_S: u64 = 1_700_000_000;

pub(super) fn seconds(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).unwrap()
}

/// Headers that arrived once each.
pub(super) fn once<'a>(headers: &'a [(&'static str, String)]) -> Headers<'a> {
    headers.iter().map(|(name, value)| (*name, HeaderValue::Once(value))).collect()
}

/// The schemes that anybody who knows the secret can sign by.
pub(super) fn symmetric() -> Vec<&'static Scheme> {
    let symmetric = |scheme: &&&Scheme| !matches!(scheme.primitive, Primitive::PublicKey | Primitive::Jws);
    SCHEMES.iter().filter(symmetric).copied().collect()
}

/// A secret the scheme accepts.
pub(super) fn secret(scheme: &Scheme) -> &'static str {
    match scheme.key {
        KeyForm::Text | KeyForm::Sha1 => "a shared secret",
        KeyForm::Base64(_) => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        KeyForm::Hex => "44782DEF547AAA06C910C43932B1EB0C",
        _ => panic!("{} is signed by its provider only", scheme.name),
    }
}

/// The URL deliveries are sent to.
pub(super) fn url(scheme: &Scheme) -> &'static str {
    match scheme.name {
        "twilio-body" => {
            "https://shop.example/hooks?bodySHA256=e0f5f306b091c0927f7414303812abf025190abdb40326bc76e12f8f46de4528"
        }
        "mercadopago" => "https://shop.example/hooks?data.id=123&type=payment",
        _ => "https://shop.example/hooks",
    }
}

/// A body of the scheme, without a signature in it.
pub(super) fn body(scheme: &Scheme) -> &'static str {
    match (scheme.name, scheme.place) {
        ("adyen-standard", _) => {
            r#"{"live":"false","notificationItems":[{"NotificationRequestItem":{"pspReference":"psp1","merchantAccountCode":"shop","merchantReference":"order:1","amount":{"currency":"EUR","value":1000},"eventCode":"AUTHORISATION","eventDate":"2023-11-14T22:13:20+00:00","success":"true","reason":"free"}}]}"#
        }
        ("midtrans-sha512", _) => {
            r#"{"transaction_status":"capture","order_id":"order-1","status_code":"200","gross_amount":"10000.00"}"#
        }
        ("noon-sha512", _) => {
            r#"{"orderId":1,"orderStatus":"CAPTURED","eventId":"ev1","eventType":"Capture","timeStamp":"2023-11-14T22:13:20Z"}"#
        }
        ("novalnet-sha256", _) => {
            r#"{"event":{"type":"PAYMENT","tid":14200000},"result":{"status":"SUCCESS"},"transaction":{"amount":1000,"currency":"EUR"}}"#
        }
        ("braintree", _) => "bt_payload=PG5vdGlmaWNhdGlvbi8%2BCg%3D%3D",
        ("nuvei-dmn-sha256", _) => {
            "totalAmount=10.00&currency=EUR&responseTimeStamp=2023&PPP_TransactionID=711&Status=APPROVED"
        }
        ("twilio-form", _) => "CallSid=CA1&From=%2B14158675309&To=%2B18005551212",
        ("gocardless", _) => {
            r#"{"events":[{"id":"EV1","created_at":"2018-07-05T09:13:51.404Z","resource_type":"payments","action":"confirmed"}]}"#
        }
        (_, Place::Headers(_)) => r#"{"id":"evt_1","type":"charge.succeeded","created":1699999999}"#,
        (name, _) => panic!("{name} has no sample"),
    }
}

/// A delivery of the scheme, signed now.
pub(super) fn delivery(scheme: &Scheme) -> Delivery {
    outgoing(scheme, body(scheme).as_bytes()).sign(scheme, secret(scheme)).unwrap()
}

/// A delivery of this body, to be signed now.
pub(super) fn outgoing<'a>(scheme: &Scheme, body: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        id: "msg_1",
        timestamp: seconds(NOW_S),
        url: Some(url(scheme)),
        body,
        public_key_id: Some("our_key"),
        access_key: Some("access"),
    }
}

/// A verifier of what [`outgoing`] signs.
pub(super) fn verifier(scheme: &'static Scheme) -> Verifier {
    let options = Options {
        secrets: &[secret(scheme)],
        url: Some(url(scheme)),
        public_key_id: Some("our_key"),
        access_key: Some("access"),
        ..Options::default()
    };
    Verifier::new(scheme, options).unwrap()
}
