//! A body of `multipart/form-data` (RFC 7578) as its parts: what stands between two boundaries, byte for byte.
//!
//! Only what clients send is read: parts in a row, each with a `Content-Disposition` that names it. Whatever else is
//! malformed is refused; nothing is guessed.

use crate::prelude::*;

/// More parts are a mistake: an upload has three.
const PARTS_MAX: usize = 64;

/// RFC 2046, section 5.1.1.
const BOUNDARY_CHARS_MAX: usize = 70;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) name: String,
    /// Given for a file, also when it is empty.
    pub(super) filename: Option<String>,
    pub(super) content: &'a [u8],
}

/// The parts of a body whose media type is `content_type`; `None` when it is no such body.
pub(super) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let boundary = boundary(content_type)?;
    let opening = [b"--", boundary.as_bytes()].concat();
    let between = [b"\r\n--", boundary.as_bytes()].concat();
    let mut rest = body.strip_prefix(opening.as_slice())?;
    let mut parts = Vec::new();
    loop {
        // After a boundary: two dashes where it was the last, else a line break and a part.
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let (whole, after) = split(rest, &between)?;
        if parts.len() >= PARTS_MAX {
            return None;
        }
        parts.push(part(whole)?);
        rest = after;
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let mut pieces = content_type.split(';');
    if !pieces.next()?.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = pieces.find_map(|piece| {
        let (name, value) = piece.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"'))
    })?;
    (1..=BOUNDARY_CHARS_MAX).contains(&boundary.len()).then_some(boundary)
}

fn part(whole: &[u8]) -> Option<Part<'_>> {
    // A part without any header has its empty line at once; it names nothing and is refused below.
    let (head, content) = split(whole, b"\r\n\r\n")?;
    let disposition = core::str::from_utf8(head).ok()?.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    Some(Part { name: quoted(disposition, "name")?, filename: quoted(disposition, "filename"), content })
}

/// The value of `name="value"` in a header. Browsers write a quotation mark inside as `%22`.
fn quoted(header: &str, wanted: &str) -> Option<String> {
    header.split(';').find_map(|piece| {
        let (name, value) = piece.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        (name == wanted).then(|| value.replace("%22", "\""))
    })
}

/// What stands before and after the first `mark`.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    let (before, from) = bytes.split_at_checked(at)?;
    Some((before, from.strip_prefix(mark)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=b0";

    #[test]
    fn parts_are_what_stands_between_boundaries() {
        let body = b"--b0\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\ndispute_evidence\r\n\
            --b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22.pdf\"\r\n\
            Content-Type: application/pdf\r\n\r\n%PDF\r\n--b\x00\xff\r\n\r\n\r\n--b0--\r\n";
        let parts = parts(TYPE, body).unwrap();
        assert_eq!(
            parts.iter().map(|part| (part.name.as_str(), part.filename.as_deref())).collect::<Vec<_>>(),
            [("purpose", None), ("file", Some("a \"b\".pdf"))]
        );
        assert_eq!(parts[0].content, b"dispute_evidence");
        assert_eq!(parts[1].content, b"%PDF\r\n--b\x00\xff\r\n\r\n");
    }

    #[test]
    fn what_is_no_such_body_is_refused() {
        let whole: &[u8] = b"--b0\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b0--";
        assert!(parts(TYPE, whole).is_some());
        assert!(parts("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"b0\"", whole).is_some());
        let table: [(&str, &[u8]); 8] = [
            ("multipart/form-data", whole),
            ("multipart/form-data; boundary=", whole),
            ("application/json; boundary=b0", whole),
            ("multipart/form-data; boundary=b1", whole),
            (TYPE, b""),
            (TYPE, b"--b0\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"),
            (TYPE, b"--b0\r\nContent-Type: text/plain\r\n\r\n1\r\n--b0--"),
            (TYPE, b"--b0\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b0--"),
        ];
        for (content_type, body) in table {
            assert_eq!(parts(content_type, body), None, "{content_type} {body:?}");
        }
    }
}
