//! What follows from a row, for its byte of flags.
//!
//! The methods of [`Scheme`] say the same of every row, which the test looks at: here the compiler evaluates it.

use super::code::flag;
use crate::webhook::{IdSource, Part, Path, Place, Primitive, Scheme};

/// What follows from a row. In the tests, the methods of [`Scheme`] say the same.
pub(super) const fn flags(row: &Scheme) -> u8 {
    let (mut signs_body, mut fresh, mut signs_url, mut form) = (false, false, false, false);
    let mut content = row.content;
    while let [part, rest @ ..] = content {
        signs_body |= matches!(part, Part::Body | Part::BodyDigestInQuery(_));
        fresh |= matches!(part, Part::Header(_) | Part::HeaderSegment(..) | Part::Timestamp);
        signs_url |= matches!(part, Part::Url | Part::QuerySegment(..) | Part::BodyDigestInQuery(_));
        form |= part.reads_form();
        content = rest;
    }
    let token = matches!(row.primitive, Primitive::Token);
    let signs_id = !token
        && match row.identity.id {
            IdSource::UnsignedHeader(_) | IdSource::UnsignedHeaderOfKind(_) | IdSource::BodyDigest => false,
            IdSource::Body(paths) => signs_body || signs_all(row.content, paths),
            IdSource::SignedHeader(_) | IdSource::Digest => true,
        };
    (if row.body_required { flag::BODY_REQUIRED } else { 0 })
        | (if is_stepwise(row) { flag::STEPWISE } else { 0 })
        | (if signs_url { flag::SIGNS_URL } else { 0 })
        | (if signs_body && !token { flag::SIGNS_BODY } else { 0 })
        | (if !signs_body && !token { flag::SIGNS_FIELDS } else { 0 })
        | (if signs_id { flag::SIGNS_ID } else { 0 })
        | (if fresh { flag::SIGNS_FRESH } else { 0 })
        | (if form || matches!(row.place, Place::FormField(_)) { flag::READS_FORM } else { 0 })
}

/// As [`Scheme::is_stepwise`].
const fn is_stepwise(row: &Scheme) -> bool {
    let mut plain = matches!((row.primitive, row.place), (Primitive::Mac(_), Place::Headers(_)));
    plain &= row.spellings == 1;
    let mut has_body = false;
    let mut content = row.content;
    while let [part, rest @ ..] = content {
        // What stands behind the body would have to be hashed by whoever hashes it.
        plain &= !has_body;
        plain &= matches!(part, Part::Text(_) | Part::Header(_) | Part::Timestamp | Part::Url | Part::Body);
        plain &= !matches!((part, rest), (Part::Timestamp, [Part::Body, ..]));
        has_body |= matches!(part, Part::Body);
        content = rest;
    }
    plain && has_body
}

/// Whether each of these paths leads to a field that is signed.
const fn signs_all(content: &[Part], mut paths: &[Path]) -> bool {
    while let [path, rest @ ..] = paths {
        let mut parts = content;
        let mut signed = false;
        while let [part, others @ ..] = parts {
            if let Part::Field(of) | Part::MaybeField(of) | Part::FreeField(of) = part {
                signed |= are_same(of, path);
            }
            parts = others;
        }
        if !signed {
            return false;
        }
        paths = rest;
    }
    true
}

const fn are_same(mut one: Path, mut other: Path) -> bool {
    while let ([name, rest @ ..], [other_name, others @ ..]) = (one, other) {
        let (mut name, mut other_name) = (name.as_bytes(), other_name.as_bytes());
        while let ([byte, bytes @ ..], [other_byte, other_bytes @ ..]) = (name, other_name) {
            if *byte != *other_byte {
                return false;
            }
            (name, other_name) = (bytes, other_bytes);
        }
        if !name.is_empty() || !other_name.is_empty() {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{SCHEMES, Strength};

    #[test]
    fn what_follows_from_a_row_is_what_its_scheme_says() {
        for row in SCHEMES {
            if matches!(row.primitive, Primitive::PublicKey | Primitive::Jws) {
                continue;
            }
            let is = |bit: u8| flags(row) & bit != 0;
            assert_eq!(is(flag::BODY_REQUIRED), row.body_required, "{}", row.name);
            assert_eq!(is(flag::STEPWISE), row.is_stepwise(), "{}", row.name);
            assert_eq!(is(flag::SIGNS_URL), row.signs_url(), "{}", row.name);
            assert_eq!(is(flag::SIGNS_BODY), row.strength() == Strength::SignedBody, "{}", row.name);
            assert_eq!(is(flag::SIGNS_FIELDS), row.strength() == Strength::SignedFields, "{}", row.name);
            assert_eq!(is(flag::SIGNS_ID), row.signs_id(), "{}", row.name);
            assert_eq!(is(flag::SIGNS_FRESH), row.signs_something_fresh(), "{}", row.name);
        }
    }
}
