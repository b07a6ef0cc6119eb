//! The area: fixed places in memory that both sides of the door of webhooks know. Offsets are those of
//! `pkg/src/webhooks/area.ts`.
//!
//! Words of four bytes, the lowest first, then slots of text. What comes in stands where nothing goes out.

use super::memory::{ROWS_AT, Span, low};
use super::{AREA_AT, Interpreter, ROWS, VERIFIERS_AT, words};
use crate::prelude::*;
use crate::time::Timestamp;
use crate::webhook::HEADER_BYTES_MAX;

/// Headers a scheme may read.
pub const SLOTS: usize = 12;

/// Longest URL read, in bytes.
pub const URL_BYTES_MAX: usize = 8_192;

/// Bytes of a slot: one more than a header may have, so that one which is too long shows.
pub const SLOT_BYTES: usize = HEADER_BYTES_MAX + 1;

/// In: milliseconds since the epoch, low and high.
pub const NOW: usize = 0;
/// In: the length of the URL, or [`ABSENT`].
pub const URL: usize = 2;
/// In: the length of each header, or [`ABSENT`], or [`REPEATED`].
pub const LENGTHS: usize = 3;
/// Out: where the room is, and how many bytes of it are laid out.
pub const LAYOUT: usize = 16;
/// Out: where a text is, and its length.
pub const DELIVERED: usize = 18;
/// Out: the secret, whether there is a time, and the time, low and high. Or the line of an error and its facts, each of
/// three words: kind, and two numbers. Or a verifier: hash, secrets, whether a delivery may carry several events, headers,
/// and of each name where it is and its length.
pub const OUT: usize = 20;

/// The length of what is not there.
pub const ABSENT: u32 = u32::MAX;
/// The length of a header that arrived several times.
pub const REPEATED: u32 = u32::MAX - 1;

const WORDS: usize = OUT + 4 + 2 * SLOTS;
/// Where the host leaves a hash.
pub const DIGEST_AT: usize = WORDS * 4;
const DIGEST_BYTES: usize = 64;
/// Where the URL stands.
pub const URL_AT: usize = DIGEST_AT + DIGEST_BYTES;
/// Where the slots of the headers begin.
pub const SLOTS_AT: usize = URL_AT + URL_BYTES_MAX;
/// Bytes of the area.
pub const AREA_BYTES: usize = SLOTS_AT + SLOTS * SLOT_BYTES;

/// Bytes of the first memory: enough for a few verifiers and all that a delivery needs that is verified in steps.
const FIRST_BYTES: usize = 256 << 10;

impl Interpreter {
    /// Writes a word of the area.
    pub(super) fn put(&mut self, word: usize, value: u32) {
        self.memory.put(Self::word_at(word), value);
    }

    /// Tells the shell where a text is, and how long.
    pub(super) fn put_text(&mut self, word: usize, text: Span) {
        let at = self.memory.get(text).as_ptr().addr();
        self.put(word, low(at));
        self.put(word.wrapping_add(1), low(text.len()));
    }

    /// The area. It moves when the memory grows.
    #[must_use]
    pub fn area(&mut self) -> &mut [u8] {
        if self.memory.bytes.is_empty() {
            self.memory.bytes = Vec::with_capacity(FIRST_BYTES);
            self.memory.append(&[0; ROWS_AT]);
            self.memory.append(ROWS);
            self.memory.append(&[0; 4]);
            self.memory.append(words::ALL);
            self.memory.bytes.resize(VERIFIERS_AT, 0);
        }
        self.memory.bytes.get_mut(AREA_AT..VERIFIERS_AT).unwrap_or_default()
    }

    /// What is laid out to be hashed, and the space behind it for the body.
    #[must_use]
    pub fn room(&mut self) -> &mut [u8] {
        self.memory.bytes.get_mut(self.laid.at()..).unwrap_or_default()
    }

    /// Makes a text of this length, to be written.
    #[must_use]
    pub fn text(&mut self, bytes: usize) -> &mut [u8] {
        let _made = self.area();
        self.memory.bytes.truncate(self.base);
        self.extend(bytes);
        self.text = self.memory.since(self.base);
        self.memory.bytes.get_mut(self.base..).unwrap_or_default()
    }

    /// Makes space that the shell will write: a copy of what is no secret, since filling takes ten times as long.
    pub(super) fn extend(&mut self, bytes: usize) {
        let mut rest = bytes;
        while rest > 0 {
            let now = rest.min(VERIFIERS_AT);
            self.memory.copy(Span::new(0, now));
            rest = rest.wrapping_sub(now);
        }
    }

    /// The text the last call left.
    #[must_use]
    pub fn delivered(&self) -> &[u8] {
        self.memory.get(self.text)
    }

    /// The caller's time. The shell lets no other through, so a wrong one is the end of all times.
    pub(super) fn now(&self) -> u64 {
        self.memory.long(Self::word_at(NOW)).min(Timestamp::MAX.unix_ms())
    }
}
