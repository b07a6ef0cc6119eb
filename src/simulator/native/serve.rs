//! One request, from its route to its answer, with the faults that strike on the way.

use std::collections::BTreeMap;

use super::super::books::{FEES, NETWORK};
use super::super::faults::{Fault, FaultPlan, Injected};
use super::super::idempotency::Reply;
use super::super::world::{Receipt, World};
use super::super::{BODY_BYTES_MAX, Error, Exchange, KEY_BYTES_MAX, Request, Transport};
use super::routes::{self, Class, Found, Route};
use super::view::Proof;
use super::{read, view};
use crate::crypto::Sha256;
use crate::json::{self, ArrayWriter, ObjectWriter, Value};
use crate::money::Currency;
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
    let found = match admit(request) {
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

/// Finds the route and refuses what is too long to be read.
fn admit(request: &Request) -> Result<Found, Error> {
    let found = routes::find(&request.method, &request.path)?;
    if request.body.len() > BODY_BYTES_MAX {
        return Err(Error::BodyTooLarge { found: request.body.len(), limit: BODY_BYTES_MAX });
    }
    Ok(found)
}

/// Draws all request faults, so that none moves another, and stops the request at the first that stops it.
fn strike(world: &mut World, now: Timestamp, request: &Request, found: &Found) -> Result<Later, Exchange> {
    let [lost, limited, away, afterwards, response_lost, slow] =
        Fault::OF_REQUESTS.map(|fault| world.injector.strikes(fault));
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
    let delay = if slow { world.injector.delay(Fault::Slow) } else { Millis::ZERO };
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
        Route::ListPayments => list_payments(world, query),
        Route::Events => list_events(world, query),
        Route::Account => account(world, query, &found.id),
        Route::Reconcile => Ok(Answer::of(200, view::proofs(now.unix_ms(), &proofs(world)))),
        Route::AddEndpoint => {
            let fresh = world.ids.secret(world.webhooks.endpoints().len());
            let endpoint = read::endpoint(&body(request)?, fresh)?;
            let number = world.webhooks.add_endpoint(endpoint)?;
            Ok(Answer::of(201, view::endpoint(world, number)))
        }
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
            Ok(Answer { control: Control::Reset, ..Answer::of(200, r#"{"reset":true}"#.to_owned()) })
        }
        Route::CreatePayment | Route::Capture | Route::Void | Route::Refund => {
            Err(Error::Bug { what: "a route that moves money was taken for another" })
        }
    }
}

/// Newest first; `after` is the id of the last payment of the page before.
fn list_payments(world: &World, query: &str) -> Result<Answer, Error> {
    let page = read::page(query, &["reference", "after", "limit"])?;
    let all: Vec<usize> = match &page.reference {
        Some(reference) => world.by_reference.get(reference).cloned().unwrap_or_default(),
        None => (0..world.payments.len()).collect(),
    };
    let before = page.after.map(|id| world.find(&id)).transpose()?.unwrap_or(usize::MAX);
    let mut rest = all.into_iter().rev().filter(|number| *number < before);
    let shown: Vec<usize> = rest.by_ref().take(page.limit).collect();
    let items = shown.into_iter().map(|payment| {
        let moment = world.payments.get(payment).map_or(0, |payment| payment.latest());
        view::payment(world, Receipt { payment, moment })
    });
    let text = view::list(items, rest.next().is_some());
    Ok(Answer::of(200, text))
}

/// Oldest first, so that a reader who lost webhooks can go on where it stopped.
fn list_events(world: &World, query: &str) -> Result<Answer, Error> {
    const SHOWN_MAX: usize = 40;
    let page = read::page(query, &["after", "limit"])?;
    let events = world.webhooks.events();
    let first = match page.after {
        None => 0,
        Some(id) => {
            let number = world.ids.number("evt", &id).filter(|number| *number < events.len());
            let unknown = || Error::NotFound { what: "event", found: id.chars().take(SHOWN_MAX).collect() };
            number.ok_or_else(unknown)?.saturating_add(1)
        }
    };
    let shown = events.iter().enumerate().skip(first).take(page.limit);
    let text = view::list(
        shown.map(|(number, event)| view::event(world, number, event)),
        events.len() > first.saturating_add(page.limit),
    );
    Ok(Answer::of(200, text))
}

/// An account with its newest entries.
fn account(world: &World, query: &str, name: &str) -> Result<Answer, Error> {
    const SHOWN_MAX: usize = 40;
    let page = read::page(query, &["after", "limit"])?;
    let unknown = || Error::NotFound { what: "account", found: name.chars().take(SHOWN_MAX).collect() };
    let account = world.books.account(name).ok_or_else(unknown)?;
    let before = match page.after {
        None => usize::MAX,
        Some(id) => world
            .ids
            .number("ent", &id)
            .ok_or(Error::ParameterInvalid { parameter: "after", expected: "the id of an entry" })?,
    };
    let mut rest = account.entries.iter().rev().copied().filter(|number| *number < before);
    let shown: Vec<usize> = rest.by_ref().take(page.limit).collect();
    Ok(Answer::of(200, view::account(world, account, &shown, rest.next().is_some())))
}

/// Adds everything up anew, twice over: from the entries and from the payments.
fn proofs(world: &World) -> Vec<Proof> {
    let mut sums: BTreeMap<Currency, (u128, u128, u128)> = BTreeMap::new();
    for payment in &world.payments {
        let now = payment.now();
        let sum = sums.entry(payment.order.amount.currency()).or_default();
        sum.0 = sum.0.saturating_add(u128::from(now.captured));
        sum.1 = sum.1.saturating_add(u128::from(now.refunded));
        sum.2 = sum.2.saturating_add(u128::from(now.fee));
    }
    let (entries, accounts) = (world.books.recount(), world.books.totals());
    let own = |name: &str, currency: &Currency| {
        let account = world.books.account(name).and_then(|account| account.totals.get(currency));
        account.map_or(0, |totals| totals.balance())
    };
    sums.into_iter()
        .map(|(currency, (captured, refunded, fees))| Proof {
            currency,
            totals: entries.get(&currency).copied().unwrap_or_default(),
            accounts_agree: entries.get(&currency) == accounts.get(&currency),
            captured,
            refunded,
            fees,
            // All balances together are zero, so what is not ours is the merchants'.
            owed: 0_i128.saturating_sub(own(NETWORK, &currency)).saturating_sub(own(FEES, &currency)),
        })
        .collect()
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
            exchange.headers.push(("allow", expected.replace(" or ", ", ")));
        }
        _ => {}
    }
    exchange
}

/// The HTTP status of a refusal.
pub(in crate::simulator) const fn status(error: &Error) -> u16 {
    match error {
        Error::RouteNotFound { .. } | Error::NotFound { .. } => 404,
        Error::MethodNotAllowed { .. } => 405,
        Error::KeyInFlight | Error::InvalidTransition { .. } => 409,
        Error::BodyTooLarge { .. } => 413,
        Error::KeyMismatch => 422,
        Error::RateLimited { .. } => 429,
        Error::FailedAfterwards | Error::Bug { .. } => 500,
        Error::NotSimulated { .. } => 501,
        Error::Unavailable => 503,
        Error::Full { .. } => 507,
        Error::KeyMissing
        | Error::KeyInvalid { .. }
        | Error::ParameterUnknown { .. }
        | Error::ParameterInvalid { .. }
        | Error::Body(_)
        | Error::Money(_)
        | Error::AmountZero
        | Error::FieldTooLong { .. }
        | Error::FieldInvalid { .. }
        | Error::Plan(_)
        | Error::AmountExceedsRest { .. } => 400,
    }
}
