//! Every character of a file is either decoded exactly or refused at its place; no encoding is guessed.
//!
//! A byte-order mark says which it is. Without one the caller's word counts, then what the file declares about itself (the
//! declaration of XML, the header of OFX), then UTF-8. The tables are written out here: a library that knows all
//! encodings of the web would be larger than all readers together.

use super::position::Position;
use super::{Error, ErrorKind};
use crate::prelude::*;

/// How the characters of a file stand in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1252, which is Latin-1 with printable characters where Latin-1 has controls.
    Windows1252,
    /// Latin-9: Latin-1 with the euro sign.
    Iso8859_15,
}

/// Names as files and callers write them, in lower case; the first of each is ours.
const NAMES: &[(&str, Encoding)] = &[
    ("utf-8", Encoding::Utf8),
    ("utf8", Encoding::Utf8),
    ("us-ascii", Encoding::Utf8),
    ("ascii", Encoding::Utf8),
    ("usascii", Encoding::Utf8),
    ("utf-16le", Encoding::Utf16Le),
    ("utf-16be", Encoding::Utf16Be),
    ("windows-1252", Encoding::Windows1252),
    ("cp1252", Encoding::Windows1252),
    ("1252", Encoding::Windows1252),
    ("iso-8859-1", Encoding::Windows1252),
    ("8859-1", Encoding::Windows1252),
    ("latin1", Encoding::Windows1252),
    ("latin-1", Encoding::Windows1252),
    ("iso-8859-15", Encoding::Iso8859_15),
    ("latin-9", Encoding::Iso8859_15),
];

impl Encoding {
    /// The encoding of a name, in any case; `None` for one that is not read here.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, encoding)| *encoding)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, encoding)| *encoding == self).map_or("", |(name, _)| name)
    }
}

/// Characters of Windows-1252 from 0x80 to 0x9f; zero where it has none.
const WINDOWS_1252: [u16; 32] = [
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
    0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
    0x0153, 0, 0x017e, 0x0178,
];

/// Where Latin-9 differs from Latin-1.
const LATIN_9: [(u8, char); 8] =
    [(0xa4, '€'), (0xa6, 'Š'), (0xa8, 'š'), (0xb4, 'Ž'), (0xb8, 'ž'), (0xbc, 'Œ'), (0xbd, 'œ'), (0xbe, 'Ÿ')];

/// A declaration stands in the first bytes of a file.
const HEAD_BYTES: usize = 1_024;

const BYTE_ORDER_MARKS: [(&[u8], Encoding); 3] = [
    (&[0xef, 0xbb, 0xbf], Encoding::Utf8),
    (&[0xff, 0xfe], Encoding::Utf16Le),
    (&[0xfe, 0xff], Encoding::Utf16Be),
];

const COMPRESSED: [(&[u8], &str); 3] =
    [(&[0x1f, 0x8b], "gzip"), (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"), (b"PK\x03\x04", "zip")];

/// Takes the bytes of a file and gives its text, in pieces.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    encoding: Option<Encoding>,
    wanted: Option<Encoding>,
    /// The head of the file until the encoding is known, then the bytes of a character that is not yet whole.
    waiting: Vec<u8>,
    position: Position,
}

impl Decoder {
    pub(super) const fn new(wanted: Option<Encoding>) -> Self {
        Self { encoding: None, wanted, waiting: Vec::new(), position: Position::START }
    }

    /// The encoding, once it is known.
    pub(super) const fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// Decodes the next bytes.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        text: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.encoding {
            Some(encoding) => self.decode(encoding, bytes, text),
            None => {
                let (head, rest) = bytes
                    .split_at_checked(HEAD_BYTES.saturating_sub(self.waiting.len()))
                    .unwrap_or((bytes, &[]));
                self.waiting.extend(head);
                if self.waiting.len() < HEAD_BYTES {
                    return Ok(());
                }
                let encoding = self.begin(text)?;
                self.decode(encoding, rest, text)
            }
        }
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, text: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.begin(text)?,
        };
        if self.waiting.is_empty() {
            return Ok(());
        }
        Err(self.refused(encoding, "the file ends inside of a character".to_owned()))
    }

    fn begin(&mut self, text: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<Encoding, Error> {
        let head = core::mem::take(&mut self.waiting);
        if let Some((_, with)) = COMPRESSED.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(Error::at(self.position.place(), ErrorKind::Compressed { with }));
        }
        let mark = BYTE_ORDER_MARKS.iter().find(|(mark, _)| head.starts_with(mark));
        let (encoding, skipped) = match (mark, self.wanted) {
            (Some((mark, encoding)), _) => (*encoding, mark.len()),
            (None, Some(wanted)) => (wanted, 0),
            (None, None) => (self.declared(&head)?, 0),
        };
        self.encoding = Some(encoding);
        self.decode(encoding, head.get(skipped..).unwrap_or_default(), text)?;
        Ok(encoding)
    }

    fn declared(&self, head: &[u8]) -> Result<Encoding, Error> {
        let Some(name) = declaration(head) else { return Ok(Encoding::Utf8) };
        Encoding::parse(&name).ok_or_else(|| {
            let known =
                "expected utf-8, windows-1252, iso-8859-1 or iso-8859-15, or UTF-16 with a byte-order mark";
            let found = glued(&["the file declares ", &name, ", which is not read here: ", known]);
            self.refused(Encoding::Utf8, found)
        })
    }

    fn decode(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        text: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let joined: Vec<u8>;
        let bytes = if self.waiting.is_empty() {
            bytes
        } else {
            joined = [core::mem::take(&mut self.waiting).as_slice(), bytes].concat();
            &joined
        };
        match encoding {
            Encoding::Utf8 => self.utf8(bytes, text),
            Encoding::Utf16Le => self.utf16(encoding, bytes, u16::from_le_bytes, text),
            Encoding::Utf16Be => self.utf16(encoding, bytes, u16::from_be_bytes, text),
            Encoding::Windows1252 | Encoding::Iso8859_15 => self.single_bytes(encoding, bytes, text),
        }
    }

    fn utf8(&mut self, bytes: &[u8], text: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        let (valid, wrong) = match core::str::from_utf8(bytes) {
            Ok(whole) => (whole, None),
            Err(error) => {
                let (valid, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((&[], bytes));
                (core::str::from_utf8(valid).unwrap_or_default(), Some((rest, error.error_len().is_some())))
            }
        };
        self.hand_on(Encoding::Utf8, valid, text)?;
        match wrong {
            Some((rest, true)) => {
                let byte = rest.first().copied().unwrap_or_default();
                let found = glued(&[
                    "the byte 0x",
                    &hexadecimal(byte),
                    " does not fit; if it is windows-1252 or iso-8859-1, say so with the setting encoding",
                ]);
                Err(self.refused(Encoding::Utf8, found))
            }
            Some((rest, false)) => {
                self.waiting.extend(rest);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn utf16(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        unit: fn([u8; 2]) -> u16,
        text: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (pairs, odd) = bytes.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        // The first half of a surrogate pair waits for the other.
        let half = units.pop_if(|last| (0xd800..0xdc00).contains(last)).is_some();
        let mut decoded = String::with_capacity(units.len());
        let wrong = char::decode_utf16(units).find_map(|character| match character {
            Ok(character) => {
                decoded.push(character);
                None
            }
            Err(_) => Some(()),
        });
        self.hand_on(encoding, &decoded, text)?;
        if wrong.is_some() {
            return Err(self.refused(encoding, "half a surrogate pair stands here".to_owned()));
        }
        let kept = odd.len().saturating_add(if half { 2 } else { 0 });
        self.waiting.extend(bytes.get(bytes.len().saturating_sub(kept)..).unwrap_or_default());
        Ok(())
    }

    fn single_bytes(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        text: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut decoded = String::with_capacity(bytes.len());
        let mut wrong = None;
        for byte in bytes {
            match character(encoding, *byte) {
                Some(character) => decoded.push(character),
                None => {
                    wrong = Some(*byte);
                    break;
                }
            }
        }
        self.hand_on(encoding, &decoded, text)?;
        match wrong {
            Some(byte) => {
                let found = glued(&["the byte 0x", &hexadecimal(byte), " stands for no character in it"]);
                Err(self.refused(encoding, found))
            }
            None => Ok(()),
        }
    }

    fn hand_on(
        &mut self,
        encoding: Encoding,
        decoded: &str,
        text: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (fine, nothing) = match decoded.split_once('\0') {
            Some((fine, _)) => (fine, true),
            None => (decoded, false),
        };
        text(fine)?;
        self.position.pass(fine);
        if nothing {
            let found = "a zero byte stands here; if it is UTF-16 without a byte-order mark, say so with the setting \
                         encoding: utf-16le or utf-16be";
            return Err(self.refused(encoding, found.to_owned()));
        }
        Ok(())
    }

    fn refused(&self, encoding: Encoding, found: String) -> Error {
        Error::at(self.position.place(), ErrorKind::Encoding { expected: encoding.name(), found })
    }
}

fn character(encoding: Encoding, byte: u8) -> Option<char> {
    if encoding == Encoding::Iso8859_15 {
        let other = LATIN_9.iter().find(|(at, _)| *at == byte).map(|(_, character)| *character);
        return Some(other.unwrap_or(char::from(byte)));
    }
    match byte.checked_sub(0x80).and_then(|index| WINDOWS_1252.get(usize::from(index))) {
        Some(0) => None,
        Some(code) => char::from_u32(u32::from(*code)),
        None => Some(char::from(byte)),
    }
}

fn hexadecimal(byte: u8) -> String {
    [byte >> 4, byte & 15].into_iter().filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// The name of the encoding that the declaration of XML or the header of OFX gives.
fn declaration(head: &[u8]) -> Option<String> {
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let start = text.trim_start();
    if let Some(rest) = start.strip_prefix("<?xml") {
        let (declaration, _) = rest.split_once("?>")?;
        let (_, value) = declaration.split_once("encoding")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        return value.get(1..)?.split_once(quote).map(|(name, _)| name.to_owned());
    }
    if !start.starts_with("OFXHEADER:") {
        return None;
    }
    let field = |name: &str| {
        let (_, rest) = start.split_once(name)?;
        rest.split(|character: char| character.is_whitespace() || character == '<').next()
    };
    // `ENCODING:USASCII` with `CHARSET:1252` is what nearly all banks send, and then it is Windows-1252.
    match (field("ENCODING:"), field("CHARSET:")) {
        (_, Some(charset)) if !matches!(charset, "" | "NONE") => Some(charset.to_owned()),
        (Some("UNICODE" | "UTF-8"), _) => Some("utf-8".to_owned()),
        (Some(encoding), _) => Some(encoding.to_owned()),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose;

    fn decoded(wanted: Option<Encoding>, bytes: &[u8], step: usize) -> Result<String, String> {
        let mut decoder = Decoder::new(wanted);
        let mut out = String::new();
        let mut put = |text: &str| {
            out.push_str(text);
            Ok(())
        };
        for piece in bytes.chunks(step) {
            decoder.push(piece, &mut put).map_err(|error| error.report().said().message)?;
        }
        decoder.finish(&mut put).map_err(|error| error.report().said().message)?;
        Ok(out)
    }

    #[test]
    fn every_encoding_is_read_exactly_however_the_bytes_are_cut() {
        let text = "a\u{e9}\u{20ac}\u{1f4b6};\"x\"\r\n".repeat(200);
        let flat = "a\u{e9}\u{20ac}\u{160}b\r\n".repeat(300);
        let narrow = |bytes: [u8; 3]| [b'a', bytes[0], bytes[1], bytes[2], b'b', b'\r', b'\n'].repeat(300);
        let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let (le, be) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        let ofx = b"OFXHEADER:100\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\xe9";
        let xml = b"<?xml version='1.0' encoding = 'ISO-8859-15'?>\xa4";
        let table: [(Option<Encoding>, Vec<u8>, &str); 9] = [
            (None, text.clone().into_bytes(), &text),
            (None, [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(), &text),
            (None, [&[0xff, 0xfe], le.as_slice()].concat(), &text),
            (None, [&[0xfe, 0xff], be.as_slice()].concat(), &text),
            (Some(Encoding::Utf16Le), le, &text),
            (Some(Encoding::Windows1252), narrow([0xe9, 0x80, 0x8a]), &flat),
            (Some(Encoding::Iso8859_15), narrow([0xe9, 0xa4, 0xa6]), &flat),
            (None, ofx.to_vec(), "OFXHEADER:100\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\u{e9}"),
            (None, xml.to_vec(), "<?xml version='1.0' encoding = 'ISO-8859-15'?>\u{20ac}"),
        ];
        for (wanted, bytes, expected) in table {
            for step in [1, 2, 3, 7, 1_023, 1_024, 1_025, usize::MAX] {
                assert_eq!(
                    decoded(wanted, &bytes, step).as_deref(),
                    Ok(expected),
                    "{wanted:?}, {step} bytes at once"
                );
            }
        }
    }

    #[test]
    fn what_is_no_text_is_refused_where_it_stands() {
        let table: [(Option<Encoding>, &[u8], &str); 9] = [
            (None, b"a\nb\xe9c", ", line 2, column 2: the text is not utf-8: the byte 0xe9 does not fit"),
            (
                None,
                b"a\nb\xc3",
                ", line 2, column 2: the text is not utf-8: the file ends inside of a character",
            ),
            (
                None,
                b"a\0b\0",
                ", line 1, column 2: the text is not utf-8: a zero byte stands here; if it is UTF-16",
            ),
            (
                None,
                b"\xff\xfea\0\n\0\0\xdc",
                ", line 2, column 1: the text is not utf-16le: half a surrogate pair",
            ),
            (None, b"\xff\xfea\0\n", ", line 1, column 2: the text is not utf-16le: the file ends inside"),
            (
                Some(Encoding::Windows1252),
                b"\xe9\x81",
                ", line 1, column 2: the text is not windows-1252: the byte 0x81",
            ),
            (
                None,
                b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>",
                ", line 1, column 1: the text is not utf-8: the file declares Shift_JIS, which is not read here",
            ),
            (
                None,
                b"\x1f\x8b\x08",
                ", line 1, column 1: the file is compressed with gzip: decompress it first",
            ),
            (None, b"\x28\xb5\x2f\xfd", ", line 1, column 1: the file is compressed with zstd"),
        ];
        for (wanted, bytes, expected) in table {
            for step in [1, usize::MAX] {
                let found = decoded(wanted, bytes, step).unwrap_err();
                assert!(found.starts_with(expected), "{found}\nshould begin with {expected}");
            }
        }
    }
}
