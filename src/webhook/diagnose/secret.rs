//! A secret is copied by people through shells, files and dashboards, and arrives as something close to it.

use super::case::signature_headers;
use super::headers::capitals;
use super::words::{SECRET_DECODING, SECRET_LIST, SECRET_MANGLED};
use super::{Budget, Case, Diagnosis};
use crate::crypto::{HexCase, decode_base64, decode_hex, encode_base64, encode_hex};
use crate::prelude::*;
use crate::webhook::Request;

/// A way back to the secret as issued; `None` where the text does not look as if this had happened to it.
struct Mend {
    /// As the sentence says it: "the signature holds …".
    original: &'static str,
    undo: fn(&str) -> Option<String>,
}

const MENDS: &[Mend] = &[
    Mend { original: "without the quotes around it", undo: |text| unquoted(text).map(str::to_owned) },
    Mend { original: "without NAME= in front", undo: |text| Some(value_of(text)?.to_owned()) },
    Mend {
        original: "without NAME= and the quotes",
        undo: |text| Some(unquoted(value_of(text)?)?.to_owned()),
    },
    Mend { original: "without the \\n at its end", undo: |text| text.strip_suffix("\\n").map(str::to_owned) },
    Mend {
        original: "without what ends it",
        undo: |text| stripped(text, |end| matches!(end, ',' | ';' | '.')),
    },
    Mend {
        original: "without the brackets around it",
        undo: |text| stripped(text, |end| matches!(end, '<' | '>' | '[' | ']')),
    },
    Mend { original: "without the invisible characters in it", undo: visible },
    Mend {
        original: "without `Bearer` in front",
        undo: |text| text.strip_prefix("Bearer ").map(str::to_owned),
    },
    Mend {
        original: "with `whsec_` in front",
        undo: |text| (!text.contains("whsec_")).then(|| glued(&["whsec_", text])),
    },
    Mend {
        original: "without `whsec_` in front",
        undo: |text| text.strip_prefix("whsec_").map(str::to_owned),
    },
    Mend { original: "with + for the spaces in it", undo: |text| replaced(text, &[(' ', '+')]) },
    Mend {
        original: "with + and / for - and _",
        undo: |text| replaced(text.strip_prefix("whsec_").unwrap_or(text), &[('-', '+'), ('_', '/')]),
    },
    Mend { original: "with the = at its end", undo: padded },
];

/// Undoes what happens to a secret as text.
pub(super) fn as_written(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    for (index, secret) in case.options.secrets.iter().enumerate() {
        let text = secret.trim_ascii();
        for mend in MENDS {
            let mended = (mend.undo)(text).filter(|mended| mended != text);
            if mended.is_some_and(|mended| case.holds_under(budget, &mended)) {
                return Some(
                    SECRET_MANGLED.proven(&[("index", &index.digits()), ("original", mend.original)]),
                );
            }
        }
        if let Some(number) = in_list(case, budget, text) {
            return Some(SECRET_LIST.proven(&[("index", &index.digits()), ("number", &number.digits())]));
        }
    }
    None
}

/// Which of the secrets in one text it is, from 1.
fn in_list(case: &Case<'_>, budget: &mut Budget, text: &str) -> Option<usize> {
    let parts =
        text.split([',', ';', ' ', '\n', '\t', '|']).map(str::trim_ascii).filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.take(super::super::SECRETS_MAX).collect();
    if parts.len() < 2 {
        return None;
    }
    let place = parts.iter().position(|part| case.holds_under(budget, part))?;
    place.checked_add(1)
}

/// Takes the secret for the bytes of its text, and for what is encoded in it.
///
/// The scheme decodes secrets in its own way, so the bytes are handed to it in each way it might. A sender that takes a
/// key for text also writes hexadecimal as it likes, so the signature is tried in capitals too.
pub(super) fn decoded_otherwise(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let header = signature_headers(case.scheme).into_iter().next();
    let capitals = header.and_then(|header| Some((header, capitals(case.header(header)?)?)));
    let headers = capitals.as_ref().map(|(header, value)| case.headers_with(header, value));
    let spelt = headers.as_deref().map(|headers| Request { headers, ..case.request });
    let requests = [Some(case.request), spelt];
    for (index, secret) in case.options.secrets.iter().enumerate() {
        for (decoding, key) in readings(secret.trim_ascii()) {
            let as_text = core::str::from_utf8(&key).ok().map(str::to_owned);
            let (hex, base64) = (encode_hex(&key), encode_base64(&key));
            let prefixed = glued(&["whsec_", &base64]);
            let mut texts = as_text.into_iter().chain([hex, base64, prefixed]);
            let mut holds =
                |text: &str| requests.iter().flatten().any(|request| case.holds_if(budget, request, text));
            if texts.any(|text| holds(&text)) {
                return Some(SECRET_DECODING.proven(&[
                    ("index", &index.digits()),
                    ("decoding", decoding),
                    ("scheme", case.scheme.name),
                    ("provider", case.provider()),
                ]));
            }
        }
    }
    None
}

/// The keys a text may stand for, each with its name.
fn readings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bare = text.rsplit_once('_').map_or(text, |(_, bare)| bare);
    let candidates = [
        ("the text itself", Some(text.as_bytes().to_vec())),
        ("the text after its prefix", Some(bare.as_bytes().to_vec())),
        ("the hexadecimal text decoded", decode_hex(bare, HexCase::Any).ok()),
        ("the base64 text decoded", decode_base64(bare).ok()),
        ("the base64 text decoded", decode_base64(text.strip_prefix("whsec_").unwrap_or(text)).ok()),
    ];
    candidates
        .into_iter()
        .filter_map(|(name, key)| Some((name, key.filter(|key| !key.is_empty())?)))
        .collect()
}

fn unquoted(text: &str) -> Option<&str> {
    ['"', '\'', '`'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

/// `NAME=value` as a line of an environment file, with `export` in front or not.
fn value_of(text: &str) -> Option<&str> {
    let line = text.strip_prefix("export ").unwrap_or(text);
    let (name, value) = line.split_once('=').or_else(|| line.split_once(": "))?;
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (!name.is_empty() && name.bytes().all(fits)).then(|| value.trim_ascii())
}

fn stripped(text: &str, ends: fn(char) -> bool) -> Option<String> {
    let bare = text.trim_matches(ends);
    (bare != text).then(|| bare.to_owned())
}

/// Without white space of any kind, zero-width characters and byte-order marks, wherever they stand.
fn visible(text: &str) -> Option<String> {
    let hidden = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    text.contains(hidden).then(|| text.chars().filter(|character| !hidden(*character)).collect())
}

fn replaced(text: &str, pairs: &[(char, char)]) -> Option<String> {
    let other =
        |character: char| pairs.iter().find(|(from, _)| *from == character).map_or(character, |(_, to)| *to);
    text.contains(|character| other(character) != character).then(|| text.chars().map(other).collect())
}

/// With the padding that base64 has, and that double-click does not select.
fn padded(text: &str) -> Option<String> {
    let bare = text.strip_prefix("whsec_").unwrap_or(text);
    match bare.len() % 4 {
        2 => Some(glued(&[text, "=="])),
        3 => Some(glued(&[text, "="])),
        _ => None,
    }
}
