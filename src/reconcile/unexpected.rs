//! An entry of the bank that no payout explains is a break where it looks like one of the provider's, and otherwise none of
//! this comparison's business.

use super::bank::Transfer;
use super::classes::{BreakKind, Hop};
use super::findings::{BY_REFERENCE, Findings};
use super::group::Unit;
use super::row::Row;
use crate::prelude::*;

/// By what banks call the providers, in lower case.
const PROVIDERS: &[&str] =
    &["payout", "settlement", "stripe", "adyen", "paypal", "braintree", "square", "shopify", "mollie"];

/// Entries that look like a payout, and are none.
pub(super) fn unexpected<'r>(
    left: &[&'r Row<'r>],
    transfers: &[Transfer<'_, 'r>],
    findings: &mut Findings<'r>,
) {
    let mut words = PROVIDERS.to_vec();
    let mut shapes: Vec<&str> = Vec::new();
    let mut found_any = false;
    for transfer in transfers {
        shapes.push(shape(transfer.payout.key));
        for entry in &transfer.entries {
            found_any = true;
            shapes.push(shape(entry.reference));
            words_of(entry.note, &mut |word| {
                if !is_among(&words, word) {
                    words.push(word);
                }
            });
        }
    }
    shapes.retain(|shape| shape.len() > 1);
    for entry in left {
        let has_shape = shapes.contains(&shape(entry.reference));
        let mut is_named = false;
        words_of(entry.note, &mut |word| is_named |= is_among(&words, word));
        let is_plain = entry.note.is_empty() && (entry.amount > 0 || entry.is_keyed);
        let is_like = has_shape || is_plain || is_named || (!found_any && entry.is_keyed);
        if is_like {
            findings.add(BreakKind::UnexpectedBankEntry, Unit::of(&[entry]), Hop::Bank, BY_REFERENCE);
        } else {
            findings.set_aside = findings.set_aside.saturating_add(1);
        }
    }
}

/// What stands before the first digit or underscore of a reference: banks and providers number their own things alike.
fn shape(reference: &str) -> &str {
    let end = reference.bytes().position(|byte| byte.is_ascii_digit() || byte == b'_');
    end.and_then(|end| reference.get(..end)).unwrap_or(reference)
}

fn is_among(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The words of a note that are long enough to say something, and no numbers.
fn words_of<'r>(note: &'r str, see: &mut dyn FnMut(&'r str)) {
    for word in note.as_bytes().split(|byte| !byte.is_ascii_alphanumeric()) {
        if word.len() > 2 && !word.iter().any(u8::is_ascii_digit) {
            see(core::str::from_utf8(word).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_ends_before_the_first_digit_or_underscore() {
        // reference, shape
        let table = [
            ("po_1Nq", "po"),
            ("TRX-2026-01", "TRX-"),
            ("NONREF", "NONREF"),
            ("1234", ""),
            ("Überweisung_9", "Überweisung"),
            ("", ""),
        ];
        for (reference, expected) in table {
            assert_eq!(shape(reference), expected, "{reference}");
        }
    }

    #[test]
    fn the_words_of_a_note_are_longer_than_two_letters_and_have_no_digits() {
        let mut words = Vec::new();
        words_of("STRIPE payout 2026-03 to ACME, réf po_12 x7Y9", &mut |word| words.push(word));
        assert_eq!(words, ["STRIPE", "payout", "ACME"]);
        assert!(is_among(&words, "stripe") && !is_among(&words, "strip"));
    }
}
