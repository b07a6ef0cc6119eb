//! A bank account says how it will answer to a payout by its test number, and stays known by name once it is removed.
//!
//! Source: <https://docs.stripe.com/api/external_account_bank_accounts>; numbers and tokens:
//! <https://docs.stripe.com/connect/testing#account-numbers>.

use super::super::treasury::Bank;
use super::accounts::{self, Account};
use super::amount_params;
use super::expand::{Field, Gives, Holds};
use super::form::Node;
use super::list::Page;
use super::object::{Class, Head, Kind, PLATFORM, kind, renew};
use super::params::{MetadataPatch, Params, Patch};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::{Work, merge};
use crate::money::Currency;
use crate::prelude::*;

const LIST: &str = "/v1/accounts/:id/external_accounts";
const ONE: &str = "/v1/accounts/:id/external_accounts/:id";
const NOTE: &str =
    "Bank accounts only. The platform's own account takes them too, where Stripe asks for the Dashboard.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", LIST, create, Gives::One(Class::BankAccount), Level::Most).noting(NOTE),
    Row::new("GET", LIST, list, Gives::List(Class::BankAccount), Level::Most).noting(NOTE),
    Row::new("GET", ONE, retrieve, Gives::One(Class::BankAccount), Level::Most),
    Row::new("POST", ONE, update, Gives::One(Class::BankAccount), Level::Most),
    Row::new("DELETE", ONE, delete, Gives::Nothing, Level::Whole),
];

/// What tokens of the documentation stand for.
const TOKENS: &[(&str, &str)] = &[
    ("btok_us", "000123456789"),
    ("btok_us_verified", "000123456789"),
    ("btok_us_verified_accountClosed", "000111111113"),
    ("btok_us_verified_debitNotAuthorized", "000333333335"),
    ("btok_us_verified_insufficientFunds", "000222222227"),
    ("btok_us_verified_invalidCurrency", "000444444440"),
    ("btok_us_verified_noAccount", "000111111116"),
];

/// The routing number of the test bank.
const ROUTING: &str = "110000000";

const NUMBER_CHARS_MIN: usize = 4;
const NUMBER_CHARS_MAX: usize = 34;

/// A bank account that payouts go to.
#[derive(Clone, Debug)]
pub(super) struct BankAccount {
    pub(super) head: Head,
    /// Whose it is. The head names the platform, which reaches it through the account.
    pub(super) holder: usize,
    /// Its number among the bank accounts of the holder.
    pub(super) place: usize,
    /// What the treasury knew of it when this version was made.
    pub(super) bank: Bank,
    holder_type: Option<&'static str>,
}

impl Kind for BankAccount {
    kind!(BankAccount, bank_accounts);
    const PREFIX: &'static str = "ba";
    const NAME: &'static str = "bank_account";
    const FIELDS: &'static [Field] = &[("account", Holds::One(Class::Account))];

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.bank.is_deleted {
            sheet.currency("currency", self.bank.currency);
            return sheet.flag("deleted", true);
        }
        sheet.reference::<Account>("account", Some(self.holder));
        sheet.maybe_text("account_holder_name", self.bank.holder.as_deref());
        sheet.maybe_text("account_holder_type", self.holder_type);
        sheet.null("account_type");
        sheet.texts("available_payout_methods", ["standard"]);
        sheet.text("bank_name", "STRIPE TEST BANK");
        sheet.text("country", &self.bank.country);
        sheet.currency("currency", self.bank.currency);
        sheet.flag("default_for_currency", self.bank.is_default);
        // The same number has the same fingerprint.
        let digits =
            self.bank.number.bytes().fold(0_usize, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(usize::from(byte)) % 0x00ff_ffff
            });
        let fingerprint = sheet.reader.ids.id("bank", digits);
        sheet.text("fingerprint", fingerprint.split('_').next_back().unwrap_or_default());
        let skipped = self.bank.number.chars().count().saturating_sub(4);
        let last4: String = self.bank.number.chars().skip(skipped).collect();
        sheet.text("last4", &last4);
        sheet.metadata(&self.head.metadata);
        let routing = Some(self.bank.routing.as_str()).filter(|routing| !routing.is_empty());
        sheet.maybe_text("routing_number", routing);
        sheet.text("status", if self.bank.is_errored { "errored" } else { "new" });
    }
}

/// The object of a bank account the treasury knows, made where there is none yet, and brought up to date. Returns its
/// number.
///
/// # Errors
///
/// A contradiction in the simulator: the account does not exist.
pub(super) fn publish(work: &mut Work<'_>, holder: usize, place: usize) -> Result<usize> {
    loop {
        let account = work.get::<Account>(holder)?;
        let (purse, known) = (account.purse, account.banks.get(place).map(|known| known.head.number));
        let next = account.banks.len();
        let wanted = if known.is_some() { place } else { next };
        let bank = work.world.treasury.account(purse).and_then(|found| found.banks.get(wanted)).cloned();
        let bank = bank.ok_or_else(|| Refusal::bug("a bank account number names no bank account"))?;
        if let Some(number) = known {
            if work.get::<BankAccount>(number)?.bank != bank {
                work.edit::<BankAccount>(number)?.bank = bank;
                show(work, number)?;
            }
            return Ok(number);
        }
        let head = Head { account: PLATFORM, ..work.head::<BankAccount>(MetadataPatch::Keep) };
        let number = work.add(BankAccount { head, holder, place: next, bank, holder_type: None });
        let added = work.get::<BankAccount>(number)?.clone();
        work.edit::<Account>(holder)?.banks.push(added);
    }
}

/// Lets the holder of a bank account show its present version.
fn show(work: &mut Work<'_>, number: usize) -> Result<()> {
    let latest = work.get::<BankAccount>(number)?.clone();
    renew(&mut work.edit::<Account>(latest.holder)?.banks, latest);
    Ok(())
}

/// What a merchant says of a bank account, as a token or in full.
#[derive(Debug)]
pub(super) struct Told {
    bank: Bank,
    holder_type: Option<&'static str>,
}

impl Told {
    /// Reads `external_account`.
    ///
    /// # Errors
    ///
    /// It is neither a token that is known nor a bank account.
    pub(super) fn read(params: &mut Params) -> Result<Option<Self>> {
        if !params.has("external_account") {
            return Ok(None);
        }
        if let Some(Node::Text(token)) = params.clone().take("external_account") {
            let _ = params.take("external_account");
            let found = TOKENS.iter().find(|(known, _)| *known == token);
            let (_, number) =
                found.ok_or_else(|| Refusal::no_such_param("token", &token, "external_account"))?;
            return Ok(Some(Self { bank: plain("US", Currency::USD, number, ROUTING), holder_type: None }));
        }
        let Patch::Set(mut members) = params.object("external_account")? else { return Ok(None) };
        let told = Self::read_members(&mut members)?;
        members.finish()?;
        Ok(Some(told))
    }

    fn read_members(members: &mut Params) -> Result<Self> {
        let _ = members.choice("object", &[("bank_account", ())])?;
        let (country, currency) = (members.required_text("country")?, amount_params::currency(members)?);
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(members.invalid("country", "country", &country));
        }
        let number = members.required_text("account_number")?;
        let is_plausible = (NUMBER_CHARS_MIN..=NUMBER_CHARS_MAX).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_plausible {
            return Err(members.invalid("account_number", "account number", &number));
        }
        let routing = members.text("routing_number")?.unwrap_or_default();
        let types = [("individual", "individual"), ("company", "company")];
        let holder_type = members.choice("account_holder_type", &types)?;
        let holder = members.patch("account_holder_name")?.value();
        let bank = plain(&country.to_ascii_uppercase(), currency, &number, &routing);
        Ok(Self { bank: Bank { holder, ..bank }, holder_type })
    }

    /// Gives the bank account to an account and returns the number of its object.
    ///
    /// # Errors
    ///
    /// A contradiction in the simulator: the account does not exist.
    pub(super) fn add(
        self,
        work: &mut Work<'_>,
        holder: usize,
        is_default: bool,
        metadata: MetadataPatch,
    ) -> Result<usize> {
        let purse = work.get::<Account>(holder)?.purse;
        let bank = Bank { is_default, ..self.bank };
        let place = work.world.treasury.add_bank(purse, bank)?;
        let number = publish_all(work, holder, place)?;
        let object = work.edit::<BankAccount>(number)?;
        object.holder_type = self.holder_type;
        merge(&mut object.head.metadata, metadata);
        show(work, number)?;
        Ok(number)
    }
}

fn plain(country: &str, currency: Currency, number: &str, routing: &str) -> Bank {
    Bank {
        country: country.to_owned(),
        currency,
        number: number.to_owned(),
        routing: routing.to_owned(),
        holder: None,
        is_default: false,
        is_deleted: false,
        is_errored: false,
    }
}

/// Brings all bank accounts of an account up to date, as another one may not be the default any more.
fn publish_all(work: &mut Work<'_>, holder: usize, place: usize) -> Result<usize> {
    for other in 0..place {
        let _ = publish(work, holder, other)?;
    }
    publish(work, holder, place)
}

/// The bank account the path names, after its account.
fn named(work: &Work<'_>) -> Result<(usize, usize)> {
    let holder = accounts::named(work)?;
    let id = work.path_id(1);
    let number = work.world.ids.number(BankAccount::PREFIX, id).filter(|number| {
        work.get::<BankAccount>(*number).is_ok_and(|bank| bank.holder == holder && !bank.bank.is_deleted)
    });
    Ok((holder, number.ok_or_else(|| Refusal::no_such("external account", id))?))
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let holder = accounts::named(work)?;
    let told = Told::read(&mut params)?.ok_or_else(|| Refusal::missing("external_account"))?;
    let is_default = params.flag("default_for_currency")?.unwrap_or_default();
    let metadata = params.metadata()?;
    params.finish()?;

    // From here on the bank account is known.
    let number = told.add(work, holder, is_default, metadata)?;
    work.emit::<BankAccount>("account.external_account.created", number)?;
    Ok(Answer::Object(work.object::<BankAccount>(number)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let (_, number) = named(work)?;
    params.finish()?;
    Ok(Answer::Object(work.object::<BankAccount>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let (holder, number) = named(work)?;
    let before = work.get::<BankAccount>(number)?.clone();
    let name = params.patch("account_holder_name")?;
    let types = [("individual", "individual"), ("company", "company")];
    let holder_type = params.choice("account_holder_type", &types)?;
    let is_default = params.flag("default_for_currency")?.unwrap_or_default();
    let metadata = params.metadata()?;
    params.finish()?;

    // From here on the bank account is changed.
    let (purse, place) = (work.get::<Account>(holder)?.purse, before.place);
    let (treasury, currency) = (&mut work.world.treasury, before.bank.currency);
    treasury.change_bank(purse, place, |bank| name.apply(&mut bank.holder))?;
    if is_default {
        treasury.prefer_bank(purse, place, currency)?;
    }
    let last = work.get::<Account>(holder)?.banks.len().saturating_sub(1);
    let _ = publish_all(work, holder, last)?;
    let object = work.edit::<BankAccount>(number)?;
    object.holder_type = holder_type.or(object.holder_type);
    merge(&mut object.head.metadata, metadata);
    show(work, number)?;
    work.emit_change("account.external_account.updated", number, before)?;
    Ok(Answer::Object(work.object::<BankAccount>(number)?))
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let (holder, number) = named(work)?;
    params.finish()?;
    let found = work.get::<BankAccount>(number)?;
    if found.bank.is_default {
        let message = "You cannot delete the default external account for your default currency. Please make another \
                       external account the default using the `default_for_currency` param, and then delete this one.";
        return Err(Refusal::request(message.to_owned()));
    }
    let (place, purse) = (found.place, work.get::<Account>(holder)?.purse);

    // From here on the bank account is gone; the event tells of the last version.
    work.emit::<BankAccount>("account.external_account.deleted", number)?;
    work.world.treasury.change_bank(purse, place, |bank| bank.is_deleted = true)?;
    let _ = publish(work, holder, place)?;
    Ok(Answer::Object(work.object::<BankAccount>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let holder = accounts::named(work)?;
    let page = Page::read::<BankAccount>(work, &mut params)?;
    let _ = params.choice("object", &[("bank_account", ())])?;
    params.finish()?;
    let found = page.of::<BankAccount>(work, |bank| bank.holder == holder && !bank.bank.is_deleted);
    let url = glued(&["/v1/accounts/", &work.id::<Account>(holder), "/external_accounts"]);
    Ok(Answer::list::<BankAccount>(&url, found))
}
