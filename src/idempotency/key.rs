//! The header `Idempotency-Key`: a String of RFC 8941 by the letter of the IETF draft, a bare text in what nearly everybody
//! sends. `"a"` and `a` are the same key.

use super::Error;
use crate::prelude::*;

/// How many characters a key may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// At least.
    pub least: usize,
    /// At most.
    pub most: usize,
}

/// A key as its sender chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Reads the value of the header, with white space around it.
    ///
    /// Parameters behind a quoted string are read and ignored, as RFC 8941 has it. A header that came twice is joined by
    /// servers with a comma, and refused: nobody can tell which of the two was meant.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMissing`] for an empty value, [`Error::KeyMalformed`], [`Error::KeyLength`].
    pub fn read(value: &str, length: Length) -> Result<Self, Error> {
        let value = value.trim_matches([' ', '\t']);
        if value.is_empty() {
            return Err(Error::KeyMissing);
        }
        let key = match value.strip_prefix('"') {
            Some(rest) => quoted(rest)?,
            None => bare(value)?,
        };
        // All of it is ASCII, so bytes are characters.
        let found = key.len();
        if found < length.least || found > length.most {
            return Err(Error::KeyLength { found, least: length.least, most: length.most });
        }
        Ok(Self(key))
    }

    /// The characters, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn malformed(problem: &'static str) -> Error {
    Error::KeyMalformed { problem }
}

fn bare(value: &str) -> Result<String, Error> {
    if value.contains(',') {
        return Err(malformed("holds a comma, as if it had come twice"));
    }
    if value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b';') {
        return Ok(value.to_owned());
    }
    Err(malformed("holds a character that no unquoted key may hold"))
}

/// What stands behind the opening quote.
fn quoted(rest: &str) -> Result<String, Error> {
    let mut key = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' if key.is_empty() => return Err(malformed("is an empty string")),
            '"' if has_parameters_only(characters.as_str()) => return Ok(key),
            '"' => return Err(malformed("goes on behind its closing quote, as if it had come twice")),
            '\\' => match characters.next() {
                Some(escaped @ ('"' | '\\')) => key.push(escaped),
                _ => {
                    return Err(malformed(
                        "has a backslash before something else than a quote or a backslash",
                    ));
                }
            },
            ' '..='~' => key.push(character),
            _ => return Err(malformed("holds a character beyond printable ASCII")),
        }
    }
    Err(malformed("has no closing quote"))
}

/// Whether nothing follows, or parameters: `;name`, `;name=value`.
fn has_parameters_only(rest: &str) -> bool {
    let mut rest = rest;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let Some(parameter) = rest.strip_prefix(';') else { return rest.is_empty() };
        let parameter = parameter.trim_start_matches(' ');
        let name_end = end_of(parameter, |byte| byte.is_ascii_alphanumeric() || b"_-.*".contains(&byte));
        let (name, after) = parameter.split_at_checked(name_end).unwrap_or_default();
        if !name.starts_with(|first: char| first.is_ascii_lowercase() || first == '*') {
            return false;
        }
        rest = match after.strip_prefix('=') {
            None => after,
            Some(value) => {
                let end = end_of(value, |byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
                if end == 0 {
                    return false;
                }
                value.get(end..).unwrap_or_default()
            }
        };
    }
}

fn end_of(text: &str, belongs: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Length = Length { least: 1, most: 255 };

    #[test]
    fn a_key_is_read_quoted_and_bare_and_anything_else_is_refused() {
        let long = "k".repeat(256);
        let table = [
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            (" \tkey ", "key"),
            ("a/b:c=d{e}", "a/b:c=d{e}"),
            (r#""with space, comma; and \"quote\" and \\""#, r#"with space, comma; and "quote" and \"#),
            (r#""key";a;b=1; c=tok*en"#, "key"),
            ("", "idempotency_key_missing"),
            ("  ", "idempotency_key_missing"),
            (r#""""#, "is an empty string"),
            ("a, b", "as if it had come twice"),
            (r#""a", "b""#, "as if it had come twice"),
            (r#""a"b"#, "as if it had come twice"),
            (r#""a";B=1"#, "as if it had come twice"),
            (r#""a";b="#, "as if it had come twice"),
            (r#""a";"#, "as if it had come twice"),
            (r#""a"#, "no closing quote"),
            (r#""a\"#, "a backslash"),
            (r#""a\n""#, "a backslash"),
            ("\"clé\"", "beyond printable"),
            ("\"a\tb\"", "beyond printable"),
            ("a b", "no unquoted key"),
            ("clé", "no unquoted key"),
            ("a\"b", "no unquoted key"),
            ("a;b", "no unquoted key"),
            (&long, "has 256 characters"),
        ];
        for (value, expected) in table {
            match Key::read(value, LENGTH) {
                Ok(key) => assert_eq!(key.as_str(), expected, "{value}"),
                Err(error) => {
                    let said = format!("{} {error}", crate::advice::Diagnose::code(&error));
                    assert!(said.contains(expected), "{value}: {said}");
                }
            }
        }
        let short = Length { least: 8, most: 64 };
        assert_eq!(Key::read("abc", short), Err(Error::KeyLength { found: 3, least: 8, most: 64 }));
    }
}
