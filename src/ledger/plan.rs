//! A record is planned without the books: what it stands on is handed in, and what only the books can tell is handed back.
//!
//! For books in a database, which no process holds in memory. The caller hands in the few records the decision depends on:
//! one with the same id, the standings of the accounts, the entry that is taken from and what took from it before. All rules
//! but limits are applied to them as in [`Ledger::draft`]; what a limit asks of a balance comes back as [`Demand`]s, which the
//! database has to check while nobody else spends from that account.

use super::account::{Account, Side};
use super::draft::Drafts;
use super::entry::{Entry, Layer, Posting};
use super::standing::Rulings;
use super::{Answer, Error, Ledger, Line, Record};
use crate::money::Currency;
use crate::prelude::*;

/// What becomes of a record, if the books agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Of a new record its line, as if it came right after what was handed in: only its record is of use.
    pub answer: Answer,
    /// What the books have to promise, those of an account before those of its keys. Empty for what takes from no account
    /// with a limit.
    pub demands: Vec<Demand>,
}

/// An account, or one key in it, of which less is available after an entry: it must not fall below zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The account.
    pub account: Account,
    /// The object in it; `None` for the whole account.
    pub key: Option<String>,
    /// The currency.
    pub currency: Currency,
    /// The side that may not be outweighed.
    pub side: Side,
    /// What is added to what is available there, in minor units: less than zero.
    pub change: i128,
    /// What of it belongs to no key.
    pub loose: i128,
}

impl Ledger {
    /// Books of these records alone, in this order. Limits and the standing of accounts are not looked at: it is history.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BrokenChain`](super::ErrorKind::BrokenChain) when an id is there twice, or an entry takes what no earlier
    /// one has left.
    pub fn gathered(records: Vec<Record>) -> Result<Self, Error> {
        let mut ledger = Self::new();
        for record in records {
            let line = Line::chained(ledger.next_position(), ledger.head_digest(), record);
            ledger.apply(&line)?;
        }
        Ok(ledger)
    }

    /// What becomes of `record`, if these books hold all it has to do with: see [`Ledger::gathered`].
    ///
    /// # Errors
    ///
    /// As [`Ledger::draft`], but for limits.
    pub fn plan(&self, record: Record) -> Result<Plan, Error> {
        if let Some(line) = self.line_of(record.id()) {
            let answer = Answer::repeated(line.position(), line.record(), &record);
            return Ok(Plan { answer, demands: Vec::new() });
        }
        let (drafts, position) = (Drafts::default(), self.next_position());
        let demands = match &record {
            Record::Entry(entry) => {
                let _ = self.taken_by(&drafts, entry, position)?;
                self.rulings().permit(entry)?;
                demands(self.rulings(), entry)
            }
            Record::Standing(standing) => {
                self.permit_standing(&drafts, self.rulings(), standing)?;
                Vec::new()
            }
        };
        let line = Line::chained(position, self.head_digest(), record);
        Ok(Plan { answer: Answer::Created(Box::new(line)), demands })
    }
}

fn demands(rulings: &Rulings, entry: &Entry) -> Vec<Demand> {
    let mut demands: Vec<Demand> = Vec::new();
    for posting in entry.postings() {
        let Some(side) = rulings.limit(&posting.account).kept() else { continue };
        let (account, currency) = (&posting.account, posting.amount.currency());
        for key in [None, posting.key.as_ref()].into_iter().take(if posting.key.is_some() { 2 } else { 1 }) {
            let here = |demand: &Demand| {
                demand.account == *account && demand.currency == currency && demand.key.as_ref() == key
            };
            if demands.iter().any(here) {
                continue;
            }
            let mut demand =
                Demand { account: account.clone(), key: key.cloned(), currency, side, change: 0, loose: 0 };
            for other in entry.postings() {
                let same = other.account == *account && other.amount.currency() == currency;
                if same && (key.is_none() || other.key.as_ref() == key) {
                    let change = available_change(entry, other, side);
                    demand.change = demand.change.saturating_add(change);
                    if other.key.is_none() {
                        demand.loose = demand.loose.saturating_add(change);
                    }
                }
            }
            demands.push(demand);
        }
    }
    demands.retain(|demand| demand.change < 0);
    demands
}

/// What a posting adds to what is available on a side: see [`Balance::available`](super::Balance::available).
fn available_change(entry: &Entry, posting: &Posting, side: Side) -> i128 {
    let change = entry.change(posting);
    let held = change.held();
    let effect = held.unwrap_or(change);
    let minor = i128::from(effect.minor);
    let (taken, given) = (minor.saturating_neg(), minor);
    match (effect.layer, effect.side == side, held.is_some()) {
        (Layer::Posted, true, _) | (Layer::Pending, false, true) => given,
        (Layer::Posted, false, _) | (Layer::Pending, false, false) => taken,
        // What is promised to a side does not count for it.
        (Layer::Pending, true, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;
    use crate::json;

    fn record(text: &str) -> Record {
        Record::from_json(&json::parse(text.as_bytes()).unwrap()).unwrap()
    }

    /// `legs` as `account#key side amount`, a `?` before the account for the pending layer; `link` as `relation id`.
    fn entry(id: &str, link: &str, legs: &[&str]) -> Record {
        let postings: Vec<String> = legs
            .iter()
            .map(|leg| {
                let words: Vec<&str> = leg.split(' ').collect();
                let (layer, place) = match words[0].strip_prefix('?') {
                    Some(place) => (r#","layer":"pending""#, place),
                    None => ("", words[0]),
                };
                let (account, key) = match place.split_once('#') {
                    Some((account, key)) => (account, format!(r#","key":"{key}""#)),
                    None => (place, String::new()),
                };
                let (side, amount) = (words[1], words[2]);
                format!(
                    r#"{{"account":"{account}","amount_minor":"{amount}","currency":"EUR"{key}{layer},"side":"{side}"}}"#
                )
            })
            .collect();
        let links = match link.split_once(' ') {
            Some((relation, other)) => {
                format!(r#""links":[{{"entry":"{other}","relation":"{relation}"}}],"#)
            }
            None => String::new(),
        };
        record(&format!(
            r#"{{"cause":"c","id":"{id}",{links}"occurred_at":1,"postings":[{}],"recorded_at":1}}"#,
            postings.join(",")
        ))
    }

    fn standing(id: &str, account: &str, rest: &str) -> Record {
        record(&format!(
            r#"{{"account":"{account}","cause":"c","id":"{id}","occurred_at":1,"recorded_at":1,{rest}}}"#
        ))
    }

    fn planned(known: Vec<Record>, record: Record) -> Result<Plan, Error> {
        Ledger::gathered(known)?.plan(record)
    }

    fn told(plan: Result<Plan, Error>) -> String {
        let demand = |demand: &Demand| {
            let key = demand.key.as_deref().unwrap_or("-");
            format!("{}#{key} {} {}", demand.account, demand.change, demand.loose)
        };
        match plan {
            Ok(Plan { answer: Answer::Created(_), demands }) => {
                demands.iter().map(demand).collect::<Vec<_>>().join(", ")
            }
            Ok(Plan { answer: Answer::Exists { .. }, .. }) => "exists".to_owned(),
            Ok(Plan { answer: Answer::ExistsWithDifferent { field, .. }, .. }) => format!("differs: {field}"),
            Err(error) => error.code().to_owned(),
        }
    }

    #[test]
    fn what_less_is_available_of_is_demanded_and_nothing_else() {
        let (wallet, escrow) = ("Liabilities:Wallet:a", "Liabilities:Escrow:EUR");
        let leg = |account: &str, rest: &str| format!("{account}{rest}");
        let open = "Assets:Bank:EUR";
        // link, legs, expected
        let table: [(&str, &[String], &str); 7] = [
            ("", &[leg(open, " debit 5"), leg(wallet, " credit 5")], ""),
            ("", &[leg(wallet, " debit 5"), leg(open, " credit 5")], "Liabilities:Wallet:a#- -5 -5"),
            (
                "",
                &[leg(escrow, "#o1 debit 5"), leg(open, " credit 5")],
                "Liabilities:Escrow:EUR#- -5 0, Liabilities:Escrow:EUR#o1 -5 0",
            ),
            (
                "",
                &[leg(escrow, "#o1 debit 5"), leg(escrow, "#o2 credit 5")],
                "Liabilities:Escrow:EUR#o1 -5 0",
            ),
            (
                "",
                &[leg(wallet, " debit 5"), leg(wallet, " credit 2"), leg(open, " credit 3")],
                "Liabilities:Wallet:a#- -3 -3",
            ),
            (
                "",
                &[leg("?", wallet) + " debit 5", leg("?", open) + " credit 5"],
                "Liabilities:Wallet:a#- -5 -5",
            ),
            ("voids hold", &[leg("?", wallet) + " credit 5", leg("?", open) + " debit 5"], ""),
        ];
        let hold = entry("hold", "", &["?Liabilities:Wallet:a debit 5", "?Assets:Bank:EUR credit 5"]);
        for (link, legs, expected) in table {
            let legs: Vec<&str> = legs.iter().map(String::as_str).collect();
            assert_eq!(told(planned(vec![hold.clone()], entry("e", link, &legs))), expected, "{legs:?}");
        }
    }

    #[test]
    fn the_rules_of_the_books_hold_for_what_was_handed_in() {
        let sale = |id| entry(id, "", &["Assets:Bank:EUR debit 5", "Income:Sales credit 5"]);
        let back = |id, amount| {
            let legs = [format!("Income:Sales debit {amount}"), format!("Assets:Bank:EUR credit {amount}")];
            entry(id, "reverses sale", &[&legs[0], &legs[1]])
        };
        let other = entry("sale", "", &["Assets:Bank:EUR debit 6", "Income:Sales credit 6"]);
        let blocked = || standing("s", "Income:Sales", r#""state":"blocked""#);
        let limited = || standing("s", "Assets:Bank", r#""limit":"no_credit_balance","state":"open""#);
        let closed = || standing("c", "Assets:Bank", r#""state":"closed""#);
        // known, record, expected
        let table = [
            (vec![sale("sale")], sale("sale"), "exists"),
            (vec![sale("sale")], other, "differs: postings"),
            (vec![], back("b", 5), "reversal_of_unknown"),
            (vec![sale("sale")], back("b", 5), ""),
            (vec![sale("sale"), back("a", 3)], back("b", 3), "reversal_exceeds"),
            (vec![sale("sale"), back("a", 5)], back("b", 1), "already_reversed"),
            (vec![sale("sale"), blocked()], sale("e"), "account_blocked"),
            (vec![sale("sale"), limited()], back("b", 5), "Assets:Bank:EUR#- -5 -5"),
            (vec![closed()], sale("e"), "account_closed"),
            (vec![sale("sale")], closed(), "account_not_empty"),
            (vec![back("b", 5)], sale("e"), "journal_broken"),
        ];
        for (known, record, expected) in table {
            let shown = format!("{record:?}");
            assert_eq!(told(planned(known, record)), expected, "{shown}");
        }
    }
}
