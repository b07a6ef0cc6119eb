//! A file of lines is read the same however it is cut, or refused at a place in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::reconcile::formats::Format;

#[path = "../formats_reading.rs"]
mod formats_reading;

fuzz_target!(|input: (u8, u8, &[u8])| {
    use Format::{Bai2, Mt940};
    let (which, cut, file) = input;
    let formats = [Mt940, Bai2];
    formats_reading::check(formats[usize::from(which) % formats.len()], cut, file);
});
