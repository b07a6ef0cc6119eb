//! A figure is read to the exact minor unit by the exponent of its currency, or not at all.
//!
//! Nothing is rounded, and a mark that could mean two things is refused: `1.234` is a thousand in one country and little
//! more than one in another.

use crate::money::Currency;
use crate::prelude::*;

/// The character between units and decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `12.34`; a comma, a space or an apostrophe may part thousands.
    Point,
    /// `12,34`; a point, a space or an apostrophe may part thousands.
    Comma,
}

/// How a format writes its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// As programs write them: `-12.34`. Zeros beyond the decimals of the currency mean nothing, but for three digits behind
    /// the point, which may be thousands: `12.340`.
    Plain,
    /// As [`Style::Plain`], where zeros beyond the decimals of the currency mean nothing: the numbers of XML schemas.
    Schema,
    /// The amounts of SWIFT: a comma must stand, digits behind it need not; no sign.
    Swift,
    /// As people and banks write them: thousands parted, minus behind, brackets for negative. The mark is told, or it must
    /// be plain from the figure itself.
    Free(Option<Mark>),
}

const AMBIGUOUS: &str = "a figure whose mark means one thing only: set decimal to point or comma";

/// Minor units from a figure in major units. What was expected instead, for an error.
pub(super) fn major(text: &str, currency: Currency, style: Style) -> Result<i64, String> {
    let expected = || expectation(style).to_owned();
    let (is_negative, digits) = match style {
        Style::Swift => (false, text),
        Style::Plain | Style::Schema => signed(text),
        Style::Free(_) => free_sign(text.trim()),
    };
    let grouped: String;
    let (whole, fraction) = match style {
        Style::Plain | Style::Schema => digits.split_once('.').map_or((digits, None), some_fraction),
        Style::Swift => digits.split_once(',').map(some_fraction).ok_or_else(expected)?,
        Style::Free(mark) => {
            let (whole, fraction) = free_parts(digits, mark, currency).map_err(str::to_owned)?;
            grouped = ungrouped(whole, mark.or(fraction.map(|(mark, _)| mark))).ok_or_else(expected)?;
            (grouped.as_str(), fraction.map(|(_, fraction)| fraction))
        }
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = style != Style::Plain || whole == "0" || !whole.starts_with('0');
    let fraction_fits = style == Style::Swift || fraction != Some("");
    let fraction = fraction.unwrap_or_default();
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || !canonical || !fraction_fits {
        return Err(expected());
    }
    let decimals = usize::from(currency.exponent());
    let (kept, beyond) = fraction.split_at_checked(decimals).unwrap_or((fraction, ""));
    let may_be_thousands = style == Style::Plain && fraction.len() == 3 && !beyond.is_empty();
    if may_be_thousands || beyond.bytes().any(|byte| byte != b'0') {
        let decimals = decimals.digits();
        return Err(glued(&["at most ", &decimals, " decimals, as ", currency.code(), " has"]));
    }
    let padding = core::iter::repeat_n(b'0', decimals.saturating_sub(kept.len()));
    let minor = sum(whole.bytes().chain(kept.bytes()).chain(padding)).ok_or_else(too_large)?;
    Ok(if is_negative { minor.saturating_neg() } else { minor })
}

/// Minor units from whole minor units: `-1234`.
pub(super) fn minor(text: &str) -> Result<i64, String> {
    let (is_negative, digits) = signed(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("minor units as plain digits such as 1234, without a decimal mark".to_owned());
    }
    let minor = sum(digits.bytes()).ok_or_else(too_large)?;
    Ok(if is_negative { minor.saturating_neg() } else { minor })
}

const fn expectation(style: Style) -> &'static str {
    match style {
        Style::Plain | Style::Schema => "a plain decimal such as -12.34",
        Style::Swift => "an amount with a decimal comma such as 12,34 and without a sign",
        Style::Free(_) => "an amount such as -1,234.56, 1.234,56 or (12.34)",
    }
}

fn some_fraction<'a>((whole, fraction): (&'a str, &'a str)) -> (&'a str, Option<&'a str>) {
    (whole, Some(fraction))
}

fn too_large() -> String {
    "an amount below 2^63 minor units".to_owned()
}

fn sum(digits: impl Iterator<Item = u8>) -> Option<i64> {
    digits.into_iter().try_fold(0_i64, |minor, digit| {
        minor.checked_mul(10)?.checked_add(i64::from(digit.checked_sub(b'0')?))
    })
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The sign of a figure for people: in front, behind, as brackets, or as a typographic minus.
fn free_sign(text: &str) -> (bool, &str) {
    let minus = |character: char| matches!(character, '-' | '\u{2212}');
    if let Some(inside) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return (true, inside.trim());
    }
    if let Some(digits) = text.strip_prefix(minus).or_else(|| text.strip_suffix(minus)) {
        return (true, digits.trim());
    }
    (false, text.strip_prefix('+').or_else(|| text.strip_suffix('+')).unwrap_or(text).trim())
}

/// The whole part, and the decimals with the mark before them.
type Parts<'a> = (&'a str, Option<(Mark, &'a str)>);

fn free_parts(digits: &str, mark: Option<Mark>, currency: Currency) -> Result<Parts<'_>, &'static str> {
    let cut =
        |mark: Mark| digits.rsplit_once(character(mark)).map(|(whole, rest)| (whole, Some((mark, rest))));
    if let Some(mark) = mark {
        return Ok(cut(mark).unwrap_or((digits, None)));
    }
    let count = |mark| digits.matches(character(mark)).count();
    let (points, commas) = (count(Mark::Point), count(Mark::Comma));
    let mark = match (points, commas) {
        (0, 0) => return Ok((digits, None)),
        // The one that stands last parts the decimals; the other one parts thousands.
        (1.., 1..) => {
            if digits.rfind('.') > digits.rfind(',') {
                Mark::Point
            } else {
                Mark::Comma
            }
        }
        (1, 0) => Mark::Point,
        (0, 1) => Mark::Comma,
        // What stands several times parts thousands, and the other mark would part the decimals that are not there.
        (_, 0) => return Ok((digits, Some((Mark::Comma, "0")))),
        (0, _) => return Ok((digits, Some((Mark::Point, "0")))),
    };
    let Some((whole, Some((_, fraction)))) = cut(mark) else { return Ok((digits, None)) };
    let is_alone = points.saturating_add(commas) == 1;
    // Three digits behind the only mark may be thousands, unless nothing that parts thousands could stand there.
    if is_alone && fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0') {
        return Err(AMBIGUOUS);
    }
    if is_alone && fraction.len() == 3 && currency.exponent() < 3 && whole != "0" {
        return Err(AMBIGUOUS);
    }
    Ok((whole, Some((mark, fraction))))
}

const fn character(mark: Mark) -> char {
    match mark {
        Mark::Point => '.',
        Mark::Comma => ',',
    }
}

/// The digits without what parts thousands; `None` where it does not stand between threes.
fn ungrouped(whole: &str, mark: Option<Mark>) -> Option<String> {
    let parts_thousands = |character: char| match character {
        ' ' | '\u{a0}' | '\u{202f}' | '\'' | '\u{2019}' => true,
        ',' => mark != Some(Mark::Comma),
        '.' => mark != Some(Mark::Point),
        _ => false,
    };
    let separator = whole.chars().find(|character| parts_thousands(*character));
    let Some(separator) = separator else { return Some(whole.to_owned()) };
    let mut groups = whole.split(separator);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()))?;
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Style = Style::Free(None);

    #[test]
    fn a_figure_is_its_minor_units_in_every_style() {
        let (eur, jpy, kwd) = (Currency::EUR, Currency::JPY, Currency::KWD);
        let comma = Style::Free(Some(Mark::Comma));
        let point = Style::Free(Some(Mark::Point));
        let table = [
            ("12.34", eur, Style::Plain, 1_234),
            ("-0.05", eur, Style::Plain, -5),
            ("+12", eur, Style::Plain, 1_200),
            ("92233720368547758.07", eur, Style::Plain, i64::MAX),
            ("1.234", kwd, Style::Plain, 1_234),
            ("1000.00", jpy, Style::Plain, 1_000),
            ("-12.3400", eur, Style::Plain, -1_234),
            ("12.34000", eur, Style::Schema, 1_234),
            ("1000.00", jpy, Style::Schema, 1_000),
            ("0012.5", eur, Style::Schema, 1_250),
            ("12,34", eur, Style::Swift, 1_234),
            ("12,", eur, Style::Swift, 1_200),
            ("1000,", jpy, Style::Swift, 1_000),
            ("000000000012,5", eur, Style::Swift, 1_250),
            ("1,234.56", eur, FREE, 123_456),
            ("1.234,56", eur, FREE, 123_456),
            ("1 234,56", eur, FREE, 123_456),
            ("1\u{a0}234\u{a0}567,8", eur, FREE, 123_456_780),
            ("1'234.50", eur, FREE, 123_450),
            ("1,234,567", eur, FREE, 123_456_700),
            ("1.234.567", eur, FREE, 123_456_700),
            ("12,3", eur, FREE, 1_230),
            ("12.34", eur, FREE, 1_234),
            ("1234", eur, FREE, 123_400),
            ("0,125", kwd, FREE, 125),
            ("1234,567", kwd, FREE, 1_234_567),
            ("(12.34)", eur, FREE, -1_234),
            ("12.34-", eur, FREE, -1_234),
            ("\u{2212}12,34", eur, FREE, -1_234),
            ("- 5", eur, FREE, -500),
            ("1.234", eur, comma, 123_400),
            ("1.234,5", eur, comma, 123_450),
            ("1,234", eur, point, 123_400),
            ("1,234", kwd, comma, 1_234),
        ];
        for (text, currency, style, expected) in table {
            assert_eq!(major(text, currency, style), Ok(expected), "{text} {currency} {style:?}");
        }
        assert_eq!(minor("-1234"), Ok(-1_234));
        assert_eq!(minor("9223372036854775807"), Ok(i64::MAX));
    }

    #[test]
    fn what_is_no_figure_or_could_be_two_is_refused() {
        let (eur, jpy) = (Currency::EUR, Currency::JPY);
        let comma = Style::Free(Some(Mark::Comma));
        let table = [
            ("", eur, Style::Plain, "a plain decimal"),
            ("1,5", eur, Style::Plain, "a plain decimal"),
            ("1e3", eur, Style::Plain, "a plain decimal"),
            ("5.", eur, Style::Plain, "a plain decimal"),
            (".5", eur, Style::Plain, "a plain decimal"),
            ("--1", eur, Style::Plain, "a plain decimal"),
            ("NaN", eur, Style::Plain, "a plain decimal"),
            ("\u{661}", eur, Style::Plain, "a plain decimal"),
            ("01", eur, Style::Plain, "a plain decimal"),
            ("1.230", eur, Style::Plain, "at most 2 decimals, as EUR has"),
            ("1.2301", eur, Style::Plain, "at most 2 decimals, as EUR has"),
            ("1000.000", jpy, Style::Plain, "at most 0 decimals, as JPY has"),
            ("1.234", eur, Style::Schema, "at most 2 decimals"),
            ("1.5", jpy, Style::Schema, "at most 0 decimals"),
            ("92233720368547758.08", eur, Style::Plain, "an amount below 2^63"),
            ("12.34", eur, Style::Swift, "an amount with a decimal comma"),
            ("-12,34", eur, Style::Swift, "an amount with a decimal comma"),
            ("1.234", eur, FREE, "a figure whose mark means one thing"),
            ("1,234", eur, FREE, "a figure whose mark means one thing"),
            ("12345,678", eur, FREE, "a figure whose mark means one thing"),
            ("1,23,456", eur, FREE, "an amount such as"),
            ("1 23 456", eur, FREE, "an amount such as"),
            ("12.34.56", eur, FREE, "an amount such as"),
            ("1,234.5,6", eur, FREE, "an amount such as"),
            ("EUR 5", eur, FREE, "an amount such as"),
            ("()", eur, FREE, "an amount such as"),
            ("1,234.56", eur, comma, "an amount such as"),
        ];
        for (text, currency, style, expected) in table {
            let found = major(text, currency, style).unwrap_err();
            assert!(found.starts_with(expected), "{text} {style:?}: {found}");
        }
        for text in ["", "-", "1.0", " 1", "1e3", "9223372036854775808"] {
            assert!(minor(text).is_err(), "{text:?}");
        }
    }
}
