//! A card is a row of the test catalogue and what was written on it; its number is never kept.

use super::super::ids::Ids;
use super::declines::Decline;
use super::params::Params;
use super::refusal::{Refusal, Result};
use super::sheet::Sheet;
use super::test_cards::{self, TEST_CARDS, TestCard};
use super::tokens;
use super::work::Work;
use crate::calendar::year_and_month;
use crate::prelude::*;
use crate::time::Timestamp;

/// How long a card of a test name is valid, in years.
const VALID_YEARS: u16 = 4;

/// What was given beside the number, and whether an issuer has looked at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) cvc: bool,
    pub(super) line1: bool,
    pub(super) postal_code: bool,
    pub(super) is_checked: bool,
}

/// A card.
#[derive(Clone, Copy, Debug)]
pub(super) struct Card {
    pub(super) test: &'static TestCard,
    /// 1 to 12.
    pub(super) exp_month: u8,
    pub(super) exp_year: u16,
    pub(super) given: Given,
}

/// Where a card in a request came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) card: Card,
    /// The token that is used up by it.
    pub(super) token: Option<usize>,
}

impl Card {
    /// The card of a test name.
    pub(super) fn of_test(test: &'static TestCard, now: Timestamp) -> Self {
        let (year, _) = year_and_month(now);
        let given = Given { cvc: true, is_checked: true, ..Given::default() };
        Self { test, exp_month: 12, exp_year: year.saturating_add(VALID_YEARS), given }
    }

    /// Reads the members of `card`: a number with its date, or a token.
    ///
    /// # Errors
    ///
    /// The number is that of no test card, or what stands beside it is wrong; the token is unknown or used.
    pub(super) fn read(work: &Work<'_>, mut members: Params) -> Result<Shown> {
        if let Some(token) = members.text("token")? {
            let param = members.name("token");
            members.finish()?;
            return tokens::named(work, &token, &param);
        }
        let card = Self::read_number(&mut members, work.now)?;
        let _ = members.object("networks")?;
        members.finish()?;
        Ok(Shown { card, token: None })
    }

    /// Reads `number`, `exp_month`, `exp_year` and `cvc`.
    ///
    /// # Errors
    ///
    /// As [`Card::read`].
    pub(super) fn read_number(members: &mut Params, now: Timestamp) -> Result<Self> {
        let number: String =
            members.required_text("number")?.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let (month, year) = (members.natural("exp_month")?, members.natural("exp_year")?);
        let cvc = members.text("cvc")?;
        let month = month.ok_or_else(|| Refusal::missing(&members.name("exp_month")))?;
        let year = year.ok_or_else(|| Refusal::missing(&members.name("exp_year")))?;
        let (exp_month, exp_year) = expiry(month, year, now)?;
        let is_cvc =
            |cvc: &String| (3..=4).contains(&cvc.len()) && cvc.bytes().all(|byte| byte.is_ascii_digit());
        if cvc.as_ref().is_some_and(|cvc| !is_cvc(cvc)) {
            return Err(wrong("invalid_cvc", "cvc", "Your card's security code is invalid."));
        }
        if !test_cards::has_check_digit(&number) {
            return Err(wrong("incorrect_number", "number", "Your card number is incorrect."));
        }
        let test = test_cards::numbered(&number).ok_or_else(|| declined(Decline::LiveCard))?;
        let given = Given { cvc: cvc.is_some(), ..Given::default() };
        Ok(Self { test, exp_month, exp_year, given })
    }

    /// The card with another date, or a part of one.
    ///
    /// # Errors
    ///
    /// The date is none, or has passed.
    pub(super) fn expiring(self, month: Option<u64>, year: Option<u64>, now: Timestamp) -> Result<Self> {
        if month.is_none() && year.is_none() {
            return Ok(self);
        }
        let (month, year) = (month.unwrap_or(self.exp_month.into()), year.unwrap_or(self.exp_year.into()));
        let (exp_month, exp_year) = expiry(month, year, now)?;
        Ok(Self { exp_month, exp_year, ..self })
    }

    /// What a check says: nothing where nothing was given, nothing yet where no issuer looked.
    const fn check(self, is_given: bool, result: &'static str) -> Option<&'static str> {
        match (is_given, self.given.is_checked) {
            (false, _) => None,
            (true, false) => Some("unchecked"),
            (true, true) => Some(result),
        }
    }

    /// Writes the card in the older form, as tokens and the charges made from them have it.
    pub(super) fn write_as_source(
        self,
        sheet: &mut Sheet<'_>,
        name: &'static str,
        id: &str,
        holder: Option<&str>,
    ) {
        sheet.object(name, |sheet| self.write_source_members(sheet, id, holder));
    }

    /// Writes the members of the older form, for an object around them that is there.
    pub(super) fn write_source_members(self, sheet: &mut Sheet<'_>, id: &str, holder: Option<&str>) {
        let fingerprint = self.fingerprint(sheet.reader.ids);
        sheet.text("id", id);
        sheet.text("object", "card");
        for part in [
            "address_city",
            "address_country",
            "address_line1",
            "address_line1_check",
            "address_line2",
            "address_state",
            "address_zip",
            "address_zip_check",
        ] {
            sheet.null(part);
        }
        sheet.text("brand", shown_brand(self.test.brand()));
        sheet.text("country", self.test.country);
        sheet.maybe_text("cvc_check", self.check(self.given.cvc, self.test.checks.cvc));
        sheet.null("dynamic_last4");
        sheet.natural("exp_month", self.exp_month.into());
        sheet.natural("exp_year", self.exp_year.into());
        sheet.text("fingerprint", &fingerprint);
        sheet.text("funding", self.test.funding.name());
        sheet.text("last4", self.test.last4());
        sheet.object("metadata", |_| {});
        sheet.maybe_text("name", holder);
        sheet.text("regulated_status", "unregulated");
        sheet.null("tokenization_method");
        sheet.null("wallet");
    }

    /// Writes `checks`.
    pub(super) fn write_checks(self, sheet: &mut Sheet<'_>) {
        let (given, checks) = (self.given, self.test.checks);
        sheet.object("checks", |sheet| {
            sheet.maybe_text("address_line1_check", self.check(given.line1, checks.line1));
            sheet.maybe_text("address_postal_code_check", self.check(given.postal_code, checks.postal_code));
            sheet.maybe_text("cvc_check", self.check(given.cvc, checks.cvc));
        });
    }

    /// Writes `card` of a payment method.
    pub(super) fn write(self, sheet: &mut Sheet<'_>) {
        let (test, brand) = (self.test, self.test.brand());
        let fingerprint = self.fingerprint(sheet.reader.ids);
        sheet.object("card", |sheet| {
            sheet.text("brand", brand);
            self.write_checks(sheet);
            sheet.text("country", test.country);
            sheet.text("display_brand", brand);
            sheet.natural("exp_month", self.exp_month.into());
            sheet.natural("exp_year", self.exp_year.into());
            sheet.text("fingerprint", &fingerprint);
            sheet.text("funding", test.funding.name());
            sheet.null("generated_from");
            sheet.text("last4", test.last4());
            sheet.object("networks", |sheet| {
                sheet.texts("available", [brand]);
                sheet.null("preferred");
            });
            sheet.text("regulated_status", "unregulated");
            sheet.object("three_d_secure_usage", |sheet| sheet.flag("supported", true));
            sheet.null("wallet");
        });
    }

    /// The same for the same number, and different in each gateway.
    pub(super) fn fingerprint(self, ids: &Ids) -> String {
        let place = TEST_CARDS.iter().position(|card| card.number == self.test.number).unwrap_or_default();
        let id = ids.id("fingerprint", place);
        id.get(id.len().saturating_sub(16)..).unwrap_or_default().to_owned()
    }
}

/// The brand as cards and tokens have it; payment methods have the short name.
fn shown_brand(brand: &str) -> &'static str {
    match brand {
        "amex" => "American Express",
        "diners" => "Diners Club",
        "jcb" => "JCB",
        "mastercard" => "MasterCard",
        "unionpay" => "UnionPay",
        "discover" => "Discover",
        _ => "Visa",
    }
}

/// The refusal of a card before any charge is tried.
pub(super) fn declined(decline: Decline) -> Box<Refusal> {
    let words = decline.wording();
    let mut refusal = Refusal::card(words.code, words.decline_code, words.message);
    refusal.param = words.param.map(str::to_owned);
    refusal
}

fn wrong(code: &'static str, param: &str, message: &str) -> Box<Refusal> {
    let mut refusal = Refusal::card(code, None, message);
    refusal.param = Some(param.to_owned());
    refusal.is_executed = false;
    refusal
}

/// A date until which a card is valid; of a year below 100 the century is this one.
fn expiry(month: u64, year: u64, now: Timestamp) -> Result<(u8, u16)> {
    const YEARS_MAX: u16 = 50;
    let bad_month = || wrong("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.");
    let bad_year = || wrong("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.");
    let year = if year < 100 { year.saturating_add(2_000) } else { year };
    let (this_year, this_month) = year_and_month(now);
    let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month)).ok_or_else(bad_month)?;
    let in_reach = this_year..=this_year.saturating_add(YEARS_MAX);
    let year = u16::try_from(year).ok().filter(|year| in_reach.contains(year)).ok_or_else(bad_year)?;
    if year == this_year && month < this_month {
        return Err(bad_month());
    }
    Ok((month, year))
}
