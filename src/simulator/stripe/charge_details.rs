//! What a charge tells of the card and of what its network said.

use super::charges::{Charge, Hold};
use super::declines::Decline;
use super::sheet::Sheet;
use super::test_cards::Risk;

impl Charge {
    /// Writes `outcome`.
    pub(super) fn write_outcome(&self, sheet: &mut Sheet<'_>) {
        let words = self.failure.map(Decline::wording);
        let (risk_level, risk_score) = match self.card.test.risk {
            Risk::Normal => ("normal", 7),
            Risk::Elevated => ("elevated", 67),
            Risk::Blocked => ("highest", 92),
        };
        sheet.object("outcome", |sheet| {
            sheet.maybe_text("advice_code", words.and_then(|words| words.advice));
            sheet.null("network_advice_code");
            sheet.maybe_text("network_decline_code", self.failure.and_then(Decline::network_code));
            sheet.text("network_status", self.failure.map_or("approved_by_network", Decline::network_status));
            sheet.maybe_text("reason", words.map(|words| words.reason));
            sheet.text("risk_level", risk_level);
            sheet.natural("risk_score", risk_score);
            sheet.text("seller_message", words.map_or("Payment complete.", |words| words.seller_message));
            sheet.text("type", self.failure.map_or("authorized", Decline::outcome));
        });
    }

    /// Writes `card` of `payment_method_details`.
    pub(super) fn write_card(&self, sheet: &mut Sheet<'_>) {
        let (card, test) = (self.card, self.card.test);
        let fingerprint = card.fingerprint(sheet.reader.ids);
        let traced = sheet.reader.ids.id("network", self.head.number).replace("network_", "");
        let is_approved = self.failure.is_none();
        sheet.object("card", |sheet| {
            sheet.maybe_natural("amount_authorized", is_approved.then_some(self.amount));
            sheet.null("authorization_code");
            sheet.text("brand", test.brand());
            if let Hold::Until(moment) = self.hold {
                sheet.time("capture_before", moment);
            }
            card.write_checks(sheet);
            sheet.text("country", test.country);
            sheet.null("electronic_commerce_indicator");
            sheet.natural("exp_month", card.exp_month.into());
            sheet.natural("exp_year", card.exp_year.into());
            sheet.object("extended_authorization", |sheet| sheet.text("status", "disabled"));
            sheet.text("fingerprint", &fingerprint);
            sheet.text("funding", test.funding.name());
            sheet.object("incremental_authorization", |sheet| sheet.text("status", "unavailable"));
            sheet.null("installments");
            sheet.text("last4", test.last4());
            sheet.null("mandate");
            sheet.object("multicapture", |sheet| sheet.text("status", "unavailable"));
            sheet.text("network", test.brand());
            sheet.object("network_token", |sheet| sheet.flag("used", false));
            sheet.maybe_text("network_transaction_id", is_approved.then_some(traced.as_str()));
            sheet.object("overcapture", |sheet| {
                sheet.natural("maximum_amount_capturable", self.amount);
                sheet.text("status", "unavailable");
            });
            sheet.text("regulated_status", "unregulated");
            self.write_authentication(sheet);
            sheet.null("transaction_link_id");
            sheet.null("wallet");
        });
    }

    fn write_authentication(&self, sheet: &mut Sheet<'_>) {
        if !self.is_authenticated {
            return sheet.null("three_d_secure");
        }
        sheet.object("three_d_secure", |sheet| {
            sheet.text("authentication_flow", "challenge");
            sheet.text("electronic_commerce_indicator", "05");
            sheet.null("exemption_indicator");
            sheet.text("result", "authenticated");
            sheet.null("result_reason");
            sheet.null("transaction_id");
            sheet.text("version", "2.2.0");
        });
    }
}
