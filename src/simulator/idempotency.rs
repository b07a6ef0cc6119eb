//! A key names one request: it is carried out once, answered alike for 24 hours, and refused to any other request.
//!
//! Only requests that were carried out leave a record. A request refused before that (a wrong field, a wrong state,
//! too many requests) burns nothing: it may be mended and sent again under its key.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use super::Error;
use crate::dedup::{self, Index, print};
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

    /// What the index takes for a fingerprint: its first 64 bits are all it looks at.
    fn sought(self) -> dedup::Fingerprint {
        let Self(Fingerprint([first, _])) = self;
        let half = |wide: u64| u32::try_from(wide & u64::from(u32::MAX)).unwrap_or_default();
        [half(first >> 32), half(first), 0, 0]
    }
}

/// A request that was carried out.
#[derive(Clone, Debug)]
struct Record<R> {
    key: Name,
    fingerprint: Fingerprint,
    expires_at: Timestamp,
    /// `None` once it was forgotten before its time.
    reply: Option<R>,
}

/// Room for keys at the start; doubled whenever it is full.
const ROOM: u32 = 64;

/// All keys of one dialect that are still remembered, each with the reply to its request.
#[derive(Clone)]
pub(super) struct Keys<R> {
    /// In the order of first use, which is the order of expiry, as time does not run backwards.
    records: VecDeque<Record<R>>,
    /// How many records were pruned, modulo the room: the place of the first one that is left.
    first: u32,
    /// How many records the index has places for. A new key is looked for in one line of memory, where a tree of a hundred
    /// thousand keys takes three that are never at hand.
    room: u32,
    index: Index,
    /// Until when a first request counts as running, for the few whose answer takes time.
    running: BTreeMap<Name, Timestamp>,
}

impl<R> Default for Keys<R> {
    fn default() -> Self {
        Self {
            records: VecDeque::new(),
            first: 0,
            room: ROOM,
            index: Index::sized(ROOM),
            running: BTreeMap::new(),
        }
    }
}

/// What is remembered, and not by which places.
impl<R: core::fmt::Debug> core::fmt::Debug for Keys<R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let known = self.records.iter().filter(|record| record.reply.is_some());
        f.debug_list().entries(known).entries(&self.running).finish()
    }
}

impl<R> Keys<R> {
    /// The record at a place of the index.
    fn at(&self, place: u32) -> Option<&Record<R>> {
        // Beyond the end of the ring it goes on at its beginning.
        let behind = place
            .checked_sub(self.first)
            .unwrap_or_else(|| place.saturating_add(self.room).saturating_sub(self.first));
        self.records.get(usize::try_from(behind).ok()?)
    }

    fn place_of(&self, key: Name) -> Option<u32> {
        self.index.find(&key.sought(), |place| self.at(place).is_some_and(|record| record.key == key))
    }

    fn drop_place(&mut self, key: Name) {
        let Some(place) = self.place_of(key) else { return };
        let mut index = core::mem::replace(&mut self.index, Index::sized(0));
        index.remove(&key.sought(), place, |other| {
            self.at(other).map(|record| record.key.sought()).unwrap_or_default()
        });
        self.index = index;
    }

    /// The place of the record that comes next.
    fn next_place(&mut self) -> u32 {
        let held = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        if held >= self.room {
            self.room = self.room.saturating_mul(2);
            (self.first, self.index) = (0, Index::sized(self.room));
            for (place, record) in (0..).zip(&self.records).filter(|(_, record)| record.reply.is_some()) {
                self.index.add(&record.key.sought(), place);
            }
        }
        let place = self.first.saturating_add(held);
        place.checked_sub(self.room).unwrap_or(place)
    }
}

impl<R: Clone> Keys<R> {
    /// Forgets keys whose time is over.
    pub(super) fn prune(&mut self, now: Timestamp) {
        self.running.retain(|_, answered_at| now < *answered_at);
        while let Some(Record { key, reply, .. }) =
            self.records.front().filter(|first| first.expires_at <= now)
        {
            // The key of a record that was forgotten may be that of a later one.
            if reply.is_some() {
                self.drop_place(*key);
            }
            self.records.pop_front();
            let next = self.first.saturating_add(1);
            self.first = if next == self.room { 0 } else { next };
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
        let Some(record) = self.place_of(key).and_then(|place| self.at(place)) else { return Ok(None) };
        if record.fingerprint != fingerprint {
            return Err(Error::KeyMismatch);
        }
        if self.running.get(&key).is_some_and(|answered_at| now < *answered_at) {
            return Err(Error::KeyInFlight);
        }
        Ok(record.reply.clone())
    }

    /// Forgets a finished key before its time.
    pub(super) fn forget(&mut self, key: Name) {
        let _ = self.running.remove(&key);
        self.drop_place(key);
        // The one that counts is the latest: an older one of the same key was forgotten before.
        if let Some(record) = self.records.iter_mut().rev().find(|record| record.key == key) {
            record.reply = None;
        }
    }

    /// Remembers the answer to a request that was carried out, whose key is new.
    pub(super) fn store(
        &mut self,
        key: Name,
        fingerprint: Fingerprint,
        reply: R,
        now: Timestamp,
        delay: Millis,
    ) {
        if delay > Millis::ZERO {
            let _ = self.running.insert(key, now.saturating_add(delay));
        }
        let place = self.next_place();
        self.index.add(&key.sought(), place);
        let expires_at = now.saturating_add(KEY_LIFE);
        self.records.push_back(Record { key, fingerprint, expires_at, reply: Some(reply) });
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
        assert!(keys.records.is_empty());
    }

    #[test]
    fn thousands_of_keys_are_found_while_others_come_and_go() {
        let mut keys = Keys::default();
        let at = |ms| Timestamp::from_unix_ms(ms).unwrap();
        let (day, fingerprint) = (KEY_LIFE.get(), Printer::new().finish());
        let name = |number: u64| Name::of(0, &number.to_string());
        for now in 0..3_000_u64 {
            keys.prune(at(now * 60_000));
            keys.store(name(now), fingerprint, now, at(now * 60_000), Millis::ZERO);
            if now % 7 == 0 {
                keys.forget(name(now));
            }
            // So many as fit into a day, and not those that were forgotten. Looked at now and then: they are many.
            if now % 101 != 0 {
                continue;
            }
            for past in now.saturating_sub(1_450)..=now {
                let is_known = (now - past) * 60_000 < day && past % 7 != 0;
                let found = keys.answer(name(past), fingerprint, at(now * 60_000));
                assert_eq!(found, Ok(is_known.then_some(past)), "{past} at {now}");
            }
        }
        assert_eq!((keys.room, keys.records.len()), (2_048, 1_440));
    }

    #[test]
    fn a_key_that_was_forgotten_and_used_again_outlives_its_first_use() {
        let mut keys = Keys::default();
        let at = |ms| Timestamp::from_unix_ms(ms).unwrap();
        let (day, key, fingerprint) = (KEY_LIFE.get(), Name::of(0, "k"), Printer::new().finish());
        keys.store(key, fingerprint, 1, at(0), Millis::ZERO);
        keys.forget(key);
        assert_eq!(keys.answer(key, fingerprint, at(0)), Ok(None));
        keys.store(key, fingerprint, 2, at(5), Millis::ZERO);
        keys.prune(at(day));
        assert_eq!((keys.answer(key, fingerprint, at(day)), keys.records.len()), (Ok(Some(2)), 1));
        keys.prune(at(day + 5));
        assert_eq!((keys.answer(key, fingerprint, at(day + 5)), keys.records.len()), (Ok(None), 0));
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
