//! A position is always that of the character to come, counted as an editor counts.
//!
//! LF, CR LF and CR alone each end a line.

use super::Place;

/// Where the next character stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    line: u64,
    column: u64,
    /// Whether the last character was a CR, so that an LF after it ends no second line.
    is_after_cr: bool,
}

impl Position {
    /// The beginning of a file.
    pub(super) const START: Self = Self { line: 1, column: 1, is_after_cr: false };

    /// Goes past a text.
    pub(super) fn pass(&mut self, text: &str) {
        let Some(first) = text.bytes().next() else { return };
        let bytes = text.as_bytes();
        let pairs = bytes.iter().zip(bytes.iter().skip(1));
        // An LF after a CR belongs to its line break, also when the CR was the end of the text before.
        let joined = pairs.filter(|(byte, next)| **byte == b'\r' && **next == b'\n').count();
        let breaks = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
        let doubled = joined.saturating_add(usize::from(self.is_after_cr && first == b'\n'));
        self.line = self.line.saturating_add(wide(breaks.saturating_sub(doubled)));
        let last_line = text.rsplit(['\n', '\r']).next().unwrap_or_default();
        let characters = wide(last_line.bytes().filter(|byte| byte & 0xc0 != 0x80).count());
        self.column = if breaks == 0 { self.column } else { 1 }.saturating_add(characters);
        self.is_after_cr = text.ends_with('\r');
    }

    /// The position after a text that begins here.
    pub(super) fn after(mut self, text: &str) -> Self {
        self.pass(text);
        self
    }

    pub(super) const fn place(self) -> Place {
        Place { line: self.line, column: self.column }
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_those_of_an_editor_however_the_text_is_cut() {
        // text, line, column
        let table = [
            ("", 1, 1),
            ("abc", 1, 4),
            ("añ€", 1, 4),
            ("a\n", 2, 1),
            ("a\r\nb", 2, 2),
            ("a\rb\r", 3, 1),
            ("\r\r\n\n", 4, 1),
            ("x\n\ny\r\n", 4, 1),
        ];
        for (text, line, column) in table {
            assert_eq!(Position::START.after(text).place(), Place { line, column }, "{text:?}");
            let mut cut = Position::START;
            for character in text.chars() {
                cut.pass(character.encode_utf8(&mut [0; 4]));
            }
            assert_eq!(cut.place(), Place { line, column }, "{text:?}, character by character");
        }
    }
}
