//! When to try again is a pure function of policy, attempt, hint and entropy; a hint of the server is never undercut.
//!
//! Attempts are counted from 1 and the first is one of them: it waits for nothing, attempt 2 is the first retry. A
//! policy ends by a deadline, not by a count: the formulas that spread best also wait least, so that a count runs out
//! in the middle of an outage.
//!
//! ```
//! use tillproof::entropy::Entropy;
//! use tillproof::retry::{Decision, Policy, decide};
//! use tillproof::time::Millis;
//!
//! let mut entropy = Entropy::from_seed(7);
//! let hint = Some(Millis::from_seconds(2));
//! let decision = decide(&Policy::default(), 2, Millis::ZERO, Millis::ZERO, hint, &mut entropy);
//! let Decision::Wait { delay, backoff } = decision else { panic!("the deadline is ten minutes away") };
//! assert!(delay.get() >= 2_000 + backoff.get(), "a hint is a floor, and those who got the same one are spread");
//! ```
//!
//! Not here: whether an outcome may be retried at all (`payments` knows), the waiting itself, and HTTP.

mod error;
mod jitter;
mod policy;
mod retry_after;
mod schedule;
mod smooth;

pub use error::Error;
pub use jitter::Jitter;
pub use policy::{Bounds, Decision, HINT_SPREAD, Limit, Policy, bounds, decide, delay, patience, spread};
pub use retry_after::retry_after;
pub use schedule::{Expected, ROWS_MAX, Row, Schedule, schedule};
