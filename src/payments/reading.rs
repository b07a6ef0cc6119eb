//! A payment as a provider shows it, read by the dialect's paths.

use crate::json::Value;
use crate::money::{Amount, Currency};
use crate::prelude::*;

use super::classify::Verdict;
use super::node::Node;
use super::{Profile, Request, Unknown};

/// Where an answer says what became of a payment, and in which words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'p> {
    paths: &'p Node,
    states: Option<&'p Node>,
    /// Amounts are decimals in major units.
    decimal: bool,
}

impl<'p> Reading<'p> {
    /// How answers to a request are read; `None` when the profile cannot send it.
    pub(super) fn of(profile: &'p Profile, request: &Request) -> Option<Self> {
        Self::nearest(profile, &[profile.route_of(request)?])
    }

    /// How answers to a query are read.
    pub(super) fn of_query(profile: &'p Profile, request: &Request, query: &'p Node) -> Option<Self> {
        Self::nearest(profile, &[query, profile.route_of(request)?])
    }

    /// The reading that stands nearest: that of the place itself, of what it belongs to, or of the whole dialect.
    pub(super) fn nearest(profile: &'p Profile, places: &[&'p Node]) -> Option<Self> {
        let dialect = profile.root().get("dialect")?;
        let mut readings = places.iter().copied().chain([dialect]).filter_map(|place| place.get("answer"));
        let paths = readings.next()?;
        let states = core::iter::once(paths).chain(readings).find_map(|reading| reading.get("states"));
        Some(Self { paths, states, decimal: dialect.text("amounts") == Some("decimal") })
    }

    /// What the names of such objects begin with, where that tells them from others.
    fn kinds(self) -> impl Iterator<Item = &'p str> {
        self.paths.get("id_begins").map_or(&[][..], Node::one_or_more).iter().filter_map(Node::as_text)
    }

    /// What such a name begins with, for messages.
    pub(super) fn kind(self) -> Option<&'p str> {
        self.kinds().next()
    }

    /// Whether a name may be that of such an object.
    pub(super) fn names(self, id: &str) -> bool {
        self.kind().is_none() || self.kinds().any(|kind| id.starts_with(kind))
    }

    /// The text that an object has where the reading says that it has what is called so.
    #[inline(never)]
    fn text<'v>(&self, object: &'v Value<'_>, name: &str) -> Option<&'v str> {
        text_at(object, self.paths.text(name)?)
    }

    /// Whether an object says whose it is.
    pub(super) fn says_reference(&self) -> bool {
        self.paths.text("reference").is_some()
    }

    /// What a state of the provider's means for ours; `None` when it stands in no list.
    fn standing(&self, state: &str) -> Option<Standing> {
        let lists = self.states.map_or(&[][..], Node::members);
        let (name, _) =
            lists.iter().find(|(_, words)| words.items().iter().any(|word| word.as_text() == Some(state)))?;
        match name.as_str() {
            "settled" => Some(Standing::Settled),
            "action" => Some(Standing::Action),
            "processing" => Some(Standing::Processing),
            "failed" => Some(Standing::Failed),
            "absent" => Some(Standing::Absent),
            _ => None,
        }
    }
}

/// What a state of the provider's means for ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
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

/// What the machine needs to know of a payment, as it stands in an answer.
#[derive(Debug)]
pub(super) struct Seen<'v> {
    pub(super) id: &'v str,
    standing: Option<Standing>,
    state: &'v str,
    /// `None` where the dialect does not say where they stand.
    reference: Option<&'v str>,
    merchant: Option<&'v str>,
    amount: Option<Amount>,
    code: Option<&'v str>,
    message: Option<&'v str>,
}

/// The value at a path: names and positions with dots between, `last` for the last element of a list.
pub(super) fn at<'v, 'a>(value: &'v Value<'a>, path: &str) -> Option<&'v Value<'a>> {
    path.split('.').try_fold(value, |value, step| match value.as_array() {
        None => value.get(step),
        Some(items) if step == "last" => items.last(),
        Some(items) => {
            step.parse::<u64>().ok().and_then(|position| items.get(usize::try_from(position).ok()?))
        }
    })
}

/// The text at a path; numbers, which some providers use as codes, as they are written.
pub(super) fn text_at<'v>(value: &'v Value<'_>, path: &str) -> Option<&'v str> {
    match at(value, path)? {
        Value::String(text) => Some(text),
        Value::Number(lexeme) => Some(lexeme),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

impl<'v> Seen<'v> {
    /// `None` when the object is not a payment we can rely on.
    pub(super) fn read(reading: Reading<'_>, object: &'v Value<'_>) -> Option<Self> {
        let text = |name| reading.text(object, name);
        // What the dialect does not name is not compared; what it names and the answer lacks is compared with nothing.
        let named = |name| reading.paths.get(name).map(|_| text(name).unwrap_or_default());
        let (standing, state) = match reading.paths.get("state") {
            // An API without states says by its success that it is done.
            None => (Some(Standing::Settled), ""),
            Some(_) => {
                let word = text("state")?;
                (reading.standing(word), word)
            }
        };
        let amount = match reading.paths.text("amount") {
            Some(path) => Some(amount_at(at(object, path)?, text("currency")?, reading.decimal)?),
            None => None,
        };
        let id = at(object, reading.paths.text("id")?)?.as_str().filter(|id| !id.is_empty())?;
        // Other objects of the provider may bear our reference too: the same money under another name.
        if !reading.names(id) {
            return None;
        }
        Some(Self {
            id,
            standing,
            state,
            reference: named("reference"),
            merchant: named("merchant"),
            amount,
            code: text("code"),
            message: text("message"),
        })
    }

    /// Whether it bears our reference; what bears none is what was asked for by its id.
    pub(super) fn has_reference(&self, reference: &str) -> bool {
        self.reference.is_none_or(|found| found == reference)
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
            && self.merchant.is_none_or(|found| found == request.merchant)
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
        let provider_reference = self.id.to_owned();
        match self.standing {
            Some(Standing::Settled) => Verdict::Settled { provider_reference },
            Some(Standing::Action) => Verdict::ActionRequired { provider_reference },
            Some(Standing::Processing) => ambiguous(Unknown::Processing),
            Some(Standing::Failed) => Verdict::Declined {
                provider_reference: Some(provider_reference),
                code: self.code.unwrap_or(self.state).to_owned(),
                message: self.message.map_or_else(
                    || glued(&["the gateway says that the payment is ", self.state]),
                    ToOwned::to_owned,
                ),
            },
            // A state of a later version of the API, or one that says nothing about this operation: never guess.
            Some(Standing::Absent) | None => ambiguous(Unknown::Unreadable),
        }
    }
}

fn amount_at(value: &Value<'_>, currency: &str, decimal: bool) -> Option<Amount> {
    // Some APIs write currencies in lower case.
    let currency = Currency::parse(&currency.to_ascii_uppercase()).ok()?;
    if decimal {
        Amount::parse_major(value.as_str()?, currency).ok()
    } else {
        Amount::from_json(value, currency).ok()
    }
}
