//! A header has one value or none; one that arrived several times has no value that counts.

use super::{Error, Refusal};

/// The value of a header, as the caller's framework gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// It arrived once.
    Once(&'a str),
    /// It arrived several times. Which value counts would be a guess.
    Repeated,
}

/// The value of a header; names are compared without regard to case.
#[inline(never)]
pub(super) fn find<'a>(
    headers: &[(&str, HeaderValue<'a>)],
    name: &'static str,
) -> Result<Option<&'a str>, Refusal> {
    let mut value = None;
    for (found, given) in headers {
        // Callers that have the row pass its own names, which are the same text in memory.
        if core::ptr::eq(*found, name) || found.eq_ignore_ascii_case(name) {
            match given {
                HeaderValue::Once(text) if value.is_none() => value = Some(*text),
                HeaderValue::Once(_) | HeaderValue::Repeated => {
                    return Err(Error::HeaderRepeated { header: name }.into());
                }
            }
        }
    }
    Ok(value)
}

/// The value of a header the scheme cannot do without.
#[inline(never)]
pub(super) fn required<'a>(
    headers: &[(&str, HeaderValue<'a>)],
    name: &'static str,
) -> Result<&'a str, Refusal> {
    find(headers, name)?.ok_or_else(|| Error::HeaderMissing { header: name }.into())
}
