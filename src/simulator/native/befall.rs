//! The faults of a request in this dialect: what they are drawn by, how they are worded, what is told about them.

use super::super::faults::{self, Deed, Fate, Fault, Injected};
use super::super::payment::{Order, Script};
use super::super::world::World;
use super::super::{Error, Exchange, Request};
use super::routes::{Class, Found, Route};
use super::serve::refusal;
use crate::json::{self, Value};
use crate::money::{Amount, Currency};
use crate::prelude::*;
use crate::time::Timestamp;

/// Seconds a merchant is asked to wait by an injected 429.
const RETRY_AFTER_S: u64 = 1;

/// Draws what befalls a request.
pub(super) fn fate(world: &mut World, request: &Request, found: &Found) -> Fate {
    // Attempts of one purchase share their key, and a key belongs to one purchase.
    let subject = match request.header("idempotency-key") {
        Some(key) => key.to_owned(),
        None => format!("{} {}?{}", request.method, request.path, request.query),
    };
    let deed = match (found.class, found.route) {
        (Class::Plain, _) => return Fate::default(),
        (Class::Mutation, _) => Deed::Mutates,
        (Class::Read, Route::ListPayments) if request.query.contains("reference=") => Deed::Searches,
        (Class::Read, _) => Deed::Reads,
    };
    world.injector.fate(&subject, &found.name, deed)
}

/// The answer to a request that a fault stopped.
pub(super) fn refused(fault: Fault) -> Exchange {
    match fault {
        Fault::RateLimited | Fault::RateLimitedRetry => {
            let mut exchange = refusal(&Error::RateLimited { seconds: RETRY_AFTER_S });
            if fault == Fault::RateLimitedRetry {
                exchange.headers.push(("should-retry", "true".to_owned()));
            }
            exchange
        }
        Fault::ServerError => refusal(&Error::Unavailable),
        other => faults::bare(other).unwrap_or_else(|| refusal(&Error::Unavailable)),
    }
}

/// Appends a fault that stopped a request to the ground truth, with whatever the request concerned.
pub(super) fn confess_refused(
    world: &mut World,
    fault: Fault,
    now: Timestamp,
    request: &Request,
    found: &Found,
) {
    tell(world, (fault, false), now, request, found, None);
}

/// Appends a fault of a request that was dealt with to the ground truth, with whatever the request concerned.
pub(super) fn confess(
    world: &mut World,
    fault: Fault,
    now: Timestamp,
    request: &Request,
    found: &Found,
    payment: Option<usize>,
) {
    tell(world, (fault, true), now, request, found, payment);
}

fn tell(
    world: &mut World,
    fault: (Fault, bool),
    now: Timestamp,
    request: &Request,
    found: &Found,
    payment: Option<usize>,
) {
    let payment = payment.or_else(|| world.find(&found.id).ok());
    let objects = payment.map(|number| world.ids.id("pay", number)).into_iter().collect();
    let asked = || {
        let body = json::parse(&request.body).ok()?;
        body.get("reference").and_then(Value::as_str).map(str::to_owned)
    };
    let reference = payment.map(|number| world.reference(number)).or_else(asked);
    world.confess(Injected::of_request(fault, objects, reference), now);
}

/// Adds a payment of somebody else between two pages of the list; one that was declined, so that no money moves.
pub(super) fn grow(world: &mut World, now: Timestamp) -> Result<(), Error> {
    let order = Order {
        merchant_id: "another-worker".to_owned(),
        amount: Amount::from_minor(100, Currency::parse("EUR")?)?,
        description: None,
        metadata: None,
        reference: None,
        capture: true,
        script: Script::of(Some("decline")),
    };
    let payment = world.create(order, now)?.payment;
    let (objects, reference) = (vec![world.ids.id("pay", payment)], Some(world.reference(payment)));
    world.confess(Injected::of_request((Fault::ListGrows, true), objects, reference), now);
    Ok(())
}
