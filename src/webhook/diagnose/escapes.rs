//! One string has many JSON texts, and each writer of JSON has its own: which characters it escapes, and how.

use crate::prelude::*;

/// How a writer of JSON escapes what it need not. Control characters, quotes and backslashes are escaped by all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Escapes {
    /// Who writes so, as a sentence says it.
    pub(super) name: &'static str,
    /// `\/` instead of `/`.
    slash: bool,
    /// `\uXXXX` for everything beyond ASCII.
    beyond_ascii: bool,
    /// ASCII characters, and line separators, that become `\uXXXX`. The quote among them does instead of `\"`.
    also: &'static str,
    /// `A` to `F` in `\uXXXX`.
    upper: bool,
}

const PLAIN: Escapes = Escapes { name: "", slash: false, beyond_ascii: false, also: "", upper: false };

/// The writers in use, the plainest first.
pub(super) const ESCAPES: &[Escapes] = &[
    PLAIN,
    Escapes { name: "with \\/ for slashes", slash: true, ..PLAIN },
    Escapes { name: "with \\uXXXX beyond ASCII, as Python writes it", beyond_ascii: true, ..PLAIN },
    Escapes { name: "with \\/ and \\uXXXX, as PHP writes it", slash: true, beyond_ascii: true, ..PLAIN },
    Escapes { name: "with \\u003c for <, as Go and Rails write it", also: "<>&\u{2028}\u{2029}", ..PLAIN },
    Escapes { name: "with \\u003d for =, as Gson writes it", also: "<>&='\u{2028}\u{2029}", ..PLAIN },
    Escapes { name: "with \\uXXXX in capitals beyond ASCII", beyond_ascii: true, upper: true, ..PLAIN },
    Escapes {
        name: "with \\u0022 for quotes, as .NET writes it",
        beyond_ascii: true,
        also: "\"'<>&+`",
        upper: true,
        ..PLAIN
    },
];

impl Escapes {
    /// Whether it writes any of these strings in another way than the plain one.
    pub(super) fn matters(&self, strings: &[&str]) -> bool {
        self.name.is_empty()
            || strings.iter().any(|text| text.chars().any(|character| self.is_special(character)))
    }

    fn is_special(&self, character: char) -> bool {
        (self.slash && character == '/')
            || (self.beyond_ascii && !character.is_ascii())
            || self.also.contains(character)
    }

    /// Writes a string with its quotes.
    pub(super) fn write(&self, out: &mut String, text: &str) {
        out.push('"');
        for character in text.chars() {
            match character {
                '/' if self.slash => out.push_str("\\/"),
                special if self.is_special(special) => self.unicode(out, special),
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                control if control < ' ' => self.unicode(out, control),
                plain => out.push(plain),
            }
        }
        out.push('"');
    }

    fn unicode(&self, out: &mut String, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.push_str("\\u");
            for shift in [12_u32, 8, 4, 0] {
                let digit = char::from_digit(u32::from(unit.wrapping_shr(shift)) & 15, 16).unwrap_or('0');
                out.push(if self.upper { digit.to_ascii_uppercase() } else { digit });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(index: usize, text: &str) -> String {
        let mut out = String::new();
        ESCAPES[index].write(&mut out, text);
        out
    }

    #[test]
    fn each_writer_escapes_as_the_real_one_does() {
        let text = "a/b <é> \"q\" 😀\u{1}";
        // JSON.stringify, json.dumps, json_encode, encoding/json and System.Text.Json gave these.
        let table = [
            (0, r#""a/b <é> \"q\" 😀\u0001""#),
            (1, r#""a\/b <é> \"q\" 😀\u0001""#),
            (2, r#""a/b <\u00e9> \"q\" \ud83d\ude00\u0001""#),
            (3, r#""a\/b <\u00e9> \"q\" \ud83d\ude00\u0001""#),
            (4, r#""a/b \u003cé\u003e \"q\" 😀\u0001""#),
            (7, r#""a/b \u003C\u00E9\u003E \u0022q\u0022 \uD83D\uDE00\u0001""#),
        ];
        for (index, expected) in table {
            assert_eq!(written(index, text), expected);
        }
    }

    #[test]
    fn a_way_of_escaping_that_changes_nothing_is_not_tried() {
        let plain = ["a", "b"];
        let tried: Vec<_> = ESCAPES.iter().filter(|escapes| escapes.matters(&plain)).collect();
        assert_eq!(tried.len(), 1);
        assert!(ESCAPES[1].matches_slash());
    }

    impl Escapes {
        fn matches_slash(&self) -> bool {
            self.matters(&["https://"])
        }
    }
}
