//! A list of objects is read the same however it is cut, or refused at a place in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::reconcile::formats::Format;

#[path = "../formats_reading.rs"]
mod formats_reading;

fuzz_target!(|input: (u8, u8, &[u8])| {
    use Format::{ShopifyJson, Square};
    let (which, cut, file) = input;
    let formats = [Square, ShopifyJson];
    formats_reading::check(formats[usize::from(which) % formats.len()], cut, file);
});
