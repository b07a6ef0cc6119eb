//! A payment intent as it is written.

use super::super::accounts::Account;
use super::super::charges::Charge;
use super::super::customers::Customer;
use super::super::declines::Decline;
use super::super::expand::{Field, Holds};
use super::super::object::{Class, Kind, kind};
use super::super::payment_methods::PaymentMethod;
use super::super::sheet::Sheet;
use super::{Choice, LastError, PaymentIntent, Status, Why};
use crate::prelude::*;

/// What is said of a holder who failed to authenticate.
const NOT_AUTHENTICATED: (&str, &str) = (
    "payment_intent_authentication_failure",
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to \
     attempt to fulfill this PaymentIntent again.",
);

/// The same of a setup.
const SETUP_NOT_AUTHENTICATED: (&str, &str) = (
    "setup_intent_authentication_failure",
    "The latest attempt to set up the payment method has failed because authentication failed.",
);

/// Where a holder authenticates, below the address of the gateway.
pub(in super::super) const AUTHENTICATE: &str = "/_tillproof/authenticate/";

impl Kind for PaymentIntent {
    kind!(PaymentIntent, payment_intents);
    const PREFIX: &'static str = "pi";
    const NAME: &'static str = "payment_intent";
    const FIELDS: &'static [Field] = &[
        ("application", Holds::Any),
        ("customer", Holds::One(Class::Customer)),
        ("latest_charge", Holds::One(Class::Charge)),
        ("on_behalf_of", Holds::One(Class::Account)),
        ("payment_method", Holds::One(Class::PaymentMethod)),
        ("payment_record", Holds::Any),
        ("review", Holds::Any),
        ("source", Holds::Any),
        ("transfer_data.destination", Holds::One(Class::Account)),
    ];

    fn write(&self, sheet: &mut Sheet<'_>) {
        let (terms, is_held) = (&self.terms, self.status == Status::RequiresCapture);
        write_types(sheet, "allowed_payment_method_types", self.allowed.as_deref());
        sheet.natural("amount", self.amount);
        sheet.natural("amount_capturable", if is_held { self.amount } else { 0 });
        sheet.members(r#""amount_details":{"tip":{}}"#);
        sheet.natural("amount_received", self.amount_received);
        sheet.null("application");
        sheet.maybe_natural("application_fee_amount", terms.application_fee);
        match self.choice {
            Choice::Automatic { redirects, .. } => sheet.object("automatic_payment_methods", |sheet| {
                sheet.text("allow_redirects", if redirects { "always" } else { "never" });
                sheet.flag("enabled", true);
            }),
            Choice::Listed => sheet.null("automatic_payment_methods"),
        }
        sheet.maybe_time("canceled_at", self.canceled.map(|(at, _)| at));
        sheet.maybe_text("cancellation_reason", self.canceled.and_then(|(_, reason)| reason));
        sheet.text("capture_method", self.capture.name());
        sheet.client_secret(Self::PREFIX, self.head.number);
        sheet.text("confirmation_method", if self.is_manually_confirmed { "manual" } else { "automatic" });
        sheet.time("created", self.head.created);
        sheet.currency("currency", self.currency);
        sheet.reference::<Customer>("customer", self.customer);
        sheet.null("customer_account");
        sheet.maybe_text("description", terms.description.as_deref());
        write_types(sheet, "excluded_payment_method_types", self.excluded.as_deref());
        self.write_last_error(sheet);
        sheet.reference::<Charge>("latest_charge", self.latest_charge);
        sheet.members(r#""livemode":false,"managed_payments":null"#);
        sheet.metadata(&self.head.metadata);
        let asks = (self.status == Status::RequiresAction).then(|| sheet.reader.id::<Self>(self.head.number));
        write_next_action(sheet, asks.as_deref(), self.return_url.as_deref());
        sheet.reference::<Account>("on_behalf_of", terms.on_behalf_of);
        sheet.reference::<PaymentMethod>("payment_method", self.payment_method);
        sheet.null("payment_method_configuration_details");
        sheet.object("payment_method_options", |sheet| {
            sheet.object("card", |sheet| {
                if self.holds_cards {
                    sheet.text("capture_method", "manual");
                }
                sheet.members(r#""installments":null,"mandate_options":null,"network":null"#);
                sheet.text("request_three_d_secure", self.three_d_secure.name());
            });
        });
        sheet.members(r#""payment_method_types":["card"],"payment_record":null,"processing":null"#);
        sheet.maybe_text("receipt_email", terms.receipt_email.as_deref());
        sheet.null("review");
        sheet.maybe_text("setup_future_usage", self.future.map(super::Future::name));
        terms.write_shipping(sheet);
        sheet.null("source");
        terms.write_descriptors(sheet);
        sheet.text("status", self.status.name());
        terms.write_transfer_data(sheet);
        sheet.maybe_text("transfer_group", terms.transfer_group.as_deref());
    }
}

impl PaymentIntent {
    fn write_last_error(&self, sheet: &mut Sheet<'_>) {
        match &self.last_error {
            Some(error) => error.write(sheet, "last_payment_error"),
            None => sheet.null("last_payment_error"),
        }
    }
}

impl LastError {
    /// Writes the error under a name, with the method as it was.
    pub(in super::super) fn write(&self, sheet: &mut Sheet<'_>, name: &'static str) {
        let method = PaymentMethod::object(self.method.clone());
        let words = match self.why {
            Why::Declined(decline) => Some((decline, decline.wording())),
            Why::NotAuthenticated | Why::SetupNotAuthenticated => None,
        };
        let (code, message) = match (words, self.why) {
            (Some((_, words)), _) => (words.code, words.message),
            (None, Why::SetupNotAuthenticated) => SETUP_NOT_AUTHENTICATED,
            (None, _) => NOT_AUTHENTICATED,
        };
        sheet.object(name, |sheet| {
            if let Some(advice) = words.and_then(|(_, words)| words.advice) {
                sheet.text("advice_code", advice);
            }
            if let Some(charge) = self.charge {
                sheet.text("charge", &sheet.reader.id::<Charge>(charge));
            }
            sheet.text("code", code);
            if let Some(decline_code) = words.and_then(|(_, words)| words.decline_code) {
                sheet.text("decline_code", decline_code);
            }
            sheet.text("doc_url", &doc_url(code));
            sheet.text("message", message);
            if let Some(network) = words.and_then(|(decline, _)| Decline::network_code(decline)) {
                sheet.text("network_decline_code", network);
            }
            if let Some(param) = words.and_then(|(_, words)| words.param) {
                sheet.text("param", param);
            }
            sheet.embedded("payment_method", &method);
            sheet.text("type", if words.is_some() { "card_error" } else { "invalid_request_error" });
        });
    }
}

fn doc_url(code: &str) -> String {
    glued(&["https://stripe.com/docs/error-codes/", &code.replace('_', "-")])
}

/// Writes a list of kinds of methods, or `null`.
pub(in super::super) fn write_types(sheet: &mut Sheet<'_>, name: &'static str, types: Option<&[String]>) {
    match types {
        Some(types) => sheet.texts(name, types.iter().map(String::as_str)),
        None => sheet.null(name),
    }
}

/// Writes `next_action`: a page to go to where there is a way back, work for the client's SDK where there is none.
pub(in super::super) fn write_next_action(sheet: &mut Sheet<'_>, id: Option<&str>, return_url: Option<&str>) {
    let Some(id) = id else { return sheet.null("next_action") };
    let url = glued(&["http://", sheet.reader.host, AUTHENTICATE, id]);
    sheet.object("next_action", |sheet| match return_url {
        Some(return_url) => {
            sheet.object("redirect_to_url", |sheet| {
                sheet.text("return_url", return_url);
                sheet.text("url", &url);
            });
            sheet.text("type", "redirect_to_url");
        }
        None => {
            sheet.text("type", "use_stripe_sdk");
            sheet.object("use_stripe_sdk", |sheet| {
                sheet.text("stripe_js", &url);
                sheet.text("type", "three_d_secure_redirect");
            });
        }
    });
}
