//! Deliveries: for each scheme some that are genuine, and what can be wrong with them.

#![expect(clippy::arithmetic_side_effects, reason = "a test that cannot go on should stop loudly")]

use crate::crypto;
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::{Grammar, HEADER_BYTES_MAX, KeyForm, Outgoing, Place, Primitive, SCHEMES, Scheme};

const NOW_S: u64 = 1_700_000_000;

/// A delivery and its verifier, as a caller would have them.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) scheme: String,
    pub(super) secrets: Vec<String>,
    pub(super) tolerance_seconds: Option<u64>,
    pub(super) strict: bool,
    pub(super) partial: bool,
    pub(super) own_url: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) access_key: Option<String>,
    pub(super) headers: Vec<(String, Option<String>)>,
    pub(super) url: Option<String>,
    pub(super) body: Vec<u8>,
    pub(super) now_ms: u64,
}

/// The schemes that anybody who knows the secret can sign by.
pub(super) fn symmetric() -> impl Iterator<Item = &'static Scheme> {
    let symmetric = |scheme: &&&Scheme| !matches!(scheme.primitive, Primitive::PublicKey | Primitive::Jws);
    SCHEMES.iter().filter(symmetric).copied()
}

/// A secret the scheme accepts, and another.
fn secrets(scheme: &Scheme) -> [&'static str; 2] {
    match scheme.key {
        KeyForm::Base64(_) => {
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        }
        KeyForm::Hex => ["44782DEF547AAA06C910C43932B1EB0C", "00782DEF547AAA06C910C43932B1EB0C"],
        _ => ["a shared secret", "another shared secret"],
    }
}

/// Bodies of a scheme, to be signed.
fn bodies(scheme: &Scheme) -> Vec<&'static str> {
    match (scheme.name, scheme.place) {
        ("adyen-standard", _) => Vec::from([
            r#"{"live":"false","notificationItems":[{"NotificationRequestItem":{"pspReference":"psp1","merchantAccountCode":"shop","merchantReference":"order:1","amount":{"currency":"EUR","value":1000},"eventCode":"AUTHORISATION","eventDate":"2023-11-14T22:13:20+00:00","success":"true","reason":"free"}}]}"#,
            r#" { "notificationItems" : [ {"NotificationRequestItem":{"pspReference":"p\u0073p1","additionalData":{"x":1},"success":true}},
               {"NotificationRequestItem":{"pspReference":"psp1","eventCode":"C","success":"a:b"}},{"NotificationRequestItem":{"pspReference":"psp1","eventCode":"C","amount":null}}]}"#,
            r#"{"notificationItems":[]}"#,
        ]),
        ("midtrans-sha512", _) => Vec::from([
            r#"{"transaction_status":"capture","order_id":"order-1","status_code":"200","gross_amount":"10000.00"}"#,
            r#"{"transaction_status":["x"],"order_id":1.5e3,"status_code":false,"gross_amount":"\ud83d\ude00\n"}"#,
        ]),
        ("noon-sha512", _) => Vec::from([
            r#"{"orderId":1,"orderStatus":"CAPTURED","eventId":"ev1","eventType":"Capture","timeStamp":"2023-11-14T22:13:20Z"}"#,
            r#"{"orderId":"1,2","orderStatus":"CAPTURED","eventId":"ev1","eventType":"Capture","timeStamp":"x"}"#,
        ]),
        ("novalnet-sha256", _) => Vec::from([
            r#"{"event":{"type":"PAYMENT","tid":14200000},"result":{"status":"SUCCESS"},"transaction":{"amount":1000,"currency":"EUR"}}"#,
            r#"{"event":{"type":"PA:%YMENT","tid":"1"},"result":{"status":"SUCCESS"},"transaction":7}"#,
        ]),
        ("braintree", _) => {
            Vec::from(["bt_payload=PG5vdGlmaWNhdGlvbi8%2BCg%3D%3D", "a=b&bt_payload=PG5v%0A"])
        }
        ("nuvei-dmn-sha256", _) => Vec::from([
            "totalAmount=10.00&currency=EUR&responseTimeStamp=2023&PPP_TransactionID=711&Status=APPROVED",
            "totalAmount=10.00&&currency=EU+R&responseTimeStamp=2023&PPP_TransactionID=711&Status=%C3%A9&productId=7",
        ]),
        ("twilio-form", _) => {
            Vec::from(["CallSid=CA1&From=%2B14158675309&To=%2B18005551212", "b=2&a=1&b=1&b=2&=x&c&%41=z+y&"])
        }
        ("gocardless", _) => Vec::from([
            r#"{"events":[{"id":"EV1","created_at":"2018-07-05T09:13:51.404Z","resource_type":"payments","action":"confirmed"}]}"#,
            r#"{"events":[{"id":"EV1","action":"x"},{"id":"EV1","action":"y"},{"id":"EV1","action":"x"},7,{"id":"EV2","resource_type":"r"}]}"#,
            r#"{"events":{}}"#,
            "",
        ]),
        _ => Vec::from([
            r#"{"id":"evt_1","type":"charge.succeeded","created":1699999999,"event":"e","data":{"id":7,"x":[1,{"a":"}"}]},"created_at":"2023-11-14T22:13:20Z"}"#,
            r#"{"event":{"id":"a:b%","type":"t","created_at":"2023-11-14T22:13:20Z"},"eventType":"E","metadata":{"event_id":"m","event_type":"k"}}"#,
            "{\"id\":\"\\u0065vt\\n\",\"type\":\"x\",\"type\":\"y\"}",
            "{\"\\u0069d\":\"e\u{85}vt\",\"event_id\":true,\"event_type\":1.5,\"event\":null,\"topic\":\"t\"} ",
            "\u{feff}{\"id\":\"evt_2\",\"action\":\"a\",\"created_at\":1699999999}",
            "not JSON",
            "7 begins with a digit",
            ".",
            "",
        ]),
    }
}

/// Deliveries of a scheme that are genuine.
pub(super) fn genuine(scheme: &'static Scheme) -> Vec<Case> {
    let url = match scheme.name {
        "twilio-body" => "https://shop.example/hooks?x=It's+so&bodySHA256=",
        "mercadopago" => "https://shop.example/hooks?data.id=ABC123&type=payment#top",
        _ => "https://shop.example/hooks?a=b",
    };
    let [secret, other] = secrets(scheme);
    let mut cases = Vec::new();
    for body in bodies(scheme) {
        let digest = if url.ends_with('=') { crypto::sha256_hex(body.as_bytes()) } else { String::new() };
        let url = [url, &digest].concat();
        let outgoing = Outgoing {
            id: "msg_1",
            timestamp: Timestamp::from_unix_seconds(NOW_S).unwrap(),
            url: Some(&url),
            body: body.as_bytes(),
            public_key_id: Some("our_key"),
            access_key: Some("access"),
        };
        let Ok(delivery) = outgoing.sign(scheme, secret) else { continue };
        cases.push(Case {
            scheme: scheme.name.to_owned(),
            secrets: [other, secret].map(str::to_owned).to_vec(),
            tolerance_seconds: None,
            strict: false,
            partial: false,
            own_url: None,
            key_id: Some("our_key".to_owned()),
            access_key: Some("access".to_owned()),
            headers: delivery
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Some(value.clone())))
                .collect(),
            url: Some(url),
            body: delivery.body,
            now_ms: NOW_S * 1000,
        });
    }
    cases
}

/// The same delivery, changed in one way at a time.
pub(super) fn changed(scheme: &Scheme, case: &Case) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut with = |change: &dyn Fn(&mut Case)| {
        let mut other = case.clone();
        change(&mut other);
        cases.push(other);
    };
    for (index, (_, value)) in case.headers.iter().enumerate() {
        let value = value.clone().unwrap();
        let set = |text: String| move |case: &mut Case| case.headers[index].1 = Some(text.clone());
        with(&|case| drop(case.headers.remove(index)));
        with(&|case| case.headers[index].1 = None);
        with(&|case| case.headers.push(case.headers[index].clone()));
        let longest = "x".repeat(HEADER_BYTES_MAX);
        for text in [
            "",
            " ",
            "junk",
            "=",
            ",",
            "t=1",
            "t=1,v1=",
            "v1,",
            "v1, ",
            "a/b/c",
            "1/SHA256/x",
            "a|b",
            "our_key|",
            "é=1,t=2",
            "0",
            "01",
            "1700000000",
            "1700000000000",
            "1700000001000",
            "t=,v1=a b",
            "t=1700000000,v1=é",
            "99999999999999999999",
            "sha256=",
            "SHA256=00",
            "basic x",
            "2023-11-14T22:13:20Z",
            ".",
            "a;b",
            &longest,
        ] {
            with(&set(text.to_owned()));
        }
        for text in [
            format!("{value},"),
            format!(",{value}"),
            format!(" {value}"),
            format!("{value} "),
            format!("{value},{value}"),
            format!("{value}, {value}"),
            format!("{value} {value}"),
            format!("{value}&{value}"),
            format!("{value};{value}"),
            format!("{value} v1,AAAA v2,{value}"),
            format!("{value},v1=00,v0=11,x=y, t=1"),
            value.to_uppercase(),
            value.to_lowercase(),
            value.replace(',', ", "),
            value.replace('=', " = "),
            value.replace(['t', 'T'], "tt"),
            value.replace("1700000000", "1699999000"),
            value.replace("1700000000", "1700009000"),
            value.chars().skip(1).collect(),
            value.replacen('A', "B", 1),
            value.replacen('0', "1", 1),
            vec![value.as_str(); 21].join(","),
            vec![value.as_str(); 21].join(" "),
            vec![value.as_str(); 21].join("&"),
            vec![value.as_str(); 21].join(";"),
        ] {
            with(&set(text));
        }
    }
    for ms in [1, 999, 1000, 5999, 6000, 300_999, 301_000, 900_000] {
        with(&|case| case.now_ms += ms);
        with(&|case| case.now_ms -= ms);
        with(&|case| (case.strict, case.now_ms) = (true, case.now_ms + ms));
        with(&|case| (case.strict, case.now_ms) = (true, case.now_ms - ms));
        with(&|case| (case.tolerance_seconds, case.now_ms) = (Some(1), case.now_ms + ms));
        with(&|case| (case.tolerance_seconds, case.now_ms) = (Some(1), case.now_ms - ms));
        with(&|case| (case.tolerance_seconds, case.now_ms) = (Some(0), case.now_ms - ms));
    }
    with(&|case| case.secrets.truncate(1));
    with(&|case| case.secrets.reverse());
    with(&|case| case.secrets.clear());
    with(&|case| case.secrets = vec!["x".to_owned(); 9]);
    with(&|case| case.secrets.push("  ".to_owned()));
    with(&|case| case.secrets.push("v1,whsec_".to_owned()));
    with(&|case| case.secrets[0] = format!(" {}\n", case.secrets[1]));
    for secret in ["zz", "abc", "whsec_Zg=", "whsec_Z===", "whsec_Zh==", "whsec_Zm9v_m8=", "Zm9v"] {
        with(&|case| case.secrets = vec![secret.to_owned()]);
    }
    with(&|case| case.partial = true);
    with(&|case| case.key_id = None);
    with(&|case| case.key_id = Some(String::new()));
    with(&|case| case.key_id = Some("1".to_owned()));
    with(&|case| case.access_key = None);
    with(&|case| case.access_key = Some("other".to_owned()));
    with(&|case| case.own_url = case.url.take());
    with(&|case| case.url = None);
    with(&|case| case.url = Some(String::new()));
    for url in [
        "https://shop.example:443/hooks?a=b",
        "http://shop.example/hooks",
        "?",
        "no URL",
        "https://u:7@a.example?data.id=1;2",
        "https://a.example/?data.id=1&data.id=2",
        "https://a.example/?%zz",
        "https://[::1]:8443/?x=%C3%A9'&y",
        "a?b://c:80/d",
        "https://a.example/?bodySHA256=00",
    ] {
        with(&|case| case.url = Some(url.to_owned()));
    }
    with(&|case| case.scheme = "nobody".to_owned());
    with(&|case| case.scheme = "Stripe_v9".to_owned());
    with(&|case| case.scheme = String::new());
    let step = if matches!(scheme.place, Place::Headers(_)) { 41 } else { 7 };
    for at in (0..case.body.len()).step_by(step) {
        with(&|case| case.body[at] ^= 1);
        with(&|case| case.body[at] = b'"');
        with(&|case| case.body[at] = b':');
        with(&|case| case.body[at] = 0xff);
        with(&|case| case.body.truncate(at));
        with(&|case| case.body.truncate(case.body.len().saturating_sub(at)));
    }
    for (from, to) in [
        ("{", "{\"pspReference\":\"x\","),
        ("\"psp1\"", "[\"psp1\"]"),
        ("\"psp1\"", "null"),
        ("hmacSignature", "other"),
        ("notificationItems", "items"),
        ("NotificationRequestItem", "Item"),
        ("[", "[7,"),
        ("\"EUR\"", "\"E:UR\""),
        ("AUTHORISATION", "AUTH:ORISATION"),
        ("\\u0073", "s"),
        ("eventDate", "eventdate"),
        ("&", "&Status=x&"),
        ("=", "=%"),
        ("&", ";"),
        ("bt_payload", "x"),
        ("signature", "Signature"),
        ("order_id", "order_id\":1,\"order_id"),
        ("checksum", "x"),
    ] {
        with(&|case| {
            let body = String::from_utf8(case.body.clone()).unwrap();
            case.body = body.replacen(from, to, 1).into_bytes();
        });
    }
    with(&|case| {
        let body = core::str::from_utf8(&case.body).unwrap();
        let items: Vec<String> = (0..1001).map(|_| "{}".to_owned()).collect();
        case.body = body.replacen('[', &format!("[{},", items.join(",")), 1).into_bytes();
    });
    with(&|case| case.body = (0..1001).map(|n| format!("f{n}=1&")).collect::<String>().into_bytes());
    if scheme.grammar == Grammar::PublicKeys {
        with(&|case| case.body.extend(b"&bt_signature=x"));
    }
    cases
}
