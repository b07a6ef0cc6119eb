//! What may be charged: the smallest and largest amount of each currency, as Stripe documents them.
//!
//! Source: <https://docs.stripe.com/currencies>. Amounts are minor units as the API takes them, which for three
//! currencies is not how ISO 4217 counts: two decimals of ISK and UGX, none of MGA.

use crate::prelude::*;

/// Currencies a payment can be made in, in the order of the codes.
pub(in crate::simulator) const CURRENCIES: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bhd",
    "bif", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "clp", "cny", "cop",
    "crc", "cve", "czk", "djf", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip",
    "gmd", "gnf", "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "jod", "jpy",
    "kes", "kgs", "khr", "kmf", "krw", "kwd", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl",
    "mga", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok",
    "npr", "nzd", "omr", "pab", "pen", "pgk", "php", "pkr", "pln", "pyg", "qar", "ron", "rsd", "rub", "rwf",
    "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "tnd", "top",
    "try", "ttd", "twd", "tzs", "uah", "ugx", "usd", "uyu", "uzs", "vnd", "vuv", "wst", "xaf", "xcd", "xof",
    "xpf", "yer", "zar", "zmw",
];

/// Smallest charges that are documented. The others have none of their own: what they convert to decides.
const MINIMA: &[(&str, u64)] = &[
    ("aed", 200),
    ("aud", 50),
    ("bgn", 100),
    ("brl", 50),
    ("cad", 50),
    ("chf", 50),
    ("czk", 1_500),
    ("dkk", 250),
    ("eur", 50),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17_500),
    ("inr", 50),
    ("jpy", 50),
    ("mxn", 1_000),
    ("myr", 200),
    ("nok", 300),
    ("nzd", 50),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("sgd", 50),
    ("thb", 1_000),
    ("usd", 50),
];

/// Whether payments can be made in a currency, written in lower case.
pub(in crate::simulator) fn is_supported(currency: &str) -> bool {
    CURRENCIES.binary_search(&currency).is_ok()
}

/// Decimals of the major unit, as the API counts.
pub(in crate::simulator) fn decimals(currency: &str) -> usize {
    match currency {
        "bif" | "clp" | "djf" | "gnf" | "jpy" | "kmf" | "krw" | "mga" | "pyg" | "rwf" | "vnd" | "vuv"
        | "xaf" | "xof" | "xpf" => 0,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 3,
        _ => 2,
    }
}

/// The smallest amount of a charge, in minor units; 1 where none is documented.
pub(in crate::simulator) fn minimum(currency: &str) -> u64 {
    let place = MINIMA.binary_search_by(|(known, _)| (*known).cmp(currency));
    place.ok().and_then(|place| MINIMA.get(place)).map_or(1, |(_, minor)| *minor)
}

/// The largest amount of a charge, in minor units: eight digits, and more where money has many zeros.
pub(in crate::simulator) fn maximum(currency: &str) -> u64 {
    match currency {
        "idr" | "lbp" => 999_999_999_999,
        "cop" | "huf" => 9_999_999_999,
        "inr" | "jpy" => 999_999_999,
        _ => 99_999_999,
    }
}

/// An amount as messages show it: `$0.50`, `¥50`, `2.00 dkk`.
pub(in crate::simulator) fn shown(minor: u64, currency: &str) -> String {
    let (decimals, mut digits) = (decimals(currency), minor.digits());
    while digits.len() <= decimals {
        digits.insert(0, '0');
    }
    let (whole, rest) = digits.split_at_checked(digits.len().saturating_sub(decimals)).unwrap_or_default();
    let mut text = String::new();
    for (position, digit) in whole.chars().enumerate() {
        let left = whole.len().saturating_sub(position);
        if position > 0 && left % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals > 0 {
        text.push('.');
        text.push_str(rest);
    }
    match currency {
        "usd" => glued(&["$", &text]),
        "eur" => glued(&["€", &text]),
        "gbp" => glued(&["£", &text]),
        "jpy" => glued(&["¥", &text]),
        _ => glued(&[&text, " ", currency]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_in_order_and_every_minimum_is_of_one_of_them() {
        assert!(CURRENCIES.is_sorted() && MINIMA.is_sorted());
        for (currency, minor) in MINIMA {
            assert!(is_supported(currency) && *minor > 0, "{currency}");
        }
        assert!(!is_supported("xyz") && !is_supported("USD") && !is_supported(""));
    }

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        let table = [
            (50, "usd", "$0.50"),
            (5, "eur", "€0.05"),
            (99_999_999, "usd", "$999,999.99"),
            (50, "jpy", "¥50"),
            (250, "dkk", "2.50 dkk"),
            (1_234, "kwd", "1.234 kwd"),
            (0, "gbp", "£0.00"),
        ];
        for (minor, currency, expected) in table {
            assert_eq!(shown(minor, currency), expected);
        }
    }
}
