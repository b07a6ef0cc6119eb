//! What a user of the readers can observe, through their public door only.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

#[path = "formats/malformed.rs"]
mod malformed;
#[path = "formats/shown.rs"]
mod shown;
#[path = "formats/simulated.rs"]
mod simulated;

use shown::read;
use tillproof::money::Currency;
use tillproof::reconcile::formats::{Column, DateOrder, Encoding, Format, Mapping, MappingSide, Settings};

/// A sample, its format, and the settings it needs.
pub(crate) fn samples() -> Vec<(&'static str, Format, Settings)> {
    let plain = [
        ("generic.csv", Format::Generic),
        ("stripe-payouts.csv", Format::Stripe),
        ("stripe-balance.csv", Format::Stripe),
        ("adyen.csv", Format::Adyen),
        ("paypal-settlement.csv", Format::PayPal),
        ("paypal-transactions.csv", Format::PayPal),
        ("braintree.csv", Format::Braintree),
        ("square.json", Format::Square),
        ("shopify.csv", Format::Shopify),
        ("shopify.json", Format::ShopifyJson),
        ("mollie.csv", Format::Mollie),
        ("bank.csv", Format::BankCsv),
        ("camt053.xml", Format::Camt053),
        ("camt054.xml", Format::Camt054),
        ("mt940.sta", Format::Mt940),
        ("mt942.sta", Format::Mt940),
        ("bai2.txt", Format::Bai2),
        ("ofx1.ofx", Format::Ofx),
        ("ofx2.ofx", Format::Ofx),
    ];
    let named = |name: &str| Settings { name: name.to_owned(), ..Settings::default() };
    let mut samples: Vec<_> = plain.into_iter().map(|(name, format)| (name, format, named(name))).collect();
    samples.push(("bank-german.csv", Format::BankCsv, german()));
    let own =
        Settings { reference_column: Some("payment_metadata[order_id]".to_owned()), ..named("own.csv") };
    samples.push(("stripe-payouts.csv", Format::Stripe, own));
    samples
}

/// A statement as German banks export it: a line before the header, day first, comma, two columns of amounts.
fn german() -> Settings {
    let columns = [
        (Column::BookedAt, "Buchungstag"),
        (Column::Description, "Verwendungszweck"),
        (Column::Counterparty, "Beg\u{fc}nstigter"),
        (Column::Debit, "Soll"),
        (Column::Credit, "Haben"),
    ];
    let mapping = Mapping {
        columns: columns.map(|(column, name)| (column, name.to_owned())).into(),
        is_complete: true,
        currency: Some(Currency::EUR),
        decimal: None,
        date_order: Some(DateOrder::DayMonthYear),
        rows_before_header: 1,
        ..Mapping::contract(MappingSide::Bank)
    };
    let name = "bank-german.csv".to_owned();
    Settings { name, encoding: Some(Encoding::Windows1252), mapping: Some(mapping), ..Settings::default() }
}

pub(crate) fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/formats/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What every sample is to give, written down beside the samples and checked by hand against them.
#[test]
fn every_sample_is_read_to_the_exact_amounts_however_it_is_cut() {
    let expected = String::from_utf8(sample("../expected.txt")).unwrap();
    let mut found = String::new();
    for (name, format, settings) in samples() {
        let bytes = sample(name);
        let (lines, result) = read(format, settings.clone(), &bytes, usize::MAX);
        let summary = result.unwrap_or_else(|error| panic!("{error}"));
        let title =
            if settings.name == "own.csv" { "stripe-payouts.csv with a reference column" } else { name };
        found.push_str(&format!("== {title}\n{}\n{summary:?}\n", lines.join("\n")));
        for step in [1, 3, 7, 64] {
            let (again, result) = read(format, settings.clone(), &bytes, step);
            assert_eq!((again, result), (lines.clone(), Ok(summary)), "{name} in pieces of {step} bytes");
        }
    }
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of what is expected", number + 1);
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "{found}");
}

#[test]
fn the_same_file_in_other_encodings_and_with_other_line_ends_says_the_same() {
    for (name, format, settings) in samples() {
        let bytes = sample(name);
        let Ok(text) = String::from_utf8(bytes.clone()) else { continue };
        // A file that declares an encoding is not in another one.
        if text.contains("ISO-8859-1") || text.contains("CHARSET") {
            continue;
        }
        let (lines, _) = read(format, settings.clone(), &bytes, usize::MAX);
        let unix = text.replace("\r\n", "\n");
        let utf16 = |unit: fn(u16) -> [u8; 2], mark: [u8; 2]| {
            let units = text.encode_utf16().flat_map(unit);
            mark.into_iter().chain(units).collect::<Vec<u8>>()
        };
        let others = [
            [&[0xef, 0xbb, 0xbf], bytes.as_slice()].concat(),
            utf16(u16::to_le_bytes, [0xff, 0xfe]),
            utf16(u16::to_be_bytes, [0xfe, 0xff]),
            unix.replace('\n', "\r\n").into_bytes(),
            unix.replace('\n', "\r").into_bytes(),
            unix.trim_end().to_owned().into_bytes(),
        ];
        for (number, other) in others.iter().enumerate() {
            let (again, result) = read(format, settings.clone(), other, 1_000);
            assert!(result.is_ok(), "{name}, variant {number}: {}", result.unwrap_err());
            assert_eq!(again, lines, "{name}, variant {number}");
        }
    }
}

#[test]
fn a_long_header_and_a_long_file_in_one_piece_are_no_line_without_an_end() {
    let wide: String = (0..300).map(|number| format!(",column_{number}")).collect();
    let cells = ",".repeat(300);
    let row = format!("order,1.00,EUR{cells}\n");
    let file = format!("reference,amount,currency{wide}\n{}", row.repeat(4_000));
    assert!(file.len() > 1 << 20);
    let (lines, result) = read(Format::Generic, Settings::default(), file.as_bytes(), usize::MAX);
    assert_eq!((lines.len(), result.unwrap().settlement_lines), (4_000, 4_000));
}

#[test]
fn names_of_formats_and_columns_are_read_back() {
    for (format, name) in Format::ALL {
        assert_eq!((Format::parse(name), format.name()), (Some(format), name));
    }
    for (column, name) in Column::ALL {
        assert_eq!((Column::parse(name), column.name()), (Some(column), name));
    }
    for name in ["utf-8", "utf-16le", "utf-16be", "windows-1252", "iso-8859-15"] {
        assert_eq!(Encoding::parse(&name.to_uppercase()).unwrap().name(), name);
    }
    assert_eq!(Format::parse("excel"), None);
    assert_eq!(Encoding::parse("ebcdic"), None);
}
