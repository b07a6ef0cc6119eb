//! How payments become a provider's requests, and where his answers say what became of them.
//!
//! Invariant: what an answer does not say in the place the dialect names is not known. A word that stands in none of the
//! lists of states is no state, and an amount in another form is no amount.

use crate::json::{Fields, Value};
use crate::prelude::*;

use super::profile::{refused, texts};
use super::template::{Template, operation_of};
use super::{Error, Operation};

/// A provider's API as tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// How bodies are written.
    pub(super) encoding: Encoding,
    /// How amounts stand in answers.
    pub(super) amounts: AmountForm,
    /// One row for each operation the API has.
    pub(super) routes: Vec<(Operation, Route)>,
}

/// How bodies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// JSON.
    Json,
    /// `application/x-www-form-urlencoded`, members of objects and lists in brackets.
    Form,
}

/// How amounts stand in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AmountForm {
    /// Minor units, as a number or as digits.
    Minor,
    /// A decimal in major units, as text.
    Decimal,
}

/// How one operation is carried out, read and asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The request.
    pub(super) send: Template,
    /// Whether the API wants an amount where ours may leave it out.
    pub(super) needs_amount: bool,
    /// Where the answer says what became of it.
    pub(super) reading: Reading,
    /// How it is asked about; `None` when the API cannot be asked.
    pub(super) query: Option<Query>,
}

/// How an operation is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// The request; reading only.
    pub(super) ask: Template,
    /// Where the answer has its list; the answer is one object when left out.
    pub(super) items: Option<String>,
    /// Where the answer says that the list goes on: must be there, and is `false` or null at the end.
    pub(super) more: Option<String>,
    /// Where the answer names the page that follows: null, empty or absent at the end.
    pub(super) next: Option<String>,
    /// Only where no amount was named: a state that speaks of the whole says nothing about a part.
    pub(super) whole_only: bool,
    /// Where an object of the answer says what became of it.
    pub(super) reading: Reading,
}

/// Where an answer says what became of a payment: paths into it, and words for states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// The provider's name for it.
    pub(super) id: String,
    /// The state; where it is left out, an answer of success is success.
    pub(super) state: Option<String>,
    /// How much. Compared where it is named.
    pub(super) amount: Option<String>,
    /// In which currency. Needed where `amount` is named.
    pub(super) currency: Option<String>,
    /// Our reference. Compared where it is named.
    pub(super) reference: Option<String>,
    /// The merchant. Compared where it is named.
    pub(super) merchant: Option<String>,
    /// The code of a failure.
    pub(super) code: Option<String>,
    /// The sentence that belongs to it.
    pub(super) message: Option<String>,
    /// Each word that a state may be, and what it means.
    pub(super) states: Vec<(String, Standing)>,
}

/// What a state of the provider's means for ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Done.
    Settled,
    /// The customer has to act.
    Action,
    /// Not decided yet.
    Processing,
    /// Refused or taken back; nothing moved.
    Failed,
    /// Not begun: what was asked for has left no trace.
    Absent,
}

impl Standing {
    const NAMES: [(&'static str, Self); 5] = [
        ("settled", Self::Settled),
        ("action", Self::Action),
        ("processing", Self::Processing),
        ("failed", Self::Failed),
        ("absent", Self::Absent),
    ];
}

impl Dialect {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "dialect")?;
        let encoding = match fields.text("encoding")? {
            "json" => Encoding::Json,
            "form" => Encoding::Form,
            _ => return Err(refused("dialect.encoding", "is neither \"json\" nor \"form\"")),
        };
        let amounts = match fields.maybe_text("amounts")? {
            None | Some("minor") => AmountForm::Minor,
            Some("decimal") => AmountForm::Decimal,
            Some(_) => return Err(refused("dialect.amounts", "is neither \"minor\" nor \"decimal\"")),
        };
        let usual = fields.optional("answer").map(|value| Reading::read(value, None)).transpose()?;
        let operations = fields.required("operations", "an object")?;
        fields.finish()?;

        let mut routes = Vec::new();
        for (name, value) in operations.as_object().unwrap_or_default() {
            let operation = operation_of(name)
                .ok_or_else(|| refused("dialect.operations", "holds a name that is no operation"))?;
            routes.push((operation, Route::read(value, usual.as_ref())?));
        }
        if routes.is_empty() {
            return Err(refused("dialect.operations", "is no object with a row for each operation"));
        }
        Ok(Self { encoding, amounts, routes })
    }
}

impl Route {
    fn read(value: &Value<'_>, usual: Option<&Reading>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "operations")?;
        let send = Template::read_fields(&mut fields)?;
        let needs_amount = fields.maybe_flag("needs_amount")?.unwrap_or(false);
        let reading = Reading::read_optional(fields.optional("answer"), usual)?;
        let query = fields.optional("query").map(|value| Query::read(value, &reading)).transpose()?;
        fields.finish()?;
        Ok(Self { send, needs_amount, reading, query })
    }
}

impl Query {
    fn read(value: &Value<'_>, usual: &Reading) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "query")?;
        let mut ask = Template::read_fields(&mut fields)?;
        if fields.maybe_text("method")?.is_none() {
            "GET".clone_into(&mut ask.method);
        }
        let text = |value: Option<&str>| value.map(ToOwned::to_owned);
        let query = Self {
            ask,
            items: text(fields.maybe_text("items")?),
            more: text(fields.maybe_text("more")?),
            next: text(fields.maybe_text("next")?),
            whole_only: fields.maybe_flag("whole_only")?.unwrap_or(false),
            reading: Reading::read_optional(fields.optional("answer"), Some(usual))?,
        };
        fields.finish()?;
        if query.items.is_some() && query.reading.reference.is_none() {
            let problem = "reads a list without `answer.reference`: payments of others would count as ours";
            return Err(refused("query", problem));
        }
        if query.reading.state.is_none() {
            return Err(refused(
                "query",
                "does not say where the answer has its state: it would prove nothing",
            ));
        }
        Ok(query)
    }
}

impl Reading {
    fn read_optional(value: Option<&Value<'_>>, usual: Option<&Self>) -> Result<Self, Error> {
        match (value, usual) {
            (Some(value), usual) => Self::read(value, usual),
            (None, Some(usual)) => Ok(usual.clone()),
            (None, None) => {
                Err(refused("answer", "is missing: where does the answer say what became of it?"))
            }
        }
    }

    /// Where `value` names no states, the words are those of the reading it stands in for.
    fn read(value: &Value<'_>, usual: Option<&Self>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "answer")?;
        let text = |value: Option<&str>| value.map(ToOwned::to_owned);
        let reading = Self {
            id: fields.text("id")?.to_owned(),
            state: text(fields.maybe_text("state")?),
            amount: text(fields.maybe_text("amount")?),
            currency: text(fields.maybe_text("currency")?),
            reference: text(fields.maybe_text("reference")?),
            merchant: text(fields.maybe_text("merchant")?),
            code: text(fields.maybe_text("code")?),
            message: text(fields.maybe_text("message")?),
            states: match fields.optional("states") {
                Some(value) => states(value)?,
                None => usual.map(|usual| usual.states.clone()).unwrap_or_default(),
            },
        };
        fields.finish()?;
        if reading.amount.is_some() != reading.currency.is_some() {
            return Err(refused(
                "answer",
                "names only one of `amount` and `currency`: neither says anything alone",
            ));
        }
        if reading.state.is_some() && reading.states.is_empty() {
            return Err(refused("answer.states", "is missing: which words mean success, and which failure?"));
        }
        Ok(reading)
    }
}

fn states(value: &Value<'_>) -> Result<Vec<(String, Standing)>, Error> {
    let mut fields = Fields::of(value, "states")?;
    let mut states: Vec<(String, Standing)> = Vec::new();
    for (name, standing) in Standing::NAMES {
        for word in texts(name, fields.list(name)?)? {
            if states.iter().any(|(known, _)| *known == word) {
                return Err(refused("states", "has one word in two lists"));
            }
            states.push((word, standing));
        }
    }
    fields.finish()?;
    Ok(states)
}
