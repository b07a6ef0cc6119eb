//! Both engines are asked the same, and must say the same: the verdict, why, and which events there are.

use core::fmt::Write as _;

use proptest::prelude::*;

use super::area::{
    ABSENT, DELIVERED, DIGEST_AT, LAYOUT, LENGTHS, NOW, OUT, REPEATED, SLOT_BYTES, SLOTS_AT, URL, URL_AT,
};
use super::{EXPECTED, Interpreter, answer};
use crate::crypto::{self, decode_base64};
use crate::json::{self, Value};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::{
    Error, Fact, Grammar, HEADER_BYTES_MAX, HeaderValue, KeyForm, Options, Outgoing, Place, Primitive,
    Request, SCHEMES, Scheme, Verifier, scheme,
};

const NOW_S: u64 = 1_700_000_000;

/// A delivery and its verifier, as a caller would have them.
#[derive(Clone, Debug)]
struct Case {
    scheme: String,
    secrets: Vec<String>,
    tolerance_seconds: Option<u64>,
    strict: bool,
    partial: bool,
    own_url: Option<String>,
    key_id: Option<String>,
    access_key: Option<String>,
    headers: Vec<(String, Option<String>)>,
    url: Option<String>,
    body: Vec<u8>,
    now_ms: u64,
}

/// What [`Verifier`] says.
fn by_verifier(case: &Case) -> String {
    let secrets: Vec<&str> = case.secrets.iter().map(String::as_str).collect();
    let options = Options {
        secrets: &secrets,
        tolerance_seconds: case.tolerance_seconds,
        strict: case.strict,
        partial: case.partial,
        url: case.own_url.as_deref(),
        public_key_id: case.key_id.as_deref(),
        access_key: case.access_key.as_deref(),
        ..Options::default()
    };
    let verifier = match scheme(&case.scheme).and_then(|scheme| Verifier::new(scheme, options)) {
        Ok(verifier) => verifier,
        Err(error) => return told(&error),
    };
    let value = |value: &'_ Option<String>| value.as_ref().map(|text| text.clone());
    let headers: Vec<(String, Option<String>)> =
        case.headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
    let headers: Vec<(&str, HeaderValue<'_>)> = headers
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_deref().map_or(HeaderValue::Repeated, HeaderValue::Once)))
        .collect();
    let now = Timestamp::from_unix_ms(case.now_ms).unwrap();
    let request = Request { headers: &headers, url: case.url.as_deref(), body: &case.body, now };
    match verifier.verify(&request) {
        Err(error) => told(&error),
        Ok(verified) => {
            let time = verified.timestamp().map(Timestamp::unix_ms);
            let mut text = format!(
                "verified by {} at {time:?} without {:?}:",
                verified.secret_index(),
                verified.refused()
            );
            for event in verified.events() {
                let time = event.occurred_at.map(Timestamp::unix_ms);
                let (id, kind, digest) = (event.id, event.kind, event.digest);
                write!(
                    text,
                    " [{id:?} {} {kind:?} {digest:?} {time:?} {:?}]",
                    event.id_is_signed, event.index
                )
                .unwrap();
            }
            text
        }
    }
}

/// An error by its line and its facts.
fn told(error: &Error) -> String {
    let (line, facts) = error.told();
    let mut text = format!("refused {line}");
    for fact in facts.into_iter().flatten() {
        match fact {
            Fact::Given(_) => text.push_str(" given"),
            Fact::Known(known) => write!(text, " {known:?}").unwrap(),
            Fact::Number(number) => write!(text, " {number}").unwrap(),
            Fact::Places(places) => write!(text, " {places:?}").unwrap(),
            Fact::Reason(line, number) => write!(text, " {} {number}", crypto::Error::LINES[line].0).unwrap(),
            Fact::Key(_) => text.push_str(" key"),
        }
    }
    text
}

/// The small engine, as the shell uses it.
struct Shell(Interpreter);

impl Shell {
    fn put(&mut self, word: usize, value: u32) {
        self.0.area()[word * 4..word * 4 + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn word(&mut self, word: usize) -> u32 {
        u32::from_le_bytes(self.0.area()[word * 4..word * 4 + 4].try_into().unwrap())
    }

    fn text(&mut self, bytes: &[u8]) {
        self.0.text(bytes.len()).copy_from_slice(bytes);
    }

    fn slot(&mut self, at: usize, length: usize, text: Option<&str>, bytes_max: usize) {
        self.put(length, text.map_or(ABSENT, |text| u32::try_from(text.len()).unwrap()));
        let bytes = text.unwrap_or_default().as_bytes();
        let bytes = &bytes[..bytes.len().min(bytes_max)];
        self.0.area()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// What the small engine says, by the host's hash or its own.
    fn says(&mut self, case: &Case, by_host: bool) -> String {
        let mut options = Vec::new();
        let mut put = |tag: u8, value: &str| {
            options.push(tag);
            options.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
            options.extend(value.as_bytes());
        };
        put(0, &case.scheme);
        case.secrets.iter().for_each(|secret| put(1, secret));
        let tolerance = case.tolerance_seconds.map(|seconds| seconds.to_string());
        let flag = |on: bool| on.then_some("");
        let rest = [
            (2, tolerance.as_deref()),
            (3, flag(case.strict)),
            (4, flag(case.partial)),
            (5, case.own_url.as_deref()),
            (6, case.key_id.as_deref()),
            (7, case.access_key.as_deref()),
        ];
        rest.into_iter()
            .filter_map(|(tag, value)| Some((tag, value?)))
            .for_each(|(tag, value)| put(tag, value));
        self.text(&options);
        let handle = self.0.open();
        if handle == 0 {
            return self.fault();
        }
        let names = scheme(&case.scheme).unwrap().headers();
        assert_eq!(usize::try_from(self.word(OUT + 3)).unwrap(), names.len(), "{}", case.scheme);
        for (slot, name) in names.iter().enumerate() {
            assert_eq!(usize::try_from(self.word(OUT + 5 + slot * 2)).unwrap(), name.len());
            let found: Vec<_> =
                case.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name)).collect();
            let value = found.first().and_then(|(_, value)| value.as_deref());
            self.slot(SLOTS_AT + slot * SLOT_BYTES, LENGTHS + slot, value, SLOT_BYTES);
            if found.len() > 1 || (found.len() == 1 && value.is_none()) {
                self.put(LENGTHS + slot, REPEATED);
            }
        }
        self.slot(URL_AT, URL, case.url.as_deref(), 8192);
        self.put(NOW, u32::try_from(case.now_ms & 0xffff_ffff).unwrap());
        self.put(NOW + 1, u32::try_from(case.now_ms >> 32).unwrap());

        let hash = self.word(OUT);
        let mut state = self.0.begin(handle, case.body.len(), case.body.len());
        let stepwise = state != answer::WHOLE;
        let mut secret = 0;
        while state == answer::HASH {
            let laid = usize::try_from(self.word(LAYOUT + 1)).unwrap();
            self.0.room()[laid..laid + case.body.len()].copy_from_slice(&case.body);
            if by_host {
                let value = super::algorithm(u8::try_from(hash).unwrap())
                    .of(&[&self.0.room()[..laid + case.body.len()]]);
                let bytes = value.as_bytes();
                self.0.area()[DIGEST_AT..DIGEST_AT + bytes.len()].copy_from_slice(bytes);
            } else {
                self.0.absorb(case.body.len());
            }
            state = self.0.close(secret);
            secret += 1;
        }
        if state == answer::WHOLE {
            self.text(&case.body);
            state = self.0.whole(handle);
        }
        if state == answer::REFUSED {
            return self.fault();
        }
        let low = u64::from(self.word(OUT + 2));
        let time = (self.word(OUT + 1) == 1).then_some(low | (u64::from(self.word(OUT + 3)) << 32));
        let signer = self.word(OUT);
        if stepwise && by_host && !case.body.is_empty() {
            self.0.events(handle, case.body.len());
        } else if stepwise {
            self.text(&case.body);
            self.0.events(handle, 0);
        }
        assert_eq!(usize::try_from(self.word(DELIVERED + 1)).unwrap(), self.0.delivered().len());
        format!("verified by {signer} at {time:?} without {}", shown(self.0.delivered()))
    }

    /// Why the last call refused.
    fn fault(&self) -> String {
        let fault = self.0.refused;
        let mut text = format!("refused {}", fault.line);
        let [first, second] = fault.numbers;
        if matches!(fault.line, 0 | 29) {
            text.push_str(" given");
        }
        if fault.line == 4 {
            let reason = crypto::Error::LINES[usize::from(fault.expected.unwrap())].0;
            return format!("{text} {first} {reason} {second}");
        }
        if fault.line == 26 {
            return format!("{text} {first} {:?}", self.0.telling.refused);
        }
        if !fault.subject.is_empty() {
            write!(text, " {:?}", core::str::from_utf8(fault.subject).unwrap()).unwrap();
        }
        if let Some(expected) = fault.expected {
            write!(text, " {:?}", EXPECTED[usize::from(expected)]).unwrap();
        }
        let mut number = |number: u64| write!(text, " {number}").unwrap();
        match fault.line {
            3 => number(first),
            2 | 12 | 13 | 14 | 27 | 28 => {
                number(first);
                number(second);
            }
            _ => {}
        }
        text
    }
}

/// Events as they are written.
fn shown(bytes: &[u8]) -> String {
    let mut at = 0;
    let mut take = |count: u32| {
        at += usize::try_from(count).unwrap();
        bytes[at - usize::try_from(count).unwrap()..at].to_vec()
    };
    let word = |take: &mut dyn FnMut(u32) -> Vec<u8>| u32::from_le_bytes(take(4).try_into().unwrap());
    let refused: Vec<u32> = (0..word(&mut take)).map(|_| word(&mut take)).collect();
    let mut text = format!("{refused:?}:");
    for _ in 0..word(&mut take) {
        let [flags, index, low, high, id, kind, digest] = [(); 7].map(|()| word(&mut take));
        let [id, kind, digest] = [id, kind, digest].map(|length| String::from_utf8(take(length)).unwrap());
        let is = |bit: u32| flags & bit != 0;
        let time = is(8).then_some(u64::from(low) | (u64::from(high) << 32));
        let (kind, digest) = (is(2).then_some(kind), is(4).then_some(digest));
        write!(text, " [{id:?} {} {kind:?} {digest:?} {time:?} {:?}]", is(1), is(16).then_some(index))
            .unwrap();
    }
    assert_eq!(at, bytes.len());
    text
}

/// Asserts that both engines say the same, whoever hashes.
fn agree(shell: &mut Shell, case: &Case) -> String {
    let expected = by_verifier(case);
    for by_host in [true, false] {
        assert_eq!(shell.says(case, by_host), expected, "{case:?}");
    }
    expected
}

fn symmetric() -> impl Iterator<Item = &'static Scheme> {
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
fn genuine(scheme: &'static Scheme) -> Vec<Case> {
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
fn changed(scheme: &Scheme, case: &Case) -> Vec<Case> {
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
    let step = if matches!(scheme.place, Place::Headers(_)) { 17 } else { 1 };
    for at in (0..case.body.len()).step_by(step) {
        with(&|case| case.body[at] ^= 1);
        with(&|case| case.body[at] = b'"');
        with(&|case| case.body[at] = b':');
        with(&|case| case.body[at] = 0xff);
        with(&|case| case.body.truncate(at));
        with(&|case| drop(case.body.remove(at)));
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

#[test]
fn both_engines_say_the_same_of_every_scheme_and_whatever_is_wrong_with_its_deliveries() {
    let mut shell = Shell(Interpreter::new());
    let (mut asked, mut verified) = (0_usize, 0_usize);
    for scheme in symmetric() {
        let cases = genuine(scheme);
        assert!(!cases.is_empty(), "{}", scheme.name);
        for case in &cases {
            let says = agree(&mut shell, case);
            assert!(says.starts_with("verified by 1 "), "{case:?}: {says}");
            for other in changed(scheme, case) {
                verified += usize::from(agree(&mut shell, &other).starts_with("verified"));
                asked += 1;
            }
        }
    }
    assert!(asked > 10_000 && verified > 1_000 && verified < asked / 2, "{verified} of {asked}");
}

#[test]
fn both_engines_say_the_same_of_every_vector() {
    let mut shell = Shell(Interpreter::new());
    let files = [
        include_str!("../../../tests/vectors/webhooks.jsonl"),
        include_str!("../../../tests/vectors/webhooks-catalogue.jsonl"),
    ];
    let mut asked = 0_usize;
    for line in files.iter().flat_map(|file| file.lines()) {
        let vector = json::parse(line.as_bytes()).unwrap();
        let text = |field: &str| vector.get(field).and_then(Value::as_str).map(str::to_owned);
        let number = |field: &str| vector.get(field).and_then(Value::as_u64);
        let name = text("scheme").unwrap();
        if !symmetric().any(|scheme| scheme.name == name) {
            continue;
        }
        let headers = vector.get("headers").and_then(Value::as_object).unwrap().iter();
        let case = Case {
            scheme: name,
            secrets: Vec::from([text("secret").unwrap()]),
            tolerance_seconds: number("tolerance_s"),
            strict: false,
            partial: false,
            own_url: None,
            key_id: text("public_key_id"),
            access_key: text("access_key"),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.as_str().map(str::to_owned)))
                .collect(),
            url: text("url"),
            body: match text("body_base64") {
                Some(encoded) => decode_base64(&encoded).unwrap(),
                None => text("body").unwrap().into_bytes(),
            },
            now_ms: number("timestamp_now").unwrap() * 1000,
        };
        let says = agree(&mut shell, &case);
        assert_eq!(
            says.starts_with("verified"),
            text("expect").as_deref() == Some("valid"),
            "{case:?}: {says}"
        );
        asked += 1;
    }
    assert!(asked > 120, "{asked}");
}

proptest! {
    #[test]
    fn both_engines_say_the_same_of_any_header_and_any_body(
        scheme in any::<prop::sample::Index>(),
        value in "[-0-9a-zA-Z=,;/|&.: \\t{}\"é]{0,24}",
        slot in 0_usize..3,
        body in "[\\[\\]{},:\"\\\\0-9eE+.nulltrefasid=&% -]{0,24}",
    ) {
        let schemes: Vec<_> = symmetric().collect();
        let mut shell = Shell(Interpreter::new());
        let Some(mut case) = genuine(schemes[scheme.index(schemes.len())]).pop() else { return Ok(()) };
        agree(&mut shell, &Case { body: body.into_bytes(), ..case.clone() });
        if let Some((_, header)) = case.headers.get_mut(slot) {
            *header = Some(value);
        }
        agree(&mut shell, &case);
    }
}
