//! Texts are cut at ASCII characters only, so every cut falls between characters.
//!
//! As `str::split` and `str::split_once`, whose searchers for any pattern weigh kilobytes and take their time.

use super::block::position;

/// What stands before and after the first `at`; `None` where there is none.
pub(super) fn cut(text: &str, at: char) -> Option<(&str, &str)> {
    around(text, position(text.as_bytes(), u8::try_from(at).ok()?)?)
}

/// As [`cut`], of bytes.
#[inline(never)]
pub(super) fn cut_bytes(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = bytes.split_at_checked(position(bytes, at)?)?;
    Some((before, rest.get(1..)?))
}

/// What stands before and after the last `at`; `None` where there is none.
pub(super) fn cut_last(text: &str, at: char) -> Option<(&str, &str)> {
    around(text, text.bytes().rposition(|byte| char::from(byte) == at)?)
}

fn around(text: &str, place: usize) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(place)?;
    Some((before, rest.get(1..)?))
}

/// The pieces between every `at`: at least one.
pub(super) fn pieces(text: &str, at: char) -> Pieces<'_> {
    Pieces { rest: Some(text), at }
}

/// See [`pieces`].
#[derive(Debug)]
pub(super) struct Pieces<'t> {
    rest: Option<&'t str>,
    at: char,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.rest?;
        let (piece, rest) = cut(rest, self.at).map_or((rest, None), |(piece, rest)| (piece, Some(rest)));
        self.rest = rest;
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_those_of_the_standard_library() {
        for text in ["", ",", "a", "a,b", ",a,,b,", "é,€"] {
            assert!(pieces(text, ',').eq(text.split(',')), "{text}");
            assert_eq!(cut(text, ','), text.split_once(','), "{text}");
            assert_eq!(cut_last(text, ','), text.rsplit_once(','), "{text}");
        }
    }
}
