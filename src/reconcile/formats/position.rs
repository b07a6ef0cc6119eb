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
        let bytes = text.as_bytes();
        let Some(first) = bytes.first() else { return };
        let breaks = count(bytes, |word| marked(word, b'\n') | marked(word, b'\r'));
        if breaks == 0 {
            (self.column, self.is_after_cr) = (self.column.saturating_add(characters(bytes)), false);
            return;
        }
        // An LF after a CR belongs to its line break, also when the CR was the end of the text before.
        let pairs = bytes.array_windows().filter(|pair| **pair == *b"\r\n");
        let joined = if bytes.contains(&b'\r') { pairs.count() } else { 0 };
        let doubled = joined.saturating_add(usize::from(self.is_after_cr && *first == b'\n'));
        self.line = self.line.saturating_add(wide(breaks.saturating_sub(doubled)));
        let last_line = bytes.rsplit(|byte| is_break(*byte)).next().unwrap_or_default();
        self.column = characters(last_line).saturating_add(1);
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

const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// How many characters of UTF-8 begin here.
fn characters(bytes: &[u8]) -> u64 {
    // All bytes but those that go on: 10xxxxxx.
    wide(bytes.len().saturating_sub(count(bytes, |word| word & !(word << 1))))
}

/// Those bytes of a word that are a certain one, by their highest bit.
const fn marked(word: u64, own: u8) -> u64 {
    // Of a byte that is another, seven bits or the eighth are not zero.
    let other = word ^ u64::from_ne_bytes([own; 8]);
    !((other & !HIGHEST).wrapping_add(!HIGHEST) | other)
}

/// The highest bit of each byte of a word.
const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);

/// How many bytes a function marks in words of eight, each by its highest bit; it marks no zero. Files are counted twice, byte
/// by byte it would be a third of the time they take.
fn count(bytes: &[u8], mark: impl Fn(u64) -> u64) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    if let Some(place) = last.get_mut(..rest.len()) {
        place.copy_from_slice(rest);
    }
    let marked =
        words.iter().chain([&last]).map(|word| (mark(u64::from_ne_bytes(*word)) & HIGHEST).count_ones());
    marked.fold(0, |sum, own| sum.saturating_add(usize::try_from(own).unwrap_or_default()))
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
            ("eight or more\rbytes\r\nin a line, añ€\u{1f4b6}\u{7f}\u{b}\u{8d}\u{8a}", 3, 20),
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
