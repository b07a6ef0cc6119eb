//! Profiles as data: the built-in ones, a merchant's own, and what each of their figures decides.

use std::sync::Arc;

use tillproof::advice::Diagnose as _;
use tillproof::entropy::Entropy;
use tillproof::json;
use tillproof::payments::key::KeyForm;
use tillproof::payments::{Action, Entry, Intent, Machine, Permit, Profile, Request, Settings};

use super::answers::call;
use super::table::{at, secret};

const HOUR: u64 = 3_600_000;

/// The files as a second reader of JSON sees them.
fn files() -> Vec<(String, serde_json::Value)> {
    texts().into_iter().map(|(name, text)| (name, serde_json::from_str(&text).unwrap())).collect()
}

fn texts() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/payments/profiles");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), text)
        })
        .collect();
    files.sort_by(|one, two| one.0.cmp(&two.0));
    files
}

#[test]
fn every_file_is_a_profile_of_its_name_and_is_built_in() {
    let mut built_in: Vec<&str> = Profile::names().collect();
    built_in.sort_unstable();
    let files = texts();
    assert_eq!(built_in, files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    for (name, text) in &files {
        let read = Profile::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap();
        assert_eq!(read.name(), name);
        assert_eq!(
            Profile::named(name).as_deref(),
            Some(&read),
            "the file and what is built in are the same"
        );
        let profile = Profile::named(name).unwrap();
        assert!(Machine::open(profile, Settings::default(), "", call("POST", "/"), &secret(), at(0)).is_ok());
    }
}

#[test]
fn every_field_that_decides_has_a_source_and_the_date_of_its_check() {
    for (name, document) in files() {
        let sources = document["sources"].as_object().unwrap();
        let decides = document
            .as_object()
            .unwrap()
            .keys()
            .filter(|field| !["name", "title", "sources"].contains(&field.as_str()));
        let decides: Vec<&String> = decides.collect();
        assert_eq!(
            decides,
            sources.keys().collect::<Vec<_>>(),
            "{name}: each field has its source, and no other"
        );
        for (field, source) in sources {
            let text = |member: &str| source[member].as_str().unwrap_or_default();
            assert!(text("source").len() > 10, "{name}.{field} has no source");
            let date = text("checked").as_bytes();
            let is_date = date.len() == 10 && date.starts_with(b"20") && date[4] == b'-' && date[7] == b'-';
            assert!(is_date, "{name}.{field} was checked on {:?}", text("checked"));
        }
    }
}

/// Hours and days as people write them.
fn length_of_time(ms: u64) -> String {
    match ms / HOUR {
        0 => "not known".to_owned(),
        hours if hours >= 48 && hours % 24 == 0 => format!("{} d", hours / 24),
        hours => format!("{hours} h"),
    }
}

/// One row of the table in docs/providers.md.
fn row(name: &str, document: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let key = &document["key"];
    let place = key["header"]
        .as_str()
        .map_or_else(|| format!("`{}` in the body", text(&key["field"])), |header| format!("`{header}`"));
    let mut windows = vec![length_of_time(document["window_ms"].as_u64().unwrap())];
    for row in document["windows"].as_array().into_iter().flatten() {
        let header = row["key_header"].as_str().map_or(String::new(), |header| format!(" (`{header}`)"));
        let window = length_of_time(row["window_ms"].as_u64().unwrap());
        windows.push(format!("`{}` {window}{header}", text(&row["path"])));
    }
    let profile = Profile::named(name).unwrap();
    let operations = profile.operations().map(|operation| {
        let route = &document["dialect"]["operations"][operation.name()];
        if route["query"].is_object() {
            operation.name().to_owned()
        } else {
            format!("*{}*", operation.name())
        }
    });
    let mut operations: Vec<String> = operations.collect();
    if operations.is_empty() {
        operations.push("prepared requests only".to_owned());
    }
    let checked =
        document["sources"].as_object().unwrap().values().map(|source| text(&source["checked"])).min();
    format!(
        "| `{name}` | {} | {place}, {} to {} | {} | {} | {} | {} |",
        text(&document["title"]),
        key["length"][0],
        key["length"][1],
        windows.join("; "),
        if document["void_by_key"].is_object() { "yes" } else { "" },
        operations.join(", "),
        checked.unwrap(),
    )
}

#[test]
fn the_documented_table_is_made_of_the_profiles() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(folder.join("docs/providers.md")).unwrap();
    let documented: Vec<&str> =
        document.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 8).collect();
    let files = files();
    let rows: Vec<String> = Profile::names()
        .map(|name| row(name, &files.iter().find(|(known, _)| known == name).unwrap().1))
        .collect();
    assert_eq!(documented, rows, "write into docs/providers.md:\n{}", rows.join("\n"));
}

#[test]
fn the_profile_shown_in_the_document_can_be_decided_by() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(folder.join("docs/providers.md")).unwrap();
    let shown: Vec<&str> =
        document.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(shown.len(), 1, "one whole profile is shown");
    for text in shown {
        let profile = Profile::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap();
        assert_eq!(profile.operations().count(), 2);
    }
}

#[test]
fn the_windows_are_those_the_providers_promise() {
    let window =
        |name: &str, path: &str| Profile::named(name).unwrap().terms(&call("POST", path)).window.get() / HOUR;
    // profile, path, hours
    let table = [
        ("native", "/api/payments", 24),
        ("conservative", "/api/payments", 0),
        ("stripe", "/v1/payment_intents", 24),
        ("stripe-v2", "/v2/core/accounts", 30 * 24),
        ("adyen", "/v71/payments", 7 * 24),
        ("paypal", "/v2/checkout/orders", 6),
        ("paypal", "/v2/checkout/orders/5O/capture", 6),
        ("paypal", "/v2/payments/captures/3C/refund", 45 * 24),
        ("paypal", "/v1/billing/subscriptions", 72),
        ("paypal", "/v3/vault/payment-tokens", 3),
        ("paypal", "/v1/payments/payouts", 0),
        ("square", "/v2/payments", 0),
        ("mollie", "/v2/payments", 1),
        ("checkout", "/payments", 0),
        ("gocardless", "/payments", 24),
        ("razorpay", "/v1/payouts", 0),
        ("mangopay", "/v2.01/shop/transfers", 24),
        ("worldline", "/v2/shop/payments", 24),
    ];
    for (name, path, hours) in table {
        assert_eq!(window(name, path), hours, "{name} {path}");
    }
}

/// The request that a call becomes.
fn sent(profile: &str, request: Request) -> (Vec<(String, String)>, String) {
    let profile = Profile::named(profile).unwrap();
    let mut machine = Machine::open(profile, Settings::default(), "", request, &secret(), at(0)).unwrap();
    let Action::Send { request, .. } = machine.poll(at(0), "me", Permit::Go) else {
        panic!("expected a send")
    };
    (request.headers, request.body.unwrap_or_default())
}

#[test]
fn a_key_goes_where_the_provider_looks_for_it() {
    // profile, path, header; none where it goes into the body
    let table = [
        ("stripe", "/v1/payment_intents", Some("Idempotency-Key")),
        ("paypal", "/v2/checkout/orders", Some("PayPal-Request-Id")),
        ("checkout", "/payments", Some("Cko-Idempotency-Key")),
        ("razorpay", "/v1/payouts", Some("X-Payout-Idempotency")),
        ("razorpay", "/v1/payments/pay_1/refund", Some("X-Refund-Idempotency")),
        ("worldline", "/v2/shop/payments", Some("X-GCS-Idempotence-Key")),
        ("square", "/v2/payments", None),
    ];
    for (name, path, header) in table {
        let (headers, body) = sent(name, call("POST", path));
        let keys: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(keys, header.into_iter().collect::<Vec<_>>(), "{name} {path}");
        assert_eq!(body.contains("idempotency_key"), header.is_none(), "{name} {path}: {body}");
    }
}

#[test]
fn a_key_has_the_length_and_the_alphabet_the_provider_takes() {
    for (name, document) in files() {
        let length =
            |place: usize| usize::try_from(document["key"]["length"][place].as_u64().unwrap()).unwrap();
        let profile = Profile::named(&name).unwrap();
        let machine =
            Machine::open(profile, Settings::default(), "", call("POST", "/"), &secret(), at(0)).unwrap();
        let key = &machine.intent().key;
        assert!((length(0)..=length(1)).contains(&key.len()), "{name}: {key}");
        assert!(key.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'), "{name}: {key}");
    }
    let uuid = Machine::open(
        Profile::named("checkout").unwrap(),
        Settings::default(),
        "",
        call("POST", "/"),
        &secret(),
        at(0),
    );
    let key = uuid.unwrap().intent().key.clone();
    assert_eq!(
        (key.len(), key.chars().nth(14)),
        (KeyForm::Uuid.length(), Some('8')),
        "RFC 9562: made of other bits than random ones"
    );
}

/// A small profile of a merchant's own, in which `change` stands for `field`.
fn own(field: &str, change: serde_json::Value) -> Result<Profile, tillproof::payments::Error> {
    let mut document = serde_json::json!({
        "name": "mine",
        "key": { "header": "X-Request-Id", "length": [8, 64] },
        "window_ms": HOUR, "margin_ms": 60_000, "quarantine_ms": 60_000,
        "error": { "codes": ["code"] },
        "answers": [
            { "status": [400, 499], "means": "refused" },
            { "status": [500, 599], "means": "unknown" }
        ],
        "dialect": {
            "encoding": "json",
            "answer": { "id": "id", "state": "state", "states": { "settled": ["paid"] } },
            "operations": { "charge": { "path": "/pay", "body": { "amount": "$amount" } } }
        }
    });
    if !field.is_empty() {
        let (parent, last) = field.rsplit_once('.').unwrap_or(("", field));
        let pointer =
            if parent.is_empty() { String::new() } else { format!("/{}", parent.replace('.', "/")) };
        let parent = document.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
        if change.is_null() {
            parent.remove(last);
        } else {
            parent.insert(last.to_owned(), change);
        }
    }
    let text = document.to_string();
    Profile::from_json(&json::parse(text.as_bytes())?)
}

#[test]
fn a_profile_that_cannot_be_decided_by_is_refused_by_the_name_of_the_field() {
    use serde_json::json;
    assert!(own("", json!(null)).is_ok());
    let body = json!({ "amount": "$amount", "order": "$reference" });
    let query = |query: serde_json::Value| json!({ "path": "/pay", "body": body, "query": query });
    let table = [
        ("name", json!("")),
        ("name", json!("My Provider")),
        ("key", json!(null)),
        ("key", json!({ "length": [1, 64] })),
        ("key", json!({ "header": "a", "field": "b", "length": [1, 64] })),
        ("key.header", json!("no header")),
        ("key.form", json!("sha512")),
        ("key.length", json!([1, 31])),
        ("key.length", json!(64)),
        ("window_ms", json!(null)),
        ("window_ms", json!(-1)),
        ("window_ms", json!(1.5)),
        ("window_ms", json!(400_u64 * 24 * HOUR + 1)),
        ("window_ms", json!(60_000)),
        ("windows", json!([{ "path": "/v1", "window_ms": 59_999 }])),
        ("windows", json!([{ "path": "/v1" }])),
        ("quarantine_ms", json!("900000")),
        ("error", json!(null)),
        ("answers", json!(null)),
        ("answers", json!([])),
        (
            "answers",
            json!([{ "status": [400, 499], "means": "refused" }, { "status": [501, 599], "means": "unknown" }]),
        ),
        ("answers", json!([{ "status": [400, 599], "code": "x", "means": "unknown" }])),
        ("answers", json!([{ "status": [400, 599], "means": "refused" }])),
        ("answers", json!([{ "status": 408, "means": "declined" }])),
        ("answers", json!([{ "status": 200, "means": "refused" }])),
        ("answers", json!([{ "status": 202, "means": "not_executed" }])),
        ("answers", json!([{ "status": 503, "means": "not_executed" }])),
        ("answers", json!([{ "status": 99, "means": "unknown" }])),
        ("answers", json!([{ "status": [499, 400], "means": "unknown" }])),
        ("answers", json!([{ "status": 400, "means": "failed" }])),
        ("answers", json!([{ "status": 400, "header": { "name": "X-Retry" }, "means": "unknown" }])),
        ("windo_ms", json!(1)),
        ("dialect.encoding", json!("xml")),
        ("dialect.answer.state", json!("")),
        ("dialect.answer.states", json!(null)),
        ("dialect.answer.amount", json!("amount")),
        ("dialect.answer", json!(null)),
        ("dialect.operations", json!({})),
        ("dialect.operations.steal", json!({ "path": "/pay" })),
        ("dialect.operations.charge.path", json!("pay")),
        ("dialect.operations.charge.path", json!("/pay/{nothing}")),
        ("dialect.operations.charge.body", json!({ "amount": "$ammount" })),
        ("dialect.answer.states", json!({ "settled": ["paid", "done"], "failed": ["done"] })),
        ("dialect.operations.charge.method", json!("GET")),
        ("dialect.operations.charge.body", json!({ "order": "$reference" })),
        ("dialect.operations.refund", json!({ "path": "/pay/{target}/refund" })),
        ("dialect.operations.charge.query", json!({ "path": "/pay?order={reference}" })),
        ("dialect.operations.charge.query", json!({ "path": "/pay", "items": "data" })),
        ("dialect.operations.charge", query(json!({ "path": "/pay", "items": "data" }))),
        ("dialect.operations.charge", query(json!({ "path": "/pay", "answer": { "id": "id" } }))),
        (
            "dialect.operations.charge",
            query(json!({ "path": "/pay", "items": "data", "answer": { "id": "id", "reference": "order" } })),
        ),
        (
            "dialect.operations.charge",
            query(json!({ "path": "/pay", "answer": { "id": "id", "state": "state" } })),
        ),
        ("key.header", json!("Authorization")),
        ("windows", json!([{ "path": "/v1", "window_ms": 0, "key_header": "cookie" }])),
        ("kept_headers", json!(["content-type", "set-cookie"])),
        ("kept_headers", json!(["proxy-authenticate"])),
    ];
    let refused = |(field, change): (&str, serde_json::Value)| {
        let shown = change.to_string();
        let error = own(field, change).expect_err(&format!("{field} = {shown}"));
        assert_eq!(error.code(), "profile_invalid");
        let message = error.to_string();
        message
            .strip_prefix("the provider profile `")
            .unwrap()
            .split_once("` cannot be decided by: the field ")
            .unwrap()
            .1
            .to_owned()
    };
    let messages: Vec<String> = table.into_iter().map(refused).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    `name` is no non-empty string
    `name` is not made of at most 64 lower-case letters, digits, `-` and `_`
    `key` is missing
    `key` needs one of `header` and `field`: where does the provider look for the key?
    `key` needs one of `header` and `field`: where does the provider look for the key?
    `key` needs one of `header` and `field`: where does the provider look for the key?
    `key.form` is none of the words it may be, see docs/providers.md
    `key.length` is no pair of a shortest and a longest key between which the form lies: hex has 32 characters, uuid 36
    `key.length` is no list
    `window_ms` is missing
    `window_ms` is no whole number up to 34560000000: times are milliseconds, 400 days at most
    `window_ms` is no whole number up to 34560000000: times are milliseconds, 400 days at most
    `window_ms` is no whole number up to 34560000000: times are milliseconds, 400 days at most
    `margin_ms` is as long as a window: nothing of that window would be left
    `margin_ms` is as long as a window: nothing of that window would be left
    `windows.0.window_ms` is missing
    `quarantine_ms` is no whole number up to 34560000000: times are milliseconds, 400 days at most
    `error` is missing
    `answers` is missing
    `answers` does not say what each status from 400 to 599 means: end with rules that have no conditions
    `answers` does not say what each status from 400 to 599 means: end with rules that have no conditions
    `answers` does not say what each status from 400 to 599 means: end with rules that have no conditions
    `answers.0` calls an answer a proof that nothing moved which is none: only statuses from 400 to 499 without 408 can be declined or refused
    `answers.0` calls an answer a proof that nothing moved which is none: only statuses from 400 to 499 without 408 can be declined or refused
    `answers.0` calls an answer a proof that nothing moved which is none: only statuses from 400 to 499 without 408 can be declined or refused
    `answers.0` calls an answer below 400 unexecuted: success is read by the dialect, not classified
    `answers.0` calls every server error unexecuted: name the code or the header by which the provider says so
    `answers.0.status` is neither a status from 200 to 599 nor the first and the last of several
    `answers.0.status` is neither a status from 200 to 599 nor the first and the last of several
    `answers.0.means` is none of the words it may be, see docs/providers.md
    `answers.0.header.name` is no name of a header in lower case
    `windo_ms` is not known here: remove it or mend its name
    `dialect.encoding` is none of the words it may be, see docs/providers.md
    `dialect.answer.state` is no non-empty string
    `dialect.operations.charge` reads a state without `states`: which words mean success, and which failure?
    `dialect.operations.charge` reads only one of `amount` and `currency`: neither says anything alone
    `dialect.operations.charge` has no `answer`, and the dialect has none for all operations: where does it say what happened?
    `dialect.operations` is empty: leave the dialect out, or say how an operation is sent
    `dialect.operations.steal` is not known here: remove it or mend its name
    `dialect.operations.charge.path` does not begin with a slash, or has a gap that nothing stands for
    `dialect.operations.charge.path` does not begin with a slash, or has a gap that nothing stands for
    `dialect.operations.charge.body` is no object, or has a gap that nothing stands for
    `dialect.operations.charge` reads one word as two `states`: which of them holds?
    `dialect.operations.charge.method` is none of the words it may be, see docs/providers.md
    `dialect.operations.charge` does not send the amount: whatever was asked for, the provider would take another one
    `dialect.operations.refund` does not send the amount: whatever was asked for, the provider would take another one
    `dialect.operations.charge` has a query by a reference that is never sent: what was made would be taken for absent, and made again
    `dialect.operations.charge` has a query by a reference that is never sent: what was made would be taken for absent, and made again
    `dialect.operations.charge` has a query that reads a list without `reference`: payments of others would count as ours
    `dialect.operations.charge` has a query that reads no state: that an object can be read does not prove what was done to it
    `dialect.operations.charge` has a query that names neither `{reference}` nor `{target}`: an answer about everything, perhaps cut off, proves the absence of nothing
    `dialect.operations.charge` has a query that names neither `{reference}` nor `{target}`: an answer about everything, perhaps cut off, proves the absence of nothing
    `key.header` is a header that says who you are or how the message travels: name the one for the key
    `windows.key_header` is a header that says who you are or how the message travels: name the one for the key
    `kept_headers` keeps credentials in the journal: leave cookies and authorizations out
    `kept_headers` keeps credentials in the journal: leave cookies and authorizations out
    "#);
}

#[test]
fn a_quoted_key_is_a_string_of_rfc_8941() {
    use serde_json::json;
    let profile = own("key.quoted", json!(true)).unwrap();
    let mut machine =
        Machine::open(Arc::new(profile), Settings::default(), "", call("POST", "/"), &secret(), at(0))
            .unwrap();
    let key = machine.intent().key.clone();
    let Action::Send { request, .. } = machine.poll(at(0), "me", Permit::Go) else {
        panic!("expected a send")
    };
    assert_eq!(request.headers, [("X-Request-Id".to_owned(), format!("\"{key}\""))]);
}

#[test]
fn two_versions_of_a_profile_rely_on_no_more_than_the_stricter_one() {
    use serde_json::json;
    let versions = |window: u64, margin: u64| {
        let mut document = files().into_iter().find(|(name, _)| name == "native").unwrap().1;
        document["window_ms"] = json!(window);
        document["margin_ms"] = json!(margin);
        Arc::new(Profile::from_json(&json::parse(document.to_string().as_bytes()).unwrap()).unwrap())
    };
    let (long, short) = (versions(48 * HOUR, HOUR), versions(2 * HOUR, HOUR / 2));
    for (opened_with, driven_by) in [(&long, &short), (&short, &long)] {
        let request = super::table::request("order_1");
        let machine =
            Machine::open(Arc::clone(opened_with), Settings::default(), "eu", request, &secret(), at(0))
                .unwrap();
        let mut machine =
            Machine::load(Arc::clone(driven_by), Settings::default(), machine.new_entries()).unwrap();
        let Action::Send { attempt, .. } = machine.poll(at(0), "me", Permit::Go) else {
            panic!("expected a send")
        };
        machine.handle_failure(at(0), attempt, false, &mut Entropy::from_seed(1));
        // The shorter window, less the longer margin.
        let last = machine.clone().poll(at(HOUR - 1), "me", Permit::Go);
        assert!(matches!(last, Action::Send { .. }), "{last:?}");
        let after = machine.poll(at(HOUR), "me", Permit::Go);
        assert!(matches!(after, Action::Query { .. }), "{after:?}");
    }
}

#[test]
fn a_journal_of_before_the_promise_was_kept_is_driven_by_the_profile_alone() {
    let old = r#"{"type":"opened","at":0,"v":1,"profile":"native","account":"eu","request":{"merchant":"shop","operation":"charge","reference":"order_1","amount":"1000","currency":"EUR"},"fingerprint":"f","key":"k","deadline_at":259200000}"#;
    let entry = tillproof::payments::decode_entry(&json::parse(old.as_bytes()).unwrap()).unwrap();
    assert!(matches!(&entry, Entry::Opened { terms: None, .. }));
    assert_eq!(Intent::replay(core::slice::from_ref(&entry)).unwrap().terms, None);
    assert!(super::table::load(&[entry]).is_ok());
}
