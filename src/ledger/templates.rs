//! A template is data: which accounts an event touches, on which side, and by which sum of the given amounts.
//!
//! Names in braces are filled in by the caller; `{currency}` is always there. A leg whose sum is zero is left out,
//! and one whose sum is negative stands on the other side (a fee larger than the charge leaves the gateway account
//! with a credit).

use super::account::{Account, Side};
use super::document::moment;
use super::entry::{Entry, Link, Parts, Posting};
use super::facts::{EventType, Facts};
use super::{Error, ErrorKind};
use crate::json::{self, Fields, Value};
use crate::money::{Amount, Currency};
use crate::prelude::*;

/// One summand of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// The amount of this name.
    Plus(&'static str),
    /// The amount of this name, taken away.
    Minus(&'static str),
}

/// One posting of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The side when the sum is positive.
    pub side: Side,
    /// The account, with names in braces.
    pub account: &'static str,
    /// The sum.
    pub sum: &'static [Term],
}

/// How an event becomes an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// The name, in snake_case.
    pub name: &'static str,
    /// What the event is called in a settlement report; `None` when it has no row there.
    pub event: Option<EventType>,
    /// The postings.
    pub legs: &'static [Leg],
}

const fn debit(account: &'static str, sum: &'static [Term]) -> Leg {
    Leg { side: Side::Debit, account, sum }
}

const fn credit(account: &'static str, sum: &'static [Term]) -> Leg {
    Leg { side: Side::Credit, account, sum }
}

const PENDING: &str = "Assets:Gateway:{gateway}:Pending:{currency}";
const AVAILABLE: &str = "Assets:Gateway:{gateway}:Available:{currency}";
const CLEARING: &str = "Assets:Clearing:Payout:{gateway}:{currency}";
const BANK: &str = "Assets:Bank:{bank}:{currency}";
const REFUNDS_PENDING: &str = "Liabilities:Refunds:Pending:{currency}";
const SALES: &str = "Income:Sales";
const REFUNDS: &str = "Income:Refunds";
const GATEWAY_FEE: &str = "Expenses:GatewayFee";

const AMOUNT: &[Term] = &[Term::Plus("amount")];
const FEE: &[Term] = &[Term::Plus("fee")];
const NET: &[Term] = &[Term::Plus("amount"), Term::Minus("fee")];

/// The built-in templates.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "charge",
        event: Some(EventType::Charge),
        legs: &[debit(PENDING, NET), debit(GATEWAY_FEE, FEE), credit(SALES, AMOUNT)],
    },
    Template {
        name: "funds_available",
        event: None,
        legs: &[debit(AVAILABLE, AMOUNT), credit(PENDING, AMOUNT)],
    },
    // A refund that is requested and leaves at once, whole or in part. A fee the gateway returns is its own event.
    Template {
        name: "refund",
        event: Some(EventType::Refund),
        legs: &[debit(REFUNDS, AMOUNT), credit(AVAILABLE, AMOUNT)],
    },
    Template {
        name: "refund_requested",
        event: None,
        legs: &[debit(REFUNDS, AMOUNT), credit(REFUNDS_PENDING, AMOUNT)],
    },
    Template {
        name: "refund_sent",
        event: Some(EventType::Refund),
        legs: &[debit(REFUNDS_PENDING, AMOUNT), credit(AVAILABLE, AMOUNT)],
    },
    Template {
        name: "payout",
        event: Some(EventType::Payout),
        legs: &[debit(CLEARING, AMOUNT), credit(AVAILABLE, AMOUNT)],
    },
    Template { name: "payout_arrived", event: None, legs: &[debit(BANK, AMOUNT), credit(CLEARING, AMOUNT)] },
    Template {
        name: "payout_failed",
        event: Some(EventType::PayoutFailure),
        legs: &[debit(AVAILABLE, AMOUNT), credit(CLEARING, AMOUNT)],
    },
];

impl Template {
    /// The built-in template of a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownTemplate`].
    pub fn named(name: &str) -> Result<Self, Error> {
        let found = TEMPLATES.iter().find(|template| template.name == name);
        found.copied().ok_or_else(|| Error::unknown_template(name))
    }

    /// An entry from a document with `template`, `id`, `occurred_at`, `recorded_at`, `cause`, `currency`, an object
    /// `amounts` of minor units by name, an object `names`, and optionally `description`, `follows` (the id of an
    /// entry) and `facts` (`reference`, `id`, `status`, `payout_id`, `parent_reference`). Where the event has a row in
    /// a settlement report and facts are given, its type, amount and fee are added to them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Json`], [`ErrorKind::Money`], [`ErrorKind::UnknownTemplate`], [`ErrorKind::MissingTemplateValue`], then those of
    /// [`Account::parse`] and [`Entry::new`].
    pub fn fill(document: &Value<'_>) -> Result<Entry, Error> {
        let mut fields = Fields::of(document, "template")?;
        let template = Self::named(fields.text("template")?)?;
        let currency = Currency::parse(fields.text("currency")?)?;
        let amounts = fields.required("amounts", "an object of amounts by name")?;
        let mut values = Values {
            template: template.name,
            currency,
            amounts: Fields::of(amounts, "amounts")?,
            names: fields.optional("names").map(|names| Fields::of(names, "names")).transpose()?,
        };
        let mut postings = Vec::new();
        for leg in template.legs {
            if let Some(posting) = values.posting(leg)? {
                postings.push(posting);
            }
        }
        let facts = match (template.event, fields.optional("facts")) {
            (Some(kind), Some(facts)) => Some(values.facts(kind, facts)?),
            (None, _) | (_, None) => None,
        };
        values.amounts.finish()?;
        if let Some(mut names) = values.names {
            // Every event has a gateway, also where none of its accounts is named after it.
            let _ = names.optional("gateway");
            names.finish()?;
        }
        let mut links = Vec::new();
        if let Some(entry) = fields.maybe_text("follows")? {
            links.push(Link { relation: super::Relation::Follows, entry: entry.to_owned() });
        }
        let parts = Parts {
            id: fields.text("id")?.to_owned(),
            occurred_at: moment(&mut fields, "occurred_at")?,
            recorded_at: moment(&mut fields, "recorded_at")?,
            cause: fields.text("cause")?.to_owned(),
            description: fields.maybe_text("description")?.unwrap_or_default().to_owned(),
            links,
            facts,
            postings,
        };
        fields.finish()?;
        Entry::new(parts)
    }
}

/// What the caller gave for one filling.
struct Values<'v, 'a> {
    template: &'static str,
    currency: Currency,
    amounts: Fields<'v, 'a>,
    names: Option<Fields<'v, 'a>>,
}

impl Values<'_, '_> {
    fn posting(&mut self, leg: &Leg) -> Result<Option<Posting>, Error> {
        let mut plus = Amount::zero(self.currency);
        let mut minus = plus;
        for term in leg.sum {
            match term {
                Term::Plus(name) => plus = plus.checked_add(self.amount(name)?)?,
                Term::Minus(name) => minus = minus.checked_add(self.amount(name)?)?,
            }
        }
        let (side, amount) = if plus.minor() >= minus.minor() {
            (leg.side, plus.checked_sub(minus)?)
        } else {
            (leg.side.opposite(), minus.checked_sub(plus)?)
        };
        // Names are read for a leg that is left out too: what a template needs does not depend on the amounts.
        let account = self.account(leg.account)?;
        if amount.is_zero() {
            return Ok(None);
        }
        Ok(Some(Posting { account, side, amount }))
    }

    /// A fee that is not given is zero; every other amount must be there.
    fn amount(&mut self, name: &'static str) -> Result<Amount, Error> {
        match self.given(name)? {
            Some(amount) => Ok(amount),
            None if name == "fee" => Ok(Amount::zero(self.currency)),
            None => {
                Err(Error::from(ErrorKind::MissingTemplateValue { template: self.template, value: name }))
            }
        }
    }

    fn given(&mut self, name: &'static str) -> Result<Option<Amount>, Error> {
        let currency = self.currency;
        let amount = self.amounts.optional(name).map(|amount| Amount::from_json(amount, currency));
        Ok(amount.transpose()?)
    }

    fn account(&mut self, pattern: &'static str) -> Result<Account, Error> {
        let mut name = String::new();
        for segment in pattern.split(':') {
            if !name.is_empty() {
                name.push(':');
            }
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => name.push_str(segment),
                Some("currency") => name.push_str(self.currency.code()),
                Some(value) => {
                    let missing =
                        Error::from(ErrorKind::MissingTemplateValue { template: self.template, value });
                    let given = self.names.as_mut().map(|names| names.maybe_text(value)).transpose()?;
                    name.push_str(given.flatten().ok_or(missing)?);
                }
            }
        }
        Account::parse(&name)
    }

    fn facts(&mut self, kind: EventType, document: &Value<'_>) -> Result<Facts, Error> {
        let mut fields = Fields::of(document, "facts")?;
        let mut optional = |field| Ok::<_, json::Error>(fields.maybe_text(field)?.map(str::to_owned));
        let (gateway_id, status) = (optional("id")?, optional("status")?);
        let (payout_id, parent_reference) = (optional("payout_id")?, optional("parent_reference")?);
        let facts = Facts {
            kind,
            reference: fields.text("reference")?.to_owned(),
            gateway_id,
            amount: self.amount("amount")?,
            fee: self.given("fee")?,
            status,
            payout_id,
            parent_reference,
        };
        fields.finish()?;
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, amounts: &str, facts: &str) -> Result<String, Error> {
        let bank = if template == "payout_arrived" { r#","bank":"main""# } else { "" };
        let document = format!(
            r#"{{"template":"{template}","id":"e1","occurred_at":1,"recorded_at":2,"cause":"evt_1","currency":"USD",
                "amounts":{amounts},"names":{{"gateway":"native"{bank}}}{facts}}}"#
        );
        let entry = Template::fill(&json::parse(document.as_bytes())?)?;
        let postings = entry.postings().iter();
        let legs = postings.map(|leg| format!("{} {} {}", leg.side.name(), leg.account, leg.amount.minor()));
        Ok(legs.collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn each_template_books_the_accounts_of_the_chart() {
        // template            amounts                        postings
        let table = [
            (
                "charge",
                r#"{"amount":"10000","fee":"320"}"#,
                "debit Assets:Gateway:native:Pending:USD 9680; debit Expenses:GatewayFee 320; \
                 credit Income:Sales 10000",
            ),
            (
                "charge",
                r#"{"amount":"10000"}"#,
                "debit Assets:Gateway:native:Pending:USD 10000; credit Income:Sales 10000",
            ),
            (
                "charge",
                r#"{"amount":"20","fee":"32"}"#,
                "credit Assets:Gateway:native:Pending:USD 12; debit Expenses:GatewayFee 32; credit Income:Sales 20",
            ),
            ("charge", r#"{"amount":32,"fee":32}"#, "debit Expenses:GatewayFee 32; credit Income:Sales 32"),
            (
                "funds_available",
                r#"{"amount":"9680"}"#,
                "debit Assets:Gateway:native:Available:USD 9680; credit Assets:Gateway:native:Pending:USD 9680",
            ),
            (
                "refund",
                r#"{"amount":"3000"}"#,
                "debit Income:Refunds 3000; credit Assets:Gateway:native:Available:USD 3000",
            ),
            (
                "refund_requested",
                r#"{"amount":"3000"}"#,
                "debit Income:Refunds 3000; credit Liabilities:Refunds:Pending:USD 3000",
            ),
            (
                "refund_sent",
                r#"{"amount":"3000"}"#,
                "debit Liabilities:Refunds:Pending:USD 3000; credit Assets:Gateway:native:Available:USD 3000",
            ),
            (
                "payout",
                r#"{"amount":"50000"}"#,
                "debit Assets:Clearing:Payout:native:USD 50000; credit Assets:Gateway:native:Available:USD 50000",
            ),
            (
                "payout_arrived",
                r#"{"amount":"50000"}"#,
                "debit Assets:Bank:main:USD 50000; credit Assets:Clearing:Payout:native:USD 50000",
            ),
            (
                "payout_failed",
                r#"{"amount":"50000"}"#,
                "debit Assets:Gateway:native:Available:USD 50000; credit Assets:Clearing:Payout:native:USD 50000",
            ),
        ];
        for (template, amounts, expected) in table {
            assert_eq!(fill(template, amounts, "").unwrap(), expected, "{template}");
        }
        for template in TEMPLATES {
            assert!(table.iter().any(|(name, ..)| *name == template.name), "{} is not tested", template.name);
        }
    }

    #[test]
    fn what_is_missing_or_misspelt_is_named() {
        let table = [
            ("chrage", r#"{"amount":"1"}"#, "", "there is no template \"chrage\": see the list of templates"),
            ("charge", r#"{"fee":"1"}"#, "", "the template `charge` needs the value `amount`: add it"),
            (
                "charge",
                r#"{"amount":"1","fe":"1"}"#,
                "",
                "the field \"fe\" is not known here: remove it or mend its name",
            ),
            ("charge", "{}", "", "the template `charge` needs the value `amount`: add it"),
            ("charge", r#"{"amount":"0"}"#, "", "the entry has 0 postings: expected 2 to 256"),
            (
                "charge",
                r#"{"amount":-1}"#,
                "",
                "\"-1\" is not an amount: expected minor units as plain digits, without sign, fraction or space",
            ),
            (
                "charge",
                r#"{"amount":"1"}"#,
                r#","facts":{"id":"x"}"#,
                "the field `reference` is missing: expected a non-empty string",
            ),
            (
                "charge",
                r#"{"amount":"1"}"#,
                r#","colour":1"#,
                "the field \"colour\" is not known here: remove it or mend its name",
            ),
        ];
        for (template, amounts, rest, expected) in table {
            assert_eq!(fill(template, amounts, rest).unwrap_err().to_string(), expected);
        }
    }
}
