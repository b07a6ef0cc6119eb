//! One request, from its route to its answer, with the faults that strike on the way.

use super::super::faults::{Fault, FaultPlan, Injected};
use super::super::idempotency::Reply;
use super::super::world::{Receipt, World};
use super::super::{Error, Exchange, KEY_BYTES_MAX, Request, Transport};
use super::routes::{self, Class, Found, Route};
use super::status::status;
use super::{door, endpoints, lists, proof, read, view};
use crate::crypto::Sha256;
use crate::json::{self, ArrayWriter, ObjectWriter, Value};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Seconds a merchant is asked to wait by an injected 429.
const RETRY_AFTER_S: u64 = 1;

/// What a control route wants of the gateway as a whole, which only its owner can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Control {
    /// Nothing.
    None,
    /// Begin anew.
    Reset,
}

/// Faults of a request that was not stopped by one.
#[derive(Clone, Copy, Debug)]
struct Later {
    fails_afterwards: bool,
    response_lost: bool,
    delay: Millis,
}

impl Later {
    const NONE: Self = Self { fails_afterwards: false, response_lost: false, delay: Millis::ZERO };
}

/// A good answer.
struct Answer {
    status: u16,
    body: String,
    content_type: &'static str,
    replayed: bool,
    advance: Millis,
    control: Control,
    /// The payment that was read or changed.
    payment: Option<usize>,
}

impl Answer {
    fn of(status: u16, body: String) -> Self {
        Self {
            status,
            body,
            content_type: "application/json",
            replayed: false,
            advance: Millis::ZERO,
            control: Control::None,
            payment: None,
        }
    }
}

/// Answers a request.
pub(in crate::simulator) fn serve(
    world: &mut World,
    now: Timestamp,
    request: &Request,
) -> (Exchange, Control) {
    let found = match door::admit(request) {
        Ok(found) => found,
        Err(error) => return (refusal(&error), Control::None),
    };
    let later = match found.class {
        Class::Plain => Later::NONE,
        Class::Mutation | Class::Read => match strike(world, now, request, &found) {
            Ok(later) => later,
            Err(stopped) => return (stopped, Control::None),
        },
    };
    let result = match found.class {
        Class::Mutation => mutate(world, now, request, &found, later),
        Class::Read | Class::Plain => answer(world, now, request, &found),
    };
    let concerned = result.as_ref().ok().and_then(|answer| answer.payment);
    let (mut exchange, control) = match result {
        Ok(answer) => {
            let mut exchange = Exchange::of(answer.status, answer.content_type, answer.body);
            if answer.replayed {
                exchange.headers.push(("idempotent-replayed", "true".to_owned()));
            }
            exchange.advance = answer.advance;
            (exchange, answer.control)
        }
        Err(error) => (refusal(&error), Control::None),
    };
    exchange.transport = Transport::Deliver { delay: later.delay };
    if later.delay > Millis::ZERO {
        confess(world, Fault::Slow, now, request, &found, concerned);
    }
    if later.response_lost {
        exchange.transport = Transport::ResponseLost;
        confess(world, Fault::ResponseLost, now, request, &found, concerned);
    }
    (exchange, control)
}

/// Whether request faults never strike this request.
pub(in crate::simulator) fn is_spared(request: &Request) -> bool {
    routes::find(&request.method, &request.path).is_ok_and(|found| found.class == Class::Plain)
}

/// Draws all request faults, so that none moves another, and stops the request at the first that stops it.
fn strike(world: &mut World, now: Timestamp, request: &Request, found: &Found) -> Result<Later, Exchange> {
    // Attempts of one purchase share their key, and a key belongs to one purchase.
    let subject = match request.header("idempotency-key") {
        Some(key) => key.to_owned(),
        None => format!("{} {}?{}", request.method, request.path, request.query),
    };
    let occasion = world.injector.occasion("request", &subject, &Fault::OF_REQUESTS);
    let [lost, limited, away, afterwards, response_lost, slow] =
        Fault::OF_REQUESTS.map(|fault| world.injector.strikes(&occasion, fault));
    let stopped = match (lost, limited, away) {
        (true, _, _) => {
            let gone = Exchange { transport: Transport::RequestLost, ..Exchange::json(0, String::new()) };
            Some((Fault::RequestLost, gone))
        }
        (_, true, _) => Some((Fault::RateLimited, refusal(&Error::RateLimited { seconds: RETRY_AFTER_S }))),
        (_, _, true) => Some((Fault::ServerError, refusal(&Error::Unavailable))),
        _ => None,
    };
    if let Some((fault, exchange)) = stopped {
        confess(world, fault, now, request, found, None);
        return Err(exchange);
    }
    let delay = if slow { world.injector.delay(&occasion, Fault::Slow) } else { Millis::ZERO };
    Ok(Later { fails_afterwards: afterwards, response_lost, delay })
}

/// Carries a request out once per key.
fn mutate(
    world: &mut World,
    now: Timestamp,
    request: &Request,
    found: &Found,
    later: Later,
) -> Result<Answer, Error> {
    let key = request.header("idempotency-key").filter(|key| !key.is_empty()).ok_or(Error::KeyMissing)?;
    if key.len() > KEY_BYTES_MAX || !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(Error::KeyInvalid { found: key.len() });
    }
    let body = body(request)?;
    let fingerprint = fingerprint(request, &body);
    if let Some(reply) = world.keys.answer(key, &fingerprint, now)? {
        let payment = payment_of(&reply);
        let mut answer = reply_answer(world, &reply);
        (answer.replayed, answer.payment) = (true, payment);
        return Ok(answer);
    }
    let (status, receipt) = carry_out(world, now, found, &body)?;
    let mut reply = Reply::Payment { status, payment: receipt.payment, moment: receipt.moment };
    if later.fails_afterwards {
        confess(world, Fault::ServerErrorStored, now, request, found, Some(receipt.payment));
        reply = Reply::FailedAfterwards;
    }
    let answer = Answer { payment: Some(receipt.payment), ..reply_answer(world, &reply) };
    world.keys.store(key, fingerprint, reply, now, later.delay);
    Ok(answer)
}

fn carry_out(
    world: &mut World,
    now: Timestamp,
    found: &Found,
    body: &Value<'_>,
) -> Result<(u16, Receipt), Error> {
    if found.route == Route::CreatePayment {
        let order = read::order(body)?;
        return Ok((201, world.create(order, now)?));
    }
    let payment = world.find(&found.id)?;
    let currency = world.payments.get(payment).map(|payment| payment.order.amount.currency());
    let currency = currency.ok_or(Error::Bug { what: "a payment number names no payment" })?;
    let receipt = match found.route {
        Route::Capture => world.capture(payment, read::part(body, currency)?, now)?,
        Route::Refund => world.refund(payment, read::part(body, currency)?, now)?,
        Route::Void => {
            read::nothing(body)?;
            world.void(payment, now)?
        }
        _ => return Err(Error::Bug { what: "a route that moves money has no operation" }),
    };
    Ok((200, receipt))
}

fn payment_of(reply: &Reply) -> Option<usize> {
    match reply {
        Reply::Payment { payment, .. } => Some(*payment),
        Reply::FailedAfterwards => None,
    }
}

fn reply_answer(world: &World, reply: &Reply) -> Answer {
    match reply {
        Reply::Payment { status, payment, moment } => {
            let receipt = Receipt { payment: *payment, moment: *moment };
            Answer::of(*status, view::payment(world, receipt))
        }
        Reply::FailedAfterwards => {
            Answer::of(status(&Error::FailedAfterwards), view::error(&Error::FailedAfterwards))
        }
    }
}

/// Answers a request that needs no key.
fn answer(world: &mut World, now: Timestamp, request: &Request, found: &Found) -> Result<Answer, Error> {
    let query = request.query.as_str();
    match found.route {
        Route::GetPayment => {
            let _ = read::page(query, &[])?;
            let payment = world.find(&found.id)?;
            let moment = world.payments.get(payment).map_or(0, |payment| payment.latest());
            let text = view::payment(world, Receipt { payment, moment });
            Ok(Answer { payment: Some(payment), ..Answer::of(200, text) })
        }
        Route::ListPayments => Ok(Answer::of(200, lists::payments(world, query)?)),
        Route::Events => Ok(Answer::of(200, lists::events(world, query)?)),
        Route::Account => Ok(Answer::of(200, lists::account(world, query, &found.id)?)),
        Route::Reconcile => {
            read::nothing(&body(request)?)?;
            Ok(Answer::of(200, proof::reconciliation(world, now)))
        }
        Route::AddEndpoint => Ok(Answer::of(201, endpoints::create(world, now, &body(request)?)?)),
        Route::ListEndpoints => Ok(Answer::of(200, endpoints::list(world))),
        Route::GetEndpoint => Ok(Answer::of(200, endpoints::retrieve(world, &found.id)?)),
        Route::UpdateEndpoint => Ok(Answer::of(200, endpoints::update(world, &found.id, &body(request)?)?)),
        Route::DeleteEndpoint => Ok(Answer::of(200, endpoints::delete(world, &found.id)?)),
        Route::RotateEndpoint => {
            Ok(Answer::of(200, endpoints::rotate(world, now, &found.id, &body(request)?)?))
        }
        Route::GetEvent => Ok(Answer::of(200, endpoints::event(world, &found.id)?)),
        Route::Resend => Ok(Answer::of(200, endpoints::resend(world, now, &found.id, &body(request)?)?)),
        Route::Health => Ok(Answer::of(200, ObjectWriter::new().text("status", "ok").finish())),
        Route::Advance => {
            let advance = Millis::from_seconds(read::seconds(&body(request)?)?);
            let then = now.saturating_add(advance).unix_ms();
            Ok(Answer { advance, ..Answer::of(200, ObjectWriter::new().number("now", then).finish()) })
        }
        Route::GroundTruth => {
            let list = world.truth.iter().fold(ArrayWriter::new(), |list, one| list.raw(&one.to_json()));
            Ok(Answer::of(200, list.finish()))
        }
        Route::GetFaults => Ok(Answer::of(200, world.injector.plan().to_json())),
        Route::PutFaults => {
            let plan = FaultPlan::parse(&request.body)?;
            world.injector.set_plan(plan);
            Ok(Answer::of(200, world.injector.plan().to_json()))
        }
        Route::Settlement => {
            Ok(Answer { content_type: "text/csv; charset=utf-8", ..Answer::of(200, world.settlement_csv()) })
        }
        Route::Statement => Err(Error::NotSimulated { what: "the bank statement" }),
        Route::Reset => {
            read::nothing(&body(request)?)?;
            Ok(Answer { control: Control::Reset, ..Answer::of(200, r#"{"reset":true}"#.to_owned()) })
        }
        Route::CreatePayment | Route::Capture | Route::Void | Route::Refund => {
            Err(Error::Bug { what: "a route that moves money was taken for another" })
        }
    }
}

/// The body as JSON; no body at all is an empty object.
fn body(request: &Request) -> Result<Value<'_>, Error> {
    if request.body.is_empty() {
        return Ok(Value::Object(Vec::new()));
    }
    Ok(json::parse(&request.body)?)
}

/// What makes two requests the same: the route and the meaning of the body.
fn fingerprint(request: &Request, body: &Value<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [request.method.as_str(), " ", request.path.as_str(), "\n"] {
        hash.update(part.as_bytes());
    }
    hash.update(json::canonical(body).as_bytes());
    hash.finish()
}

/// Appends a request fault to the ground truth, with whatever the request concerned.
fn confess(
    world: &mut World,
    fault: Fault,
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
    world.confess(Injected { objects, reference, ..Injected::of(fault) }, now);
}

pub(in crate::simulator) fn refusal(error: &Error) -> Exchange {
    let mut exchange = Exchange::json(status(error), view::error(error));
    match error {
        Error::RateLimited { seconds } => exchange.headers.push(("retry-after", seconds.to_string())),
        Error::MethodNotAllowed { expected, .. } => {
            exchange.headers.push(("allow", expected.replace(" or ", ", ").replace("GET", "GET, HEAD")));
        }
        _ => {}
    }
    exchange
}
