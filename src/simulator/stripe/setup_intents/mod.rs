//! A setup intent makes a card usable later: what it has set up belongs to the customer and is asked for less often.
//!
//! Source: <https://docs.stripe.com/payments/setupintents/lifecycle>.

mod machine;
mod serve;

use alloc::sync::Arc;

use super::customers::Customer;
use super::expand::{Field, Holds};
use super::object::{Class, Head, Kind, kind};
use super::payment_intents::view::{write_next_action, write_types};
use super::payment_intents::{Future, LastError};
use super::payment_methods::PaymentMethod;
use super::sheet::Sheet;
use crate::prelude::*;

pub(super) use machine::authenticate;
pub(super) use serve::ROUTES;

/// Where a setup stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Succeeded,
    Canceled,
}

impl Status {
    /// As it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }

    /// Whether it may still be confirmed.
    pub(super) const fn is_open(self) -> bool {
        !matches!(self, Self::Succeeded | Self::Canceled)
    }
}

/// Somebody's wish to keep a card.
#[derive(Clone, Debug)]
pub(super) struct SetupIntent {
    pub(super) head: Head,
    pub(super) status: Status,
    pub(super) usage: Future,
    pub(super) customer: Option<usize>,
    pub(super) payment_method: Option<usize>,
    pub(super) description: Option<String>,
    /// Whether methods that leave the page are allowed; `None` where the kinds were listed.
    pub(super) redirects: Option<bool>,
    pub(super) allowed: Option<Arc<[String]>>,
    pub(super) excluded: Option<Arc<[String]>>,
    /// Whether the holder is asked even where the card does not want it.
    pub(super) always_asks: bool,
    pub(super) cancellation_reason: Option<&'static str>,
    pub(super) last_error: Option<Arc<LastError>>,
    /// How many times it was tried.
    pub(super) attempts: usize,
    /// Where the holder returns to after authenticating.
    pub(super) return_url: Option<Arc<str>>,
}

impl Kind for SetupIntent {
    kind!(SetupIntent, setup_intents);
    const PREFIX: &'static str = "seti";
    const NAME: &'static str = "setup_intent";
    const FIELDS: &'static [Field] = &[
        ("application", Holds::Any),
        ("customer", Holds::One(Class::Customer)),
        ("latest_attempt", Holds::Any),
        ("mandate", Holds::Any),
        ("on_behalf_of", Holds::Any),
        ("payment_method", Holds::One(Class::PaymentMethod)),
        ("single_use_mandate", Holds::Any),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        write_types(sheet, "allowed_payment_method_types", self.allowed.as_deref());
        sheet.null("application");
        match self.redirects {
            Some(redirects) => sheet.object("automatic_payment_methods", |sheet| {
                sheet.text("allow_redirects", if redirects { "always" } else { "never" });
                sheet.flag("enabled", true);
            }),
            None => sheet.null("automatic_payment_methods"),
        }
        sheet.maybe_text("cancellation_reason", self.cancellation_reason);
        sheet.client_secret(Self::PREFIX, self.head.number);
        sheet.time("created", self.head.created);
        sheet.reference::<Customer>("customer", self.customer);
        sheet.null("customer_account");
        sheet.maybe_text("description", self.description.as_deref());
        write_types(sheet, "excluded_payment_method_types", self.excluded.as_deref());
        sheet.null("flow_directions");
        match &self.last_error {
            Some(error) => error.write(sheet, "last_setup_error"),
            None => sheet.null("last_setup_error"),
        }
        let attempt = (self.attempts > 0).then(|| {
            let number = self.head.number.saturating_mul(ATTEMPTS_SHOWN).saturating_add(self.attempts);
            sheet.reader.ids.id("setatt", number)
        });
        sheet.maybe_text("latest_attempt", attempt.as_deref());
        sheet.flag("livemode", false);
        sheet.null("mandate");
        sheet.metadata(&self.head.metadata);
        let asks = (self.status == Status::RequiresAction).then(|| sheet.reader.id::<Self>(self.head.number));
        write_next_action(sheet, asks.as_deref(), self.return_url.as_deref());
        sheet.null("on_behalf_of");
        sheet.reference::<PaymentMethod>("payment_method", self.payment_method);
        sheet.null("payment_method_configuration_details");
        sheet.object("payment_method_options", |sheet| {
            sheet.object("card", |sheet| {
                sheet.null("mandate_options");
                sheet.null("network");
                sheet.text("request_three_d_secure", if self.always_asks { "any" } else { "automatic" });
            });
        });
        sheet.texts("payment_method_types", ["card"]);
        sheet.null("single_use_mandate");
        sheet.text("status", self.status.name());
        sheet.text("usage", self.usage.name());
    }
}

/// Attempts of one setup that have ids of their own.
const ATTEMPTS_SHOWN: usize = 64;
