//! ISO 20022 `camt.053.001.08`: one statement per currency, whose opening balance and entries are its closing balance.
//!
//! Elements stand in the order of the schema (<https://www.iso20022.org/iso-20022-message-definitions>).

use super::super::decimal::major;
use super::{ACCOUNT, Entry, by_currency};
use crate::calendar::{date, rfc3339};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08";

pub(super) fn written(entries: &[Entry], now: Timestamp) -> String {
    let mut out = glued(&[
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"",
        NAMESPACE,
        "\">\n<BkToCstmrStmt>\n",
    ]);
    let made = rfc3339(now);
    out.push_str(&element("GrpHdr", &[text("MsgId", "TILLPROOF-1"), text("CreDtTm", &made)]));
    for (number, (currency, entries)) in by_currency(entries).into_iter().enumerate() {
        out.push_str(&statement(number.saturating_add(1), currency, &entries, &made, now));
    }
    out.push_str("</BkToCstmrStmt>\n</Document>\n");
    out
}

fn statement(number: usize, currency: Currency, entries: &[&Entry], made: &str, now: Timestamp) -> String {
    let opened = entries.first().map_or(now, |entry| entry.at);
    let sum =
        |of: fn(i128) -> i128| entries.iter().fold(0_i128, |sum, entry| sum.saturating_add(of(entry.minor)));
    let (credits, debits) = (sum(|minor| minor.max(0)), sum(|minor| minor.min(0)));
    let count = |wanted: fn(i128) -> bool| entries.iter().filter(|entry| wanted(entry.minor)).count();
    let side = |name: &str, number: usize, minor: i128| {
        element(name, &[text("NbOfNtries", &number.digits()), text("Sum", &shown(minor, currency))])
    };
    let mut parts = vec![
        text("Id", &glued(&["TILLPROOF-1-", &number.digits()])),
        text("ElctrncSeqNb", "1"),
        text("CreDtTm", made),
        element("FrToDt", &[text("FrDtTm", &rfc3339(opened)), text("ToDtTm", made)]),
        element(
            "Acct",
            &[element("Id", &[element("Othr", &[text("Id", ACCOUNT)])]), text("Ccy", currency.code())],
        ),
        balance("OPBD", 0, currency, opened),
        balance("CLBD", credits.saturating_add(debits), currency, now),
        element(
            "TxsSummry",
            &[
                side("TtlCdtNtries", count(|minor| minor >= 0), credits),
                side("TtlDbtNtries", count(|minor| minor < 0), debits),
            ],
        ),
    ];
    parts.extend(entries.iter().map(|entry| booked(entry)));
    element("Stmt", &parts)
}

fn balance(code: &str, minor: i128, currency: Currency, at: Timestamp) -> String {
    element(
        "Bal",
        &[
            element("Tp", &[element("CdOrPrtry", &[text("Cd", code)])]),
            amount(minor, currency),
            text("CdtDbtInd", indicator(minor)),
            element("Dt", &[text("Dt", &date(at))]),
        ],
    )
}

fn booked(entry: &Entry) -> String {
    let (family, sub) = if entry.minor < 0 { ("ICDT", "RRTN") } else { ("RCDT", "ESCT") };
    let day = || vec![text("Dt", &date(entry.at))];
    element(
        "Ntry",
        &[
            text("NtryRef", &entry.id),
            amount(entry.minor, entry.currency),
            text("CdtDbtInd", indicator(entry.minor)),
            element("Sts", &[text("Cd", "BOOK")]),
            element("BookgDt", &day()),
            element("ValDt", &day()),
            text("AcctSvcrRef", &entry.id),
            element(
                "BkTxCd",
                &[element(
                    "Domn",
                    &[text("Cd", "PMNT"), element("Fmly", &[text("Cd", family), text("SubFmlyCd", sub)])],
                )],
            ),
            element(
                "NtryDtls",
                &[element(
                    "TxDtls",
                    &[
                        element(
                            "Refs",
                            &[
                                text("AcctSvcrRef", &entry.id),
                                text("EndToEndId", &entry.reference),
                                text("TxId", &entry.trace),
                            ],
                        ),
                        amount(entry.minor, entry.currency),
                        text("CdtDbtInd", indicator(entry.minor)),
                        element("RmtInf", &[text("Ustrd", &entry.description)]),
                    ],
                )],
            ),
            text("AddtlNtryInf", &entry.description),
        ],
    )
}

fn amount(minor: i128, currency: Currency) -> String {
    glued(&["<Amt Ccy=\"", currency.code(), "\">", &shown(minor, currency), "</Amt>\n"])
}

/// An amount without its sign, which the indicator tells.
fn shown(minor: i128, currency: Currency) -> String {
    major(i128::try_from(minor.unsigned_abs()).unwrap_or(i128::MAX), currency)
}

const fn indicator(minor: i128) -> &'static str {
    if minor < 0 { "DBIT" } else { "CRDT" }
}

/// An element with a text. None of ours holds what XML would have to escape.
fn text(name: &str, value: &str) -> String {
    glued(&["<", name, ">", value, "</", name, ">\n"])
}

/// An element with others.
fn element(name: &str, parts: &[String]) -> String {
    glued(&["<", name, ">\n", &parts.concat(), "</", name, ">\n"])
}
