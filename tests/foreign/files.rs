//! The same rows in whatever columns a file has: in any order, with others between them, in minor or major units.

use crate::random::Random;
use crate::shop::{Entry, Row};

/// The month begins here; some times are told by a clock two hours ahead.
const BEGINNING: i64 = 1_772_323_200;

const ZONE: i64 = 7_200;

fn moment(at: i64, is_local: bool) -> String {
    let at = BEGINNING + at;
    let text = |at: i64| {
        let ms = u64::try_from(at).unwrap() * 1_000;
        tillproof::calendar::rfc3339(tillproof::time::Timestamp::from_unix_ms(ms).unwrap())
    };
    if is_local { text(at + ZONE).replace(".000Z", "Z").replace('Z', "+02:00") } else { text(at) }
}

/// Minor units as a decimal of the currency.
fn major(minor: i64, currency: &str) -> String {
    if currency == "JPY" {
        return minor.to_string();
    }
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100)
}

fn shuffle<T>(random: &mut Random, items: &mut [T]) {
    for place in (1..items.len()).rev() {
        items.swap(place, usize::try_from(random.below(place as u64 + 1)).unwrap());
    }
}

/// Rows and columns in any order.
fn table(random: &mut Random, names: &[&str], mut rows: Vec<Vec<String>>) -> String {
    let mut columns: Vec<usize> = (0..names.len()).collect();
    shuffle(random, &mut columns);
    shuffle(random, &mut rows);
    let end = random.pick(&["\n", "\r\n"]);
    let separator = random.pick(&[",", ",", ";", "\t"]);
    let is_loud = random.once_in(3);
    let line = |cells: Vec<&str>| {
        let quoted: Vec<String> = cells
            .into_iter()
            .map(|cell| {
                if cell.contains([',', ';', '\t', '"']) {
                    format!("\"{}\"", cell.replace('"', "\"\""))
                } else {
                    cell.to_owned()
                }
            })
            .collect();
        quoted.join(separator) + end
    };
    let loud = |name: &str| if is_loud { name.to_uppercase() } else { name.to_owned() };
    let header: Vec<String> = columns.iter().map(|column| loud(names[*column])).collect();
    let mut text = line(header.iter().map(String::as_str).collect());
    for row in &rows {
        text += &line(columns.iter().map(|column| row[*column].as_str()).collect());
    }
    text
}

/// A ledger or a settlement.
pub(crate) fn rows(random: &mut Random, rows: &[Row]) -> String {
    let is_major = random.once_in(2);
    let is_local = random.once_in(2);
    let (amount, fee, tax, net, original) = if is_major {
        ("amount", "fee", "tax", "net", "original_amount")
    } else {
        ("amount_minor", "fee_minor", "tax_minor", "net_minor", "original_amount_minor")
    };
    let names = [
        "reference",
        "id",
        "type",
        amount,
        "currency",
        fee,
        tax,
        net,
        "status",
        "occurred_at",
        "payout_id",
        "parent_reference",
        "account",
        original,
        "original_currency",
        "rate",
        "Customer, of the shop",
        "Memo",
    ];
    let cells = rows.iter().map(|row| {
        let money = |minor: i64, currency: &str| {
            if is_major { major(minor, currency) } else { minor.to_string() }
        };
        let (from, of, rate) = row.original.map_or_else(Default::default, |(minor, currency, rate)| {
            (money(minor, currency), currency, rate)
        });
        let is_payout = row.kind == "payout";
        let when =
            if row.is_zoneless { moment(row.at, false).replace('Z', "") } else { moment(row.at, is_local) };
        [
            &row.reference,
            &row.id,
            row.kind,
            &money(row.amount, row.currency),
            row.currency,
            &if is_payout { String::new() } else { money(row.fee, row.currency) },
            &if is_payout { String::new() } else { money(row.tax, row.currency) },
            &if is_payout || row.payout.is_empty() {
                String::new()
            } else {
                money(crate::shop::net(row) + row.net_off, row.currency)
            },
            row.status,
            &when,
            &row.payout,
            &row.parent,
            row.account,
            &from,
            of,
            rate,
            "Miller, \"Bob\"",
            "",
        ]
        .map(str::to_owned)
        .to_vec()
    });
    let cells = cells.collect();
    table(random, &names, cells)
}

/// A statement.
pub(crate) fn entries(random: &mut Random, entries: &[Entry]) -> String {
    let is_major = random.once_in(2);
    let names = [
        "id",
        "reference",
        if is_major { "amount" } else { "amount_minor" },
        "currency",
        "booked_at",
        "description",
        "Branch",
    ];
    let cells = entries.iter().map(|entry| {
        let amount = if is_major { major(entry.amount, entry.currency) } else { entry.amount.to_string() };
        let day = moment(entry.day * 86_400, false).split('T').next().unwrap().to_owned();
        [&entry.id, &entry.reference, &amount, entry.currency, &day, &entry.text, "7"]
            .map(str::to_owned)
            .to_vec()
    });
    let cells = cells.collect();
    table(random, &names, cells)
}
