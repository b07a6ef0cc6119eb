//! What happens to the bytes of a body on their way, one change at a time, and each with the way back.

use super::words::{
    CHARSET, CHARSET_LOST, COMPRESSED, CONTENT_DIFFERS, CUT, EMPTY, EMPTY_OF, EXTENDED, LENGTH_DIFFERS,
    STRINGIFIED, TRUNCATED, WHITE_SPACE, Words,
};
use super::{Budget, Case, Diagnosis, RESERIALISED_BYTES_MAX};
use crate::crypto::sha256_hex;
use crate::json;
use crate::prelude::*;
use crate::webhook::{Part, Strength};

/// A way back from a change to the bytes as signed; `None` where the change cannot have happened.
struct Edit {
    words: &'static Words,
    /// As the sentence says it: "the signature holds …".
    original: &'static str,
    undo: fn(&[u8]) -> Option<Vec<u8>>,
}

const EDITS: &[Edit] = &[
    Edit {
        words: &WHITE_SPACE,
        original: "without the line feed at the end",
        undo: |body| body.strip_suffix(b"\n").map(<[u8]>::to_vec),
    },
    Edit {
        words: &WHITE_SPACE,
        original: "without the line end (CR LF) at the end",
        undo: |body| body.strip_suffix(b"\r\n").map(<[u8]>::to_vec),
    },
    Edit {
        words: &WHITE_SPACE,
        original: "without the white space at the end",
        undo: |body| Some(body.trim_ascii_end().to_vec()),
    },
    Edit {
        words: &WHITE_SPACE,
        original: "without the white space around the body",
        undo: |body| Some(body.trim_ascii().to_vec()),
    },
    Edit {
        words: &WHITE_SPACE,
        original: "with a line feed at the end",
        undo: |body| Some([body, b"\n"].concat()),
    },
    Edit {
        words: &WHITE_SPACE,
        original: "with a line end (CR LF) at the end",
        undo: |body| Some([body, b"\r\n"].concat()),
    },
    Edit {
        words: &WHITE_SPACE,
        original: "with line feeds instead of CR LF",
        undo: without_carriage_returns,
    },
    Edit { words: &WHITE_SPACE, original: "with CR LF instead of line feeds", undo: with_carriage_returns },
    Edit {
        words: &WHITE_SPACE,
        original: "with CR LF instead of line feeds, also at the end",
        undo: |body| with_carriage_returns(&[body, b"\n"].concat()),
    },
    Edit {
        words: &CHARSET,
        original: "without the byte-order mark in front",
        undo: |body| body.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec),
    },
    Edit {
        words: &CHARSET,
        original: "with a byte-order mark in front",
        undo: |body| Some([BYTE_ORDER_MARK, body].concat()),
    },
    Edit {
        words: &CHARSET,
        original: "for the bytes read as Latin-1 and written as UTF-8",
        undo: read_as_latin1,
    },
    Edit {
        words: &CHARSET,
        original: "for the bytes read as Windows-1252 and written as UTF-8",
        undo: read_as_windows1252,
    },
    Edit { words: &CHARSET, original: "for the text in UTF-8, not in Latin-1", undo: written_as_latin1 },
];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What U+FFFD is in UTF-8.
const REPLACEMENT: &[u8] = b"\xef\xbf\xbd";

/// Undoes what changes bytes without understanding them.
pub(super) fn edited(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let body = case.request.body;
    // Where only fields are signed, bytes added in front of one may hide it, which undoes nothing.
    let may_add = case.scheme.strength() == Strength::SignedBody;
    let found = EDITS.iter().find(|edit| {
        let original = (edit.undo)(body).filter(|original| may_add || original.len() <= body.len());
        !budget.is_spent() && original.is_some_and(|original| case.holds_over(budget, &original))
    });
    if let Some(edit) = found {
        return Some(edit.words.proven(&[("original", edit.original)]));
    }
    let announced = case.announced_bytes()?;
    let original = body.get(..announced)?;
    case.holds_over(budget, original).then(|| EXTENDED.proven(&[("announced", &announced.digits())]))
}

/// What can be seen of a body without knowing the original.
pub(super) fn visibly(case: &Case<'_>, _: &mut Budget) -> Option<Diagnosis> {
    let body = case.request.body;
    let announced = case.announced_bytes();
    let found = body.len().digits();
    if body.is_empty() {
        return Some(match announced.filter(|announced| *announced > 0) {
            Some(announced) => EMPTY_OF.proven(&[("announced", &announced.digits())]),
            None => EMPTY.likely(&[]),
        });
    }
    if case.digest.as_ref().is_some_and(|digest| *digest != sha256_hex(body)) {
        return Some(CONTENT_DIFFERS.proven(&[]));
    }
    if digest_differs(case) {
        return Some(CONTENT_DIFFERS.likely(&[]));
    }
    if body.trim_ascii() == b"[object Object]" {
        return Some(STRINGIFIED.proven(&[]));
    }
    let formats: [(&[u8], &str); 2] = [(&[0x1f, 0x8b], "gzip"), (&[0x28, 0xb5, 0x2f, 0xfd], "zstd")];
    if let Some((_, format)) = formats.iter().find(|(magic, _)| body.starts_with(magic)) {
        return Some(COMPRESSED.proven(&[("format", format)]));
    }
    if body.windows(REPLACEMENT.len()).any(|window| window == REPLACEMENT) {
        return Some(CHARSET_LOST.likely(&[]));
    }
    match announced {
        Some(announced) if announced > body.len() && !is_whole(case) => {
            Some(TRUNCATED.proven(&[("announced", &announced.digits()), ("found", &found)]))
        }
        Some(announced) if announced != body.len() => {
            Some(LENGTH_DIFFERS.proven(&[("announced", &announced.digits()), ("found", &found)]))
        }
        _ if body.starts_with(b"{") && case.document.is_none() && ends_early(body) => {
            Some(CUT.likely(&[("found", &found)]))
        }
        _ => None,
    }
}

/// Whether the URL says which digest the body has, and it has another one. The signature covers the URL, so then it is
/// the body that changed, unless all of it is forged.
fn digest_differs(case: &Case<'_>) -> bool {
    let named = case.scheme.content.iter().find_map(|part| match part {
        Part::BodyDigestInQuery(name) => Some(*name),
        _ => None,
    });
    let query = case.request.url.or(case.options.url).and_then(|url| url.split_once('?'));
    let (Some(named), Some((_, query))) = (named, query) else { return false };
    let claimed = query.split('&').filter_map(|field| field.split_once('=')).find(|(name, _)| *name == named);
    claimed.is_some_and(|(_, claimed)| !claimed.eq_ignore_ascii_case(&sha256_hex(case.request.body)))
}

/// Whether the body is a JSON document from its beginning to its end; of a long one the end must do.
fn is_whole(case: &Case<'_>) -> bool {
    let body = case.request.body;
    let ends = matches!(body.trim_ascii_end(), [.., b'}' | b']']);
    if body.len() > RESERIALISED_BYTES_MAX { ends } else { case.document.is_some() }
}

/// Whether the only fault of a JSON document is that it ends.
fn ends_early(body: &[u8]) -> bool {
    if body.len() > RESERIALISED_BYTES_MAX {
        return false;
    }
    match json::parse(body) {
        Ok(_) => false,
        Err(error) => matches!(*error.kind(), json::ErrorKind::Syntax { offset, .. } if offset >= body.len()),
    }
}

fn without_carriage_returns(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\r' || rest.peek() != Some(&b'\n') {
            out.push(byte);
        }
    }
    (out.len() != body.len()).then_some(out)
}

fn with_carriage_returns(body: &[u8]) -> Option<Vec<u8>> {
    if !body.contains(&b'\n') || body.contains(&b'\r') {
        return None;
    }
    let mut out = Vec::with_capacity(body.len().saturating_add(64));
    for byte in body {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    Some(out)
}

/// Each character back to the one byte it was made of.
fn read_as_latin1(body: &[u8]) -> Option<Vec<u8>> {
    let text = not_ascii(body)?;
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

/// As [`read_as_latin1`], for the table that `TextDecoder("latin1")` really uses.
fn read_as_windows1252(body: &[u8]) -> Option<Vec<u8>> {
    const C1: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    let text = not_ascii(body)?;
    let byte = |character: char| match C1.chars().position(|known| known == character) {
        Some(at) => u8::try_from(at).ok()?.checked_add(0x80),
        None => u8::try_from(u32::from(character)).ok(),
    };
    text.chars().map(byte).collect()
}

/// Bytes that are no UTF-8 may be one byte for each character.
fn written_as_latin1(body: &[u8]) -> Option<Vec<u8>> {
    if core::str::from_utf8(body).is_ok() {
        return None;
    }
    Some(body.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes())
}

fn not_ascii(body: &[u8]) -> Option<&str> {
    if body.is_ascii() { None } else { core::str::from_utf8(body).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_wrong_character_set_does_can_be_undone() {
        let text = "{\"name\":\"Zoë – 5 €\"}";
        let mojibake = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        let latin1 = mojibake(text.as_bytes());
        assert_eq!(read_as_latin1(latin1.as_bytes()).as_deref(), Some(text.as_bytes()));
        // TextDecoder("latin1").decode of "é" and of "€".
        assert_eq!(read_as_windows1252("Ã©".as_bytes()).as_deref(), Some("é".as_bytes()));
        assert_eq!(read_as_windows1252("â‚¬".as_bytes()).as_deref(), Some("€".as_bytes()));
        assert_eq!(written_as_latin1(b"Zo\xeb").as_deref(), Some("Zoë".as_bytes()));
        for plain in [&b"{}"[..], "日本".as_bytes()] {
            assert_eq!(read_as_latin1(plain), None);
            assert_eq!(written_as_latin1(plain), None);
        }
    }

    #[test]
    fn line_ends_go_both_ways_and_a_lone_carriage_return_stays() {
        assert_eq!(without_carriage_returns(b"a\r\nb\rc").as_deref(), Some(&b"a\nb\rc"[..]));
        assert_eq!(without_carriage_returns(b"a\rb"), None);
        assert_eq!(with_carriage_returns(b"a\nb").as_deref(), Some(&b"a\r\nb"[..]));
        assert_eq!(with_carriage_returns(b"ab"), None);
        assert_eq!(with_carriage_returns(b"a\r\nb"), None);
    }

    #[test]
    fn only_a_document_that_stops_is_cut() {
        let table: [(&[u8], bool); 5] =
            [(b"{\"a\":", true), (b"{\"a\":\"x", true), (b"{}", false), (b"{}}", false), (b"{a}", false)];
        for (body, expected) in table {
            assert_eq!(ends_early(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }
}
