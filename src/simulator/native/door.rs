//! What is wrong with the head of a request is told before anything is looked at: such a request has no effect at all,
//! not even on the faults that strike the next one.

use super::super::{BODY_BYTES_MAX, Error, Request};
use super::routes::{self, Found};

/// Longest header value a message shows, in characters.
const SHOWN_MAX: usize = 60;

/// Finds the route and refuses what cannot be read, or can be read in two ways.
///
/// # Errors
///
/// [`Error::RouteNotFound`], [`Error::MethodNotAllowed`], [`Error::BodyTooLarge`], [`Error::EncodingRefused`],
/// [`Error::KeyDoubled`].
pub(super) fn admit(request: &Request) -> Result<Found, Error> {
    let found = routes::find(&request.method, &request.path)?;
    if request.body.len() > BODY_BYTES_MAX {
        return Err(Error::BodyTooLarge { found: request.body.len(), limit: BODY_BYTES_MAX });
    }
    check_head(request)?;
    Ok(found)
}

/// Whether [`admit`] refuses the headers, which the journal does not hold.
pub(in crate::simulator) fn is_malformed(request: &Request) -> bool {
    check_head(request).is_err()
}

fn check_head(request: &Request) -> Result<(), Error> {
    if !request.body.is_empty() {
        check_encoding(request)?;
    }
    // A proxy, and `fetch` itself, joins headers of one name with a comma; so a comma may be two keys, and choosing one
    // of two would be a guess about money.
    let mut keys = request.headers_named("idempotency-key");
    match (keys.next(), keys.next()) {
        (Some(_), Some(_)) => Err(Error::KeyDoubled),
        (Some(key), None) if key.contains(',') => Err(Error::KeyDoubled),
        _ => Ok(()),
    }
}

/// A body is JSON in UTF-8, as it stands. Which media type it claims to be does not matter: `fetch` says `text/plain`
/// of every string, curl says a form, and neither means it. What claims other bytes than those that came does matter.
fn check_encoding(request: &Request) -> Result<(), Error> {
    let refused = |header, value: &str| Error::EncodingRefused {
        header,
        found: value.chars().take(SHOWN_MAX).collect(),
    };
    for value in request.headers_named("content-type") {
        let parameters = value.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        if charsets.any(|(_, charset)| !is_utf8(charset.trim().trim_matches('"'))) {
            return Err(refused("Content-Type", value));
        }
    }
    match request.headers_named("content-encoding").find(|value| !value.is_empty()) {
        Some(value) => Err(refused("Content-Encoding", value)),
        None => Ok(()),
    }
}

/// ASCII is UTF-8 as well.
fn is_utf8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"].iter().any(|name| charset.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Diagnose as _;
    use crate::prelude::*;

    /// Headers, body, and the code of the refusal or `fine`.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

    #[test]
    fn a_head_that_can_be_read_in_two_ways_is_refused() {
        let table: [Case<'_>; 19] = [
            (&[], "{}", "fine"),
            (&[("Idempotency-Key", "a")], "{}", "fine"),
            (&[("Idempotency-Key", "a"), ("idempotency-key", "b")], "{}", "idempotency_key_invalid"),
            (&[("Idempotency-Key", "a"), ("idempotency-key", "a")], "", "idempotency_key_invalid"),
            (&[("Idempotency-Key", ""), ("Idempotency-Key", "a")], "", "idempotency_key_invalid"),
            (&[("idempotency-key", "a, b")], "{}", "idempotency_key_invalid"),
            (&[("content-type", "text/plain;charset=UTF-8")], "{}", "fine"),
            (&[("content-type", "application/json; Charset=\"utf-8\"")], "{}", "fine"),
            (&[("content-type", "application/x-www-form-urlencoded")], "{}", "fine"),
            (&[("content-type", "")], "{}", "fine"),
            (&[("content-type", "application/json; charset=utf-16")], "{}", "encoding_refused"),
            (&[("content-type", "application/json;charset=latin1")], "{}", "encoding_refused"),
            (&[("content-type", "application/json; x=1; CHARSET = 'utf-8'")], "{}", "encoding_refused"),
            (&[("content-type", "text/plain"), ("Content-Type", "a/b;charset=x")], "{}", "encoding_refused"),
            (&[("content-type", "application/json; charset=utf-16")], "", "fine"),
            (&[("content-encoding", "gzip")], "{}", "encoding_refused"),
            (&[("content-encoding", "identity")], "{}", "encoding_refused"),
            (&[("content-encoding", "gzip")], "", "fine"),
            (&[("content-encoding", "")], "{}", "fine"),
        ];
        for (headers, body, expected) in table {
            let request = Request {
                headers: headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
                body: body.as_bytes().to_vec(),
                ..Request::default()
            };
            let found = check_head(&request).map_or_else(|error| error.code(), |()| "fine");
            assert_eq!(found, expected, "{headers:?} {body:?}");
        }
    }
}
