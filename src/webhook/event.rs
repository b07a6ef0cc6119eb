//! What an authenticated delivery says: which event it is, so that it can be applied once.

use super::moment::rfc3339;
use super::peek::texts;
use super::{EVENT_ID_BYTES_MAX, HeaderValue, IdSource, KindSource, Moment, Scheme, header};
use crate::crypto::{Sha256, encode_hex, sha256_hex};
use crate::prelude::*;
use crate::time::Timestamp;

/// One event of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What repeated deliveries of the event have in common: 1 to
    /// [`EVENT_ID_BYTES_MAX`](super::EVENT_ID_BYTES_MAX) bytes.
    ///
    /// Where the scheme has no id, or the delivery lacks it, `sha256:` and the digest of the body.
    pub id: String,
    /// Whether the signature covers the id. If not, a captured delivery can be replayed under a fresh one.
    pub id_is_signed: bool,
    /// A second key for ids that are not signed, `sha256:` and the digest of type and body: a replay under a fresh id
    /// has the same. The type is in it because some providers send one body under several types.
    pub digest: Option<String>,
    /// The type, as the provider names it.
    pub kind: Option<String>,
    /// When it happened, where the signed body says so.
    pub occurred_at: Option<Timestamp>,
}

/// The event of a delivery whose signature holds.
pub(super) fn read(scheme: &Scheme, headers: &[(&str, HeaderValue<'_>)], body: &[u8]) -> Event {
    let identity = scheme.identity;
    let [id, kind, time] =
        texts(body, [identity.id.path(), identity.kind.path(), moment_path(identity.occurred_at)]);
    let in_header = |name| header::find(headers, name).ok().flatten().map(str::to_owned);
    let id = match identity.id {
        IdSource::SignedHeader(name) | IdSource::UnsignedHeader(name) => in_header(name),
        IdSource::Body(_) | IdSource::Digest => id,
    };
    let id = id.filter(|id| usable(id));
    let id_is_signed = id.is_none() || identity.id.is_signed();
    let kind = match identity.kind {
        KindSource::Header(name) => in_header(name),
        KindSource::Body(_) | KindSource::None => kind,
    };
    let occurred_at = time.and_then(|time| match identity.occurred_at? {
        Moment::Seconds(_) if !time.bytes().all(|byte| byte.is_ascii_digit()) => None,
        Moment::Seconds(_) => Timestamp::from_unix_seconds(time.parse().ok()?),
        Moment::Rfc3339(_) => rfc3339(&time),
    });
    let digest = (!id_is_signed).then(|| {
        let mut hash = Sha256::new();
        for part in [kind.as_deref().unwrap_or_default().as_bytes(), &[0], body] {
            hash.update(part);
        }
        digest_text(&encode_hex(&hash.finish()))
    });
    let id = id.unwrap_or_else(|| digest_text(&sha256_hex(body)));
    Event { id, id_is_signed, digest, kind, occurred_at }
}

/// An id becomes part of a store key, and databases disagree about control characters.
fn usable(id: &str) -> bool {
    !id.is_empty() && id.len() <= EVENT_ID_BYTES_MAX && !id.chars().any(char::is_control)
}

fn digest_text(hex: &str) -> String {
    String::from_iter(["sha256:", hex])
}

const fn moment_path(moment: Option<Moment>) -> &'static [&'static str] {
    match moment {
        Some(Moment::Seconds(path) | Moment::Rfc3339(path)) => path,
        None => &[],
    }
}
