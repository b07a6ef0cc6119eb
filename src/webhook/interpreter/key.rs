//! From the options of a verifier to what proves that its secrets were known.

use core::ops::Range;

use super::area::low;
use super::code::{self, flag, form, grammar, key, part, proof};
use super::fault::{Fault, line};
use super::row::{Row, rows};
use crate::crypto::{
    HashAlgorithm, HexCase, MacAlgorithm, MacKey, Secret, decode_base64, decode_hex, equal, is_base64_of,
    is_hex_of, push_hex, sha1_of_secret,
};
use crate::prelude::*;
use crate::webhook::SECRETS_MAX;

/// A scheme with its secrets.
pub(super) struct Entry {
    pub(super) row: Row,
    /// As they came in: a list, of each its tag, its length as four bytes, and its bytes.
    pub(super) options: Vec<u8>,
    pub(super) keys: Vec<Key>,
    pub(super) tolerance_seconds: Option<u64>,
    pub(super) strict: bool,
    pub(super) partial: bool,
    /// Where in the options these stand; empty where they are not.
    pub(super) url: Range<usize>,
    pub(super) key_id: Range<usize>,
    pub(super) access_key: Range<usize>,
}

/// One secret, ready to check signatures.
pub(super) struct Key {
    pub(super) mac: Option<MacKey>,
    /// The text of the secret, where the message contains it, or it is the signature itself.
    pub(super) text: Secret,
}

impl Entry {
    /// Reads the options of a verifier. A tag that is not known is one of a newer shell than this module: a bug.
    pub(super) fn open(options: &[u8]) -> Result<Self, Fault> {
        let (mut name, mut tolerance_seconds, mut strict, mut partial) = (&b""[..], None, false, false);
        let (mut url, mut key_id, mut access_key) = (0..0, 0..0, 0..0);
        let mut at = 0;
        while let Some((tag, value)) = field(options, at) {
            at = value.end;
            match tag {
                0 => name = options.get(value).unwrap_or_default(),
                2 => tolerance_seconds = number(options.get(value).unwrap_or_default()),
                3 => strict = true,
                4 => partial = true,
                5 => url = value,
                6 => key_id = value,
                7 => access_key = value,
                _ => {}
            }
        }
        let row = Row::named(name).filter(|_| !name.is_empty()).ok_or_else(|| unknown(name))?;
        let mut keys = Vec::new();
        at = 0;
        let mut found = 0_usize;
        while let Some((tag, value)) = field(options, at) {
            at = value.end;
            found = found.wrapping_add(usize::from(tag == SECRET));
        }
        if found == 0 {
            return Err(Fault { line: line::SECRET_MISSING, ..Fault::default() });
        }
        if found > SECRETS_MAX {
            let numbers = [low(found), low(SECRETS_MAX)].map(u64::from);
            return Err(Fault { line: line::TOO_MANY_SECRETS, numbers, ..Fault::default() });
        }
        at = 0;
        while let Some((tag, value)) = field(options, at) {
            at = value.end;
            if tag == SECRET {
                keys.push(Key::of(row, keys.len(), options.get(value).unwrap_or_default())?);
            }
        }
        let signs_access_key = row.parts().iter().any(|[number, ..]| *number == part::ACCESS_KEY);
        for (is_needed, given, option) in [
            (row.field(code::GRAMMAR) == grammar::PUBLIC_KEYS, &key_id, &b"public_key_id"[..]),
            (signs_access_key, &access_key, b"access_key"),
        ] {
            if is_needed && given.is_empty() {
                return Err(Fault { line: line::OPTION_MISSING, subject: option, ..Fault::default() });
            }
        }
        let options = options.to_vec();
        Ok(Self { row, options, keys, tolerance_seconds, strict, partial, url, key_id, access_key })
    }

    /// An option, by where it stands.
    pub(super) fn option(&self, place: &Range<usize>) -> &[u8] {
        self.options.get(place.clone()).unwrap_or_default()
    }

    /// The hash that verifying in steps asks for, if the scheme can be verified so; 0 otherwise.
    pub(super) fn hash(&self) -> u8 {
        if self.row.is(flag::STEPWISE) { self.row.field(code::HASH) } else { 0 }
    }
}

/// The tag of a secret among the options.
const SECRET: u8 = 1;

/// The tag of an option and where its bytes are.
fn field(options: &[u8], at: usize) -> Option<(u8, Range<usize>)> {
    let rest = options.get(at..)?;
    let ([tag, length @ ..], rest) = rest.split_first_chunk::<5>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let from = at.wrapping_add(5);
    (length <= rest.len()).then(|| (*tag, from..from.wrapping_add(length)))
}

/// A number in plain digits.
fn number(digits: &[u8]) -> Option<u64> {
    crate::webhook::moment::number(digits, u64::MAX)
}

/// No row has this name; perhaps there is another of the same provider.
fn unknown(name: &[u8]) -> Fault {
    let is_end = |byte: &u8| matches!(byte, b'-' | b'_' | b' ');
    let word = |name: &'_ [u8]| name.iter().position(is_end).unwrap_or(name.len());
    let near = rows().map(|row| row.text(code::NAME)).find(|other| {
        let (one, two) = (name.get(..word(name)), other.get(..word(other)));
        one.zip(two).is_some_and(|(one, two)| one.eq_ignore_ascii_case(two))
    });
    match near {
        Some(subject) => Fault { line: line::UNKNOWN_SCHEME_NEAR, subject, ..Fault::default() },
        None => Fault { line: line::UNKNOWN_SCHEME, ..Fault::default() },
    }
}

impl Key {
    /// The key of the secret at `index` of a list.
    ///
    /// White space around a secret comes from copying and is taken away: no provider issues a secret that has any.
    fn of(row: Row, index: usize, text: &[u8]) -> Result<Self, Fault> {
        let text = text.trim_ascii();
        let index = u64::from(low(index));
        let prefixes = code::KEY_PREFIXES.iter();
        let bare = prefixes.map(|prefix| row.text(*prefix)).find_map(|prefix| text.strip_prefix(prefix));
        let bare = core::str::from_utf8(bare.unwrap_or(text)).unwrap_or_default();
        let decoded = match row.field(code::KEY) {
            key::BASE64 => decode_base64(bare),
            key::HEX => decode_hex(bare, HexCase::Any),
            _ => Ok(text.to_vec()),
        };
        let secret = match decoded {
            Ok(bytes) => Secret::new(bytes),
            Err(reason) => {
                let (reason, at) = reason.told();
                let expected = u8::try_from(reason).ok();
                return Err(Fault {
                    line: line::SECRET_MALFORMED,
                    expected,
                    numbers: [index, at],
                    subject: b"",
                });
            }
        };
        if secret.is_empty() {
            return Err(Fault { line: line::SECRET_EMPTY, numbers: [index, 0], ..Fault::default() });
        }
        let secret = if row.field(code::KEY) == key::SHA1 { sha1_of_secret(&secret) } else { secret };
        let mac = match (row.field(code::PROOF), row.field(code::HASH)) {
            (proof::MAC, 1) => Some(MacAlgorithm::HmacSha1),
            (proof::MAC, 2) => Some(MacAlgorithm::HmacSha256),
            (proof::MAC, _) => Some(MacAlgorithm::HmacSha512),
            _ => None,
        };
        let mac = mac.map(|algorithm| MacKey::new(algorithm, &secret));
        Ok(Self { mac, text: Secret::new(text.to_vec()) })
    }
}

/// The hash of a number, as the shell counts them.
pub(super) fn algorithm(number: u8) -> HashAlgorithm {
    match number {
        1 => HashAlgorithm::Sha1,
        2 => HashAlgorithm::Sha256,
        _ => HashAlgorithm::Sha512,
    }
}

/// Whether a signature in a number of [`form`] is this tag, in constant time.
///
/// Signatures are compared as text, not decoded: that makes every other spelling of the same bytes a mismatch.
pub(super) fn matches(form: u8, tag: &[u8], signature: &[u8]) -> bool {
    match form {
        form::TEXT => equal(signature, tag),
        form::HEX_LOWER => is_hex_of(signature, tag, HexCase::Lower),
        form::HEX_ANY_CASE => is_hex_of(signature, tag, HexCase::Any),
        form::BASE64 => is_base64_of(signature, tag),
        // Both are looked at in any case.
        form::BASE64_OR_HEX => is_base64_of(signature, tag) | is_hex_of(signature, tag, HexCase::Lower),
        _ => {
            let mut hex = Vec::new();
            push_hex(&mut hex, tag);
            is_base64_of(signature, tag) | is_base64_of(signature, &hex)
        }
    }
}
