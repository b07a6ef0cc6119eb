//! A token is used once; the tokens of the documentation, such as `tok_visa`, are always there and never used up.

use super::cards::{Card, Shown};
use super::expand::{Field, Gives};
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params, Patch};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::test_cards;
use super::work::Work;
use crate::prelude::*;

const NOTE: &str = "Cards only: no bank accounts, persons, accounts or PII.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/tokens", create, Gives::One(Class::Token), Level::Basic).noting(NOTE),
    Row::new("GET", "/v1/tokens/:id", retrieve, Gives::One(Class::Token), Level::Whole),
];

/// A card, before it is a payment method.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) head: Head,
    pub(super) card: Card,
    pub(super) name: Option<String>,
    pub(super) is_used: bool,
}

impl Kind for Token {
    kind!(Token, tokens);
    const PREFIX: &'static str = "tok";
    const NAME: &'static str = "token";
    const FIELDS: &'static [Field] = &[];

    fn write(&self, sheet: &mut Sheet<'_>) {
        let card_id = sheet.reader.ids.id("card", self.head.number);
        self.card.write_as_source(sheet, "card", &card_id, self.name.as_deref());
        sheet.null("client_ip");
        sheet.time("created", self.head.created);
        sheet.flag("livemode", false);
        sheet.text("type", "card");
        sheet.flag("used", self.is_used);
    }
}

/// The card of a token.
///
/// # Errors
///
/// There is no such token, or it was used.
pub(super) fn named(work: &Work<'_>, id: &str, param: &str) -> Result<Shown> {
    if let Some(test) = id.strip_prefix("tok_").and_then(test_cards::named) {
        return Ok(Shown { card: Card::of_test(test, work.now), token: None });
    }
    let number = work.find_param::<Token>(id, param)?;
    let token = work.get::<Token>(number)?;
    if token.is_used {
        let message = format!("You cannot use a Stripe token more than once: {id}.");
        let mut refusal = Refusal::request(message);
        refusal.code = Some("token_already_used");
        return Err(refusal);
    }
    Ok(Shown { card: token.card, token: Some(number) })
}

/// Remembers that a token was used.
///
/// # Errors
///
/// A contradiction in the simulator: nobody has this number.
pub(super) fn use_up(work: &mut Work<'_>, shown: Shown) -> Result<()> {
    if let Some(number) = shown.token {
        work.edit::<Token>(number)?.is_used = true;
    }
    Ok(())
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let Patch::Set(mut members) = params.object("card")? else { return Err(Refusal::missing("card")) };
    let mut card = Card::read_number(&mut members, work.now)?;
    let name = members.patch("name")?.value();
    for part in ["city", "country", "line2", "state"] {
        let _ = members.patch(&glued(&["address_", part]))?;
    }
    card.given.line1 = members.patch("address_line1")?.value().is_some();
    card.given.postal_code = members.patch("address_zip")?.value().is_some();
    members.finish()?;
    params.finish()?;

    // From here on the token is known. Stripe has no event for it.
    let head = work.head::<Token>(MetadataPatch::Keep);
    let number = work.add(Token { head, card, name, is_used: false });
    Ok(Answer::Object(work.object::<Token>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Token>(0)?;
    Ok(Answer::Object(work.object::<Token>(number)?))
}
