//! Base64 as JOSE writes it (RFC 7515 section 2): the alphabet for URLs, no padding, one spelling for each byte string.

use super::decode_base64;
use crate::prelude::*;

/// Bytes from base64url without padding: unused bits must be zero, nothing is skipped. `None` for anything else.
#[must_use]
pub fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| matches!(byte, b'+' | b'/' | b'=')) {
        return None;
    }
    let mut standard = String::with_capacity(text.len().saturating_add(2));
    for character in text.chars() {
        standard.push(match character {
            '-' => '+',
            '_' => '/',
            other => other,
        });
    }
    match text.len() % 4 {
        2 => standard.push_str("=="),
        3 => standard.push('='),
        _ => {}
    }
    decode_base64(&standard).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_spelling_for_urls_is_read() {
        let table: [(&str, Option<&[u8]>); 11] = [
            ("", Some(b"")),
            ("Zg", Some(b"f")),
            ("Zm8", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("-_-_", Some(&[0xfb, 0xff, 0xbf])),
            ("+/+/", None),
            ("Zg==", None),
            ("Zm9vZ", None),
            ("Zh", None),
            ("Zm 8", None),
            ("Z\u{f6}8", None),
        ];
        for (text, expected) in table {
            assert_eq!(decode_base64url(text).as_deref(), expected, "{text:?}");
        }
    }
}
