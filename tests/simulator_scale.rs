//! A long history costs memory in proportion and time not at all. `SIMULATOR_PAYMENTS=200000` for the whole length.
//!
//! A process of its own, as the memory of others would count.

#![cfg(feature = "simulator")]
#![allow(clippy::arithmetic_side_effects, reason = "nothing here counts far")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read an answer has failed")]
#![expect(clippy::disallowed_methods, reason = "what is measured here is how long it really takes")]

use std::time::Instant;

use tillproof::json;
use tillproof::simulator::{Dialect, Gateway, Options, Request};
use tillproof::time::{Millis, Timestamp};

/// What a payment that is made and confirmed in one request may cost, in bytes, everything included. A second request to
/// confirm it costs about 360 more. In wasm, where addresses have half the length, it is about two thirds of this.
const BYTES_MAX: u64 = 3 * 1_024;

/// In how many slices a quarter of the payments is measured.
const SLICES: u64 = 20;

/// Bytes of memory this process holds; `None` where the system does not tell.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1_024)
}

fn order(number: u64) -> String {
    let amount = 1_000 + number % 500;
    format!(
        "amount={amount}&currency=usd&automatic_payment_methods[enabled]=true&\
         automatic_payment_methods[allow_redirects]=never&confirm=true&payment_method=pm_card_visa&\
         metadata[order_id]=order_{number}"
    )
}

/// A request as the official client sends it, under a key it invented.
fn post(gateway: &mut Gateway, now: Timestamp, path: &str, key: &str, form: &str) -> String {
    let key = format!("stripe-node-retry-{key}-0000-4000-8000-000000000000");
    let headers = [
        ("Authorization", "Bearer sk_test_tillproof"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Stripe-Version", "2026-10-28.endive"),
        ("Idempotency-Key", &key),
    ];
    let request = Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        query: String::new(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: form.as_bytes().to_vec(),
    };
    gateway.handle(now, &request).body
}

fn text(body: &str, name: &str) -> String {
    let document = json::parse(body.as_bytes()).unwrap();
    document.get(name).and_then(json::Value::as_str).unwrap_or_default().to_owned()
}

#[test]
fn a_payment_costs_at_most_three_kilobytes_and_the_last_no_more_time_than_the_first() {
    let payments: u64 = std::env::var("SIMULATOR_PAYMENTS").map_or(8_000, |text| text.parse().unwrap());
    let mut gateway = Gateway::new(Options { seed: 7, dialect: Dialect::Stripe, ..Options::default() });
    let mut now = Timestamp::from_unix_ms(1_767_225_600_000).unwrap();
    let mut pay = |number: u64| {
        let paid = post(&mut gateway, now, "/v1/payment_intents", &format!("{number:08}"), &order(number));
        assert_eq!(text(&paid, "status"), "succeeded", "{paid}");
        if number.is_multiple_of(10) {
            now = now.saturating_add(Millis::from_seconds(1));
            gateway.handle_timeout(now).unwrap();
        }
    };
    // What is there once for all comes before the count.
    (0..500).for_each(&mut pay);
    let before = resident_bytes();
    let quarter = payments / 4;
    // The quickest of many slices: a slice that nobody interrupted says what it costs, on a busy machine as on an idle one.
    let slice = quarter / SLICES;
    let mut times = Vec::new();
    for part in 0..4 {
        let timed = (0..SLICES).map(|at| {
            let start = Instant::now();
            (0..slice).for_each(|number| pay(500 + part * quarter + at * slice + number));
            start.elapsed()
        });
        times.push(timed.min().unwrap());
    }
    let per_payment =
        resident_bytes().zip(before).map(|(after, before)| (after - before) / (4 * SLICES * slice));
    println!("{payments} payments: {per_payment:?} bytes each, the quickest slice of each quarter {times:?}");
    assert!(per_payment.is_none_or(|bytes| bytes <= BYTES_MAX), "{per_payment:?} bytes");
    assert!(times[3] < times[0] * 3, "{times:?}");
}
