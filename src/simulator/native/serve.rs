//! One request, from its route to its answer, with the faults that strike on the way.

use super::super::faults::{Fate, Fault, FaultPlan};
use super::super::idempotency::{Fingerprint, Name, Printer, Reply};
use super::super::payment::Payment;
use super::super::world::{Receipt, World};
use super::super::{Error, Exchange, KEY_BYTES_MAX, Request};
use super::routes::{self, Class, Found, Route};
use super::status::status;
use super::{befall, door, endpoints, lists, proof, read, reports, view, wallets};
use crate::json::{self, ArrayWriter, ObjectWriter, Value};
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// The account keys belong to: here they belong to the gateway as a whole.
const NOBODY: usize = 0;

/// What a control route wants of the gateway as a whole, which only its owner can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Control {
    /// Nothing.
    None,
    /// Begin anew.
    Reset,
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
    let fate = befall::fate(world, request, &found);
    if let Some(fault) = fate.refused {
        befall::confess_refused(world, fault, now, request, &found);
        return (befall::refused(fault), Control::None);
    }
    let result = match found.class {
        Class::Mutation => mutate(world, now, request, &found, &fate),
        Class::Read | Class::Plain => answer(world, now, request, &found, &fate),
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
    for fault in fate.garble(&mut exchange) {
        befall::confess(world, fault, now, request, &found, concerned);
    }
    (exchange, control)
}

/// Whether request faults never strike this request.
pub(in crate::simulator) fn is_spared(request: &Request) -> bool {
    routes::find(&request.method, &request.path).is_ok_and(|found| found.class == Class::Plain)
}

/// Carries a request out once per key.
fn mutate(
    world: &mut World,
    now: Timestamp,
    request: &Request,
    found: &Found,
    fate: &Fate,
) -> Result<Answer, Error> {
    let key = request.header("idempotency-key").filter(|key| !key.is_empty()).ok_or(Error::KeyMissing)?;
    if key.len() > KEY_BYTES_MAX || !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(Error::KeyInvalid { found: key.len() });
    }
    let body = body(request)?;
    let (key, fingerprint) = (Name::of(NOBODY, key), fingerprint(request, &body));
    if let Some(reply) = world.keys.answer(key, fingerprint, now)? {
        if !fate.key_expired {
            let payment = payment_of(&reply);
            let mut answer = reply_answer(world, &reply);
            (answer.replayed, answer.payment) = (true, payment);
            return Ok(answer);
        }
        let done = carry_out(world, now, found, &body);
        let concerned = done.as_ref().ok().and_then(payment_of);
        befall::confess(world, Fault::KeyExpired, now, request, found, concerned);
        // Refused now, the request leaves the key as it was.
        let reply = done?;
        world.keys.forget(key);
        return Ok(remember(world, now, (key, fingerprint), reply, fate));
    }
    let reply = carry_out(world, now, found, &body)?;
    if fate.doubled
        && let Ok(twin) = carry_out(world, now, found, &body)
    {
        befall::confess(world, Fault::DuplicateSubmission, now, request, found, payment_of(&twin));
    }
    if let Some(patience) = fate.in_flight {
        let concerned = payment_of(&reply);
        world.keys.store(key, fingerprint, reply, now, patience);
        befall::confess(world, Fault::KeyInFlight, now, request, found, concerned);
        return Err(Error::KeyInFlight);
    }
    if fate.fails_afterwards {
        befall::confess(world, Fault::ServerErrorStored, now, request, found, payment_of(&reply));
    }
    Ok(remember(world, now, (key, fingerprint), reply, fate))
}

/// Stores the answer under its key.
fn remember(
    world: &mut World,
    now: Timestamp,
    (key, fingerprint): (Name, Fingerprint),
    done: Reply,
    fate: &Fate,
) -> Answer {
    let payment = payment_of(&done);
    let reply = if fate.fails_afterwards { Reply::FailedAfterwards } else { done };
    let answer = Answer { payment, ..reply_answer(world, &reply) };
    world.keys.store(key, fingerprint, reply, now, fate.delay);
    answer
}

fn carry_out(world: &mut World, now: Timestamp, found: &Found, body: &Value<'_>) -> Result<Reply, Error> {
    let id = found.id.as_str();
    let text = |status, body: String| Ok(Reply::Text { status, body: body.into() });
    match found.route {
        Route::CreatePayment => {
            let order = read::order(body)?;
            Ok(of_payment(201, world.create(order, now)?))
        }
        Route::CreateTransfer => text(201, wallets::transfer(world, now, body)?),
        Route::CreateEscrow => text(201, wallets::escrow(world, now, body)?),
        Route::ReleaseEscrow => text(200, wallets::end_escrow(world, now, id, body, true)?),
        Route::ReturnEscrow => text(200, wallets::end_escrow(world, now, id, body, false)?),
        Route::CreatePayout => text(201, wallets::payout(world, now, body)?),
        Route::CancelPayout => text(200, wallets::cancel_payout(world, now, id, body)?),
        _ => Ok(of_payment(200, change_payment(world, now, found, body)?)),
    }
}

const fn of_payment(status: u16, receipt: Receipt) -> Reply {
    Reply::Payment { status, payment: receipt.payment, moment: receipt.moment }
}

fn change_payment(
    world: &mut World,
    now: Timestamp,
    found: &Found,
    body: &Value<'_>,
) -> Result<Receipt, Error> {
    let payment = world.find(&found.id)?;
    let currency = world.payments.get(payment).map(|payment| payment.order.amount.currency());
    let currency = currency.ok_or(Error::Bug { what: "a payment number names no payment" })?;
    match found.route {
        Route::Capture => world.capture(payment, read::part(body, currency)?, now),
        Route::Refund => world.refund(payment, read::part(body, currency)?, now),
        Route::Void => {
            read::nothing(body)?;
            world.void(payment, now)
        }
        _ => Err(Error::Bug { what: "a route that moves money has no operation" }),
    }
}

fn payment_of(reply: &Reply) -> Option<usize> {
    match reply {
        Reply::Payment { payment, .. } => Some(*payment),
        Reply::Text { .. } | Reply::FailedAfterwards => None,
    }
}

fn reply_answer(world: &World, reply: &Reply) -> Answer {
    match reply {
        Reply::Payment { status, payment, moment } => {
            let receipt = Receipt { payment: *payment, moment: *moment };
            Answer::of(*status, view::payment(world, receipt))
        }
        Reply::Text { status, body } => Answer::of(*status, body.as_ref().to_owned()),
        Reply::FailedAfterwards => {
            Answer::of(status(&Error::FailedAfterwards), view::error(&Error::FailedAfterwards))
        }
    }
}

/// Answers a request that needs no key.
fn answer(
    world: &mut World,
    now: Timestamp,
    request: &Request,
    found: &Found,
    fate: &Fate,
) -> Result<Answer, Error> {
    let query = request.query.as_str();
    match found.route {
        Route::GetPayment => {
            let _ = read::page(query, &[])?;
            let payment = world.find(&found.id)?;
            let latest = world.payments.get(payment).map_or(0, Payment::latest);
            let moment = world.payments.get(payment).map_or(0, |payment| payment.moment_at(fate.as_of(now)));
            if moment < latest {
                befall::confess(world, Fault::StaleRead, now, request, found, Some(payment));
            }
            let text = view::payment(world, Receipt { payment, moment });
            Ok(Answer { payment: Some(payment), ..Answer::of(200, text) })
        }
        Route::ListPayments => {
            if fate.grows && query.contains("after=") {
                befall::grow(world, now)?;
            }
            let latest = lists::payments(world, query, now)?;
            let shown = lists::payments(world, query, fate.found_up_to(now))?;
            if shown != latest {
                let fault = if fate.unfound > fate.stale { Fault::SearchLag } else { Fault::StaleRead };
                befall::confess(world, fault, now, request, found, None);
            }
            Ok(Answer::of(200, shown))
        }
        Route::Events => Ok(Answer::of(200, lists::events(world, query)?)),
        Route::GetTransfer => Ok(Answer::of(200, wallets::get_transfer(world, &found.id)?)),
        Route::GetEscrow => Ok(Answer::of(200, wallets::get_escrow(world, &found.id)?)),
        Route::GetPayout => Ok(Answer::of(200, wallets::get_payout(world, &found.id)?)),
        Route::Wallet => Ok(Answer::of(200, wallets::wallet(world, &found.id)?)),
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
            let text = reports::settlement(world, query, now)?;
            Ok(Answer { content_type: "text/csv; charset=utf-8", ..Answer::of(200, text) })
        }
        Route::Statement => {
            let (text, content_type) = reports::statement(world, query, now)?;
            Ok(Answer { content_type, ..Answer::of(200, text) })
        }
        Route::Reset => {
            read::nothing(&body(request)?)?;
            Ok(Answer { control: Control::Reset, ..Answer::of(200, r#"{"reset":true}"#.to_owned()) })
        }
        Route::CreatePayment
        | Route::Capture
        | Route::Void
        | Route::Refund
        | Route::CreateTransfer
        | Route::CreateEscrow
        | Route::ReleaseEscrow
        | Route::ReturnEscrow
        | Route::CreatePayout
        | Route::CancelPayout => Err(Error::Bug { what: "a route that moves money was taken for another" }),
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
fn fingerprint(request: &Request, body: &Value<'_>) -> Fingerprint {
    let mut print = Printer::new();
    print.text(&request.method);
    print.text(&request.path);
    print.text(&json::canonical(body));
    print.finish()
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
