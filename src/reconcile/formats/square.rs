//! The payout entries of Square's Payouts API, one page or several behind each other.
//!
//! Source: <https://developer.squareup.com/reference/square/objects/PayoutEntry>.
//!
//! Amounts are whole minor units with their currency. The list of types grows: one that is not known is handed on as such.

use super::members::{integer, member, moment_of, name_of, wrong};
use super::objects::Objects;
use super::reader::Parser;
use super::{Error, Place, SettlementLine, Sink};
use crate::json::Value;
use crate::ledger::EventType;
use crate::money::Currency;

const KINDS: &[(&str, EventType)] = &[
    ("CHARGE", EventType::Charge),
    ("REFUND", EventType::Refund),
    ("DISPUTE", EventType::Dispute),
    ("FEE", EventType::Fee),
    ("DEPOSIT_FEE", EventType::Fee),
    ("DEPOSIT_FEE_REVERSED", EventType::Fee),
    ("THIRD_PARTY_FEE", EventType::Fee),
    ("THIRD_PARTY_FEE_REFUND", EventType::Fee),
    ("TAX_ON_FEE", EventType::Fee),
    ("RETURNED_PAYOUT", EventType::PayoutFailure),
];

/// Types that are known, and are adjustments here.
const ADJUSTMENTS: &[&str] = &[
    "ADJUSTMENT",
    "APP_FEE_REFUND",
    "APP_FEE_REVENUE",
    "AUTOMATIC_SAVINGS",
    "AUTOMATIC_SAVINGS_REVERSED",
    "CREDIT",
    "ESCHEATMENT",
    "FREE_PROCESSING",
    "HOLD_ADJUSTMENT",
    "INITIAL_BALANCE_CHANGE",
    "MONEY_TRANSFER",
    "MONEY_TRANSFER_REVERSAL",
    "OPEN_DISPUTE",
    "OTHER",
    "OTHER_ADJUSTMENT",
    "PAID_SERVICE_FEE",
    "PAID_SERVICE_FEE_REFUND",
    "PAYOUT",
    "REDEMPTION_CODE",
    "RELEASE_ADJUSTMENT",
    "RESERVE_HOLD",
    "RESERVE_RELEASE",
    "SQUARE_CAPITAL_PAYMENT",
    "SQUARE_CAPITAL_REVERSED_PAYMENT",
    "SQUARE_PAYROLL_TRANSFER",
    "SQUARE_PAYROLL_TRANSFER_REVERSED",
    "SUBSCRIPTION_FEE",
    "SUBSCRIPTION_FEE_PAID_REFUND",
    "SUBSCRIPTION_FEE_REFUND",
    "UNDO_REFUND",
];

/// Reads the pages.
pub(super) struct Square {
    objects: Objects,
}

impl Square {
    pub(super) const fn new() -> Self {
        Self { objects: Objects::new("payout_entries") }
    }
}

impl Parser for Square {
    fn push(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Error> {
        self.objects.push(text, &mut |entry, place| hand_on(entry, place, sink))
    }

    fn finish(&mut self, _: &mut dyn Sink) -> Result<(), Error> {
        self.objects.finish()
    }
}

fn hand_on(entry: &Value<'_>, place: Place, sink: &mut dyn Sink) -> Result<(), Error> {
    let needed = |name| match name_of(entry, name, place)? {
        "" => Err(Error::missing_value(place, name)),
        text => Ok(text),
    };
    let written_type = needed("type")?;
    let (gross, currency) = money(entry, "gross_amount_money", place)?
        .ok_or_else(|| Error::missing_value(place, "gross_amount_money"))?;
    let same = |name: &'static str| match money(entry, name, place)? {
        Some((_, other)) if other != currency => {
            Err(wrong(place, name, "the currency of gross_amount_money", other.code()))
        }
        found => Ok(found.map(|(minor, _)| minor)),
    };
    let known = KINDS.iter().find(|(known, _)| *known == written_type).map(|(_, kind)| *kind);
    let kind = known.or_else(|| ADJUSTMENTS.contains(&written_type).then_some(EventType::Adjustment));
    let id = needed("id")?;
    // Each type has details of its own, which name the payment.
    let details = entry.as_object().unwrap_or_default().iter();
    let details = details.filter(|(name, _)| name.starts_with("type_") && name.ends_with("_details"));
    let inner = |name: &'static str| {
        details.clone().find_map(|(_, details)| details.get(name).and_then(Value::as_str)).unwrap_or_default()
    };
    let payment = inner("payment_id");
    // What the books know is called by its own id. Of fees and adjustments a payment may have several: each is its entry.
    let is_known = matches!(kind, Some(EventType::Charge | EventType::Refund | EventType::Dispute));
    let own = if is_known { [inner("refund_id"), inner("dispute_id"), payment] } else { [""; 3] };
    let follows = matches!(kind, Some(EventType::Refund | EventType::Dispute | EventType::Adjustment));
    let occurred = moment_of(entry, "effective_at", place)?;
    sink.settlement(&SettlementLine {
        place,
        kind,
        written_type,
        reference: if payment.is_empty() { id } else { payment },
        id: own.into_iter().find(|text| !text.is_empty()).unwrap_or(id),
        parent_reference: if follows { payment } else { "" },
        payout_id: name_of(entry, "payout_id", place)?,
        gross,
        fee: same("fee_amount_money")?,
        tax: None,
        net: same("net_amount_money")?,
        currency,
        status: "",
        occurred_at: occurred.map(|reading| reading.at),
        is_local_time: occurred.is_some_and(|reading| reading.is_local),
        available_at: None,
        account: inner("location_id"),
        original: None,
        context: &[("entry_id", id)],
    });
    Ok(())
}

/// An amount and its currency; `None` where the member is not there.
fn money(entry: &Value<'_>, name: &'static str, place: Place) -> Result<Option<(i64, Currency)>, Error> {
    let Some(money) = member(entry, name) else { return Ok(None) };
    let code = name_of(money, "currency", place)?;
    let currency =
        Currency::parse(code).map_err(|_| wrong(place, name, "a currency of ISO 4217 such as USD", code))?;
    let minor = match member(money, "amount") {
        // An amount of zero may be left out.
        None => 0,
        Some(value) => integer(value, name, place)?,
    };
    Ok(Some((minor, currency)))
}
