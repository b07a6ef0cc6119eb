//! The faults of a request in this dialect: what they are drawn by, how they are worded, what is told about them.

use super::super::faults::{self, Deed, Fate, Fault, Injected};
use super::super::world::World;
use super::super::{Exchange, Request};
use super::envelope;
use super::form;
use super::notify::{id_of, intended, reference, reference_of};
use super::object::Object;
use super::params::{MetadataPatch, Params};
use super::refusal::Refusal;
use super::routes::{self, Answer, Row};
use super::work::Work;
use crate::crypto::sha256_hex;
use crate::prelude::*;
use crate::time::Timestamp;

/// Resources that belong to the set-up of a test: no fault strikes them.
const SPARED: [&str; 2] = ["/v1/webhook_endpoints", "/v1/test_helpers/"];

/// How many events back an older version of an object is looked for.
const EVENTS_SEEN_MAX: usize = 2_000;

/// Draws what befalls a request; nothing for one that finds no route.
pub(super) fn fate(world: &mut World, request: &Request) -> Fate {
    if !world.injector.may_strike_requests() {
        return Fate::default();
    }
    let Some((row, _)) = routes::find(&request.method, &request.path) else { return Fate::default() };
    if SPARED.iter().any(|spared| row.pattern.starts_with(spared)) {
        return Fate::default();
    }
    let deed = match row.method {
        "GET" if row.pattern.ends_with("/search") => Deed::Searches,
        "GET" => Deed::Reads,
        _ => Deed::Mutates,
    };
    // Attempts of one purchase share their key. A key the client invented is another one each time the program runs, so
    // what is asked for stands in its place.
    let subject = intended(request.header("idempotency-key")).map_or_else(
        || format!("{} {}?{} {}", request.method, request.path, request.query, sha256_hex(&request.body)),
        str::to_owned,
    );
    world.injector.fate(&subject, &format!("{} {}", row.method, row.pattern), deed)
}

/// The answer to a request that a fault stopped.
pub(super) fn refused(fault: Fault) -> Exchange {
    if let Some(bare) = faults::bare(fault) {
        return bare;
    }
    let refusal = match fault {
        Fault::RateLimited | Fault::RateLimitedRetry => *Refusal::rate_limited(),
        _ => *Refusal::unavailable(),
    };
    let mut exchange = envelope::answer(&refusal, None);
    match fault {
        Fault::RateLimited => exchange.headers.push(("retry-after", "1".to_owned())),
        Fault::RateLimitedRetry => exchange.headers.push(("stripe-should-retry", "true".to_owned())),
        _ => {}
    }
    exchange
}

/// Appends a fault that stopped a request to the ground truth, with the objects its path names.
pub(super) fn confess_refused(world: &mut World, fault: Fault, now: Timestamp, request: &Request) {
    tell(world, (fault, false), now, request, None);
}

/// Appends a fault of a request that was dealt with to the ground truth, with the object it concerned, or those its path
/// names.
pub(super) fn confess(
    world: &mut World,
    fault: Fault,
    now: Timestamp,
    request: &Request,
    object: Option<&Object>,
) {
    tell(world, (fault, true), now, request, object);
}

fn tell(world: &mut World, fault: (Fault, bool), now: Timestamp, request: &Request, object: Option<&Object>) {
    let objects = match object {
        Some(object) => vec![id_of(world, object)],
        None => routes::find(&request.method, &request.path).map(|(_, ids)| ids).unwrap_or_default(),
    };
    let reference = object.and_then(|object| reference(object.head())).or_else(|| asked_reference(request));
    world.confess(Injected::of_request(fault, objects, reference), now);
}

/// The reference in the metadata of a request that made nothing.
fn asked_reference(request: &Request) -> Option<String> {
    let params = form::decode(&request.body).ok()?;
    match Params::new(params).metadata().ok()? {
        MetadataPatch::Merge(pairs) => reference_of(&pairs),
        MetadataPatch::Keep | MetadataPatch::Clear => None,
    }
}

/// The version of an object that was the latest at `as_of`, or the first there was.
pub(super) fn version_at(world: &World, object: &Object, as_of: Timestamp) -> Option<Object> {
    let (class, number) = (object.class(), object.head().number);
    let mut oldest = None;
    for event in world.stripe.tables.events.rows().iter().rev().take(EVENTS_SEEN_MAX) {
        if event.object.class() != class || event.object.head().number != number {
            continue;
        }
        if event.head.created <= as_of {
            return Some(event.object.clone());
        }
        oldest = Some(event.before.clone().unwrap_or_else(|| event.object.clone()));
    }
    oldest
}

/// Adds an object of somebody else to a list between two of its pages, where that moves no money.
pub(super) fn grow(world: &mut World, now: Timestamp, row: &Row) {
    let form = match row.pattern {
        "/v1/customers" => "name=Another+worker",
        "/v1/payment_intents" => "amount=100&currency=usd",
        _ => return,
    };
    let Some((create, _)) = routes::find("POST", row.pattern) else { return };
    let Ok(params) = form::decode(form.as_bytes()) else { return };
    let made = (create.run)(&mut Work::of_time(world, now), Params::new(params));
    if let Some(object) = made.as_ref().ok().and_then(Answer::object) {
        let objects = vec![id_of(world, object)];
        world.confess(Injected::of_request((Fault::ListGrows, true), objects, None), now);
    }
}
