//! Of all claims of one id within its time, exactly one is the first.
//!
//! A [`Dedup`] remembers ids in memory, so that a webhook delivered twice is handled once, without asking a database.
//! It keeps a fingerprint of 128 bits and the end of its time for each id, in the order of arrival: 20 bytes, and 6.7
//! for the [index](index) that finds them. All of it is asked for at the start, so that a server that runs for months
//! needs no more than on its first day, and when the ring is full the oldest id makes room.
//!
//! ```
//! use tillproof::dedup::{Claim, Dedup, Limits};
//! use tillproof::time::{Millis, Timestamp};
//!
//! let limits = Limits { capacity: 100_000, ttl: Millis::from_seconds(3 * 24 * 3600) };
//! // 16 bytes of the host's generator; never the same twice.
//! let mut dedup = Dedup::new(limits, [7; 16])?;
//! let now = Timestamp::from_unix_seconds(1_770_000_000).unwrap();
//! assert_eq!(dedup.claim(b"evt_1", now)?, Claim::First);
//! assert_eq!(dedup.claim(b"evt_1", now)?, Claim::Duplicate);
//! // The handler failed: the next delivery is to be handled again.
//! assert!(dedup.forget(b"evt_1"));
//! assert_eq!(dedup.claim(b"evt_1", now)?, Claim::First);
//! # Ok::<(), tillproof::dedup::Error>(())
//! ```
//!
//! Rules:
//!
//! * An id is remembered for its whole time and at most a second longer, on whatever clock the caller passes. A clock
//!   that is put back makes it last longer, never shorter than what it was claimed for.
//! * Where more ids arrive within that time than the ring holds, the oldest are forgotten early, and
//!   [`Dedup::evicted_early`] counts them: a number that is not zero asks for a larger capacity.
//! * Two ids are told apart by SipHash-1-3 with a secret key. That two of a million are taken for one has a chance of
//!   10^-27, and nobody who does not know the key can look for such a pair, or for ids that crowd one place.
//!
//! Not here: survival of a restart. What must be applied exactly once is claimed in a store; this saves it the trip.

mod error;
mod index;
mod print;
mod ring;

pub use error::Error;
#[cfg(any(feature = "bulk", feature = "simulator"))]
pub(crate) use index::{Fingerprint, Index};
#[cfg(feature = "bulk")]
pub(crate) use print::Prints;
pub use print::print;
pub use ring::{CAPACITY_MAX, Claim, Dedup, Limits};
