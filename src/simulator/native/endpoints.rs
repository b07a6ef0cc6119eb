//! Where events go and what became of them: endpoints, their secrets, and sending again by hand.
//!
//! Invariant: a secret is shown once, in the answer that made it.

use super::super::Error;
use super::super::signing::{Scheme, secret_text};
use super::super::state::State;
use super::super::treasury::PayoutState;
use super::super::wallets;
use super::super::webhooks::{Dialect, Endpoint, Event, Filter, NATIVE_EVENT, Status};
use super::super::world::World;
use super::read::bounded;
use super::{address, view};
use crate::json::{ArrayWriter, Fields, ObjectWriter, Value};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

const URL_CHARACTERS_MAX: usize = 2_048;
const SECRET_CHARACTERS_MAX: usize = 200;

/// Longest time for which two secrets sign, and the usual one, in seconds: a day.
const OVERLAP_S_MAX: u64 = 24 * 60 * 60;

/// `POST /api/webhook_endpoints`.
pub(super) fn create(world: &mut World, now: Timestamp, body: &Value<'_>) -> Result<String, Error> {
    let mut fields = Fields::of(body, "body")?;
    let url = fields.text("url")?;
    let events = fields.list("events")?;
    let secret = fields.maybe_text("secret")?;
    let scheme = fields.maybe_text("scheme")?;
    fields.finish()?;

    let url = callable(url)?;
    let filter = filter(events)?;
    let scheme = Scheme::parse(scheme.unwrap_or(Scheme::Standard.name()))
        .ok_or(Error::FieldInvalid { field: "scheme", expected: "standard-webhooks-v1 or stripe-v1" })?;
    let secret = match secret {
        Some(secret) => bounded("secret", secret, SECRET_CHARACTERS_MAX)?,
        None => secret_text(&world.ids.secret(world.webhooks.endpoints_ever())),
    };
    if scheme.key(&secret).is_none() {
        return Err(Error::FieldInvalid { field: "secret", expected: "whsec_ and base64, or no such field" });
    }
    let endpoint = Endpoint { filter, ..Endpoint::new(Dialect::Native, url, scheme, secret.clone(), now) };
    let number = world.webhooks.add_endpoint(endpoint)?;
    Ok(shown(world, number, Some(&secret)))
}

/// `GET /api/webhook_endpoints`, newest first.
pub(super) fn list(world: &World) -> String {
    let own = world.webhooks.endpoints().rev().filter(|(_, endpoint)| endpoint.dialect == Dialect::Native);
    view::list(own.map(|(number, _)| shown(world, number, None)), false)
}

/// `GET /api/webhook_endpoints/:id`.
pub(super) fn retrieve(world: &World, id: &str) -> Result<String, Error> {
    Ok(shown(world, find(world, id)?, None))
}

/// `POST /api/webhook_endpoints/:id`: changes what is named.
pub(super) fn update(world: &mut World, id: &str, body: &Value<'_>) -> Result<String, Error> {
    let number = find(world, id)?;
    let mut fields = Fields::of(body, "body")?;
    let url = fields.maybe_text("url")?;
    let events = fields.optional("events");
    let enabled = fields.maybe_flag("enabled")?;
    fields.finish()?;
    let url = url.map(callable).transpose()?;
    let events = events.map(|events| {
        let wrong = Error::FieldInvalid {
            field: "events",
            expected: "a list of payment.<state> and payout.<state>, or *",
        };
        events.as_array().ok_or(wrong).and_then(filter)
    });
    let events = events.transpose()?;

    // From here on the change is made.
    if let Some(endpoint) = world.webhooks.endpoint_mut(number) {
        if let Some(url) = url {
            endpoint.url = url;
        }
        if let Some(events) = events {
            endpoint.filter = events;
        }
        match enabled {
            Some(true) => endpoint.status = Status::Enabled,
            Some(false) => endpoint.status = Status::Disabled,
            None => {}
        }
    }
    Ok(shown(world, number, None))
}

/// `DELETE /api/webhook_endpoints/:id`.
pub(super) fn delete(world: &mut World, id: &str) -> Result<String, Error> {
    let number = find(world, id)?;
    if let Some(endpoint) = world.webhooks.endpoint_mut(number) {
        endpoint.status = Status::Deleted;
    }
    let out = ObjectWriter::new().text("id", id).text("object", "webhook_endpoint");
    Ok(out.flag("deleted", true).finish())
}

/// `POST /api/webhook_endpoints/:id/rotate`: another secret, and for a while both sign.
pub(super) fn rotate(world: &mut World, now: Timestamp, id: &str, body: &Value<'_>) -> Result<String, Error> {
    let number = find(world, id)?;
    let mut fields = Fields::of(body, "body")?;
    let overlap = fields.maybe_integer("overlapSeconds")?.unwrap_or(OVERLAP_S_MAX);
    fields.finish()?;
    if overlap > OVERLAP_S_MAX {
        return Err(Error::FieldInvalid { field: "overlapSeconds", expected: "at most one day" });
    }
    let secret = secret_text(&world.ids.another_secret(number, world.step));
    if let Some(endpoint) = world.webhooks.endpoint_mut(number) {
        endpoint.rotate(secret.clone(), now.saturating_add(Millis::from_seconds(overlap)));
    }
    Ok(shown(world, number, Some(&secret)))
}

/// `GET /api/events/:id`.
pub(super) fn event(world: &World, id: &str) -> Result<String, Error> {
    let (number, event) = find_event(world, id)?;
    Ok(view::event(world, number, event))
}

/// `POST /api/events/:id/resend`: one attempt at once, at one endpoint or at all that were meant to get it.
pub(super) fn resend(world: &mut World, now: Timestamp, id: &str, body: &Value<'_>) -> Result<String, Error> {
    let (number, event) = find_event(world, id)?;
    let mut fields = Fields::of(body, "body")?;
    let endpoint = fields.maybe_text("endpoint")?;
    fields.finish()?;
    let endpoints = match endpoint {
        Some(id) => vec![find(world, id)?],
        None => world.webhooks.audience(event.account, event.kind, event.news),
    };

    // From here on it is sent.
    for endpoint in endpoints {
        let _ = world.webhooks.resend(number, endpoint, now);
    }
    self::event(world, id)
}

fn find(world: &World, id: &str) -> Result<usize, Error> {
    let number = world.ids.number("we", id);
    let is_ours =
        |endpoint: &Endpoint| endpoint.dialect == Dialect::Native && endpoint.status != Status::Deleted;
    let number = number.filter(|number| world.webhooks.endpoint(*number).is_some_and(is_ours));
    number.ok_or_else(|| not_found("webhook endpoint", id))
}

fn find_event<'w>(world: &'w World, id: &str) -> Result<(usize, &'w Event), Error> {
    let number = world.ids.number(NATIVE_EVENT, id).ok_or_else(|| not_found("event", id))?;
    let event = world.webhooks.events().get(number);
    let event = event.filter(|event| event.news.dialect() == Dialect::Native);
    event.map(|event| (number, event)).ok_or_else(|| not_found("event", id))
}

fn not_found(what: &'static str, id: &str) -> Error {
    const SHOWN_MAX: usize = 40;
    Error::NotFound { what, found: id.chars().take(SHOWN_MAX).collect() }
}

fn callable(url: &str) -> Result<String, Error> {
    let url = bounded("url", url, URL_CHARACTERS_MAX)?;
    if address::is_callable(&url) {
        return Ok(url);
    }
    Err(Error::FieldInvalid {
        field: "url",
        expected: "an absolute http or https address in visible ASCII, with a host, without a user name, and with \
                   a port from 1 to 65535 if any",
    })
}

fn filter(events: &[Value<'_>]) -> Result<Filter, Error> {
    let known = |name: &&str| {
        *name == "*"
            || State::ALL.iter().any(|state| state.event() == *name)
            || PayoutState::ALL.iter().any(|state| wallets::event_of(*state) == *name)
    };
    let wrong = Error::FieldInvalid {
        field: "events",
        expected: "a list of payment.<state> and payout.<state>, or *",
    };
    let names: Option<Vec<&str>> = events.iter().map(|name| name.as_str().filter(known)).collect();
    Ok(Filter::of(names.ok_or(wrong)?.into_iter()))
}

fn shown(world: &World, number: usize, secret: Option<&str>) -> String {
    let Some(endpoint) = world.webhooks.endpoint(number) else { return "null".to_owned() };
    let events = endpoint.filter.names().into_iter().fold(ArrayWriter::new(), ArrayWriter::text);
    ObjectWriter::new()
        .text("id", &world.ids.id("we", number))
        .text("object", "webhook_endpoint")
        .text("url", &endpoint.url)
        .raw("events", &events.finish())
        .text("scheme", endpoint.scheme.name())
        .flag("enabled", endpoint.status == Status::Enabled)
        .maybe_text("secret", secret)
        .finish()
}
