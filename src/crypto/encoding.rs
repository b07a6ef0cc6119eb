//! Hexadecimal and base64 in their one canonical form, and comparison in constant time.
//!
//! Digits are computed, not looked up in a table, so that which memory is touched does not depend on the bytes. How
//! long a decoding takes depends on the length of the text and on where it is malformed.

use core::hint::black_box;

use super::Error;
use crate::prelude::*;

/// Which letters a hexadecimal text may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HexCase {
    /// `a` to `f`.
    Lower,
    /// `A` to `F`.
    Upper,
    /// Either, also mixed.
    Any,
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
#[must_use]
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    let mut different = u8::from(left.len() != right.len());
    for (a, b) in left.iter().zip(right) {
        different |= a ^ b;
    }
    is_zero(u64::from(different))
}

/// Whether a text is the hexadecimal of bytes, in a time that depends on the lengths only. No text is made of the bytes,
/// which are mostly those of a MAC.
#[must_use]
pub fn is_hex_of(text: &[u8], bytes: &[u8], case: HexCase) -> bool {
    let mut different = u64::from(text.len() != bytes.len().saturating_mul(2));
    for (found, group) in text.chunks(8).zip(bytes.chunks(4)) {
        let expected = hex_digits(padded(group, 0));
        let found = u64::from_be_bytes(padded(found, b'0'));
        // A letter differs from its other case in this bit alone, and no digit of either has another one there.
        let fold = if case == HexCase::Any { (expected & LETTERS) >> 1 } else { 0 };
        let expected =
            if case == HexCase::Upper { expected & !((expected & LETTERS) >> 1) } else { expected };
        different |= (found | fold) ^ expected;
    }
    is_zero(different)
}

/// Whether a text is the standard base64 of bytes, padded, in a time that depends on the lengths only.
#[must_use]
pub fn is_base64_of(text: &[u8], bytes: &[u8]) -> bool {
    let mut different = u32::from(text.len() != bytes.len().div_ceil(3).saturating_mul(4));
    for (found, group) in text.chunks(4).zip(bytes.chunks(3)) {
        different |= u32::from_be_bytes(padded(found, 0)) ^ u32::from_be_bytes(base64_digits(group));
    }
    is_zero(different.into())
}

/// Whether nothing differed. The optimiser does not see what becomes of the sum, so it cannot leave a loop early.
fn is_zero(different: u64) -> bool {
    black_box(different) == 0
}

/// The first bytes of a group, and a filler for those that are not there.
#[inline(always)]
fn padded<const N: usize>(group: &[u8], filler: u8) -> [u8; N] {
    group.first_chunk().copied().unwrap_or_else(|| {
        let mut whole = [filler; N];
        for (slot, byte) in whole.iter_mut().zip(group) {
            *slot = *byte;
        }
        whole
    })
}

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn encode_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for digit in bytes.iter().copied().flat_map(hex_digits_of) {
        text.push(char::from(digit));
    }
    text
}

/// The two lower-case hexadecimal digits of a byte.
#[must_use]
pub const fn hex_digits_of(byte: u8) -> [u8; 2] {
    [hex_digit(byte >> 4), hex_digit(byte & 15)]
}

/// The digit of a value below 16.
const fn hex_digit(nibble: u8) -> u8 {
    nibble.wrapping_add(b'0').wrapping_add(above(nibble, 9).wrapping_mul(b'a' - b'9' - 1))
}

/// Set in `a` to `f`, and in no digit from `0` to `9`.
const LETTERS: u64 = 0x4040_4040_4040_4040;

/// Eight digits at once, each in a byte of its own: the nibbles are spread, and 10 to 15 are moved up to the letters.
fn hex_digits(group: [u8; 4]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let nibbles = u64::from(u32::from_be_bytes(group));
    let nibbles = (nibbles | (nibbles << 16)) & 0x0000_ffff_0000_ffff;
    let nibbles = (nibbles | (nibbles << 8)) & 0x00ff_00ff_00ff_00ff;
    let nibbles = (nibbles | (nibbles << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = (nibbles.wrapping_add(EACH.wrapping_mul(6)) >> 4) & EACH;
    let letters = letters.wrapping_mul(u64::from(b'a' - b'9' - 1));
    nibbles.wrapping_add(EACH.wrapping_mul(u64::from(b'0'))).wrapping_add(letters)
}

/// A text that was made of ASCII.
fn text_of(digits: Vec<u8>) -> String {
    String::from_utf8(digits).unwrap_or_default()
}

/// Bytes from hexadecimal of the given case: pairs of digits and nothing else.
///
/// # Errors
///
/// [`Error::HexLength`], [`Error::HexDigit`].
pub fn decode_hex(text: &str, case: HexCase) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    decode_hex_into(text.as_bytes(), case, &mut bytes)?;
    Ok(bytes)
}

/// As [`decode_hex`], behind what stands in `bytes`. After an error, part of it is there.
///
/// # Errors
///
/// As [`decode_hex`].
pub fn decode_hex_into(text: &[u8], case: HexCase, bytes: &mut Vec<u8>) -> Result<(), Error> {
    if !text.len().is_multiple_of(2) {
        return Err(Error::HexLength { found: text.len() });
    }
    let mut high = None;
    for (offset, character) in text.iter().copied().enumerate() {
        let lower = within(character, b'a', b'f', 10);
        let upper = within(character, b'A', b'F', 10);
        let letter = match case {
            HexCase::Lower => lower,
            HexCase::Upper => upper,
            HexCase::Any => lower | upper,
        };
        let nibble = (within(character, b'0', b'9', 0) | letter).checked_sub(1);
        let nibble = nibble.ok_or(Error::HexDigit { offset })?;
        match high.take() {
            None => high = Some(nibble << 4),
            Some(high) => bytes.push(high | nibble),
        }
    }
    Ok(())
}

/// Bytes as standard base64 (RFC 4648 section 4), padded.
#[must_use]
pub fn encode_base64(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        text.extend_from_slice(&base64_digits(group));
    }
    text_of(text)
}

/// The four characters of up to three bytes.
#[must_use]
pub fn base64_digits(group: &[u8]) -> [u8; 4] {
    let (first, second, third) = match *group {
        [first, second, third] => (first, Some(second), Some(third)),
        [first, second] => (first, Some(second), None),
        [first, ..] => (first, None, None),
        [] => (0, None, None),
    };
    let (middle, last) = (second.unwrap_or(0), third.unwrap_or(0));
    [
        base64_character(first >> 2),
        base64_character(((first & 3) << 4) | (middle >> 4)),
        second.map_or(b'=', |_| base64_character(((middle & 15) << 2) | (last >> 6))),
        third.map_or(b'=', |_| base64_character(last & 63)),
    ]
}

/// Bytes from standard base64: padding is required, unused bits must be zero, nothing is skipped.
///
/// # Errors
///
/// [`Error::Base64Length`], [`Error::Base64Character`], [`Error::Base64TrailingBits`].
pub fn decode_base64(text: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(text.len().saturating_mul(3) / 4);
    decode_base64_into(text.as_bytes(), &mut bytes)?;
    Ok(bytes)
}

/// As [`decode_base64`], behind what stands in `bytes`. After an error, part of it is there.
///
/// # Errors
///
/// As [`decode_base64`].
pub fn decode_base64_into(text: &[u8], bytes: &mut Vec<u8>) -> Result<(), Error> {
    if !text.len().is_multiple_of(4) {
        return Err(Error::Base64Length { found: text.len() });
    }
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    // Bits that are not yet part of a whole byte stand at the low end of `pending`.
    let (mut pending, mut pending_bits) = (0_u16, 0_u16);
    for (offset, character) in digits.iter().copied().enumerate() {
        let sextet = within(character, b'A', b'Z', 0)
            | within(character, b'a', b'z', 26)
            | within(character, b'0', b'9', 52)
            | within(character, b'+', b'+', 62)
            | within(character, b'/', b'/', 63);
        let sextet = sextet.checked_sub(1).ok_or(Error::Base64Character { offset })?;
        pending = (pending << 6) | u16::from(sextet);
        pending_bits = pending_bits.wrapping_add(6);
        if pending_bits >= 8 {
            pending_bits = pending_bits.wrapping_sub(8);
            let [_, byte] = (pending >> pending_bits).to_be_bytes();
            bytes.push(byte);
            pending &= (1_u16 << pending_bits).wrapping_sub(1);
        }
    }
    if pending == 0 { Ok(()) } else { Err(Error::Base64TrailingBits) }
}

/// 1 when `value` is above `bound`, else 0. Both are below 128.
const fn above(value: u8, bound: u8) -> u8 {
    bound.wrapping_sub(value) >> 7
}

/// The value of a digit plus one, when `first` has the value `base`; 0 when it is outside `first..=last`.
fn within(character: u8, first: u8, last: u8, base: u8) -> u8 {
    let (_, before) = character.overflowing_sub(first);
    let (_, after) = last.overflowing_sub(character);
    // A mask instead of a branch: all ones inside, zero outside.
    let mask = 0_u8.wrapping_sub(u8::from(!before & !after));
    mask & character.wrapping_sub(first).wrapping_add(base).wrapping_add(1)
}

/// The character of a value from 0 to 63.
fn base64_character(sextet: u8) -> u8 {
    b'A'.wrapping_add(sextet)
        .wrapping_add(above(sextet, 25).wrapping_mul(6))
        .wrapping_sub(above(sextet, 51).wrapping_mul(75))
        .wrapping_sub(above(sextet, 61).wrapping_mul(15))
        .wrapping_add(above(sextet, 62).wrapping_mul(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_hex_in_each_case_and_base64_at_each_length() {
        let all: Vec<u8> = (0..=255).collect();
        let hex = encode_hex(&all);
        assert_eq!(decode_hex(&hex, HexCase::Lower).as_deref(), Ok(&*all));
        assert_eq!(decode_hex(&hex, HexCase::Any).as_deref(), Ok(&*all));
        assert_eq!(decode_hex(&hex.to_uppercase(), HexCase::Upper).as_deref(), Ok(&*all));
        for length in 0..=all.len() {
            let bytes = &all[..length];
            assert_eq!(decode_base64(&encode_base64(bytes)).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn the_examples_of_rfc_4648_hold() {
        let table = [
            ("", "", ""),
            ("f", "Zg==", "66"),
            ("fo", "Zm8=", "666f"),
            ("foo", "Zm9v", "666f6f"),
            ("foob", "Zm9vYg==", "666f6f62"),
            ("fooba", "Zm9vYmE=", "666f6f6261"),
            ("foobar", "Zm9vYmFy", "666f6f626172"),
        ];
        for (bytes, base64, hex) in table {
            assert_eq!(encode_base64(bytes.as_bytes()), base64);
            assert_eq!(encode_hex(bytes.as_bytes()), hex);
        }
        assert_eq!(encode_base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn texts_that_are_not_canonical_are_refused_with_their_place() {
        let hex = |text, case| decode_hex(text, case).unwrap_err().to_string();
        let base64 = |text| decode_base64(text).unwrap_err().to_string();
        let messages = [
            hex("abc", HexCase::Lower),
            hex("abCd", HexCase::Lower),
            base64("Zg="),
            base64("Z==="),
            base64("Zm9v Zm8"),
            base64("Zm9v_m8="),
            base64("Zh=="),
            base64("Zm9="),
        ];
        assert_eq!(
            messages,
            [
                "3 characters of hexadecimal: expected an even number, two for each byte",
                "not hexadecimal at byte 2: expected 0 to 9 and a to f, without spaces",
                "3 characters of base64: expected a multiple of four, padded with `=`",
                "not standard base64 at byte 1: expected A-Z a-z 0-9 + / and `=` only at the end",
                "not standard base64 at byte 4: expected A-Z a-z 0-9 + / and `=` only at the end",
                "not standard base64 at byte 4: expected A-Z a-z 0-9 + / and `=` only at the end",
                "the last character of the base64 carries bits that belong to no byte: copy it again",
                "the last character of the base64 carries bits that belong to no byte: copy it again",
            ]
        );
    }

    #[test]
    fn only_the_digits_of_the_wanted_case_are_digits() {
        for code in 0..128_u8 {
            let character = char::from(code);
            let text = format!("0{character}");
            let lower = matches!(character, '0'..='9' | 'a'..='f');
            let upper = matches!(character, '0'..='9' | 'A'..='F');
            assert_eq!(decode_hex(&text, HexCase::Lower).is_ok(), lower, "{character:?}");
            assert_eq!(decode_hex(&text, HexCase::Upper).is_ok(), upper, "{character:?}");
            assert_eq!(decode_hex(&text, HexCase::Any).is_ok(), lower || upper, "{character:?}");
        }
    }

    #[test]
    fn a_text_is_that_of_bytes_in_its_own_spelling_only() {
        for length in [0, 1, 2, 3, 20, 32, 64] {
            let bytes: Vec<u8> =
                (0..length).map(|byte: u8| byte.wrapping_mul(37).wrapping_add(200)).collect();
            let (hex, base64) = (encode_hex(&bytes), encode_base64(&bytes));
            assert!(
                is_hex_of(hex.as_bytes(), &bytes, HexCase::Lower)
                    && is_hex_of(hex.as_bytes(), &bytes, HexCase::Any)
            );
            assert!(is_hex_of(hex.to_uppercase().as_bytes(), &bytes, HexCase::Upper));
            assert!(is_hex_of(hex.to_uppercase().as_bytes(), &bytes, HexCase::Any));
            assert!(is_base64_of(base64.as_bytes(), &bytes));
            assert!(!is_hex_of(format!("{hex}0").as_bytes(), &bytes, HexCase::Lower));
            assert!(!is_base64_of(format!("{base64}=").as_bytes(), &bytes));
            for at in 0..hex.len() {
                for wrong in ["g", "\u{10}", "@", "/"] {
                    let mut other = hex.clone();
                    other.replace_range(at..=at, wrong);
                    assert!(!is_hex_of(other.as_bytes(), &bytes, HexCase::Any), "{other}");
                }
            }
            for at in 0..base64.len() {
                let mut other = base64.clone();
                other.replace_range(at..=at, "_");
                assert!(!is_base64_of(other.as_bytes(), &bytes), "{other}");
            }
        }
    }

    #[test]
    fn equality_sees_every_bit_and_the_length() {
        let bytes = [0x5a; 32];
        assert!(equal(&bytes, &bytes));
        assert!(equal(&[], &[]));
        assert!(!equal(&bytes, &bytes[..31]));
        assert!(!equal(&[], &bytes));
        for bit in 0..256 {
            let mut other = bytes;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!equal(&bytes, &other), "bit {bit}");
        }
    }
}
