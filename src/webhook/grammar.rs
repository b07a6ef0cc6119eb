//! A value is cut into signatures in one way or refused: two readers can never find different ones.
//!
//! What else stands in a list is skipped, as the providers' own libraries do: it proves nothing, and the next version of
//! a header may bring it. A list in which nothing is of the right form is refused as malformed.

use super::block::{count, has_space};
use super::cut::{cut, pieces};
use crate::prelude::*;

/// How a value holds signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// The value is the signature.
    Plain,
    /// The value is this text and then the signature. A text that ends with a space is the name of an HTTP
    /// authentication scheme, in upper or lower case (RFC 9110, 11.1).
    Prefixed(&'static str),
    /// The value is the signature, with or without this text in front.
    MaybePrefixed(&'static str),
    /// A list of `name=value`, in which every value under `signature` is one.
    Pairs {
        /// What stands between two pairs.
        separator: char,
        /// Whether white space may stand around names and values, and names in either case.
        spaced: bool,
        /// The name of the pairs that count. Others are ignored.
        signature: &'static str,
    },
    /// A list of `tag,value` separated by single spaces, in which every value of the tag counts.
    Tagged(&'static str),
    /// A timestamp and one or more signatures, separated by commas.
    Positional,
    /// A list of `key id/algorithm/signature`, separated by commas: those of this algorithm count, and of the key id
    /// the caller names, if he names one. A space may follow a comma, and an item may be empty.
    KeyIds(&'static str),
    /// A list of `public key|signature`, separated by `&`: those of the public key the caller names count.
    PublicKeys,
}

/// What was found in a value.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    /// As received, and never empty.
    pub(super) signatures: Vec<&'a str>,
    /// Where the timestamp stands beside them.
    pub(super) time: Option<&'a str>,
}

impl Grammar {
    /// How many items the value holds, whatever they are.
    pub(super) fn count(self, value: &str) -> usize {
        let separator = match self {
            Self::Plain | Self::Prefixed(_) | Self::MaybePrefixed(_) => return 1,
            Self::Pairs { separator, .. } => separator,
            Self::Tagged(_) => ' ',
            Self::Positional | Self::KeyIds(_) => ',',
            Self::PublicKeys => '&',
        };
        count(value.as_bytes(), u8::try_from(separator).unwrap_or_default()).saturating_add(1)
    }

    /// Cuts a value. `time` is the name of the pair that holds the timestamp, `key_id` what the caller named.
    ///
    /// # Errors
    ///
    /// What the value should have been.
    pub(super) fn read<'a>(
        self,
        value: &'a str,
        time: Option<&str>,
        key_id: Option<&str>,
    ) -> Result<Found<'a>, &'static str> {
        let mut found = Found::default();
        match self {
            Self::Plain => found.push(value),
            Self::Prefixed(prefix) => {
                let expected = "the name of the algorithm, `=` and the signature";
                let (before, signature) = value.split_at_checked(prefix.len()).ok_or(expected)?;
                let is_name = prefix.ends_with(' ') && before.eq_ignore_ascii_case(prefix);
                if !is_name && before != prefix {
                    return Err(expected);
                }
                found.push(signature);
            }
            Self::MaybePrefixed(prefix) => found.push(value.strip_prefix(prefix).unwrap_or(value)),
            Self::Pairs { separator, spaced, signature } => {
                let mut pairs = 0_usize;
                let is = |name: &str, wanted: &str| {
                    if spaced { name.eq_ignore_ascii_case(wanted) } else { name == wanted }
                };
                for item in pieces(value, separator) {
                    let Some((name, text)) = pair(item, spaced) else {
                        // Two values of one header are joined by a comma and a space wherever `Headers` is in between.
                        if item
                            .strip_prefix(' ')
                            .and_then(|item| pair(item, false))
                            .is_some_and(|(name, _)| Some(name) == time)
                        {
                            return Err("one timestamp");
                        }
                        continue;
                    };
                    pairs = pairs.saturating_add(1);
                    if is(name, signature) {
                        found.push(text);
                    } else if time.is_some_and(|time| is(name, time)) && found.time.replace(text).is_some() {
                        return Err("one timestamp");
                    }
                }
                if pairs == 0 {
                    return Err("a list of `name=value` without spaces");
                }
            }
            Self::Tagged(wanted) => {
                let mut tagged = 0_usize;
                for (tag, text) in pieces(value, ' ').filter_map(|item| cut(item, ',')) {
                    tagged = tagged.saturating_add(1);
                    if tag == wanted {
                        found.push(text);
                    }
                }
                if tagged == 0 {
                    return Err("a list of `version,signature`, separated by spaces");
                }
            }
            Self::Positional => {
                let mut items = pieces(value, ',');
                found.time = items.next();
                items.for_each(|item| found.push(item));
            }
            Self::KeyIds(wanted) => {
                let items = pieces(value, ',').map(|item| item.strip_prefix(' ').unwrap_or(item));
                for item in items.filter(|item| !item.is_empty()) {
                    let expected = "a list of `key id/algorithm/signature`, separated by commas";
                    let (id, rest) = cut(item, '/').ok_or(expected)?;
                    let (algorithm, text) = cut(rest, '/').ok_or(expected)?;
                    if id.is_empty() || cut(text, '/').is_some() {
                        return Err(expected);
                    }
                    if algorithm == wanted && key_id.is_none_or(|key_id| key_id == id) {
                        found.push(text);
                    }
                }
            }
            Self::PublicKeys => {
                for (id, text) in pieces(value, '&').filter_map(|item| cut(item, '|')) {
                    if Some(id) == key_id {
                        found.push(text);
                    }
                }
            }
        }
        Ok(found)
    }
}

impl<'a> Found<'a> {
    /// An empty signature is none.
    fn push(&mut self, signature: &'a str) {
        if !signature.is_empty() {
            self.signatures.push(signature);
        }
    }
}

/// A name and a value; `None` for anything else.
fn pair(item: &str, spaced: bool) -> Option<(&str, &str)> {
    let (name, text) = cut(item, '=')?;
    let (name, text) = if spaced { (name.trim_ascii(), text.trim_ascii()) } else { (name, text) };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_pair = !name.is_empty() && name.bytes().all(plain) && !has_space(text.as_bytes());
    is_pair.then_some((name, text))
}
