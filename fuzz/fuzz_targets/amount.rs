//! No text becomes an amount it does not name, and no operation loses a unit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tillproof::money::{Amount, Currency, Rate, Rounding, convert};

fuzz_target!(|input: (u8, u8, u64, Vec<u64>, &str)| {
    let (from, to, minor, weights, text) = input;
    let currencies: Vec<Currency> = Currency::all().collect();
    let currency = currencies[usize::from(from) % currencies.len()];
    let target = currencies[usize::from(to) % currencies.len()];

    if let Ok(amount) = Amount::parse_major(text, currency) {
        let written = amount.to_major();
        let rest = written.strip_prefix(text).expect("the text is the beginning of its canonical form");
        assert!(rest.bytes().all(|byte| matches!(byte, b'.' | b'0')), "{text} was read as {written}");
        assert_eq!(Amount::parse_major(&written, currency), Ok(amount));
    }
    if let Ok(amount) = Amount::parse_minor(text, currency) {
        assert_eq!(amount.minor().to_string(), text);
    }

    let Ok(amount) = Amount::from_minor(minor, currency) else {
        assert!(minor > Amount::MINOR_MAX);
        return;
    };
    if let Ok(parts) = amount.allocate(&weights) {
        let sum = parts.iter().try_fold(Amount::zero(currency), |sum, part| sum.checked_add(*part));
        assert_eq!(sum, Ok(amount), "the parts do not sum to the whole");
    }
    if let Ok(rate) = Rate::parse(text) {
        let down = convert(amount, target, &rate, Rounding::Down);
        let up = convert(amount, target, &rate, Rounding::Up);
        if let (Ok(down), Ok(up)) = (down, up) {
            assert!(!down.remainder.starts_with('-'), "rounding down gave something on top");
            let step = up.converted.minor() - down.converted.minor();
            assert_eq!(step, u64::from(down.remainder != "0"), "up and down differ by the fraction");
        }
    }
});
