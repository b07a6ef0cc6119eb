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
