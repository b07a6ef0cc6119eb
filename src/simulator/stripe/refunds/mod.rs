//! A refund never gives back more than is left of its charge; what fails or is canceled is left again.
//!
//! `charge.amount_refunded` is the sum of the refunds that are pending or succeeded. Sources:
//! <https://docs.stripe.com/api/refunds>, <https://docs.stripe.com/refunds#failed-refunds>.

mod admission;
mod progress;
mod shares;
mod state;

use super::balance_transactions::BalanceTransaction;
use super::charges::Charge;
use super::customers::Customer;
use super::expand::{Field, Gives, Holds};
use super::fraud_warnings;
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, Object, kind};
use super::params::Params;
use super::payment_intents::PaymentIntent;
use super::payment_methods::PaymentMethod;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::test_cards::Aftermath;
use super::transfer_reversals::TransferReversal;
use super::work::{Work, merge};
use crate::money::Currency;
use crate::prelude::*;
use state::State;

const CODE: &str = "Too large an amount has the code `amount_too_large` of the documented list; answers without it were seen.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("POST", "/v1/refunds", create, Gives::One(Class::Refund), Level::Most).noting(CODE),
    Row::new("GET", "/v1/refunds", list, Gives::List(Class::Refund), Level::Whole),
    Row::new("GET", "/v1/refunds/:id", retrieve, Gives::One(Class::Refund), Level::Whole),
    Row::new("POST", "/v1/refunds/:id", update, Gives::One(Class::Refund), Level::Whole),
    Row::new("POST", "/v1/refunds/:id/cancel", cancel, Gives::One(Class::Refund), Level::Whole),
    Row::new("GET", "/v1/charges/:id/refunds", list_of_charge, Gives::List(Class::Refund), Level::Whole),
];

pub(super) use progress::{arrive, fail, refer};

const REASONS: &[(&str, &str)] = &[
    ("duplicate", "duplicate"),
    ("fraudulent", "fraudulent"),
    ("requested_by_customer", "requested_by_customer"),
];

/// Money on its way back.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub(super) head: Head,
    pub(super) charge: usize,
    payment_intent: Option<usize>,
    payment_method: usize,
    customer: Option<usize>,
    /// Minor units.
    amount: u64,
    currency: Currency,
    reason: Option<&'static str>,
    state: State,
    /// Whether the network has given it a number.
    has_reference: bool,
    /// The balance transactions: out, and back when it failed.
    entry: Option<usize>,
    failure_entry: Option<usize>,
    /// What it brought back of a transfer.
    reversal: Option<usize>,
}

impl Kind for Refund {
    kind!(Refund, refunds);
    const PREFIX: &'static str = "re";
    const NAME: &'static str = "refund";
    const FIELDS: &'static [Field] = &[
        ("balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("charge", Holds::One(Class::Charge)),
        ("customer", Holds::One(Class::Customer)),
        ("failure_balance_transaction", Holds::One(Class::BalanceTransaction)),
        ("payment_intent", Holds::One(Class::PaymentIntent)),
        ("payment_method", Holds::One(Class::PaymentMethod)),
        ("transfer_reversal", Holds::One(Class::TransferReversal)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.natural("amount", self.amount);
        sheet.reference::<BalanceTransaction>("balance_transaction", self.entry);
        sheet.reference::<Charge>("charge", Some(self.charge));
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.reference::<Customer>("customer", self.customer);
        sheet.null("customer_account");
        sheet.object("destination_details", |sheet| {
            sheet.object("card", |sheet| {
                if self.has_reference {
                    sheet.text("reference", &reference(self.head.number));
                }
                sheet.text("reference_status", if self.has_reference { "available" } else { "pending" });
                sheet.text("reference_type", "acquirer_reference_number");
                sheet.text("type", "refund");
            });
            sheet.text("type", "card");
        });
        if self.failure_entry.is_some() {
            sheet.reference::<BalanceTransaction>("failure_balance_transaction", self.failure_entry);
        }
        if self.state == State::Failed {
            sheet.text("failure_reason", "expired_or_canceled_card");
        }
        sheet.metadata(&self.head.metadata);
        sheet.reference::<PaymentIntent>("payment_intent", self.payment_intent);
        sheet.reference::<PaymentMethod>("payment_method", Some(self.payment_method));
        if self.state == State::Pending {
            sheet.text("pending_reason", "processing");
        }
        sheet.maybe_text("reason", self.reason);
        sheet.null("receipt_number");
        sheet.null("source_transfer_reversal");
        sheet.text("status", self.state.name());
        sheet.reference::<TransferReversal>("transfer_reversal", self.reversal);
    }
}

/// Acquirers number in 23 digits.
fn reference(number: usize) -> String {
    glued(&["7", &number.padded(22)])
}

/// Writes the newest refunds of a charge where they are asked for; they are left out otherwise.
pub(super) fn write_of_charge(sheet: &mut Sheet<'_>, charge: usize) {
    const SHOWN_MAX: usize = 10;
    if !sheet.is_expanded("refunds") {
        return;
    }
    let rows = Refund::table(sheet.reader.tables).rows().iter().rev();
    let mut found: Vec<Object> = rows
        .filter(|refund| refund.charge == charge)
        .take(SHOWN_MAX.saturating_add(1))
        .map(|refund| Refund::object(refund.clone()))
        .collect();
    let has_more = found.len() > SHOWN_MAX;
    found.truncate(SHOWN_MAX);
    let url = glued(&["/v1/charges/", &sheet.reader.id::<Charge>(charge), "/refunds"]);
    sheet.page("refunds", &url, found, has_more);
}

fn create(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let amount = params.positive("amount")?;
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    let reason = params.choice("reason", REASONS)?;
    let wish = shares::Wish::read(&mut params)?;
    let metadata = params.metadata()?;
    params.finish()?;
    let charge = admission::charge_of(work, charge.as_deref(), intent.as_deref())?;
    let found = work.get::<Charge>(charge)?.clone();
    let amount = admission::amount_of(work, &found, amount)?;
    wish.check(work, &found)?;

    // From here on the money is on its way back, first from those it was shared with.
    let head = work.head::<Refund>(metadata);
    let reversal = wish.carry_out(work, &found, (head.number, amount))?;
    let refund = work.add(Refund {
        head,
        charge,
        payment_intent: found.payment_intent,
        payment_method: found.payment_method,
        customer: found.customer,
        amount,
        currency: found.currency,
        reason,
        state: State::Pending,
        has_reference: false,
        entry: None,
        failure_entry: None,
        reversal,
    });
    let edited = work.edit::<Charge>(charge)?;
    edited.amount_refunded = edited.amount_refunded.saturating_add(amount);
    progress::begin(work, refund, found.card.test.aftermath)?;
    work.emit::<Refund>("refund.created", refund)?;
    // Stripe tells of the charge before, as for an update.
    work.emit_change("charge.refunded", charge, found.clone())?;
    if found.card.test.aftermath == Aftermath::ReportedAsFraud {
        fraud_warnings::follow_refund(work, charge)?;
    }
    Ok(Answer::Object(work.object::<Refund>(refund)?))
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Refund>(0)?;
    Ok(Answer::Object(work.object::<Refund>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Refund>(0)?;
    let metadata = params.metadata()?;
    params.finish()?;

    // From here on the refund is changed.
    let before = work.get::<Refund>(number)?.clone();
    merge(&mut work.edit::<Refund>(number)?.head.metadata, metadata);
    progress::announce(work, number, before)?;
    Ok(Answer::Object(work.object::<Refund>(number)?))
}

fn cancel(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Refund>(0)?;
    let before = work.get::<Refund>(number)?.clone();
    if before.state != State::Pending {
        let mut refusal = Refusal::request("Canceling this refund is unsupported.".to_owned());
        refusal.is_executed = true;
        return Err(refusal);
    }

    // From here on the money stays.
    work.edit::<Refund>(number)?.state = State::Canceled;
    progress::give_up(work, &before)?;
    progress::announce(work, number, before)?;
    Ok(Answer::Object(work.object::<Refund>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Refund>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let charge = params.text("charge")?.map(|id| work.find_param::<Charge>(&id, "charge")).transpose()?;
    let intent = params.text("payment_intent")?;
    let intent = intent.map(|id| work.find_param::<PaymentIntent>(&id, "payment_intent")).transpose()?;
    params.finish()?;
    let found = page.of::<Refund>(work, |refund| {
        created.holds(refund.head.created)
            && charge.is_none_or(|charge| refund.charge == charge)
            && intent.is_none_or(|intent| refund.payment_intent == Some(intent))
    });
    Ok(Answer::list::<Refund>("/v1/refunds", found))
}

fn list_of_charge(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let charge = work.find::<Charge>(0)?;
    let page = Page::read::<Refund>(work, &mut params)?;
    params.finish()?;
    let url = glued(&["/v1/charges/", work.path_id(0), "/refunds"]);
    let found = page.of::<Refund>(work, |refund| refund.charge == charge);
    Ok(Answer::list::<Refund>(&url, found))
}
