//! A payment as a provider shows it, read by the dialect's paths.

use crate::json::Value;
use crate::money::{Amount, Currency};
use crate::prelude::*;

use super::classify::Verdict;
use super::dialect::{AmountForm, Reading, Standing};
use super::{Request, Unknown};

/// What the machine needs to know of a payment.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    standing: Option<Standing>,
    /// `None` where the dialect does not say where they stand.
    reference: Option<String>,
    merchant: Option<String>,
    amount: Option<Amount>,
    state: String,
    failure: (Option<String>, Option<String>),
}

/// The value at a path: names and positions with dots between, `last` for the last element of a list.
pub(super) fn at<'v, 'a>(value: &'v Value<'a>, path: &str) -> Option<&'v Value<'a>> {
    path.split('.').try_fold(value, |value, step| match value.as_array() {
        None => value.get(step),
        Some(items) if step == "last" => items.last(),
        Some(items) => step.parse().ok().and_then(|position: usize| items.get(position)),
    })
}

/// The text at a path; numbers, which some providers use as codes and ids, as they are written.
pub(super) fn text_at(value: &Value<'_>, path: &str) -> Option<String> {
    match at(value, path)? {
        Value::String(text) => Some(text.clone().into_owned()),
        Value::Number(lexeme) => Some((*lexeme).to_owned()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Seen {
    /// `None` when the object is not a payment we can rely on.
    pub(super) fn read(reading: &Reading, form: AmountForm, object: &Value<'_>) -> Option<Self> {
        let text = |path: &String| text_at(object, path);
        let maybe = |path: &Option<String>| path.as_ref().and_then(text);
        let (standing, state) = match &reading.state {
            None => (Some(Standing::Settled), String::new()),
            Some(path) => {
                let word = text(path)?;
                let row = reading.states.iter().find(|(known, _)| *known == word);
                (row.map(|(_, standing)| *standing), word)
            }
        };
        let amount = match (&reading.amount, &reading.currency) {
            (Some(amount), Some(currency)) => Some(amount_at(object, amount, &text(currency)?, form)?),
            _ => None,
        };
        Some(Self {
            id: at(object, &reading.id)?.as_str().filter(|id| !id.is_empty())?.to_owned(),
            standing,
            reference: reading.reference.as_ref().map(|path| text(path).unwrap_or_default()),
            merchant: reading.merchant.as_ref().map(|path| text(path).unwrap_or_default()),
            amount,
            state,
            failure: (maybe(&reading.code), maybe(&reading.message)),
        })
    }

    /// Whether it bears our reference; what bears none is what was asked for by its id.
    pub(super) fn has_reference(&self, reference: &str) -> bool {
        self.reference.as_ref().is_none_or(|found| found == reference)
    }

    /// Whether the provider showed a reference at all.
    pub(super) const fn names_reference(&self) -> bool {
        self.reference.is_some()
    }

    /// Whether this is what we asked for, as far as it says.
    pub(super) fn is_for(&self, request: &Request) -> bool {
        let same_amount = match (self.amount, request.amount()) {
            (Some(found), Some(asked)) => found == asked,
            _ => true,
        };
        self.has_reference(&request.reference)
            && self.merchant.as_ref().is_none_or(|found| *found == request.merchant)
            && same_amount
    }

    pub(super) fn moved_money(&self) -> bool {
        self.standing == Some(Standing::Settled)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.standing == Some(Standing::Failed)
    }

    pub(super) fn is_absent(&self) -> bool {
        self.standing == Some(Standing::Absent)
    }

    /// What the payment's state proves. DESIGN.md has the table of states.
    pub(super) fn verdict(&self) -> Verdict {
        let ambiguous = |reason| Verdict::Ambiguous { reason, key_poisoned: false };
        let provider_reference = self.id.clone();
        match self.standing {
            Some(Standing::Settled) => Verdict::Settled { provider_reference },
            Some(Standing::Action) => Verdict::ActionRequired { provider_reference },
            Some(Standing::Processing) => ambiguous(Unknown::Processing),
            Some(Standing::Failed) => {
                let (code, message) = self.failure.clone();
                Verdict::Declined {
                    provider_reference: Some(provider_reference),
                    code: code.unwrap_or_else(|| self.state.clone()),
                    message: message
                        .unwrap_or_else(|| glued(&["the gateway says that the payment is ", &self.state])),
                }
            }
            // A state of a later version of the API, or one that says nothing about this operation: never guess.
            Some(Standing::Absent) | None => ambiguous(Unknown::Unreadable),
        }
    }
}

fn amount_at(object: &Value<'_>, path: &str, currency: &str, form: AmountForm) -> Option<Amount> {
    // Some APIs write currencies in lower case.
    let currency = Currency::parse(&currency.to_ascii_uppercase()).ok()?;
    let value = at(object, path)?;
    match form {
        AmountForm::Minor => Amount::from_json(value, currency).ok(),
        AmountForm::Decimal => Amount::parse_major(value.as_str()?, currency).ok(),
    }
}
