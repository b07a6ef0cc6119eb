//! A JWS in a header vouches for the body by its digest: what the JWS says counts only once it is verified.

use super::header::required;
use super::key::Key;
use super::{Error, HeaderValue, Place, Scheme};
use crate::crypto::{CompactJws, equal, sha256_hex};
use crate::json::{self, Value};
use crate::time::Timestamp;

/// The index of the key that signed, and when.
///
/// # Errors
///
/// [`Error::HeaderMissing`], [`Error::HeaderRepeated`], [`Error::HeaderMalformed`], [`Error::KeyNotValid`],
/// [`Error::SignatureMismatch`].
pub(super) fn verify(
    scheme: &Scheme,
    keys: &[Key],
    headers: &[(&str, HeaderValue<'_>)],
    body: &[u8],
    now: Timestamp,
) -> Result<(usize, Timestamp), Error> {
    let Place::Headers([header, ..]) = scheme.place else { return Err(MISMATCH) };
    let expected = "a compact JWS with the algorithm ES256";
    let jws = CompactJws::es256(required(headers, header)?);
    let jws = jws.map_err(|_| Error::HeaderMalformed { header, expected })?;
    for (index, key) in keys.iter().enumerate() {
        let Some(key) = key.public() else { continue };
        // Without an id on either side, the signature alone decides.
        let other = key.id.as_deref().zip(jws.key_id()).is_some_and(|(ours, theirs)| ours != theirs);
        if other {
            continue;
        }
        if !key.is_valid_at(now) {
            return Err(Error::KeyNotValid);
        }
        if let Some(payload) = jws.verified_by(key.key()) {
            return vouched(header, payload, body).map(|issued_at| (index, issued_at));
        }
    }
    Err(Error::SignatureMismatch { body_is_empty: body.is_empty() })
}

const MISMATCH: Error = Error::SignatureMismatch { body_is_empty: false };

/// When the payload was issued, if it is about this body.
fn vouched(header: &'static str, payload: &[u8], body: &[u8]) -> Result<Timestamp, Error> {
    let expected = "a JWS with `iat` and `request_body_sha256`";
    let malformed = Error::HeaderMalformed { header, expected };
    let claims = json::parse(payload).map_err(|_| malformed.clone())?;
    let digest = claims.get("request_body_sha256").and_then(Value::as_str).ok_or(malformed.clone())?;
    let issued_at = claims.get("iat").and_then(Value::as_u64).and_then(Timestamp::from_unix_seconds);
    let issued_at = issued_at.ok_or(malformed)?;
    if !equal(digest.as_bytes(), sha256_hex(body).as_bytes()) {
        return Err(Error::SignatureMismatch { body_is_empty: body.is_empty() });
    }
    Ok(issued_at)
}
