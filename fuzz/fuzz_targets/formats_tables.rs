//! A table is read the same however it is cut, or refused at a place in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::reconcile::formats::Format;

#[path = "../formats_reading.rs"]
mod formats_reading;

fuzz_target!(|input: (u8, u8, &[u8])| {
    use Format::{Adyen, BankCsv, Braintree, Generic, Mollie, PayPal, Shopify, Stripe};
    let (which, cut, file) = input;
    let formats = [Generic, Stripe, Adyen, PayPal, Braintree, Shopify, Mollie, BankCsv];
    formats_reading::check(formats[usize::from(which) % formats.len()], cut, file);
});
