//! Where a line was tampered with: the frame is known to the byte, and a hash that does not fit leaves one way to mend it.
//!
//! Everything in a line but the record and the hash is known from the line before. If the frame is as it should be and the
//! hash does not fit, then either one of its digits was changed, or a byte of the record was: the one byte that can be
//! changed so that the hash fits again is the tampered one, as surely as nobody finds collisions of SHA-256.

use super::digest::Digest;
use crate::crypto::Sha256;
use crate::prelude::*;

/// Longest record that is searched for one byte: beyond it there would be seconds of hashing.
const SEARCHED_BYTES_MAX: usize = 2_048;

const HASH_DIGITS: usize = 64;

/// The first byte of a line that is not as it was written, counted from 0; `None` where more than one byte of the record
/// was changed, so that only the record as a whole can be named. `head` is the hash of the line before.
#[must_use]
pub fn tampered_byte(text: &[u8], position: u64, head: &str) -> Option<usize> {
    let (before, after) =
        (",\"hash\":\"", glued(&["\",\"position\":", &position.digits(), ",\"previous\":\"", head, "\"}"]));
    let tail = before.len().checked_add(HASH_DIGITS)?.checked_add(after.len())?;
    let at = text.len().checked_sub(tail)?;
    let (start, rest) = text.split_at_checked(at)?;
    let opening = ["{\"entry\":", "{\"account\":"];
    let opening = opening.into_iter().min_by_key(|opening| wrong(start, opening.as_bytes()).count())?;
    if let Some(offset) = wrong(start, opening.as_bytes()).next() {
        return Some(offset);
    }
    if let Some(offset) = wrong(rest, before.as_bytes()).next() {
        return at.checked_add(offset);
    }
    let hash_at = at.checked_add(before.len())?;
    let (hash, end) = rest.get(before.len()..)?.split_at_checked(HASH_DIGITS)?;
    if let Some(offset) = wrong(end, after.as_bytes()).next() {
        return hash_at.checked_add(HASH_DIGITS)?.checked_add(offset);
    }
    let record = start.get(opening.len()..)?;
    let mut begun = Sha256::new();
    begun.update(glued(&[super::line::DOMAIN, "\n", &position.digits(), "\n", head, "\n"]).as_bytes());
    let mut whole = begun.clone();
    whole.update(record);
    let expected = Digest::finished(whole);
    let fitting = expected.text();
    let mut digits = wrong(hash, fitting.as_bytes());
    if let (Some(offset), None) = (digits.next(), digits.next()) {
        return hash_at.checked_add(offset);
    }
    let hash = Digest::parse(core::str::from_utf8(hash).ok()?)?;
    opening.len().checked_add(changed(record, &begun, hash)?)
}

/// Places at which a text does not begin as it should.
fn wrong<'a>(text: &'a [u8], expected: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    expected.iter().enumerate().filter(|(at, byte)| text.get(*at) != Some(byte)).map(|(at, _)| at)
}

/// The byte of a record without which the hash would fit.
fn changed(record: &[u8], begun: &Sha256, hash: Digest) -> Option<usize> {
    if record.len() > SEARCHED_BYTES_MAX {
        return None;
    }
    let mut before = begun.clone();
    for (at, byte) in record.iter().enumerate() {
        let rest = record.get(at.checked_add(1)?..)?;
        // Texts of a journal have no control characters.
        for candidate in (b' '..=u8::MAX).filter(|candidate| candidate != byte) {
            let mut digest = before.clone();
            digest.update(&[candidate]);
            digest.update(rest);
            if Digest::finished(digest) == hash {
                return Some(at);
            }
        }
        before.update(&[*byte]);
    }
    None
}
