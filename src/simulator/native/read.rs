//! Requests of the native dialect, read field by field; whatever is not known is refused.

use super::super::Error;
use super::super::payment::{Order, Script};
use super::routes::decode;
use crate::json::{self, Fields, Value};
use crate::money::{Amount, Currency};
use crate::prelude::*;

const MERCHANT_CHARACTERS_MAX: usize = 64;
const DESCRIPTION_CHARACTERS_MAX: usize = 500;
const REFERENCE_CHARACTERS_MAX: usize = 200;
const METADATA_MEMBERS_MAX: usize = 50;
const METADATA_NAME_CHARACTERS_MAX: usize = 40;
const METADATA_TEXT_CHARACTERS_MAX: usize = 500;

/// Rows of a list when nothing is said, and at most.
const LIMIT_MAX: usize = 100;

/// The body of `POST /api/payments`.
pub(super) fn order(body: &Value<'_>) -> Result<Order, Error> {
    let mut fields = Fields::of(body, "body")?;
    let merchant_id = fields.text("merchantId")?;
    let amount = fields.required("amount", "a whole number of minor units")?;
    let currency = fields.text("currency")?;
    let description = fields.maybe_text("description")?;
    let metadata = fields.optional("metadata");
    let capture = fields.maybe_flag("capture")?.unwrap_or(true);
    let reference = fields.maybe_text("reference")?;
    fields.finish()?;

    let currency = Currency::parse(currency)?;
    let amount = positive(amount, currency)?;
    let merchant_id = merchant(merchant_id, "merchantId")?;
    let description =
        description.map(|text| bounded("description", text, DESCRIPTION_CHARACTERS_MAX)).transpose()?;
    let reference = named(reference)?;
    if let Some(metadata) = metadata {
        check_metadata(metadata)?;
    }
    let script = Script::of(metadata.and_then(|metadata| metadata.get("simulate")).and_then(Value::as_str));
    Ok(Order {
        merchant_id,
        amount,
        description,
        metadata: metadata.map(Value::to_text),
        reference,
        capture,
        script,
    })
}

/// The body of capture and refund: `amount`, or nothing for all of it.
pub(super) fn part(body: &Value<'_>, currency: Currency) -> Result<Option<u64>, Error> {
    let mut fields = Fields::of(body, "body")?;
    let amount = fields.optional("amount");
    fields.finish()?;
    amount.map(|amount| positive(amount, currency).map(Amount::minor)).transpose()
}

/// The name of a merchant's account.
pub(super) fn merchant(name: &str, field: &'static str) -> Result<String, Error> {
    let name = bounded(field, name, MERCHANT_CHARACTERS_MAX)?;
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        return Err(Error::FieldInvalid { field, expected: "ASCII letters, digits, `.`, `_` and `-`" });
    }
    Ok(name)
}

/// `reference`, which may be left out.
pub(super) fn reference(fields: &mut Fields<'_, '_>) -> Result<Option<String>, Error> {
    named(fields.maybe_text("reference")?)
}

fn named(reference: Option<&str>) -> Result<Option<String>, Error> {
    let reference = reference.map(|text| bounded("reference", text, REFERENCE_CHARACTERS_MAX)).transpose()?;
    if reference.as_deref() == Some("") {
        return Err(Error::FieldInvalid {
            field: "reference",
            expected: "a non-empty string, or no such field",
        });
    }
    Ok(reference)
}

/// The body of a request that takes none.
pub(super) fn nothing(body: &Value<'_>) -> Result<(), Error> {
    Ok(Fields::of(body, "body")?.finish()?)
}

/// The body of `POST /_tillproof/advance`, in seconds.
pub(super) fn seconds(body: &Value<'_>) -> Result<u64, Error> {
    /// Ten years: more is a typing error and would fire every timer there is.
    const SECONDS_MAX: u64 = 10 * 366 * 24 * 60 * 60;
    let mut fields = Fields::of(body, "body")?;
    let seconds = fields.integer("seconds")?;
    fields.finish()?;
    if seconds > SECONDS_MAX {
        return Err(Error::FieldInvalid { field: "seconds", expected: "at most ten years" });
    }
    Ok(seconds)
}

/// The query of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) reference: Option<String>,
    /// The id after which the page begins.
    pub(super) after: Option<String>,
    pub(super) limit: usize,
}

/// Reads a query that may hold `known` parameters.
pub(super) fn page(query: &str, known: &[&str]) -> Result<Page, Error> {
    const SHOWN_MAX: usize = 40;
    let mut page = Page { limit: LIMIT_MAX, ..Page::default() };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let unknown = || Error::ParameterUnknown { found: name.chars().take(SHOWN_MAX).collect() };
        if !known.contains(&name) {
            return Err(unknown());
        }
        // A plus is a space in a query, and only there.
        let value = decode(&value.replace('+', " "));
        let text = |parameter| {
            let wrong = Error::ParameterInvalid { parameter, expected: "non-empty percent-encoded UTF-8" };
            value.clone().filter(|value| !value.is_empty()).ok_or(wrong)
        };
        match name {
            "reference" => page.reference = Some(text("reference")?),
            "after" => page.after = Some(text("after")?),
            "limit" => {
                let number = text("limit")?.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                page.limit = number.ok_or(Error::ParameterInvalid {
                    parameter: "limit",
                    expected: "a whole number from 1 to 100",
                })?;
            }
            _ => return Err(unknown()),
        }
    }
    Ok(page)
}

/// What is asked of a report: the format, the account, the payout.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) format: Option<String>,
    pub(super) account: Option<String>,
    pub(super) payout: Option<String>,
}

/// The query of a report.
pub(super) fn report(query: &str) -> Result<Report, Error> {
    const SHOWN_MAX: usize = 40;
    let mut report = Report::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(&value.replace('+', " ")).filter(|value| !value.is_empty());
        let text = |parameter| {
            let expected = "non-empty percent-encoded UTF-8";
            value.clone().ok_or(Error::ParameterInvalid { parameter, expected })
        };
        match name {
            "format" => report.format = Some(text("format")?),
            "account" => report.account = Some(text("account")?),
            "payout" => report.payout = Some(text("payout")?),
            _ => return Err(Error::ParameterUnknown { found: name.chars().take(SHOWN_MAX).collect() }),
        }
    }
    Ok(report)
}

/// An amount as this dialect writes it: a JSON number, whole, above zero, exact for every reader.
pub(super) fn positive(value: &Value<'_>, currency: Currency) -> Result<Amount, Error> {
    if !matches!(value, Value::Number(_)) {
        return Err(Error::Body(json::Error::from(json::ErrorKind::WrongField {
            field: "amount",
            expected: "a whole number of minor units",
            found: value.kind().to_owned(),
        })));
    }
    let amount = Amount::from_json(value, currency)?;
    if amount.is_zero() { Err(Error::AmountZero) } else { Ok(amount) }
}

pub(super) fn bounded(field: &'static str, text: &str, limit: usize) -> Result<String, Error> {
    let found = text.chars().count();
    if found > limit { Err(Error::FieldTooLong { field, found, limit }) } else { Ok(text.to_owned()) }
}

/// Whether a JSON number stays a number in JavaScript, where everything from about 1.8e308 becomes infinity and then,
/// when it is written again, `null`.
fn is_finite(number: &str) -> bool {
    const POWER_OF_TEN_MAX: i64 = 308;
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    // The power of ten of the first digit that is not zero; a number without one is zero, whatever its exponent.
    let power = match (whole, decimals.bytes().position(|digit| digit != b'0')) {
        ("0", None) => return true,
        ("0", Some(zeros)) => places(zeros).saturating_add(1).saturating_neg(),
        _ => places(whole.len()).saturating_sub(1),
    };
    // An exponent too long to be read is far beyond every bound, on the side its sign says.
    let beyond = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    power.saturating_add(exponent.parse().unwrap_or(beyond)) < POWER_OF_TEN_MAX
}

fn check_metadata(metadata: &Value<'_>) -> Result<(), Error> {
    let _ = Fields::of(metadata, "metadata")?;
    let members = metadata.as_object().unwrap_or_default();
    if members.len() > METADATA_MEMBERS_MAX {
        return Err(Error::FieldInvalid { field: "metadata", expected: "at most 50 members" });
    }
    for (name, value) in members {
        let _ = bounded("metadata", name, METADATA_NAME_CHARACTERS_MAX)?;
        match value {
            Value::String(text) => {
                let _ = bounded("metadata", text, METADATA_TEXT_CHARACTERS_MAX)?;
            }
            Value::Number(text) => {
                let _ = bounded("metadata", text, METADATA_TEXT_CHARACTERS_MAX)?;
                if !is_finite(text) {
                    return Err(Error::FieldInvalid { field: "metadata", expected: "numbers below 1e308" });
                }
            }
            Value::Bool(_) => {}
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(Error::FieldInvalid {
                    field: "metadata",
                    expected: "an object of strings, numbers and booleans",
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_finite_exactly_when_javascript_can_hold_it() {
        let long = |digits: usize| "9".repeat(digits);
        let table = [
            ("0", true),
            ("-1.5", true),
            ("9.99e307", true),
            ("1e308", false),
            ("-1E+308", false),
            ("1e999", false),
            ("0e999", true),
            ("0.000e99999999999999999999", true),
            ("0.001e310", true),
            ("0.001e311", false),
            ("1e99999999999999999999", false),
            ("1e-99999999999999999999", true),
            ("1000e305", false),
            (&long(308), true),
            (&long(309), false),
        ];
        for (text, expected) in table {
            assert_eq!(is_finite(text), expected, "{text}");
        }
    }
}
