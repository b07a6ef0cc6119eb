//! An invoice is a draft until it is finalized; from then on its lines stand, and it ends paid, void or given up.
//!
//! Source: <https://docs.stripe.com/api/invoices/object>, in the version in which payments stand on a list of their own.
//! Taxes, discounts, credit notes and customer balances are not simulated.

use alloc::sync::Arc;

use super::super::customers::Customer;
use super::super::expand::{Field, Holds};
use super::super::object::{Class, Head, Kind, Metadata, kind};
use super::super::payment_intents::PaymentIntent;
use super::super::payment_methods::PaymentMethod;
use super::super::refusal::{Refusal, Result};
use super::super::sheet::Sheet;
use super::super::test_clocks::TestClock;
use super::super::work::Work;
use super::invoice_item::InvoiceItem;
use super::invoice_payment::InvoicePayment;
use super::line::{Line, Origin};
use super::subscription::{Collection, Subscription};
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Ids of lines say whose they are: their number is this times that of the invoice, and their place.
const LINE_STEP: usize = 256;

/// Most lines of one invoice, as documented.
pub(super) const LINES_MAX: usize = 250;

/// How long a draft waits before it finalizes itself.
pub(super) const DRAFT_TIME: Millis = Millis::from_seconds(60 * 60);

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Status {
    Draft,
    Open,
    Paid,
    Uncollectible,
    Void,
}

impl Status {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Uncollectible => "uncollectible",
            Self::Void => "void",
        }
    }
}

/// Why an invoice was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Manual,
    SubscriptionCreate,
    SubscriptionCycle,
    SubscriptionUpdate,
}

impl Reason {
    const fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::SubscriptionCreate => "subscription_create",
            Self::SubscriptionCycle => "subscription_cycle",
            Self::SubscriptionUpdate => "subscription_update",
        }
    }
}

/// Who the customer was when the invoice was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Recipient {
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
}

/// What a customer owes.
#[derive(Clone, Debug)]
pub(in super::super) struct Invoice {
    pub(in super::super) head: Head,
    pub(super) customer: usize,
    pub(super) recipient: Arc<Recipient>,
    pub(super) clock: Option<usize>,
    /// The subscription, and its metadata when the invoice was finalized.
    pub(super) subscription: Option<(usize, Metadata)>,
    pub(super) reason: Reason,
    pub(super) status: Status,
    /// Whether it goes on by itself.
    pub(super) advances: bool,
    pub(super) collection: Collection,
    pub(super) currency: Currency,
    pub(super) description: Option<String>,
    pub(super) footer: Option<String>,
    pub(super) default_payment_method: Option<usize>,
    pub(super) lines: Vec<Line>,
    pub(super) period: (Timestamp, Timestamp),
    /// The number customers see, such as `A1B2C3D4-0001`.
    pub(super) number: Option<String>,
    pub(super) due_date: Option<Timestamp>,
    pub(super) finalizes_at: Option<Timestamp>,
    pub(super) finalized_at: Option<Timestamp>,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) voided_at: Option<Timestamp>,
    pub(super) uncollectible_at: Option<Timestamp>,
    pub(super) next_attempt: Option<Timestamp>,
    /// How often payment was tried; zero-amount invoices are paid without.
    pub(super) attempts: u64,
    pub(super) is_attempted: bool,
    /// Minor units that were paid.
    pub(super) paid: u64,
    /// The payments, oldest first.
    pub(super) payments: Vec<usize>,
    /// The payment intent that is to pay it, once it is open.
    pub(super) intent: Option<usize>,
    pub(super) is_deleted: bool,
}

impl Invoice {
    /// The sum of the lines, in minor units; negative when the customer gets something back.
    pub(super) fn total(&self) -> i64 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.amount))
    }

    /// What has to be paid, in minor units.
    pub(super) fn due(&self) -> u64 {
        u64::try_from(self.total()).unwrap_or(0)
    }

    pub(super) const fn is_draft(&self) -> bool {
        matches!(self.status, Status::Draft)
    }

    pub(super) fn subscription_number(&self) -> Option<usize> {
        self.subscription.as_ref().map(|(number, _)| *number)
    }

    /// When it goes on by itself next.
    pub(super) fn next_turn(&self) -> Option<Timestamp> {
        match self.status {
            Status::Draft if self.advances => self.finalizes_at,
            Status::Open => self.next_attempt,
            _ => None,
        }
    }

    fn line_number(&self, place: usize) -> usize {
        self.head.number.saturating_mul(LINE_STEP).saturating_add(place)
    }

    /// The list of lines.
    pub(super) fn write_lines(&self, sheet: &mut Sheet<'_>, id: &str, from: usize, until: usize) {
        let places = from..until.min(self.lines.len());
        let lines = places.filter_map(|place| self.lines.get(place).map(|line| (place, line)));
        sheet.text("object", "list");
        sheet.objects("data", lines, |sheet, (place, line)| {
            line.write(sheet, self.line_number(place), id, self.currency);
        });
        sheet.flag("has_more", until < self.lines.len());
        sheet.raw("total_count", &self.lines.len().digits());
        sheet.text("url", &glued(&["/v1/invoices/", id, "/lines"]));
    }

    fn write_parent(&self, sheet: &mut Sheet<'_>) {
        let Some((subscription, metadata)) = &self.subscription else { return sheet.null("parent") };
        sheet.within("parent", |sheet| {
            sheet.null("quote_details");
            sheet.within("subscription_details", |sheet| {
                sheet.metadata(metadata);
                sheet.reference::<Subscription>("subscription", Some(*subscription));
            });
            sheet.text("type", "subscription_details");
        });
    }
}

impl Kind for Invoice {
    kind!(Invoice, invoices);
    const PREFIX: &'static str = "in";
    const NAME: &'static str = "invoice";
    const FIELDS: &'static [Field] = &[
        ("confirmation_secret", Holds::Any),
        ("customer", Holds::One(Class::Customer)),
        ("default_payment_method", Holds::One(Class::PaymentMethod)),
        ("parent.subscription_details.subscription", Holds::One(Class::Subscription)),
        ("payments", Holds::One(Class::InvoicePayment)),
        ("test_clock", Holds::One(Class::TestClock)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        if self.is_deleted {
            return sheet.flag("deleted", true);
        }
        let reader = sheet.reader;
        let id = reader.id::<Self>(self.head.number);
        let (due, total) = (self.due(), i128::from(self.total()));
        sheet.text("account_country", "US");
        sheet.null("account_name");
        sheet.null("account_tax_ids");
        sheet.natural("amount_due", due);
        sheet.natural("amount_overpaid", 0);
        sheet.natural("amount_paid", self.paid);
        sheet.natural("amount_remaining", due.saturating_sub(self.paid));
        sheet.natural("amount_shipping", 0);
        sheet.null("application");
        sheet.natural("attempt_count", self.attempts);
        sheet.flag("attempted", self.is_attempted);
        sheet.flag("auto_advance", self.advances && matches!(self.status, Status::Draft | Status::Open));
        sheet.object("automatic_tax", |sheet| {
            for name in ["disabled_reason", "liability", "provider", "status"] {
                sheet.null(name);
            }
            sheet.flag("enabled", false);
        });
        sheet.maybe_time("automatically_finalizes_at", self.finalizes_at.filter(|_| self.is_draft()));
        sheet.text("billing_reason", self.reason.name());
        sheet.text("collection_method", self.collection.name());
        if sheet.is_expanded("confirmation_secret") {
            match self.intent.filter(|_| self.status == Status::Open) {
                None => sheet.null("confirmation_secret"),
                Some(intent) => sheet.object("confirmation_secret", |sheet| {
                    sheet.client_secret(PaymentIntent::PREFIX, intent);
                    sheet.text("type", "payment_intent");
                }),
            }
        }
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.null("custom_fields");
        sheet.reference::<Customer>("customer", Some(self.customer));
        sheet.null("customer_account");
        sheet.null("customer_address");
        sheet.maybe_text("customer_email", self.recipient.email.as_deref());
        sheet.maybe_text("customer_name", self.recipient.name.as_deref());
        sheet.maybe_text("customer_phone", self.recipient.phone.as_deref());
        sheet.null("customer_shipping");
        sheet.text("customer_tax_exempt", "none");
        sheet.texts("customer_tax_ids", []);
        sheet.reference::<PaymentMethod>("default_payment_method", self.default_payment_method);
        sheet.null("default_source");
        sheet.texts("default_tax_rates", []);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.texts("discounts", []);
        sheet.maybe_time("due_date", self.due_date);
        sheet.maybe_time("effective_at", self.finalized_at);
        sheet.maybe_natural("ending_balance", self.finalized_at.map(|_| 0));
        sheet.maybe_text("footer", self.footer.as_deref());
        sheet.null("from_invoice");
        let page = glued(&["https://invoice.stripe.com/i/acct_tillproof/test_", &id]);
        sheet.maybe_text("hosted_invoice_url", self.finalized_at.map(|_| page.as_str()));
        let pdf = glued(&["https://pay.stripe.com/invoice/acct_tillproof/test_", &id, "/pdf"]);
        sheet.maybe_text("invoice_pdf", self.finalized_at.map(|_| pdf.as_str()));
        sheet.object("issuer", |sheet| sheet.text("type", "self"));
        sheet.null("last_finalization_error");
        sheet.null("latest_revision");
        sheet.object("lines", |sheet| self.write_lines(sheet, &id, 0, self.lines.len()));
        sheet.flag("livemode", false);
        sheet.metadata(&self.head.metadata);
        sheet.maybe_time("next_payment_attempt", self.next_attempt);
        sheet.maybe_text("number", self.number.as_deref());
        sheet.null("on_behalf_of");
        self.write_parent(sheet);
        sheet.object("payment_settings", |sheet| {
            sheet.null("default_mandate");
            sheet.null("payment_method_options");
            sheet.null("payment_method_types");
        });
        if sheet.is_expanded("payments") {
            let payments = self.payments.iter().filter_map(|number| {
                InvoicePayment::table(reader.tables).get(*number).cloned().map(InvoicePayment::object)
            });
            sheet.list("payments", &glued(&["/v1/invoice_payments?invoice=", &id]), payments);
        }
        sheet.time("period_end", self.period.1);
        sheet.time("period_start", self.period.0);
        sheet.natural("post_payment_credit_notes_amount", 0);
        sheet.natural("pre_payment_credit_notes_amount", 0);
        for name in ["receipt_number", "rendering", "shipping_cost", "shipping_details"] {
            sheet.null(name);
        }
        sheet.natural("starting_balance", 0);
        sheet.null("statement_descriptor");
        sheet.text("status", self.status.name());
        sheet.object("status_transitions", |sheet| {
            sheet.maybe_time("finalized_at", self.finalized_at);
            sheet.maybe_time("marked_uncollectible_at", self.uncollectible_at);
            sheet.maybe_time("paid_at", self.paid_at);
            sheet.maybe_time("voided_at", self.voided_at);
        });
        sheet.integer("subtotal", total);
        sheet.integer("subtotal_excluding_tax", total);
        sheet.reference::<TestClock>("test_clock", self.clock);
        sheet.integer("total", total);
        sheet.texts("total_discount_amounts", []);
        sheet.integer("total_excluding_tax", total);
        sheet.texts("total_pretax_credit_amounts", []);
        sheet.texts("total_taxes", []);
        sheet.null("webhooks_delivered_at");
    }
}

/// The draft a parameter names.
///
/// # Errors
///
/// There is no such invoice, or it is no draft any more.
pub(super) fn draft_named(work: &Work<'_>, id: &str, param: &str) -> Result<usize> {
    let number = work.find_param::<Invoice>(id, param)?;
    let invoice = work.get::<Invoice>(number)?;
    if invoice.is_deleted {
        return Err(Refusal::no_such_param(Invoice::NAME, id, param));
    }
    if !invoice.is_draft() {
        let message = "The invoice is already finalized: items can only be added to a draft.".to_owned();
        return Err(Refusal::state("invoice_not_editable", message));
    }
    Ok(number)
}

/// Puts an item on a draft, or writes its line anew where it is on it already.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn put_on(work: &mut Work<'_>, invoice: usize, item: usize) -> Result<()> {
    let found = work.get::<InvoiceItem>(item)?.clone();
    let draft = work.edit::<Invoice>(invoice)?;
    if draft.lines.is_empty() {
        draft.currency = found.currency;
    }
    let place = draft.lines.iter().position(|line| is_of(line, item));
    match place.and_then(|place| draft.lines.get_mut(place)) {
        Some(line) => *line = found.line(),
        None => draft.lines.push(found.line()),
    }
    work.edit::<InvoiceItem>(item)?.invoice = Some(invoice);
    Ok(())
}

/// Takes an item off a draft.
///
/// # Errors
///
/// A contradiction in the simulator.
pub(super) fn take_off(work: &mut Work<'_>, invoice: usize, item: usize) -> Result<()> {
    work.edit::<Invoice>(invoice)?.lines.retain(|line| !is_of(line, item));
    Ok(())
}

fn is_of(line: &Line, item: usize) -> bool {
    matches!(line.origin, Origin::Item { item: found, .. } if found == item)
}
