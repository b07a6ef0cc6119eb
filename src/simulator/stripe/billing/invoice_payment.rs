//! How an invoice is being paid: one row per payment intent that was made for it.
//!
//! Source: <https://docs.stripe.com/api/invoice-payment>.

use super::super::expand::{Field, Gives, Holds};
use super::super::list::{Page, Span};
use super::super::object::{Class, Head, Kind, kind};
use super::super::params::{Params, Patch};
use super::super::payment_intents::PaymentIntent;
use super::super::refusal::Result;
use super::super::routes::{Answer, Level, Row};
use super::super::sheet::Sheet;
use super::super::work::Work;
use super::invoice::Invoice;
use crate::money::Currency;
use crate::time::Timestamp;

pub(in super::super) const ROUTES: &[Row] = &[
    Row::new("GET", "/v1/invoice_payments", list, Gives::List(Class::InvoicePayment), Level::Whole),
    Row::new("GET", "/v1/invoice_payments/:id", retrieve, Gives::One(Class::InvoicePayment), Level::Whole),
];

/// Where a payment of an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Open,
    Paid(Timestamp),
    Canceled(Timestamp),
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid(_) => "paid",
            Self::Canceled(_) => "canceled",
        }
    }
}

/// A payment intent made for an invoice.
#[derive(Clone, Debug)]
pub(in super::super) struct InvoicePayment {
    pub(in super::super) head: Head,
    pub(super) invoice: usize,
    pub(super) intent: usize,
    /// Minor units.
    pub(super) amount: u64,
    pub(super) currency: Currency,
    pub(super) status: Status,
}

impl Kind for InvoicePayment {
    kind!(InvoicePayment, invoice_payments);
    const PREFIX: &'static str = "inpay";
    const NAME: &'static str = "invoice_payment";
    const FIELDS: &'static [Field] = &[
        ("invoice", Holds::One(Class::Invoice)),
        ("payment.payment_intent", Holds::One(Class::PaymentIntent)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        let paid_at = if let Status::Paid(at) = self.status { Some(at) } else { None };
        let canceled_at = if let Status::Canceled(at) = self.status { Some(at) } else { None };
        sheet.maybe_natural("amount_paid", paid_at.map(|_| self.amount));
        sheet.natural("amount_requested", self.amount);
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.reference::<Invoice>("invoice", Some(self.invoice));
        sheet.flag("is_default", true);
        sheet.flag("livemode", false);
        sheet.within("payment", |sheet| {
            sheet.reference::<PaymentIntent>("payment_intent", Some(self.intent));
            sheet.text("type", "payment_intent");
        });
        sheet.text("status", self.status.name());
        sheet.object("status_transitions", |sheet| {
            sheet.maybe_time("canceled_at", canceled_at);
            sheet.maybe_time("paid_at", paid_at);
        });
    }
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let number = work.find::<InvoicePayment>(0)?;
    Ok(Answer::Object(work.object::<InvoicePayment>(number)?))
}

fn list(work: &mut Work<'_>, mut params: Params) -> Result<Answer> {
    let page = Page::read::<InvoicePayment>(work, &mut params)?;
    let created = Span::read(&mut params, "created")?;
    let invoice = params.text("invoice")?.map(|id| work.find_param::<Invoice>(&id, "invoice")).transpose()?;
    let status = params.choice("status", &[("open", "open"), ("paid", "paid"), ("canceled", "canceled")])?;
    let intent = match params.object("payment")? {
        Patch::Set(mut payment) => {
            let _ = payment.choice("type", &[("payment_intent", ())])?;
            let id = payment.required_text("payment_intent")?;
            payment.finish()?;
            Some(work.find_param::<PaymentIntent>(&id, "payment[payment_intent]")?)
        }
        Patch::Keep | Patch::Unset => None,
    };
    params.finish()?;
    let found = page.of::<InvoicePayment>(work, |payment| {
        created.holds(payment.head.created)
            && invoice.is_none_or(|invoice| payment.invoice == invoice)
            && status.is_none_or(|status| payment.status.name() == status)
            && intent.is_none_or(|intent| payment.intent == intent)
    });
    Ok(Answer::list::<InvoicePayment>("/v1/invoice_payments", found))
}
