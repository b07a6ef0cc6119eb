//! A card issuer reports a payment as fraud without taking the money back: it may still be refunded before it is disputed.
//!
//! Source: <https://docs.stripe.com/api/radar/early_fraud_warnings>.

use super::charges::Charge;
use super::expand::{Field, Gives, Holds};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params};
use super::payment_intents::PaymentIntent;
use super::refusal::Result;
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::Work;

const URL: &str = "/v1/radar/early_fraud_warnings";

pub(super) const ROUTES: &[Row] = &[
    Row::new("GET", URL, list, Gives::List(Class::EarlyFraudWarning), Level::Whole),
    Row::new(
        "GET",
        "/v1/radar/early_fraud_warnings/:id",
        retrieve,
        Gives::One(Class::EarlyFraudWarning),
        Level::Whole,
    ),
];

/// What an issuer reported.
#[derive(Clone, Debug)]
pub(super) struct EarlyFraudWarning {
    pub(super) head: Head,
    charge: usize,
    payment_intent: Option<usize>,
    /// Whether a refund can still prevent a dispute.
    is_actionable: bool,
}

impl Kind for EarlyFraudWarning {
    kind!(EarlyFraudWarning, fraud_warnings);
    const PREFIX: &'static str = "issfr";
    const NAME: &'static str = "radar.early_fraud_warning";
    const FIELDS: &'static [Field] =
        &[("charge", Holds::One(Class::Charge)), ("payment_intent", Holds::One(Class::PaymentIntent))];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.flag("actionable", self.is_actionable);
        sheet.reference::<Charge>("charge", Some(self.charge));
        sheet.time("created", self.head.created);
        sheet.text("fraud_type", "made_with_stolen_card");
        sheet.flag("livemode", false);
        sheet.reference::<PaymentIntent>("payment_intent", self.payment_intent);
    }
}

/// The issuer of the card of a charge reports it.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn report(work: &mut Work<'_>, charge: usize) -> Result<()> {
    let found = work.get::<Charge>(charge)?.clone();
    work.account = found.head.account;
    let head = work.head::<EarlyFraudWarning>(MetadataPatch::Keep);
    let is_actionable = !found.is_refunded();
    let payment_intent = found.payment_intent;
    let number = work.add(EarlyFraudWarning { head, charge, payment_intent, is_actionable });
    work.emit::<EarlyFraudWarning>("radar.early_fraud_warning.created", number)
}

/// A charge was refunded: where that is all of it, nothing is left to be done about a warning.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn follow_refund(work: &mut Work<'_>, charge: usize) -> Result<()> {
    if !work.get::<Charge>(charge)?.is_refunded() {
        return Ok(());
    }
    let mut rows = EarlyFraudWarning::table(&work.world.stripe.tables).rows().iter();
    let found = rows.find(|warning| warning.charge == charge && warning.is_actionable).cloned();
    let Some(before) = found else { return Ok(()) };
    let number = before.head.number;
    work.edit::<EarlyFraudWarning>(number)?.is_actionable = false;
    work.emit_change("radar.early_fraud_warning.updated", number, before)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<EarlyFraudWarning>(0)?;
    Ok(Answer::Object(work.object::<EarlyFraudWarning>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<EarlyFraudWarning>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let charge = params.text("charge")?.map(|id| work.find_param::<Charge>(&id, "charge")).transpose()?;
    let intent = params.text("payment_intent")?;
    let intent = intent.map(|id| work.find_param::<PaymentIntent>(&id, "payment_intent")).transpose()?;
    params.finish()?;
    let found = page.of::<EarlyFraudWarning>(work, |warning| {
        created.holds(warning.head.created)
            && charge.is_none_or(|charge| warning.charge == charge)
            && intent.is_none_or(|intent| warning.payment_intent == Some(intent))
    });
    Ok(Answer::list::<EarlyFraudWarning>(URL, found))
}
