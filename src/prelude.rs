//! What every file of a crate without `std` would otherwise import by hand: the owning types of `alloc`.
//!
//! Only names that Rust's own prelude has where `std` is linked, so that nobody has to learn this one.

#![allow(
    dead_code,
    unused_imports,
    reason = "an artefact without the modules of another does not need all of them"
)]

pub(crate) use alloc::borrow::ToOwned;
pub(crate) use alloc::boxed::Box;
pub(crate) use alloc::string::{String, ToString};
pub(crate) use alloc::vec::Vec;

/// Integers as text. With [`glued`] the one name here that Rust does not have: `to_string` and `format!` go through
/// `core::fmt`, which alone would be a tenth of the smallest artefact.
pub(crate) trait Digits: Sized {
    /// The decimal digits, without leading zeros or separators; a minus in front where there is one.
    fn digits(self) -> String;

    /// The digits, with zeros in front until there are `width`. Not for negative numbers.
    fn padded(self, width: usize) -> String {
        let digits = self.digits();
        let mut text = String::new();
        for _ in digits.len()..width {
            text.push('0');
        }
        text.push_str(&digits);
        text
    }
}

/// Several texts as one.
pub(crate) fn glued(pieces: &[&str]) -> String {
    let mut text =
        String::with_capacity(pieces.iter().fold(0, |sum: usize, piece| sum.saturating_add(piece.len())));
    for piece in pieces {
        text.push_str(piece);
    }
    text
}

impl Digits for u128 {
    fn digits(self) -> String {
        // Nearly all sums are below 2^64; dividing the others takes a loop.
        u64::try_from(self).map_or_else(|_| glued(&[&(self / 10).digits(), &low_digit(self)]), Digits::digits)
    }
}

fn low_digit(number: u128) -> String {
    u64::try_from(number % 10).unwrap_or_default().digits()
}

impl Digits for i128 {
    fn digits(self) -> String {
        glued(&[if self < 0 { "-" } else { "" }, &self.unsigned_abs().digits()])
    }
}

impl Digits for i64 {
    fn digits(self) -> String {
        glued(&[if self < 0 { "-" } else { "" }, &self.unsigned_abs().digits()])
    }
}

impl Digits for u64 {
    fn digits(self) -> String {
        let mut text = String::new();
        append_digits(&mut text, self);
        text
    }
}

impl Digits for usize {
    fn digits(self) -> String {
        // No platform has pointers of more than 64 bits.
        u64::try_from(self).unwrap_or(u64::MAX).digits()
    }
}

impl Digits for u32 {
    fn digits(self) -> String {
        u64::from(self).digits()
    }
}

/// Appends the decimal digits of a number, without a text of their own in between.
pub(crate) fn append_digits(text: &mut String, number: u64) {
    append_padded(text, number, 1);
}

/// The same with zeros in front until there are `width`, which is at most 20: as many digits as the largest number has.
pub(crate) fn append_padded(text: &mut String, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut written: usize = 0;
    for slot in digits.iter_mut().rev() {
        *slot = u8::try_from(number % 10).unwrap_or_default() | b'0';
        number /= 10;
        written = written.saturating_add(1);
        if number == 0 {
            break;
        }
    }
    let digits = digits.get(digits.len().saturating_sub(written.max(width))..).unwrap_or_default();
    text.push_str(core::str::from_utf8(digits).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_as_by_the_standard_library() {
        for number in [0, 7, 10, 99, 100, 1_000_000_007, u64::MAX] {
            for width in 1..=20 {
                let mut text = "=".to_owned();
                append_padded(&mut text, number, width);
                assert_eq!(text, format!("={number:0width$}"));
            }
        }
    }

    #[test]
    fn digits_are_those_of_to_string() {
        for number in [0, 7, 10, 99, 100, 1_000_000_007, u64::MAX] {
            assert_eq!(number.digits(), number.to_string());
        }
        assert_eq!(u32::MAX.digits(), u32::MAX.to_string());
        assert_eq!(usize::MAX.digits(), usize::MAX.to_string());
    }
}
