//! What crosses as bytes: options in, events out, and the places of both.

use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::{self, Event, Options, Verifier, scheme};

/// The events as bytes, every number as four of them, the lowest first: how many were refused and which, how many events
/// there are, and of each its flags, its place in the list of the delivery (0 where there is none), its time (low and
/// high), the lengths of id, type and digest, and those texts. The flags, from the lowest: whether the id is signed, and
/// whether there are a type, a digest, a time and a place.
pub(super) fn written(events: &[Event], refused: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    let put = |out: &mut Vec<u8>, value: u32| out.extend_from_slice(&value.to_le_bytes());
    put(&mut out, number(refused.len()));
    for place in refused {
        put(&mut out, number(*place));
    }
    put(&mut out, number(events.len()));
    for event in events {
        let texts = [Some(&event.id), event.kind.as_ref(), event.digest.as_ref()];
        let flags = [
            event.id_is_signed,
            event.kind.is_some(),
            event.digest.is_some(),
            event.occurred_at.is_some(),
            event.index.is_some(),
        ];
        put(&mut out, flags.iter().rev().fold(0, |bits, flag| (bits << 1) | u32::from(*flag)));
        put(&mut out, number(event.index.unwrap_or_default()));
        let [low, high] = halves(event.occurred_at.map_or(0, Timestamp::unix_ms));
        put(&mut out, low);
        put(&mut out, high);
        for text in texts {
            put(&mut out, number(text.map_or(0, String::len)));
        }
        for text in texts.into_iter().flatten() {
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
}

/// Reads the options of a verifier. A tag that is not known is one of a newer shell than this module: a bug.
pub(super) fn verifier(text: &[u8]) -> Result<Verifier, webhook::Error> {
    let (mut name, mut secrets, mut options) = ("", Vec::new(), Options::default());
    let mut rest = text;
    while let Some((tag, value, more)) = field(rest) {
        rest = more;
        match tag {
            0 => name = value,
            1 => secrets.push(value),
            2 => options.tolerance_seconds = value.parse().ok(),
            3 => options.strict = true,
            4 => options.partial = true,
            5 => options.url = Some(value),
            6 => options.public_key_id = Some(value),
            7 => options.access_key = Some(value),
            8 => options.public_key_pem = Some(value),
            9 => options.jwk = Some(value),
            10 => options.certificate_pem = Some(value),
            _ => {}
        }
    }
    Verifier::new(scheme(name)?, Options { secrets: &secrets, ..options })
}

fn field(text: &[u8]) -> Option<(u8, &str, &[u8])> {
    let (head, rest) = text.split_first_chunk::<5>()?;
    let [tag, length @ ..] = head;
    let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    Some((*tag, core::str::from_utf8(value).ok()?, rest))
}

/// Lengths and places of a wasm memory fit.
pub(in crate::wasm) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

pub(in crate::wasm) fn halves(value: u64) -> [u32; 2] {
    let low = u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default();
    [low, u32::try_from(value >> 32).unwrap_or_default()]
}

/// Where bytes are that the shell reads and writes. Exposed, because it does so behind the compiler's back.
pub(in crate::wasm) fn address(bytes: &mut [u8]) -> u32 {
    number(bytes.as_mut_ptr().expose_provenance())
}
