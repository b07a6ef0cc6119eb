//! The area: fixed places in memory that both sides of the door of webhooks know. Offsets are those of
//! `pkg/src/webhooks/area.ts`.
//!
//! Words of four bytes, the lowest first, then slots of text. What comes in stands where nothing goes out.

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

/// The area of one instance.
pub(super) struct Area {
    bytes: [u8; AREA_BYTES],
}

impl Area {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; AREA_BYTES] }
    }

    pub(super) fn all(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    #[inline(never)]
    pub(super) fn put(&mut self, word: usize, value: u32) {
        if let Some(slot) = self.bytes.as_chunks_mut::<4>().0.get_mut(word) {
            *slot = value.to_le_bytes();
        }
    }

    #[inline(never)]
    pub(super) fn word(&self, word: usize) -> u32 {
        self.bytes.as_chunks::<4>().0.get(word).map_or(0, |slot| u32::from_le_bytes(*slot))
    }

    /// A length of something that may be absent.
    pub(super) fn length(&self, word: usize) -> usize {
        usize::try_from(self.word(word)).unwrap_or(usize::MAX)
    }

    #[inline(never)]
    pub(super) fn bytes(&self, at: usize, length: usize) -> &[u8] {
        self.bytes.get(at..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }

    /// Two words as one number.
    pub(super) fn number(&self, word: usize) -> u64 {
        u64::from(self.word(word)) | (u64::from(self.word(word.wrapping_add(1))) << 32)
    }

    /// Writes a number into two words.
    pub(super) fn put_number(&mut self, word: usize, value: u64) {
        let [a, b, c, d, high @ ..] = value.to_le_bytes();
        self.put(word, u32::from_le_bytes([a, b, c, d]));
        self.put(word.wrapping_add(1), u32::from_le_bytes(high));
    }

    /// Writes where bytes are that never move, and how many.
    pub(super) fn put_place(&mut self, word: usize, bytes: &[u8]) {
        self.put(word, low(bytes.as_ptr().addr()));
        self.put(word.wrapping_add(1), low(bytes.len()));
    }
}

/// Lengths and places of a wasm memory fit.
pub(super) fn low(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
