//! The JSON of the native dialect. Amounts are integers of minor units, times milliseconds.

use super::super::books::Account;
use super::super::payment::{Payment, Script};
use super::super::settlement::prefix;
use super::super::state::{Move, State};
use super::super::treasury::Source;
use super::super::webhooks::{Content, Event, News, Parcel, Stage};
use super::super::world::World;
use super::super::{Error, Receipt};
use super::wallets;
use crate::advice::Diagnose;
use crate::json::{self, ArrayWriter, ObjectWriter};
use crate::prelude::*;

/// An error as this dialect writes it.
pub(super) fn error(error: &Error) -> String {
    let details = error.details();
    let details = details.iter().fold(ObjectWriter::new(), |object, (name, value)| object.text(name, value));
    let inner = ObjectWriter::new()
        .text("code", error.code())
        .text("message", &error.to_string())
        .text("advice", error.advice().name())
        .raw("details", &details.finish())
        .finish();
    ObjectWriter::new().raw("error", &inner).finish()
}

/// A payment as it was at a moment.
pub(super) fn payment(world: &World, receipt: Receipt) -> String {
    let id = world.ids.id("pay", receipt.payment);
    world
        .payments
        .get(receipt.payment)
        .map_or_else(|| "null".to_owned(), |payment| payment_as(world, payment, receipt.moment, &id))
}

fn payment_as(world: &World, payment: &Payment, moment: usize, id: &str) -> String {
    let (order, history) = (&payment.order, payment.history(moment));
    let (Some(born), Some(now)) = (history.first(), history.last()) else { return "null".to_owned() };
    let failure = match order.script {
        Script::Decline(failure) if now.state == State::Failed => {
            ObjectWriter::new().text("code", failure.code()).text("message", failure.message()).finish()
        }
        Script::Approve | Script::Decline(_) | Script::Linger => "null".to_owned(),
    };
    let refunds = payment.refunds(moment).fold(ArrayWriter::new(), |list, refund| {
        let refund = ObjectWriter::new()
            .text("id", &world.ids.id(prefix(Source::PaymentRefund(refund.number)), refund.number))
            .number("amount", refund.minor)
            .number("createdAt", refund.at.unix_ms());
        list.raw(&refund.finish())
    });
    let pairs = history.iter().zip(history.iter().skip(1));
    let transitions = pairs.fold(ArrayWriter::new(), |list, (before, after)| {
        let transition = ObjectWriter::new()
            .text("from", before.state.name())
            .text("to", after.state.name())
            .number("at", after.at.unix_ms())
            .text("cause", after.by.map_or("create", Move::cause));
        list.raw(&transition.finish())
    });
    let out = ObjectWriter::new()
        .text("id", id)
        .text("object", "payment")
        .text("merchantId", &order.merchant_id)
        .number("amount", order.amount.minor())
        .text("currency", order.amount.currency().code())
        .number("amountCaptured", now.captured)
        .number("amountRefunded", now.refunded)
        .number("fee", now.fee)
        .text("state", now.state.name());
    text_or_null(out, "description", order.description.as_deref())
        .raw("metadata", order.metadata.as_deref().unwrap_or("{}"))
        .raw("reference", &order.reference.as_deref().map_or_else(|| "null".to_owned(), json::quoted))
        .number("createdAt", born.at.unix_ms())
        .number("updatedAt", now.at.unix_ms())
        .raw("failure", &failure)
        .raw("refunds", &refunds.finish())
        .raw("transitions", &transitions.finish())
        .finish()
}

fn text_or_null(out: ObjectWriter, name: &str, value: Option<&str>) -> ObjectWriter {
    match value {
        Some(value) => out.text(name, value),
        None => out.null(name),
    }
}

/// A list in the order given.
pub(super) fn list(items: impl Iterator<Item = String>, has_more: bool) -> String {
    let data = items.fold(ArrayWriter::new(), |list, item| list.raw(&item));
    ObjectWriter::new().text("object", "list").raw("data", &data.finish()).flag("hasMore", has_more).finish()
}

/// The body a webhook carries.
///
/// `is_old` writes it as it was before events had a version: without fees and transitions.
pub(in crate::simulator) fn webhook_body(
    world: &World,
    content: Content,
    is_old: bool,
) -> Option<(String, String)> {
    let number = content.event();
    let event = world.webhooks.events().get(number)?;
    let is_genuine = matches!(content, Content::Genuine(_));
    let named = |prefix, number| {
        if is_genuine { world.ids.id(prefix, number) } else { world.ids.alien(prefix, number) }
    };
    let id = named(event.news.prefix(), number);
    let (mut about, new_members) = match event.news {
        News::Payment { payment, moment } => {
            let found = world.payments.get(payment)?;
            let shown = payment_as(world, found, moment, &named("pay", payment));
            (shown, &["fee", "transitions", "updatedAt"][..])
        }
        News::Payout { payout, state } => {
            (wallets::payout_as(world, payout, state, &named("po", payout))?, &["arrivesAt"][..])
        }
        News::Stripe { .. } => return None,
    };
    if is_old {
        about = without(&about, new_members);
    }
    Some((id.clone(), event_head(event, &id, &about).finish()))
}

/// An object without some of its members.
fn without(object: &str, members: &[&str]) -> String {
    let Ok(value) = json::parse(object.as_bytes()) else { return object.to_owned() };
    let kept =
        value.as_object().unwrap_or_default().iter().filter(|(name, _)| !members.contains(&name.as_ref()));
    kept.fold(ObjectWriter::new(), |out, (name, value)| out.raw(name, &value.to_text())).finish()
}

fn event_head(event: &Event, id: &str, about: &str) -> ObjectWriter {
    let name = if matches!(event.news, News::Payout { .. }) { "payout" } else { "payment" };
    ObjectWriter::new()
        .text("id", id)
        .text("type", event.kind)
        .number("createdAt", event.at.unix_ms())
        .raw("data", &ObjectWriter::new().raw(name, about).finish())
}

/// An event with what became of its deliveries.
pub(super) fn event(world: &World, number: usize, event: &Event) -> String {
    let about = match event.news {
        News::Payment { payment: number, moment } => payment(world, Receipt { payment: number, moment }),
        News::Payout { payout, state } => {
            let shown = wallets::payout_as(world, payout, state, &world.ids.id("po", payout));
            shown.unwrap_or_else(|| "null".to_owned())
        }
        News::Stripe { .. } => return "null".to_owned(),
    };
    let deliveries =
        event.deliveries.iter().filter_map(|parcel| Some((parcel, world.webhooks.parcel(*parcel)?)));
    let deliveries = deliveries
        .fold(ArrayWriter::new(), |list, (number, parcel)| list.raw(&delivery(world, *number, parcel)));
    event_head(event, &world.ids.id(event.news.prefix(), number), &about)
        .number("pendingEndpoints", count(world.webhooks.pending(event)))
        .raw("deliveries", &deliveries.finish())
        .finish()
}

fn delivery(world: &World, number: usize, parcel: &Parcel) -> String {
    let url = world.webhooks.endpoint(parcel.endpoint).map_or("", |endpoint| endpoint.url.as_str());
    let tries = parcel.attempts.iter().fold(ArrayWriter::new(), |list, attempt| {
        let out = ObjectWriter::new().number("at", attempt.at.unix_ms());
        list.raw(&status_or_null(out, "status", attempt.status).finish())
    });
    let out = ObjectWriter::new()
        .text("id", &world.ids.id("dlv", number))
        .text("endpoint", &world.ids.id("we", parcel.endpoint))
        .text("url", url)
        .text("state", parcel.stage.name())
        .number("attempts", count(parcel.attempts.len()))
        .raw("tries", &tries.finish());
    let out = status_or_null(out, "lastStatus", parcel.last_status());
    match parcel.stage {
        Stage::Scheduled { due } => out.number("nextAttemptAt", due.unix_ms()).finish(),
        Stage::InFlight { .. } => out.null("nextAttemptAt").finish(),
        Stage::Delivered { at } | Stage::Dead { at } => {
            out.null("nextAttemptAt").number("endedAt", at.unix_ms()).finish()
        }
    }
}

/// An account: its balance per currency (credits minus debits, what the gateway owes), and a page of its postings, newest first. `entries` are numbers of entries.
pub(super) fn account(world: &World, account: &Account, entries: &[usize], has_more: bool) -> String {
    let balance = account.totals.iter().fold(ObjectWriter::new(), |object, (currency, totals)| {
        object.raw(currency.code(), &totals.balance().to_string())
    });
    let sums = account.totals.iter().fold(ArrayWriter::new(), |list, (currency, totals)| {
        let sums = ObjectWriter::new()
            .text("currency", currency.code())
            .raw("debits", &totals.debits.to_string())
            .raw("credits", &totals.credits.to_string());
        list.raw(&sums.finish())
    });
    let mut postings = ArrayWriter::new();
    for number in entries {
        let Some(entry) = world.books.entry(*number) else { continue };
        let own = entry.postings.iter().filter(|posting| {
            world.books.numbered(posting.account).is_some_and(|found| found.name == account.name)
        });
        for posting in own {
            let line = ObjectWriter::new()
                .text("id", &world.ids.id("ent", *number))
                .number("at", entry.at.unix_ms())
                .text("cause", entry.cause)
                .maybe_text("payment", world.payment_behind(entry.source).as_deref())
                .text("side", posting.side.name())
                .number("amount", posting.minor)
                .text("currency", entry.currency.code());
            postings = postings.raw(&line.finish());
        }
    }
    ObjectWriter::new()
        .text("id", &account.name)
        .text("object", "account")
        .raw("balance", &balance.finish())
        .raw("totals", &sums.finish())
        .raw("entries", &postings.finish())
        .flag("hasMore", has_more)
        .finish()
}

fn status_or_null(out: ObjectWriter, name: &str, status: Option<u16>) -> ObjectWriter {
    match status {
        Some(status) => out.number(name, u64::from(status)),
        None => out.null(name),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
