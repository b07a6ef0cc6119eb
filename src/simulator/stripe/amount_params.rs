//! An amount that moves money is a whole number of minor units, at least one, in a currency that is known.

use super::amounts;
use super::params::Params;
use super::refusal::{Refusal, Result};
use crate::money::Currency;
use crate::prelude::*;

/// Largest amount of a payout or transfer, in minor units: what every JSON reader keeps exact.
const MINOR_MAX: u64 = crate::json::SAFE_INTEGER_MAX;

/// An amount that has to be there.
///
/// # Errors
///
/// It is missing, no whole number of at least 1, or too large.
pub(super) fn amount(params: &mut Params, name: &str) -> Result<u64> {
    maybe_amount(params, name)?.ok_or_else(|| Refusal::missing(&params.name(name)))
}

/// An amount that may be left out.
///
/// # Errors
///
/// It is no whole number of at least 1, or too large.
pub(super) fn maybe_amount(params: &mut Params, name: &str) -> Result<Option<u64>> {
    let minor = params.positive(name)?;
    if minor.is_some_and(|minor| minor > MINOR_MAX) {
        let message = format!("Amount must be no more than {MINOR_MAX}");
        return Err(Refusal::param(Some("amount_too_large"), &params.name(name), message));
    }
    Ok(minor)
}

/// `currency`, which has to be there.
///
/// # Errors
///
/// It is missing or unknown.
pub(super) fn currency(params: &mut Params) -> Result<Currency> {
    maybe_currency(params)?.ok_or_else(|| Refusal::missing(&params.name("currency")))
}

/// `currency`, which may be left out; in either case, as the API takes it.
///
/// # Errors
///
/// It is unknown.
pub(super) fn maybe_currency(params: &mut Params) -> Result<Option<Currency>> {
    const SHOWN_MAX: usize = 20;
    let Some(text) = params.text("currency")? else { return Ok(None) };
    let code = text.to_ascii_lowercase();
    let known =
        amounts::is_supported(&code).then(|| Currency::parse(&code.to_ascii_uppercase()).ok()).flatten();
    known.map(Some).ok_or_else(|| {
        let shown: String = code.chars().take(SHOWN_MAX).collect();
        let message = format!(
            "Invalid currency: {shown}. Stripe currently supports these currencies: {}",
            amounts::CURRENCIES.join(", ")
        );
        Refusal::param(None, &params.name("currency"), message)
    })
}
