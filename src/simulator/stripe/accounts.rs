//! An account has its own money, objects and bank accounts. The platform is the first; others are connected to it, and a
//! request reaches them by the header `Stripe-Account`.
//!
//! Source: <https://docs.stripe.com/api/accounts>. Connected accounts are ready from the start, as in a sandbox once the
//! test data of the documentation was given.

use alloc::sync::Arc;

use super::super::treasury::Profile;
use super::super::world::World;
use super::bank_accounts::{BankAccount, Told};
use super::expand::{Field, Gives};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, Object, PLATFORM, kind};
use super::params::{MetadataPatch, Params, Patch};
use super::payout_settings::{self, SettingsPatch};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::{Work, merge};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

const URL: &str = "/v1/accounts";
const NOTE: &str =
    "Persons, company, controller and terms are accepted and not kept; capabilities are active at once.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("GET", "/v1/account", retrieve_own, Gives::One(Class::Account), Level::Most),
    Row::new("POST", URL, create, Gives::One(Class::Account), Level::Basic).noting(NOTE),
    Row::new("GET", URL, list, Gives::List(Class::Account), Level::Whole),
    Row::new("GET", "/v1/accounts/:id", retrieve, Gives::One(Class::Account), Level::Most),
    Row::new("POST", "/v1/accounts/:id", update, Gives::One(Class::Account), Level::Basic).noting(NOTE),
    Row::new("DELETE", "/v1/accounts/:id", delete, Gives::Nothing, Level::Whole),
];

/// Countries whose money is not the dollar, as far as accounts are opened here.
const CURRENCIES: &[(&str, &str)] = &[
    ("AT", "EUR"),
    ("AU", "AUD"),
    ("BE", "EUR"),
    ("BR", "BRL"),
    ("CA", "CAD"),
    ("CH", "CHF"),
    ("CZ", "CZK"),
    ("DE", "EUR"),
    ("DK", "DKK"),
    ("ES", "EUR"),
    ("FI", "EUR"),
    ("FR", "EUR"),
    ("GB", "GBP"),
    ("HK", "HKD"),
    ("HU", "HUF"),
    ("IE", "EUR"),
    ("IN", "INR"),
    ("IT", "EUR"),
    ("JP", "JPY"),
    ("MX", "MXN"),
    ("NL", "EUR"),
    ("NO", "NOK"),
    ("NZ", "NZD"),
    ("PL", "PLN"),
    ("PT", "EUR"),
    ("SE", "SEK"),
    ("SG", "SGD"),
];

/// Whose money and objects they are.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) head: Head,
    /// The number of its money in the treasury.
    pub(super) purse: usize,
    /// Its bank accounts, in the order in which the treasury has them.
    pub(super) banks: Vec<Arc<BankAccount>>,
    kind: &'static str,
    pub(super) profile: Profile,
    email: Option<String>,
    business_type: Option<&'static str>,
    name: Option<String>,
    url: Option<String>,
    capabilities: Vec<String>,
    is_deleted: bool,
}

impl Kind for Account {
    kind!(Account, accounts);
    const PREFIX: &'static str = "acct";
    const NAME: &'static str = "account";
    const FIELDS: &'static [Field] = &[];

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.is_deleted {
            return sheet.flag("deleted", true);
        }
        sheet.object("business_profile", |sheet| {
            sheet.null("mcc");
            sheet.null("minority_owned_business_designation");
            sheet.maybe_text("name", self.name.as_deref());
            for part in [
                "product_description",
                "specified_commercial_transactions_act_url",
                "support_address",
                "support_email",
                "support_phone",
                "support_url",
            ] {
                sheet.null(part);
            }
            sheet.maybe_text("url", self.url.as_deref());
        });
        sheet.maybe_text("business_type", self.business_type);
        sheet.object("capabilities", |sheet| {
            for name in &self.capabilities {
                sheet.named_by_merchant(name, "active");
            }
        });
        sheet.flag("charges_enabled", true);
        sheet.text("country", &self.profile.country);
        sheet.time("created", self.head.created);
        sheet.currency("default_currency", self.profile.currency);
        sheet.flag("details_submitted", true);
        sheet.maybe_text("email", self.email.as_deref());
        let banks: Vec<Object> = self
            .banks
            .iter()
            .filter(|bank| !bank.bank.is_deleted)
            .map(|bank| BankAccount::object(bank.clone()))
            .collect();
        let url = glued(&["/v1/accounts/", &sheet.reader.id::<Self>(self.head.number), "/external_accounts"]);
        sheet.list("external_accounts", &url, banks);
        sheet.metadata(&self.head.metadata);
        sheet.flag("payouts_enabled", true);
        for name in ["future_requirements", "requirements"] {
            sheet.object(name, |sheet| {
                sheet.texts("alternatives", []);
                sheet.null("current_deadline");
                sheet.texts("currently_due", []);
                sheet.null("disabled_reason");
                for list in ["errors", "eventually_due", "past_due", "pending_verification"] {
                    sheet.texts(list, []);
                }
            });
        }
        sheet.object("settings", |sheet| payout_settings::write(sheet, &self.profile));
        sheet.text("type", self.kind);
    }
}

/// Opens the account of the platform: in the United States, paid out when asked for, every currency kept as it is.
pub(in crate::simulator) fn found(world: &mut World) {
    let name = world.ids.id(Account::PREFIX, PLATFORM);
    let purse = world.treasury.open(&name, Profile::united_states);
    let _ = world.stripe.holders.insert(purse, PLATFORM);
    let head = Head { number: PLATFORM, account: PLATFORM, created: Timestamp::MIN, metadata: None };
    let platform = Account {
        head,
        purse,
        banks: Vec::new(),
        kind: "standard",
        profile: Profile::united_states(),
        email: None,
        business_type: Some("company"),
        name: Some("Tillproof simulator".to_owned()),
        url: None,
        capabilities: vec!["card_payments".to_owned(), "transfers".to_owned()],
        is_deleted: false,
    };
    Account::table_mut(&mut world.stripe.tables).push(platform);
}

/// The number of the account with an id, which was not deleted.
pub(super) fn with_id(world: &World, id: &str) -> Option<usize> {
    let number = world.ids.number(Account::PREFIX, id)?;
    let found = Account::table(&world.stripe.tables).get(number)?;
    (!found.is_deleted).then_some(number)
}

/// Whether an account was not deleted.
pub(super) fn is_open(work: &Work<'_>, number: usize) -> bool {
    work.get::<Account>(number).is_ok_and(|account| !account.is_deleted)
}

/// The account the path names first: one connected to this one, or this one itself.
///
/// # Errors
///
/// 404 when there is none.
pub(super) fn named(work: &Work<'_>) -> Result<usize> {
    let id = work.path_id(0);
    with_id(work.world, id).filter(|number| *number == work.account || work.account == PLATFORM).ok_or_else(|| {
        let message = format!(
            "The provided key does not have access to account '{}' (or that account does not exist). Application access \
             may have been revoked.",
            id.chars().take(40).collect::<String>()
        );
        let mut refusal = Refusal::forbidden(message);
        refusal.code = Some("account_invalid");
        refusal
    })
}

/// The connected account a parameter names.
///
/// # Errors
///
/// 400 when there is none.
pub(super) fn connected(work: &Work<'_>, id: &str, param: &str) -> Result<usize> {
    let found = with_id(work.world, id).filter(|number| *number != work.account);
    found.ok_or_else(|| Refusal::no_such_param("destination", id, param))
}

/// What can be said of an account at creation and later.
struct Fields {
    email: Patch<String>,
    business_type: Option<&'static str>,
    name: Patch<String>,
    url: Patch<String>,
    capabilities: Vec<String>,
    settings: SettingsPatch,
}

impl Fields {
    fn read(params: &mut Params) -> Result<Self> {
        // What is only asked for to verify who somebody is has no effect here.
        for part in ["company", "controller", "documents", "groups", "individual", "tos_acceptance"] {
            let _ = params.take(part);
        }
        let types = ["company", "government_entity", "individual", "non_profit"].map(|name| (name, name));
        let business_type = params.choice("business_type", &types)?;
        let email = params.patch_up_to("email", 512)?;
        let (mut name, mut url) = (Patch::Keep, Patch::Keep);
        if let Patch::Set(mut profile) = params.object("business_profile")? {
            (name, url) = (profile.patch("name")?, profile.patch("url")?);
            let _ = profile.take_rest();
        }
        let mut capabilities = Vec::new();
        if let Patch::Set(mut wished) = params.object("capabilities")? {
            for (name, _) in wished.clone().take_rest() {
                let Patch::Set(mut capability) = wished.object(&name)? else { continue };
                if capability.flag("requested")? == Some(true) {
                    capabilities.push(name);
                }
                capability.finish()?;
            }
        }
        Ok(Self { email, business_type, name, url, capabilities, settings: SettingsPatch::read(params)? })
    }

    fn apply(self, account: &mut Account) {
        self.email.apply(&mut account.email);
        account.business_type = self.business_type.or(account.business_type);
        self.name.apply(&mut account.name);
        self.url.apply(&mut account.url);
        account.capabilities.extend(self.capabilities);
        account.capabilities.sort();
        account.capabilities.dedup();
        self.settings.apply(&mut account.profile);
    }
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let kinds = ["custom", "express", "standard", "none"].map(|name| (name, name));
    let kind = params.choice("type", &kinds)?.unwrap_or("none");
    let country = params.text("country")?.unwrap_or_else(|| "US".to_owned());
    let own = CURRENCIES.iter().find(|(code, _)| *code == country).map_or("USD", |(_, currency)| currency);
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(params.invalid("country", "country", &country));
    }
    let wished = params.text("default_currency")?;
    let currency = wished.as_deref().unwrap_or(own).to_ascii_uppercase();
    let currency =
        Currency::parse(&currency).map_err(|_| params.invalid("default_currency", "currency", &currency))?;
    let (fields, told, metadata) = (Fields::read(&mut params)?, Told::read(&mut params)?, params.metadata()?);
    params.finish()?;

    // From here on the account is open.
    let head = work.head::<Account>(metadata);
    let number = head.number;
    let profile = Profile { country, currency, keeps_currencies: false, ..Profile::united_states() };
    let name = work.id::<Account>(number);
    let purse = work.world.treasury.open(&name, || profile.clone());
    let _ = work.world.stripe.holders.insert(purse, number);
    let mut account = Account {
        head,
        purse,
        banks: Vec::new(),
        kind,
        profile,
        email: None,
        business_type: None,
        name: None,
        url: None,
        capabilities: Vec::new(),
        is_deleted: false,
    };
    fields.apply(&mut account);
    let profile = account.profile.clone();
    let now = work.now;
    let _ = work.add(account);
    work.world.treasury.change_profile(purse, now, |kept| *kept = profile)?;
    if let Some(told) = told {
        let _ = told.add(work, number, true, MetadataPatch::Keep)?;
    }
    work.emit::<Account>("account.updated", number)?;
    Ok(Answer::Object(work.object::<Account>(number)?))
}

fn retrieve_own(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    Ok(Answer::Object(work.object::<Account>(work.account)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let number = named(work)?;
    params.finish()?;
    Ok(Answer::Object(work.object::<Account>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = named(work)?;
    let before = work.get::<Account>(number)?.clone();
    let (fields, told, metadata) = (Fields::read(&mut params)?, Told::read(&mut params)?, params.metadata()?);
    params.finish()?;

    // From here on the account is changed.
    let account = work.edit::<Account>(number)?;
    fields.apply(account);
    merge(&mut account.head.metadata, metadata);
    let (purse, profile, now) = (account.purse, account.profile.clone(), work.now);
    work.world.treasury.change_profile(purse, now, |kept| *kept = profile)?;
    if let Some(told) = told {
        let _ = told.add(work, number, true, MetadataPatch::Keep)?;
    }
    work.emit_change("account.updated", number, before)?;
    Ok(Answer::Object(work.object::<Account>(number)?))
}

fn delete(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let number = named(work)?;
    params.finish()?;
    if number == PLATFORM {
        return Err(Refusal::request("The platform's own account cannot be deleted.".to_owned()));
    }
    let purse = work.get::<Account>(number)?.purse;
    let owns = work.world.treasury.account(purse).is_some_and(|found| {
        found.balances.values().any(|balance| balance.available != 0 || balance.pending != 0)
    });
    if owns {
        let message = "The account has a balance that is not zero and cannot be deleted.";
        return Err(Refusal::request(message.to_owned()));
    }

    // From here on the account is gone.
    work.edit::<Account>(number)?.is_deleted = true;
    Ok(Answer::Object(work.object::<Account>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Account>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    params.finish()?;
    let found = page.of::<Account>(work, |account| {
        account.head.number != PLATFORM && !account.is_deleted && created.holds(account.head.created)
    });
    Ok(Answer::list::<Account>(URL, found))
}
