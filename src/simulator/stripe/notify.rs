//! What the post office asks of this dialect: whom an event is about, and how it is written for an endpoint.

use super::super::world::World;
use super::events::Event;
use super::expand::Expand;
use super::object::{Head, Kind, Object};
use super::sheet::{LOCALHOST, Reader};
use super::version::Version;
use crate::prelude::*;

/// The members of metadata under which merchants note the name an order has in their own records, the likeliest first.
const REFERENCES: [&str; 5] = ["reference", "order_id", "orderId", "order", "order_ref"];

/// What keys begin with that the official client invents: a new one each time, which nothing may depend on.
const INVENTED_KEY: &str = "stripe-node-retry-";

/// The version of a payload of years ago.
const OLD: &str = "2020-08-27";

/// The name under which the merchant's records know what an object is about.
pub(super) fn reference(head: &Head) -> Option<String> {
    reference_of(head.metadata.as_deref().unwrap_or_default())
}

/// The same, in metadata as it is.
pub(super) fn reference_of(pairs: &[(String, String)]) -> Option<String> {
    REFERENCES
        .iter()
        .find_map(|name| pairs.iter().find(|(found, _)| found == name))
        .map(|(_, value)| value.clone())
}

/// A key that says something about the merchant's intention; `None` for one the client invented.
pub(super) fn intended(key: Option<&str>) -> Option<&str> {
    key.filter(|key| !key.starts_with(INVENTED_KEY))
}

/// Writes an event down once more, under another type, and returns its number.
pub(in crate::simulator) fn tell_again(world: &mut World, event: usize, kind: &'static str) -> usize {
    let events = &mut world.stripe.tables.events;
    let number = events.len();
    if let Some(found) = events.get(event).cloned() {
        let head = Head { number, ..found.head.clone() };
        events.push(Event { head, kind, ..Event::clone(&found) });
    }
    number
}

/// Whom an event is about, in words that do not depend on the order in which requests came in.
pub(in crate::simulator) fn subject_of(world: &World, event: usize) -> String {
    let Some(event) = world.stripe.tables.events.get(event) else { return String::new() };
    let key = event.cause.as_ref().and_then(|cause| intended(cause.key.as_deref())).map(str::to_owned);
    let about = reference(event.object.head()).or(key).unwrap_or_else(|| id_of(world, &event.object));
    format!("{} {about}", event.kind)
}

/// The id of the object an event is about, and the name under which the merchant's records know it.
pub(in crate::simulator) fn object_of(world: &World, event: usize) -> (String, Option<String>) {
    let event = world.stripe.tables.events.get(event);
    event.map_or_else(Default::default, |event| (id_of(world, &event.object), reference(event.object.head())))
}

/// An id that looks like that of the object an event is about, and names nothing.
pub(in crate::simulator) fn alien_of(world: &World, event: usize) -> String {
    let object = world.stripe.tables.events.get(event).map(|event| &event.object);
    object.map_or_else(String::new, |object| alien(world, object))
}

/// The id of an object.
pub(super) fn id_of(world: &World, object: &Object) -> String {
    world.ids.id(object.class().prefix(), object.head().number)
}

fn alien(world: &World, object: &Object) -> String {
    world.ids.alien(object.class().prefix(), object.head().number)
}

/// The id of an event and the body that announces it, in the version an endpoint asked for.
pub(in crate::simulator) fn webhook_body(
    world: &World,
    number: usize,
    api_version: Option<&str>,
    is_old: bool,
    is_forged: bool,
) -> Option<(String, String)> {
    let event = world.stripe.tables.events.get(number)?;
    let version = Version::read(if is_old { Some(OLD) } else { api_version }).ok()?;
    let reader = Reader {
        host: LOCALHOST,
        tables: &world.stripe.tables,
        ids: &world.ids,
        treasury: &world.treasury,
        office: &world.webhooks,
        version,
        is_new: false,
    };
    let (id, body) =
        (world.ids.id(Event::PREFIX, number), reader.object(&Object::Event(event.clone()), Expand::NONE));
    if !is_forged {
        return Some((id, body));
    }
    let other = world.ids.alien(Event::PREFIX, number);
    let body = body.replace(&id, &other).replace(&id_of(world, &event.object), &alien(world, &event.object));
    Some((other, body))
}
