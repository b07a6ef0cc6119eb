//! A long history costs memory in proportion and time not at all. `SIMULATOR_PAYMENTS=200000` for the whole length.

#![allow(clippy::arithmetic_side_effects, reason = "nothing here counts far")]

use std::time::Instant;

use super::stripe::shop::Shop;

/// What a payment may cost, in bytes, everything included.
const BYTES_MAX: u64 = 3 * 1_024;

/// Bytes of memory this process holds; `None` where the system does not tell.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1_024)
}

#[test]
fn a_payment_costs_at_most_three_kilobytes_and_the_last_no_more_time_than_the_first() {
    let payments: u64 = std::env::var("SIMULATOR_PAYMENTS").map_or(8_000, |text| text.parse().unwrap());
    let mut shop = Shop::new(7);
    let mut pay = |number: u64| {
        let key = |part: &str| format!("stripe-node-retry-{part}{number:08x}-0000-4000-8000-000000000000");
        let form = format!(
            "amount={}&currency=usd&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never&metadata[order_id]=order_{number}",
            1_000 + number % 500
        );
        let made = shop.post_with_key("/v1/payment_intents", &form, &key("a"));
        assert_eq!(made.status, 200, "{}", made.text);
        let path = format!("/v1/payment_intents/{}/confirm", made.body["id"].as_str().unwrap());
        let paid = shop.post_with_key(&path, "payment_method=pm_card_visa", &key("b"));
        assert_eq!(paid.body["status"], "succeeded", "{}", paid.text);
        if number % 10 == 0 {
            shop.wait(1);
        }
    };
    // What is there once for all comes before the count.
    (0..500).for_each(&mut pay);
    let before = resident_bytes();
    let quarter = payments / 4;
    let mut times = Vec::new();
    for part in 0..4 {
        let start = Instant::now();
        (0..quarter).for_each(|number| pay(500 + part * quarter + number));
        times.push(start.elapsed());
    }
    let per_payment = resident_bytes().zip(before).map(|(after, before)| (after - before) / (4 * quarter));
    println!("{payments} payments: {per_payment:?} bytes each, quarters {times:?}");
    assert!(per_payment.is_none_or(|bytes| bytes <= BYTES_MAX), "{per_payment:?} bytes");
    assert!(times[3] < times[0] * 3, "{times:?}");
}
