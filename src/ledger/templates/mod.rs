//! Which accounts an event touches is data, and every template balances whatever the amounts are.
//!
//! A template has a name, [`Leg`]s, the type of the event in a settlement report where it has a row there, and how its
//! entry stands to the one it takes from. A merchant's own template is read by the same rules and checked when it is
//! loaded: legs that would not balance are refused by the name of the amount.
//!
//! A leg whose sum is zero is left out, and one whose sum is negative stands on the other side (a fee larger than the
//! charge leaves the gateway account with a credit).

mod fill;
mod leg;

use super::entry::Relation;
use super::error::shortened;
use super::facts::EventType;
use super::{Error, ErrorKind};
use crate::json::{Fields, Value};
use crate::prelude::*;

pub use leg::{Leg, Term};

/// The built-in templates.
const BUILT_IN: &str = include_str!("built-in.txt");

/// Most legs of a template.
const LEGS_MAX: usize = 32;

/// How an event becomes an entry. Made by [`Template::named`] or [`Template::from_json`], so that it balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    name: String,
    event: Option<EventType>,
    relation: Option<Relation>,
    legs: Vec<Leg>,
}

impl Template {
    /// The names of the built-in templates.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.lines().filter_map(|line| line.strip_prefix("template "))
    }

    /// The built-in template of a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownTemplate`].
    pub fn named(name: &str) -> Result<Self, Error> {
        let mut lines = BUILT_IN.lines();
        if !lines.any(|line| line.strip_prefix("template ") == Some(name)) {
            return Err(Error::unknown_template(name));
        }
        let mut template = Self { name: name.to_owned(), event: None, relation: None, legs: Vec::new() };
        for line in lines.map_while(|line| line.strip_prefix("  ")) {
            if let Some(event) = line.strip_prefix("event ") {
                template.event = EventType::parse(event);
            } else if let Some(relation) = line.strip_prefix("relation ") {
                template.relation = Relation::parse(relation);
            } else {
                template.legs.push(template.leg(line)?);
            }
        }
        template.checked()
    }

    /// A merchant's own template: `{"name", "event"?, "relation"?, "legs": ["debit … amount", …]}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Json`], [`ErrorKind::InvalidTemplate`].
    pub fn from_json(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = Fields::of(value, "template")?;
        let name = fields.text("name")?.to_owned();
        let mut template = Self { name, event: None, relation: None, legs: Vec::new() };
        if !leg::is_name(&template.name) {
            return Err(
                template.refused(&template.name, "a name in lower case with underscores, such as tip_paid")
            );
        }
        if let Some(word) = fields.maybe_text("event")? {
            const EVENTS: &str =
                "an event: charge, refund, dispute, fee, payout, payout_failure or adjustment";
            template.event = Some(EventType::parse(word).ok_or_else(|| template.refused(word, EVENTS))?);
        }
        if let Some(word) = fields.maybe_text("relation")? {
            const RELATIONS: &str = "a relation: reverses, captures, voids or expires";
            let relation = Relation::parse(word).filter(|relation| relation.takes().is_some());
            template.relation = Some(relation.ok_or_else(|| template.refused(word, RELATIONS))?);
        }
        for leg in fields.list("legs")? {
            let line = leg.as_str().ok_or_else(|| template.refused(leg.kind(), "legs that are texts"))?;
            template.legs.push(template.leg(line)?);
        }
        fields.finish()?;
        template.checked()
    }

    /// The name, in snake_case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the event is called in a settlement report; `None` when it has no row there.
    #[must_use]
    pub const fn event(&self) -> Option<EventType> {
        self.event
    }

    /// How its entry stands to the one it takes from.
    #[must_use]
    pub const fn relation(&self) -> Option<Relation> {
        self.relation
    }

    /// The postings.
    #[must_use]
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    fn leg(&self, line: &str) -> Result<Leg, Error> {
        Leg::parse(line).map_err(|expected| self.refused(line, expected))
    }

    fn checked(self) -> Result<Self, Error> {
        if self.legs.len() < 2 || self.legs.len() > LEGS_MAX {
            return Err(self.refused(&self.legs.len().digits(), "2 to 32 legs"));
        }
        if let Some(name) = leg::unbalanced(&self.legs) {
            let expected =
                "as much on the debit side as on the credit side, in each currency and on each layer";
            return Err(self.refused(name, expected));
        }
        Ok(self)
    }

    fn refused(&self, found: &str, expected: &'static str) -> Error {
        let (template, found) = (shortened(&self.name), shortened(found));
        Error::from(ErrorKind::InvalidTemplate { template, found, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn every_built_in_template_is_read_whole() {
        let names: Vec<&str> = Template::names().collect();
        assert_eq!(names.len(), 47);
        for name in names {
            let template = Template::named(name).unwrap();
            let lines = BUILT_IN.split("template ").find(|text| text.lines().next() == Some(name)).unwrap();
            let words = lines.lines().skip(1).filter(|line| line.starts_with("  "));
            let read = template.legs.len()
                + usize::from(template.event.is_some())
                + usize::from(template.relation.is_some());
            assert_eq!(read, words.count(), "{name}");
        }
    }

    #[test]
    fn an_own_template_is_refused_when_it_is_loaded() {
        // template                                             what is said of it
        let table = [
            (
                r#"{"name":"tip","legs":["debit Assets:Till:{currency} amount + tip?","credit Income:Sales amount"]}"#,
                "the template \"tip\" cannot be used: tip: expected as much on the debit side as on the credit side, \
                 in each currency and on each layer",
            ),
            (
                r#"{"name":"tip","legs":["pending debit Assets:Till:x amount","credit Income:Sales amount"]}"#,
                "the template \"tip\" cannot be used: amount: expected as much on the debit side as on the credit \
                 side, in each currency and on each layer",
            ),
            (
                r#"{"name":"tip","legs":["debit Assets:Till:x amount","credit Income:Sales amount in other"]}"#,
                "the template \"tip\" cannot be used: amount: expected as much on the debit side as on the credit \
                 side, in each currency and on each layer",
            ),
            (
                r#"{"name":"tip","legs":["debit Till amount","credit Income:Sales amount"]}"#,
                "the template \"tip\" cannot be used: debit Till amount: expected a name of an account with segments \
                 such as {gateway}",
            ),
            (
                r#"{"name":"tip","legs":["debit Assets:Till amount"]}"#,
                "the template \"tip\" cannot be used: 1: expected 2 to 32 legs",
            ),
            (
                r#"{"name":"tip","event":"sale","legs":[]}"#,
                "the template \"tip\" cannot be used: sale: expected an event: charge, refund, dispute, fee, payout, \
                 payout_failure or adjustment",
            ),
            (
                r#"{"name":"tip","relation":"follows","legs":[]}"#,
                "the template \"tip\" cannot be used: follows: expected a relation: reverses, captures, voids or \
                 expires",
            ),
            (
                r#"{"name":"Tip!","legs":[]}"#,
                "the template \"Tip!\" cannot be used: Tip!: expected a name in lower case with underscores, such as \
                 tip_paid",
            ),
            (
                r#"{"name":"tip","legs":[7]}"#,
                "the template \"tip\" cannot be used: a number: expected legs that are texts",
            ),
        ];
        for (template, expected) in table {
            let document = json::parse(template.as_bytes()).unwrap();
            assert_eq!(Template::from_json(&document).unwrap_err().to_string(), expected);
        }
    }
}
