//! A charge is one try to take money: it succeeds or fails when it is made, and only what succeeded is captured, refunded
//! or disputed.
//!
//! Of each charge: refunded ≤ captured ≤ amount, except a hold that was let go, which counts as refunded whole.

use alloc::sync::Arc;

use super::accounts::Account;
use super::addresses::Billing;
use super::application_fees::ApplicationFee;
use super::balance_transactions::BalanceTransaction;
use super::cards::Card;
use super::customers::{self, Customer};
use super::declines::Decline;
use super::direct_charges;
use super::expand::{Field, Gives, Holds};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params, Patch};
use super::payment_intents::{self, PaymentIntent};
use super::payment_methods::PaymentMethod;
use super::refunds;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::search::{self, Content};
use super::search_page;
use super::sheet::Sheet;
use super::terms::{Terms, TermsPatch};
use super::transfers::Transfer;
use super::work::{Work, merge};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

const NOTE: &str = "From tokens, card numbers and the default source of a customer. Nobody is asked to authenticate. A hold ends when it is \
                    captured or expires, not by a refund.";

/// Where the numbers of the cards of charges begin: those of tokens count from 0.
const CARDS_OF_CHARGES: usize = 1 << 31;

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/charges", direct_charges::create, Gives::One(Class::Charge), Level::Most)
        .noting(NOTE),
    Row::new("GET", "/v1/charges", list, Gives::List(Class::Charge), Level::Whole),
    Row::new("GET", "/v1/charges/search", search, Gives::List(Class::Charge), Level::Whole),
    Row::new("GET", "/v1/charges/:id", retrieve, Gives::One(Class::Charge), Level::Whole),
    Row::new("POST", "/v1/charges/:id", update, Gives::One(Class::Charge), Level::Most),
    Row::new("POST", "/v1/charges/:id/capture", capture, Gives::One(Class::Charge), Level::Most),
];

/// What became of the money a charge held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// It can be captured until this moment.
    Until(Timestamp),
    /// It was captured, at once or later.
    Captured,
    /// It went back uncaptured.
    LetGo,
    /// There was none: the charge failed.
    Never,
}

/// With whom the money of a charge was shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shared {
    /// The transfer that passed it on.
    pub(super) transfer: Option<usize>,
    /// What the platform kept back.
    pub(super) fee: Option<usize>,
}

/// One try to take money.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    pub(super) head: Head,
    /// Minor units that were authorized.
    pub(super) amount: u64,
    pub(super) currency: Currency,
    /// Minor units that were captured.
    pub(super) amount_captured: u64,
    /// Minor units that went back and did not come again.
    pub(super) amount_refunded: u64,
    pub(super) hold: Hold,
    pub(super) disputed: bool,
    /// Why it failed; `None` when it succeeded.
    pub(super) failure: Option<Decline>,
    /// The number of the balance transaction, once it is told.
    pub(super) balance_transaction: Option<usize>,
    pub(super) payment_intent: Option<usize>,
    /// The charge the same intent made before.
    pub(super) previous: Option<usize>,
    pub(super) payment_method: usize,
    pub(super) customer: Option<usize>,
    pub(super) card: Card,
    pub(super) billing: Option<Arc<Billing>>,
    pub(super) terms: Arc<Terms>,
    /// `None` where all of it is this account's.
    pub(super) shared: Option<Arc<Shared>>,
    /// Whether the holder authenticated.
    pub(super) is_authenticated: bool,
    /// What the merchant reported: `safe` or `fraudulent`.
    pub(super) user_report: Option<&'static str>,
}

impl Charge {
    /// Whether it succeeded.
    pub(super) const fn is_paid(&self) -> bool {
        self.failure.is_none()
    }

    const fn status(&self) -> &'static str {
        if self.is_paid() { "succeeded" } else { "failed" }
    }

    /// Whether the money was taken and is not held any more.
    pub(super) fn is_captured(&self) -> bool {
        self.hold == Hold::Captured
    }

    /// Minor units that may still be given back.
    pub(super) fn refundable(&self) -> u64 {
        self.amount_captured.saturating_sub(self.amount_refunded)
    }

    /// Whether all that was taken went back.
    pub(super) fn is_refunded(&self) -> bool {
        self.hold == Hold::LetGo || (self.amount_captured > 0 && self.amount_refunded >= self.amount_captured)
    }
}

impl Kind for Charge {
    kind!(Charge, charges);
    const PREFIX: &'static str = "ch";
    const NAME: &'static str = "charge";
    const FIELDS: &'static [Field] = &[
        ("application", Holds::Any),
        ("application_fee", Holds::One(Class::ApplicationFee)),
        ("balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("customer", Holds::One(Class::Customer)),
        ("failure_balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("on_behalf_of", Holds::One(Class::Account)),
        ("payment_intent", Holds::One(Class::PaymentIntent)),
        ("refunds", Holds::One(Class::Refund)),
        ("review", Holds::Any),
        ("source_transfer", Holds::One(Class::Transfer)),
        ("transfer", Holds::One(Class::Transfer)),
        ("transfer_data.destination", Holds::One(Class::Account)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        let (terms, words) = (&self.terms, self.failure.map(Decline::wording));
        sheet.natural("amount", self.amount);
        sheet.natural("amount_captured", self.amount_captured);
        sheet.natural(
            "amount_refunded",
            if self.hold == Hold::LetGo { self.amount } else { self.amount_refunded },
        );
        sheet.null("application");
        let shared = self.shared.as_deref().copied().unwrap_or_default();
        sheet.reference::<ApplicationFee>("application_fee", shared.fee);
        sheet.maybe_natural("application_fee_amount", terms.application_fee);
        sheet.reference::<BalanceTransaction>("balance_transaction", self.balance_transaction);
        match &self.billing {
            Some(billing) => billing.write(sheet),
            None => Billing::default().write(sheet),
        }
        sheet.text("calculated_statement_descriptor", &terms.calculated_descriptor());
        sheet.flag("captured", self.is_captured());
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.reference::<Customer>("customer", self.customer);
        sheet.maybe_text("description", terms.description.as_deref());
        sheet.flag("disputed", self.disputed);
        sheet.null("failure_balance_transaction");
        sheet.maybe_text("failure_code", words.map(|words| words.code));
        sheet.maybe_text("failure_message", words.map(|words| words.message));
        sheet.object("fraud_details", |sheet| {
            if let Some(report) = self.user_report {
                sheet.text("user_report", report);
            }
        });
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.reference::<Account>("on_behalf_of", terms.on_behalf_of);
        self.write_outcome(sheet);
        sheet.flag("paid", self.is_paid());
        sheet.reference::<PaymentIntent>("payment_intent", self.payment_intent);
        sheet.text("payment_method", &sheet.reader.id::<PaymentMethod>(self.payment_method));
        sheet.object("payment_method_details", |sheet| {
            self.write_card(sheet);
            sheet.text("type", "card");
        });
        sheet.object("radar_options", |_| {});
        sheet.maybe_text("receipt_email", terms.receipt_email.as_deref());
        sheet.null("receipt_number");
        let receipt =
            glued(&["https://pay.stripe.com/receipts/", &sheet.reader.id::<Self>(self.head.number)]);
        sheet.maybe_text("receipt_url", self.is_paid().then_some(receipt.as_str()));
        sheet.flag("refunded", self.is_refunded());
        refunds::write_of_charge(sheet, self.head.number);
        sheet.null("review");
        terms.write_shipping(sheet);
        if self.payment_intent.is_none() {
            let card_id = sheet.reader.ids.id("card", self.head.number.saturating_add(CARDS_OF_CHARGES));
            self.card.write_as_source(sheet, "source", &card_id, None);
        } else {
            sheet.null("source");
        }
        sheet.null("source_transfer");
        terms.write_descriptors(sheet);
        sheet.text("status", self.status());
        if shared.transfer.is_some() {
            sheet.reference::<Transfer>("transfer", shared.transfer);
        }
        terms.write_transfer_data(sheet);
        sheet.maybe_text("transfer_group", terms.transfer_group.as_deref());
    }
}

/// The charge the path names.
fn find(work: &Work<'_>) -> Result<usize> {
    work.find::<Charge>(0)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = find(work)?;
    Ok(Answer::Object(work.object::<Charge>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let before = work.get::<Charge>(number)?.clone();
    let terms = TermsPatch::read_of_charge(&mut params)?;
    let metadata = params.metadata()?;
    let customer = match params.text("customer")? {
        Some(id) => Some(customers::named(work, &id, "customer")?),
        None => None,
    };
    let mut report = before.user_report;
    if let Patch::Set(mut details) = params.object("fraud_details")? {
        report = match details.patch("user_report")? {
            Patch::Keep => report,
            Patch::Unset => None,
            Patch::Set(word) if word == "safe" => Some("safe"),
            Patch::Set(word) if word == "fraudulent" => Some("fraudulent"),
            Patch::Set(word) => return Err(details.invalid("user_report", "user_report", &word)),
        };
        details.finish()?;
    }
    params.finish()?;
    if customer.is_some() && before.customer.is_some() && customer != before.customer {
        let message = "This charge already belongs to a customer, which cannot be changed.".to_owned();
        return Err(Refusal::param(None, "customer", message));
    }

    // From here on the charge is changed.
    let charge = work.edit::<Charge>(number)?;
    terms.apply(&mut charge.terms);
    charge.user_report = report;
    charge.customer = customer.or(charge.customer);
    merge(&mut charge.head.metadata, metadata);
    work.emit_change("charge.updated", number, before)?;
    Ok(Answer::Object(work.object::<Charge>(number)?))
}

fn capture(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = find(work)?;
    let asked = params.positive("amount")?;
    let terms = TermsPatch::read_of_capture(&mut params)?;
    params.finish()?;
    let charge = work.get::<Charge>(number)?;
    let intent = charge.payment_intent;
    match charge.hold {
        Hold::Until(_) => {}
        Hold::Captured => {
            let message = format!("Charge {} has already been captured.", work.id::<Charge>(number));
            return Err(Refusal::state("charge_already_captured", message));
        }
        Hold::LetGo | Hold::Never => {
            let message =
                format!("Charge {} cannot be captured: it holds nothing.", work.id::<Charge>(number));
            return Err(Refusal::state("charge_expired_for_capture", message));
        }
    }
    match intent {
        Some(intent) => {
            payment_intents::capture_held(work, intent, asked, ("amount", terms, MetadataPatch::Keep))?;
        }
        None => direct_charges::capture(work, number, asked, terms)?,
    }
    Ok(Answer::Object(work.object::<Charge>(number)?))
}

/// The charges an intent made, newest first.
fn of_intent<'w>(work: &'w Work<'_>, intent: usize) -> impl Iterator<Item = usize> + 'w {
    let latest = work.get::<PaymentIntent>(intent).ok().and_then(|intent| intent.latest_charge);
    core::iter::successors(latest, |number| {
        work.get::<Charge>(*number).ok().and_then(|charge| charge.previous)
    })
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Charge>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let customer = match params.text("customer")? {
        Some(id) => Some(work.find_param::<Customer>(&id, "customer")?),
        None => None,
    };
    let intent = match params.text("payment_intent")? {
        Some(id) => Some(work.find_param::<PaymentIntent>(&id, "payment_intent")?),
        None => None,
    };
    let group = params.text("transfer_group")?;
    params.finish()?;
    let is_wanted = |charge: &Charge| {
        created.holds(charge.head.created)
            && customer.is_none_or(|customer| charge.customer == Some(customer))
            && group.as_ref().is_none_or(|group| charge.terms.transfer_group.as_ref() == Some(group))
    };
    let found = match intent {
        Some(intent) => {
            // Oldest first, as a page walks what it is given from its end.
            let mut numbers: Vec<usize> = of_intent(work, intent).collect();
            numbers.reverse();
            page.among::<Charge>(work, numbers.into_iter(), is_wanted)
        }
        None => page.of::<Charge>(work, is_wanted),
    };
    Ok(Answer::list::<Charge>("/v1/charges", found))
}

/// Fields of <https://docs.stripe.com/search#query-fields-for-charges>.
const SEARCHED: &[search::Field] = &[
    ("amount", search::Kind::Number),
    ("billing_details.address.postal_code", search::Kind::Token),
    ("created", search::Kind::Number),
    ("currency", search::Kind::Token),
    ("customer", search::Kind::Token),
    ("disputed", search::Kind::Token),
    ("metadata", search::Kind::Metadata),
    ("payment_method_details.card.brand", search::Kind::Token),
    ("payment_method_details.card.exp_month", search::Kind::Number),
    ("payment_method_details.card.exp_year", search::Kind::Number),
    ("payment_method_details.card.fingerprint", search::Kind::Token),
    ("payment_method_details.card.last4", search::Kind::Token),
    ("refunded", search::Kind::Token),
    ("status", search::Kind::Token),
];

fn search(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    let url = "/v1/charges/search";
    search_page::answer::<Charge>(
        work,
        params,
        (url, SEARCHED),
        |_| true,
        |charge, ids, name, key| match name {
            "amount" => Content::Number(charge.amount),
            "billing_details.address.postal_code" => Content::maybe(
                charge.billing.as_ref().and_then(|billing| billing.address.postal_code.clone()),
            ),
            "created" => Content::Number(charge.head.created.unix_seconds()),
            "currency" => Content::Text(charge.currency.code().to_ascii_lowercase()),
            "customer" => Content::maybe(charge.customer.map(|number| ids.id(Customer::PREFIX, number))),
            "disputed" => Content::Flag(charge.disputed),
            "metadata" => search_page::metadata(&charge.head.metadata, key),
            "payment_method_details.card.brand" => Content::Text(charge.card.test.brand().to_owned()),
            "payment_method_details.card.exp_month" => Content::Number(charge.card.exp_month.into()),
            "payment_method_details.card.exp_year" => Content::Number(charge.card.exp_year.into()),
            "payment_method_details.card.fingerprint" => Content::Text(charge.card.fingerprint(ids)),
            "payment_method_details.card.last4" => Content::Text(charge.card.test.last4().to_owned()),
            "refunded" => Content::Flag(charge.is_refunded()),
            _ => Content::Text(charge.status().to_owned()),
        },
    )
}
