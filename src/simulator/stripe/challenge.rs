//! The page on which a card's holder authenticates, which here is one request: `GET` sends the holder back to the
//! merchant, `POST` tells what became of it. `outcome=fail` in the query or the form is a holder who fails.
//!
//! The address stands in `next_action`. Whoever knows it may open it, as it is with the page of a bank.

use alloc::sync::Arc;

use super::super::world::World;
use super::super::{Exchange, Request};
use super::envelope;
use super::form;
use super::object::{Kind, Object};
use super::params::Params;
use super::payment_intents::{self, PaymentIntent, view};
use super::refusal::{Refusal, Result};
use super::setup_intents::{self, SetupIntent};
use super::sheet::client_secret;
use super::work::Work;
use crate::json::ObjectWriter;
use crate::prelude::*;
use crate::time::Timestamp;

/// Whether a path is that of the page.
pub(in crate::simulator) fn is_challenge(path: &str) -> bool {
    path.starts_with(view::AUTHENTICATE)
}

/// What became of it.
struct Outcome {
    /// The intent after the holder's answer.
    intent: Object,
    succeeded: bool,
    /// Where the merchant wants the holder back.
    return_url: Option<Arc<str>>,
}

/// Lets the holder of a card answer.
pub(in crate::simulator) fn challenge(world: &mut World, now: Timestamp, request: &Request) -> Exchange {
    let outcome = match answer(world, now, request) {
        Ok(outcome) => outcome,
        Err(refusal) => return envelope::answer(&refusal, None),
    };
    let (class, number) = (outcome.intent.class(), outcome.intent.head().number);
    let (id, name) = (world.ids.id(class.prefix(), number), outcome.intent.name());
    let word = if outcome.succeeded { "succeeded" } else { "failed" };
    let location = outcome.return_url.filter(|_| request.method == "GET").map(|url| {
        let sign = if url.contains('?') { "&" } else { "?" };
        let mut secret = String::new();
        client_secret(&mut secret, &world.ids, class.prefix(), number);
        glued(&[&url, sign, name, "=", &id, "&", name, "_client_secret=", &secret, "&redirect_status=", word])
    });
    let body = ObjectWriter::new().text("id", &id).text("object", name).text("outcome", word).finish();
    let mut exchange = Exchange::json(if location.is_some() { 303 } else { 200 }, body);
    exchange.headers.extend(location.map(|location| ("location", location)));
    exchange
}

fn answer(world: &mut World, now: Timestamp, request: &Request) -> Result<Outcome> {
    let succeeds = succeeds(request)?;
    let id = request.path.strip_prefix(view::AUTHENTICATE).unwrap_or_default();
    let mut work = Work { now, ..Work::of_time(world, now) };
    if let Some(number) = work.world.ids.number(PaymentIntent::PREFIX, id)
        && let Ok(intent) = work.get::<PaymentIntent>(number).cloned()
    {
        work.account = intent.head.account;
        tolerate(payment_intents::authenticate(&mut work, number, succeeds))?;
        let succeeded = succeeds && work.get::<PaymentIntent>(number)?.last_error.is_none();
        let intent_now = work.object::<PaymentIntent>(number)?;
        return Ok(Outcome { intent: intent_now, succeeded, return_url: intent.return_url.clone() });
    }
    if let Some(number) = work.world.ids.number(SetupIntent::PREFIX, id)
        && let Ok(intent) = work.get::<SetupIntent>(number).cloned()
    {
        work.account = intent.head.account;
        setup_intents::authenticate(&mut work, number, succeeds)?;
        let intent_now = work.object::<SetupIntent>(number)?;
        return Ok(Outcome {
            intent: intent_now,
            succeeded: succeeds,
            return_url: intent.return_url.clone(),
        });
    }
    Err(Refusal::no_such("payment_intent or setup_intent", id))
}

/// A card that is declined after all is an outcome of this page, and no refusal.
fn tolerate(result: Result<()>) -> Result<()> {
    match result {
        Err(refusal) if refusal.status == 402 => Ok(()),
        other => other,
    }
}

/// Whether the holder succeeds, which is so where nothing is said.
fn succeeds(request: &Request) -> Result<bool> {
    let mut members = form::decode(request.query.as_bytes())?;
    if request.method == "POST" {
        members.extend(form::decode(&request.body)?);
    }
    let mut params = Params::new(members);
    let succeeds = params.choice("outcome", &[("succeed", true), ("fail", false)])?;
    params.finish()?;
    Ok(succeeds.unwrap_or(true))
}
