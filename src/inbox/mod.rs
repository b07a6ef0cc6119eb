//! An event is applied at most once, and one whose claim was abandoned is applied by the next who sees it.
//!
//! States of a claim: absent → `processing` (with a lease and a fence) → `done`; `processing` → `failed` → `processing`;
//! absent → `held` → `processing` or `done`. `done` is final. A claim is taken over when its lease has ended, by a fence
//! that is one higher; the version of the record keeps the old owner from finishing.
//!
//! The engine answers an arrival ([`decide`]) with what is to be stored, in which order, around the handler: `first`
//! before it, `then` when it has succeeded (together with what it wrote), `otherwise` when it has failed. Each is one
//! commit of all or nothing, guarded by the versions the engine was shown. A conflict means that somebody else moved: read
//! again and ask again.
//!
//! Where events of one object may overtake each other, a [`Mark`] remembers the newest that was applied, and a [`Policy`]
//! says what becomes of the others.
//!
//! Not here: the store, the handler, the clock (`now` is an argument), and what an event says.

mod claim;
mod decide;
mod error;
mod order;

pub use crate::record::{Slot, Write};
pub use claim::{Claim, Outcome};
pub use decide::{Arrival, Decision, Run, decide};
pub use error::Error;
pub use order::{Mark, Ordering, Policy, Position, Verdict};
