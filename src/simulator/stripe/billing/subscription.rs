//! A subscription is paid for one period after the other, counted from its anchor; what it owes stands on its invoices.
//!
//! Source: <https://docs.stripe.com/api/subscriptions/object>, in the version in which periods stand on the items.

use alloc::sync::Arc;

use super::super::customers::Customer;
use super::super::expand::{Field, Holds};
use super::super::object::{Class, Head, Kind, Metadata, kind};
use super::super::payment_methods::PaymentMethod;
use super::super::prices::Price;
use super::super::recurrence::Interval;
use super::super::sheet::Sheet;
use super::super::test_clocks::TestClock;
use super::invoice::Invoice;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::{Millis, Timestamp};

/// Most items of one subscription.
pub(in super::super) const ITEMS_MAX: usize = 20;

/// Ids of items say whose they are: their number is this times that of the subscription, and their place among all the
/// items it ever had. There are no more of them.
pub(super) const ITEM_STEP: usize = 1_024;

/// How long a first payment may be made good.
const INCOMPLETE_LIFE: Millis = Millis::from_seconds(23 * 60 * 60);

/// How long before its end a trial is announced to end.
const TRIAL_NOTICE: Millis = Millis::from_seconds(3 * 24 * 60 * 60);

pub(in super::super) const ITEM_PREFIX: &str = "si";

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Status {
    /// The first payment is still to be made.
    Incomplete,
    /// It never was.
    IncompleteExpired,
    Trialing,
    Active,
    /// A renewal is not paid, and will be tried again.
    PastDue,
    Canceled,
}

impl Status {
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled => "canceled",
        }
    }

    pub(in super::super) const fn has_ended(self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }

    /// Whether periods follow each other.
    pub(super) const fn renews(self) -> bool {
        matches!(self, Self::Active | Self::PastDue | Self::Trialing)
    }
}

/// How invoices are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Collection {
    /// With the payment method that is kept.
    Automatic,
    /// By the customer, within so many days.
    Sent { days: u64 },
}

impl Collection {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Automatic => "charge_automatically",
            Self::Sent { .. } => "send_invoice",
        }
    }
}

/// A price the customer is subscribed to.
#[derive(Clone, Debug)]
pub(in super::super) struct Item {
    /// What its id says.
    pub(super) number: usize,
    pub(super) created: Timestamp,
    /// The version that is known; a price changes everything but its amount.
    pub(super) price: Arc<Price>,
    pub(super) quantity: u64,
    pub(super) metadata: Metadata,
}

/// Why a subscription ended, or will.
#[derive(Clone, Debug, Default)]
pub(super) struct Cancellation {
    pub(super) comment: Option<String>,
    pub(super) feedback: Option<&'static str>,
    pub(super) reason: Option<&'static str>,
}

/// A customer pays for something again and again.
#[derive(Clone, Debug)]
pub(in super::super) struct Subscription {
    pub(in super::super) head: Head,
    pub(in super::super) customer: usize,
    pub(super) clock: Option<usize>,
    pub(in super::super) status: Status,
    pub(super) items: Vec<Item>,
    /// How many items there ever were.
    pub(super) items_made: usize,
    pub(super) currency: Currency,
    pub(super) interval: Interval,
    /// From where periods are counted.
    pub(super) anchor: Timestamp,
    /// How many periods have ended since the anchor.
    pub(super) periods: u32,
    pub(super) period_start: Timestamp,
    pub(super) period_end: Timestamp,
    pub(super) trial: Option<(Timestamp, Timestamp)>,
    pub(super) is_trial_end_announced: bool,
    pub(super) collection: Collection,
    pub(super) default_payment_method: Option<usize>,
    pub(super) description: Option<String>,
    pub(super) latest_invoice: Option<usize>,
    pub(super) cancels_at_period_end: bool,
    pub(super) cancel_at: Option<Timestamp>,
    pub(super) canceled_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) cancellation: Cancellation,
}

/// What happens to a subscription by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    TrialWillEnd,
    Cancels,
    /// A period, or the trial, is over.
    Renews,
    Expires,
}

impl Subscription {
    /// What happens by itself next, and when.
    pub(super) fn next_turn(&self) -> Option<(Timestamp, Turn)> {
        let mut turns = Vec::new();
        if self.status == Status::Incomplete {
            turns.push((self.head.created.saturating_add(INCOMPLETE_LIFE), Turn::Expires));
        }
        if let (Status::Trialing, Some((_, end)), false) =
            (self.status, self.trial, self.is_trial_end_announced)
        {
            turns.push((end.saturating_sub(TRIAL_NOTICE).max(self.head.created), Turn::TrialWillEnd));
        }
        if self.status.renews() {
            // Of two at one moment the end goes before another beginning.
            turns.extend(self.cancel_at.map(|at| (at, Turn::Cancels)));
            // At the end of time nothing is renewed any more.
            turns.extend(Some((self.period_end, Turn::Renews)).filter(|(at, _)| *at < Timestamp::MAX));
        }
        turns.into_iter().min_by_key(|(at, _)| *at)
    }

    /// Begins the period that follows the present one.
    pub(super) fn begin_next_period(&mut self) {
        self.periods = self.periods.saturating_add(1);
        self.period_start = self.period_end;
        self.period_end = self.interval.after(self.anchor, self.periods.saturating_add(1));
    }

    /// Begins to count anew at a moment.
    pub(super) fn begin_at(&mut self, anchor: Timestamp) {
        (self.anchor, self.periods) = (anchor, 0);
        (self.period_start, self.period_end) = (anchor, self.interval.after(anchor, 1));
    }

    /// The number of one more item.
    pub(super) fn next_item(&mut self) -> usize {
        let number = self.head.number.saturating_mul(ITEM_STEP).saturating_add(self.items_made);
        self.items_made = self.items_made.saturating_add(1);
        number
    }

    /// The subscription an item belongs to.
    pub(super) const fn of_item(item: usize) -> usize {
        item / ITEM_STEP
    }

    fn write_item(&self, sheet: &mut Sheet<'_>, item: &Item) {
        let reader = sheet.reader;
        sheet.text("id", &reader.ids.id(ITEM_PREFIX, item.number));
        sheet.text("object", "subscription_item");
        sheet.null("billing_thresholds");
        sheet.time("created", item.created);
        sheet.time("current_period_end", self.period_end);
        sheet.time("current_period_start", self.period_start);
        sheet.null("current_trial");
        sheet.texts("discounts", []);
        sheet.metadata(&item.metadata);
        sheet.object("plan", |sheet| item.price.write_plan(sheet));
        sheet.embedded("price", &Price::object(item.price.clone()));
        sheet.natural("quantity", item.quantity);
        sheet.text("subscription", &reader.id::<Self>(self.head.number));
        sheet.texts("tax_rates", []);
    }
}

impl Kind for Subscription {
    kind!(Subscription, subscriptions);
    const PREFIX: &'static str = "sub";
    const NAME: &'static str = "subscription";
    const FIELDS: &'static [Field] = &[
        ("customer", Holds::One(Class::Customer)),
        ("default_payment_method", Holds::One(Class::PaymentMethod)),
        ("items.data.price", Holds::One(Class::Price)),
        ("latest_invoice", Holds::One(Class::Invoice)),
        ("test_clock", Holds::One(Class::TestClock)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        sheet.null("application");
        sheet.null("application_fee_percent");
        sheet.object("automatic_tax", |sheet| {
            sheet.null("disabled_reason");
            sheet.flag("enabled", false);
            sheet.null("liability");
        });
        sheet.time("billing_cycle_anchor", self.anchor);
        sheet.null("billing_cycle_anchor_config");
        sheet.object("billing_mode", |sheet| {
            sheet.object("flexible", |sheet| sheet.text("proration_discounts", "included"));
            sheet.text("type", "flexible");
        });
        sheet.texts("billing_schedules", []);
        sheet.null("billing_thresholds");
        sheet.maybe_time("cancel_at", self.cancel_at);
        sheet.flag("cancel_at_period_end", self.cancels_at_period_end);
        sheet.maybe_time("canceled_at", self.canceled_at);
        sheet.object("cancellation_details", |sheet| {
            sheet.maybe_text("comment", self.cancellation.comment.as_deref());
            sheet.maybe_text("feedback", self.cancellation.feedback);
            sheet.null("feedback_option");
            sheet.maybe_text("reason", self.cancellation.reason);
        });
        sheet.text("collection_method", self.collection.name());
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.reference::<Customer>("customer", Some(self.customer));
        sheet.null("customer_account");
        match self.collection {
            Collection::Automatic => sheet.null("days_until_due"),
            Collection::Sent { days } => sheet.natural("days_until_due", days),
        }
        sheet.reference::<PaymentMethod>("default_payment_method", self.default_payment_method);
        sheet.null("default_source");
        sheet.texts("default_tax_rates", []);
        sheet.maybe_text("description", self.description.as_deref());
        sheet.texts("discounts", []);
        sheet.maybe_time("ended_at", self.ended_at);
        sheet.object("invoice_settings", |sheet| {
            sheet.null("account_tax_ids");
            sheet.null("custom_fields");
            sheet.null("description");
            sheet.null("footer");
            sheet.object("issuer", |sheet| sheet.text("type", "self"));
        });
        let url =
            glued(&["/v1/subscription_items?subscription=", &sheet.reader.id::<Self>(self.head.number)]);
        sheet.within("items", |sheet| {
            sheet.text("object", "list");
            sheet.items("data", &self.items, |sheet, item| self.write_item(sheet, item));
            sheet.flag("has_more", false);
            sheet.raw("total_count", &self.items.len().digits());
            sheet.text("url", &url);
        });
        sheet.reference::<Invoice>("latest_invoice", self.latest_invoice);
        sheet.flag("livemode", false);
        sheet.null("managed_payments");
        sheet.metadata(&self.head.metadata);
        for name in ["next_pending_invoice_item_invoice", "on_behalf_of", "pause_collection"] {
            sheet.null(name);
        }
        sheet.object("payment_settings", |sheet| {
            sheet.null("payment_method_options");
            sheet.null("payment_method_types");
            sheet.text("save_default_payment_method", "off");
        });
        for name in ["pending_invoice_item_interval", "pending_setup_intent", "pending_update", "schedule"] {
            sheet.null(name);
        }
        sheet.time("start_date", self.head.created);
        sheet.text("status", self.status.name());
        sheet.reference::<TestClock>("test_clock", self.clock);
        sheet.null("transfer_data");
        sheet.maybe_time("trial_end", self.trial.map(|(_, end)| end));
        sheet.object("trial_settings", |sheet| {
            sheet.object("end_behavior", |sheet| sheet.text("missing_payment_method", "create_invoice"));
        });
        sheet.maybe_time("trial_start", self.trial.map(|(start, _)| start));
    }
}
