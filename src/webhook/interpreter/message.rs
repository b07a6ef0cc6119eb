//! What is signed, laid out: a few bytes before the body, the body itself if it is part of it, a few bytes after.
//!
//! Every byte of a message comes from one part of the scheme in one way: where two readings of a delivery would give
//! the same bytes, the delivery is refused.

use super::claims::Reading;
use super::code::part;
use super::fault::{Step, expected, line};
use super::form::{Form, decode};
use super::key::Key;
use super::members::{Members, last};
use crate::crypto::{HashAlgorithm, push_hex};
use crate::prelude::*;
use crate::webhook::cut::cut_bytes;

/// What a message is made of beside its delivery, and where it is made.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The message, without the body.
    pub(super) bytes: Vec<u8>,
    /// Where in it the body stands, exactly as received, if it does.
    pub(super) body_at: Option<usize>,
    pub(super) form: Form,
    /// For texts that are written anew.
    pub(super) spare: Vec<u8>,
}

impl Draft {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), body_at: None, form: Form::new(), spare: Vec::new() }
    }

    /// The message piece by piece.
    pub(super) fn pieces<'m>(&'m self, body: &'m [u8]) -> [&'m [u8]; 3] {
        match self.body_at.and_then(|at| self.bytes.split_at_checked(at)) {
            Some((head, tail)) => [head, body, tail],
            None => [&self.bytes, b"", b""],
        }
    }

    #[inline(never)]
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl Reading<'_> {
    /// Makes the message in one of its spellings, counted from 0, for the text of one secret.
    ///
    /// Refuses the first part that is not there, or could be read in two ways.
    pub(super) fn message(
        &self,
        draft: &mut Draft,
        members: &Members<'_>,
        time: &[u8],
        key: Option<&Key>,
        spelling: usize,
    ) -> Step<()> {
        draft.bytes.clear();
        draft.body_at = None;
        let secret = key.map_or(&b""[..], |key| key.text.expose());
        let parts = self.row.parts();
        for (index, [number, first, second]) in parts.iter().enumerate() {
            let (text, other) = (self.row.text_at(*first), self.row.text_at(*second));
            let next = parts.get(index.wrapping_add(1)).copied().unwrap_or_default();
            let before = parts.get(index.wrapping_sub(1)).copied().unwrap_or_default();
            match *number {
                part::TEXT => draft.push(text),
                part::EITHER => {
                    // The second text and the rest of such a body are the other message of that rest.
                    if text.is_empty() && self.body.starts_with(other) && next[0] == part::BODY {
                        return self.malformed(expected::BODY_START);
                    }
                    draft.push(if spelling == 0 { text } else { other });
                }
                part::HEADER => {
                    let slot = usize::from(*first);
                    let value = self.required(slot)?;
                    if value.is_empty() || self.holds(next, value) {
                        let expected = Some(expected::HEADER_VALUE);
                        return self.fault(line::HEADER_MALFORMED, self.row.header(slot), expected);
                    }
                    draft.push(value);
                }
                part::HEADER_SEGMENT => {
                    let slot = usize::from(*second);
                    let value = self.find(slot)?.unwrap_or_default();
                    self.segment(&mut draft.bytes, text, self.row.header(slot), value)?;
                }
                part::QUERY_SEGMENT => {
                    let from = draft.bytes.len();
                    let value = self.parameter(&mut draft.form, other)?.unwrap_or_default();
                    self.segment(&mut draft.bytes, text, other, value)?;
                    // In the second of two messages the value is in lower case.
                    let written = draft.bytes.get_mut(from.saturating_add(text.len())..).unwrap_or_default();
                    if spelling > 0 {
                        written.make_ascii_lowercase();
                    }
                }
                part::TIMESTAMP => {
                    // A digit could belong to either.
                    if next[0] == part::BODY && self.body.first().is_some_and(u8::is_ascii_digit) {
                        return self.malformed(expected::NO_DIGIT);
                    }
                    draft.push(time);
                }
                part::URL => spell(self.url, spelling, &mut draft.bytes, &mut draft.spare),
                part::BODY => draft.body_at = Some(draft.bytes.len()),
                part::BODY_DIGEST_IN_QUERY => {
                    draft.spare.clear();
                    push_hex(&mut draft.spare, HashAlgorithm::Sha256.of(&[self.body]).as_bytes());
                    match self.parameter(&mut draft.form, text)? {
                        None => return self.no_field(text),
                        Some(claimed) if claimed != draft.spare => {
                            return self.mismatch(self.body.is_empty());
                        }
                        Some(_) => {}
                    }
                }
                part::FIELD | part::MAYBE_FIELD | part::FREE_FIELD => {
                    let path = usize::from(*first);
                    let field = last(self.row.path(path));
                    let value = self.scalar(members, path, &mut draft.spare)?;
                    if value.is_none() && *number == part::FIELD {
                        return self.no_field(field);
                    }
                    let value = value.unwrap_or_default();
                    // Also of the last one: what is free in the middle could lend it a piece.
                    let cut = self.holds(next, value) || self.holds(before, value);
                    if cut && *number != part::FREE_FIELD {
                        return self.field(field, expected::NO_SEPARATOR);
                    }
                    draft.bytes.extend_from_slice(value);
                }
                part::FORM_FIELD | part::FORM_BASE64 | part::FORM_FIELD_OR => {
                    let value = match self.only(&draft.form, text)? {
                        Some(value) if *number != part::FORM_FIELD_OR || !value.is_empty() => value,
                        _ if *number == part::FORM_FIELD_OR => other,
                        _ => return self.no_field(text),
                    };
                    let digit = |byte: &u8| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n')
                    };
                    if *number == part::FORM_BASE64 && !value.iter().all(digit) {
                        return self.field(text, expected::BASE64);
                    }
                    draft.bytes.extend_from_slice(value);
                }
                part::SORTED_FORM => draft.form.write_sorted(&mut draft.bytes),
                part::SECRET => draft.push(secret),
                part::SECRET_REVERSED => draft.bytes.extend(secret.iter().rev()),
                _ => draft.push(self.access_key),
            }
        }
        Ok(())
    }

    /// Whether a value contains the text that stands beside it, so that the cut between both could be elsewhere.
    fn holds(&self, [number, text, _]: [u8; 3], value: &[u8]) -> bool {
        let text = self.row.text_at(text);
        number == part::TEXT && value.windows(text.len().max(1)).any(|window| window == text)
    }

    /// A label, a value and a semicolon; nothing when the value is nothing but white space.
    fn segment(
        &self,
        out: &mut Vec<u8>,
        label: &'static [u8],
        field: &'static [u8],
        value: &[u8],
    ) -> Step<()> {
        let value = value.trim_ascii();
        if value.is_empty() {
            return Ok(());
        }
        if value.contains(&b';') {
            return self.field(field, expected::NO_SEMICOLON);
        }
        for text in [label, value, b";"] {
            out.extend_from_slice(text);
        }
        Ok(())
    }
}

/// Writes a spelling of a URL: the first is the URL itself, every second one says the port where the URL does not, or the
/// other way round; the later ones write the query as browsers do, and as old libraries did.
fn spell(url: &[u8], spelling: usize, out: &mut Vec<u8>, spare: &mut Vec<u8>) {
    let from = out.len();
    if spelling % 2 == 1 {
        other_port(url, out);
    } else {
        out.extend_from_slice(url);
    }
    let written = out.get(from..).unwrap_or_default();
    let Some((address, query)) = cut_bytes(written, b'?').filter(|_| spelling > 1) else { return };
    let kept = from.saturating_add(address.len()).saturating_add(1);
    spare.clear();
    spare.extend_from_slice(query);
    out.truncate(kept);
    if spelling < 4 {
        for byte in &*spare {
            match byte {
                b'\'' => out.extend_from_slice(b"%27"),
                byte => out.push(*byte),
            }
        }
        return;
    }
    let mut rest = Some(spare.as_slice());
    while let Some(all) = rest {
        let (item, more) = cut_bytes(all, b'&').map_or((all, None), |(item, more)| (item, Some(more)));
        rest = more;
        if out.len() > kept {
            out.push(b'&');
        }
        let (name, value) = cut_bytes(item, b'=').unwrap_or((item, b""));
        escape(name, out);
        out.push(b'=');
        escape(value, out);
    }
}

/// Writes a URL without its port, or with the standard one.
fn other_port(url: &[u8], out: &mut Vec<u8>) {
    let (scheme, rest) = match cut_bytes(url, b':') {
        Some((scheme, rest)) if rest.starts_with(b"//") => (scheme, rest.get(2..).unwrap_or_default()),
        _ => (&b"https"[..], url),
    };
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, b""));
    let colon = authority.iter().rposition(|byte| *byte == b':');
    let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
        Some((host, [_, port @ ..])) if !port.is_empty() && port.iter().all(u8::is_ascii_digit) => {
            (host, &b""[..])
        }
        _ => (authority, if scheme == b"http" { &b":80"[..] } else { b":443" }),
    };
    for text in [scheme, b"://", host, port, path] {
        out.extend_from_slice(text);
    }
}

/// Writes a text anew: everything but letters, digits and `!'()*-._~` as percent signs.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    let from = out.len();
    // What cannot be decoded is taken as it is.
    if decode(text, out).is_none() {
        out.truncate(from);
        out.extend_from_slice(text);
    }
    let end = out.len();
    for at in from..end {
        let byte = out.get(at).copied().unwrap_or_default();
        let stays = matches!(byte, b'!' | b'\'' | b'(' | b')' | b'*' | b'-' | b'.' | b'_' | b'~');
        if stays || byte.is_ascii_alphanumeric() {
            out.push(byte);
        } else {
            let digit =
                |nibble: u8| b"0123456789ABCDEF".get(usize::from(nibble)).copied().unwrap_or_default();
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    // What was decoded makes way for what was written.
    out.copy_within(end.., from);
    out.truncate(out.len().saturating_sub(end.saturating_sub(from)));
}
