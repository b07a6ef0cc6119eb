//! What a card will do is known from its row in one table, which is that of <https://docs.stripe.com/testing>.
//!
//! A row is found by its number, by `pm_card_<name>` and by `tok_<name>`; `visa_` in front of a name changes nothing.

use super::declines::Decline;

/// What happens to money that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Aftermath {
    /// It becomes available after the usual days.
    Settles,
    /// It is available at once.
    AvailableAtOnce,
    /// A refund stays pending for a while.
    RefundPends,
    /// A refund succeeds and fails later.
    RefundFails,
    /// The holder says that the payment was not theirs.
    DisputedAsFraud,
    /// The holder says that nothing arrived.
    DisputedAsNotReceived,
    /// The holder's bank asks; no money moves.
    Inquired,
    /// The holder's bank reports a fraud without disputing.
    ReportedAsFraud,
    /// Disputed twice.
    DisputedTwice,
}

/// When the holder has to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Authentication {
    Never,
    /// Where the merchant requests it, on session.
    OnRequest,
    /// Whatever was set up before.
    Always,
    /// On session always; off session until the card was set up.
    UntilSetUp,
    /// On session only.
    OnSession,
}

/// What Radar thinks of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Risk {
    Normal,
    Elevated,
    /// Never sent to the network.
    Blocked,
}

/// How the bank pays: printed on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Funding {
    Credit,
    Debit,
    Prepaid,
}

impl Funding {
    pub(in crate::simulator) const fn name(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
            Self::Prepaid => "prepaid",
        }
    }
}

/// What the issuer says of the address and of the security code, where they were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Checks {
    pub(in crate::simulator) line1: &'static str,
    pub(in crate::simulator) postal_code: &'static str,
    pub(in crate::simulator) cvc: &'static str,
}

/// A card of the test catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct TestCard {
    pub(in crate::simulator) name: &'static str,
    pub(in crate::simulator) number: &'static str,
    /// ISO 3166, two letters.
    pub(in crate::simulator) country: &'static str,
    pub(in crate::simulator) funding: Funding,
    /// How each charge is declined; `None` when it is not.
    pub(in crate::simulator) declines: Option<Decline>,
    /// Whether it can be kept for later although charges decline.
    pub(in crate::simulator) attaches: bool,
    pub(in crate::simulator) authentication: Authentication,
    pub(in crate::simulator) aftermath: Aftermath,
    pub(in crate::simulator) risk: Risk,
    pub(in crate::simulator) checks: Checks,
}

const PASSED: Checks = Checks { line1: "pass", postal_code: "pass", cvc: "pass" };
const ADDRESS_UNAVAILABLE: Checks = Checks { line1: "unavailable", postal_code: "unavailable", ..PASSED };

const fn plain(name: &'static str, number: &'static str) -> TestCard {
    TestCard {
        name,
        number,
        country: "US",
        funding: Funding::Credit,
        declines: None,
        attaches: true,
        authentication: Never,
        aftermath: Aftermath::Settles,
        risk: Risk::Normal,
        checks: PASSED,
    }
}

const fn funded(name: &'static str, number: &'static str, funding: Funding) -> TestCard {
    TestCard { funding, ..plain(name, number) }
}

const fn of(country: &'static str, name: &'static str, number: &'static str) -> TestCard {
    TestCard { country, ..plain(name, number) }
}

const fn declining(name: &'static str, number: &'static str, with: Decline) -> TestCard {
    TestCard { declines: Some(with), attaches: false, ..plain(name, number) }
}

const fn asking(name: &'static str, number: &'static str, authentication: Authentication) -> TestCard {
    TestCard { authentication, ..plain(name, number) }
}

/// Asks always, and declines even when the holder has answered.
const fn asking_in_vain(name: &'static str, number: &'static str, with: Decline) -> TestCard {
    TestCard { declines: Some(with), ..asking(name, number, Always) }
}

const fn ending(name: &'static str, number: &'static str, aftermath: Aftermath) -> TestCard {
    TestCard { aftermath, ..plain(name, number) }
}

const fn risky(name: &'static str, number: &'static str, risk: Risk) -> TestCard {
    TestCard { risk, ..plain(name, number) }
}

const fn checked(name: &'static str, number: &'static str, checks: Checks) -> TestCard {
    TestCard { checks, ..plain(name, number) }
}

use Authentication::{Always, Never, OnRequest, OnSession, UntilSetUp};
use Funding::{Debit, Prepaid};

/// In the order of the documentation's page.
pub(in crate::simulator) const TEST_CARDS: &[TestCard] = &[
    plain("visa", "4242424242424242"),
    funded("visa_debit", "4000056655665556", Debit),
    plain("mastercard", "5555555555554444"),
    plain("mastercard_2series", "2223003122003222"),
    funded("mastercard_debit", "5200828282828210", Debit),
    funded("mastercard_prepaid", "5105105105105100", Prepaid),
    plain("amex", "378282246310005"),
    plain("amex_second", "371449635398431"),
    plain("discover", "6011111111111117"),
    plain("discover_second", "6011000990139424"),
    funded("discover_debit", "6011981111111113", Debit),
    plain("diners", "3056930009020004"),
    plain("diners_14digits", "36227206271667"),
    plain("jcb", "3566002020360505"),
    plain("unionpay", "6200000000000005"),
    funded("unionpay_debit", "6200000000000047", Debit),
    plain("unionpay_19digits", "6205500000000000004"),
    plain("us", "4242424242424242"),
    of("AR", "ar", "4000000320000021"),
    of("BR", "br", "4000000760000002"),
    of("CA", "ca", "4000001240000000"),
    of("CL", "cl", "4000001520000001"),
    of("CO", "co", "4000001700000003"),
    of("CR", "cr", "4000001880000005"),
    of("EC", "ec", "4000002180000000"),
    of("MX", "mx", "4000004840008001"),
    of("PA", "pa", "4000005910000000"),
    of("PY", "py", "4000006000000066"),
    of("PE", "pe", "4000006040000068"),
    of("UY", "uy", "4000008580000003"),
    of("AE", "ae", "4000007840000001"),
    of("AT", "at", "4000000400000008"),
    of("BE", "be", "4000000560000004"),
    of("BG", "bg", "4000001000000000"),
    of("BY", "by", "4000001120000005"),
    of("HR", "hr", "4000001910000009"),
    of("CY", "cy", "4000001960000008"),
    of("CZ", "cz", "4000002030000002"),
    of("DK", "dk", "4000002080000001"),
    of("EE", "ee", "4000002330000009"),
    of("FI", "fi", "4000002460000001"),
    of("FR", "fr", "4000002500000003"),
    of("DE", "de", "4000002760000016"),
    of("GI", "gi", "4000002920000005"),
    of("GR", "gr", "4000003000000030"),
    of("HU", "hu", "4000003480000005"),
    of("IE", "ie", "4000003720000005"),
    of("IT", "it", "4000003800000008"),
    of("LV", "lv", "4000004280000005"),
    of("LI", "li", "4000004380000004"),
    of("LT", "lt", "4000004400000000"),
    of("LU", "lu", "4000004420000006"),
    of("MT", "mt", "4000004700000007"),
    of("NL", "nl", "4000005280000002"),
    of("NO", "no", "4000005780000007"),
    of("PL", "pl", "4000006160000005"),
    of("PT", "pt", "4000006200000007"),
    of("RO", "ro", "4000006420000001"),
    of("SA", "sa", "4000006820000007"),
    of("SI", "si", "4000007050000006"),
    of("SK", "sk", "4000007030000001"),
    of("ES", "es", "4000007240000007"),
    of("SE", "se", "4000007520000008"),
    of("CH", "ch", "4000007560000009"),
    of("GB", "gb", "4000008260000000"),
    TestCard { funding: Debit, ..of("GB", "gb_debit", "4000058260000005") },
    of("AU", "au", "4000000360000006"),
    of("CN", "cn", "4000001560000002"),
    of("HK", "hk", "4000003440000004"),
    of("IN", "in", "4000003560000008"),
    of("JP", "jp", "4000003920000003"),
    of("MY", "my", "4000004580000002"),
    of("NZ", "nz", "4000005540000008"),
    of("SG", "sg", "4000007020000003"),
    of("TW", "tw", "4000001580000008"),
    of("TH", "th_credit", "4000007640000003"),
    declining("chargeDeclined", "4000000000000002", Decline::Generic),
    declining("chargeDeclinedInsufficientFunds", "4000000000009995", Decline::InsufficientFunds),
    declining("chargeDeclinedLostCard", "4000000000009987", Decline::LostCard),
    declining("chargeDeclinedStolenCard", "4000000000009979", Decline::StolenCard),
    declining("chargeDeclinedExpiredCard", "4000000000000069", Decline::ExpiredCard),
    declining("chargeDeclinedIncorrectCvc", "4000000000000127", Decline::IncorrectCvc),
    declining("chargeDeclinedProcessingError", "4000000000000119", Decline::ProcessingError),
    declining("chargeDeclinedVelocityLimitExceeded", "4000000000006975", Decline::VelocityExceeded),
    TestCard { attaches: true, ..declining("chargeCustomerFail", "4000000000000341", Decline::Generic) },
    risky("radarBlock", "4100000000000019", Risk::Blocked),
    risky("chargeDeclinedFraudulent", "4100000000000019", Risk::Blocked),
    risky("riskLevelHighest", "4000000000004954", Risk::Blocked),
    risky("riskLevelElevated", "4000000000009235", Risk::Elevated),
    checked("cvcCheckFail", "4000000000000101", Checks { cvc: "fail", ..PASSED }),
    checked("avsZipFail", "4000000000000036", Checks { postal_code: "fail", ..PASSED }),
    checked("avsLine1Fail", "4000000000000028", Checks { line1: "fail", ..PASSED }),
    checked("avsFail", "4000000000000010", Checks { line1: "fail", postal_code: "fail", ..PASSED }),
    checked("avsUnavailable", "4000000000000044", ADDRESS_UNAVAILABLE),
    checked("avsUnchecked", "4000000000000044", ADDRESS_UNAVAILABLE),
    asking("authenticationRequiredOnSetup", "4000002500003155", UntilSetUp),
    asking("authenticationRequired", "4000002760003184", Always),
    asking("authenticationRequiredSetupForOffSession", "4000003800000446", OnSession),
    asking_in_vain(
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        Decline::InsufficientFunds,
    ),
    asking("threeDSecure2Required", "4000000000003220", Always),
    asking("threeDSecureRequired", "4000000000003063", Always),
    asking_in_vain("threeDSecureRequiredChargeDeclined", "4000008400001629", Decline::Generic),
    asking_in_vain("threeDSecureRequiredProcessingError", "4000008400001280", Decline::ProcessingError),
    asking("threeDSecureOptional", "4000000000003055", OnRequest),
    asking("threeDSecureOptionalProcessingError", "4000000000003097", OnRequest),
    plain("amex_threeDSecureNotSupported", "378282246310005"),
    ending("createDispute", "4000000000000259", Aftermath::DisputedAsFraud),
    ending("createDisputeProductNotReceived", "4000000000002685", Aftermath::DisputedAsNotReceived),
    ending("createDisputeInquiry", "4000000000001976", Aftermath::Inquired),
    ending("createIssuerFraudRecord", "4000000000005423", Aftermath::ReportedAsFraud),
    ending("createMultipleDisputes", "4000000404000079", Aftermath::DisputedTwice),
    ending("pendingRefund", "4000000000007726", Aftermath::RefundPends),
    ending("refundFail", "4000000000005126", Aftermath::RefundFails),
    plain("domesticPricing", "4000000000000093"),
    ending("bypassPending", "4000000000000077", Aftermath::AvailableAtOnce),
    TestCard {
        country: "IE",
        ..ending("bypassPendingInternational", "4000003720000278", Aftermath::AvailableAtOnce)
    },
];

/// The card of a name, such as `visa_chargeDeclined` of `pm_card_visa_chargeDeclined`.
pub(in crate::simulator) fn named(name: &str) -> Option<&'static TestCard> {
    let row = |name: &str| TEST_CARDS.iter().find(|card| card.name == name);
    row(name).or_else(|| row(name.strip_prefix("visa_")?))
}

/// The card of a number; blanks and dashes are how people write numbers.
pub(in crate::simulator) fn numbered(number: &str) -> Option<&'static TestCard> {
    TEST_CARDS.iter().find(|card| card.number == number)
}

impl TestCard {
    /// The network, as Stripe names it.
    pub(in crate::simulator) fn brand(&self) -> &'static str {
        match self.number.as_bytes() {
            [b'4', ..] => "visa",
            [b'3', b'4' | b'7', ..] => "amex",
            [b'3', b'5', ..] => "jcb",
            [b'3', ..] => "diners",
            [b'6', b'0', ..] => "discover",
            [b'6', ..] => "unionpay",
            _ => "mastercard",
        }
    }

    /// The last four digits.
    pub(in crate::simulator) fn last4(&self) -> &'static str {
        self.number.len().checked_sub(4).and_then(|at| self.number.get(at..)).unwrap_or_default()
    }

    /// Whether the holder is asked because the merchant requests it. Most test cards are enrolled nowhere.
    pub(in crate::simulator) fn asks_on_request(&self) -> bool {
        self.authentication != Never
    }

    /// Whether a payment needs the holder's answer before it is tried.
    pub(in crate::simulator) const fn asks(&self, off_session: bool, is_set_up: bool) -> bool {
        match self.authentication {
            Never | OnRequest => false,
            Always => true,
            UntilSetUp => !off_session || !is_set_up,
            OnSession => !off_session,
        }
    }
}

/// Whether the check digit fits: ISO/IEC 7812-1, annex B.
pub(in crate::simulator) fn has_check_digit(number: &str) -> bool {
    let mut sum: u32 = 0;
    for (position, digit) in number.chars().rev().enumerate() {
        let Some(digit) = digit.to_digit(10) else { return false };
        let doubled = if position % 2 == 1 { digit.saturating_mul(2) } else { digit };
        sum = sum.saturating_add(if doubled > 9 { doubled.saturating_sub(9) } else { doubled });
    }
    (12..=19).contains(&number.len()) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn every_number_has_its_check_digit_and_every_name_stands_once() {
        let mut names: Vec<&str> = TEST_CARDS.iter().map(|card| card.name).collect();
        for card in TEST_CARDS {
            assert!(has_check_digit(card.number), "{}", card.name);
            assert_eq!(card.last4().len(), 4);
        }
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_card_is_found_by_either_spelling() {
        let table = [
            ("visa", "visa", "4242"),
            ("visa_chargeDeclined", "visa", "0002"),
            ("chargeDeclined", "visa", "0002"),
            ("visa_debit", "visa", "5556"),
            ("amex", "amex", "0005"),
            ("discover", "discover", "1117"),
            ("diners", "diners", "0004"),
            ("jcb", "jcb", "0505"),
            ("unionpay", "unionpay", "0005"),
            ("mastercard_2series", "mastercard", "3222"),
        ];
        for (name, brand, last4) in table {
            let card = named(name).unwrap();
            assert_eq!((card.brand(), card.last4()), (brand, last4), "{name}");
        }
        assert!(named("visa_visa_debit").is_some() && named("nothing").is_none());
        assert!(numbered("4000000000000002").is_some_and(|card| card.declines == Some(Decline::Generic)));
    }

    #[test]
    fn a_check_digit_that_does_not_fit_is_seen() {
        for number in ["4242424242424241", "", "4", "424242424242424x", "42424242424242424242"] {
            assert!(!has_check_digit(number), "{number}");
        }
    }

    #[test]
    fn authentication_is_asked_for_as_documented() {
        let table = [
            ("visa", [false, false, false]),
            ("authenticationRequired", [true, true, true]),
            ("authenticationRequiredOnSetup", [true, true, false]),
            ("authenticationRequiredSetupForOffSession", [true, false, false]),
        ];
        for (name, [on_session, off_session, set_up]) in table {
            let card = named(name).unwrap();
            let found = [card.asks(false, true), card.asks(true, false), card.asks(true, true)];
            assert_eq!(found, [on_session, off_session, set_up], "{name}");
        }
    }
}
