//! A key names one request: it is carried out once, answered alike for 24 hours, and refused to any other request.
//!
//! Only requests that were carried out leave a record. A request refused before that (a wrong field, a wrong state,
//! too many requests) burns nothing: it may be mended and sent again under its key.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use super::Error;
use crate::dedup::print;
use crate::prelude::*;
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

/// What stands for a text in a history, which holds two for each of its requests: 128 bits, so that a million of them fall
/// together with a chance of 10^-27. By SipHash without a secret, a fifth of the price of SHA-256: whoever looks for two keys
/// that fall together deceives nobody but himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint([u64; 2]);

/// A fingerprint in the making. Lengths stand before texts, so that no two lists of texts are the same. What is added is
/// gathered, since a hash takes one long text in half the time of many short ones.
#[derive(Debug)]
pub(super) struct Printer(Vec<u8>);

/// What most requests gather.
const GATHERED_BYTES: usize = 512;

/// An account, and the lengths of itself and of the key behind it.
const ACCOUNT_BYTES: usize = 24;

impl Printer {
    /// Of nothing yet.
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(GATHERED_BYTES))
    }

    /// Adds a text.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        // A length is at most 64 bits wide on every platform we build for.
        self.0.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.0.extend_from_slice(bytes);
    }

    /// Adds a sign that says what follows.
    pub(super) fn mark(&mut self, sign: u8) {
        self.0.push(sign);
    }

    /// Of everything added.
    pub(super) fn finish(self) -> Fingerprint {
        Fingerprint(print(&self.0))
    }
}

/// What a key is remembered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(Fingerprint);

impl Name {
    /// The name of a key, which belongs to an account where there are several.
    pub(super) fn of(account: usize, key: &str) -> Self {
        let mut print = Printer(Vec::with_capacity(key.len().saturating_add(ACCOUNT_BYTES)));
        print.bytes(&u64::try_from(account).unwrap_or(u64::MAX).to_le_bytes());
        print.text(key);
        Self(print.finish())
    }
}

#[derive(Clone, Debug)]
struct Record<R> {
    fingerprint: Fingerprint,
    reply: R,
}

/// All keys of one dialect that are still remembered, each with the reply to its request.
#[derive(Clone, Debug)]
pub(super) struct Keys<R> {
    records: BTreeMap<Name, Record<R>>,
    /// In the order of first use, which is the order of expiry, as time does not run backwards.
    expiries: VecDeque<(Timestamp, Name)>,
    /// Until when a first request counts as running, for the few whose answer takes time.
    running: BTreeMap<Name, Timestamp>,
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
        key: Name,
        fingerprint: Fingerprint,
        now: Timestamp,
    ) -> Result<Option<R>, Error> {
        let Some(record) = self.records.get(&key) else { return Ok(None) };
        if record.fingerprint != fingerprint {
            return Err(Error::KeyMismatch);
        }
        if self.running.get(&key).is_some_and(|answered_at| now < *answered_at) {
            return Err(Error::KeyInFlight);
        }
        Ok(Some(record.reply.clone()))
    }

    /// Forgets a finished key before its time.
    pub(super) fn forget(&mut self, key: Name) {
        let _ = self.records.remove(&key);
        let _ = self.running.remove(&key);
        self.expiries.retain(|(_, known)| *known != key);
    }

    /// Remembers the answer to a request that was carried out.
    pub(super) fn store(
        &mut self,
        key: Name,
        fingerprint: Fingerprint,
        reply: R,
        now: Timestamp,
        delay: Millis,
    ) {
        let _ = self.records.insert(key, Record { fingerprint, reply });
        if delay > Millis::ZERO {
            let _ = self.running.insert(key, now.saturating_add(delay));
        }
        self.expiries.push_back((now.saturating_add(KEY_LIFE), key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_running_then_answered_then_forgotten() {
        let mut keys = Keys::default();
        let at = |ms| Timestamp::from_unix_ms(ms).unwrap();
        let print = |of: u8| {
            let mut print = Printer::new();
            print.mark(of);
            print.finish()
        };
        let key = Name::of(0, "k");
        keys.store(key, print(1), Reply::FailedAfterwards, at(1_000), Millis::new(500));
        let day = KEY_LIFE.get();
        let table: [(u64, u8, Result<Option<Reply>, Error>); 6] = [
            (1_000, 1, Err(Error::KeyInFlight)),
            (1_499, 1, Err(Error::KeyInFlight)),
            (1_499, 2, Err(Error::KeyMismatch)),
            (1_500, 1, Ok(Some(Reply::FailedAfterwards))),
            (999 + day, 1, Ok(Some(Reply::FailedAfterwards))),
            (1_000 + day, 2, Ok(None)),
        ];
        for (now, of, expected) in table {
            keys.prune(at(now));
            assert_eq!(keys.answer(key, print(of), at(now)), expected, "at {now}");
        }
        assert!(keys.expiries.is_empty());
    }

    #[test]
    fn texts_that_are_cut_otherwise_are_other_texts() {
        let print = |texts: &[&str]| {
            let mut print = Printer::new();
            texts.iter().for_each(|text| print.text(text));
            print.finish()
        };
        assert_eq!(print(&["ab", "c"]), print(&["ab", "c"]));
        assert_ne!(print(&["ab", "c"]), print(&["a", "bc"]));
        assert_ne!(print(&["a"]), print(&["a", ""]));
        assert_ne!(Name::of(1, "2"), Name::of(12, ""));
    }
}
