//! Every malformed variant of every format gets an error that names the place, and no summary.

use tillproof::advice::Diagnose;
use tillproof::reconcile::formats::{Format, Mapping, MappingSide, Settings};

use crate::shown::read;
use crate::{sample, samples};

/// What is said of a sample that is wrong, where it is not what is expected.
fn misjudged(name: &str, format: Format, settings: &Settings, bytes: &[u8], expected: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for step in [997, usize::MAX] {
        let (_, result) = read(format, settings.clone(), bytes, step);
        let Err(error) = result else {
            wrong.push(format!("{name}\n   it was read\nexpected {expected}"));
            continue;
        };
        let report = error.report();
        let found = format!("{}: {}", error.code(), report.message);
        if !found.starts_with(expected) {
            wrong.push(format!("{name}\n   found {found}\nexpected {expected}"));
        }
        let details: Vec<&str> = report.details.iter().map(|(name, _)| *name).collect();
        assert!(["file", "line", "column"].iter().all(|fact| details.contains(fact)), "{details:?}");
    }
    wrong
}

fn refused(name: &str, format: Format, settings: Settings, bytes: &[u8], expected: &str) {
    let wrong = misjudged(name, format, &settings, bytes, expected);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_changed_sample_is_refused_where_it_was_changed() {
    // sample, text, what it becomes, beginning of the error
    let table: &[(&str, &str, &str, &str)] = &[
        (
            "generic.csv",
            "5.00,EUR",
            "5.0.0,EUR",
            "file_bad_value: generic.csv, line 3, column 21: `amount` holds \"5.0.0\": expected a plain decimal",
        ),
        (
            "generic.csv",
            "9.27,EUR",
            "9.27,",
            "file_missing_value: generic.csv, line 4, column 20: `currency` is empty",
        ),
        (
            "generic.csv",
            "9.27,EUR",
            "9.27,EURO",
            "file_bad_value: generic.csv, line 4, column 20: `currency` holds \"EURO\"",
        ),
        (
            "generic.csv",
            ",acct_1,,,,first",
            ",acct_1,,,first",
            "file_wrong_width: generic.csv, line 2, column 1: the row has 16 cells where the header has 17",
        ),
        (
            "generic.csv",
            "reference,id",
            "id,id",
            "file_doubled_column: generic.csv, line 1, column 4: the column id stands twice",
        ),
        (
            "generic.csv",
            "reference,id,",
            "name,number,",
            "file_missing_column: generic.csv, line 1, column 1: the header has no column reference",
        ),
        ("generic.csv", "order_2,", "ord\"er_2,", "file_stray_quote: generic.csv, line 4, column 4:"),
        ("generic.csv", "order_2,", "\"order_2,", "file_unclosed_quote: generic.csv, line 4, column 1:"),
        (
            "generic.csv",
            "2026-03-04T06:00:00Z",
            "04.03.2026",
            "file_bad_value: generic.csv, line 4, column 40: `occurred_at` holds \"04.03.2026\"",
        ),
        (
            "stripe-payouts.csv",
            "-5.00,0.00",
            "-5.001,0.00",
            "file_bad_value: stripe-payouts.csv, line 4, column 76: `gross` holds \"-5.001\": expected at most 2 decimals, as EUR has",
        ),
        (
            "stripe-payouts.csv",
            ",eur,9.27",
            ",,9.27",
            "file_missing_value: stripe-payouts.csv, line 3, column 72: `currency` is empty",
        ),
        (
            "stripe-payouts.csv",
            "gross,",
            "grass,",
            "file_missing_column: stripe-payouts.csv, line 1, column 1: the header has no column gross or Amount",
        ),
        (
            "stripe-balance.csv",
            "100.00",
            "100,00",
            "file_wrong_width: stripe-balance.csv, line 2, column 83: the row has 12 cells",
        ),
        ("adyen.csv", "19.44", "19,44", "file_wrong_width: adyen.csv, line 2,"),
        (
            "adyen.csv",
            "8515131751004934,EUR,",
            "8515131751004934,,",
            "file_missing_value: adyen.csv, line 2, column 92: `Gross Currency` is empty",
        ),
        (
            "paypal-settlement.csv",
            "\"FF\",4",
            "",
            "file_truncated: paypal-settlement.csv, line 15, column 1: the file ends here without the row FF",
        ),
        (
            "paypal-settlement.csv",
            "\"FF\",4",
            "\"FF\"",
            "file_missing_value: paypal-settlement.csv, line 14, column 1: `record count` is empty",
        ),
        (
            "adyen.csv",
            ",EUR,,19.44",
            ",,,19.44",
            "file_missing_value: adyen.csv, line 2, column 105: `Net Currency` is empty",
        ),
        (
            "adyen.csv",
            "0.05",
            "0.O5",
            "file_bad_value: adyen.csv, line 2, column 122: `Scheme Fees (NC)` holds \"0.O5\"",
        ),
        (
            "adyen.csv",
            ",EUR,22.02,,",
            ",EUR,,,",
            "file_missing_value: adyen.csv, line 6, column 64: `Net Debit (NC) or Net Credit (NC)` is empty",
        ),
        (
            "paypal-settlement.csv",
            "\"RH\"",
            "\"XX\"",
            "file_other_format: paypal-settlement.csv, line 1, column 1: found \"\\\"XX\\\",2026/03/05",
        ),
        (
            "paypal-settlement.csv",
            "\"CR\",10000,\"USD\"",
            "\"CR\",100.00,\"USD\"",
            "file_bad_value: paypal-settlement.csv, line 5, column 93: `Gross Transaction Amount` holds \"100.00\": expected minor units",
        ),
        (
            "paypal-settlement.csv",
            "\"CR\",10000,\"USD\"",
            "\"CX\",10000,\"USD\"",
            "file_bad_value: paypal-settlement.csv, line 5, column 88: `Transaction  Debit or Credit` holds \"CX\": expected CR or DR",
        ),
        (
            "paypal-settlement.csv",
            "\"CR\",10000,\"USD\"",
            "\"CR\",10000,\"\"",
            "file_missing_value: paypal-settlement.csv, line 5, column 99:",
        ),
        (
            "paypal-settlement.csv",
            "\"SB\",\"TX2\"",
            "\"SX\",\"TX2\"",
            "file_malformed: paypal-settlement.csv, line 6, column 1: found \"SX\", expected RH, FH",
        ),
        (
            "braintree.csv",
            "72.5,",
            "seventy,",
            "file_bad_value: braintree.csv, line 2, column 37: `Settlement Amount` holds \"seventy\"",
        ),
        (
            "braintree.csv",
            "order_1,USD",
            "order_1,",
            "file_missing_value: braintree.csv, line 2, column 33: `Settlement Currency` is empty",
        ),
        (
            "square.json",
            "15000",
            "150.00",
            "file_bad_value: square.json, line 3, column 5: `gross_amount_money` holds \"150.00\"",
        ),
        (
            "square.json",
            "\"type\": \"CHARGE\"",
            "\"type\": CHARGE",
            "file_malformed: square.json, line 7, column 15: found \"CHARGE",
        ),
        (
            "square.json",
            "-5000, \"currency\": \"USD\"",
            "-5000",
            "file_bad_value: square.json, line 13, column 5: `gross_amount_money` holds \"\": expected a currency",
        ),
        (
            "square.json",
            "payout_entries\": [\n",
            "entries\": [\n",
            "file_other_format: square.json, line 1, column 1:",
        ),
        (
            "square.json",
            "\n    },\n    {\n      \"id\": \"poe_3",
            "\n    }\n    {\n      \"id\": \"poe_3",
            "file_malformed: square.json, line 20, column 5: found \"{\", expected a comma",
        ),
        ("square.json", "\"cursor\": \"next\"", "\"cursor\": next", "file_malformed: square.json, "),
        (
            "shopify.csv",
            "49.99,1.75",
            "$49.99,1.75",
            "file_bad_value: shopify.csv, line 2, column 84: `Amount` holds \"$49.99\"",
        ),
        (
            "shopify.json",
            "\"amount\":\"-3.45\"",
            "\"amount\":\"-3.4.5\"",
            "file_bad_value: shopify.json, line 4, column 2: `amount` holds \"-3.4.5\"",
        ),
        (
            "shopify.json",
            "\"currency\":\"USD\",\"amount\":\"50.00\"",
            "\"amount\":\"50.00\"",
            "file_missing_value: shopify.json, line 3, column 2: `currency` is empty",
        ),
        (
            "mollie.csv",
            "46.10",
            "46.1O",
            "file_bad_value: mollie.csv, line 3, column 85: `Settlement amount` holds \"46.1O\"",
        ),
        (
            "bank.csv",
            "2026-03-06",
            "06.03.2026",
            "file_bad_value: bank.csv, line 2, column 19: `booked_at` holds \"06.03.2026\"",
        ),
        (
            "bank.csv",
            "1000,JPY",
            "10.5,JPY",
            "file_bad_value: bank.csv, line 4, column 9: `amount` holds \"10.5\": expected at most 0 decimals, as JPY has",
        ),
        (
            "camt053.xml",
            "22.02</Amt><CdtDbtInd>",
            "22.02</Amt><CdtDbtInd>x",
            "file_bad_value: camt053.xml, line 20, column 46: `CdtDbtInd` holds \"xCRDT\": expected CRDT or DBIT",
        ),
        (
            "camt053.xml",
            "<Amt Ccy=\"EUR\">18.000",
            "<Amt>18.000",
            "file_missing_value: camt053.xml, line 32, column 14: `Amt Ccy` is empty",
        ),
        (
            "camt053.xml",
            "<Amt Ccy=\"EUR\">18.000",
            "<Amt Ccy=\"EUX\">18.000",
            "file_bad_value: camt053.xml, line 32, column 24: `Amt Ccy` holds \"EUX\"",
        ),
        (
            "camt053.xml",
            "18.000",
            "18,00",
            "file_bad_value: camt053.xml, line 32, column 24: `Amt` holds \"18,00\"",
        ),
        (
            "camt053.xml",
            "</Stmt>",
            "</Rpt>",
            "file_malformed: camt053.xml, line 47, column 5: found \"</Rpt>\", expected </Stmt>",
        ),
        (
            "camt053.xml",
            "BkToCstmrStmt>\n    <GrpHdr",
            "BkToCstmrDbtCdtNtfctn>\n    <GrpHdr",
            "file_other_format: camt053.xml, line 3, column 3: found \"BkToCstmrDbtCdtNtfctn\"",
        ),
        (
            "camt053.xml",
            "Gateway &amp; Sons",
            "Gateway & Sons",
            "file_malformed: camt053.xml, line 27, column 40: found \"& Sons\", expected a reference",
        ),
        (
            "camt054.xml",
            "<ns:Document",
            "<ns:Html",
            "file_other_format: camt054.xml, line 2, column 1: found \"Html\"",
        ),
        (
            "camt054.xml",
            "1.234</ns:Amt><ns:CdtDbtInd>CRDT</ns:CdtDbtInd><ns:Sts>",
            "1.2345</ns:Amt><ns:CdtDbtInd>CRDT</ns:CdtDbtInd><ns:Sts>",
            "file_bad_value: camt054.xml, line 9, column 27: `Amt` holds \"1.2345\": expected at most 3 decimals",
        ),
        ("mt940.sta", "C22,02N", "C22.02N", "file_bad_value: mt940.sta, line 6, column 1: `:61:` holds"),
        (
            "mt940.sta",
            "C260304EUR100,00",
            "C260304EUX100,00",
            "file_bad_value: mt940.sta, line 5, column 1: `:60F:` holds \"C260304EUX100,00\": expected a currency",
        ),
        (
            "mt940.sta",
            "C260305EUR118,52\r\n:64",
            "C260305USD118,52\r\n:64",
            "file_bad_value: mt940.sta, line 13, column 1: `:62F:` holds \"C260305USD118,52\": expected the currency of the opening balance",
        ),
        (
            "mt940.sta",
            ":28C:44/1",
            ":28C:four",
            "file_bad_value: mt940.sta, line 4, column 1: `:28C:` holds \"four\"",
        ),
        (
            "mt940.sta",
            ":20:STMT44\r\n",
            "",
            "file_other_format: mt940.sta, line 2, column 1: found \":25:DE02120300000000202051\"",
        ),
        (
            "mt940.sta",
            ":62F:C260305EUR118,52\r\n",
            "",
            "file_truncated: mt940.sta, line 15, column 1: the file ends here without the closing balance",
        ),
        (
            "bai2.txt",
            "16,409,4800",
            "16,409,48.00",
            "file_bad_value: bai2.txt, line 8, column 1: `amount` holds \"48.00\"",
        ),
        (
            "bai2.txt",
            ",,USD,2",
            ",,US,2",
            "file_bad_value: bai2.txt, line 2, column 1: `currency code` holds \"US\"",
        ),
        (
            "bai2.txt",
            "16,409",
            "16,010",
            "file_bad_value: bai2.txt, line 8, column 1: `type code` holds \"010\"",
        ),
        (
            "bai2.txt",
            "99,75806,1,11/",
            "99,75806,1",
            "file_missing_value: bai2.txt, line 11, column 1: `control total or number of records` is empty",
        ),
        (
            "bai2.txt",
            "99,75806,1,11/",
            "99,",
            "file_missing_value: bai2.txt, line 11, column 1: `control total or number of records` is empty",
        ),
        ("mt940.sta", "\n-}{5:}", "\n", "file_truncated: mt940.sta, line "),
        (
            "bai2.txt",
            "01,BANKID",
            "XX,BANKID",
            "file_other_format: bai2.txt, line 1, column 1: found \"XX,BANKID",
        ),
        (
            "bai2.txt",
            "98,75806,1,9/\n",
            "",
            "file_malformed: bai2.txt, line 10, column 1: found \"99\", expected the record 03 or 98",
        ),
        (
            "ofx1.ofx",
            "<TRNAMT>150.00",
            "<TRNAMT>150.000,5.0",
            "file_bad_value: ofx1.ofx, line 17, column 65: `TRNAMT` holds \"150.000,5.0\"",
        ),
        ("ofx1.ofx", "<CURDEF>USD\n", "\n", "file_missing_value: ofx1.ofx, "),
        (
            "ofx1.ofx",
            "</BANKTRANLIST>",
            "</BANKLIST>",
            "file_malformed: ofx1.ofx, line 20, column 1: found \"</BANKLIST>\", expected </BANKTRANLIST>",
        ),
        (
            "ofx1.ofx",
            "<CODE>0<SEVERITY>INFO</STATUS>\n<STMTRS>",
            "<CODE>15500<SEVERITY>ERROR</STATUS>\n<STMTRS>",
            "file_bad_value: ofx1.ofx, line 13, column 64: `SEVERITY` holds \"ERROR\"",
        ),
        (
            "ofx2.ofx",
            "22.02",
            "22.0.2",
            "file_bad_value: ofx2.ofx, line 14, column 75: `TRNAMT` holds \"22.0.2\"",
        ),
        ("ofx2.ofx", "<OFX>", "<QFX>", "file_other_format: ofx2.ofx, line 3, column 1: found \"QFX\""),
    ];
    let mut wrong = Vec::new();
    for (name, text, instead, expected) in table {
        let (_, format, settings) = samples().into_iter().find(|(known, _, _)| known == name).unwrap();
        let whole = String::from_utf8(sample(name)).unwrap();
        assert!(whole.contains(text), "{name} has no {text}");
        let changed = whole.replacen(text, instead, 1);
        wrong.extend(misjudged(name, format, &settings, changed.as_bytes(), expected));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_that_was_cut_off_is_never_passed_off_as_whole() {
    for (name, format, settings) in samples() {
        let bytes = sample(name);
        let (lines, _) = read(format, settings.clone(), &bytes, usize::MAX);
        // The last line of real content, in front of which every cut must be seen. A table has no end mark: there only a
        // cut inside of a row can be.
        let is_table = matches!(
            format,
            Format::Generic
                | Format::BankCsv
                | Format::Stripe
                | Format::Adyen
                | Format::Braintree
                | Format::Shopify
                | Format::Mollie
        );
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let end = bytes.trim_ascii_end().len();
        for cut in 1..end {
            let (found, result) = read(format, settings.clone(), &bytes[..cut], usize::MAX);
            let Ok(_) = result else { continue };
            let at_row_end = matches!(bytes[cut], b'\r' | b'\n') || matches!(bytes[cut - 1], b'\r' | b'\n');
            let mut is_quoted = false;
            let separator = if name == "bank-german.csv" { b';' } else { b',' };
            let rest = bytes[cut..].iter().take_while(|byte| !matches!(byte, b'\r' | b'\n'));
            let in_last_cell = !rest.into_iter().any(|byte| {
                is_quoted ^= *byte == b'"';
                !is_quoted && *byte == separator
            });
            let is_whole_document = match format {
                // Behind the end of a section, a message or a page the file may end.
                Format::PayPal => {
                    let read = &text[..cut];
                    read.contains("\"SC\",") && !read.contains("\"RF\"") || read.contains("\"FF\",")
                }
                Format::Square => cut > text.find("\n}").unwrap(),
                Format::Mt940 => text[..cut].contains("\n-") || name == "mt942.sta",
                Format::Bai2 => text[..cut].contains("\n99,75806,1,1"),
                _ => false,
            };
            assert!(
                is_whole_document || is_table && (at_row_end || in_last_cell),
                "{name} cut at byte {cut} was read as {} of {} lines",
                found.len(),
                lines.len()
            );
        }
    }
}

#[test]
fn a_line_without_an_end_is_refused_at_its_beginning_and_memory_stays_small() {
    for (name, format, settings) in samples() {
        let mut bytes = sample(name);
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let at = text.trim_end().rfind(['\n', '\r']).unwrap_or(0);
        bytes.truncate(at + 1);
        let start = match format {
            Format::Camt053 | Format::Camt054 | Format::Ofx => b"<MEMO>".as_slice(),
            Format::Square => b"\n{\"payout_entries\": [{\"id\": \"",
            Format::ShopifyJson => b",{\"id\": \"",
            _ => b"",
        };
        bytes.extend(start);
        bytes.extend(std::iter::repeat_n(b'x', (1 << 20) + 4_096));
        refused(name, format, settings, &bytes, "file_line_too_long: ");
    }
}

#[test]
fn a_header_among_the_rows_shows_that_two_files_were_joined() {
    for (name, format, settings) in samples() {
        if !name.ends_with(".csv") || name == "bank-german.csv" {
            continue;
        }
        let bytes = sample(name);
        refused(name, format, settings, &[bytes.as_slice(), &bytes].concat(), "file_header_again: ");
    }
}

#[test]
fn a_file_in_another_encoding_or_of_another_format_or_empty_is_refused_at_once() {
    for (name, format, settings) in samples() {
        let named = Settings { encoding: None, ..settings.clone() };
        refused(name, format, named.clone(), b"", "file_no_header: ");
        refused(name, format, named.clone(), b"\n\r\n\n", "file_no_header: ");
        refused(name, format, named.clone(), b"\x1f\x8b\x08\0\0", "file_compressed: ");
        refused(name, format, named, b"\xe9", "file_wrong_encoding: ");
    }
    let html = b"<!doctype html>\n<html><body>Sign in</body></html>";
    for (format, name) in Format::ALL {
        let settings = Settings { name: name.to_owned(), ..Settings::default() };
        let (_, result) = read(format, settings, html, usize::MAX);
        assert!(result.is_err(), "{name} takes a page for a file");
    }
}

#[test]
fn a_setting_without_use_is_refused_and_a_reader_that_refused_takes_no_more() {
    let mapping = Some(Mapping::contract(MappingSide::Bank));
    let table = [
        (Format::Adyen, Settings { mapping: mapping.clone(), ..Settings::default() }, "mapping"),
        (Format::Generic, Settings { mapping, ..Settings::default() }, "mapping"),
        (
            Format::Adyen,
            Settings { reference_column: Some("x".to_owned()), ..Settings::default() },
            "reference_column",
        ),
    ];
    for (format, settings, setting) in table {
        let (_, result) = read(format, settings, b"", 1);
        let details = result.unwrap_err().details();
        assert!(details.contains(&("setting", setting.to_owned())), "{details:?}");
    }
    let mut sink = crate::shown::Shown::default();
    let mut reader = tillproof::reconcile::formats::Reader::new(Format::Mt940, Settings::default()).unwrap();
    assert_eq!(
        reader.push(b"nonsense\n".repeat(200).as_slice(), &mut sink).unwrap_err().code(),
        "file_other_format"
    );
    assert_eq!(reader.push(b":20:A\n", &mut sink).unwrap_err().code(), "reader_refused");
    assert_eq!(reader.finish(&mut sink).unwrap_err().code(), "reader_refused");
}
