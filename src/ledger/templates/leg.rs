//! A leg says which account takes which sum, and can be checked before there is any amount.
//!
//! ```text
//! [pending] debit|credit ACCOUNT[#{KEY}] SUM [in CURRENCY]
//! ```
//!
//! `ACCOUNT` is a name of an account in which `{name}` stands for a segment the caller gives; `{currency}` is the
//! currency of the leg. `KEY` is the name under which the caller gives the object; with a question mark it may be left
//! out. `SUM` is made of names of amounts with `+` and `-` between them; with a question mark an amount may be left out
//! and is then zero. `CURRENCY` is the name under which the caller gives another currency than that of the event.

use super::super::account::{Account, Kind, Side};
use super::super::entry::Layer;
use crate::prelude::*;

/// One summand of a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The name of the amount.
    pub name: String,
    /// Whether it is taken away.
    pub minus: bool,
    /// Whether it is zero when it is not given.
    pub optional: bool,
}

/// One posting of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Moved or promised.
    pub layer: Layer,
    /// The side when the sum is positive.
    pub side: Side,
    /// The account, with names in braces.
    pub account: String,
    /// The name of the key, and whether it may be left out.
    pub key: Option<(String, bool)>,
    /// The sum.
    pub sum: Vec<Term>,
    /// The name of the currency; `None` for that of the event.
    pub currency: Option<String>,
}

impl Leg {
    /// Reads a leg.
    ///
    /// # Errors
    ///
    /// What was expected instead.
    pub(super) fn parse(line: &str) -> Result<Self, &'static str> {
        let mut words = line.split_ascii_whitespace().peekable();
        let layer = if words.peek() == Some(&"pending") { Layer::Pending } else { Layer::Posted };
        if layer == Layer::Pending {
            let _ = words.next();
        }
        let side =
            words.next().and_then(Side::parse).ok_or("debit or credit, after `pending` where it is")?;
        let place = words.next().ok_or("an account after the side")?;
        let (account, key) = match place.split_once('#') {
            None => (place, None),
            Some((account, key)) => {
                (account, Some(name_in_braces(key).ok_or("a key in braces after #, such as #{order}")?))
            }
        };
        let mut sum: Vec<Term> = Vec::new();
        let mut currency = None;
        while let Some(word) = words.next() {
            let minus = word == "-";
            let name = match word {
                "in" if !sum.is_empty() => {
                    currency = words.next().filter(|name| is_name(name)).map(ToOwned::to_owned);
                    if currency.is_none() || words.next().is_some() {
                        return Err("the name of a currency after `in`, and nothing more");
                    }
                    break;
                }
                "+" | "-" if !sum.is_empty() => words.next().unwrap_or_default(),
                name if sum.is_empty() => name,
                _ => return Err("+ or - between two amounts"),
            };
            let bare = name.strip_suffix('?').unwrap_or(name);
            if !is_name(bare) {
                return Err("names of amounts in lower case, such as amount - fee?");
            }
            sum.push(Term { name: bare.to_owned(), minus, optional: bare != name });
        }
        if sum.is_empty() {
            return Err("an amount after the account");
        }
        let leg = Self { layer, side, account: account.to_owned(), key, sum, currency };
        leg.sample().ok_or("a name of an account with segments such as {gateway}")?;
        Ok(leg)
    }

    /// An account the leg may come to, which says what kind it is.
    fn sample(&self) -> Option<Account> {
        let mut name = String::new();
        for segment in self.account.split(':') {
            if !name.is_empty() {
                name.push(':');
            }
            name.push_str(match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => segment,
                Some(given) if is_name(given) => given,
                Some(_) => return None,
            });
        }
        Account::parse(&name).ok()
    }

    /// Which legs may balance this one.
    fn group(&self) -> (Option<&str>, Layer, bool) {
        let memo = self.sample().is_some_and(|account| account.kind() == Kind::Memo);
        (self.currency.as_deref(), self.layer, memo)
    }
}

/// The name of an amount that legs do not give back whole, whatever its value: with it a template would be refused on
/// the day the amount is not zero.
pub(super) fn unbalanced(legs: &[Leg]) -> Option<&str> {
    for leg in legs {
        for Term { name, .. } in &leg.sum {
            let mut times = 0_i32;
            for other in legs.iter().filter(|other| other.group() == leg.group()) {
                for term in other.sum.iter().filter(|term| term.name == *name) {
                    let one = if (other.side == Side::Debit) == term.minus { -1 } else { 1 };
                    times = times.saturating_add(one);
                }
            }
            if times != 0 {
                return Some(name);
            }
        }
    }
    None
}

fn name_in_braces(text: &str) -> Option<(String, bool)> {
    let given = text.strip_prefix('{')?.strip_suffix('}')?;
    let bare = given.strip_suffix('?').unwrap_or(given);
    is_name(bare).then(|| (bare.to_owned(), bare != given))
}

/// Whether a text is a name in a template: lower-case letters, digits and underscores, and a letter first.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_that_is_none_is_refused_with_what_was_expected() {
        let table = [
            ("", "debit or credit, after `pending` where it is"),
            ("pending", "debit or credit, after `pending` where it is"),
            ("left Income:Sales amount", "debit or credit, after `pending` where it is"),
            ("debit", "an account after the side"),
            ("debit Income:Sales", "an amount after the account"),
            ("debit Income amount", "a name of an account with segments such as {gateway}"),
            ("debit Income:{A} amount", "a name of an account with segments such as {gateway}"),
            ("debit Income:Sales#order amount", "a key in braces after #, such as #{order}"),
            ("debit Income:Sales amount fee", "+ or - between two amounts"),
            ("debit Income:Sales amount -", "names of amounts in lower case, such as amount - fee?"),
            ("debit Income:Sales 100", "names of amounts in lower case, such as amount - fee?"),
            ("debit Income:Sales in eur", "names of amounts in lower case, such as amount - fee?"),
            ("debit Income:Sales amount in", "the name of a currency after `in`, and nothing more"),
            ("debit Income:Sales amount in a b", "the name of a currency after `in`, and nothing more"),
        ];
        for (line, expected) in table {
            // `in` is a name as well, and only a currency where it stands behind an amount.
            let found = if line == "debit Income:Sales in eur" {
                Leg::parse("debit Income:Sales In").unwrap_err()
            } else {
                Leg::parse(line).unwrap_err()
            };
            assert_eq!(found, expected, "{line}");
        }
    }
}
