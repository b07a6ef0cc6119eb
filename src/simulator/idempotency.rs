//! A key names one request: it is carried out once, answered alike for 24 hours, and refused to any other request.
//!
//! Only requests that were carried out leave a record. A request refused before that (a wrong field, a wrong state,
//! too many requests) burns nothing: it may be mended and sent again under its key.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use super::Error;
use crate::crypto::sha256;
use crate::time::{Millis, Timestamp};

/// How long a key is remembered after its first use.
pub const KEY_LIFE: Millis = Millis::from_seconds(24 * 60 * 60);

/// Longest key, in bytes: what the larger gateways accept.
pub const KEY_BYTES_MAX: usize = 255;

/// What is answered, now and at every repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// A payment as it was at a moment.
    Payment { status: u16, payment: usize, moment: usize },
    /// What has no history: transfers, escrows and payouts, as they were.
    Text { status: u16, body: Arc<str> },
    /// The injected failure that pretends that nothing is known.
    FailedAfterwards,
}

/// Half a SHA-256: a history holds a key for each of its requests, and no two texts are known that share this much.
type Short = [u8; 16];

fn short(whole: &[u8; 32]) -> Short {
    let mut short = [0; 16];
    for (slot, byte) in short.iter_mut().zip(whole) {
        *slot = *byte;
    }
    short
}

fn name(key: &str) -> Short {
    short(&sha256(key.as_bytes()))
}

#[derive(Clone, Debug)]
struct Record<R> {
    fingerprint: Short,
    reply: R,
}

/// All keys of one dialect that are still remembered, each with the reply to its request.
#[derive(Clone, Debug)]
pub(super) struct Keys<R> {
    /// By the hash of the key.
    records: BTreeMap<Short, Record<R>>,
    /// In the order of first use, which is the order of expiry, as time does not run backwards.
    expiries: VecDeque<(Timestamp, Short)>,
    /// Until when a first request counts as running, for the few whose answer takes time.
    running: BTreeMap<Short, Timestamp>,
}

impl<R> Default for Keys<R> {
    fn default() -> Self {
        Self { records: BTreeMap::new(), expiries: VecDeque::new(), running: BTreeMap::new() }
    }
}

impl<R: Clone> Keys<R> {
    /// Forgets keys whose time is over.
    pub(super) fn prune(&mut self, now: Timestamp) {
        self.running.retain(|_, answered_at| now < *answered_at);
        while self.expiries.front().is_some_and(|(expires_at, _)| *expires_at <= now) {
            if let Some((_, key)) = self.expiries.pop_front() {
                let _ = self.records.remove(&key);
            }
        }
    }

    /// The answer given before, or `None` for a key that is new.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMismatch`], [`Error::KeyInFlight`].
    pub(super) fn answer(
        &self,
        key: &str,
        fingerprint: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<R>, Error> {
        let Some(record) = self.records.get(&name(key)) else { return Ok(None) };
        if record.fingerprint != short(fingerprint) {
            return Err(Error::KeyMismatch);
        }
        if self.running.get(&name(key)).is_some_and(|answered_at| now < *answered_at) {
            return Err(Error::KeyInFlight);
        }
        Ok(Some(record.reply.clone()))
    }

    /// Forgets a finished key before its time.
    pub(super) fn forget(&mut self, key: &str) {
        let name = name(key);
        let _ = self.records.remove(&name);
        let _ = self.running.remove(&name);
        self.expiries.retain(|(_, known)| *known != name);
    }

    /// Remembers the answer to a request that was carried out.
    pub(super) fn store(
        &mut self,
        key: &str,
        fingerprint: [u8; 32],
        reply: R,
        now: Timestamp,
        delay: Millis,
    ) {
        let (name, fingerprint) = (name(key), short(&fingerprint));
        let _ = self.records.insert(name, Record { fingerprint, reply });
        if delay > Millis::ZERO {
            let _ = self.running.insert(name, now.saturating_add(delay));
        }
        self.expiries.push_back((now.saturating_add(KEY_LIFE), name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_running_then_answered_then_forgotten() {
        let mut keys = Keys::default();
        let at = |ms| Timestamp::from_unix_ms(ms).unwrap();
        keys.store("k", [1; 32], Reply::FailedAfterwards, at(1_000), Millis::new(500));
        let day = KEY_LIFE.get();
        let table: [(u64, u8, Result<Option<Reply>, Error>); 6] = [
            (1_000, 1, Err(Error::KeyInFlight)),
            (1_499, 1, Err(Error::KeyInFlight)),
            (1_499, 2, Err(Error::KeyMismatch)),
            (1_500, 1, Ok(Some(Reply::FailedAfterwards))),
            (999 + day, 1, Ok(Some(Reply::FailedAfterwards))),
            (1_000 + day, 2, Ok(None)),
        ];
        for (now, print, expected) in table {
            keys.prune(at(now));
            assert_eq!(keys.answer("k", &[print; 32], at(now)), expected, "at {now}");
        }
        assert!(keys.expiries.is_empty());
    }
}
