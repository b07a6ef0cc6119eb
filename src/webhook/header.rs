//! Header values are read by strict grammars with limits; whatever two readers could read differently is refused.

use super::{Clock, Error, Grammar, HEADER_BYTES_MAX, SIGNATURES_MAX, Scheme, TimeSource, TimeUnit};
use crate::prelude::*;
use crate::time::Timestamp;

/// The value of a header, as the caller's framework gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// It arrived once.
    Once(&'a str),
    /// It arrived several times. Which value counts would be a guess.
    Repeated,
}

/// What a delivery claims about itself, before anything is proven.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    /// As received, and never empty.
    pub(super) signatures: Vec<&'a str>,
    /// The timestamp as received, which is what was signed, and what it means.
    pub(super) timestamp: Option<(&'a str, Timestamp)>,
}

/// Refuses headers that are too long or hold too many items, before any is read.
pub(super) fn limits(scheme: &Scheme, headers: &[(&str, HeaderValue<'_>)]) -> Result<(), Error> {
    for name in scheme.headers() {
        let Some(value) = find(headers, name).ok().flatten() else { continue };
        if value.len() > HEADER_BYTES_MAX {
            return Err(Error::HeaderTooLong { header: name, found: value.len() });
        }
    }
    let value = find(headers, scheme.signature_header).ok().flatten().unwrap_or_default();
    let items = match scheme.grammar {
        Grammar::Plain | Grammar::Prefixed(_) => 1,
        Grammar::Pairs { separator, .. } => value.split(separator).count(),
        Grammar::Tagged(_) => value.split(' ').count(),
    };
    if items > SIGNATURES_MAX {
        return Err(Error::TooManySignatures { header: scheme.signature_header, found: items });
    }
    Ok(())
}

/// The value of a header; names are compared without regard to case.
pub(super) fn find<'a>(
    headers: &[(&str, HeaderValue<'a>)],
    name: &'static str,
) -> Result<Option<&'a str>, Error> {
    let mut matches = headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
    match (matches.next(), matches.next()) {
        (None, _) => Ok(None),
        (Some((_, HeaderValue::Once(value))), None) => Ok(Some(value)),
        (Some(_), _) => Err(Error::HeaderRepeated { header: name }),
    }
}

/// The value of a header the scheme cannot do without.
pub(super) fn required<'a>(
    headers: &[(&str, HeaderValue<'a>)],
    name: &'static str,
) -> Result<&'a str, Error> {
    find(headers, name)?.ok_or(Error::HeaderMissing { header: name })
}

/// Reads the signature header and, where it is apart, the timestamp header.
pub(super) fn claims<'a>(scheme: &Scheme, headers: &[(&str, HeaderValue<'a>)]) -> Result<Claims<'a>, Error> {
    let header = scheme.signature_header;
    let value = required(headers, header)?;
    let signatures = match scheme.grammar {
        Grammar::Plain if value.is_empty() => Vec::new(),
        Grammar::Plain => vec![value],
        Grammar::Prefixed(prefix) => match value.strip_prefix(prefix) {
            None => return Err(malformed(header, "the name of the algorithm, `=` and the signature")),
            Some("") => Vec::new(),
            Some(signature) => vec![signature],
        },
        Grammar::Pairs { separator, signature } => pairs(header, value, separator, signature)?,
        Grammar::Tagged(tag) => tagged(header, value, tag)?,
    };
    let timestamp = match scheme.clock {
        None => None,
        Some(clock) => Some(timestamp(scheme, clock, headers, value)?),
    };
    if signatures.is_empty() {
        return Err(Error::SignatureAbsent { header });
    }
    Ok(Claims { signatures, timestamp })
}

/// The values under `wanted` of a list of `name=value`.
fn pairs<'a>(
    header: &'static str,
    value: &'a str,
    separator: char,
    wanted: &str,
) -> Result<Vec<&'a str>, Error> {
    let mut signatures = Vec::new();
    for item in value.split(separator) {
        let (name, text) = pair(header, item)?;
        if name == wanted && !text.is_empty() {
            signatures.push(text);
        }
    }
    Ok(signatures)
}

fn pair<'a>(header: &'static str, item: &'a str) -> Result<(&'a str, &'a str), Error> {
    let expected = "a list of `name=value` without spaces";
    let (name, text) = item.split_once('=').ok_or(malformed(header, expected))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(plain) || text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return Err(malformed(header, expected));
    }
    Ok((name, text))
}

/// The values of `wanted` in a list of `tag,value`.
fn tagged<'a>(header: &'static str, value: &'a str, wanted: &str) -> Result<Vec<&'a str>, Error> {
    let mut signatures = Vec::new();
    for item in value.split(' ') {
        let (tag, text) = item
            .split_once(',')
            .ok_or(malformed(header, "a list of `version,signature`, separated by spaces"))?;
        if tag == wanted && !text.is_empty() {
            signatures.push(text);
        }
    }
    Ok(signatures)
}

fn timestamp<'a>(
    scheme: &Scheme,
    clock: Clock,
    headers: &[(&str, HeaderValue<'a>)],
    signature_value: &'a str,
) -> Result<(&'a str, Timestamp), Error> {
    let header = match clock.source {
        TimeSource::Pair(_) => scheme.signature_header,
        TimeSource::Header(name) => name,
    };
    let text = match (clock.source, scheme.grammar) {
        (TimeSource::Header(name), _) => required(headers, name)?,
        (TimeSource::Pair(wanted), Grammar::Pairs { separator, .. }) => {
            let mut found = None;
            for item in signature_value.split(separator) {
                let (name, text) = pair(header, item)?;
                if name == wanted && found.replace(text).is_some() {
                    return Err(malformed(header, "one timestamp"));
                }
            }
            found.ok_or(malformed(header, "a timestamp"))?
        }
        (TimeSource::Pair(_), Grammar::Plain | Grammar::Prefixed(_) | Grammar::Tagged(_)) => {
            return Err(malformed(header, "a timestamp"));
        }
    };
    let moment = moment(text, clock.unit).ok_or(malformed(header, "a timestamp in plain digits"))?;
    Ok((text, moment))
}

/// Digits only and no leading zero: each moment has one text, and only that one is accepted.
fn moment(text: &str, unit: TimeUnit) -> Option<Timestamp> {
    const MILLISECONDS_DIGITS: usize = 13;
    let canonical = text == "0" || !text.starts_with('0');
    if text.is_empty() || !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match unit {
        TimeUnit::Seconds => Timestamp::from_unix_seconds(text.parse().ok()?),
        TimeUnit::Milliseconds if text.len() == MILLISECONDS_DIGITS => {
            Timestamp::from_unix_ms(text.parse().ok()?)
        }
        TimeUnit::Milliseconds => None,
    }
}

const fn malformed(header: &'static str, expected: &'static str) -> Error {
    Error::HeaderMalformed { header, expected }
}
