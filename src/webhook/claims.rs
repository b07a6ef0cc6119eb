//! What a delivery claims about itself, before anything is proven.

use super::grammar::Found;
use super::header::{find, required};
use super::{Error, HEADER_BYTES_MAX, HeaderValue, Place, Refusal, SIGNATURES_MAX, Scheme, TimeSource};
use crate::prelude::*;
use crate::time::Timestamp;

/// What a delivery claims.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    /// As received, and never empty.
    pub(super) signatures: Vec<&'a str>,
    /// The timestamp as received, which is what was signed, and what it means.
    pub(super) timestamp: Option<(&'a str, Timestamp)>,
}

/// Refuses headers that are too long or hold too many items, before any is read.
pub(super) fn limits(scheme: &Scheme, headers: &[(&str, HeaderValue<'_>)]) -> Result<(), Refusal> {
    let long = |(_, value): &(&str, HeaderValue<'_>)| matches!(value, HeaderValue::Once(text) if text.len() > HEADER_BYTES_MAX);
    // Mostly there is none, of this scheme or another.
    if headers.iter().any(long) {
        for name in scheme.headers() {
            let value = find(headers, name).ok().flatten().unwrap_or_default();
            if value.len() > HEADER_BYTES_MAX {
                return Err(Error::HeaderTooLong { header: name, found: value.len() }.into());
            }
        }
    }
    let Place::Headers(names) = scheme.place else { return Ok(()) };
    for name in names {
        let value = find(headers, name).ok().flatten().unwrap_or_default();
        let found = scheme.grammar.count(value);
        if found > SIGNATURES_MAX {
            return Err(Error::TooManySignatures { header: name, found }.into());
        }
    }
    Ok(())
}

/// Reads the headers with the signature and, where it is apart, that with the timestamp. `None` when the signature
/// stands in the body.
pub(super) fn in_headers<'a>(
    scheme: &Scheme,
    headers: &[(&str, HeaderValue<'a>)],
    key_id: Option<&str>,
) -> Result<Option<Claims<'a>>, Refusal> {
    let Place::Headers(names @ [first, ..]) = scheme.place else { return Ok(None) };
    let mut found: Option<Found<'a>> = None;
    for name in names {
        let Some(value) = find(headers, name)? else { continue };
        let read = scheme.grammar.read(value, pair_name(scheme), key_id);
        let read = read.map_err(|expected| Refusal::header(name, expected))?;
        match &mut found {
            None => found = Some(read),
            Some(found) => {
                found.signatures.extend(read.signatures);
                found.time = found.time.or(read.time);
            }
        }
    }
    let found = found.ok_or(Error::HeaderMissing { header: first })?;
    let timestamp = timestamp(scheme, headers, first, found.time)?;
    if found.signatures.is_empty() {
        return Err(Error::SignatureAbsent { header: first }.into());
    }
    Ok(Some(Claims { signatures: found.signatures, timestamp }))
}

/// Reads a signature that stands in the body.
pub(super) fn in_body<'a>(
    scheme: &Scheme,
    headers: &[(&str, HeaderValue<'a>)],
    value: &'a str,
    key_id: Option<&str>,
) -> Result<Claims<'a>, Refusal> {
    let field = scheme.place_name();
    if value.len() > HEADER_BYTES_MAX {
        return Err(Refusal::field(field, "a signature, which is shorter"));
    }
    if scheme.grammar.count(value) > SIGNATURES_MAX {
        return Err(Refusal::field(field, "fewer signatures, no provider sends that many"));
    }
    let read = scheme.grammar.read(value, pair_name(scheme), key_id);
    let found = read.map_err(|expected| Refusal::field(field, expected))?;
    let timestamp = timestamp(scheme, headers, field, found.time)?;
    if found.signatures.is_empty() {
        return Err(Refusal::no_field(field));
    }
    Ok(Claims { signatures: found.signatures, timestamp })
}

fn pair_name(scheme: &Scheme) -> Option<&'static str> {
    match scheme.clock?.source {
        TimeSource::Pair(name) => Some(name),
        TimeSource::Header(_) => None,
    }
}

fn timestamp<'a>(
    scheme: &Scheme,
    headers: &[(&str, HeaderValue<'a>)],
    place: &'static str,
    beside: Option<&'a str>,
) -> Result<Option<(&'a str, Timestamp)>, Refusal> {
    let Some(clock) = scheme.clock else { return Ok(None) };
    let (header, text) = match clock.source {
        TimeSource::Header(name) => (name, required(headers, name)?),
        TimeSource::Pair(_) => (place, beside.ok_or_else(|| Refusal::header(place, "a timestamp"))?),
    };
    let moment =
        clock.unit.read(text.as_bytes()).ok_or_else(|| Refusal::header(header, clock.unit.expected()))?;
    Ok(Some((text, moment)))
}
