//! An event is written once and never changes: it holds the versions of the objects it tells of.

use alloc::sync::Arc;

use super::expand::{Expand, Field, Gives};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, Object, kind};
use super::params::Params;
use super::refusal::Result;
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::Work;
use crate::json::{self, Value};

pub(super) const ROUTES: &[Row] = &[
    Row::new("GET", "/v1/events", list, Gives::List(Class::Event), Level::Most),
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
        sheet.natural("pending_webhooks", 0);
        sheet.object("request", |sheet| {
            let id = self.cause.as_ref().map(|cause| reader.ids.id(REQUEST_PREFIX, cause.request));
            sheet.maybe_text("id", id.as_deref());
            let key = self.cause.as_ref().and_then(|cause| cause.key.as_deref());
            sheet.maybe_text("idempotency_key", key);
        });
        sheet.text("type", self.kind);
    }
}

/// `previous_attributes`: the members of the version before that are different now.
fn previous(sheet: &mut Sheet<'_>, before: &str, now: &str) {
    let (Ok(before), Ok(now)) = (json::parse(before.as_bytes()), json::parse(now.as_bytes())) else { return };
    let members: &[(_, Value<'_>)] = before.as_object().unwrap_or_default();
    sheet.object("previous_attributes", |sheet| {
        for (name, value) in members {
            if now.get(name).is_none_or(|now| now.to_text() != value.to_text()) {
                sheet.raw(name, &value.to_text());
            }
        }
    });
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Event>(0)?;
    Ok(Answer::Object(work.object::<Event>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Event>(work, &mut params)?;
    let (created, kind) = (Span::read(&mut params, "created")?, params.text("type")?);
    params.finish()?;
    let found = page.of::<Event>(work, |event| {
        created.holds(event.head.created) && kind.as_ref().is_none_or(|kind| kind == event.kind)
    });
    Ok(Answer::list::<Event>("/v1/events", found))
}
