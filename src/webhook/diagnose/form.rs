//! A form that was parsed and encoded again: the same fields have many encodings, and each parser's counterpart its own.

use super::words::FORM;
use super::{Budget, Case, Diagnosis, RESERIALISED_BYTES_MAX};
use crate::json::Value;
use crate::prelude::*;

/// How a writer of forms encodes a field.
struct Encoding {
    name: &'static str,
    /// What stands as it is beside letters and digits.
    plain: &'static [u8],
    /// `+` for a space, instead of `%20`.
    plus: bool,
    /// `%2f` instead of `%2F`.
    lower: bool,
}

const ENCODINGS: &[Encoding] = &[
    Encoding {
        name: "the form as browsers and URLSearchParams encode it",
        plain: b"*-._",
        plus: true,
        lower: false,
    },
    Encoding {
        name: "the form as encodeURIComponent encodes it",
        plain: b"-_.!~*'()",
        plus: false,
        lower: false,
    },
    Encoding { name: "the form as RFC 3986 encodes it", plain: b"-._~", plus: false, lower: false },
    Encoding { name: "the form as Python encodes it", plain: b"-._~", plus: true, lower: false },
    Encoding { name: "the form as PHP encodes it", plain: b"-._", plus: true, lower: false },
    Encoding { name: "the form as .NET encodes it", plain: b"-_.!*()", plus: true, lower: true },
];

/// Tries every encoding of the fields, in their order.
pub(super) fn encodings(case: &Case<'_>, budget: &mut Budget) -> Option<Diagnosis> {
    let body = case.request.body;
    if body.len() > RESERIALISED_BYTES_MAX {
        return None;
    }
    let fields = match &case.document {
        Some(document) => of_object(document),
        None => of_form(body),
    }?;
    let encoding = ENCODINGS
        .iter()
        .find(|encoding| !budget.is_spent() && case.holds_over(budget, &encoding.encode(&fields)))?;
    Some(FORM.proven(&[("original", encoding.name)]))
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// What `JSON.stringify(request.body)` makes of a form: an object of strings.
fn of_object(document: &Value<'_>) -> Option<Fields> {
    let field =
        |name: &str, value: &Value<'_>| Some((name.as_bytes().to_vec(), value.as_str()?.as_bytes().to_vec()));
    document.as_object()?.iter().map(|(name, value)| field(name, value)).collect()
}

fn of_form(body: &[u8]) -> Option<Fields> {
    if !body.contains(&b'=') {
        return None;
    }
    let fields = body.split(|byte| *byte == b'&').map(|field| {
        let mut halves = field.splitn(2, |byte| *byte == b'=');
        let name = percent_decoded(halves.next()?)?;
        Some((name, percent_decoded(halves.next()?)?))
    });
    fields.collect()
}

impl Encoding {
    fn encode(&self, fields: &Fields) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, (name, value)) in fields.iter().enumerate() {
            if index > 0 {
                out.push(b'&');
            }
            self.write(&mut out, name);
            out.push(b'=');
            self.write(&mut out, value);
        }
        out
    }

    fn write(&self, out: &mut Vec<u8>, bytes: &[u8]) {
        for byte in bytes {
            match *byte {
                b' ' if self.plus => out.push(b'+'),
                plain if plain.is_ascii_alphanumeric() || self.plain.contains(&plain) => out.push(plain),
                other => {
                    out.push(b'%');
                    for nibble in [other >> 4, other & 15] {
                        let digit = char::from_digit(u32::from(nibble), 16).unwrap_or('0');
                        let digit = if self.lower { digit } else { digit.to_ascii_uppercase() };
                        out.extend(u8::try_from(digit));
                    }
                }
            }
        }
    }
}

/// `+` and `%XX` decoded; `None` where a `%` is followed by something else.
pub(super) fn percent_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => digit(rest.next())?.wrapping_shl(4) | digit(rest.next())?,
            plain => plain,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &'static str) -> Value<'static> {
        crate::json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn each_encoding_is_that_of_the_real_writer() {
        let fields = of_form(b"a%20b=~*'(/\xc3\xa9)&c=").unwrap();
        assert_eq!(fields, of_object(&object("{\"a b\":\"~*'(/é)\",\"c\":\"\"}")).unwrap());
        let written: Vec<_> =
            ENCODINGS.iter().map(|encoding| String::from_utf8(encoding.encode(&fields)).unwrap()).collect();
        assert_eq!(
            written,
            [
                "a+b=%7E*%27%28%2F%C3%A9%29&c=",
                "a%20b=~*'(%2F%C3%A9)&c=",
                "a%20b=~%2A%27%28%2F%C3%A9%29&c=",
                "a+b=~%2A%27%28%2F%C3%A9%29&c=",
                "a+b=%7E%2A%27%28%2F%C3%A9%29&c=",
                "a+b=%7e*%27(%2f%c3%a9)&c=",
            ]
        );
    }

    #[test]
    fn what_is_no_form_is_not_read_as_one() {
        assert_eq!(of_form(b"{}"), None);
        assert_eq!(of_form(b"a=%zz"), None);
        assert_eq!(of_form(b"a&b=1"), None);
        assert_eq!(of_object(&object(r#"{"a":1}"#)), None);
    }
}
