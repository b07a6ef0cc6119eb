//! A request that carries a key is executed at most once by whoever owns the key, and answers alike for as long as it is
//! remembered.
//!
//! The other half of `payments`: there a merchant repeats a request at his provider, here his own customers repeat theirs.
//! Whose key it is ([`Request`]: operation, principal and key) names a record, so no two customers share one; what was asked
//! (its fingerprint) is kept in it, so a key is not used for two things.
//!
//! States of a record: absent → `working` (with a lease and a fence) → `answered`, `pending`, `uncertain` or `released`.
//! `answered` is final until it expires. `pending` has an answer that is not the last word (202); `uncertain` has none:
//! its owner failed or died, and whether it did anything is unknown. What becomes of both is a [`Policy`] that somebody
//! had to choose, since only they know whether doing it again is harmless. `released` is like absent: it is known that
//! nothing was done.
//!
//! The engine answers an arrival ([`decide`]) with a [`Decision`]; who is told to run stores the claim first, and ends it
//! with [`Claim::finish`]. Each is one change guarded by a version. A conflict means that somebody else moved: read again
//! and ask again.
//!
//! Not here: the store, the handler, the clock (`now` is an argument), HTTP, and what an answer says.

mod claim;
mod decide;
mod error;
mod key;
mod request;
mod state;

pub use crate::record::{Slot, Write};
pub use claim::{Claim, Ending, Finish, Policy, Terms};
pub use decide::{Arrival, Cause, Decision, Run, Unfinished, decide, take, unfinished};
pub use error::Error;
pub use key::{Key, Length};
pub use request::{Body, Identity, Request};
