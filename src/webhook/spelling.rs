//! A URL is signed in the spelling the provider happened to use; these are the spellings its own library tries.

use super::body::decoded;
use super::cut::{cut, cut_last, pieces};
use crate::prelude::*;

/// How many spellings of a URL there are.
pub(super) const SPELLINGS: usize = 6;

/// A spelling of a URL: the first is the URL itself, every second one says the port where the URL does not, or the
/// other way round; the later ones write the query as browsers do, and as old libraries did.
pub(super) fn spelled(url: &str, spelling: usize) -> String {
    let url = if spelling % 2 == 1 { other_port(url) } else { url.to_owned() };
    let Some((address, query)) = cut(&url, '?') else { return url };
    let mut text = glued(&[address, "?"]);
    match spelling / 2 {
        0 => return url,
        1 => {
            for (index, piece) in pieces(query, '\'').enumerate() {
                text.push_str(if index == 0 { "" } else { "%27" });
                text.push_str(piece);
            }
        }
        _ => {
            for (index, item) in pieces(query, '&').enumerate() {
                text.push_str(if index == 0 { "" } else { "&" });
                let (name, value) = cut(item, '=').unwrap_or((item, ""));
                escape(&mut text, name);
                text.push('=');
                escape(&mut text, value);
            }
        }
    }
    text
}

/// Without its port, or with the standard one.
fn other_port(url: &str) -> String {
    let (scheme, rest) = match cut(url, ':') {
        Some((scheme, rest)) if rest.starts_with("//") => (scheme, rest.get(2..).unwrap_or_default()),
        _ => ("https", url),
    };
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (host, port) = match cut_last(authority, ':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, "")
        }
        _ => (authority, if scheme == "http" { ":80" } else { ":443" }),
    };
    glued(&[scheme, "://", host, port, path])
}

/// Writes a text anew: everything but letters, digits and `!'()*-._~` as percent signs.
fn escape(out: &mut String, text: &str) {
    let text = decoded(text).unwrap_or_else(|| text.to_owned());
    for byte in text.bytes() {
        let stays = matches!(byte, b'!' | b'\'' | b'(' | b')' | b'*' | b'-' | b'.' | b'_' | b'~');
        if stays || byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                let digit = char::from_digit(u32::from(nibble), 16).unwrap_or_default();
                out.push(digit.to_ascii_uppercase());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_comes_and_goes_and_the_query_is_written_in_three_ways() {
        let table = [
            ("https://a.example/p?x=1", 0, "https://a.example/p?x=1"),
            ("https://a.example/p?x=1", 1, "https://a.example:443/p?x=1"),
            ("http://a.example", 1, "http://a.example:80"),
            ("https://a.example:8443/p", 1, "https://a.example/p"),
            ("https://user:7@a.example?x", 1, "https://user:7@a.example:443?x"),
            ("https://[::1]/", 1, "https://[::1]:443/"),
            ("https://a.example/?x=It's+so", 2, "https://a.example/?x=It%27s+so"),
            ("https://a.example/?x=It%27s+so&y", 4, "https://a.example/?x=It's%20so&y="),
            ("https://a.example/?x=It's+%C3%A9", 5, "https://a.example:443/?x=It's%20%C3%A9"),
            ("not a URL", 0, "not a URL"),
        ];
        for (url, spelling, expected) in table {
            assert_eq!(spelled(url, spelling), expected);
        }
    }
}
