//! An event is written once and never changes: it holds the versions of the objects it tells of.

use alloc::sync::Arc;

use super::super::webhooks::Webhooks;
use super::expand::{Expand, Field, Gives};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, Object, kind};
use super::params::Params;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::Work;
use crate::json::{self, ObjectWriter, Value};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

pub(super) const ROUTES: &[Row] = &[
    Row::new("GET", "/v1/events", list, Gives::List(Class::Event), Level::Whole),
    Row::new("GET", "/v1/events/:id", retrieve, Gives::One(Class::Event), Level::Whole),
];

/// Which request led to an event.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    /// The number of the request, which its id says.
    pub(super) request: usize,
    pub(super) key: Option<Arc<str>>,
}

/// Something that happened to an object.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) head: Head,
    /// Such as `payment_intent.succeeded`.
    pub(super) kind: &'static str,
    pub(super) object: Object,
    /// The version before, for events that tell of a change.
    pub(super) before: Option<Object>,
    /// `None` when it happened by itself.
    pub(super) cause: Option<Cause>,
}

/// How long events can be read: 30 days (<https://docs.stripe.com/api/events>).
const KEPT: Millis = Millis::from_seconds(30 * 24 * 60 * 60);

/// Most types a list may be filtered by.
const TYPES_MAX: usize = 20;

/// What request ids begin with.
pub(super) const REQUEST_PREFIX: &str = "req";

impl Kind for Event {
    kind!(Event, events);
    const PREFIX: &'static str = "evt";
    const NAME: &'static str = "event";
    const FIELDS: &'static [Field] = &[];

    fn write(&self, sheet: &mut Sheet<'_>) {
        let reader = sheet.reader;
        sheet.text("api_version", &reader.version.to_text());
        sheet.time("created", self.head.created);
        let object = reader.object(&self.object, Expand::NONE);
        let before = self.before.as_ref().map(|before| reader.object(before, Expand::NONE));
        sheet.object("data", |sheet| {
            sheet.raw("object", &object);
            if let Some(before) = before {
                previous(sheet, &before, &object);
            }
        });
        sheet.flag("livemode", false);
        sheet.natural("pending_webhooks", pending(reader.office, self.head.number));
        sheet.object("request", |sheet| {
            let id = self.cause.as_ref().map(|cause| reader.ids.id(REQUEST_PREFIX, cause.request));
            sheet.maybe_text("id", id.as_deref());
            let key = self.cause.as_ref().and_then(|cause| cause.key.as_deref());
            sheet.maybe_text("idempotency_key", key);
        });
        sheet.text("type", self.kind);
    }
}

/// `previous_attributes`: what the version before had and this one has otherwise; of an object inside, such as metadata,
/// only the members that differ, and of a list all.
fn previous(sheet: &mut Sheet<'_>, before: &str, now: &str) {
    let (Ok(before), Ok(now)) = (json::parse(before.as_bytes()), json::parse(now.as_bytes())) else { return };
    let difference = difference(&before, &now).unwrap_or_else(|| "{}".to_owned());
    sheet.raw("previous_attributes", &difference);
}

/// The members of `before` that are otherwise in `now`, and `null` for those that are new; `None` when nothing differs.
fn difference(before: &Value<'_>, now: &Value<'_>) -> Option<String> {
    let members = |value: &Value<'_>| value.as_object().map(<[_]>::len);
    if members(before).is_none() || members(now).is_none() {
        return (before.to_text() != now.to_text()).then(|| before.to_text());
    }
    let mut out = ObjectWriter::new();
    let mut differs = false;
    for (name, value) in before.as_object().unwrap_or_default() {
        let told = now.get(name).map_or_else(|| Some(value.to_text()), |now| difference(value, now));
        if let Some(told) = told {
            out = out.raw(name, &told);
            differs = true;
        }
    }
    for (name, _) in now.as_object().unwrap_or_default() {
        if before.get(name).is_none() {
            out = out.null(name);
            differs = true;
        }
    }
    differs.then(|| out.finish())
}

/// At how many endpoints an event has not arrived yet.
fn pending(office: &Webhooks, event: usize) -> u64 {
    let found = office.of_stripe(event).and_then(|number| office.events().get(number));
    found.map_or(0, |event| u64::try_from(office.pending(event)).unwrap_or(u64::MAX))
}

/// Whether an event is still kept.
fn is_kept(event: &Event, now: Timestamp) -> bool {
    now.since(event.head.created) <= KEPT
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Event>(0)?;
    if !is_kept(work.get::<Event>(number)?, work.now) {
        return Err(Refusal::no_such(Event::NAME, work.path_id(0)));
    }
    Ok(Answer::Object(work.object::<Event>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Event>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let (kind, kinds) = (params.text("type")?, params.texts("types")?);
    let is_delivered = params.flag("delivery_success")?;
    params.finish()?;
    if kind.is_some() && kinds.is_some() {
        let message = "Only one of type and types may be given".to_owned();
        return Err(Refusal::param(None, "types", message));
    }
    if kinds.as_ref().is_some_and(|kinds| kinds.len() > TYPES_MAX) {
        let message = format!("At most {TYPES_MAX} types may be given");
        return Err(Refusal::param(None, "types", message));
    }
    let wanted: Option<Vec<String>> = kind.map(|kind| vec![kind]).or(kinds);
    let (office, now) = (&work.world.webhooks, work.now);
    let found = page.of::<Event>(work, |event| {
        let is_wanted = |kinds: &Vec<String>| kinds.iter().any(|kind| fits(kind, event.kind));
        is_kept(event, now)
            && created.holds(event.head.created)
            && wanted.as_ref().is_none_or(is_wanted)
            && is_delivered.is_none_or(|wish| wish == (pending(office, event.head.number) == 0))
    });
    Ok(Answer::list::<Event>("/v1/events", found))
}

/// Whether a type is the one asked for, or one of a group such as `charge.*`.
fn fits(asked: &str, kind: &str) -> bool {
    match asked.strip_suffix('*') {
        Some(group) => kind.starts_with(group),
        None => asked == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::{difference, fits};
    use crate::json;

    #[test]
    fn a_star_stands_for_the_rest_of_a_type() {
        let table = [
            ("charge.succeeded", "charge.succeeded", true),
            ("charge.*", "charge.succeeded", true),
            ("charge.*", "charge.dispute.created", true),
            ("charge.*", "customer.created", false),
            ("*", "customer.created", true),
            ("charge", "charge.succeeded", false),
        ];
        for (asked, kind, expected) in table {
            assert_eq!(fits(asked, kind), expected, "{asked} {kind}");
        }
    }

    #[test]
    fn only_what_differs_is_told_and_what_is_new_was_null() {
        let table = [
            (r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, Some(r#"{"b":2}"#)),
            (r#"{"m":{"a":"1"}}"#, r#"{"m":{"a":"1","b":"2"}}"#, Some(r#"{"m":{"b":null}}"#)),
            (r#"{"m":{"a":"1"}}"#, r#"{"m":{}}"#, Some(r#"{"m":{"a":"1"}}"#)),
            (r#"{"m":null}"#, r#"{"m":{"a":1}}"#, Some(r#"{"m":null}"#)),
            (r#"{"l":[1,2]}"#, r#"{"l":[1,3]}"#, Some(r#"{"l":[1,2]}"#)),
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":1}}"#, None),
        ];
        for (before, now, expected) in table {
            let (parsed, other) = (json::parse(before.as_bytes()), json::parse(now.as_bytes()));
            assert_eq!(difference(&parsed.unwrap(), &other.unwrap()).as_deref(), expected, "{before} {now}");
        }
    }
}
