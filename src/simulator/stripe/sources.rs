//! The older door to the cards of a customer: a source is a payment method that was made of a token, shown as a card.
//!
//! Source: <https://docs.stripe.com/api/cards>.

use super::customers::{self, Customer};
use super::direct_charges;
use super::expand::{Expand, Gives};
use super::list::Page;
use super::params::Params;
use super::payment_methods::{self, PaymentMethod};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::{Reader, Sheet};
use super::work::Work;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::prelude::*;

const NOTE: &str = "Cards of tokens only; a card has the id of the payment method that was made of it.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/customers/:id/sources", create, Gives::Nothing, Level::Basic).noting(NOTE),
    Row::new("GET", "/v1/customers/:id/sources", list, Gives::Nothing, Level::Most).noting(NOTE),
    Row::new("GET", "/v1/customers/:id/sources/:id", retrieve, Gives::Nothing, Level::Most).noting(NOTE),
    Row::new("DELETE", "/v1/customers/:id/sources/:id", delete, Gives::Nothing, Level::Whole),
];

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let customer = customers::find(work)?;
    if !params.has("source") {
        return Err(Refusal::missing("source"));
    }
    let shown = direct_charges::keepable(work, &mut params)?;
    params.finish()?;
    let shown = shown.ok_or_else(|| Refusal::missing("source"))?;
    let before = work.get::<Customer>(customer)?.clone();

    // From here on the card is the customer's; the first one is what charges are taken from.
    let method = direct_charges::keep(work, shown, customer)?;
    if before.default_source.is_none() {
        work.edit::<Customer>(customer)?.default_source = Some(method);
        work.emit_change("customer.updated", customer, before)?;
    }
    Ok(answer(method))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let customer = customers::find(work)?;
    let is_card = params.choice("object", &[("card", true), ("bank_account", false)])?.unwrap_or(true);
    let page = Page::read::<PaymentMethod>(work, &mut params)?;
    params.finish()?;
    let url = glued(&["/v1/customers/", &work.id::<Customer>(customer), "/sources"]);
    let numbers = page.of::<PaymentMethod>(work, |method| is_card && method.customer() == Some(customer));
    Ok(Answer::Page { url, numbers, write: written_list })
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    find(work).map(answer)
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let method = find(work)?;
    let id = work.id::<PaymentMethod>(method);

    // From here on the card is nobody's.
    payment_methods::release(work, method)?;
    Ok(Answer::Text(
        ObjectWriter::new().text("id", &id).text("object", "card").flag("deleted", true).finish(),
    ))
}

/// The card of the path, which is one of the customer of the path.
fn find(work: &Work<'_>) -> Result<usize> {
    let customer = customers::find(work)?;
    let id = work.path_id(1);
    let found = work.number::<PaymentMethod>(id);
    let is_theirs = |number: &usize| {
        work.get::<PaymentMethod>(*number).is_ok_and(|method| method.customer() == Some(customer))
    };
    found.filter(is_theirs).ok_or_else(|| Refusal::no_such("source", id))
}

fn answer(method: usize) -> Answer {
    Answer::Page { url: String::new(), numbers: (vec![method], false), write: written_one }
}

fn written_one(reader: Reader<'_>, _url: &str, numbers: &(Vec<usize>, bool), _expand: &Expand) -> String {
    cards(reader, &numbers.0).next().unwrap_or_else(|| "null".to_owned())
}

fn written_list(
    reader: Reader<'_>,
    url: &str,
    (numbers, has_more): &(Vec<usize>, bool),
    _expand: &Expand,
) -> String {
    let data = cards(reader, numbers).fold(ArrayWriter::new(), |list, card| list.raw(&card)).finish();
    ObjectWriter::new()
        .text("object", "list")
        .raw("data", &data)
        .flag("has_more", *has_more)
        .text("url", url)
        .finish()
}

fn cards<'r>(reader: Reader<'r>, numbers: &'r [usize]) -> impl Iterator<Item = String> + 'r {
    let methods = numbers.iter().filter_map(move |number| reader.tables.payment_methods.get(*number));
    methods.map(move |method| {
        reader.members(|sheet: &mut Sheet<'_>| {
            let id = reader.id::<PaymentMethod>(method.head.number);
            method.card.write_source_members(sheet, &id, None);
            sheet.reference::<Customer>("customer", method.customer());
        })
    })
}
