//! A dispute takes the money when the bank decides so and gives it back only when it is won; its fee is never returned.
//!
//! Disputes are opened by what a test card does after its charge was captured, and decided by the text of the evidence
//! (<https://docs.stripe.com/testing#disputes>). Who does not respond in time has lost.

mod evidence;
mod state;

use super::super::treasury::{Booking, Source};
use super::balance_transactions::BalanceTransaction;
use super::bookings;
use super::charges::Charge;
use super::expand::{Field, Gives};
use super::list::{Page, Span};
use super::object::{Class, Head, Kind, kind};
use super::params::{MetadataPatch, Params};
use super::payment_intents::PaymentIntent;
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::test_cards::Aftermath;
use super::timers::Due;
use super::work::{Work, merge};
use crate::calendar::end_of_day;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};
use evidence::{Change, Evidence};
use state::{Move, State};

const NOTE: &str = "Without enhanced evidence, appeals and smart disputes.";

pub(super) const ROUTES: &[Row] = &[
    Row::new("GET", "/v1/disputes", list, Gives::List(Class::Dispute), Level::Whole),
    Row::new("GET", "/v1/disputes/:id", retrieve, Gives::One(Class::Dispute), Level::Whole),
    Row::new("POST", "/v1/disputes/:id", update, Gives::One(Class::Dispute), Level::Most).noting(NOTE),
    Row::new("POST", "/v1/disputes/:id/close", close, Gives::One(Class::Dispute), Level::Whole),
];

/// How long the merchant has: to the end of the eighth day.
const RESPONSE_TIME: Millis = Millis::from_seconds(8 * 24 * 60 * 60);

/// How evidence may be meant to be submitted. Whatever is said, it is submitted when the merchant does so.
const SUBMISSIONS: &[(&str, &str)] = &[
    ("manual", "manual"),
    ("prefer_manual", "prefer_manual"),
    ("prefer_smart_disputes", "prefer_smart_disputes"),
    ("smart_disputes", "smart_disputes"),
];

/// Why the cardholder's bank came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Fraudulent,
    ProductNotReceived,
}

impl Reason {
    const fn name(self) -> &'static str {
        match self {
            Self::Fraudulent => "fraudulent",
            Self::ProductNotReceived => "product_not_received",
        }
    }

    /// As Visa counts; other networks have numbers of their own, which are not simulated.
    const fn network_code(self) -> &'static str {
        match self {
            Self::Fraudulent => "10.4",
            Self::ProductNotReceived => "13.1",
        }
    }
}

/// A payment that the cardholder's bank asks about or takes back.
#[derive(Clone, Debug)]
pub(super) struct Dispute {
    pub(super) head: Head,
    pub(super) charge: usize,
    payment_intent: Option<usize>,
    /// Minor units.
    amount: u64,
    currency: Currency,
    reason: Reason,
    brand: &'static str,
    state: State,
    evidence: Evidence,
    submissions: u64,
    /// How the merchant means to submit.
    submission: Option<&'static str>,
    due_by: Timestamp,
    is_past_due: bool,
    /// The balance transactions: money taken, money given back.
    entries: Vec<usize>,
}

impl Kind for Dispute {
    kind!(Dispute, disputes);
    const PREFIX: &'static str = "du";
    const NAME: &'static str = "dispute";
    const FIELDS: &'static [Field] = evidence::EXPANDABLE;

    fn write(&self, sheet: &mut Sheet<'_>) {
        let case = if self.state.is_inquiry() { "inquiry" } else { "chargeback" };
        sheet.natural("amount", self.amount);
        let rows = BalanceTransaction::table(sheet.reader.tables);
        let entries = self.entries.iter().filter_map(|number| rows.get(*number).cloned());
        sheet.whole("balance_transactions", entries.map(BalanceTransaction::object));
        sheet.reference::<Charge>("charge", Some(self.charge));
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.texts("enhanced_eligibility_types", []);
        sheet.within("evidence", |sheet| self.evidence.write(sheet));
        sheet.object("evidence_details", |sheet| {
            sheet.time("due_by", self.due_by);
            sheet.object("enhanced_eligibility", |_| {});
            sheet.flag("has_evidence", !self.evidence.is_empty());
            sheet.flag("past_due", self.is_past_due);
            sheet.natural("submission_count", self.submissions);
            sheet.text("submission_method", if self.submissions > 0 { "manual" } else { "not_submitted" });
        });
        sheet.maybe_text("intended_submission_method", self.submission);
        sheet.flag("is_charge_refundable", self.state.allows_refund());
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.reference::<PaymentIntent>("payment_intent", self.payment_intent);
        sheet.object("payment_method_details", |sheet| {
            sheet.object("card", |sheet| {
                sheet.text("brand", self.brand);
                sheet.text("case_type", case);
                sheet.text("network", self.brand);
                sheet.text("network_reason_code", self.reason.network_code());
            });
            sheet.text("type", "card");
        });
        sheet.text("reason", self.reason.name());
        sheet.text("status", self.state.name());
    }
}

/// Arranges what the bank will do about a charge that was just captured.
pub(super) fn follow_capture(work: &mut Work<'_>, charge: usize, aftermath: Aftermath) {
    let times = match aftermath {
        Aftermath::DisputedAsFraud | Aftermath::DisputedAsNotReceived | Aftermath::Inquired => 1,
        Aftermath::DisputedTwice => 2,
        _ => 0,
    };
    if aftermath == Aftermath::ReportedAsFraud {
        work.arrange(work.now, Due::FraudReported(charge));
    }
    for number in 1..=times {
        // Once the capture is answered: banks are not that fast, and tests do not wait.
        work.arrange(work.now, Due::DisputeOpens { charge, number });
    }
}

/// Opens the dispute of a test card.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn open(work: &mut Work<'_>, charge: usize, number: u64) -> Result<()> {
    let found = work.get::<Charge>(charge)?.clone();
    work.account = found.head.account;
    let rest = found.refundable();
    let aftermath = found.card.test.aftermath;
    let amount = match (aftermath, number) {
        // A bank takes back no more than was paid.
        (Aftermath::DisputedTwice, 1) => rest.div_ceil(2),
        (Aftermath::DisputedTwice, _) => rest / 2,
        _ => rest,
    };
    if amount == 0 {
        return Ok(());
    }
    let is_inquiry = aftermath == Aftermath::Inquired;
    let (state, reason) = match aftermath {
        Aftermath::Inquired => (State::WarningNeedsResponse, Reason::Fraudulent),
        Aftermath::DisputedAsNotReceived => (State::NeedsResponse, Reason::ProductNotReceived),
        _ => (State::NeedsResponse, Reason::Fraudulent),
    };

    // From here on the charge is disputed.
    let dispute = work.add(Dispute {
        head: work.head::<Dispute>(MetadataPatch::Keep),
        charge,
        payment_intent: found.payment_intent,
        amount,
        currency: found.currency,
        reason,
        brand: found.card.test.brand(),
        state,
        evidence: Evidence::default(),
        submissions: 0,
        submission: None,
        due_by: end_of_day(work.now.saturating_add(RESPONSE_TIME)),
        is_past_due: false,
        entries: Vec::new(),
    });
    work.edit::<Charge>(charge)?.disputed = true;
    if !is_inquiry {
        move_money(work, dispute, Booking::dispute)?;
    }
    work.emit::<Dispute>("charge.dispute.created", dispute)?;
    if !is_inquiry {
        work.emit::<Dispute>("charge.dispute.funds_withdrawn", dispute)?;
    }
    wait(work, dispute)
}

/// Whether a dispute holds the money of a charge, so that it cannot be refunded.
pub(super) fn holds(work: &Work<'_>, charge: usize) -> bool {
    let rows = Dispute::table(&work.world.stripe.tables).rows().iter();
    rows.filter(|dispute| dispute.charge == charge).any(|dispute| !dispute.state.allows_refund())
}

/// The time in which the merchant has to respond is over.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn lapse(work: &mut Work<'_>, number: usize) -> Result<()> {
    let dispute = work.get::<Dispute>(number)?;
    if !dispute.state.needs_response() || dispute.due_by > work.now {
        return Ok(());
    }
    work.account = dispute.head.account;
    work.edit::<Dispute>(number)?.is_past_due = true;
    end(work, number, Move::Lose)
}

/// The bank has read the evidence.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn decide(work: &mut Work<'_>, number: usize) -> Result<()> {
    let dispute = work.get::<Dispute>(number)?;
    let verdict = verdict(dispute.evidence.uncategorized_text(), dispute.state);
    work.account = dispute.head.account;
    match verdict {
        Some(Move::Escalate) => escalate(work, number),
        Some(step) => end(work, number, step),
        None => Ok(()),
    }
}

/// What a bank makes of the evidence; `None` while it has not made up its mind.
fn verdict(text: &str, state: State) -> Option<Move> {
    let step = match text {
        "winning_evidence" => Move::Win,
        "losing_evidence" => Move::Lose,
        "escalate_inquiry_evidence" => Move::Escalate,
        _ => return None,
    };
    state.after(step).map(|_| step)
}

/// Ends a dispute, giving the money back where it was won.
fn end(work: &mut Work<'_>, number: usize, step: Move) -> Result<()> {
    let Some(state) = work.get::<Dispute>(number)?.state.after(step) else { return Ok(()) };
    work.edit::<Dispute>(number)?.state = state;
    if state == State::Won {
        move_money(work, number, Booking::dispute_reversal)?;
    }
    work.emit::<Dispute>("charge.dispute.closed", number)?;
    if state == State::Won {
        work.emit::<Dispute>("charge.dispute.funds_reinstated", number)?;
    }
    Ok(())
}

/// Makes a chargeback of an inquiry. The bank takes what the cardholder was not given back meanwhile; where that is nothing,
/// the inquiry is over.
fn escalate(work: &mut Work<'_>, number: usize) -> Result<()> {
    let before = work.get::<Dispute>(number)?.clone();
    let Some(state) = before.state.after(Move::Escalate) else { return Ok(()) };
    let amount = before.amount.min(work.get::<Charge>(before.charge)?.refundable());
    if amount == 0 {
        return end(work, number, Move::Win);
    }
    let due_by = end_of_day(work.now.saturating_add(RESPONSE_TIME));
    let dispute = work.edit::<Dispute>(number)?;
    (dispute.state, dispute.due_by, dispute.amount) = (state, due_by, amount);
    move_money(work, number, Booking::dispute)?;
    work.emit_change("charge.dispute.updated", number, before)?;
    work.emit::<Dispute>("charge.dispute.funds_withdrawn", number)?;
    wait(work, number)
}

/// Takes the amount of a dispute, or gives it back.
fn move_money(
    work: &mut Work<'_>,
    number: usize,
    booking: fn(usize, Source, (u64, Currency)) -> Booking,
) -> Result<()> {
    let dispute = work.get::<Dispute>(number)?;
    let money = (dispute.amount, dispute.currency);
    let (id, reference) = (work.id::<Dispute>(number), bookings::reference(work, dispute.charge)?);
    let entry = work.book(&booking(work.purse()?, Source::Dispute(number), money), &reference, &id)?;
    work.edit::<Dispute>(number)?.entries.push(entry);
    Ok(())
}

fn wait(work: &mut Work<'_>, number: usize) -> Result<()> {
    let due_by = work.get::<Dispute>(number)?.due_by;
    // The last second counts.
    work.arrange(due_by.saturating_add(Millis::from_seconds(1)), Due::DisputeLapses(number));
    Ok(())
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Dispute>(0)?;
    Ok(Answer::Object(work.object::<Dispute>(number)?))
}

fn update(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let number = work.find::<Dispute>(0)?;
    let before = work.get::<Dispute>(number)?.clone();
    let change = Change::read(work, &mut params)?;
    let (submits, metadata) = (params.flag("submit")?, params.metadata()?);
    let submission = params.choice("intended_submission_method", SUBMISSIONS)?;
    params.finish()?;
    // Evidence is submitted unless the merchant says otherwise; metadata alone submits nothing.
    let submits = submits.unwrap_or(change.is_some());
    if before.state.is_closed() && (submits || change.is_some()) {
        return Err(closed());
    }
    let evidence = match change {
        Some(change) => before.evidence.with(change)?,
        None => before.evidence.clone(),
    };
    let state = if submits { before.state.after(Move::Submit) } else { None };

    // From here on the evidence is with the dispute, and with the bank where it was submitted.
    let dispute = work.edit::<Dispute>(number)?;
    dispute.evidence = evidence;
    dispute.submission = submission.or(dispute.submission);
    merge(&mut dispute.head.metadata, metadata);
    if let Some(state) = state {
        dispute.state = state;
        dispute.submissions = dispute.submissions.saturating_add(1);
        work.arrange(work.now, Due::DisputeDecided(number));
    }
    work.emit_change("charge.dispute.updated", number, before)?;
    Ok(Answer::Object(work.object::<Dispute>(number)?))
}

fn close(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<Dispute>(0)?;
    if work.get::<Dispute>(number)?.state.is_closed() {
        return Err(closed());
    }

    // From here on the merchant has given in.
    end(work, number, Move::Lose)?;
    Ok(Answer::Object(work.object::<Dispute>(number)?))
}

fn closed() -> Box<Refusal> {
    let mut refusal = Refusal::request("This dispute is already closed".to_owned());
    refusal.is_executed = true;
    refusal
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<Dispute>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let charge = params.text("charge")?.map(|id| work.find_param::<Charge>(&id, "charge")).transpose()?;
    let intent = params.text("payment_intent")?;
    let intent = intent.map(|id| work.find_param::<PaymentIntent>(&id, "payment_intent")).transpose()?;
    params.finish()?;
    let found = page.of::<Dispute>(work, |dispute| {
        created.holds(dispute.head.created)
            && charge.is_none_or(|charge| dispute.charge == charge)
            && intent.is_none_or(|intent| dispute.payment_intent == Some(intent))
    });
    Ok(Answer::list::<Dispute>("/v1/disputes", found))
}
